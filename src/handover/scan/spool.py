"""What an agent told, kept in a file as it came, and the books that say whether all of it has come.

The spool begins with a magic of its own and the header of the scan, then it holds frames as they were received: it is
never mistaken for a manifest.
In memory there are eight bytes for each folder, and little more for the few folders and files that came in pieces.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import BinaryIO, NamedTuple, Self

from handover import strict_json
from handover.agents import frames
from handover.agents.blocks import MAX_CHUNKS, Block, BlockHead, ChunkHead, Payload
from handover.agents.chunks import Chunk
from handover.agents.frames import (
    ABOVE_ROOT,
    FIRST_FOLDER,
    FRAME,
    FileResult,
    FrameType,
    Owners,
    RawFrame,
    Status,
    TallyResult,
    broken,
    parse_status,
)
from handover.manifest import Header

#: What a spool begins with; the header follows, in a line of its own.
MAGIC = b"handover-spool 1\n"

_UNKNOWN = 0
_ANNOUNCED = 1
_IN_PIECES = 2
#: So many blocks are kept decoded for each pass: folders that follow one another mostly are in the same few.
_DECODED = 2


class Spool:
    """Frames in a file that was opened for reading and writing and has ``length`` bytes; ``begin`` makes one."""

    def __init__(self, stream: BinaryIO, length: int) -> None:
        self._stream = stream
        self._length = length

    @classmethod
    def begin(cls, stream: BinaryIO, header: Header) -> Self:
        """Begin a spool in an empty file."""
        start = MAGIC + strict_json.encode(header) + b"\n"
        stream.write(start)
        return cls(stream, len(start))

    def append(self, raw: bytes) -> int:
        """Write one frame and return its offset."""
        offset = self._length
        self._stream.write(raw)
        self._length += len(raw)
        return offset

    def payload(self, offset: int) -> bytes:
        """Read the payload of the frame at this offset."""
        start, length = self._place(offset)
        return self._read(start, length)

    def window(self, offset: int) -> Payload:
        """Return the payload of the frame at this offset as something that is read only where it is looked at."""
        return _Window(self, *self._place(offset))

    def _place(self, offset: int) -> tuple[int, int]:
        _, _, _, length = FRAME.unpack(self._read(offset, FRAME.size))
        return offset + FRAME.size, length

    def _read(self, offset: int, length: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(length)


class _Window:
    """A payload that stays in the file."""

    def __init__(self, spool: Spool, start: int, length: int) -> None:
        self._spool = spool
        self._start = start
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, part: slice, /) -> bytes:
        start, stop, _ = part.indices(self._length)
        return self._spool._read(self._start + start, max(0, stop - start))


@dataclass(slots=True)
class _Pieces:
    """A folder whose names come in several chunks; ``total`` and ``chunks`` are known from the last one on."""

    places: dict[int, int] = field(default_factory=dict)
    names: int = 0
    total: int | None = None
    chunks: int | None = None
    status: Status = Status.OK
    errno: bytes = b""

    def is_complete(self) -> bool:
        """Whether every chunk and every name has come."""
        return self.chunks == len(self.places) and self.total == self.names


class Folder(NamedTuple):
    """Where the chunks of one folder are, and whether the folder itself could be listed.

    A *place* is the offset of a block in the spool times the chunks that a block can have, plus the number of the chunk
    in it.
    """

    places: tuple[int, ...]
    status: Status
    errno: bytes


class PassBook:
    """The folders of one pass over the tree: each is announced, then told completely, and nothing else comes.

    ``workers`` bounds the numbers that folders can have, so that a hostile number cannot fill our memory.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._places = array("Q", bytes(8 * FIRST_FOLDER))
        self._places[ABOVE_ROOT] = _ANNOUNCED
        self._pieces: dict[int, _Pieces] = {}
        self._announced = 1
        self._open = 1

    @property
    def finished(self) -> bool:
        """Whether every folder that was announced has come whole."""
        return self._open == 0

    def take(self, head: BlockHead, offset: int) -> None:
        """Enter the chunks of one block; ``RemoteError`` when one does not belong where it claims to."""
        children = iter(head.children)
        for number, chunk in enumerate(head.chunks):
            state = self._places[chunk.folder] if chunk.folder < len(self._places) else _UNKNOWN
            if state == _UNKNOWN:
                raise broken("a folder that nothing announced")
            if state > _IN_PIECES:
                raise broken("a folder that came twice")
            for child in islice(children, chunk.children):
                self._announce(child)
            place = offset * MAX_CHUNKS + number
            is_whole = chunk.last and chunk.number == 0 and chunk.total == chunk.names
            if is_whole and chunk.status == Status.OK and state == _ANNOUNCED:
                self._places[chunk.folder] = place
                self._open -= 1
            else:
                self._take_piece(chunk, head.errno(number), place)

    def folder(self, number: int) -> Folder:
        """Return where the chunks of a folder are."""
        place = self._places[number]
        if place > _IN_PIECES:
            return Folder((place,), Status.OK, b"")
        pieces = self._pieces[number]
        return Folder(tuple(pieces.places[i] for i in sorted(pieces.places)), pieces.status, pieces.errno)

    def is_listed(self, number: int) -> bool:
        """Whether a folder could be listed."""
        return self._places[number] > _IN_PIECES or self._pieces[number].status is Status.OK

    def told_of(self, number: int) -> tuple[int, ...]:
        """Return where those chunks of a folder are that have come; for a pass that was cut off."""
        return () if self._places[number] == _ANNOUNCED else self.folder(number).places

    def _announce(self, child: int) -> None:
        self._announced += 1
        if child >= FIRST_FOLDER + self._workers * self._announced:
            raise broken("a folder with an impossible number")
        if child >= len(self._places):
            self._places.frombytes(bytes(8 * (child + 1 - len(self._places))))
        if self._places[child] != _UNKNOWN:
            raise broken("a folder that was announced twice")
        self._places[child] = _ANNOUNCED
        self._open += 1

    def _take_piece(self, chunk: ChunkHead, errno: bytes, place: int) -> None:
        self._places[chunk.folder] = _IN_PIECES
        pieces = self._pieces.setdefault(chunk.folder, _Pieces())
        if pieces.is_complete() or chunk.number in pieces.places:
            raise broken("a part of a folder that came twice")
        pieces.places[chunk.number] = place
        pieces.names += chunk.names
        if chunk.last:
            if pieces.total is not None:
                raise broken("a folder with two ends")
            pieces.total, pieces.chunks = chunk.total, chunk.number + 1
            pieces.status, pieces.errno = parse_status(chunk.status), errno
        if pieces.is_complete():
            self._open -= 1


class Results:
    """What came later for single entries: digests of big files, and counts below ignored folders."""

    def __init__(self, spool: Spool, digest_size: int) -> None:
        self._spool = spool
        self._digest_size = digest_size
        self._offsets: dict[tuple[int, int], dict[int, int]] = {}
        self._waiting = 0

    @property
    def used_up(self) -> bool:
        """Whether every result has been asked for."""
        return self._waiting == 0

    def take(self, result: FileResult | TallyResult, offset: int) -> None:
        """Enter one result."""
        places = self._offsets.setdefault((result.folder, result.chunk), {})
        if result.index in places:
            raise broken("a file that came twice")
        places[result.index] = offset
        self._waiting += 1

    def file(self, folder: int, chunk: int, index: int) -> FileResult:
        """Return the result for a file that its chunk left open."""
        return frames.parse_file(self._find(folder, chunk, index), self._digest_size)

    def has(self, folder: int, chunk: int, index: int) -> bool:
        """Whether the result for a file has come."""
        return index in self._offsets.get((folder, chunk), {})

    def tally(self, folder: int, chunk: int, index: int) -> TallyResult:
        """Return the counts for an ignored folder."""
        return frames.parse_tally(self._find(folder, chunk, index))

    def _find(self, folder: int, chunk: int, index: int) -> bytes:
        offset = self._offsets.get((folder, chunk), {}).pop(index, None)
        if offset is None:
            raise broken("a file of which nothing was told")
        self._waiting -= 1
        return self._spool.payload(offset)


class Told:
    """Everything that one agent told: ``take`` each frame, then ``check_complete`` before anything is believed."""

    def __init__(self, spool: Spool, *, workers: int, digest_size: int, recheck: bool) -> None:
        self.spool = spool
        self.digest_size = digest_size
        self.contents = PassBook(workers)
        self.recheck = PassBook(workers) if recheck else None
        self.results = Results(self.spool, digest_size)
        self.owners: Owners | None = None
        self._block = lru_cache(_DECODED)(partial(_decoded, spool, digest_size))
        self._block_again = lru_cache(_DECODED)(partial(_decoded, spool, None))

    def take(self, frame: RawFrame) -> None:
        """Keep one frame and enter it in the books."""
        self.enter(frame, self.spool.append(frame.raw))

    def enter(self, frame: RawFrame, offset: int) -> None:
        """Enter one frame that is in the spool already."""
        match frame.type:
            case FrameType.CHUNK:
                self.contents.take(BlockHead.parse(frame.payload), offset)
            case FrameType.RECHECK if self.recheck is not None:
                self.recheck.take(BlockHead.parse(frame.payload), offset)
            case FrameType.FILE:
                self.results.take(frames.parse_file(frame.payload, self.digest_size), offset)
            case FrameType.TALLY:
                self.results.take(frames.parse_tally(frame.payload), offset)
            case FrameType.OWNERS if self.owners is None:
                self.owners = frames.parse_json(Owners, frame.payload)
            case _:
                raise broken("a frame that has no place here")

    def check_complete(self) -> Owners:
        """Return the names of owners; ``RemoteError`` when a folder that was announced has not come whole."""
        if not self.contents.finished or (self.recheck is not None and not self.recheck.finished):
            raise broken("a folder is missing")
        if self.owners is None:
            raise broken("the owners are missing")
        return self.owners

    def chunks(self, places: tuple[int, ...], *, again: bool = False) -> list[Chunk]:
        """Return the chunks of one folder, with ``again`` of the recheck; several stay in the file."""
        if len(places) == 1:
            offset, number = divmod(places[0], MAX_CHUNKS)
            return [Chunk(self._block_again(offset) if again else self._block(offset), number)]
        size = None if again else self.digest_size
        found = []
        for place in places:
            offset, number = divmod(place, MAX_CHUNKS)
            found.append(Chunk(Block(self.spool.window(offset), size), number))
        return found


def _decoded(spool: Spool, digest_size: int | None, offset: int) -> Block:
    return Block(spool.payload(offset), digest_size, offset)
