"""Signatures in the PDF of a round: made here with a PKCS #12 file, or made elsewhere and taken in."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from handover.digests import sha256_hex
from handover.errors import MalformedInput, NotVerified, Refused, UsageError
from handover.evidence import certificates, sums
from handover.evidence.inventory import RENDERING_PREFIX, REPORT_NAME
from handover.evidence.pdf_findings import (
    EXTRA,
    MAX_PDF,
    SEAL,
    SUFFIX,
    PdfName,
    PdfPolicy,
    PdfProblem,
    PdfSignature,
    PdfState,
    SignedPdf,
)
from handover.evidence.pdfs import judge, problems_of
from handover.evidence.statement import Kind, PartyRole
from handover.files import local_io, new_files, read_named
from handover.paths import shown
from handover.render import glyphs
from handover.render.wording import pdfs
from handover.render.wording.language import speaking
from handover.report import FileRef, Report
from handover.strict_json import MAX_DOCUMENT
from handover.terms.moments import zone_of
from handover.workflow import pdf_process, subjects

_MAX_PKCS12 = 2**20


@dataclass(frozen=True, slots=True)
class PdfSigned:
    """A signed PDF that is now in a round, and what is found in it."""

    path: Path
    found: SignedPdf

    @property
    def last(self) -> PdfSignature | None:
        """The signature that was made last; ``None`` for a document from elsewhere that has none."""
        return self.found.signatures[-1] if self.found.signatures else None


@dataclass(frozen=True, slots=True)
class _Held:
    """One PDF of a round, ours or a signed form of it."""

    name: str
    raw: bytes
    found: SignedPdf | None

    @property
    def filled(self) -> set[str]:
        return set() if self.found is None else {signature.field for signature in self.found.signatures}


@dataclass(frozen=True, slots=True)
class _Round:
    """The PDFs of one round, as ``SHA256SUMS`` and their names tell them."""

    folder: Path
    report: Report
    listed: dict[str, str]
    at: datetime

    @classmethod
    def open(cls, folder: Path, at: datetime) -> _Round:
        raw, where = _read(folder / sums.NAME, sums.MAX_SUMS)
        listed = sums.parse(raw, where=where)
        report, where = _read_listed(folder, listed, REPORT_NAME, MAX_DOCUMENT)
        return cls(folder, Report.from_bytes(report, where=where), listed, at)

    @property
    def stems(self) -> list[str]:
        """What the protocols are called without their suffix, one for each language."""
        names = [name for name in self.listed if name.startswith(RENDERING_PREFIX) and name.endswith(".pdf")]
        return [name.removesuffix(".pdf") for name in names]

    def signed_names(self) -> list[PdfName]:
        """Return the signed PDFs that are there."""
        with local_io(self.folder):
            found = [PdfName.parse(path.name) for path in self.folder.iterdir()]
        return sorted(name for name in found if name is not None and name.stem in self.stems)

    def original(self, stem: str) -> tuple[bytes, FileRef]:
        """Return the protocol itself; ``NotVerified`` when it is not the one that was made."""
        name = f"{stem}.pdf"
        raw, _ = _read_listed(self.folder, self.listed, name, MAX_PDF)
        return raw, FileRef(name=name, sha256=self.listed[name], length=len(raw))

    def judge(self, raw: bytes, name: PdfName, original: FileRef | None) -> SignedPdf:
        """Say what a signed PDF of this round is."""
        return judge(raw, name, original, self.listed[REPORT_NAME], PdfPolicy(pdf_process.examine), self.at)

    def held(self, stem: str) -> Iterator[_Held]:
        """Yield the protocol, and those signed forms of it that are good."""
        raw, ref = self.original(stem)
        yield _Held(ref.name, raw, None)
        for name in self.signed_names():
            if name.stem == stem:
                signed, _ = _read(self.folder / str(name), MAX_PDF)
                found = self.judge(signed, name, ref)
                if found.state in (PdfState.SIGNED, PdfState.MARKED) and not any(problems_of(found)):
                    yield _Held(str(name), signed, found)

    def keep(self, raw: bytes, stem: str, role: PartyRole, ref: FileRef | None) -> PdfSigned:
        """Write a signed PDF under the next number of its role."""
        numbers = [name.number for name in self.signed_names() if (name.stem, name.role) == (stem, role)]
        name = PdfName(stem, max(numbers, default=0) + 1, role)
        found = self.judge(raw, name, ref)
        if problem := next(problems_of(found), None):
            raise NotVerified(pdfs.PROBLEMS[problem], where=str(name))
        path = self.folder / str(name)
        with new_files(path, outside=True) as (stream,):
            stream.write(raw)
        return PdfSigned(path, found)


def sign(
    place: Path, role: PartyRole, key_file: Path, password: Callable[[], bytes], at: datetime, *, seal: bool
) -> PdfSigned:
    """Sign the PDF of a round for a party, on top of the signatures that are there, into a new file beside it.

    ``place`` is a case (its last round), a round, or one PDF in it. ``seal``: only what nobody has signed yet. Raises
    ``Refused`` when the role has signed that PDF already.
    """
    _need_extra()
    from handover.evidence import pades_signing

    round_, chosen = _find(place, at)
    stem = _stem(round_, role, chosen)
    there = list(round_.held(stem))
    base = _base(there, SEAL if seal else role, chosen)
    raw_key, where = _read(key_file, _MAX_PKCS12)
    identity = certificates.identity(raw_key, password, where=where, at=at)
    zone = round_.report.timezone
    with speaking(stem.removeprefix(RENDERING_PREFIX)):
        text = pdfs.mark(identity.name, at.astimezone(zone_of(zone)), zone)
    mark = pades_signing.Mark(text, glyphs.fonts()[0])
    signed = pades_signing.sign(base.raw, SEAL if seal else role, identity, at, mark, where=base.name)
    return round_.keep(signed, stem, role, round_.original(stem)[1])


def take_in(place: Path, file: Path, role: PartyRole | None, at: datetime) -> PdfSigned:
    """Check a PDF that came back signed, and store it with its round.

    Raises ``NotVerified`` when it begins like ours and more was done with it than signing, ``Refused`` when it is there
    already. What does not begin like ours is taken as a document from elsewhere; then ``role`` has to say from whom.
    """
    _need_extra()
    round_, _ = _find(place, at)
    raw, where = _read(file, MAX_PDF)
    if not round_.stems:
        raise UsageError("this round has no PDF", where=shown(os.fsencode(round_.folder)))
    for name in round_.signed_names():
        if _read(round_.folder / str(name), MAX_PDF)[0] == raw:
            raise Refused(f"is there already, as {name}", where=where)
    refs = [ref for _, ref in map(round_.original, round_.stems)]
    ours = [ref for ref in refs if sha256_hex(raw[: ref.length]) == ref.sha256]
    ref = max(ours, key=lambda ref: ref.length, default=None)
    stem = _stem(round_, role, None) if ref is None else ref.name.removesuffix(".pdf")
    try:
        found = round_.judge(raw, PdfName(stem, 0, role), ref)
    except MalformedInput as error:
        # It has no name of ours yet, so it is told by the one that was typed.
        raise MalformedInput(error.what, where=where, hint="Name the signed PDF that came back.") from None
    if problem := next(problems_of(found), None):
        raise NotVerified(pdfs.PROBLEMS[problem], where=where, hint=_HINTS.get(problem, ""))
    signed_as = next((each.role for each in reversed(found.signatures) if each.role is not None), None)
    who = role or signed_as
    if who is None:
        raise UsageError("it does not say which party it is from", where=where, hint="Add --as ROLE.")
    return round_.keep(raw, stem, who, ref)


_HINTS = {
    PdfProblem.CHANGED: "Ask for it once more, signed without adding pages. A seal (--seal) before you send it helps.",
    PdfProblem.UNSIGNED: "Ask for the file that their program wrote when it signed.",
}


def _need_extra() -> None:
    if not pdf_process.installed():
        raise UsageError(
            "signatures in PDFs need a library that is not installed", hint=f"Install it with  pip install '{EXTRA}'."
        )


def _find(place: Path, at: datetime) -> tuple[_Round, str | None]:
    """Return the round, and the name of the PDF when the place is one."""
    if place.name.endswith(".pdf") and place.is_file():
        return _Round.open(place.parent, at), place.name
    found = subjects.find(place)
    if found.kind is not Kind.ANSWER:
        raise UsageError(
            "has no PDF to sign", where=shown(os.fsencode(place)), hint="Name a case, a round, or a PDF in it."
        )
    return _Round.open(found.folder, at), None


def _stem(round_: _Round, role: PartyRole | None, chosen: str | None) -> str:
    """Return which protocol it is about: the chosen one, else one that is signed already, else in the party's language.

    Both companies should sign one document, although there is one in the language of each.
    """
    where = shown(os.fsencode(round_.folder))
    if not round_.stems:
        raise UsageError("this round has no PDF", where=where)
    if chosen is not None:
        named = PdfName.parse(chosen)
        stem = chosen.removesuffix(".pdf") if named is None else named.stem
        if stem not in round_.stems:
            raise UsageError(f"{shown(chosen)} is no PDF of this round", where=where)
        return stem
    signed = [name.stem for name in round_.signed_names()]
    languages = [party.language for party in round_.report.parties if party.role == role]
    wished = [*signed, *(f"{RENDERING_PREFIX}{language}" for language in languages if language is not None)]
    return next((stem for stem in wished if stem in round_.stems), round_.stems[0])


def _base(there: list[_Held], field: str, chosen: str | None) -> _Held:
    """Return what is signed: the chosen file, else the one with the most signatures that lacks this one."""
    if chosen is not None and chosen.endswith(SUFFIX):
        there = [held for held in there if held.name == chosen]
        if not there:
            raise NotVerified("is not our PDF with good signatures", where=shown(chosen))
    if field == SEAL and any(held.filled for held in there):
        raise Refused("somebody has signed it already", hint="A seal comes before all signatures.")
    if any(field in held.filled for held in there):
        raise Refused(f"the {field} has signed this PDF already")
    return max(there, key=lambda held: len(held.filled))


def _read_listed(folder: Path, listed: Mapping[str, str], name: str, limit: int) -> tuple[bytes, str]:
    """As ``_read``, of a file of a round; ``NotVerified`` when it is not the one that was made."""
    raw, where = _read(folder / name, limit)
    if sha256_hex(raw) != listed.get(name):
        raise NotVerified(f"is not the file that {sums.NAME} names", where=where)
    return raw, where


def _read(path: Path, limit: int) -> tuple[bytes, str]:
    """Return the bytes of a file, and how it is named to people."""
    return read_named(path, limit), shown(os.fsencode(path))
