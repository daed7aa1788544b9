"""What is found in signed PDFs, and how they are called. No library is needed to know it: ``pades`` finds it out.

A signed PDF is evidence of its own level. It never counts as an answer (``docs/adr/pdf-signatures.md``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from handover.evidence.statement import PartyRole
from handover.strict_json import Count, Document, Hex256, Instant

#: In bytes; ours have less than one million, and a scan of some pages that a company sends back has a few.
MAX_PDF = 64 * 2**20
SUFFIX = ".signed.pdf"
#: What is missing where nothing can be said of a signed PDF.
EXTRA = "handover-verifier[pades]"
#: The field of the agency's seal; those of the parties are called by their roles.
SEAL = "seal"

_NAME = re.compile(
    rf"(?:([1-9][0-9]{{0,3}})\.({'|'.join(PartyRole)})\.)?([A-Za-z0-9][A-Za-z0-9._-]*){re.escape(SUFFIX)}"
)

Text = Annotated[str, msgspec.Meta(max_length=300)]


@dataclass(frozen=True, slots=True, order=True)
class PdfName:
    """The name of a signed PDF: ``NUMBER.ROLE.STEM.signed.pdf``, or ``STEM.signed.pdf`` when somebody put it there."""

    stem: str
    number: int
    role: PartyRole | None

    @classmethod
    def parse(cls, name: str) -> PdfName | None:
        """Return what the name of a file says, ``None`` when it is not the name of a signed PDF."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        number, role, stem = found.groups()
        return cls(stem, int(number or 0), None if role is None else PartyRole(role))

    def __str__(self) -> str:
        """Return the name of the file."""
        return f"{'' if self.role is None else f'{self.number}.{self.role}.'}{self.stem}{SUFFIX}"

    @property
    def original(self) -> str:
        """The rendering that it is a signed form of."""
        return f"{self.stem}.pdf"


class PdfState(StrEnum):
    """What a signed PDF is, beside the PDF of the report that it is named after."""

    SIGNED = "signed"
    MARKED = "marked"
    ALTERED = "altered"
    EXTERNAL = "external"
    NOT_JUDGED = "not_judged"


class ReportInside(StrEnum):
    """Whether the ``report.json`` that was attached when it was signed is the one of the bundle, byte for byte."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"


class PdfProblem(StrEnum):
    """Why a PDF or one of its signatures is not what it seems, or why nobody vouches for a certificate."""

    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    UNSIGNED = "unsigned"
    CHANGED = "changed"
    TRAILING = "trailing"
    REPORT = "report"
    COVERAGE = "coverage"
    MISFIT = "misfit"
    WEAK = "weak"
    NO_CHAIN = "no_chain"
    NOT_VALID_THEN = "not_valid_then"
    REVOKED = "revoked"
    CERTIFICATE = "certificate"


class PdfSignature(Document):
    """One signature in a PDF.

    ``role``: the party whose reserved field it fills; ``null`` in a document from elsewhere. ``signer``: the subject of
    the certificate, ``certificate`` its SHA-256; ``signed_at`` is what the signer says. ``intact``: it fits the bytes,
    covers all that was there, and is strong. ``trusted``: a certificate that the verifier gave vouches for it; ``null``
    when none was given.
    """

    field: Text
    role: PartyRole | None
    signer: Text
    certificate: Hex256 | None
    signed_at: Instant | None
    intact: bool
    trusted: bool | None
    why: tuple[PdfProblem, ...] = ()


class SignedPdf(Document):
    """One signed PDF of a bundle; ``why`` says what is wrong with the document, not with a signature."""

    file: str
    about: str
    state: PdfState
    report: ReportInside | None
    why: tuple[PdfProblem, ...] = ()
    signatures: tuple[PdfSignature, ...] = ()


class Examined(Document):
    """What is inside of a PDF. ``marked``: a signature draws outside of the fields that were reserved for it."""

    report: ReportInside | None = None
    marked: bool = False
    why: tuple[PdfProblem, ...] = ()
    signatures: tuple[PdfSignature, ...] = ()


class Question(Document):
    """What is asked of a PDF.

    ``ours``: how many of its first bytes are the PDF of the report; ``None`` when they are not. ``anchors`` are trusted
    certificates, DER in base64; ``None`` when the verifier gave none. ``at``: when certificates have to be valid, in
    seconds since 1970.
    """

    ours: Count | None
    report_sha256: Hex256
    anchors: tuple[str, ...] | None
    at: Count


#: Looks into the bytes of a PDF; whatever they are, the result says it and nothing is raised.
Examine = Callable[[bytes, Question], Examined]


@dataclass(frozen=True, slots=True)
class PdfPolicy:
    """How PDFs are judged; ``examine`` is ``None`` where what reads signatures is not installed."""

    examine: Examine | None = None
    anchors: tuple[str, ...] | None = None

    def question(self, ours: int | None, report_sha256: str, at: datetime) -> Question:
        """Return what to ask of one PDF."""
        return Question(ours=ours, report_sha256=report_sha256, anchors=self.anchors, at=int(at.timestamp()))
