"""Runs of ordinary entries: most of every tree, turned into lines of a manifest by columns instead of one by one.

A run is a stretch of one folder: files that were read, held still, have one name each and nothing attached; a folder
may end it. Names, numbers and digests become text once for all entries of a block; for a run, these are joined with
the path before them. What comes out is to the byte what ``Lines`` and the encoder make of the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import add
from typing import NamedTuple

from handover.agents.blocks import Block, Column
from handover.agents.frames import Kind, Status
from handover.entries import MAX_DERIVED_BYTES
from handover.manifest import PlainLines
from handover.manifest_lines import names_are_plain
from handover.scan.carry import Carry
from handover.strict_json import encode

#: What the entries of a block are to a run.
_READ, _CARRIED, _FOLDER, _ODD = b"rcfo"
_MARKS = bytes.maketrans(bytes(range(5)), bytes([_ODD, _READ, _FOLDER, _ODD, _ODD]))
_RUNS = re.compile(rb"r+f?|c+f?|f|o")
#: So many blocks are kept as text.
_KEPT = 2


class Below(NamedTuple):
    """The numbers that one folder has in the first pass and in the recheck; 0 where there is none."""

    first: int
    again: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A block with all names as they are and inside of a JSON string (``None``: no text), and what each entry is.

    Two of the same block are equal: a folder far up may hold one while another has been made for those below.
    """

    offset: int
    block: Block = field(compare=False)
    names: list[bytes] = field(compare=False)
    texts: Sequence[bytes | None] = field(compare=False)
    marks: bytes = field(compare=False)

    def is_odd(self, place: int) -> bool:
        """Whether an entry is to be looked at by itself."""
        return self.marks[place] == _ODD


class Run(NamedTuple):
    """Entries ``start`` to ``stop`` of a block; when there is something ``below``, the last is that folder."""

    marked: Marked
    start: int
    stop: int
    below: Below | None


def marked(block: Block) -> Marked:
    """Return a block whose entries are marked as ordinary or odd; ``RemoteError`` for impossible names."""
    names, n = block.names, block.head.names
    marks = bytearray(block.settled.translate(_MARKS))
    if Status.CARRIED in block.statuses:
        for place, (status, kind) in enumerate(zip(block.statuses, block.kinds, strict=True)):
            if status == Status.CARRIED and kind == Kind.FILE:
                marks[place] = _CARRIED
    nlinks, sizes = block.column(Column.NLINK, 0, n), block.column(Column.SIZE, 0, n)
    odd = [place for place, nlink in enumerate(nlinks) if nlink != 1 and marks[place] != _FOLDER]
    odd += [place for place, size in enumerate(sizes) if size > MAX_DERIVED_BYTES]
    texts: Sequence[bytes | None] = names
    if not names_are_plain(names):
        texts = [as_text(name) for name in names]
        odd += [place for place, text in enumerate(texts) if text is None]
    for place in (*odd, *block.extras):
        marks[place] = _ODD
    return Marked(block.offset, block, names, texts, bytes(marks))


def split(found: Marked, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Yield start and stop of each run, and of each entry that is none, of a stretch of entries."""
    return (match.span() for match in _RUNS.finditer(found.marks, start, stop))


def as_text(name: bytes) -> bytes | None:
    """Return a name as it is written between the quotes of JSON; ``None`` when it is no text."""
    try:
        return encode(name.decode())[1:-1]
    except UnicodeDecodeError:
        return None


class _Texts(NamedTuple):
    """A block as text: what follows its name in the line of each entry, without ``host`` and whole.

    Of an entry that is carried over there is only ``host``, and its ``stamp``.
    """

    contents: list[bytes]
    lines: list[bytes]
    stamps: list[bytes]
    digests: list[str]
    sizes: tuple[int, ...]


class _TextMaker:
    """Turns blocks into text; knows the names of owners."""

    def __init__(self, users: dict[int, str], groups: dict[int, str], digest_size: int) -> None:
        self._users = users
        self._groups = groups
        self._size = digest_size

    def texts(self, found: Marked) -> _Texts:
        """Return a block as text."""
        columns = [found.block.column(column, 0, found.block.head.names) for column in Column]
        sizes, mtimes_ns, ctimes_ns, inodes, devs, modes, uids, gids, _ = columns
        rests = list(zip(found.marks, modes, uids, gids, strict=True))
        # Few combinations of mode and owner make up a whole tree.
        ends = {rest: self._end(*rest) for rest in set(rests)}
        devices = {dev: f'","dev":"{dev}","inode":"' for dev in set(devs)}
        facts = zip(mtimes_ns, ctimes_ns, devs, inodes, rests, strict=True)
        hosts = [
            f',"host":{{"mtime_ns":"{mtime}","ctime_ns":"{ctime}{devices[dev]}{inode}{ends[rest]}'
            for mtime, ctime, dev, inode, rest in facts
        ]
        digests = self._digests(found.block)
        contents = _encoded(self._contents(found, sizes, digests))
        stamps: list[bytes] = []
        if _CARRIED in found.marks:
            stamps = list(map(b"%d %d %d %d %d".__mod__, zip(sizes, mtimes_ns, ctimes_ns, devs, inodes, strict=True)))
        return _Texts(contents, list(map(add, contents, _encoded(hosts))), stamps, digests, sizes)

    def _contents(self, found: Marked, sizes: Sequence[int], digests: Sequence[str]) -> list[str]:
        """Return what is compared of each entry, from the end of its name on."""
        texts = b"\n".join([text or b"" for text in found.texts]).decode().split("\n")
        marks = found.marks
        if not self._size:
            return [
                f'{text}","type":"dir"' if mark == _FOLDER else f'{text}","type":"file","size":{size}'
                for text, mark, size in zip(texts, marks, sizes, strict=True)
            ]
        return [
            f'{text}","type":"file","size":{size},"digest":"{digest}"'
            if mark == _READ
            else f'{text}","type":"dir"'
            if mark == _FOLDER
            else ""
            for text, mark, size, digest in zip(texts, marks, sizes, digests, strict=True)
        ]

    def _digests(self, block: Block) -> list[str]:
        """Return the digest of each entry in hex, an empty one where none was read."""
        joined, width = block.digests(0, block.head.names).hex(), 2 * self._size
        each = iter([joined[at : at + width] for at in range(0, len(joined), width or 1)])
        return [next(each, "") if kind == Kind.FILE else "" for kind in block.settled]

    def _end(self, mark: int, mode: int, uid: int, gid: int) -> str:
        """Return the rest of a line from the mode on."""
        end = f'","mode":"{mode & 0o7777:04o}","uid":{uid},"gid":{gid}'
        for key, name in (("user", self._users.get(uid)), ("group", self._groups.get(gid))):
            end += "" if name is None else f',"{key}":{encode(name).decode()}'
        return end + (',"carried":true}}' if mark == _CARRIED else "}}")


def _encoded(texts: list[str]) -> list[bytes]:
    """Return texts, none of which has a line feed, as bytes."""
    return "\n".join(texts).encode().split(b"\n")


class RunLines:
    """Turns runs into lines; knows the names of owners, and by ``carry`` the digests of files that were not read."""

    def __init__(self, users: dict[int, str], groups: dict[int, str], digest_size: int, carry: Carry) -> None:
        self._carry = carry
        self._texts = lru_cache(_KEPT)(_TextMaker(users, groups, digest_size).texts)

    def lines(self, prefix: bytes, text: bytes, run: Run) -> PlainLines:
        """Return a run below the folder whose path with its slash is ``prefix``, ``text`` inside of a JSON string."""
        names, last = run.marked.names, run.stop - 1
        block = self._texts(run.marked)
        folders = 0 if run.below is None else 1
        files = slice(run.start, run.stop - folders)
        start = b'{"path":"' + text
        if run.marked.marks[run.start] == _CARRIED:
            contents, digests = self._carry.take(prefix, names[files], block.stamps[files])
            lines = list(map(add, contents, block.lines[files]))
            if folders:
                contents.append(start + block.contents[last])
                lines.append(start + block.lines[last])
            joined, whole = b"\n".join(contents) + b"\n", b"\n".join(lines) + b"\n"
        else:
            part, between = slice(run.start, run.stop), b"\n" + start
            joined = start + between.join(block.contents[part]) + b"\n"
            whole = start + between.join(block.lines[part]) + b"\n"
            digests = block.digests[files]
        return PlainLines(
            prefix + names[run.start],
            prefix + names[last],
            joined,
            whole,
            digests,
            files.stop - run.start,
            folders,
            sum(block.sizes[files]),
            carried=run.marked.marks[run.start] == _CARRIED,
        )
