"""The hosts of one run: each is reached once, whatever number of parts and sides lie on it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Self, assert_never

from handover.locations.channel import Host
from handover.locations.local import LocalHost
from handover.locations.location import LocalFolder, SshFolder
from handover.locations.ssh.address import Account
from handover.locations.ssh.askers import Asker
from handover.locations.ssh.options import SshOptions


@dataclass(frozen=True, slots=True)
class _Key:
    account: Account
    host_key: str | None


class Hosts:
    """Opens hosts on demand and closes them all at the end; may be used from several threads."""

    def __init__(self, options: SshOptions, asker: Asker) -> None:
        self._options = options
        self._asker = asker
        self._open: dict[_Key, Host] = {}
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
                    if key not in self._open:
                        # paramiko takes 0.3 s to import: only for those who need it.
                        from handover.locations.ssh.connection import connect

                        options = replace(self._options, host_key=host_key)
                        self._open[key] = connect(address, options, self._asker)
                    return self._open[key]
            case _:
                assert_never(place)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        for host in self._open.values():
            host.close()
