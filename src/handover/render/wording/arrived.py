"""How much of what was to be moved has arrived, as shares that are never rounded up."""

from __future__ import annotations

from handover.comparison import Doubt
from handover.render.wording.headline import of_part
from handover.render.wording.language import percent, say
from handover.report import PartReport, Report


def arrived(report: Report) -> tuple[str, ...]:
    """Return a sentence for each part that was compared on both sides and is not all the same."""
    sentences = ((part, _sentence(part)) for part in report.parts)
    return tuple(of_part(part, text, alone=len(report.parts) == 1) for part, text in sentences if text)


def _sentence(part: PartReport) -> str:
    comparison, counts = part.comparison, part.source.counts
    if comparison is None or counts is None or Doubt.ONE_SIDED in comparison.because:
        return ""
    same, whole = comparison.counts.same, comparison.excluded.source_bytes
    if same == counts.total or part.target.manifest is None:
        return ""
    if not whole:
        return say(
            "{paths} of the files and folders of the source have arrived as they were.",
            paths=_share(same, counts.total),
        )
    return say(
        "{paths} of the files and folders of the source have arrived as they were; that is {bytes} of its bytes.",
        paths=_share(same, counts.total),
        bytes=_share(comparison.bytes.same, whole),
    )


def _share(part: int, whole: int) -> str:
    """Return a share in percent; from one percent on without decimals, and never more than it is."""
    bp = part * 10_000 // whole
    return percent(bp if bp < 100 else bp // 100 * 100)
