"""Statements that come with a file: found beside it, checked, and taken along into a bundle."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from handover.digests import sha256_hex
from handover.errors import NotVerified
from handover.evidence.statement import FileName, Kind, Statement
from handover.files import local_io
from handover.paths import shown
from handover.report import Custody


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A statement on disk whose signature was checked with the key that it names; nobody vouches for that key yet."""

    path: Path
    name: FileName
    statement: Statement
    sha256: str

    def copy_to(self, folder: Path, name: FileName) -> None:
        """Copy the statement and its signature into a bundle under the name that they have there."""
        for end in ("", ".sig"):
            destination = folder / f"{name}{end}"
            with local_io(destination):
                shutil.copyfile(f"{self.path}{end}", destination)

    def as_custody(self) -> Custody:
        """Return what a report says of it."""
        from handover.evidence.signatures import custody_of  # only where there is a statement, as below

        with local_io(self.path):
            return custody_of(self.name, self.path.read_bytes(), where=shown(self.path.name))


def custody_beside(manifest: Path) -> Iterator[StatementFile]:
    """Yield the statements of custody about a manifest; raises what ``beside`` raises."""

    def sha256() -> str:
        with local_io(manifest), manifest.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    return beside(manifest.parent, manifest.name, Kind.CUSTODY, sha256)


def beside(folder: Path, prefix: str, kind: Kind, sha256: Callable[[], str]) -> Iterator[StatementFile]:
    """Yield the statements of a kind about the file whose name is ``prefix``, in the order of their numbers.

    ``sha256`` gives the digest of that file, and is asked only when there is a statement.
    Raises ``NotVerified`` when one was made about other bytes, or when its signature is not good: a file with a false
    statement beside it is not taken as if there were none.
    """
    with local_io(folder):
        names = [name for path in folder.iterdir() if (name := FileName.parse(path.name)) is not None]
    about = sorted((name for name in names if name.subject == prefix), key=lambda name: (name.role, name.number))
    if not about:
        return
    from handover.evidence import sshsig  # cryptography takes 7 MB: only when there is something to check

    digest = sha256()
    for name in about:
        path = folder / str(name)
        where = shown(os.fsencode(path))
        with local_io(path):
            raw, signature = path.read_bytes(), path.with_name(name.signature).read_bytes()
        statement = Statement.from_bytes(raw, where=where)
        sshsig.verify(signature, raw, statement.key(where=where), where=f"{where}.sig")
        if statement.subject.sha256 != digest:
            raise NotVerified(
                "the statement was signed about other bytes than the file beside it has now",
                where=where,
                hint="The file was changed after it was signed, or this statement belongs to another file.",
            )
        if statement.kind is kind:
            yield StatementFile(path, name, statement, sha256_hex(raw))
