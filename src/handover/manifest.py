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
from itertools import islice
from operator import lt
from typing import BinaryIO, Literal, NamedTuple

from handover import paths, strict_json
from handover.digests import Algorithm, ContentRoot
from handover.entries import Decimal, Entry, EntryType, GapKind, HostStat, Ignored, entry_problem
from handover.errors import MalformedInput
from handover.manifest_lines import HOST, Batch, Block, Line, line_of, split, stem_and_key
from handover.strict_json import Count, Document, Hex256, Instant, Whole

VERSION: Literal[1] = 1
HEADER_TYPE: Literal["handover-manifest"] = "handover-manifest"
TRAILER_TYPE: Literal["handover-manifest-end"] = "handover-manifest-end"

_BLOCK = 2**20
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
    #: Bytes per second that were read and sent at most.
    rate: Count | None = None


class Base(Document):
    """An earlier scan that files were carried over from; a ``spool`` is what a scan left that was cut off.

    ``sha256`` is that of the manifest; of a spool nothing is kept that could have one.
    """

    kind: Literal["manifest", "spool"]
    sha256: Hex256 | None = None
    nonce: str
    started_at: Instant


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
    base: tuple[Base, ...] = ()
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


class Carried(Document):
    """How many files were not read, because they are as an earlier scan had read them, and their bytes."""

    files: Count
    bytes: Count


class Trailer(Document):
    """Last line of a manifest. ``bytes`` is the size of all fully known files.

    ``carried`` is there exactly when the header has a ``base``.
    Both roots are absent when there are gaps; a listing of names and sizes has no ``content_root``.
    """

    type: Literal["handover-manifest-end"]
    status: Literal["complete", "gaps"]
    entries: Count
    counts: Counts
    bytes: Count
    gaps: GapCounts
    ignored: tuple[Ignored, ...] = ()
    carried: Carried | None = None
    content_root: Hex256 | None = None
    structure_root: Hex256 | None = None
    ended_at: Instant
    sha256: Hex256


class Tally:
    """Counts, bytes and roots of the entries of one manifest; the same sums for writer and reader."""

    def __init__(self, header: Header, scratch: Callable[[], BinaryIO]) -> None:
        self._by_type = dict.fromkeys(EntryType, 0)
        self._gaps = dict.fromkeys(GapKind, 0)
        self._ignored: dict[str, tuple[int, int]] = {}
        self._ignored_entries = 0
        self._bytes = 0
        self._has_base = bool(header.base)
        self._carried = [0, 0]
        self._contents = None if header.digest is Algorithm.NONE else ContentRoot(header.digest, scratch)
        self._structure = hashlib.sha256()

    def add(self, entry: Entry, content: bytes, *, carried: bool = False) -> None:
        """Take one entry that was checked, and its bytes before ``host``."""
        self._structure.update(content + b"\n")
        if carried:
            self._carry(1, entry.size or 0)
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

    def add_files(self, files: PlainFiles, contents: bytes) -> None:
        """Take consecutive files, and the lines of their contents."""
        self._structure.update(contents)
        self._by_type[EntryType.FILE] += len(files.contents)
        self._bytes += files.bytes
        if files.carried:
            self._carry(len(files.contents), files.bytes)
        if self._contents is not None:
            self._contents.extend(files.digests)

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
            carried=Carried(files=self._carried[0], bytes=self._carried[1]) if self._has_base else None,
            content_root=None if gaps else content_root,
            structure_root=None if gaps else self._structure.hexdigest(),
            ended_at=ended_at,
            sha256=sha256,
        )

    def _carry(self, files: int, size: int) -> None:
        if not self._has_base:
            raise ValueError("a file is carried over, and the header does not say from where")
        self._carried[0] += files
        self._carried[1] += size


class PlainFiles(NamedTuple):
    """Consecutive files as lines that are ready: contents and ``host`` objects as text, digests raw.

    The caller vouches that each is what the encoder would have made of a file with a digest and a plain path, and that
    ``carried`` is what every ``host`` says.
    """

    first: bytes
    last: bytes
    contents: list[str]
    hosts: list[str]
    digests: list[bytes]
    bytes: int
    carried: bool = False


class Writer:
    """Writes one manifest: the header at once, then ``add`` in order, then ``finish``.

    ``scratch`` gives an empty temporary binary file; it is asked for only when there are very many files.
    """

    def __init__(self, stream: BinaryIO, header: Header, scratch: Callable[[], BinaryIO]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._tally = Tally(header, scratch)
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
        self._tally.add(entry, content, carried=host is not None and host.carried)
        self._write(content + (b"}\n" if host is None else HOST + strict_json.encode(host) + b"}\n"))

    def add_files(self, files: PlainFiles) -> None:
        """Write files of one folder that follow one another; ``ValueError`` when they are out of order."""
        first, last = paths.order_key(files.first), paths.order_key(files.last)
        if self._last is None or first <= self._last or last < first:
            raise ValueError(f"entries from {first!r} do not follow {self._last!r}")
        self._last = last
        contents = "\n".join(files.contents).encode() + b"\n"
        self._tally.add_files(files, contents)
        hosts = zip(files.contents, files.hosts, strict=True)
        self._write("".join([f'{content},"host":{host}}}\n' for content, host in hosts]).encode())

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

    ``lines`` (or ``batches``, not both) gives entry lines in order; only when they are exhausted is ``trailer`` there,
    and with it the knowledge that the bytes were whole. Nothing that was read may be believed before. Raises
    ``MalformedInput`` and nothing else for what the bytes are; reading errors of the stream pass through.
    """

    def __init__(self, stream: BinaryIO, *, where: str) -> None:
        self._stream = stream
        self._where = where
        self._digest = hashlib.sha256()
        self._number = 1
        self._length = 0
        self._trailer: Trailer | None = None
        raw = stream.readline(strict_json.MAX_LINE + 1)
        if not raw.endswith(b"\n"):
            raise self._cut_or_long(raw)
        self._take(raw)
        self.header = strict_json.decode(Header, raw[:-1], where=self._place(1))
        paths.from_fields(self.header.root, self.header.root_b64, where=self._place(1))

    @property
    def trailer(self) -> Trailer:
        """The trailer; only when the lines have come to their end."""
        if self._trailer is None:
            raise RuntimeError("the trailer is known only after the last line")
        return self._trailer

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole file, as ``sha256sum`` gives it; only when the lines have come to their end."""
        assert self._trailer is not None
        return self._digest.hexdigest()

    @property
    def length(self) -> int:
        """Number of bytes that were read."""
        return self._length

    def lines(self) -> Iterator[Line]:
        """Yield each entry line."""
        for batch in self.batches():
            for at in range(len(batch)):
                self._number = batch.number + at
                yield batch.line(at)

    def batches(self) -> Iterator[Batch]:
        """Yield the entry lines in batches, in an order that was checked."""
        last: bytes | None = None
        for block in self.blocks():
            batch = split(block, self.header.digest, self._other)
            self.check_order(last, batch.keys)
            last = batch.keys[-1]
            yield batch

    def blocks(self) -> Iterator[Block]:
        """Yield the bytes of the entry lines; checks the digest and the number of entries, and not what the lines are.

        For a merge that knows most of them from the other side; it checks the others, and the order, itself.
        """
        entries = 0
        for raw in self._whole_lines():
            block = Block(raw, entries + 2, raw.count(b"\n"))
            yield block
            entries += block.length
        trailer = self.trailer
        if entries == 0 or trailer.entries != entries or trailer.counts.total != entries:
            self._trailer = None
            raise self._malformed("the counts in the last line do not add up")

    def line(self, raw: bytes, number: int) -> Line:
        """Return one entry line, parsed so far as to know its path; ``number`` is its place in the file, from 1."""
        self._number = number
        stem, key = stem_and_key(raw, self.header.digest) or self._other(raw, number)
        return line_of(raw, stem, key)

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

    def _whole_lines(self) -> Iterator[bytes]:
        """Yield whole entry lines in blocks; takes the trailer, and makes sure that nothing follows it."""
        rest = b""
        while data := self._stream.read(_BLOCK):
            end = data.rfind(b"\n") + 1
            block, rest = (rest + data[:end], data[end:]) if end else (b"", rest + data)
            if len(rest) > strict_json.MAX_LINE:
                raise self._cut_or_long(rest)
            at = 0 if block.startswith(_TRAILER) else block.find(b"\n" + _TRAILER) + 1
            if at or block.startswith(_TRAILER):
                if at:
                    self._take(block[:at])
                    yield block[:at]
                self._end(block[at:], more=bool(rest or self._stream.read(1)))
                return
            if block:
                self._take(block)
                yield block
        raise self._cut_or_long(rest)

    def _end(self, raw: bytes, *, more: bool) -> None:
        before = self._digest.hexdigest()
        self._take(raw)
        if more or raw.count(b"\n") != 1:
            raise self._malformed("there is something after the last line")
        trailer = strict_json.decode(Trailer, raw[:-1], where=self._place())
        if trailer.sha256 != before:
            raise self._malformed("the digest in the last line is not that of the lines before: the file was altered")
        self._trailer = trailer

    def check_order(self, last: bytes | None, keys: list[bytes]) -> None:
        """Make sure that keys increase strictly, and that the first of all is that of the root."""
        first_fits = keys[0] > last if last is not None else not keys[0]
        if not first_fits or not all(map(lt, keys, islice(keys, 1, None))):
            raise self._malformed("entries are out of order, doubled, or the root is not the first")

    def _other(self, raw: bytes, number: int) -> tuple[bytes, bytes]:
        """Return stem and key of a line that is not plain."""
        if len(raw) > strict_json.MAX_LINE:
            raise self._cut_or_long(raw)
        if not raw.endswith(b"}"):
            raise MalformedInput("not an entry", where=self._place(number))
        at = raw.find(HOST)
        content = raw[:-1] if at < 0 else raw[:at]
        entry = strict_json.decode(Entry, content + b"}", where=self._place(number))
        path = paths.check(entry.path_bytes(), where=self._place(number))
        return raw if at < 0 else content + HOST, paths.order_key(path)

    def _take(self, raw: bytes) -> None:
        self._digest.update(raw)
        self._length += len(raw)

    def _place(self, number: int | None = None) -> str:
        return f"{self._where}:{self._number if number is None else number}"

    def _malformed(self, what: str) -> MalformedInput:
        return MalformedInput(what, where=self._place())

    def _cut_or_long(self, rest: bytes) -> MalformedInput:
        if len(rest) > strict_json.MAX_LINE:
            return self._malformed(f"a line longer than {strict_json.MAX_LINE} bytes")
        return MalformedInput(
            "the file ends before its last line",
            where=self._place(),
            hint="A scan or a copy of the file broke off. Ask for the whole file, or scan again.",
        )


def audit(stream: BinaryIO, *, where: str, scratch: Callable[[], BinaryIO]) -> tuple[Header, Trailer, str]:
    """Read a whole manifest and check every byte of it; return header, trailer and the file's SHA-256.

    Beyond what ``Reader`` checks, every entry and every ``host`` is parsed, each stands below a listed folder, and the
    trailer is computed again: counts, bytes, ignored totals and both roots must be equal.
    """
    reader = Reader(stream, where=where)
    tally = Tally(reader.header, scratch)
    ignorable = {rule.pattern for rule in reader.header.rules.ignore}
    folders: list[bytes] = []
    for line in reader.lines():
        entry = reader.parse(line)
        carried = reader.parse_host(line).carried
        if carried and (entry.digest is None or not reader.header.base):
            raise MalformedInput(f"{paths.shown(line.path)} cannot be carried over", where=where)
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
        tally.add(entry, line.content, carried=carried)
    trailer = reader.trailer
    if tally.trailer(trailer.ended_at, trailer.sha256) != trailer:
        raise MalformedInput("the totals or roots in the last line are not those of the entries", where=where)
    return reader.header, trailer, reader.sha256
