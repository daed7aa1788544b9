"""Blocks, parsed: the chunks of folders that an agent went through one after the other, in one frame, as columns.

Layout, all numbers big-endian: head, one head for each chunk, errno names of folders, ids of the folders to be entered,
statuses; then the *stable* columns (lengths of names, names, kinds, sizes, mtimes, ctimes, inodes); then, except in a
recheck, devices, modes, uids, gids, link counts, the digests of all files that were read, and attachments to single
entries. Every column has the entries of all chunks, one chunk after the other. A ``BlockHead`` is enough to keep the
books while frames arrive.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from itertools import accumulate, islice, pairwise
from operator import lt
from typing import NamedTuple, Protocol, Self

from handover.agents.frames import ABOVE_ROOT, NO_STAT, Extra, Kind, Status, broken, extras_from, parse_status

_HEAD = struct.Struct(">IIIII")
_CHUNK = struct.Struct(">QIIIBQBB")
_LAST = 1
#: More than this a block holds neither of names nor of chunks.
MAX_NAMES = MAX_CHUNKS = 2048
_FORBIDDEN_NAMES = frozenset((b"", b".", b".."))


class Column(IntEnum):
    """The numbers that there are of each entry, in their order; up to the inodes they are stable columns."""

    SIZE = 0
    MTIME_NS = 1
    CTIME_NS = 2
    INODE = 3
    DEV = 4
    MODE = 5
    UID = 6
    GID = 7
    NLINK = 8


STABLE = (Column.SIZE, Column.MTIME_NS, Column.CTIME_NS, Column.INODE)
HOST = (Column.DEV, Column.MODE, Column.UID, Column.GID, Column.NLINK)
#: How a number is packed, and in how many bytes.
_CODES = tuple((code, struct.calcsize(f">{code}")) for code in "QqqQQIIII")


class Payload(Protocol):
    """The bytes of one block, in memory or in a file."""

    def __getitem__(self, part: slice, /) -> bytes: ...

    def __len__(self) -> int: ...


class ChunkHead(NamedTuple):
    """What the books are kept by: whose names these are, how many, and how many folders below are announced.

    ``last``: it has this flag, then ``total`` names are in the folder, and ``status`` is that of the folder itself.
    """

    folder: int
    number: int
    names: int
    children: int
    last: int
    total: int
    status: int
    errno_length: int


class BlockHead(NamedTuple):
    """The start of a block; ``children`` and ``errnos`` are those of all its chunks, one after the other."""

    chunks: list[ChunkHead]
    names: int
    children: array[int]
    errnos: bytes
    attached: int
    #: Number of bytes before the statuses.
    length: int

    @classmethod
    def parse(cls, payload: Payload) -> Self:
        """Parse the start of a block."""
        raw = payload[0 : _HEAD.size]
        if len(raw) < _HEAD.size:
            raise broken("a block that is cut")
        count, names, children, errnos, attached = _HEAD.unpack(raw)
        # SECURITY: the limits come before anything is kept, so that no count can fill our memory.
        if not 0 < count <= MAX_CHUNKS or names > MAX_NAMES or children > names:
            raise broken("a block that cannot be")
        at = _HEAD.size + _CHUNK.size * count
        raw = payload[_HEAD.size : at]
        if len(raw) < _CHUNK.size * count:
            raise broken("a block that is cut")
        chunks = [ChunkHead._make(fields) for fields in _CHUNK.iter_unpack(raw)]
        _, _, all_names, all_children, flags, _, statuses, all_errnos = zip(*chunks, strict=True)
        if (sum(all_names), sum(all_children), sum(all_errnos)) != (names, children, errnos) or max(flags) > _LAST:
            raise broken("a block that cannot be")
        parse_status(max(statuses))
        ids = array("Q", numbers("Q", children, payload[at + errnos : at + errnos + 8 * children]))
        return cls(chunks, names, ids, payload[at : at + errnos], attached, at + errnos + 8 * children)

    def errno(self, place: int) -> bytes:
        """Return the errno name of the folder of one chunk."""
        start = sum(chunk.errno_length for chunk in self.chunks[:place])
        return self.errnos[start : start + self.chunks[place].errno_length]


class Block:
    """A block with its columns, decoded when they are asked for.

    ``firsts`` has the place of the first entry of each chunk, and one more; ``children_before`` counts in the same way
    the folders that are entered. ``settled`` has the kinds of entries with status OK, and 0 for all others.
    """

    def __init__(self, payload: Payload, digest_size: int | None, offset: int = 0) -> None:
        """``digest_size``: of the digests of files that were read; ``None`` for a block of a recheck.

        ``offset`` is where the block was found, and tells it from others.
        """
        self.offset = offset
        self._payload = payload
        self.digest_size = digest_size
        self.head = head = BlockHead.parse(payload)
        n, at = head.names, head.length
        self.statuses = payload[at : at + n]
        lengths = numbers("H", n, payload[at + n : at + 3 * n])
        self._ends = array("I", accumulate(lengths, initial=0))
        self._lengths, self._names = at + n, at + 3 * n
        kinds = self._names + self._ends[-1]
        self.kinds = payload[kinds : kinds + n]
        #: Where each column begins, and the end of the last.
        self._at = tuple(accumulate((width * n for _, width in _CODES), initial=kinds + n))
        stable = self._at[Column.DEV]
        if len(payload) < stable or max(self.kinds, default=0) > Kind.SPECIAL:
            raise broken("a block that is cut")
        self.settled = self.kinds if self.statuses.count(Status.OK) == n else self._settled()
        self.firsts = array("I", accumulate((chunk.names for chunk in head.chunks), initial=0))
        self.children_before = array("I", accumulate((chunk.children for chunk in head.chunks), initial=0))
        self._check_children()
        self._digests = stable if digest_size is None else self._at[-1]
        self._end = self._digests + (digest_size or 0) * self.settled.count(Kind.FILE)
        if len(payload) != self._end + head.attached:
            raise broken("a block whose columns do not fit together")

    @cached_property
    def names(self) -> list[bytes]:
        """All names; ``RemoteError`` when one cannot be a name, or those of a chunk are out of order."""
        found = self.names_of(0, self.head.names)
        rises = bytes(map(lt, found, islice(found, 1, None)))
        fall = rises.find(0)
        while fall >= 0:
            if fall + 1 not in self._starts:
                raise broken("names that are out of order")
            fall = rises.find(0, fall + 1)
        return found

    def names_of(self, start: int, stop: int) -> list[bytes]:
        """Return some of the names; ``RemoteError`` when one of them cannot be a name."""
        first = self._ends[start]
        blob = self._payload[self._names + first : self._names + self._ends[stop]]
        names = [blob[a - first : b - first] for a, b in pairwise(self._ends[start : stop + 1])]
        # SECURITY: a name that is a path would let a far host put entries anywhere in the tree.
        strange = b"/" in blob or b"\0" in blob or not _FORBIDDEN_NAMES.isdisjoint(names)
        if strange and (names != [b""] or [chunk.folder for chunk in self.head.chunks] != [ABOVE_ROOT]):
            raise broken("a name that no file can have")
        return names

    def column(self, column: Column, start: int, stop: int) -> tuple[int, ...]:
        """Return one number of some entries."""
        at, (code, width) = self._at[column], _CODES[column]
        return numbers(code, stop - start, self._payload[at + width * start : at + width * stop])

    def stable_bytes(self, start: int, stop: int) -> tuple[bytes, ...]:
        """Return what is the same in the recheck when nothing has changed."""
        payload, lengths, names, ends = self._payload, self._lengths, self._names, self._ends
        size, mtime, ctime, inode = self._at[: Column.DEV]
        first, end = 8 * start, 8 * stop
        return (
            payload[lengths + 2 * start : lengths + 2 * stop],
            payload[names + ends[start] : names + ends[stop]],
            self.kinds[start:stop],
            payload[size + first : size + end],
            payload[mtime + first : mtime + end],
            payload[ctime + first : ctime + end],
            payload[inode + first : inode + end],
        )

    def digests(self, start: int, stop: int) -> bytes:
        """Return the digests of those of some entries that are files and were read, one after the other."""
        size = self.digest_size or 0
        at = self._digests + size * self.settled.count(Kind.FILE, 0, start)
        return self._payload[at : at + size * self.settled.count(Kind.FILE, start, stop)]

    @cached_property
    def extras(self) -> dict[int, dict[Extra, bytes]]:
        """What is attached to entries, by their places."""
        found: dict[int, dict[Extra, bytes]] = {}
        last = 0
        for place, tag, data in self._attached():
            if not last <= place < self.head.names:
                raise broken("a block whose columns do not fit together")
            found.setdefault(place, {})[tag] = data
            last = place
        return found

    def _attached(self) -> Iterator[tuple[int, Extra, bytes]]:
        return extras_from(self._payload[self._end : len(self._payload)], 0)

    @cached_property
    def _starts(self) -> frozenset[int]:
        return frozenset(self.firsts)

    def _settled(self) -> bytes:
        if Status.OK | NO_STAT in self.statuses:
            raise broken("an entry that is well and was not looked at")
        pairs = zip(self.kinds, self.statuses, strict=True)
        return bytes([Kind.UNKNOWN if status else kind for kind, status in pairs])

    def _check_children(self) -> None:
        """Make sure that each folder that is entered has a number, and no other entry."""
        for chunk, (first, following) in zip(self.head.chunks, pairwise(self.firsts), strict=True):
            if self.settled.count(Kind.DIR, first, following) != chunk.children:
                raise broken("a folder without a number, or a number without its folder,")


def numbers(code: str, count: int, raw: bytes) -> tuple[int, ...]:
    """Return a column of numbers."""
    try:
        return struct.unpack(f">{count}{code}", raw)
    except struct.error as error:
        raise broken("a block that is cut") from error
