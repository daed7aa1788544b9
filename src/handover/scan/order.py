"""What an agent told in any order, as entries in the order of a manifest, with both passes weighed together.

Folders are walked depth first from the spool, names in the order of their bytes; at any time one window of rows is in
memory for each level. Where the recheck has the same bytes as the first pass nothing is decoded twice; where it has
not, each name is compared, and what changed, went or came meanwhile becomes a gap.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from handover.agents.chunks import Chunk, HostColumns, Row, Sighting
from handover.agents.frames import ABOVE_ROOT, Extra, Kind, Stat, Status, broken, parse_rule
from handover.entries import GapKind
from handover.manifest_lines import names_are_plain
from handover.scan.runs import Run, split
from handover.scan.spool import Folder, PassBook, Told

#: Rows that are decoded at a time of each chunk of a folder that came in several.
_WINDOW = 64

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
    """A run of files below the folder whose path with its slash is ``prefix``."""

    prefix: bytes
    run: Run


class _Level(NamedTuple):
    """A folder that is being walked: what is still to come, and how long the path before its names is.

    ``plain``: the path before its names stands in JSON for itself, so that its files can be written in runs.
    """

    pairs: Iterator[_Paired | Run]
    folder: int
    prefix: int
    plain: bool


def in_order(told: Told) -> Iterator[Found | FoundRun]:
    """Yield every entry, the root first; ``RemoteError`` when what was told does not fit together."""
    prefix = bytearray()
    levels = [_Level(_pairs(told, ABOVE_ROOT, ABOVE_ROOT, None, plain=False), ABOVE_ROOT, 0, plain=True)]
    while levels:
        level = levels[-1]
        del prefix[level.prefix :]
        pair = next(level.pairs, None)
        if pair is None:
            levels.pop()
            continue
        if isinstance(pair, Run):
            yield FoundRun(bytes(prefix), pair)
            continue
        name, child = pair.row.seen.name, pair.row.seen.child
        path = bytes(prefix) + name
        entered = told.contents.folder(child) if child else None
        if entered is not None and pair.gap is None:
            pair = pair._replace(gap=_gap_of_folder(told, entered, pair.child))
        yield _settled(told, level.folder, path, pair, entered)
        if child:
            if path:
                prefix += name + b"/"
            plain = level.plain and (not path or names_are_plain([name]))
            pairs = _pairs(told, child, pair.child, pair.gap, plain=plain)
            levels.append(_Level(pairs, child, len(prefix), plain))
    if not told.results.used_up:
        raise broken("a file that is in no folder")


def _pairs(told: Told, first: int, second: int, lost: GapKind | None, *, plain: bool) -> Iterator[_Paired | Run]:
    """Yield the entries of one folder with what the recheck says; ``lost`` when it never got into the folder."""
    chunks = _chunks(told, told.contents, first)
    if lost is not None:
        for row in merged_rows(chunks, told.digest_size):
            yield _Paired(row, row.seen.stat, 0, lost)
        return
    if told.recheck is None:
        for found in _runs(chunks, told.digest_size, plain=plain):
            yield found if isinstance(found, Run) else _Paired(found, found.seen.stat, 0, None)
        return
    again = _chunks(told, told.recheck, second)
    if _same(chunks, again):
        children = {
            (chunk.head.number, index): child
            for chunk in again
            for index, child in zip(chunk.entered(), chunk.head.children, strict=True)
        }
        for found in _runs(chunks, told.digest_size, plain=plain):
            if isinstance(found, Run):
                yield found
            else:
                child = children.get((found.seen.chunk, found.seen.place), 0)
                yield _Paired(found, found.seen.stat, child, None)
    else:
        yield from _compared(merged_rows(chunks, told.digest_size), _merged_sightings(again))


def _chunks(told: Told, book: PassBook, number: int) -> list[Chunk]:
    return chunks_at(told, book.folder(number).offsets)


def chunks_at(told: Told, offsets: tuple[int, ...]) -> list[Chunk]:
    """Return the chunks of one folder; when there are several, they stay in the file."""
    if len(offsets) == 1:
        return [Chunk(told.spool.payload(offsets[0]))]
    return [Chunk(told.spool.window(offset)) for offset in offsets]


def _same(chunks: list[Chunk], again: list[Chunk]) -> bool:
    return len(chunks) == len(again) and all(
        one.stable_bytes() == two.stable_bytes() and one.entered() == two.entered()
        for one, two in zip(chunks, again, strict=True)
    )


def _runs(chunks: list[Chunk], digest_size: int, *, plain: bool) -> Iterator[Run | Row]:
    """Yield the entries of a folder that held still: ordinary files in runs, all others one by one."""
    calm = chunks[0].calm(digest_size) if plain and len(chunks) == 1 else None
    found = None if calm is None else split(calm)
    return found if found is not None else merged_rows(chunks, digest_size)


def merged_rows(chunks: list[Chunk], digest_size: int) -> Iterator[Row]:
    """Yield the entries of the chunks of one folder in the order of their names."""
    if len(chunks) == 1:
        yield from chunks[0].rows(digest_size)
        return
    merged = heapq.merge(*(chunk.rows(digest_size, _WINDOW) for chunk in chunks), key=lambda row: row.seen.name)
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
