"""The hosts of one run: all parts and sides on a host share one connection, which is made again only if it broke."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, assert_never

from handover.errors import HandoverError
from handover.locations.channel import Host
from handover.locations.local import LocalHost
from handover.locations.location import LocalFolder, SshFolder
from handover.locations.ssh.address import Account, SshAddress
from handover.locations.ssh.askers import Asker
from handover.locations.ssh.options import SshOptions

if TYPE_CHECKING:
    from handover.locations.ssh.connection import SshHost


@dataclass(frozen=True, slots=True)
class _Key:
    account: Account
    host_key: str | None


class Hosts:
    """Opens hosts on demand and closes them all at the end; may be used from several threads.

    ``may_ask``: somebody sits at the terminal and may be asked for a password, in the main thread.
    """

    def __init__(
        self, options: SshOptions, asker: Asker, remark: Callable[[str], None], *, may_ask: bool = False
    ) -> None:
        self.may_ask = may_ask
        self._options = options
        self._asker = asker
        self._remark = remark
        self._open: dict[_Key, SshHost] = {}
        self._lost: dict[_Key, HandoverError] = {}
        self._locks: dict[_Key, threading.Lock] = {}
        self._lock = threading.Lock()
        self._local = LocalHost()

    def reach(self, place: LocalFolder | SshFolder, host_key: str | None) -> Host:
        """Return the host of a folder; ``host_key`` is the fingerprint from the terms, when they pin one."""
        match place:
            case LocalFolder():
                return self._local
            case SshFolder(address):
                key = _Key(address.account, host_key)
                with self._lock:
                    lock = self._locks.setdefault(key, threading.Lock())
                with lock:
                    host = self._open.get(key)
                    # A connection that was cut takes the scans with it that ran on it, and no other.
                    return host if host is not None and host.is_open else self._connect(key, address)
            case _:
                assert_never(place)

    def _connect(self, key: _Key, address: SshAddress) -> SshHost:
        if key in self._lost:
            # Not asked for a password again, and not tried again: it was said already why.
            raise self._lost[key]
        # paramiko takes 0.3 s to import: only for those who need it.
        from handover.locations.ssh.connection import connect

        try:
            host = connect(address, replace(self._options, host_key=key.host_key), self._asker)
        except HandoverError as error:
            self._lost[key] = error
            raise
        before = self._open.get(key)
        self._open[key] = host
        if before is not None:
            before.close()
            return host
        for warning in host.warnings:
            self._remark(warning)
        return host

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        for host in list(self._open.values()):
            host.close()
