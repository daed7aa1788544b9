"""Reading a manifest: once, strictly, as a stream, with one batch of lines in memory at a time.

Pure: it works on streams that are given to it. Specification: ``docs/spec/manifest.md``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice
from operator import lt
from typing import IO, BinaryIO, NamedTuple, Protocol

from handover import paths, strict_json
from handover.entries import Entry, HostStat, entry_problem
from handover.errors import MalformedInput
from handover.hostless import HOST
from handover.manifest import TRAILER_TYPE, Counts, Header, Tally, Trailer
from handover.manifest_lines import Batch, Block, Line, content_and_key, line_of, split
from handover.proofs import ProofRules, after_problem

_BLOCK = 2**18
_TRAILER = b'{"type":"' + TRAILER_TYPE.encode() + b'"'
_MORE = "there is something after the last line"


class Seal(NamedTuple):
    """SHA-256 of all bytes ``before`` the last line and of the ``whole`` file, and its length in bytes."""

    before: str
    whole: str
    length: int


class BytesRead(Protocol):
    """Knows all bytes of a manifest, whoever has read them."""

    def take(self, raw: bytes) -> None:
        """Take the next ones."""

    def seal(self, last: bytes) -> Seal:
        """Take the last line and return what is known of all."""


class _Hashed:
    """Hashes and counts the bytes as they come."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._length = 0

    def take(self, raw: bytes) -> None:
        self._digest.update(raw)
        self._length += len(raw)

    def seal(self, last: bytes) -> Seal:
        before = self._digest.hexdigest()
        self.take(last)
        return Seal(before, self._digest.hexdigest(), self._length)


class Reader:
    """Reads one manifest once, from start to end, strictly.

    ``lines`` (or ``batches``, not both) gives entry lines in order; only when they are exhausted is ``trailer`` there,
    and with it the knowledge that the bytes were whole. Nothing that was read may be believed before. Raises
    ``MalformedInput`` and nothing else for what the bytes are; reading errors of the stream pass through.
    ``bytes_read`` knows the bytes of the file when the stream has not all of them.
    """

    def __init__(self, stream: IO[bytes], *, where: str, bytes_read: BytesRead | None = None) -> None:
        self._stream = stream
        self._where = where
        self._bytes_read = bytes_read or _Hashed()
        self._number = 1
        self._seal: Seal | None = None
        self._trailer: Trailer | None = None
        self._watched: dict[bytes, tuple[bytes, ...]] = {}
        raw = stream.readline(strict_json.MAX_LINE + 1)
        if not raw.endswith(b"\n"):
            raise self._cut_or_long(raw)
        self._bytes_read.take(raw)
        self.header = strict_json.decode(Header, raw[:-1], where=self._place(1))
        paths.from_fields(self.header.root, self.header.root_b64, where=self._place(1))
        self.proof_rules = ProofRules.of_header(self.header, where=self._place(1))
        clock = self.header.clock
        bases = (base.started_at for base in self.header.base)
        self._check_times((self.header.started_at, clock.here, clock.there or clock.here, *bases))

    @property
    def trailer(self) -> Trailer:
        """The trailer; only when the lines have come to their end."""
        if self._trailer is None:
            raise RuntimeError("the trailer is known only after the last line")
        return self._trailer

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole file, as ``sha256sum`` gives it; only when the lines have come to their end."""
        assert self._seal is not None
        return self._seal.whole

    @property
    def length(self) -> int:
        """Number of bytes of the file; only when the lines have come to their end."""
        assert self._seal is not None
        return self._seal.length

    def watch(self, folders: Iterable[bytes]) -> None:
        """Notice whether anything lies below these folders, each with its ``/``; before the first line is read."""
        self._watched = {folder: _beginnings(folder) for folder in folders}

    def saw_below(self, folder: bytes) -> bool:
        """Whether anything lies below a folder that was watched; only when the lines have come to their end.

        A name that is not UTF-8 can count for a folder that is named nearly alike: then nothing is called empty.
        """
        return folder not in self._watched

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
        content, key = content_and_key(raw, self.header.digest) or self._other(raw, number)
        return line_of(raw, content, key)

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
        while raw := self._stream.read(_BLOCK):
            if not raw.endswith(b"\n"):
                rest = self._stream.readline(strict_json.MAX_LINE + 1)
                last = raw[raw.rfind(b"\n") + 1 :] + rest
                if len(last) > strict_json.MAX_LINE + 1 or not rest.endswith(b"\n"):
                    raise self._cut_or_long(last)
                raw += rest
            at = raw.rfind(b"\n", 0, -1) + 1
            is_last = raw.startswith(_TRAILER, at)
            block = raw[:at] if is_last else raw
            if block:
                self._bytes_read.take(block)
                if self._watched:
                    self._watched = {one: any_of for one, any_of in self._watched.items() if not _has(block, any_of)}
                yield block
            if is_last:
                self._end(raw[at:], more=bool(self._stream.read(1)))
                return
        raise self._cut_or_long(b"")

    def _end(self, raw: bytes, *, more: bool) -> None:
        if more:
            raise self._malformed(_MORE)
        trailer = strict_json.decode(Trailer, raw[:-1], where=self._place())
        self._seal = self._bytes_read.seal(raw)
        if trailer.sha256 != self._seal.before:
            raise self._malformed("the digest in the last line is not that of the lines before: the file was altered")
        self._check_times((trailer.ended_at,))
        self._trailer = trailer

    def check_totals(self, counts: Counts, size: int) -> None:
        """Make sure that the trailer has these counts, and this many bytes of fully known files."""
        if (self.trailer.counts, self.trailer.bytes) != (counts, size):
            raise self._malformed("the counts in the last line are not those of the entries")

    def check_order(self, last: bytes | None, keys: list[bytes]) -> None:
        """Make sure that keys increase strictly, and that the first of all is that of the root."""
        first_fits = keys[0] > last if last is not None else not keys[0]
        if not first_fits or not all(map(lt, keys, islice(keys, 1, None))):
            raise self._malformed("entries are out of order, doubled, or the root is not the first")

    def _other(self, raw: bytes, number: int) -> tuple[bytes, bytes]:
        """Return content and key of a line that is not plain."""
        if raw.startswith(_TRAILER):
            raise MalformedInput(_MORE, where=self._place(number))
        if not raw.endswith(b"}"):
            raise MalformedInput("not an entry", where=self._place(number))
        at = raw.find(HOST)
        content = raw[:-1] if at < 0 else raw[:at]
        entry = strict_json.decode(Entry, content + b"}", where=self._place(number))
        if at >= 0:
            strict_json.decode(HostStat, raw[at + len(HOST) : -1], where=self._place(number))
        path = paths.check(entry.path_bytes(), where=self._place(number))
        return content, paths.order_key(path)

    def _check_times(self, instants: Iterable[str]) -> None:
        """Refuse times that have the form of one and do not exist: others count with them."""
        try:
            for instant in instants:
                datetime.fromisoformat(instant)
        except ValueError as error:
            raise self._malformed("a day or time that does not exist") from error

    def _place(self, number: int | None = None) -> str:
        return f"{self._where}:{self._number if number is None else number}"

    def _malformed(self, what: str) -> MalformedInput:
        return MalformedInput(what, where=self._place())

    def _cut_or_long(self, rest: bytes) -> MalformedInput:
        if len(rest) > strict_json.MAX_LINE:
            return self._malformed(f"a line longer than {strict_json.MAX_LINE} bytes")
        self._bytes_read.seal(b"")  # who reads for us may know better why there is no more
        return MalformedInput(
            "the file ends before its last line",
            where=self._place(),
            hint="A scan or a copy of the file broke off. Ask for the whole file, or scan again.",
        )


def _beginnings(folder: bytes) -> tuple[bytes, ...]:
    """Return how the lines below a folder begin: quotes within a line are escaped, so they stand nowhere else."""
    text, _ = paths.to_fields(folder)
    plain = () if text is None else (b'{"path":' + strict_json.encode(text)[:-1],)
    # Three bytes are four digits; what is over shares a digit with the name behind it.
    return (*plain, b'{"path_b64":"' + base64.b64encode(folder[: len(folder) // 3 * 3]))


def _has(block: bytes, beginnings: tuple[bytes, ...]) -> bool:
    return any(beginning in block for beginning in beginnings)


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
        problem = after_problem(entry, reader.proof_rules.of_path(line.path)) if entry.digest is not None else None
        if problem is not None:
            raise MalformedInput(f"{paths.shown(line.path)} {problem}", where=where)
        tally.add(entry, line.content, carried=carried)
    trailer = reader.trailer
    if tally.trailer(trailer.ended_at, trailer.sha256) != trailer:
        raise MalformedInput("the totals or roots in the last line are not those of the entries", where=where)
    return reader.header, trailer, reader.sha256
