"""Not reading again what has not changed: what the agent is told of earlier scans, and what is taken from them.

The agent is told fingerprints, eight bytes for each file, and says of a file that has one of them that it was carried
over. Nothing rests on these eight bytes: the digest of such a file is taken only when all that the agent's own stat
says of it is what the earlier scan recorded. An earlier scan is read and checked once; what is known from it then
stays in a scratch file, because to read that again takes a tenth of the time.
"""

from __future__ import annotations

import hashlib
import heapq
import os
import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Protocol

from handover.agents.frames import broken
from handover.carrying import KnownFiles, known_files, unfit
from handover.errors import MalformedInput, UsageError
from handover.files import local_io
from handover.manifest import Base, Header
from handover.manifest_reader import Reader
from handover.paths import shown
from handover.proofs import ProofRules

#: More than this an agent is not told: about seven million files, which then are read again.
MAX_TABLE = 64 * 2**20
_FOLDER = struct.Struct(">II")
_LENGTHS = struct.Struct(">QQQQ")
_FINGERPRINT = 8
_BLOCK = 4096


class Earlier(Protocol):
    """An earlier scan: its header, how it is named as a base, and the files that may be carried over from it."""

    @property
    def header(self) -> Header:
        """What the scan said of itself."""

    @property
    def base(self) -> Base:
        """How a manifest names it; known after ``files`` came to its end once."""

    def files(self, now: ProofRules) -> Iterator[KnownFiles]:
        """Yield the files in the order of paths that had the rules that keep proof which they have now.

        An error at the end means that none of them may be believed.
        """

    def confirm(self) -> None:
        """Make sure that it still is what ``files`` read; an error means that the new scan has no base."""

    def spent(self) -> None:
        """Hear that there is a newer manifest of the same."""


class EarlierManifest:
    """A manifest that was made before. It must be the same as long as it is used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._where = shown(os.fsencode(path))
        self._sha256: str | None = None
        if not path.is_file():
            raise UsageError("there is no such manifest", where=self._where, hint="Name a manifest of an earlier scan.")
        with local_io(path), path.open("rb") as stream:
            self.header = Reader(stream, where=self._where).header

    @property
    def base(self) -> Base:
        """How a manifest names it."""
        return Base(kind="manifest", sha256=self._sha256, nonce=self.header.nonce, started_at=self.header.started_at)

    def files(self, now: ProofRules) -> Iterator[KnownFiles]:
        """Yield the files in the order of paths; ``MalformedInput`` when it is no manifest, or another one by now."""
        with local_io(self._path), self._path.open("rb") as stream:
            reader = Reader(stream, where=self._where)
            yield from known_files(reader, now)
            if reader.header != self.header:
                raise self._changed()
            self._sha256 = reader.sha256

    def confirm(self) -> None:
        """Raise ``MalformedInput`` when another one is there by now: ``verify`` is going to ask for this one."""
        with local_io(self._path), self._path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != self._sha256:
                raise self._changed()

    def spent(self) -> None:
        """Stay: evidence is never thrown away."""

    def _changed(self) -> MalformedInput:
        return MalformedInput("it changed while it was used", where=self._where)


class Carry:
    """What one scan may take from earlier ones, the latest of them last.

    ``table`` first, then ``fit``; then ``take`` in the order of paths, and ``finish``.
    """

    def __init__(self, earlier: Sequence[Earlier]) -> None:
        self._earlier = earlier
        self._blocks: Iterator[KnownFiles] = iter(())
        self._block = _NOTHING
        self._at = 0
        #: Why everything is read after all.
        self.refused: str | None = None

    @property
    def bases(self) -> tuple[Base, ...]:
        """How the manifest names the earlier scans."""
        return tuple(earlier.base for earlier in self._earlier)

    def table(self, scratch: BinaryIO, now: ProofRules) -> bytes:
        """Return what the agent is told: for each folder its path and the fingerprints of its files.

        ``scratch`` is an empty file that stays open as long as something may be taken; ``now`` are the rules that keep
        proof of this scan.
        """
        parts: list[bytes] = []
        length = 0
        for files in _merged(self._earlier, now):
            _put(scratch, files)
            for folder, prints in _by_folder(files):
                path = folder.replace(b"\0", b"/")
                parts += (_FOLDER.pack(len(path), len(prints) // _FINGERPRINT), path, prints)
                length += _FOLDER.size + len(path) + len(prints)
            if length > MAX_TABLE:
                self.refused = "it has more files than an agent can be told of"
                return b""
        scratch.seek(0)
        self._blocks = _put_there(scratch)
        return b"".join(parts)

    def fit(self, header: Header) -> bool:
        """Return whether all earlier scans were of what this one is of."""
        reasons = (unfit(earlier.header, header) for earlier in self._earlier)
        self.refused = self.refused or next(filter(None, reasons), None)
        return self.refused is None

    def take(self, prefix: bytes, names: Sequence[bytes], stamps: Sequence[bytes]) -> tuple[list[bytes], list[str]]:
        """Return contents and digests of files that the agent says are as they were; ``RemoteError`` when one is not.

        They are below the folder whose path with its slash is ``prefix``. Those of one call follow one another: mostly
        they do so in an earlier scan too.
        """
        start = prefix.replace(b"/", b"\0")
        self._go_to(start + names[0])
        part, block = slice(self._at, self._at + len(names)), self._block
        # Neither a name nor a key holds a slash, so only the same keys look the same when they are joined.
        if block.stamps[part] == stamps and b"/".join(block.keys[part]) == start + (b"/" + start).join(names):
            self._at = part.stop
            return block.contents[part], block.digests[part]
        taken = [self._take_one(start + name, stamp) for name, stamp in zip(names, stamps, strict=True)]
        return [content for content, _ in taken], [digest for _, digest in taken]

    def finish(self) -> None:
        """Make sure, at the end, that the earlier scans are what they were at first."""
        for earlier in self._earlier:
            earlier.confirm()

    def spent(self) -> None:
        """Tell the earlier scans that there is a newer manifest of the same."""
        for earlier in self._earlier:
            earlier.spent()

    def _take_one(self, key: bytes, stamp: bytes) -> tuple[bytes, str]:
        self._go_to(key)
        block, at = self._block, self._at
        # SECURITY: the agent alone decides nothing: what it did not read must be to the last number what was read.
        if at == len(block.keys) or block.keys[at] != key or block.stamps[at] != stamp:
            raise broken("a file that was carried over and is not known as it is")
        return block.contents[at], block.digests[at]

    def _go_to(self, key: bytes) -> None:
        """Go to the first file that does not come before this one."""
        keys, at = self._block.keys, self._at
        if at < len(keys) and keys[at] == key:
            return
        while not keys or keys[-1] < key:
            following = next(self._blocks, None)
            if following is None:
                self._at = len(keys)
                return
            self._block, self._at = following, 0
            keys = following.keys
        self._at = bisect_left(keys, key, self._at)


def _by_folder(files: KnownFiles) -> Iterator[tuple[bytes, bytes]]:
    """Yield the fingerprints of files that follow one another in one folder; a folder may come more than once."""
    sha256 = hashlib.sha256
    named = [(*key.rpartition(b"\0")[::2], stamp) for key, stamp in zip(files.keys, files.stamps, strict=True)]
    for folder, group in groupby(named, itemgetter(0)):
        yield folder, b"".join([sha256(b"%b %b" % (stamp, name)).digest()[:_FINGERPRINT] for _, name, stamp in group])


def _merged(earlier: Sequence[Earlier], now: ProofRules) -> Iterator[KnownFiles]:
    """Yield each file once, in the order of paths, as the latest scan knew it that read it."""
    if len(earlier) == 1:
        yield from earlier[0].files(now)
        return
    latest_first = [(file for files in one.files(now) for file in files.each()) for one in reversed(earlier)]
    merged = heapq.merge(*latest_first, key=lambda known: known.key)
    once = (next(group) for _, group in groupby(merged, lambda known: known.key))
    while block := list(islice(once, _BLOCK)):
        yield KnownFiles.of(block)


def _put(scratch: BinaryIO, files: KnownFiles) -> None:
    """Write files down; no key holds a slash, and nothing else in the line of a file a line feed."""
    columns = (
        b"/".join(files.keys),
        b"\n".join(files.stamps),
        b"\n".join(files.contents),
        "\n".join(files.digests).encode(),
    )
    scratch.write(_LENGTHS.pack(*map(len, columns)) + b"".join(columns))


def _put_there(scratch: BinaryIO) -> Iterator[KnownFiles]:
    """Yield what was put there, from where the file stands."""
    while head := scratch.read(_LENGTHS.size):
        keys, stamps, contents, digests = map(scratch.read, _LENGTHS.unpack(head))
        yield KnownFiles(keys.split(b"/"), stamps.split(b"\n"), contents.split(b"\n"), digests.decode().split("\n"))


_NOTHING = KnownFiles([], [], [], [])
