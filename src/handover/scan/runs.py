"""Runs of ordinary entries: most of every tree, turned into lines of a manifest by columns instead of one by one.

A run is a stretch of one folder: files that were read, held still, have one name each and nothing attached; a folder
may end it. Names, numbers and digests become text once for all entries of a block; for a run, these are joined with
the path before them. What comes out is to the byte what ``Lines`` and the encoder make of the same entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import add
from typing import NamedTuple

from handover.agents.blocks import Block
from handover.agents.frames import Kind, Status
from handover.carrying import digests_of
from handover.manifest import PlainLines
from handover.manifest_lines import names_are_plain
from handover.scan.carry import Carry
from handover.strict_json import MAX_INTEGER, encode

#: What the entries of a block are to a run.
_READ, _CARRIED, _FOLDER, _ODD = b"rcfo"
_MARKS = bytes.maketrans(bytes(range(5)), bytes([_ODD, _READ, _FOLDER, _ODD, _ODD]))
_RUNS = re.compile(rb"r+f?|c+|f|o")
#: So many blocks are kept as text.
_KEPT = 8
_MAX_ENDS = 4096
_PATH = b'{"path":"'


class Below(NamedTuple):
    """The numbers that one folder has in the first pass and in the recheck; 0 where there is none."""

    first: int
    again: int


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A block with all names as they are and inside of a JSON string (``None``: no text), and what each entry is."""

    block: Block
    names: list[bytes]
    texts: Sequence[bytes | None]
    marks: bytes

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
    texts: Sequence[bytes | None] = names
    if not names_are_plain(names):
        texts = [as_text(name) for name in names]
    sizes, nlinks = block.stable(0, n)[0], block.host(0, n)[-1]
    facts = zip(marks, texts, sizes, nlinks, strict=True)
    odd = [
        place
        for place, (mark, text, size, nlink) in enumerate(facts)
        if text is None or (nlink != 1 and mark != _FOLDER) or size > MAX_INTEGER // 8
    ]
    for place in (*odd, *block.extras):
        marks[place] = _ODD
    return Marked(block, names, texts, bytes(marks))


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


class RunLines:
    """Turns runs into lines; knows the names of owners, and by ``carry`` the digests of files that were not read."""

    def __init__(self, users: dict[int, str], groups: dict[int, str], digest_size: int, carry: Carry) -> None:
        self._carry = carry
        self._users = users
        self._groups = groups
        self._size = digest_size
        self._ends = lru_cache(_MAX_ENDS)(self._end)
        self._texts = lru_cache(_KEPT)(self._block)

    def lines(self, prefix: bytes, text: bytes, run: Run) -> PlainLines:
        """Return a run below the folder whose path with its slash is ``prefix``, ``text`` inside of a JSON string."""
        names, part = run.marked.names, slice(run.start, run.stop)
        first, last = prefix + names[run.start], prefix + names[run.stop - 1]
        block = self._texts(run.marked)
        if run.marked.marks[run.start] == _CARRIED:
            known = self._carry.take([prefix + name for name in names[part]], block.stamps[part])
            lines = b"\n".join(map(add, known, block.lines[part])) + b"\n"
            contents, digests = b"\n".join(known) + b"\n", digests_of(known)
            size = sum(block.sizes[part])
            return PlainLines(first, last, contents, lines, digests, len(known), 0, size, carried=True)
        start, between = _PATH + text, b"\n" + _PATH + text
        contents = start + between.join(block.contents[part]) + b"\n"
        lines = start + between.join(block.lines[part]) + b"\n"
        folders = 0 if run.below is None else 1
        files = slice(run.start, run.stop - folders)
        size = sum(block.sizes[files])
        return PlainLines(first, last, contents, lines, block.digests[files], files.stop - run.start, folders, size)

    def _block(self, found: Marked) -> _Texts:
        n = found.block.head.names
        sizes, mtimes_ns, ctimes_ns, inodes = found.block.stable(0, n)
        devs, modes, uids, gids, _ = found.block.host(0, n)
        devices = {dev: f'","dev":"{dev}","inode":"' for dev in set(devs)}
        facts = zip(mtimes_ns, ctimes_ns, devs, inodes, zip(modes, uids, gids, strict=True), strict=True)
        hosts = [
            f',"host":{{"mtime_ns":"{mtime}","ctime_ns":"{ctime}{devices[dev]}{inode}{self._ends(owner)}'
            for mtime, ctime, dev, inode, owner in facts
        ]
        digests = self._digests(found.block)
        contents = self._contents(found, sizes, digests)
        lines = "\n".join(map(add, contents, hosts)).encode().split(b"\n")
        stamps: list[bytes] = []
        if _CARRIED in found.marks:
            columns = zip(sizes, mtimes_ns, ctimes_ns, devs, inodes, strict=True)
            stamps = [b"%d %d %d %d %d" % stamp for stamp in columns]
            for place, mark in enumerate(found.marks):
                if mark == _CARRIED:
                    lines[place] = hosts[place][:-2].encode() + b',"carried":true}}'
        return _Texts("\n".join(contents).encode().split(b"\n"), lines, stamps, digests, sizes)

    def _contents(self, found: Marked, sizes: Sequence[int], digests: Sequence[str]) -> list[str]:
        """Return what is compared of each entry, from the end of its name on."""
        texts = b"\n".join([text or b"" for text in found.texts]).decode().split("\n")
        kinds = found.block.kinds
        if not self._size:
            return [
                f'{text}","type":"dir"' if kind == Kind.DIR else f'{text}","type":"file","size":{size}'
                for text, kind, size in zip(texts, kinds, sizes, strict=True)
            ]
        return [
            f'{text}","type":"dir"' if kind == Kind.DIR else f'{text}","type":"file","size":{size},"digest":"{digest}"'
            for text, kind, size, digest in zip(texts, kinds, sizes, digests, strict=True)
        ]

    def _digests(self, block: Block) -> list[str]:
        """Return the digest of each entry in hex, an empty one where none was read."""
        joined, width = block.digests(0, block.head.names).hex(), 2 * self._size
        each = iter([joined[at : at + width] for at in range(0, len(joined), width or 1)])
        return [next(each, "") if kind == Kind.FILE else "" for kind in block.settled]

    def _end(self, owner: tuple[int, int, int]) -> str:
        """Return the rest of a line from the mode on: few combinations of mode and owner make up a whole tree."""
        mode, uid, gid = owner
        end = f'","mode":"{mode & 0o7777:04o}","uid":{uid},"gid":{gid}'
        for key, name in (("user", self._users.get(uid)), ("group", self._groups.get(gid))):
            end += "" if name is None else f',"{key}":{encode(name).decode()}'
        return f"{end}}}}}"
