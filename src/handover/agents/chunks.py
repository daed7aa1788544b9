"""Chunks: the names of one folder that are in one block, row by row, decoded whole or a few rows at a time."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import NamedTuple

from handover.agents.blocks import HOST, MAX_NAMES, STABLE, Block, ChunkHead
from handover.agents.frames import KINDS, NO_STAT, Extra, Kind, Stat, Status, broken, parse_status

#: From kinds to whether a folder was entered.
_ENTERED = bytes(kind == Kind.DIR for kind in range(256))


class HostColumns(NamedTuple):
    """What only the host itself says of an entry."""

    dev: int
    mode: int
    uid: int
    gid: int
    nlink: int


class Sighting(NamedTuple):
    """One entry as a pass over the tree saw it; ``child`` is the folder below it, 0 when none was entered.

    ``chunk`` and ``place`` in it are how later frames name the entry.
    """

    chunk: int
    place: int
    name: bytes
    status: Status
    kind: Kind
    stat: Stat | None
    child: int


class Row(NamedTuple):
    """One entry of the first pass with all that was learned of it."""

    seen: Sighting
    host: HostColumns | None
    digest: bytes
    extras: dict[Extra, bytes]


class Chunk(NamedTuple):
    """The chunk at this ``place`` of a block."""

    block: Block
    place: int

    @property
    def head(self) -> ChunkHead:
        """What the books are kept by."""
        return self.block.head.chunks[self.place]

    @property
    def first(self) -> int:
        """Place in the block of the first entry."""
        return self.block.firsts[self.place]

    @property
    def stop(self) -> int:
        """Place in the block after the last entry."""
        return self.block.firsts[self.place + 1]

    @property
    def children(self) -> array[int]:
        """Numbers of the folders that were entered, in the order of their names."""
        before = self.block.children_before
        return self.block.head.children[before[self.place] : before[self.place + 1]]

    def entered(self) -> list[int]:
        """Return the places in the chunk of the folders that were entered, in the order of ``children``."""
        settled = self.block.settled[self.first : self.stop]
        return [place for place, kind in enumerate(settled) if kind == Kind.DIR]

    def same_as(self, again: Chunk) -> bool:
        """Return whether the recheck told the same of it."""
        here, first, stop = self.block, self.first, self.stop
        there, start, end = again.block, again.first, again.stop
        return here.stable_bytes(first, stop) == there.stable_bytes(start, end) and here.settled[first:stop].translate(
            _ENTERED
        ) == there.settled[start:end].translate(_ENTERED)

    def sightings(self, window: int = MAX_NAMES) -> Iterator[Sighting]:
        """Yield the entries in the order of their names, decoding ``window`` of them at a time."""
        block, number = self.block, self.head.number
        children = iter(self.children)
        last: bytes | None = None
        for start in range(self.first, self.stop, window):
            part = slice(start, min(start + window, self.stop))
            names = block.names_of(part.start, part.stop)
            stable = [block.column(column, part.start, part.stop) for column in STABLE]
            rows = zip(names, block.statuses[part], block.kinds[part], *stable, strict=True)
            for place, (name, status, kind, *facts) in enumerate(rows, start - self.first):
                if last is not None and name <= last:
                    raise broken("names that are out of order")
                last = name
                known = parse_status(status)
                stat = None if status & NO_STAT else Stat(kind, *facts)
                child = next(children) if known is Status.OK and kind == Kind.DIR else 0
                yield Sighting(number, place, name, known, KINDS[kind], stat, child)

    def rows(self, window: int = MAX_NAMES) -> Iterator[Row]:
        """Yield the entries of a first pass in the order of their names, decoding ``window`` of them at a time."""
        hosts: Iterator[HostColumns] = iter(())
        for seen in self.sightings(window):
            at = self.first + seen.place
            if seen.place % window == 0:
                hosts = self._hosts(at, min(at + window, self.stop))
            host = next(hosts)
            digest = self.block.digests(at, at + 1)
            yield Row(seen, host if seen.stat is not None else None, digest, self.block.extras.get(at, {}))

    def row(self, at: int, child: int) -> Row:
        """Return one entry by its place in the block, whose names were looked at; ``child`` as in ``Sighting``."""
        block, number = self.block, self.head.number
        status, kind = block.statuses[at], block.kinds[at]
        stat = None if status & NO_STAT else Stat(kind, *[block.column(column, at, at + 1)[0] for column in STABLE])
        seen = Sighting(number, at - self.first, block.names[at], parse_status(status), KINDS[kind], stat, child)
        host = next(self._hosts(at, at + 1)) if stat is not None else None
        return Row(seen, host, block.digests(at, at + 1), block.extras.get(at, {}))

    def _hosts(self, start: int, stop: int) -> Iterator[HostColumns]:
        columns = [self.block.column(column, start, stop) for column in HOST]
        return map(HostColumns._make, zip(*columns, strict=True))
