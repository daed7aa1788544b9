"""What the verifier brings along: trusted keys, who has to sign, the time, and how to read terms.

The evidence knows no YAML and draws nothing; what it needs of both comes in here as functions and values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, NamedTuple

from handover.evidence.allowed_signers import AllowedSigners
from handover.evidence.pdf_findings import PdfPolicy
from handover.evidence.statement import PartyRole
from handover.manifest import Base, CaseRef
from handover.report import Dates, EarlierAnswer, Party, Report
from handover.rules import RulesDocument

#: Who has to sign when neither the verifier nor the terms say it.
DEFAULT_REQUIRED = (PartyRole.SENDER, PartyRole.RECEIVER)

#: Opens a file of the bundle that is what ``SHA256SUMS`` says; ``NotVerified`` when there is none.
OpenFile = Callable[[str], BinaryIO]
#: Finds a manifest outside of the bundle that files were carried over from, and gives what opens it.
FindBase = Callable[[Base], Callable[[], BinaryIO] | None]


@dataclass(frozen=True, slots=True)
class OtherRound:
    """What another bundle says that it is, with the answers in it; ``sha256`` is that of its ``SHA256SUMS``."""

    where: str
    report: Report
    sha256: str
    answers: tuple[EarlierAnswer, ...] = ()


def no_rounds() -> Iterable[OtherRound]:
    """Find nothing: there are no other rounds beside the bundle."""
    return ()


def no_base(_: Base) -> None:
    """Find nothing: there is nothing beside the bundle."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the terms of a bundle say, as its report must repeat it; ``rules`` are the bytes of ``rules.json``."""

    rules: bytes
    case: CaseRef
    timezone: str
    dates: Dates
    parties: tuple[Party, ...]
    required_signatures: tuple[PartyRole, ...]


class Redrawn(NamedTuple):
    """What drawing renderings again gave: what is wrong with them in sentences, and the names of those not judged."""

    problems: tuple[str, ...] = ()
    not_judged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """How one verification is done.

    ``keys`` come from outside the bundle; ``None`` when the verifier gave none. ``require`` names the roles that have
    to sign; ``None`` leaves it to the terms, empty checks integrity only. ``at`` is the time for which keys must be
    valid. ``read_terms`` gives what the bytes of ``terms.yaml`` agree to; from the recorded rules it may take those
    that came from flags, and no other. ``scratch`` gives an empty temporary file. ``check_renderings`` gets the names
    of all renderings and draws them again as far as it can. ``find_base`` is believed in nothing: what it finds is
    hashed. ``find_rounds`` gives the other rounds that the verifier has. ``pdf`` is how signed PDFs are judged.
    """

    keys: AllowedSigners | None
    require: tuple[PartyRole, ...] | None
    at: datetime
    read_terms: Callable[[bytes, RulesDocument], Agreement]
    scratch: Callable[[], BinaryIO]
    check_renderings: Callable[[Report, tuple[str, ...], OpenFile], Redrawn]
    find_base: FindBase = no_base
    find_rounds: Callable[[], Iterable[OtherRound]] = no_rounds
    pdf: PdfPolicy = field(default_factory=PdfPolicy)
