"""Sentences with values in them: the seam through which everything goes that a person reads.

A foreign string becomes part of a sentence only by ``name`` or ``foreign``: escaped, and between two marks (LRI and
PDI, UAX #9) that tell a renderer where it begins and ends. ``paths.shown`` never lets these marks through, so nothing
foreign can forge them. ``plain`` takes them out, HTML turns them into an element.
"""

from __future__ import annotations

from handover import paths

BEGIN, END = "\u2066", "\u2069"
_UNMARKED = str.maketrans("", "", BEGIN + END)
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")


def say(sentence: str, /, **values: str) -> str:
    """Return ``sentence`` with its ``{fields}`` filled in."""
    return sentence.format_map(values)


def plural(n: int, one: str, many: str, /, **values: str) -> str:
    """Return the sentence for ``n`` things; ``{n}`` in it is the number as people write it."""
    return say(one if n == 1 else many, n=number(n), **values)


def name(raw: bytes | str) -> str:
    """Return a name from a host, escaped and marked; an empty one is a part's root."""
    return BEGIN + (paths.shown(raw) or ".") + END


def foreign(text: str) -> str:
    r"""Return foreign prose that may have been escaped before it was recorded, harmless and marked.

    Unlike a name it need not be unambiguous, so a ``\`` in it is not escaped a second time.
    """
    bare = text.replace("\\", "")
    return BEGIN + (text if paths.shown(bare) == bare else paths.shown(text)) + END


def plain(text: str) -> str:
    """Return a sentence without the marks around names."""
    return text.translate(_UNMARKED)


def number(n: int) -> str:
    """Return a whole number with separators of thousands."""
    return f"{n:,}"


def size(n: int) -> str:
    """Return a number of bytes as people say it, in decimal units, with two digits or more."""
    if n < 1000:
        return exact_size(n)
    exponent = (len(str(n)) - 1) // 3
    scaled = _scaled(n, exponent)
    if float(scaled) >= 1000:
        scaled = _scaled(n, exponent := exponent + 1)
    return f"{scaled} {_UNITS[exponent - 1]}"


def exact_size(n: int) -> str:
    """Return a number of bytes to the byte."""
    return plural(n, "{n} byte", "{n} bytes")


def percent(bp: int) -> str:
    """Return basis points as percent, exactly."""
    digits = f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".")
    return f"{digits} %"


def moment(instant: str) -> str:
    """Return an instant of a document (RFC 3339 in UTC) as people read it."""
    return instant.replace("T", " ").replace("Z", " UTC")


def duration(seconds: int) -> str:
    """Return a span of time in the largest unit that it fills twice."""
    if seconds >= 2 * 86_400:
        return plural(seconds // 86_400, "{n} day", "{n} days")
    if seconds >= 2 * 3600:
        return plural(seconds // 3600, "{n} hour", "{n} hours")
    if seconds >= 120:
        return plural(seconds // 60, "{n} minute", "{n} minutes")
    return plural(seconds, "{n} second", "{n} seconds")


def _scaled(n: int, exponent: int) -> str:
    """Return ``n`` in a unit of 1000 to the power of ``exponent``, rounded half up to a decimal below ten."""
    unit = 1000**exponent
    tenths = (n * 10 + unit // 2) // unit
    return f"{tenths // 10}.{tenths % 10}" if tenths < 100 else str((n + unit // 2) // unit)
