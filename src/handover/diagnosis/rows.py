"""What causes look at in one line of a manifest, as numbers; and two ways to come to the lines that are wanted.

The manifests were read strictly when they were compared. Here each line is decoded once, by the block, and only as far
as a cause asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from handover import strict_json
from handover.entries import EntryType
from handover.errors import MalformedInput
from handover.manifest_reader import Reader

#: A path as JSON has it: text, or the bytes of what is no UTF-8.
Name = str | bytes


class Stat(msgspec.Struct, frozen=True, gc=False):
    """What a host says of one path, as numbers; ``None`` for what its route does not know."""

    mtime_ns: int | None = None
    mtime_s: int | None = None
    ctime_ns: int | None = None
    mode: str | None = None
    uid: int | None = None
    user: str | None = None

    @property
    def modified_ns(self) -> int | None:
        """When the content was changed last, as finely as it is known."""
        if self.mtime_ns is not None or self.mtime_s is None:
            return self.mtime_ns
        return self.mtime_s * 10**9

    @property
    def bits(self) -> int | None:
        """The permission bits."""
        return None if self.mode is None else int(self.mode, 8)


UNKNOWN = Stat()


class Row(msgspec.Struct, frozen=True, gc=False):
    """One line, without what no cause looks at."""

    path: str | None = None
    path_b64: bytes | None = None
    type: EntryType | None = None
    size: int | None = None
    prefixes: tuple[str, ...] | None = None
    host: Stat = UNKNOWN


_NEAR = 4096
_ROWS = msgspec.json.Decoder(Row, strict=False)


class Rows(Protocol):
    """One manifest, from which rows are had by name, in the order of paths."""

    def row(self, name: Name, /) -> Row:
        """Return the row of a name; raises ``MalformedInput`` when it is not where it should be."""


class Finder:
    """Goes from one wanted line to the next and decodes no other: it knows what a line begins with."""

    def __init__(self, reader: Reader) -> None:
        self._blocks = reader.blocks()
        self._raw = b""
        self._at = 0
        self._part = reader.header.part

    def row(self, name: Name, /) -> Row:
        """Return the row of a name behind the last one."""
        # There is one JSON form, and no quotation mark inside of a string: this can only be the line itself.
        form = b'{"path":%b,' if isinstance(name, str) else b'{"path_b64":%b,'
        wanted = form % strict_json.encode(name)
        # In a short stretch ``find`` starts without tables, and where much differs the line is near.
        at = self._raw.find(wanted, self._at, self._at + _NEAR)
        while at < 0 and (at := self._raw.find(wanted, self._at)) < 0:
            following = next(self._blocks, None)
            if following is None:
                raise _foreign(self._part)
            self._raw, self._at = following.raw, 0
        self._at = self._raw.index(b"\n", at)
        try:
            return _ROWS.decode(self._raw[at : self._at])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _undecodable(error, self._part) from error


class Walker:
    """Goes through all lines."""

    def __init__(self, reader: Reader) -> None:
        self._blocks = reader.blocks()
        self._rows: list[Row] = []
        self._names: list[Name] = []
        self._at = 0
        self._taken = Row()
        self._part = reader.header.part

    @property
    def next_name(self) -> Name | None:
        """The name of the next row, when it is in this block."""
        return self._names[self._at] if self._at < len(self._names) else None

    def before(self, name: Name | None) -> Iterator[tuple[list[Name], list[Row]]]:
        """Yield names and rows before a name, or all that are left; in stretches, each inside of one block."""
        while True:
            start = self._at
            try:
                stop = len(self._names) if name is None else self._names.index(name, start)
            except ValueError:
                stop = len(self._names)
            self._at = stop
            if stop > start:
                yield self._names[start:stop], self._rows[start:stop]
            if stop < len(self._names):
                return
            if not self._more():
                if name is not None:
                    raise _foreign(self._part)
                return

    def same(self, names: list[Name]) -> list[Row]:
        """Return the next rows, which must have these names."""
        found: list[Row] = []
        while len(found) < len(names):
            if self._at >= len(self._names) and not self._more():
                raise _foreign(self._part)
            stop = min(self._at + len(names) - len(found), len(self._names))
            if self._names[self._at : stop] != names[len(found) : len(found) + stop - self._at]:
                raise _foreign(self._part)
            found += self._rows[self._at : stop]
            self._at = stop
        return found

    def take(self, name: Name) -> None:
        """Go past the next row, which must have this name."""
        if self._at >= len(self._names):
            self._more()
        if self._at >= len(self._names) or self._names[self._at] != name:
            raise _foreign(self._part)
        self._taken = self._rows[self._at]
        self._at += 1

    def row(self, _: Name, /) -> Row:
        """Return the row that was taken last."""
        return self._taken

    def finish(self) -> None:
        """Make sure that nothing is left."""
        if self._at < len(self._names) or self._more():
            raise _foreign(self._part)

    def _more(self) -> bool:
        """Take the next block in place of one that was gone through."""
        following = next(self._blocks, None)
        if following is None:
            return False
        self._rows, self._at = _decoded(following.raw, self._part), 0
        self._names = [row.path if row.path is not None else row.path_b64 or b"" for row in self._rows]
        return True


def _decoded(raw: bytes, part: str) -> list[Row]:
    try:
        return _ROWS.decode_lines(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _undecodable(error, part) from error


def _undecodable(error: Exception, part: str) -> MalformedInput:
    return MalformedInput(f"not an entry: {strict_json.reason(error)}", where=part)


def _foreign(part: str) -> MalformedInput:
    return MalformedInput("the differences are not those between the manifests", where=part)
