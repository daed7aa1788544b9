"""What a statement can be about: the round, manifest or terms that a path names, and the statements that are there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from handover import manifest_reader
from handover.digests import Strength, sha256_hex
from handover.errors import UsageError
from handover.evidence import sums
from handover.evidence.inventory import REPORT_NAME
from handover.evidence.statement import MAX_STATEMENT, TERMS_NAME, FileName, Kind, PartyRole, Statement, Subject
from handover.files import local_io
from handover.locations.location import is_manifest
from handover.paths import shown
from handover.report import Party, Report
from handover.workflow.case import TERMS_NAME as CASE_TERMS_NAME
from handover.workflow.case import Case
from handover.workflow.terms_facts import parties_of


@dataclass(frozen=True, slots=True)
class Signable:
    """One thing that can be signed: its bytes, the folder where statements go, and what the case says of the parties.

    ``prefix`` begins the names of the statements: empty for a round, else the name of the file.
    """

    kind: Kind
    subject: Subject
    folder: Path
    prefix: str
    parties: Mapping[str, Party]
    case_id: str | None
    round_number: int | None
    strength: Strength | None

    def statements(self) -> Iterator[tuple[FileName, Statement, str]]:
        """Yield the statements about this that are there, with the digest of each, in the order of their numbers."""
        names = filter(None, (FileName.parse(path.name) for path in self.folder.iterdir()))
        about = [name for name in names if name.subject == self.prefix]
        for name in sorted(about, key=lambda name: (name.number, name.role)):
            path = self.folder / str(name)
            with local_io(path), path.open("rb") as stream:
                raw = stream.read(MAX_STATEMENT + 1)
            yield name, Statement.from_bytes(raw, where=shown(str(name))), sha256_hex(raw)

    def next_name(self, role: PartyRole) -> FileName:
        """Return the name that the next statement of a role gets."""
        numbers = [name.number for name, _, _ in self.statements() if name.role is role]
        return FileName(self.prefix, max(numbers, default=0) + 1, role)


def find(place: Path) -> Signable:
    """Return what a path names: a case (its last round), a round's folder, a manifest, or ``handover.yaml``."""
    if place.is_dir():
        if (place / sums.NAME).is_file():
            return _round(place)
        case = Case.open(place)
        numbers = case.rounds()
        if not numbers:
            raise UsageError(
                "this case has no round yet",
                where=shown(os.fsencode(place)),
                hint="Make one with  handover run, or name handover.yaml to sign the terms.",
            )
        return _round(case.round_folder(numbers[-1]))
    if place.name == CASE_TERMS_NAME and place.is_file():
        return _terms(Case.open(place))
    if place.is_file() and is_manifest(place):
        return _manifest(place)
    raise UsageError(
        "is nothing that can be signed",
        where=shown(os.fsencode(place)),
        hint="Name the folder of a round or of a case, a manifest, or handover.yaml.",
    )


def _round(folder: Path) -> Signable:
    report_path = folder / REPORT_NAME
    with local_io(report_path):
        report = Report.from_bytes(report_path.read_bytes(), where=shown(os.fsencode(report_path)))
    return Signable(
        kind=Kind.ANSWER,
        subject=_subject(folder / sums.NAME, sums.NAME),
        folder=folder,
        prefix="",
        parties={party.role: party for party in report.parties},
        case_id=report.case.id,
        round_number=report.round,
        strength=report.strength,
    )


def _terms(case: Case) -> Signable:
    return Signable(
        kind=Kind.TERMS,
        subject=_subject(case.folder / CASE_TERMS_NAME, TERMS_NAME),
        folder=case.folder,
        prefix=TERMS_NAME,
        parties={party.role: party for party in parties_of(case.terms)},
        case_id=case.terms.id,
        round_number=None,
        strength=None,
    )


def _manifest(path: Path) -> Signable:
    with local_io(path), path.open("rb") as stream:
        header = manifest_reader.Reader(stream, where=shown(os.fsencode(path))).header
    return Signable(
        kind=Kind.CUSTODY,
        subject=_subject(path, path.name),
        folder=path.parent,
        prefix=path.name,
        parties={},
        case_id=None if header.case is None else header.case.id,
        round_number=None,
        strength=None,
    )


def _subject(path: Path, name: str) -> Subject:
    with local_io(path), path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Subject(name=name, sha256=digest, length=stream.tell())
