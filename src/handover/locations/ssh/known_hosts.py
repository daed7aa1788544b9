"""Host keys and the files of those that are known: reading, looking up, judging. Pure but for ``KnownHosts.read``.

Format: sshd(8), section SSH_KNOWN_HOSTS FILE FORMAT. Lines that ssh would skip are skipped. ``@cert-authority`` lines
are not used: paramiko cannot check host certificates.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from handover.errors import LocalIOError, UsageError
from handover.locations.ssh.address import DEFAULT_PORT
from handover.paths import shown

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}\Z")
_HASHED = re.compile(r"\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)\Z")
_SALT_BYTES = 20
_MAX_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class HostKey:
    """A public key as SSH writes it (RFC 4253 section 6.6); ``type`` is its name, such as ``ssh-ed25519``."""

    type: str
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """``SHA256:`` and the base64 of the digest without padding, as ``ssh-keygen -l`` prints it."""
        return "SHA256:" + _base64(hashlib.sha256(self.blob).digest()).rstrip("=")

    @property
    def base64(self) -> str:
        """The blob as it stands in known_hosts and ``.pub`` files."""
        return _base64(self.blob)

    @property
    def shown(self) -> str:
        """Fingerprint and kind for people, such as ``SHA256:… (ED25519)``."""
        kind = self.type.removeprefix("ssh-").removeprefix("ecdsa-sha2-").upper()
        return f"{self.fingerprint} ({'ECDSA' if kind.startswith('NIST') else shown(kind)})"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One line of a known_hosts file; ``place`` is ``file:line`` for people."""

    hosts: str
    key: HostKey
    revoked: bool
    place: str

    def speaks_of(self, name: str) -> bool:
        """Return whether the line is about ``name``, which is in lower case and has its port where it is not 22."""
        if hashed := _HASHED.match(self.hosts):
            return _same_hash(hashed[1], hashed[2], name)
        found = False
        for pattern in self.hosts.lower().split(","):
            if pattern.startswith("!"):
                if _matches(pattern[1:], name):
                    return False
            elif _matches(pattern, name):
                found = True
        return found


class Standing(StrEnum):
    """What the files say about a key that a host presented."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A standing and the lines it rests on."""

    standing: Standing
    lines: tuple[KnownKey, ...] = ()


@dataclass(frozen=True, slots=True)
class KnownHosts:
    """The lines of all files, in order."""

    lines: tuple[KnownKey, ...]

    @classmethod
    def read(cls, files: Iterable[Path]) -> KnownHosts:
        """Read all files; one that does not exist holds nothing, one that cannot be read is an error."""
        lines: list[KnownKey] = []
        for file in files:
            where = shown(os.fsencode(file))
            try:
                with file.open("rb") as stream:
                    raw = stream.read(_MAX_BYTES + 1)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                raise LocalIOError(f"known hosts cannot be read: {error.strerror}", where=where) from error
            if len(raw) > _MAX_BYTES:
                raise LocalIOError(f"known hosts are larger than {_MAX_BYTES} bytes", where=where)
            lines += _parse(raw, where)
        return cls(tuple(lines))

    def judge(self, name: str, port: int, key: HostKey) -> Judgement:
        """Return how ``key`` stands as the key of that host."""
        here = self._about(known_name(name, port))
        plain = self._about(known_name(name, DEFAULT_PORT)) if port != DEFAULT_PORT else ()
        if revoked := tuple(line for line in (*here, *plain) if line.revoked and line.key == key):
            return Judgement(Standing.REVOKED, revoked)
        valid = tuple(line for line in here if not line.revoked)
        if same := tuple(line for line in valid if line.key == key):
            return Judgement(Standing.KNOWN, same)
        if valid:
            return Judgement(Standing.CHANGED, valid)
        # As ssh does: the same key, known for the same name at the usual port, is good enough.
        if same := tuple(line for line in plain if line.key == key):
            return Judgement(Standing.KNOWN, same)
        return Judgement(Standing.UNKNOWN)

    def types(self, name: str, port: int) -> tuple[str, ...]:
        """Return the types of keys that are known of a host: what to ask it for, so that like meets like."""
        names = [known_name(name, port), known_name(name, DEFAULT_PORT)]
        for candidate in names:
            if types := tuple(dict.fromkeys(line.key.type for line in self._about(candidate) if not line.revoked)):
                return types
        return ()

    def _about(self, name: str) -> tuple[KnownKey, ...]:
        return tuple(line for line in self.lines if line.speaks_of(name))


def known_name(name: str, port: int) -> str:
    """Return the name under which known_hosts has a host: ``host``, or ``[host]:port`` for another port than 22."""
    return name.lower() if port == DEFAULT_PORT else f"[{name.lower()}]:{port}"


def hashed_name(name: str, salt: bytes) -> str:
    """Return ``name`` as ``HashKnownHosts yes`` writes it; ``salt`` is 20 random bytes."""
    return f"|1|{_base64(salt)}|{_base64(hmac.digest(salt, name.encode(), 'sha1'))}"


def check_fingerprint(text: str, *, where: str) -> str:
    """Return a pinned fingerprint in its one form, or raise ``UsageError``."""
    pin = text.rstrip("=")
    if not _FINGERPRINT.match(pin):
        raise UsageError(
            f"{shown(text)} is not the fingerprint of a host key",
            where=where,
            hint="It is SHA256: and 43 characters, as `ssh-keygen -l` and `handover trust host` print it.",
        )
    return pin


def _parse(raw: bytes, file: str) -> Iterator[KnownKey]:
    for number, line in enumerate(raw.split(b"\n"), start=1):
        fields = line.decode("ascii", "replace").split()
        marker = fields.pop(0) if fields and fields[0].startswith("@") else None
        if len(fields) < 3 or fields[0].startswith("#") or marker not in {None, "@revoked"}:
            continue
        hosts, kind, text = fields[:3]
        try:
            blob = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        named = kind.encode()
        if blob.startswith(len(named).to_bytes(4, "big") + named):
            yield KnownKey(hosts, HostKey(kind, blob), marker == "@revoked", f"{file}:{number}")


def _same_hash(salt: str, digest: str, name: str) -> bool:
    try:
        raw = base64.b64decode(salt, validate=True)
        expected = base64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == _SALT_BYTES and hmac.compare_digest(hmac.digest(raw, name.encode(), "sha1"), expected)


def _matches(pattern: str, name: str) -> bool:
    """Whether a pattern, in which only ``*`` and ``?`` are special, matches the whole name.

    After a failure only the last star is tried further on: at most as many steps as the product of both lengths. As a
    regular expression a line of many stars would take for ever.
    """
    at = here = resumed = 0
    star = -1
    while at < len(name):
        char = pattern[here : here + 1]
        if char == "*":
            star, resumed = here, at
            here += 1
        elif char in ("?", name[at]):
            here, at = here + 1, at + 1
        elif star < 0:
            return False
        else:
            resumed += 1
            here, at = star + 1, resumed
    return not pattern[here:].strip("*")


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
