"""What the causes look at: both manifests and their differences side by side, as one stream in the order of paths.

What arrived unharmed is told in short; each difference comes with all that both sides recorded of it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from handover import paths
from handover.comparison import Difference, PathClass
from handover.entries import Entry, EntryType
from handover.errors import MalformedInput
from handover.manifest_lines import Batch, Line
from handover.manifest_reader import Reader

#: Classes that have a cause; what the terms agree to or leave out needs none.
CAUSED = frozenset(
    {
        PathClass.MISSING,
        PathClass.EXTRA,
        PathClass.CHANGED,
        PathClass.TYPE_CHANGED,
        PathClass.METADATA,
        PathClass.NOT_CHECKED,
    }
)
#: From this size on, entries have prefixes, which differences leave out.
_PREFIXED = 2**20


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


_UNKNOWN = Stat()
_STATS = msgspec.json.Decoder(Stat, strict=False)


class Arrived(NamedTuple):
    """One path that is the same on both sides."""

    path: bytes
    type: EntryType
    size: int
    source_stat: Stat
    target_stat: Stat


class Observation(NamedTuple):
    """One difference. ``whole`` is the topmost folder, missing or extra as a whole, that the path is or is in."""

    path: bytes
    kind: PathClass
    why: tuple[str, ...]
    source: Entry | None
    target: Entry | None
    source_stat: Stat
    target_stat: Stat
    whole: bytes | None

    @property
    def entry(self) -> Entry:
        """What the source has there, or the target when only that has something."""
        entry = self.source or self.target
        assert entry is not None
        return entry

    @property
    def is_file(self) -> bool:
        """Whether it is a file, on the source if it is there."""
        return self.entry.type is EntryType.FILE

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, on the source if it is there."""
        return self.entry.type is EntryType.DIR

    @property
    def is_unit(self) -> bool:
        """Whether the difference stands for itself: what is in a lost folder follows from that."""
        return self.whole is None or self.whole == self.path

    @property
    def size(self) -> int:
        """Bytes of a file."""
        return self.entry.size or 0

    @property
    def folder(self) -> bytes:
        """The folder that the path is in."""
        return self.path.rpartition(b"/")[0]

    @property
    def name(self) -> bytes:
        """The last component."""
        return self.path.rpartition(b"/")[2]


class Streams(NamedTuple):
    """The evidence of one part, each stream from its beginning."""

    differences: Iterator[Difference]
    source: Reader
    target: Reader


def observe(streams: Streams, arrived: Callable[[Arrived], None] | None = None) -> Iterator[Observation]:
    """Yield every difference that has a cause; in between, ``arrived`` gets each path that is the same.

    All three streams are read to their ends. Raises ``MalformedInput`` when they do not belong together.
    """
    source, target = _Cursor(streams.source), _Cursor(streams.target)
    whole: tuple[bytes, PathClass] | None = None
    for difference in streams.differences:
        path = difference.path_bytes()
        key = paths.order_key(path)
        _pass(source, target, key, arrived)
        lines = source.take(key), target.take(key)
        if difference.kind not in CAUSED:
            continue
        if whole is not None and not (difference.kind is whole[1] and paths.is_below(path, whole[0])):
            whole = None
        if whole is None and difference.kind in (PathClass.MISSING, PathClass.EXTRA):
            only = difference.source or difference.target
            if only is not None and only.type is EntryType.DIR:
                whole = path, difference.kind
        yield _observation(path, difference, lines, (source, target), None if whole is None else whole[0])
    _pass(source, target, None, arrived)


def _observation(
    path: bytes,
    difference: Difference,
    lines: tuple[Line | None, Line | None],
    cursors: tuple[_Cursor, _Cursor],
    whole: bytes | None,
) -> Observation:
    source, target = difference.source, difference.target
    if difference.kind is PathClass.CHANGED and max(e.size or 0 for e in (source, target) if e) >= _PREFIXED:
        source, target = (
            None if line is None else cursor.reader.parse(line) for line, cursor in zip(lines, cursors, strict=True)
        )
    stats = (_stat(lines[0], cursors[0]), _stat(lines[1], cursors[1]))
    return Observation(path, difference.kind, difference.why, source, target, *stats, whole)


def _pass(source: _Cursor, target: _Cursor, key: bytes | None, arrived: Callable[[Arrived], None] | None) -> None:
    """Go to ``key`` on both sides; what is before it is the same there."""
    if arrived is None:
        source.skip(key)
        target.skip(key)
        return
    others = target.lines(key)
    for line, entry_type, size in source.lines(key):
        other = next(others, None)
        if other is None or other[0].key != line.key:
            raise MalformedInput("the differences are not those between the manifests", where=source.reader.header.part)
        arrived(Arrived(line.path, entry_type, size, _stat(line, source), _stat(other[0], target)))
    if next(others, None) is not None:
        raise MalformedInput("the differences are not those between the manifests", where=source.reader.header.part)


def _stat(line: Line | None, cursor: _Cursor) -> Stat:
    if line is None or line.host is None:
        return _UNKNOWN
    try:
        return _STATS.decode(line.host)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        cursor.reader.parse_host(line)  # names the place
        raise


class _Cursor:
    """A place in one manifest."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self._batches = reader.batches()
        self._batch = Batch(b"", 0)
        self._at = 0

    def lines(self, key: bytes | None) -> Iterator[tuple[Line, EntryType, int]]:
        """Yield the lines before ``key``, or all that are left, with type and size."""
        for batch, start, stop in self._stretches(key):
            for at in range(start, stop):
                line, plain = batch.line(at), batch.sizes[at]
                if plain is not None:
                    yield line, EntryType.FILE if plain else EntryType.DIR, int(plain or 0)
                else:
                    entry = self.reader.parse(line)
                    yield line, entry.type or EntryType.SPECIAL, entry.size or 0

    def skip(self, key: bytes | None) -> None:
        """Go past the lines before ``key``, or past all that are left."""
        for _ in self._stretches(key):
            pass

    def take(self, key: bytes) -> Line | None:
        """Return the line of ``key``, if it is the next one, and go past it."""
        if self._at >= len(self._batch) or self._batch.keys[self._at] != key:
            return None
        self._at += 1
        return self._batch.line(self._at - 1)

    def _stretches(self, key: bytes | None) -> Iterator[tuple[Batch, int, int]]:
        while True:
            start, batch = self._at, self._batch
            stop = len(batch) if key is None else bisect_left(batch.keys, key, start)
            self._at = stop
            if stop > start:
                yield batch, start, stop
            if stop < len(batch):
                return
            following = next(self._batches, None)
            if following is None:
                return
            self._batch, self._at = following, 0
