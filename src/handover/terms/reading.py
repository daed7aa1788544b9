"""Reading fields of a tree: each method returns a value of its type, and notes a problem when there is none.

After a problem the value is a harmless stand-in (``""``, ``()``, a default), so that reading goes on and everything
that is wrong is said at once. Whoever reads must not use what was read when there are problems.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from difflib import get_close_matches
from enum import StrEnum
from typing import Final, TypeVar, assert_never

from handover.errors import HandoverError, UsageError
from handover.paths import shown
from handover.terms.document import Fields, Items, Node, Text
from handover.terms.problems import Place, Problem

MAX_TEXT: Final = 10_000

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

#: Control, format and surrogate characters, line and paragraph separators: nothing for a line that people read.
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))? ?%", re.ASCII)


class FieldReader:
    """Reads fields and keeps every problem that it meets."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, place: Place, what: str, hint: str = "") -> None:
        """Keep one problem; both texts are harmless already."""
        self.problems.append(Problem(place, what, hint))

    def fields(self, node: Node, what: str, known: Collection[str], required: Collection[str] = ()) -> dict[str, Node]:
        """Return the known fields of a mapping; those that have no value are left out."""
        if not isinstance(node, Fields):
            self.note(node.place, f"{what} must be a list of `key: value`, not {_kind(node)}")
            return {}
        found: dict[str, Node] = {}
        seen: dict[str, Place] = {}
        for key, value in node.pairs:
            if key.value not in known:
                self._unknown_key(key, known)
            elif key.value in seen:
                self.note(key.place, f"`{key.value}` is here twice", f"It stands on line {seen[key.value].line} too.")
            elif isinstance(value, Text) and value.missing:
                self.note(key.place, f"`{key.value}` has no value", "Give it one, or leave the line out.")
            else:
                found[key.value] = value
            seen.setdefault(key.value, key.place)
        for name in required:
            if name not in seen:
                self.note(node.place, f"`{name}` is missing in {what}")
        return found

    def items(self, node: Node, what: str) -> list[Node]:
        """Return the items of a list that has at least one."""
        if not isinstance(node, Items):
            self.note(node.place, f"{what} must be a list, not {_kind(node)}", "Write it as [one, two] or with dashes.")
            return []
        if not node.nodes:
            self.note(node.place, f"{what} is an empty list", "Put something into it, or leave the key out.")
        return node.nodes

    def pairs(self, node: Node, what: str) -> tuple[tuple[str, str], ...]:
        """Return any texts with what stands for each, such as replacements; none twice."""
        if not isinstance(node, Fields):
            self.note(node.place, f"{what} must be a list of `old: new`, not {_kind(node)}")
            return ()
        if not node.pairs:
            self.note(node.place, f"{what} is an empty list", "Put something into it, or leave the rule out.")
        found: dict[str, str] = {}
        for key, value in node.pairs:
            if key.value in found:
                self.note(key.place, f"{what} has {shown(key.value[:80])} twice")
            else:
                found[key.value] = self.raw(value, f"what stands for {shown(key.value[:80])} in {what}")
        return tuple(found.items())

    def raw(self, node: Node | None, what: str) -> str:
        """Return any text at all, such as a pattern; ``""`` for a field that is not there."""
        if node is None:
            return ""
        if not isinstance(node, Text):
            self.note(
                node.place, f"{what} must be text, not {_kind(node)}", "Put text with braces or brackets in quotes."
            )
        elif node.missing or not node.value:
            self.note(node.place, f"{what} is empty")
        else:
            return node.value
        return ""

    def text(self, node: Node | None, what: str) -> str:
        """Return one line for people; ``""`` for a field that is not there."""
        value = self.raw(node, what)
        if node is None or not value:
            return ""
        unseen = next((char for char in value if unicodedata.category(char) in _NO_TEXT), None)
        if len(value) > MAX_TEXT:
            self.note(node.place, f"{what} is longer than {MAX_TEXT} characters")
        elif unseen is not None:
            self.note(node.place, f"{what} has a character that people cannot see: {shown(unseen)}")
        elif value != value.strip():
            self.note(node.place, f"{what} begins or ends with a space")
        else:
            return value
        return ""

    def matching(self, node: Node | None, what: str, shape: re.Pattern[str], hint: str) -> str:
        """Return text of one shape; ``""`` for a field that is not there."""
        value = self.text(node, what)
        if node is None or not value or shape.fullmatch(value):
            return value
        self.note(node.place, f"{what} cannot be {shown(value[:80])}", hint)
        return ""

    def choice(self, node: Node, what: str, kind: type[E]) -> E | None:
        """Return the member of ``kind`` that is named."""
        value = self.text(node, what)
        if value in set(kind):
            return kind(value)
        if value:
            hint = f"{_guess(value, set(kind))}It can be: {', '.join(kind)}."
            self.note(node.place, f"{what} cannot be {shown(value[:80])}", hint)
        return None

    def choices(self, node: Node | None, what: str, kind: type[E]) -> tuple[E, ...]:
        """Return the members of ``kind`` that a list names, none twice; none for a field that is not there."""
        found: list[E] = []
        for item in [] if node is None else self.items(node, what):
            member = self.choice(item, what, kind)
            if member in found:
                self.note(item.place, f"{what} has {member} twice")
            elif member is not None:
                found.append(member)
        return tuple(found)

    def flag(self, node: Node | None, what: str) -> bool:
        """Return a yes or no, written ``true`` or ``false``; no for a field that is not there."""
        value = self.text(node, what)
        if node is not None and value not in {"", "true", "false"}:
            self.note(node.place, f"{what} must be true or false, not {shown(value[:80])}")
        return value == "true"

    def percent(self, node: Node | None, what: str, default_bp: int) -> int:
        """Return a share such as ``5%`` or ``2.5%`` in basis points, 1/100 of a percent."""
        value = self.text(node, what)
        if node is None or not value:
            return default_bp
        points = self.attempt(node, lambda: parse_percent(value, what))
        return default_bp if points is None else points

    def attempt(self, node: Node, action: Callable[[], T]) -> T | None:
        """Return what ``action`` returns; an error of ours becomes a problem at ``node``."""
        try:
            return action()
        except HandoverError as error:
            self.note(node.place, error.what, error.hint)
            return None

    def _unknown_key(self, key: Text, known: Collection[str]) -> None:
        hint = f"{_guess(key.value, known)}Known here: {', '.join(known)}."
        self.note(key.place, f"the key `{shown(key.value[:80])}` is not known here", hint)


def parse_percent(text: str, what: str) -> int:
    """Return a share such as ``5%`` or ``2.5%`` in basis points, 1/100 of a percent; ``UsageError`` for others."""
    found = _PERCENT.fullmatch(text)
    points = -1 if found is None else int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
    if not 0 <= points <= 10_000:
        raise UsageError(f"{what} cannot be {shown(text[:80])}", hint="Write it as 5% or 2.5%, from 0% to 100%.")
    return points


def _guess(word: str, known: Collection[str]) -> str:
    near = get_close_matches(word[:40], list(known), n=1)
    return f"Did you mean {near[0]}? " if near else ""


def _kind(node: Node) -> str:
    match node:
        case Text():
            return "nothing" if node.missing else "one text"
        case Items():
            return "a list"
        case Fields():
            return "a list of `key: value`"
        case _:
            assert_never(node)
