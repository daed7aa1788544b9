"""A manifest: what one location held at one time, as JSON Lines that are written, read and checked as a stream.

The file is a header, one line for each entry in strictly increasing order of paths (by components as bytes, the root
first with path ``""``), and a trailer with counts that add up and the SHA-256 of all bytes before it. Without a valid
trailer there is no manifest. Specification: ``docs/spec/manifest.md``.

This module is pure: it works on streams that are given to it and keeps one line in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO, Literal, NamedTuple

from handover import paths, strict_json
from handover.digests import Algorithm, ContentRoot
from handover.entries import Decimal, Entry, EntryType, GapKind, HostStat, Ignored, entry_problem
from handover.errors import MalformedInput
from handover.strict_json import Count, Document, Hex256, Instant, Whole

VERSION: Literal[1] = 1
HEADER_TYPE: Literal["handover-manifest"] = "handover-manifest"
TRAILER_TYPE: Literal["handover-manifest-end"] = "handover-manifest-end"

_HOST = b',"host":'
_PATH = b'{"path":"'
_TRAILER = b'{"type":"handover-manifest-end"'


class Role(StrEnum):
    """Which side of the handover a location is."""

    SOURCE = "source"
    TARGET = "target"


class Standing(StrEnum):
    """Who vouches for a scan: the owner of the host itself, another party, or a list that was imported."""

    SELF_DECLARED = "self-declared"
    WITNESSED = "witnessed"
    IMPORTED = "imported"


class CaseRef(Document):
    """The case that a manifest was made for."""

    id: str
    name: str


class RanBy(Document):
    """Who ran the scan, and what that is worth."""

    standing: Standing
    party: str | None = None
    name: str | None = None


class Machine(Document):
    """What identifies the machine and the root; digests are SHA-256 in hex, so that no host id is published."""

    boot_sha256: Hex256 | None = None
    machine_sha256: Hex256 | None = None
    host_key: str | None = None
    root_dev: Decimal | None = None
    root_inode: Decimal | None = None
    user: str | None = None
    uid: Count | None = None
    os: str | None = None
    interpreter: str | None = None
    cpus: Count | None = None
    limits: tuple[str, ...] = ()


class Clock(Document):
    """Clocks of both ends at the start, and how far the scanned host's clock is ahead, in milliseconds."""

    here: Instant
    there: Instant | None = None
    skew_ms: Whole | None = None


class IgnoreRule(Document):
    """One ignore rule that was in force during the scan."""

    pattern: str
    reason: str
    origin: str


class RulesRef(Document):
    """The rules that were in force during the scan: the digest of them all, and those that leave something unread."""

    sha256: Hex256
    ignore: tuple[IgnoreRule, ...] = ()


class ScanOptions(Document):
    """Choices that change what a manifest is worth or what it cost the host."""

    recheck: bool
    workers: Count
    niceness: Whole
    fast: bool
    cross_mounts: bool
    follow_root_link: bool


class Header(Document):
    """First line of a manifest."""

    type: Literal["handover-manifest"]
    version: Literal[1]
    tool: str
    case: CaseRef | None = None
    part: str
    role: Role | None = None
    ran_by: RanBy
    location: str
    root: str | None = None
    root_b64: str | None = None
    route: str
    agent_sha256: Hex256 | None = None
    machine: Machine
    clock: Clock
    started_at: Instant
    rules: RulesRef
    digest: Algorithm
    options: ScanOptions
    nonce: str


class Counts(Document):
    """How many entries there are of each kind; fully known ones by type, then gaps and ignored ones."""

    file: Count
    dir: Count
    link: Count
    special: Count
    gap: Count
    ignored: Count

    @property
    def total(self) -> int:
        """Number of entry lines."""
        return self.file + self.dir + self.link + self.special + self.gap + self.ignored


class GapCounts(Document):
    """How many gaps there are of each kind."""

    unreadable: Count
    unstable: Count
    vanished: Count
    unsupported: Count
    boundary: Count


class Trailer(Document):
    """Last line of a manifest. ``bytes`` is the size of all fully known files.

    Both roots are absent when there are gaps; a listing of names and sizes has no ``content_root``.
    """

    type: Literal["handover-manifest-end"]
    status: Literal["complete", "gaps"]
    entries: Count
    counts: Counts
    bytes: Count
    gaps: GapCounts
    ignored: tuple[Ignored, ...] = ()
    content_root: Hex256 | None = None
    structure_root: Hex256 | None = None
    ended_at: Instant
    sha256: Hex256


class Line(NamedTuple):
    """One entry line: ``key`` orders it, ``content`` are its bytes before ``,"host":`` or its closing brace."""

    key: bytes
    content: bytes
    host: bytes | None

    @property
    def path(self) -> bytes:
        """The path below the root."""
        return self.key.replace(b"\0", b"/")


class Tally:
    """Counts, bytes and roots of the entries of one manifest; the same sums for writer and reader."""

    def __init__(self, algorithm: Algorithm, scratch: Callable[[], BinaryIO]) -> None:
        self._by_type = dict.fromkeys(EntryType, 0)
        self._gaps = dict.fromkeys(GapKind, 0)
        self._ignored: dict[str, tuple[int, int]] = {}
        self._ignored_entries = 0
        self._bytes = 0
        self._contents = None if algorithm is Algorithm.NONE else ContentRoot(algorithm, scratch)
        self._structure = hashlib.sha256()

    def add(self, entry: Entry, content: bytes) -> None:
        """Take one entry that was checked, and its bytes before ``host``."""
        self._structure.update(content + b"\n")
        if entry.gap is not None:
            self._gaps[entry.gap] += 1
        elif entry.ignored is not None:
            files, size = self._ignored.get(entry.ignored.rule, (0, 0))
            self._ignored[entry.ignored.rule] = (files + entry.ignored.files, size + entry.ignored.bytes)
            self._ignored_entries += 1
        elif entry.type is not None:
            self._by_type[entry.type] += 1
            self._bytes += entry.size or 0
            if self._contents is not None and entry.digest is not None:
                self._contents.add(bytes.fromhex(entry.digest))

    def trailer(self, ended_at: str, sha256: str) -> Trailer:
        """Return the trailer of exactly these entries."""
        gaps = sum(self._gaps.values())
        counts = Counts(
            **{kind.value: count for kind, count in self._by_type.items()}, gap=gaps, ignored=self._ignored_entries
        )
        content_root = None if self._contents is None else self._contents.hexdigest()
        return Trailer(
            type=TRAILER_TYPE,
            status="gaps" if gaps else "complete",
            entries=counts.total,
            counts=counts,
            bytes=self._bytes,
            gaps=GapCounts(**{kind.value: count for kind, count in self._gaps.items()}),
            ignored=tuple(Ignored(rule=rule, files=f, bytes=b) for rule, (f, b) in sorted(self._ignored.items())),
            content_root=None if gaps else content_root,
            structure_root=None if gaps else self._structure.hexdigest(),
            ended_at=ended_at,
            sha256=sha256,
        )


class Writer:
    """Writes one manifest: the header at once, then ``add`` in order, then ``finish``.

    ``scratch`` gives an empty temporary binary file; it is asked for only when there are very many files.
    """

    def __init__(self, stream: BinaryIO, header: Header, scratch: Callable[[], BinaryIO]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._tally = Tally(header.digest, scratch)
        self._algorithm = header.digest
        self._last: bytes | None = None
        self._write(strict_json.encode(header) + b"\n")

    def add(self, entry: Entry, host: HostStat | None) -> None:
        """Write one entry. ``ValueError`` for one that is out of order or not allowed: the caller has a bug."""
        path = entry.path_bytes()
        key = paths.order_key(path)
        if not paths.possible(path):
            raise ValueError(f"impossible path {path!r}")
        if (self._last is None and key) or (self._last is not None and key <= self._last):
            raise ValueError(f"entry {key!r} does not follow {self._last!r}")
        problem = entry_problem(entry, self._algorithm)
        if problem:
            raise ValueError(f"entry {key!r}: {problem}")
        self._last = key
        content = strict_json.encode(entry)[:-1]
        self._tally.add(entry, content)
        self._write(content + (b"}\n" if host is None else _HOST + strict_json.encode(host) + b"}\n"))

    def finish(self, ended_at: str) -> Trailer:
        """Write the trailer and return it; the stream is left open."""
        trailer = self._tally.trailer(ended_at, self._digest.hexdigest())
        self._stream.write(strict_json.encode(trailer) + b"\n")
        return trailer

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._stream.write(data)


class Reader:
    """Reads one manifest once, from start to end, strictly.

    ``lines`` gives entry lines in order; only after it is exhausted is ``trailer`` there, and with it the knowledge
    that the bytes were whole. Nothing that was read may be believed before. Raises ``MalformedInput`` and nothing else
    for what the bytes are; reading errors of the stream pass through.
    """

    def __init__(self, stream: BinaryIO, *, where: str) -> None:
        self._stream = stream
        self._where = where
        self._digest = hashlib.sha256()
        self._before_trailer = ""
        self._number = 0
        self._length = 0
        self._trailer: Trailer | None = None
        self.header = strict_json.decode(Header, self._readline(), where=self._place())
        paths.from_fields(self.header.root, self.header.root_b64, where=self._place())

    @property
    def trailer(self) -> Trailer:
        """The trailer; only when ``lines`` has come to its end."""
        if self._trailer is None:
            raise RuntimeError("the trailer is known only after the last line")
        return self._trailer

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole file, as ``sha256sum`` gives it; only when ``lines`` has come to its end."""
        assert self._trailer is not None
        return self._digest.hexdigest()

    @property
    def length(self) -> int:
        """Number of bytes that were read."""
        return self._length

    def lines(self) -> Iterator[Line]:
        """Yield each entry line; checks order and, at the end, the trailer's digest and number of entries."""
        last: bytes | None = None
        entries = 0
        while not (raw := self._readline()).startswith(_TRAILER):
            line = self._split(raw)
            if (last is None and line.key) or (last is not None and line.key <= last):
                raise self._malformed("entries are out of order, doubled, or the root is not the first")
            last = line.key
            entries += 1
            yield line
        trailer = strict_json.decode(Trailer, raw, where=self._place())
        if trailer.sha256 != self._before_trailer:
            raise self._malformed("the digest in the last line is not that of the lines before: the file was altered")
        if entries == 0 or trailer.entries != entries or trailer.counts.total != entries:
            raise self._malformed("the counts in the last line do not add up")
        if self._stream.read(1):
            raise self._malformed("there is something after the last line")
        self._trailer = trailer

    def parse(self, line: Line) -> Entry:
        """Return the entry of a line, checked."""
        entry = strict_json.decode(Entry, line.content + b"}", where=self._place())
        problem = entry_problem(entry, self.header.digest)
        if problem:
            raise self._malformed(f"{paths.shown(line.path)}: {problem}")
        return entry

    def parse_host(self, line: Line) -> HostStat:
        """Return what the host said of a line's path; empty when the route knew nothing."""
        if line.host is None:
            return HostStat()
        return strict_json.decode(HostStat, line.host, where=self._place())

    def _split(self, raw: bytes) -> Line:
        at = raw.find(_HOST)
        content, host = (raw[:-1], None) if at < 0 else (raw[:at], raw[at + len(_HOST) : -1])
        if not raw.endswith(b"}"):
            raise self._malformed("not an entry")
        end = raw.find(b'"', len(_PATH))
        text = raw[len(_PATH) : end]
        if raw.startswith(_PATH) and end > 0 and b"\\" not in text:
            path = text
        else:
            path = strict_json.decode(Entry, content + b"}", where=self._place()).path_bytes()
        if b"\0" in path or b"//" in path or path[:1] == b"/" or path[-1:] == b"/" or b"." in path:
            paths.check(path, where=self._place())
        return Line(path.replace(b"/", b"\0"), content, host)

    def _readline(self) -> bytes:
        raw = self._stream.readline(strict_json.MAX_LINE + 1)
        self._number += 1
        if not raw.endswith(b"\n"):
            if len(raw) > strict_json.MAX_LINE:
                raise self._malformed(f"a line longer than {strict_json.MAX_LINE} bytes")
            raise MalformedInput(
                "the file ends before its last line" if raw else "the file ends too early",
                where=self._place(),
                hint="A scan or a copy of the file broke off. Ask for the whole file, or scan again.",
            )
        if raw.startswith(_TRAILER):
            self._before_trailer = self._digest.hexdigest()
        self._digest.update(raw)
        self._length += len(raw)
        return raw[:-1]

    def _place(self) -> str:
        return f"{self._where}:{self._number}"

    def _malformed(self, what: str) -> MalformedInput:
        return MalformedInput(what, where=self._place())


def audit(stream: BinaryIO, *, where: str, scratch: Callable[[], BinaryIO]) -> tuple[Header, Trailer, str]:
    """Read a whole manifest and check every byte of it; return header, trailer and the file's SHA-256.

    Beyond what ``Reader`` checks, every entry and every ``host`` is parsed, each stands below a listed folder, and the
    trailer is computed again: counts, bytes, ignored totals and both roots must be equal.
    """
    reader = Reader(stream, where=where)
    tally = Tally(reader.header.digest, scratch)
    ignorable = {rule.pattern for rule in reader.header.rules.ignore}
    folders: list[bytes] = []
    for line in reader.lines():
        entry = reader.parse(line)
        reader.parse_host(line)
        parent = line.key.rpartition(b"\0")[0]
        while folders and folders[-1] != parent:
            folders.pop()
        if line.key and not folders:
            raise MalformedInput(f"{paths.shown(line.path)} does not stand below a listed folder", where=where)
        if entry.is_open_folder:
            folders.append(line.key)
        if entry.ignored is not None and entry.ignored.rule not in ignorable:
            raise MalformedInput(
                f"{paths.shown(line.path)} is ignored under a rule that the header does not have", where=where
            )
        tally.add(entry, line.content)
    trailer = reader.trailer
    if tally.trailer(trailer.ended_at, trailer.sha256) != trailer:
        raise MalformedInput("the totals or roots in the last line are not those of the entries", where=where)
    return reader.header, trailer, reader.sha256
