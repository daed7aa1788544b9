"""``handover trust host``: fetch a host's key, let a person look at it, and remember it in known_hosts."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from handover.errors import LocalIOError, RemoteError
from handover.locations.ssh.address import Account
from handover.locations.ssh.askers import Asker
from handover.locations.ssh.config import Settings, resolve
from handover.locations.ssh.connection import way_to
from handover.locations.ssh.handshake import greet, hang_up, known_types
from handover.locations.ssh.known_hosts import HostKey, Judgement, KnownHosts, Standing, hashed_name, known_name
from handover.locations.ssh.options import SshOptions
from handover.locations.ssh.refusals import refusal
from handover.paths import shown

_SALT_BYTES = 20


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A host key as a host presented it, and what known_hosts says of it. Nobody vouches for it yet."""

    key: HostKey
    settings: Settings
    judgement: Judgement

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` for a person to compare, and for ``host_key`` in the terms."""
        return self.key.fingerprint

    @property
    def type(self) -> str:
        """The type of the key, such as ``ssh-ed25519``."""
        return self.key.type

    @property
    def is_known(self) -> bool:
        """Whether there is nothing to remember."""
        return self.judgement.standing is Standing.KNOWN

    @property
    def file(self) -> Path | None:
        """The known_hosts file that ``remember`` adds to."""
        return next(iter(self.settings.user_known_hosts), None)

    def line(self) -> str:
        """Return the line for known_hosts, with its line end; the name is hashed when the settings say so."""
        name = known_name(self.settings.known_as, self.settings.known_port)
        if self.settings.hash_known_hosts:
            name = hashed_name(name, secrets.token_bytes(_SALT_BYTES))
        return f"{name} {self.key.type} {self.key.base64}\n"


def present_key(account: Account, options: SshOptions, asker: Asker) -> PresentedKey:
    """Fetch the key that a host presents, without logging in there; jump hosts on the way must be trusted already."""
    settings = resolve(account, options)
    known = KnownHosts.read((*settings.user_known_hosts, *settings.global_known_hosts))
    with contextlib.ExitStack() as way:
        dial = way_to(settings, options, asker, way)
        transport, key = greet(dial, settings, known_types(settings, known))
        hang_up(transport)
    return PresentedKey(key, settings, known.judge(settings.known_as, settings.known_port, key))


def remember(presented: PresentedKey) -> bool:
    """Add the key to the user's known_hosts, after a person agreed; ``False`` when it was known already.

    A key that is not the known one is never replaced (``RemoteError`` says how to do that by hand).
    """
    if presented.is_known:
        return False
    if presented.judgement.standing is not Standing.UNKNOWN:
        raise refusal(presented.settings, presented.key, presented.judgement)
    file = presented.file
    if file is None:
        raise RemoteError(
            "the settings of ssh name no file for known hosts",
            where=presented.settings.shown,
            hint="Take UserKnownHostsFile none out of your ssh_config, or pin the key in the terms (host_key).",
        )
    try:
        _append(file, presented.line().encode("ascii"))
    except OSError as error:
        raise LocalIOError(f"cannot be written: {error.strerror}", where=shown(os.fsencode(file))) from error
    return True


def _append(file: Path, line: bytes) -> None:
    if not file.parent.exists():
        file.parent.mkdir(mode=0o700, parents=True)
    # One write at the end of the file: whole or not at all beside other writers, and a link stays a link.
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, size - 1, os.SEEK_SET)
            if os.read(descriptor, 1) != b"\n":
                line = b"\n" + line
        if os.write(descriptor, line) != len(line):
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
