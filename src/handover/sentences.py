"""Sentences of findings as values: which sentence, and what stands in its fields, so that any language can say it.

A sentence is known by its English text, with ``{fields}``. What it says in English is what ``english`` returns: a
report has that text too, and a sentence that does not lead to it is not believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from handover.strict_json import Count, Document, Whole

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIELD = re.compile(r"\{(\w+)\}", re.ASCII)
_UNITS = ("kB", "MB", "GB", "TB", "PB", "EB")
#: A sentence in a sentence in a sentence: what else fits, and how names changed.
_MOST_LEVELS = 4


class Value(Document):
    """What stands in one field of a sentence: one of these. Names and texts are harmless and short already.

    ``bytes`` is a size. ``moment_s`` counts from 1970. ``names`` are the first of some paths; ``more`` follow.
    """

    field: str
    number: Count | None = None
    bytes: Count | None = None
    moment_s: Whole | None = None
    names: tuple[str, ...] | None = None
    more: Count = 0
    text: str | None = None
    sentence: Sentence | None = None


class Sentence(Document):
    """One sentence; with ``many`` it is about ``n`` things, and ``one`` is for a single one."""

    one: str
    many: str | None = None
    n: Count | None = None
    values: tuple[Value, ...] = ()

    def __post_init__(self) -> None:
        """Refuse sentences that are in one another without end."""
        # SECURITY: a report is foreign, and whoever tells it goes down as deep as it does.
        if _levels(self) > _MOST_LEVELS:
            raise ValueError("too many sentences in one another")


def filled(text: str, tell: Callable[[str], str | None]) -> str:
    """Return a text with each field filled by what ``tell`` says of its name; ``None`` leaves the field as it is."""

    def told(match: re.Match[str]) -> str:
        value = tell(match[1])
        return match[0] if value is None else value

    # SECURITY: not str.format: a report is foreign, and a field of str.format can ask for attributes and widths.
    return _FIELD.sub(told, text)


def english(sentence: Sentence) -> str:
    """Return the sentence in English."""
    text = sentence.one if sentence.many is None or sentence.n == 1 else sentence.many
    values = {value.field: value for value in sentence.values}
    n = None if sentence.n is None else f"{sentence.n:,}"
    return filled(text, lambda field: n if field == "n" else told(values[field]) if field in values else None)


def told(value: Value) -> str:
    """Return one value in English."""
    if value.number is not None:
        return f"{value.number:,}"
    if value.bytes is not None:
        return _size(value.bytes)
    if value.moment_s is not None:
        return _moment(value.moment_s)
    if value.names is not None:
        names = ", ".join(f"“{name}”" for name in value.names)
        return f"{names} and {value.more:,} more" if value.more else names
    if value.sentence is not None:
        return english(value.sentence)
    return value.text or ""


def _size(n: int) -> str:
    """Return a number of bytes in decimal units, to a tenth below a hundred."""
    value, unit = float(n), ""
    for larger in _UNITS:
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit and value < 99.95 else f"{value:.0f} {unit or 'bytes'}"


def _moment(seconds: int) -> str:
    """Return a time as a minute in UTC."""
    try:
        return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%d %H:%M} UTC"
    except OverflowError:
        return f"{seconds} s"


def _levels(sentence: Sentence) -> int:
    inner = (value.sentence for value in sentence.values)
    return 1 + max((_levels(each) for each in inner if each is not None), default=0)
