"""What a scan leaves that was cut off, when it is to be resumed: its spool, sealed, and the files that it has read.

A kept spool lies beside the output that was wanted and ends with the SHA-256 of all bytes before. The next scan takes
from it what it would take from a manifest, and under the same rule: a file is read again unless its stat is what it
was. A connection that breaks takes nothing away from what came before it; after an answer that broke the protocol, or
an error of our own disk, nothing is kept.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from handover import strict_json
from handover.agents.chunks import Row
from handover.agents.frames import ABOVE_ROOT, FRAME, MAX_PAYLOAD, BrokenAnswer, FrameType, Kind, RawFrame, Status
from handover.carrying import Facts, KnownFile, KnownFiles, limit_ns
from handover.entries import Entry, entry_problem
from handover.errors import LocalIOError, MalformedInput, Refused, UsageError
from handover.files import local_io
from handover.manifest import Base, Header
from handover.paths import order_key, shown
from handover.proofs import ProofRules, after_problem
from handover.scan.lines import file_entry
from handover.scan.order import Found, merged_rows
from handover.scan.request import MAX_WORKERS
from handover.scan.spool import MAGIC, Spool, Told

_SUFFIX = ".cut"
_SEAL = 32
_READ = 2**20
_BLOCK = 4096
#: After these, what an agent told may be wrong, or it could not be kept, or trying again makes no difference.
_WORTHLESS = (BrokenAnswer, LocalIOError, Refused, UsageError)


class CutScan:
    """A kept spool as an earlier scan; ``MalformedInput`` when it is not what was kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._where = shown(os.fsencode(path))
        with local_io(path), path.open("rb") as stream:
            self._length = self._check_seal(stream)
            self.kept_at_ns = os.fstat(stream.fileno()).st_mtime_ns
            stream.seek(0)
            magic, line = stream.readline(len(MAGIC) + 1), stream.readline(strict_json.MAX_LINE + 1)
            if magic != MAGIC:
                raise self._malformed()
            self.header = strict_json.decode(Header, line[:-1], where=self._where)
            self._start = stream.tell()

    @property
    def base(self) -> Base:
        """How a manifest names it."""
        return Base(kind="spool", nonce=self.header.nonce, started_at=self.header.started_at)

    def files(self, now: ProofRules) -> Iterator[KnownFiles]:
        """Yield the files that were read before the scan was cut, in the order of paths.

        ``MalformedInput`` when the host told something of one that cannot be.
        """
        with local_io(self._path), self._path.open("rb") as stream:
            settled = self._settled(self._told(stream), now)
            while block := list(islice(settled, _BLOCK)):
                yield KnownFiles.of(block)

    def confirm(self) -> None:
        """Nothing has to stay as it was: no manifest names a spool by its bytes."""

    def spent(self) -> None:
        """Remove it: what it had is in a manifest now, or was of no use for it."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    def _settled(self, told: Told, now: ProofRules) -> Iterator[KnownFile]:
        limit = limit_ns(self.header)
        had = ProofRules.of_header(self.header, where=self._where)
        try:
            for entry, facts in _read_files(told):
                path = entry.path_bytes()
                # SECURITY: what is carried over is written as it is; nobody looks again whether it can be.
                if entry_problem(entry, self.header.digest) or after_problem(entry, had.of_path(path)):
                    raise self._malformed()
                if facts.settled(limit) and had.alike(now, path):
                    yield KnownFile(order_key(path), facts.stamp, strict_json.encode(entry)[:-1])
        except BrokenAnswer as error:
            raise self._malformed() from error

    def _told(self, stream: BinaryIO) -> Told:
        told = Told(
            Spool(stream, self._length),
            workers=MAX_WORKERS,
            digest_size=self.header.digest.size,
            recheck=self.header.options.recheck,
        )
        at = self._start
        while at < self._length:
            stream.seek(at)
            _, kind, _, length = FRAME.unpack(stream.read(FRAME.size))
            if length > MAX_PAYLOAD or at + FRAME.size + length > self._length:
                raise self._malformed()
            stream.seek(at)
            told.enter(RawFrame(FrameType(kind), stream.read(FRAME.size + length)), at)
            at += FRAME.size + length
        return told

    def _check_seal(self, stream: BinaryIO) -> int:
        """Return the length of the spool without its seal."""
        length = os.fstat(stream.fileno()).st_size - _SEAL
        if length < 0 or _digest(stream, length) != stream.read(_SEAL):
            raise self._malformed()
        return length

    def _malformed(self) -> MalformedInput:
        return MalformedInput(
            "is not what a scan left that was cut off", where=self._where, hint="Remove it, and scan without --resume."
        )


def cut_scans(output: Path) -> list[CutScan]:
    """Return what earlier scans left that were to write this output, the latest of them last."""
    kept = re.compile(re.escape(f".{output.name}.") + "[0-9a-f]{8}" + re.escape(_SUFFIX))
    with local_io(output):
        found = [CutScan(place) for place in output.parent.iterdir() if kept.fullmatch(place.name)]
    # Headers tell whole seconds, and a scan can be cut sooner than that.
    return sorted(found, key=lambda cut: cut.kept_at_ns)


def is_worth_keeping(error: BaseException) -> bool:
    """Whether what came before this error is as good as if it had not happened."""
    return not isinstance(error, _WORTHLESS)


def keep(spool: BinaryIO, path: Path, output: Path) -> bool:
    """Seal the spool at ``path`` and put it where a later scan with the same output finds it.

    Returns whether there was anything to keep; raises ``LocalIOError`` when the system does not let us.
    """
    with local_io(output):
        spool.flush()
        length = os.fstat(spool.fileno()).st_size
        if not length:
            return False
        spool.seek(0)
        seal = _digest(spool, length)
        spool.seek(length)
        spool.write(seal)
        spool.flush()
        path.rename(output.with_name(f".{output.name}.{secrets.token_hex(4)}{_SUFFIX}"))
    return True


def _digest(stream: BinaryIO, length: int) -> bytes:
    digest = hashlib.sha256()
    while length and (block := stream.read(min(_READ, length))):
        digest.update(block)
        length -= len(block)
    return digest.digest()


def _read_files(told: Told) -> Iterator[tuple[Entry, Facts]]:
    """Yield the files that were read, in the order of paths, from whatever chunks there are."""
    levels: list[tuple[int, bytes, Iterator[Row]]] = [(ABOVE_ROOT, b"", _rows(told, ABOVE_ROOT))]
    while levels:
        folder, prefix, rows = levels[-1]
        row = next(rows, None)
        if row is None:
            levels.pop()
            continue
        path = prefix + row.seen.name
        if row.seen.child:
            levels.append((row.seen.child, path + b"/" if path else b"", _rows(told, row.seen.child)))
        elif row.seen.kind is Kind.FILE and row.host is not None:
            yield from _read_file(told, folder, path, row)


def _rows(told: Told, folder: int) -> Iterator[Row]:
    places = told.contents.told_of(folder)
    return merged_rows(told.chunks(places)) if places else iter(())


def _read_file(told: Told, folder: int, path: bytes, row: Row) -> Iterator[tuple[Entry, Facts]]:
    """Yield the file when it was read to its end."""
    seen, host = row.seen, row.host
    status, stat, digest, extras = seen.status, seen.stat, row.digest, row.extras
    if status is Status.DEFERRED and told.results.has(folder, seen.chunk, seen.place):
        result = told.results.file(folder, seen.chunk, seen.place)
        status, stat, digest, extras = result.status, result.stat, result.digest, result.extras
    if status is Status.OK and stat is not None and host is not None:
        entry = file_entry(Found(path, Kind.FILE, stat, host, digest, extras, None, b"", None))
        yield entry, Facts(stat.size, stat.mtime_ns, stat.ctime_ns, host.dev, stat.inode)
