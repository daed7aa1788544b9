"""What the agent sends, parsed: every length, number and order is checked, and any surprise is a ``RemoteError``.

The layouts are those of ``agents/agent.py``; specification: ``docs/spec/agent-protocol.md``. Columns are decoded only
when they are needed: ``ChunkHead`` is enough to keep the books while frames arrive.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple, TypeVar

import msgspec

from handover.entries import Decimal
from handover.errors import RemoteError
from handover.strict_json import Count, Hex256, Whole, prepare

T = TypeVar("T")

PROTOCOL = 2
GREETING = b"\x01handover-agent "
MAX_NOISE = 64 * 1024
MAX_GREETING = 128
MAX_PAYLOAD = 16 * 2**20
FRAME = struct.Struct(">BBII")
_MAGIC = 0xF7

_FILE = struct.Struct(">QIIBQqqQ")
_TALLY = struct.Struct(">QIIQQ")
_BEAT = struct.Struct(">BQQQQ")
_PACKED = struct.Struct(">I")
_EXTRA = struct.Struct(">IBI")
_RULE = struct.Struct(">IBQQ")
_HIDDEN = struct.Struct(">IQQ")
#: Added to a status when no stat was possible: the entry's columns are zeros.
NO_STAT = 0x80

#: The folder that holds nothing but the root, under an empty name; and the root.
ABOVE_ROOT = 0
ROOT = 1
FIRST_FOLDER = 2


class FrameType(IntEnum):
    """What a frame is."""

    HELLO = 1
    CHUNK = 2
    FILE = 3
    TALLY = 4
    RECHECK = 5
    BEAT = 6
    OWNERS = 7
    END = 8
    ERROR = 9
    PACKED = 10
    LISTING = 11
    ANSWER = 12


class Kind(IntEnum):
    """What an object is, as far as its host told."""

    UNKNOWN = 0
    FILE = 1
    DIR = 2
    LINK = 3
    SPECIAL = 4


class Status(IntEnum):
    """What is known of an entry; ``DEFERRED`` until the frame of its file has come.

    ``CARRIED``: a file that is as the near side said that it knows it, and that was not read.
    """

    OK = 0
    UNREADABLE = 1
    UNSTABLE = 2
    VANISHED = 3
    UNSUPPORTED = 4
    BOUNDARY = 5
    IGNORED = 6
    DEFERRED = 7
    CARRIED = 8


# A look-up is a tenth of the price of calling the enumeration, and this is done for every entry.
_STATUSES = tuple(Status)
KINDS = tuple(Kind)


class Extra(IntEnum):
    """What can be attached to an entry."""

    TARGET = 1
    ERRNO = 2
    TEXT_DIGEST = 3
    PREFIXES = 4
    RULE = 5
    AFTER = 6


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """First frame: the host, the account and what the agent was able to set up."""

    boot_sha256: Hex256 | None
    clock_ns: Decimal
    cpus: Count | None
    interpreter: str
    limits: tuple[str, ...]
    machine_sha256: Hex256 | None
    niceness: Whole
    nonce: str
    os: str
    root: str
    root_dev: Decimal | None
    root_inode: Decimal | None
    uid: Count
    user: str | None
    workers: Count


class Owners(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of the users and groups that own anything, by number; ``None`` for a number without a name."""

    groups: dict[str, str | None]
    users: dict[str, str | None]


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Last frame: the number of frames of each type before it, and the digest of all bytes before it on the wire.

    ``workers``: how many there were in the end.
    """

    frames: dict[str, int]
    nonce: str
    sha256: str
    workers: Count


class Trouble(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why the agent gives up."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Beat:
    """Sign of life, at least every second, with how far the pass over the tree is."""

    recheck: bool
    files: int
    bytes: int
    folders_done: int
    folders_known: int


class Stat(NamedTuple):
    """What does not change while a file holds still, for one entry."""

    kind: int
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of a big file that its chunk left open."""

    folder: int
    chunk: int
    index: int
    status: Status
    stat: Stat | None
    digest: bytes
    extras: dict[Extra, bytes]


@dataclass(frozen=True, slots=True)
class TallyResult:
    """How many files and bytes were counted below an ignored folder."""

    folder: int
    chunk: int
    index: int
    files: int
    bytes: int


class Rule(NamedTuple):
    """Which ignore rule an entry falls under; ``pending`` when a tally of the folder follows."""

    number: int
    pending: bool
    files: int
    bytes: int


class HiddenPart(NamedTuple):
    """What one rule that keeps proof hid: the number of the rule, how often, and how many bytes stood there."""

    rule: int
    times: int
    bytes: int


class SecondDigest(NamedTuple):
    """What rules that keep proof make of a file; when there is a ``doubt``, its number, there is nothing else."""

    doubt: int
    digest: bytes
    hidden: tuple[HiddenPart, ...]


class RawFrame(NamedTuple):
    """One frame: its type, and all its bytes with the header."""

    type: FrameType
    raw: bytes

    @property
    def payload(self) -> bytes:
        """What the frame carries."""
        return self.raw[FRAME.size :]


class BrokenAnswer(RemoteError):
    """Something that is not the protocol: nothing that came before it may be used either."""


def broken(what: str) -> BrokenAnswer:
    """Return the error for anything that is not the protocol."""
    return BrokenAnswer(
        f"the agent's answer is not to be trusted: {what}",
        hint="Something on the far host or on the way changed or mixed up the data. Nothing of it was kept.",
    )


def frame_header(raw: bytes | bytearray, sequence: int) -> tuple[FrameType, int]:
    """Return type and payload length of the frame that begins here and should have this number."""
    magic, number, found, length = FRAME.unpack_from(raw)
    if magic != _MAGIC or not FrameType.HELLO <= number <= FrameType.ANSWER:
        raise broken("other text came between its frames")
    if found != sequence & 0xFFFFFFFF:
        raise broken(f"frame {sequence} was expected and {found} came")
    # SECURITY: the limit comes before anything is kept, so that no length can fill our memory.
    if length > MAX_PAYLOAD:
        raise broken(f"a frame of {length} bytes")
    return FrameType(number), length


def parse_json(kind: type[T], payload: bytes) -> T:
    """Parse a HELLO, OWNERS, END or ERROR frame."""
    prepare(kind)
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, ValueError) as error:
        raise broken("a frame that cannot be parsed") from error


def unpacked(payload: bytes) -> bytes:
    """Return the whole frames that are in a PACKED frame."""
    _expect(len(payload) > _PACKED.size, "a compressed frame")
    (length,) = _PACKED.unpack_from(payload)
    # SECURITY: never more comes out than was announced, and that is bounded like any other frame.
    _expect(0 < length <= MAX_PAYLOAD, "a compressed frame")
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(payload[_PACKED.size :], length + 1)
    except zlib.error as error:
        raise broken("a compressed frame that cannot be expanded") from error
    _expect(len(data) == length and inflater.eof and not inflater.unused_data, "a compressed frame")
    return data


def parse_beat(payload: bytes) -> Beat:
    """Parse a BEAT frame."""
    _expect(len(payload) == _BEAT.size, "a heartbeat")
    recheck, files, size, done, known = _BEAT.unpack(payload)
    return Beat(bool(recheck), files, size, done, known)


def parse_tally(payload: bytes) -> TallyResult:
    """Parse a TALLY frame."""
    _expect(len(payload) == _TALLY.size, "a tally")
    return TallyResult(*_TALLY.unpack(payload))


def parse_file(payload: bytes, digest_size: int) -> FileResult:
    """Parse a FILE frame."""
    _expect(len(payload) >= _FILE.size, "a file's result")
    folder, chunk, index, status, size, mtime_ns, ctime_ns, inode = _FILE.unpack_from(payload)
    known = parse_status(status)
    at = _FILE.size
    digest = b""
    if known is Status.OK:
        digest = payload[at : at + digest_size]
        _expect(len(digest) == digest_size, "a file's digest")
        at += digest_size
    extras: dict[Extra, bytes] = {}
    for place, tag, data in extras_from(payload, at):
        _expect(place == index, "a file's evidence")
        extras[tag] = data
    stat = None if status & NO_STAT else Stat(Kind.FILE, size, mtime_ns, ctime_ns, inode)
    return FileResult(folder, chunk, index, known, stat, digest, extras)


def parse_status(number: int) -> Status:
    """Return the status without its flag."""
    number &= ~NO_STAT
    if number >= len(_STATUSES):
        raise broken("a status that does not exist")
    return _STATUSES[number]


def parse_rule(data: bytes) -> Rule:
    """Parse what is attached to an ignored entry."""
    _expect(len(data) == _RULE.size, "an ignored entry")
    number, pending, files, size = _RULE.unpack(data)
    return Rule(number, bool(pending), files, size)


def parse_after(data: bytes, digest_size: int) -> SecondDigest:
    """Parse what rules that keep proof make of a file."""
    _expect(len(data) >= 1, "a second digest")
    doubt, digest, rest = data[0], data[1 : 1 + digest_size], data[1 + digest_size :]
    if doubt:
        _expect(len(data) == 1, "a second digest")
        return SecondDigest(doubt, b"", ())
    _expect(len(digest) == digest_size and len(rest) % _HIDDEN.size == 0, "a second digest")
    return SecondDigest(0, digest, tuple(HiddenPart._make(fields) for fields in _HIDDEN.iter_unpack(rest)))


def extras_from(payload: bytes, at: int) -> Iterator[tuple[int, Extra, bytes]]:
    """Yield (index of the entry, tag, data) to the end of the payload."""
    while at < len(payload):
        _expect(len(payload) - at >= _EXTRA.size, "an attachment")
        index, tag, length = _EXTRA.unpack_from(payload, at)
        at += _EXTRA.size
        _expect(length <= len(payload) - at and Extra.TARGET <= tag <= Extra.AFTER, "an attachment")
        yield index, Extra(tag), payload[at : at + length]
        at += length


def _expect(condition: bool, what: str) -> None:  # noqa: FBT001  a condition is what it takes
    if not condition:
        raise broken(f"{what} that cannot be parsed")
