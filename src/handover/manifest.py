"""A manifest: what one location held at one time, as JSON Lines; its parts, and how it is written as a stream.

The file is a header, one line for each entry in strictly increasing order of paths (by components as bytes, the root
first with path ``""``), and a trailer with counts that add up and the SHA-256 of all bytes before it. Without a valid
trailer there is no manifest. ``manifest_reader`` reads it. Specification: ``docs/spec/manifest.md``.

This module is pure: it works on streams that are given to it and keeps one line in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, BinaryIO, Literal, NamedTuple

import msgspec

from handover import paths, strict_json
from handover.digests import Algorithm, ContentRoot
from handover.entries import MAX_PROOF_RULES, Decimal, Entry, EntryType, GapKind, HostStat, Ignored, entry_problem
from handover.hostless import HOST
from handover.manifest_lines import without_after
from handover.rules import RuleRow
from handover.strict_json import Count, Document, Hex256, Instant, Whole

VERSION: Literal[1] = 1
HEADER_TYPE: Literal["handover-manifest"] = "handover-manifest"
TRAILER_TYPE: Literal["handover-manifest-end"] = "handover-manifest-end"
#: So much is digested and written at a time.
_WRITE_BYTES = 128 * 1024


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
    """The rules that were in force during the scan: the digest of them all, and those that the scan depends on.

    ``ignore`` leave something unread. ``after`` keep proof: by them some files have a second digest, and entries name
    them by their number in this list.
    """

    sha256: Hex256
    ignore: tuple[IgnoreRule, ...] = ()
    after: Annotated[tuple[RuleRow, ...], msgspec.Meta(max_length=MAX_PROOF_RULES)] = ()


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
        self._has_after = bool(header.rules.after)
        self._carried = [0, 0]
        self._contents = None if header.digest is Algorithm.NONE else ContentRoot(header.digest, scratch)
        self._structure = hashlib.sha256()

    def add(self, entry: Entry, content: bytes, *, carried: bool = False) -> None:
        """Take one entry that was checked, and its bytes before ``host``."""
        self._structure.update((content if entry.after is None else without_after(content)) + b"\n")
        if carried:
            self._carry(1, entry.size or 0)
        if entry.gap is not None:
            self._gaps[entry.gap] += 1
        elif entry.ignored is not None:
            files, size = self._ignored.get(entry.ignored.rule, (0, 0))
            self._ignored[entry.ignored.rule] = (files + entry.ignored.files, size + entry.ignored.bytes)
            self._ignored_entries += 1
        else:
            assert entry.type is not None
            self._by_type[entry.type] += 1
            self._bytes += entry.size or 0
            if self._contents is not None and entry.digest is not None:
                self._contents.add(entry.digest)

    def add_plain(self, plain: PlainLines) -> None:
        """Take consecutive lines."""
        self._structure.update(without_after(plain.contents) if self._has_after else plain.contents)
        self._by_type[EntryType.FILE] += plain.files
        self._by_type[EntryType.DIR] += plain.folders
        self._bytes += plain.bytes
        if plain.carried:
            self._carry(plain.files, plain.bytes)
        if self._contents is not None:
            self._contents.extend(plain.digests)

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


class PlainLines(NamedTuple):
    """Consecutive entries of one folder as lines that are ready: ``files``, and after them perhaps one of its folders.

    ``contents`` has the lines before ``host``, ``lines`` all of them. The caller vouches that each is what the encoder
    would have made of it, and that ``carried`` is what every ``host`` says.
    """

    first: bytes
    last: bytes
    contents: bytes
    lines: bytes
    digests: list[str]
    files: int
    folders: int
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
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
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

    def add_plain(self, plain: PlainLines) -> None:
        """Write entries of one folder that follow one another; ``ValueError`` when they are out of order."""
        first, last = paths.order_key(plain.first), paths.order_key(plain.last)
        if self._last is None or first <= self._last or last < first:
            raise ValueError(f"entries from {first!r} do not follow {self._last!r}")
        self._last = last
        self._tally.add_plain(plain)
        self._write(plain.lines)

    def finish(self, ended_at: str) -> Trailer:
        """Write the trailer and return it; the stream is left open. ``ValueError`` for sums that no reader accepts."""
        self._flush()
        trailer = self._tally.trailer(ended_at, self._digest.hexdigest())
        if max(trailer.bytes, *(max(one.files, one.bytes) for one in trailer.ignored), 0) > strict_json.MAX_INTEGER:
            raise ValueError("files that have more bytes together than a manifest can say")
        self._stream.write(strict_json.encode(trailer) + b"\n")
        return trailer

    def _write(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= _WRITE_BYTES:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._digest.update(data)
        self._stream.write(data)
        self._waiting.clear()
        self._waiting_bytes = 0


def manifest_name(part: str, role: Role) -> str:
    """Return the name of a manifest in a bundle."""
    return f"{part}.{role}.manifest"
