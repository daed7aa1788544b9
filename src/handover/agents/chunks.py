"""Chunks, parsed: up to 2,048 names of one folder as columns, decoded whole or a few rows at a time.

Layout, all numbers big-endian: head, errno name of the folder, ids of the folders to be entered, statuses; then the
*stable* columns (lengths of names, names, kinds, sizes, mtimes, ctimes, inodes); then, except in a recheck, devices,
modes, uids, gids, link counts, the digests of all files that were read, and attachments to single entries. When the
stable bytes of the recheck equal those of the first pass, nothing has changed and nothing needs decoding.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from operator import lt
from typing import NamedTuple, Protocol, Self

from handover.agents.frames import (
    ABOVE_ROOT,
    KINDS,
    NO_STAT,
    Extra,
    Kind,
    Stat,
    Status,
    broken,
    extras_from,
    parse_status,
)

_HEAD = struct.Struct(">QIIIBQBBI")
_LAST = 1
_MAX_NAMES = 2048
#: Bytes of one entry in the stable columns after its name: kind, size, mtime, ctime, inode.
_STABLE_WIDTH = 1 + 8 + 8 + 8 + 8
#: Bytes of one entry in the columns of the host: dev, mode, uid, gid, nlink.
_HOST_WIDTH = 8 + 4 + 4 + 4 + 4
#: From kinds to the statuses of a chunk of which no file was read and every folder was entered.
_ALL_CARRIED = bytes(Status.CARRIED if kind == Kind.FILE else Status.OK for kind in range(256))
_FORBIDDEN_NAMES = frozenset((b"", b".", b".."))


class Payload(Protocol):
    """The bytes of one chunk, in memory or in a file."""

    def __getitem__(self, part: slice, /) -> bytes: ...

    def __len__(self) -> int: ...


class Calm(NamedTuple):
    """A whole chunk of a first pass in which nothing is out of the ordinary, by columns.

    Every entry is a file that was read or a folder that was entered, and nothing is attached to any. ``digests`` has
    those of the files alone, one after the other. Or no file was read, because each was ``carried`` over.
    """

    number: int
    names: list[bytes]
    kinds: bytes
    sizes: tuple[int, ...]
    mtimes_ns: tuple[int, ...]
    ctimes_ns: tuple[int, ...]
    inodes: tuple[int, ...]
    devs: tuple[int, ...]
    modes: tuple[int, ...]
    uids: tuple[int, ...]
    gids: tuple[int, ...]
    nlinks: tuple[int, ...]
    children: array[int]
    digests: bytes
    carried: bool


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


@dataclass(frozen=True, slots=True)
class ChunkHead:
    """What the books are kept by while frames arrive."""

    folder: int
    number: int
    names: int
    last: bool
    total: int
    status: Status
    errno: bytes
    children: array[int]
    attached: int

    @classmethod
    def parse(cls, payload: Payload) -> Self:
        """Parse the start of a chunk."""
        raw = payload[0 : _HEAD.size]
        if len(raw) < _HEAD.size:
            raise broken("a chunk that is cut")
        folder, number, names, children, flags, total, status, why, attached = _HEAD.unpack(raw)
        if names > _MAX_NAMES or children > names or flags > _LAST:
            raise broken("a chunk that cannot be")
        at = _HEAD.size + why
        ids = array("Q", _column("Q", children, payload[at : at + 8 * children]))
        errno = payload[_HEAD.size : at]
        return cls(folder, number, names, bool(flags), total, parse_status(status), errno, ids, attached)

    @property
    def length(self) -> int:
        """Number of bytes before the statuses."""
        return _HEAD.size + len(self.errno) + 8 * len(self.children)


class Chunk:
    """One chunk of a folder."""

    def __init__(self, payload: Payload) -> None:
        self._payload = payload
        self.head = ChunkHead.parse(payload)
        n = self.head.names
        at = self.head.length
        self._statuses = payload[at : at + n]
        self._stable = at + n
        lengths = _column("H", n, payload[self._stable : self._stable + 2 * n])
        self._ends = array("I", accumulate(lengths, initial=0))
        self._names = self._stable + 2 * n
        self._columns = self._names + self._ends[-1]
        self._host = self._columns + _STABLE_WIDTH * n
        self._kinds = payload[self._columns : self._columns + n]
        if len(payload) < self._host or max(self._kinds, default=0) > Kind.SPECIAL:
            raise broken("a chunk that is cut")

    def stable_bytes(self) -> bytes:
        """Return what is the same in the recheck when nothing has changed."""
        return self._payload[self._stable : self._host]

    def entered(self) -> list[int]:
        """Return the indices of the folders that were entered, in the order of ``head.children``."""
        if not self.head.children:
            return []
        return [i for i, kind in enumerate(self._kinds) if kind == Kind.DIR and self._statuses[i] == Status.OK]

    def calm(self, digest_size: int) -> Calm | None:
        """Return the chunk by columns; ``None`` when anything in it needs a look of its own, errors included."""
        n = self.head.names
        files = self._kinds.count(Kind.FILE)
        start = self._host + _HOST_WIDTH * n
        carried = files > 0 and self._statuses == self._kinds.translate(_ALL_CARRIED)
        if carried:
            digest_size = 0
        fits = len(self._payload) == start + digest_size * files and len(self.head.children) == n - files
        ordinary = files + self._kinds.count(Kind.DIR) == n and (carried or not any(self._statuses))
        if self.head.attached or not fits or not ordinary or self.head.folder == ABOVE_ROOT or not n:
            return None
        blob = self._payload[self._names : self._columns]
        names = [blob[a:b] for a, b in pairwise(self._ends)]
        strange = b"/" in blob or b"\0" in blob or not _FORBIDDEN_NAMES.isdisjoint(names)
        if strange or not all(map(lt, names, islice(names, 1, None))):
            return None
        at, columns = self._columns + n, []
        for code in "QqqQQIIII":
            columns.append(self._part(code, at, 0, n))
            at += struct.calcsize(f">{code}") * n
        digests = self._payload[start : start + digest_size * files]
        sizes, mtimes, ctimes, inodes, devs, modes, uids, gids, nlinks = columns
        return Calm(
            self.head.number,
            names,
            self._kinds,
            sizes,
            mtimes,
            ctimes,
            inodes,
            devs,
            modes,
            uids,
            gids,
            nlinks,
            self.head.children,
            digests,
            carried,
        )

    def sightings(self, window: int = _MAX_NAMES) -> Iterator[Sighting]:
        """Yield the entries in the order of their names, decoding ``window`` of them at a time."""
        children = iter(self.head.children)
        last: bytes | None = None
        for start in range(0, self.head.names, window):
            for index, (name, status, kind, *stable) in enumerate(self._stable_window(start, window), start):
                if last is not None and name <= last:
                    raise broken("names that are out of order")
                last = name
                known = parse_status(status)
                stat = None if status & NO_STAT else Stat(kind, *stable)
                entered = known is Status.OK and kind == Kind.DIR
                child = next(children, 0) if entered else 0
                if entered and not child:
                    raise broken("a folder without a number")
                yield Sighting(self.head.number, index, name, known, KINDS[kind], stat, child)
        if next(children, None) is not None:
            raise broken("a number without its folder")

    def rows(self, digest_size: int, window: int = _MAX_NAMES) -> Iterator[Row]:
        """Yield the entries of a first pass in the order of their names, decoding ``window`` of them at a time."""
        n = self.head.names
        digests = self._host + _HOST_WIDTH * n
        end = len(self._payload) - self.head.attached
        extras = extras_from(self._payload[end : len(self._payload)], 0)
        waiting = next(extras, None)
        hosts: Iterator[HostColumns] = iter(())
        for seen in self.sightings(window):
            if seen.place % window == 0:
                hosts = self._host_window(seen.place, window)
            host = next(hosts)
            digest = b""
            if digest_size and seen.kind is Kind.FILE and seen.status is Status.OK:
                digest = self._payload[digests : digests + digest_size]
                digests += digest_size
            attached: dict[Extra, bytes] = {}
            while waiting is not None and waiting[0] == seen.place:
                attached[waiting[1]] = waiting[2]
                waiting = next(extras, None)
            yield Row(seen, host if seen.stat is not None else None, digest, attached)
        if digests != end or waiting is not None:
            raise broken("a chunk whose columns do not fit together")

    def _stable_window(self, start: int, window: int) -> Iterator[tuple[bytes, int, int, int, int, int, int]]:
        stop = min(start + window, self.head.names)
        first = self._ends[start]
        blob = self._payload[self._names + first : self._names + self._ends[stop]]
        names = [blob[self._ends[i] - first : self._ends[i + 1] - first] for i in range(start, stop)]
        # SECURITY: a name that is a path would let a far host put entries anywhere in the tree.
        strange = b"/" in blob or b"\0" in blob or not _FORBIDDEN_NAMES.isdisjoint(names)
        if strange and (self.head.folder != ABOVE_ROOT or names != [b""]):
            raise broken("a name that no file can have")
        at = self._columns + self.head.names
        columns = []
        for code in "QqqQ":
            columns.append(self._part(code, at, start, stop))
            at += 8 * self.head.names
        return zip(names, self._statuses[start:stop], self._kinds[start:stop], *columns, strict=True)

    def _host_window(self, start: int, window: int) -> Iterator[HostColumns]:
        stop = min(start + window, self.head.names)
        at = self._host
        columns = []
        for code in "QIIII":
            columns.append(self._part(code, at, start, stop))
            at += struct.calcsize(f">{code}") * self.head.names
        return map(HostColumns._make, zip(*columns, strict=True))

    def _part(self, code: str, at: int, start: int, stop: int) -> tuple[int, ...]:
        width = struct.calcsize(f">{code}")
        return _column(code, stop - start, self._payload[at + width * start : at + width * stop])


def _column(code: str, count: int, raw: bytes) -> tuple[int, ...]:
    try:
        return struct.unpack(f">{count}{code}", raw)
    except struct.error as error:
        raise broken("a chunk that is cut") from error
