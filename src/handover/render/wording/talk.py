"""What a run says beside its result while it is at work."""

from __future__ import annotations

from handover.render.wording.language import decimal, number, plural, say, size
from handover.scan import Look


def first_look(look: Look, part: str | None) -> str:
    """Return what names and sizes alone already say; ``part`` when there are several."""
    found = "; ".join(_found(look)) or say("no difference so far")
    if part is None:
        return say("First look, names and sizes: {found}. The contents are being read.", found=found)
    return say("First look at {part}, names and sizes: {found}. The contents are being read.", part=part, found=found)


def side_read(side: str, part: str | None, files: int, bytes_read: int, seconds: float) -> str:
    """Return that a side was read, how much there was, and how long it took; ``part`` when there are several."""
    values = {
        "files": plural(files, "{n} file", "{n} files"),
        "size": size(bytes_read),
        "seconds": decimal(seconds),
    }
    if part is None and side == "source":
        return say("Read the source: {files}, {size}, in {seconds} s.", **values)
    if part is None:
        return say("Read the target: {files}, {size}, in {seconds} s.", **values)
    if side == "source":
        return say("Read the source of {part}: {files}, {size}, in {seconds} s.", part=part, **values)
    return say("Read the target of {part}: {files}, {size}, in {seconds} s.", part=part, **values)


def _found(look: Look) -> list[str]:
    total = number(look.paths)
    found = []
    if look.missing:
        found.append(
            plural(look.missing, "{n} of {total} paths is missing", "{n} of {total} paths are missing", total=total)
        )
    if look.changed:
        found.append(plural(look.changed, "{n} has another size or type", "{n} have another size or type"))
    if look.extra:
        found.append(plural(look.extra, "{n} is only on the target", "{n} are only on the target"))
    if look.not_checked:
        found.append(plural(look.not_checked, "{n} could not be listed", "{n} could not be listed"))
    return found
