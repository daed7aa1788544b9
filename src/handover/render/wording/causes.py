"""How much of what differs the likely causes explain; what nothing explains is said as plainly."""

from __future__ import annotations

from handover.render.wording.headline import of_part
from handover.render.wording.language import number, plural, say
from handover.report import PartReport, Report


def unexplained(report: Report) -> tuple[str, ...]:
    """Return a sentence for each part that was compared and has differences of which no cause is known."""
    sentences = ((part, _sentence(part, report)) for part in report.parts)
    return tuple(of_part(part, text, alone=len(report.parts) == 1) for part, text in sentences if text)


def _sentence(part: PartReport, report: Report) -> str:
    if part.comparison is None or part.source.manifest is None or part.target.manifest is None:
        return ""
    counts = part.comparison.counts
    differ = counts.missing + counts.extra + counts.changed + counts.type_changed + counts.metadata + counts.not_checked
    rest = differ - sum(finding.count for finding in report.findings if finding.part == part.name)
    if rest <= 0:
        return ""
    if rest == differ:
        return plural(
            differ, "No cause was found for the {n} difference.", "No cause was found for the {n} differences."
        )
    return say("No cause was found for {rest} of the {all} differences.", rest=number(rest), all=number(differ))
