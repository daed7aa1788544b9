"""What a rule that keeps proof takes out of a file or replaces in it: the texts, and which of them can be meant.

A *block* is whole lines: from one that begins with ``begin`` through one that begins with ``end``. A *replacement* is
one text in the place of another. Specification: ``docs/spec/rules.md``. This module is pure.
"""

from __future__ import annotations

from typing import Final

from handover.paths import shown
from handover.strict_json import Document

MAX_MARKER_BYTES: Final = 256
MAX_REPLACEMENTS: Final = 16
MAX_REPLACED_BYTES: Final = 1024


class Replacement(Document):
    """``new`` stands on the target where ``old`` stood on the source."""

    old: str
    new: str


def in_one_form(replace: tuple[Replacement, ...]) -> tuple[Replacement, ...]:
    """Return replacements in the order in which they are tried: the longest ``old`` first, then by bytes."""
    return tuple(sorted(replace, key=lambda pair: (-len(pair.old.encode()), pair.old)))


def effect_problem(
    begin: str, end: str, replace: tuple[Replacement, ...], *, is_block: bool, is_replacement: bool
) -> str | None:
    """Return why a rule cannot have these texts; ``None`` when it can. The words are harmless to show."""
    if {bool(begin), bool(end)} != {is_block}:
        return "a block has `begin` and `end`, and nothing else has them"
    if bool(replace) != is_replacement:
        return "a replacement has `replace`, and nothing else has it"
    return _block_problem(begin, end) if is_block else _replacements_problem(replace)


def _block_problem(begin: str, end: str) -> str | None:
    for name, marker in (("begin", begin), ("end", end)):
        if _is_no_text(marker) or "\n" in marker or "\r" in marker or len(marker.encode()) > MAX_MARKER_BYTES:
            return f"`{name}` must be the beginning of one line, of at most {MAX_MARKER_BYTES} bytes"
    if begin.startswith(end) or end.startswith(begin):
        return "a line could begin with both `begin` and `end`"
    return None


def _replacements_problem(replace: tuple[Replacement, ...]) -> str | None:
    if len(replace) > MAX_REPLACEMENTS:
        return f"more than {MAX_REPLACEMENTS} replacements in one rule"
    for text in (text for pair in replace for text in (pair.old, pair.new)):
        if not text or _is_no_text(text) or len(text.encode()) > MAX_REPLACED_BYTES:
            return f"`replace` needs texts of 1 to {MAX_REPLACED_BYTES} bytes"
    for pair in replace:
        if pair.old == pair.new:
            return f"{shown(pair.old[:80])} is replaced by itself"
    if len({pair.old for pair in replace}) != len(replace):
        return "one text is replaced in two ways"
    return None


def _is_no_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\0" in text
