"""The few forms in which findings tell numbers, names and times: finished text, harmless on every surface."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from handover import paths

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 100
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")
_TOLD = 3


def number(n: int) -> str:
    """Return a whole number with separators of thousands."""
    return f"{n:,}"


def plural(n: int, one: str, many: str) -> str:
    """Return the sentence for ``n`` things; ``{n}`` in it is the number as people write it."""
    return (one if n == 1 else many).replace("{n}", number(n))


def size(n: int) -> str:
    """Return a number of bytes in decimal units, to a tenth below a hundred."""
    value, unit = float(n), ""
    for larger in _UNITS:
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit and value < 99.95 else f"{value:.0f} {unit or 'bytes'}"


def moment(ns: int) -> str:
    """Return a time in nanoseconds since 1970 as a minute in UTC."""
    try:
        return f"{_EPOCH + timedelta(seconds=ns // 10**9):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return f"{ns // 10**9} s"


def quoted(path: bytes) -> str:
    r"""Return a path in quotation marks, escaped and shortened, so that it cannot pass for words of ours.

    A quotation mark in the path becomes an escape too.
    """
    text = paths.shown(path).replace("“", "\\u{201c}").replace("”", "\\u{201d}")
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]}…{text[-half:]}"
    return f"“{text or '.'}”"


def listed(names: Sequence[bytes], total: int | None = None) -> str:
    """Return the first few of some paths, and how many more there are of ``total``."""
    told = ", ".join(map(quoted, names[:_TOLD]))
    more = (len(names) if total is None else total) - min(len(names), _TOLD)
    return f"{told} and {number(more)} more" if more > 0 else told


def argument(path: bytes) -> str | None:
    """Return a path as one word of a shell command below the root; ``None`` when it cannot be shown literally."""
    text = paths.shown(path)
    if text.encode() != path or len(text) > _LONGEST or not text:
        return None
    # SECURITY: people paste remedies; a name is one quoted word that no program takes for an option.
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def resend(part: str, *, checksum: bool = False) -> str:
    """Return the command that sends every missing and changed path again; it reads the remedy file of the round."""
    how = "-a --checksum" if checksum else "-a"
    return f"rsync {how} --from0 --files-from={part}.missing.files0 SOURCE/ TARGET/"
