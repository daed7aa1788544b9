"""Who is asked for what after a round: of each company one thing, the first that helps. A decision without any words.

Proven loss comes before doubt. A doubt is asked of the side that it comes from, and of nobody else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handover.comparison import Comparison, Doubt, PerClass, Verdict
from handover.render.wording.challenges import doubted
from handover.report import Finding, PartReport, Report, SideReport, verdict_of

WELL: Final = (Verdict.COMPLETE, Verdict.COMPLETE_AS_AGREED)
#: What each company answers for.
SIDE_OF: Final[Mapping[str, str]] = {"sender": "source", "receiver": "target"}


class Ask(StrEnum):
    """The one thing that a company is asked for."""

    SIGN = "sign"
    SEND_AGAIN = "send_again"
    MEND = "mend"
    CONFIRM = "confirm"
    ATTRIBUTES = "attributes"
    REMOVE = "remove"
    READ = "read"
    READABLE = "readable"
    STILL = "still"
    EXPLAIN = "explain"
    SHOW = "show"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """What one company is asked for, and about which parts."""

    ask: Ask
    parts: tuple[PartReport, ...]


_DOUBTS = (Ask.READ, Ask.READABLE, Ask.STILL, Ask.EXPLAIN, Ask.SHOW)
_ORDER: Final = {
    "sender": (Ask.SEND_AGAIN, *_DOUBTS),
    "receiver": (Ask.MEND, Ask.CONFIRM, Ask.ATTRIBUTES, Ask.REMOVE, *_DOUBTS),
}
#: Causes that are put right where the files have arrived, or should have.
_MENDED_THERE: Final = frozenset(
    {
        "archive_not_unpacked",
        "deleted_after_arrival",
        "disk_full",
        "moved",
        "names_case",
        "names_composition",
        "names_encoding",
        "names_percent",
        "names_replaced",
        "root_shifted",
    }
)
#: Causes of what was made otherwise there, and would be lost if it was sent again.
_MADE_THERE: Final = frozenset({"edited_on_target", "text_replaced"})
#: Causes of something else than loss.
_NO_LOSS: Final = frozenset(
    {
        "added_by_hosting",
        "boundary_on_source",
        "boundary_on_target",
        "generated_files",
        "made_on_target",
        "modes_not_kept",
        "moving_on_source",
        "moving_on_target",
        "owner_mapped",
        "times_not_kept",
        "umask",
        "unreadable_on_source",
        "unreadable_on_target",
    }
)


def request_of(report: Report, role: str) -> Request:
    """Return what the ``sender`` or the ``receiver`` is asked for."""
    if report.verdict in WELL:
        return Request(Ask.SIGN if role in report.required_signatures else Ask.NOTHING, report.parts)
    for ask in _ORDER[role]:
        if parts := tuple(part for part in report.parts if _concerns(ask, part, SIDE_OF[role], report)):
            return Request(ask, parts)
    return Request(Ask.NOTHING, report.parts)


def side_of(part: PartReport, role: str) -> SideReport:
    """Return the side of a part that a company answers for."""
    return part.source if SIDE_OF[role] == "source" else part.target


def lost(part: PartReport) -> int:
    """Return how many paths have to be sent again, as ``PART.missing.files0`` names them."""
    return 0 if part.comparison is None else _lost(part.comparison.counts)


def cause_of(report: Report, part: PartReport) -> Finding | None:
    """Return the likely cause of a part's loss, if there is one that is more than possible."""
    likely = (
        finding
        for finding in report.findings
        if finding.part == part.name and finding.confidence != "low" and finding.cause not in _NO_LOSS
    )
    return next(likely, None) if lost(part) else None


def _concerns(ask: Ask, part: PartReport, side: str, report: Report) -> bool:
    if verdict_of(part) in WELL:
        return False
    if ask in (Ask.SEND_AGAIN, Ask.MEND, Ask.CONFIRM):
        return lost(part) > 0 and _is_lost_so(ask, part, cause_of(report, part))
    if ask in (Ask.ATTRIBUTES, Ask.REMOVE):
        return part.comparison is not None and _not_as_agreed(ask, part.comparison)
    return _is_doubted(ask, part, side)


def _is_lost_so(ask: Ask, part: PartReport, cause: Finding | None) -> bool:
    code = "" if cause is None else cause.cause
    if ask is Ask.SEND_AGAIN and code in _MADE_THERE:
        return part.comparison is not None and part.comparison.counts.missing > 0
    return (ask is Ask.MEND) == (code in _MENDED_THERE)


def _not_as_agreed(ask: Ask, comparison: Comparison) -> bool:
    counts = comparison.counts
    if ask is Ask.ATTRIBUTES:
        return counts.metadata > 0
    return comparison.verdict is Verdict.NOT_COMPLETE and counts.extra > 0 and not (_lost(counts) or counts.metadata)


def _is_doubted(ask: Ask, part: PartReport, side: str) -> bool:
    which = part.source if side == "source" else part.target
    if ask is Ask.READ:
        return which.failure is not None
    if ask is Ask.SHOW:
        comparison, challenge = part.comparison, part.challenge
        asked = comparison is not None and Doubt.CHALLENGE in comparison.because
        return asked and challenge is not None and side in doubted(part, challenge)
    gaps = which.gaps
    if gaps is None:
        return False
    if ask is Ask.READABLE:
        return gaps.unreadable > 0
    if ask is Ask.STILL:
        return gaps.unstable + gaps.vanished > 0
    return gaps.unsupported + gaps.boundary > 0


def _lost(counts: PerClass) -> int:
    return counts.missing + counts.changed + counts.type_changed
