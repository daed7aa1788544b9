"""What a location is: a folder here, a folder on an SSH host, or a manifest that was made before."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from handover.errors import UsageError
from handover.files import local_io
from handover.locations.ssh.address import SCHEME, SshAddress
from handover.manifest import HEADER_TYPE
from handover.paths import shown

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SCP = re.compile(r"[^/\s:]+@[^/\s:]+:")
_MANIFEST_START = b'{"type":"' + HEADER_TYPE.encode() + b'"'


@dataclass(frozen=True, slots=True)
class LocalFolder:
    """A folder on this machine, by its absolute path; whether it is there is seen when it is scanned."""

    path: Path


@dataclass(frozen=True, slots=True)
class SshFolder:
    """A folder on a host that is reached over SSH."""

    address: SshAddress


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A manifest file on this machine, with the statements that lie beside it."""

    path: Path


Location = LocalFolder | SshFolder | ManifestFile


def parse(text: str, base: Path) -> Location:
    """Return the location that ``text`` names; paths are relative to ``base``. ``UsageError`` for anything else."""
    if text.startswith(SCHEME):
        return SshFolder(SshAddress.parse(text))
    scheme = _SCHEME.match(text)
    if scheme:
        raise UsageError(
            f"locations of the kind {shown(scheme[1])}:// are not known",
            where=shown(_without_secret(text)),
            hint="Use a local folder, ssh://user@host/path, or a manifest file.",
        )
    if not text or "\0" in text:
        raise UsageError("a location cannot be empty or hold a NUL character", where=shown(text))
    path = Path(os.path.normpath(base / Path(text).expanduser()))
    if path.is_file():
        if is_manifest(path):
            return ManifestFile(path)
        raise UsageError(
            "is a file, neither a folder nor a manifest of handover",
            where=shown(os.fsencode(path)),
            hint="Name a folder, or a manifest that  handover scan  wrote.",
        )
    if _SCP.match(text) and not os.path.lexists(path):
        account, _, rest = text.partition(":")
        url = f"ssh://{account}/{rest.lstrip('/')}"
        raise UsageError(
            "there is no such folder here",
            where=shown(text),
            hint=f"For a folder on that host write {shown(url)}.",
        )
    return LocalFolder(path)


def show(location: Location) -> str:
    """Return the location as text that is harmless and that manifests and reports repeat."""
    match location:
        case LocalFolder(path) | ManifestFile(path):
            return shown(os.fsencode(path))
        case SshFolder(address):
            return address.shown
        case _:
            assert_never(location)


def is_manifest(path: Path) -> bool:
    """Whether a file begins as a manifest does; whether it is one is for its reader to say."""
    with local_io(path), path.open("rb") as stream:
        return stream.read(len(_MANIFEST_START)) == _MANIFEST_START


def _without_secret(text: str) -> str:
    # SECURITY: what stands before the @ of a URL may hold a password.
    return re.sub(r"://[^/]*@", "://…@", text)
