"""The part of YAML that terms may use: mappings, lists and text, and nothing that means something else than it shows.

Every scalar is its text: ``no``, ``010`` and ``2026-12-01`` are what is written, and the field decides what it means.
Anchors, aliases, tags, merge keys, directives, further documents and invisible characters are refused. This is the one
home of PyYAML. Specification: ``docs/spec/terms.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Protocol, assert_never

import yaml

from handover.paths import shown
from handover.strict_json import DECEPTIVE
from handover.terms.problems import Place, Problem

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 8

_START = Place(1, 1)
_LINE_END = re.compile(r"\r\n|\n|\r")
# SECURITY: terms are read and signed by people. What a person cannot see may not be in them (CVE-2021-42574); it can
# be written as an escape in double quotes. The first set is what YAML 1.1 calls printable, without its odd line ends.
_UNSEEN = re.compile(
    rf"[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[{DECEPTIVE}]", re.DOTALL
)
_NO_VALUE = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar as it is written; ``missing`` when the file has no value there."""

    place: Place
    value: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    nodes: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with its keys in the order of the file, doubled ones too."""

    place: Place
    pairs: list[tuple[Text, Node]] = field(default_factory=list)


Node = Text | Items | Fields


class _Mark(Protocol):
    line: int
    column: int


class NotReadable(Exception):
    """The one problem after which nothing more can be said of the file."""

    def __init__(self, place: Place, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.problem = Problem(place, what, hint)


def read(raw: bytes) -> Node:
    """Return the tree of one YAML document, or raise ``NotReadable``."""
    text = _decoded(raw)
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.YAMLError as error:
        raise _broken(error) from error
    except (ValueError, OverflowError) as error:
        # PyYAML lets `\UFFFFFFFF` and overlong version numbers reach chr() and int().
        raise NotReadable(_START, "not valid YAML: a number or an escape is out of range") from error
    if builder.root is None:
        raise NotReadable(_START, "there is nothing in it", "`handover init` writes one to begin with.")
    return builder.root


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_BYTES:
        raise NotReadable(_START, f"longer than the {MAX_BYTES} bytes that are allowed")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        place = _place_of(raw[: error.start].decode())
        raise NotReadable(place, "a byte that is not UTF-8", "Save the file as UTF-8 in your editor.") from error
    if text.startswith("\ufeff"):
        raise NotReadable(_START, "a byte order mark", "Save the file as UTF-8 without a byte order mark.")
    found = _UNSEEN.search(text)
    if found is not None:
        what = f"the character {shown(found[0])}, which people cannot see"
        raise NotReadable(_place_of(text[: found.start()]), what, "Leave it out, or write it as an escape in quotes.")
    return text


def _place_of(before: str) -> Place:
    lines = _LINE_END.split(before)
    return Place(len(lines), len(lines[-1]) + 1)


def _place(mark: _Mark | None) -> Place:
    return _START if mark is None else Place(mark.line + 1, mark.column + 1)


def _broken(error: yaml.YAMLError) -> NotReadable:
    if not isinstance(error, yaml.MarkedYAMLError):  # pragma: no cover  characters are refused before YAML meets them
        return NotReadable(_START, "not valid YAML")
    mark = error.problem_mark or error.context_mark
    words = ", ".join(filter(None, (error.context, error.problem)))
    hint = "Indent with spaces, never with tabs." if "'\\t'" in words else "Put text with special signs in quotes."
    return NotReadable(_place(mark), f"not valid YAML: {shown(words[:200])}", hint)


class _Builder:
    """Makes the tree from events; a stack of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Items | Fields] = []
        self._keys: list[Text | None] = []
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        place = _place(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._start_document(event, place)
        elif isinstance(event, yaml.AliasEvent):
            raise NotReadable(place, "an alias (`*name`) is not allowed here", "Write the value again, or quote it.")
        elif isinstance(event, yaml.NodeEvent):
            self._check(event, place)
            self._node(event, place)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _start_document(self, event: yaml.DocumentStartEvent, place: Place) -> None:
        self._documents += 1
        if self._documents > 1:
            raise NotReadable(place, "a second document", "One file has the terms of one handover.")
        if event.version is not None or event.tags:
            raise NotReadable(place, "a directive (`%…`) is not allowed here", "Leave it out.")

    def _check(self, event: yaml.NodeEvent, place: Place) -> None:
        if event.anchor is not None:
            raise NotReadable(place, "an anchor (`&name`) is not allowed here", "Write the value where it is needed.")
        tagged = isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag is not None
        if tagged:
            raise NotReadable(place, "a tag (`!name`) is not allowed here", "Put text that begins with `!` in quotes.")

    def _node(self, event: yaml.NodeEvent, place: Place) -> None:
        if isinstance(event, yaml.ScalarEvent):
            plain = event.style is None
            self._add(Text(place, event.value, plain and event.value in _NO_VALUE))
            return
        node: Items | Fields = Items(place) if isinstance(event, yaml.SequenceStartEvent) else Fields(place)
        self._add(node)
        self._open.append(node)
        self._keys.append(None)
        if len(self._open) > MAX_DEPTH:
            raise NotReadable(place, f"nested more than {MAX_DEPTH} levels deep")

    def _add(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        match parent:
            case Items():
                parent.nodes.append(node)
            case Fields():
                self._add_to_fields(parent, node)
            case _:
                assert_never(parent)

    def _add_to_fields(self, parent: Fields, node: Node) -> None:
        key = self._keys[-1]
        if key is not None:
            parent.pairs.append((key, node))
            self._keys[-1] = None
        elif isinstance(node, Text) and node.value != "<<":
            self._keys[-1] = node
        else:
            what = "a merge key (`<<`) is not allowed here" if isinstance(node, Text) else "a key that is not a word"
            raise NotReadable(node.place, what, "Write `key: value`, and text with braces in quotes.")
