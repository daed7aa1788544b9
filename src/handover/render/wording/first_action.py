"""The one thing to do or not to do before all others, and why: mostly that the old hosting must stay."""

from __future__ import annotations

from handover.comparison import Comparison, Verdict
from handover.render.wording.codes import roles, sides_of
from handover.render.wording.language import agreed, plural, say, size
from handover.report import Report, ScopeState


def first_action(report: Report) -> str:
    """Return what is said right after the verdict, in one sentence."""
    if report.verdict in (Verdict.COMPLETE, Verdict.COMPLETE_AS_AGREED):
        return _when_well(report)
    ends = report.dates.source_ends
    warning = _when_lost(report) if ends is None else _when_lost_until(report, agreed(ends))
    if warning is not None:
        return warning
    if report.verdict is Verdict.NOT_COMPLETE:
        return say("Do not accept yet: first {host} has to be put right.", host=sides_of(report).target_host)
    if ends is None:
        return say("Do not cancel the old hosting yet: it is not known whether everything has arrived.")
    return say(
        "Do not let the old hosting end on {date}: it is not known whether everything has arrived.", date=agreed(ends)
    )


def _when_lost(report: Report) -> str | None:
    missing, changed, unknown, weight = _sums(report)
    if missing:
        return plural(
            missing,
            "Do not cancel the old hosting: {n} file or folder ({size}) exists only there.",
            "Do not cancel the old hosting: {n} files and folders ({size}) exist only there.",
            size=size(weight),
        )
    if changed:
        return plural(
            changed,
            "Do not cancel the old hosting: {n} file or link is as it was only there.",
            "Do not cancel the old hosting: {n} files and links are as they were only there.",
        )
    if unknown:
        return plural(
            unknown,
            "Do not cancel the old hosting yet: {n} file or folder may exist only there.",
            "Do not cancel the old hosting yet: {n} files and folders may exist only there.",
        )
    return None


def _when_lost_until(report: Report, date: str) -> str | None:
    missing, changed, unknown, weight = _sums(report)
    if missing:
        return plural(
            missing,
            "Do not let the old hosting end on {date}: {n} file or folder ({size}) exists only there.",
            "Do not let the old hosting end on {date}: {n} files and folders ({size}) exist only there.",
            size=size(weight),
            date=date,
        )
    if changed:
        return plural(
            changed,
            "Do not let the old hosting end on {date}: {n} file or link is as it was only there.",
            "Do not let the old hosting end on {date}: {n} files and links are as they were only there.",
            date=date,
        )
    if unknown:
        return plural(
            unknown,
            "Do not let the old hosting end on {date}: {n} file or folder may exist only there.",
            "Do not let the old hosting end on {date}: {n} files and folders may exist only there.",
            date=date,
        )
    return None


def _sums(report: Report) -> tuple[int, int, int, int]:
    """Return how many paths are missing, changed and not checked in all parts, and the bytes of those that are missing.

    Where the source was not read, nobody knows what may be only there.
    """
    compared: list[Comparison] = [part.comparison for part in report.parts if part.comparison is not None]
    return (
        sum(comparison.counts.missing for comparison in compared),
        sum(comparison.counts.changed + comparison.counts.type_changed for comparison in compared),
        sum(part.comparison.counts.not_checked for part in report.parts if part.comparison and part.source.manifest),
        sum(comparison.bytes.missing for comparison in compared),
    )


def _when_well(report: Report) -> str:
    ends, asked = report.dates.source_ends, report.required_signatures
    if asked and ends is not None:
        return say(
            "Keep the old hosting until the answers of {roles} are there; it ends on {date}.",
            roles=roles(asked),
            date=agreed(ends),
        )
    if asked:
        return say("Keep the old hosting until the answers of {roles} are there.", roles=roles(asked))
    if any(item.state is ScopeState.NOT_PART for item in report.scope):
        return say("Check the database before the old hosting is cancelled: this report says nothing about it.")
    return say("Keep this report: when the old hosting is gone, nobody can make it again.")
