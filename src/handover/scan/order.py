"""What an agent told in any order, as entries in the order of a manifest, with both passes weighed together.

Folders are walked depth first from the spool, names in the order of their bytes; at any time a few blocks are decoded,
and that of each level. Where the recheck has the same bytes as the first pass nothing of it is decoded, and ordinary
entries go by in runs; where it has not, each name is compared, and what changed, went or came becomes a gap.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, repeat
from typing import NamedTuple

from handover.agents.chunks import Chunk, HostColumns, Row, Sighting
from handover.agents.frames import ABOVE_ROOT, Extra, Kind, Stat, Status, broken, parse_rule
from handover.entries import GapKind
from handover.scan.runs import Below, Run, as_text, marked, split
from handover.scan.spool import Folder, Told

#: Rows that are decoded at a time of each chunk of a folder that came in several.
_WINDOW = 64
#: So many blocks are kept prepared for runs.
_MARKED = 2

_GAPS = {
    Status.UNREADABLE: GapKind.UNREADABLE,
    Status.UNSTABLE: GapKind.UNSTABLE,
    Status.VANISHED: GapKind.VANISHED,
    Status.UNSUPPORTED: GapKind.UNSUPPORTED,
    Status.BOUNDARY: GapKind.BOUNDARY,
}


class Counted(NamedTuple):
    """An ignored path: the number of its rule, and what was counted there."""

    rule: int
    files: int
    bytes: int


class Found(NamedTuple):
    """One entry, settled: what it is, or why that is not known."""

    path: bytes
    kind: Kind
    stat: Stat | None
    host: HostColumns | None
    digest: bytes
    extras: dict[Extra, bytes]
    gap: GapKind | None
    errno: bytes
    ignored: Counted | None
    carried: bool = False


class _Paired(NamedTuple):
    """An entry of the first pass and what the second says of it: its stat, the folder below, the gap it makes."""

    row: Row
    stat: Stat | None
    child: int
    gap: GapKind | None


class FoundRun(NamedTuple):
    """A run below the folder whose path with its slash is ``prefix``, which is ``text`` inside of a JSON string."""

    prefix: bytes
    text: bytes
    run: Run


class _Level(NamedTuple):
    """A folder that is being walked: what is still to come, and how long path and text before its names are.

    ``text`` is ``None`` when the path before its names is no text.
    """

    steps: Iterator[_Paired | Run]
    folder: int
    prefix: int
    text: int | None


def in_order(told: Told) -> Iterator[Found | FoundRun]:
    """Yield every entry, the root first; ``RemoteError`` when what was told does not fit together."""
    yield from _Walk(told).entries()
    if not told.results.used_up:
        raise broken("a file that is in no folder")


class _Walk:
    """The way through the folders, depth first."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._prefix = bytearray()
        self._text = bytearray()
        self._marked = lru_cache(_MARKED)(marked)
        self._levels: list[_Level] = []

    def entries(self) -> Iterator[Found | FoundRun]:
        """Yield every entry, the root first."""
        levels, prefix, text = self._levels, self._prefix, self._text
        self._enter(Below(ABOVE_ROOT, ABOVE_ROOT), b"", b"")
        while levels:
            level = levels[-1]
            step = next(level.steps, None)
            del prefix[level.prefix :]
            if level.text is not None:
                del text[level.text :]
            if step is None:
                levels.pop()
            elif isinstance(step, Run):
                yield FoundRun(bytes(prefix), bytes(text), step)
                if step.below is not None:
                    last = step.stop - 1
                    self._enter(step.below, step.marked.names[last], step.marked.texts[last])
            else:
                yield from self._single(level, step)

    def _single(self, level: _Level, pair: _Paired) -> Iterator[Found]:
        told, name, child = self._told, pair.row.seen.name, pair.row.seen.child
        entered = told.contents.folder(child) if child else None
        if entered is not None and pair.gap is None:
            pair = pair._replace(gap=_gap_of_folder(told, entered, pair.child))
        yield _settled(told, level.folder, bytes(self._prefix) + name, pair, entered)
        if child:
            text = None if level.text is None else as_text(name)
            self._enter(Below(child, pair.child), name, text, pair.gap)

    def _enter(self, below: Below, name: bytes, text: bytes | None, lost: GapKind | None = None) -> None:
        """Go down into a folder; ``lost`` when the recheck never got into it."""
        if name:
            self._prefix += name + b"/"
        if text:
            self._text += text + b"/"
        steps = self._steps(below, lost, as_lines=text is not None and below.first != ABOVE_ROOT)
        level = _Level(steps, below.first, len(self._prefix), None if text is None else len(self._text))
        self._levels.append(level)

    def _steps(self, below: Below, lost: GapKind | None, *, as_lines: bool) -> Iterator[_Paired | Run]:
        """Return the entries of one folder with what the recheck says."""
        told = self._told
        chunks = told.chunks(told.contents.folder(below.first).places)
        if lost is not None:
            return (_Paired(row, row.seen.stat, 0, lost) for row in merged_rows(chunks))
        again: list[Chunk] | None = None
        if told.recheck is not None:
            again = told.chunks(told.recheck.folder(below.again).places, again=True)
        if again is not None and not _same(chunks, again):
            return _compared(merged_rows(chunks), _merged_sightings(again))
        if as_lines and len(chunks) == 1:
            return self._runs(chunks[0], None if again is None else again[0])
        return _one_by_one(chunks, again or [])

    def _runs(self, chunk: Chunk, again: Chunk | None) -> Iterator[_Paired | Run]:
        """Yield the entries of a folder that held still: ordinary ones in runs, all others one by one."""
        marked = self._marked(chunk.block)
        settled, first = chunk.block.settled, iter(chunk.children)
        later = repeat(0) if again is None else iter(again.children)
        for start, stop in split(marked, chunk.first, chunk.stop):
            last, below = stop - 1, None
            if settled[last] == Kind.DIR:
                below = Below(next(first), next(later))
            if marked.is_odd(last) or (below is not None and not self._is_listed(below)):
                if start < last:
                    yield Run(marked, start, last, None)
                row = chunk.row(last, 0 if below is None else below.first)
                yield _Paired(row, row.seen.stat, 0 if below is None else below.again, None)
            else:
                yield Run(marked, start, stop, below)

    def _is_listed(self, below: Below) -> bool:
        """Whether a folder could be listed by both passes."""
        told = self._told
        return told.contents.is_listed(below.first) and (told.recheck is None or told.recheck.is_listed(below.again))


def _same(chunks: list[Chunk], again: list[Chunk]) -> bool:
    return len(chunks) == len(again) and all(one.same_as(two) for one, two in zip(chunks, again, strict=True))


def _one_by_one(chunks: list[Chunk], again: list[Chunk]) -> Iterator[_Paired]:
    """Yield the entries of a folder that held still; the numbers of folders in the recheck are others."""
    children = {
        (chunk.head.number, place): child
        for chunk in again
        for place, child in zip(chunk.entered(), chunk.children, strict=True)
    }
    for row in merged_rows(chunks):
        yield _Paired(row, row.seen.stat, children.get((row.seen.chunk, row.seen.place), 0), None)


def merged_rows(chunks: list[Chunk]) -> Iterator[Row]:
    """Yield the entries of the chunks of one folder in the order of their names."""
    if len(chunks) == 1:
        yield from chunks[0].rows()
        return
    merged = heapq.merge(*(chunk.rows(_WINDOW) for chunk in chunks), key=lambda row: row.seen.name)
    for _, group in groupby(merged, key=lambda row: row.seen.name):
        row, *doubles = group
        # A folder that changes while it is listed can show one name twice.
        yield row._replace(seen=row.seen._replace(status=Status.UNSTABLE, child=0)) if doubles else row


def _merged_sightings(chunks: list[Chunk]) -> Iterator[Sighting]:
    if len(chunks) == 1:
        return chunks[0].sightings()
    return heapq.merge(*(chunk.sightings(_WINDOW) for chunk in chunks), key=lambda seen: seen.name)


def _compared(rows: Iterator[Row], again: Iterator[Sighting]) -> Iterator[_Paired]:
    """Yield every name of either pass once."""
    row, later = next(rows, None), next(again, None)
    while row is not None or later is not None:
        if row is None or (later is not None and later.name < row.seen.name):
            assert later is not None
            yield _appeared(later)
            later = next(again, None)
        elif later is None or row.seen.name < later.name:
            yield _Paired(row, None, 0, GapKind.VANISHED)
            row = next(rows, None)
        else:
            yield _Paired(row, later.stat, later.child, _change(row.seen, later))
            row, later = next(rows, None), next(again, None)


def _change(first: Sighting, later: Sighting) -> GapKind | None:
    """Return what became of an entry between the two passes; ``None`` when it held still."""
    if later.status is Status.VANISHED and first.status is not Status.VANISHED:
        return GapKind.VANISHED
    return None if _held_still(first, later) else GapKind.UNSTABLE


def _held_still(first: Sighting, later: Sighting) -> bool:
    if first.status is Status.DEFERRED:
        return later.stat is not None  # compared with the stat at the end of its own reading
    if first.stat is None or later.stat is None:
        return first.stat is later.stat
    if first.kind is Kind.DIR is later.kind:
        # What is in a folder is compared name by name; its times and size say no more.
        return first.stat.inode == later.stat.inode and bool(first.child) == bool(later.child)
    return first.stat == later.stat


def _appeared(later: Sighting) -> _Paired:
    row = Row(later._replace(status=Status.UNSTABLE, child=0), None, b"", {})
    return _Paired(row, later.stat, 0, None)


def _gap_of_folder(told: Told, entered: Folder, second: int) -> GapKind | None:
    """Return the gap of a folder, and of all in it, that the second pass could not list as the first did."""
    if told.recheck is None:
        return None
    status = told.recheck.folder(second).status
    if status is entered.status:
        return None
    return GapKind.VANISHED if status is Status.VANISHED else GapKind.UNSTABLE


def _settled(told: Told, folder: int, path: bytes, pair: _Paired, entered: Folder | None) -> Found:
    row, seen = pair.row, pair.row.seen
    if seen.status is Status.IGNORED:
        return Found(path, seen.kind, seen.stat, row.host, b"", {}, None, b"", _counted(told, folder, row))
    status: Status = seen.status
    stat, digest, extras, gap = seen.stat, row.digest, row.extras, pair.gap
    if seen.status is Status.DEFERRED:
        result = told.results.file(folder, seen.chunk, seen.place)
        status, stat, digest, extras = result.status, result.stat, result.digest, result.extras
        if told.recheck is not None and gap is None and stat != pair.stat:
            gap = GapKind.UNSTABLE
    errno = extras.get(Extra.ERRNO, b"")
    if entered is not None and entered.status is not Status.OK:
        status, errno = entered.status, entered.errno
    gap = _GAPS.get(status, gap)
    carried = status is Status.CARRIED and gap is None
    return Found(path, seen.kind, stat, row.host, digest, extras, gap, errno, None, carried)


def _counted(told: Told, folder: int, row: Row) -> Counted:
    rule = parse_rule(row.extras.get(Extra.RULE, b""))
    if not rule.pending:
        return Counted(rule.number, rule.files, rule.bytes)
    tally = told.results.tally(folder, row.seen.chunk, row.seen.place)
    return Counted(rule.number, tally.files, tally.bytes)
