"""What to do next, and who has to do it."""

from __future__ import annotations

from collections.abc import Iterator

from handover import differences
from handover.comparison import Comparison, Doubt, Verdict
from handover.evidence.inventory import SUGGESTED_NAME, letter_name
from handover.manifest import GapCounts
from handover.render import language_of
from handover.render.asks import SIDE_OF, Ask, request_of
from handover.render.wording.codes import Sides, roles, sides_of
from handover.render.wording.language import foreign, plural, say
from handover.report import PartReport, Report, ScopeState

_WELL = (Verdict.COMPLETE, Verdict.COMPLETE_AS_AGREED)


def next_steps(report: Report, *, kept: bool) -> tuple[str, ...]:
    """Return the steps in the order in which they help, each said once; ``kept``: there is a bundle to look into."""
    sides = sides_of(report)
    steps = [step for part in report.parts for step in _of_part(part, sides, kept=kept)]
    if kept:
        steps += _send_letters(report)
    steps += _when_well(report, kept=kept) if report.verdict in _WELL else _when_not_well(report, kept=kept)
    if any(item.state is ScopeState.NOT_PART for item in report.scope):
        steps.append(say("Check the database in another way: this report says nothing about it."))
    return tuple(dict.fromkeys(steps))


def _send_letters(report: Report) -> Iterator[str]:
    for party in report.parties:
        if party.role in SIDE_OF and request_of(report, party.role).ask is not Ask.NOTHING:
            yield say(
                "Send {file} to {party}: it asks for no more than is needed.",
                file=foreign(letter_name(party.role, language_of(party))),
                party=foreign(party.name),
            )


def _of_part(part: PartReport, sides: Sides, *, kept: bool) -> Iterator[str]:
    if part.comparison is not None:
        yield from _send_again(part, part.comparison, sides, kept=kept)
        yield from _after_comparison(part.comparison, sides)
    for side, side_report in (("source", part.source), ("target", part.target)):
        if side_report.failure is not None:
            yield from _after_failure(sides.actor(side), side_report.failure.hint)
        if side_report.gaps is not None:
            yield from _close_gaps(side_report.gaps, sides.actor(side))


def _after_failure(actor: str, hint: str) -> Iterator[str]:
    if hint:
        yield say("{actor}: make the host readable. {hint}", actor=actor, hint=foreign(hint))
    else:
        yield say("{actor}: make the host readable.", actor=actor)


def _close_gaps(gaps: GapCounts, actor: str) -> Iterator[str]:
    if gaps.unreadable:
        yield plural(
            gaps.unreadable,
            "{actor}: make the {n} unreadable path readable for the account that scans.",
            "{actor}: make the {n} unreadable paths readable for the account that scans.",
            actor=actor,
        )
    if gaps.unstable or gaps.vanished:
        yield say("{actor}: stop what writes to the site (maintenance mode) during the scan.", actor=actor)
    if gaps.boundary:
        yield say("{actor}: make the other filesystem a part of its own, or allow the scan to enter it.", actor=actor)


def _send_again(part: PartReport, comparison: Comparison, sides: Sides, *, kept: bool) -> Iterator[str]:
    again = _lost(comparison)
    if again and kept:
        yield plural(
            again,
            "{actor}: send the {n} missing or changed path again; it is named in {file}.",
            "{actor}: send the {n} missing or changed paths again; they are named in {file}.",
            actor=sides.source,
            file=foreign(differences.missing_name(part.name)),
        )
    elif again:
        yield plural(
            again,
            "{actor}: send the {n} missing or changed path again; -o FOLDER writes a report that names it.",
            "{actor}: send the {n} missing or changed paths again; -o FOLDER writes a report that names them all.",
            actor=sides.source,
        )


def _lost(comparison: Comparison) -> int:
    return comparison.counts.missing + comparison.counts.changed + comparison.counts.type_changed


def _after_comparison(comparison: Comparison, sides: Sides) -> Iterator[str]:
    counts = comparison.counts
    if counts.metadata:
        yield say("{actor}: set mode, owner and time as they were.", actor=sides.target)
    if comparison.verdict is Verdict.NOT_COMPLETE and not _lost(comparison) and not counts.metadata:
        yield say("{actor}: remove what is only there, or agree to it in the terms.", actor=sides.target)
    if Doubt.EXCLUDED in comparison.because:
        yield say("Look at the rules: leave less out, or raise max_excluded in the terms if both parties agree.")
    if Doubt.LISTING in comparison.because:
        yield say("Scan both sides with contents, without --quick.")
    if Doubt.CHALLENGE in comparison.because:
        yield say("Ask for the files that were not confirmed themselves, and compare their SHA-256 with the manifests.")


def _when_not_well(report: Report, *, kept: bool) -> Iterator[str]:
    if kept and any(file.name == SUGGESTED_NAME for file in report.files):
        yield say(
            "{file} suggests rules for what may differ: read them, take out what is not right, and try the rest with "
            "--rules.",
            file=foreign(SUGGESTED_NAME),
        )
    yield say("Then run the comparison again.")


def _when_well(report: Report, *, kept: bool) -> Iterator[str]:
    if not kept:
        yield say("Nothing was written down: -o FOLDER writes a report to keep and to sign.")
    elif report.required_signatures:
        yield say("Ask for the answers of {roles}.", roles=roles(report.required_signatures))
    else:
        yield say("Keep the report. Sign it with: handover sign")
