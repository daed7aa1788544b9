"""What a run says beside its result while it is at work."""

from __future__ import annotations

from handover.comparison import Comparison, PerClass
from handover.render.wording.language import number, plural, say, size


def first_look(comparison: Comparison, part: str | None) -> str:
    """Return what names and sizes alone already say; ``part`` when there are several."""
    found = "; ".join(_found(comparison.counts)) or say("no difference so far")
    if part is None:
        return say("First look, names and sizes: {found}. The contents are being read.", found=found)
    return say("First look at {part}, names and sizes: {found}. The contents are being read.", part=part, found=found)


def side_read(side: str, part: str | None, files: int, bytes_read: int, seconds: float) -> str:
    """Return that a side was read, how much there was, and how long it took; ``part`` when there are several."""
    return say(
        "Read the {side}: {files}, {size}, in {seconds} s."
        if part is None
        else "Read the {side} of {part}: {files}, {size}, in {seconds} s.",
        side=side,
        part=part or "",
        files=plural(files, "{n} file", "{n} files"),
        size=size(bytes_read),
        seconds=f"{seconds:.1f}",
    )


def _found(counts: PerClass) -> list[str]:
    total = number(counts.same + counts.missing + counts.changed + counts.type_changed + counts.not_checked)
    found = []
    if counts.missing:
        found.append(
            plural(counts.missing, "{n} of {total} paths is missing", "{n} of {total} paths are missing", total=total)
        )
    if changed := counts.changed + counts.type_changed:
        found.append(plural(changed, "{n} has another size or type", "{n} have another size or type"))
    if counts.extra:
        found.append(plural(counts.extra, "{n} is only on the target", "{n} are only on the target"))
    if counts.not_checked:
        found.append(plural(counts.not_checked, "{n} could not be listed", "{n} could not be listed"))
    return found
