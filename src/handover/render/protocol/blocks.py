"""What a protocol is made of: paragraphs, lists and tables in sections, and the places where the parties sign."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from handover.render.page import PartPage

#: What stands in one cell: a text, or several lines.
Cell = str | tuple[str, ...]


class Column(msgspec.Struct, frozen=True):
    """One column: its title, its share of the width, and whether it holds numbers."""

    title: str
    width: int = 1
    numbers: bool = False


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph", tag_field="kind"):
    """Running text; ``quiet`` when it only explains."""

    text: str
    quiet: bool = False


class Heading(msgspec.Struct, frozen=True, tag="heading", tag_field="kind"):
    """The title of what follows within a section; ``note`` stands beside it."""

    text: str
    note: str = ""


class Points(msgspec.Struct, frozen=True, tag="points", tag_field="kind"):
    """A list; ``ordered`` when its points are numbered."""

    items: tuple[str, ...]
    ordered: bool = False


class Table(msgspec.Struct, frozen=True, tag="table", tag_field="kind"):
    """A table with a line of titles."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


Block = Paragraph | Heading | Points | Table


class Section(msgspec.Struct, frozen=True):
    """One numbered section."""

    title: str
    blocks: tuple[Block, ...]


class Box(msgspec.Struct, frozen=True):
    """The place where one party signs: who it is, the field for a signature, and what is filled in by hand.

    ``alternative`` is what a reader that speaks says of the field.
    """

    role: str
    title: str
    party: str
    notes: tuple[str, ...]
    choices: tuple[str, ...]
    lines: tuple[str, ...]
    alternative: str


def name_of(part: PartPage, pages: tuple[PartPage, ...]) -> Iterator[Heading]:
    """Yield the name of a part unless it is the only one."""
    if len(pages) > 1:
        yield Heading(part.name)
