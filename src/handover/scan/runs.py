"""Runs of ordinary files: most of every tree, turned into lines of a manifest by columns instead of one by one.

A run is a stretch of files in one folder that were read, held still, have ordinary names and one name each. What comes
out is to the byte what ``Lines`` and the encoder make of the same entries.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from handover.agents.chunks import Calm, HostColumns, Row, Sighting
from handover.agents.frames import Kind, Stat, Status
from handover.carrying import digests_of
from handover.manifest import PlainFiles
from handover.manifest_lines import names_are_plain
from handover.scan.carry import Carry
from handover.strict_json import MAX_INTEGER, encode


class Run(NamedTuple):
    """Files ``start`` to ``stop`` of a calm chunk; ``digest_at`` is the number of files before them."""

    calm: Calm
    start: int
    stop: int
    digest_at: int


def split(calm: Calm) -> Iterator[Run | Row] | None:
    """Return the chunk as runs of files and single folders; ``None`` when a file in it is not that ordinary."""
    if not names_are_plain(calm.names):
        return None
    files = [i for i, kind in enumerate(calm.kinds) if kind == Kind.FILE]
    if any(calm.nlinks[i] != 1 or calm.sizes[i] > MAX_INTEGER // 8 for i in files):
        return None
    return _split(calm)


def _split(calm: Calm) -> Iterator[Run | Row]:
    at = files = folders = 0
    for kind, group in groupby(calm.kinds):
        stop = at + sum(1 for _ in group)
        if kind == Kind.FILE:
            yield Run(calm, at, stop, files)
            files += stop - at
        else:
            for place in range(at, stop):
                yield _folder(calm, place, calm.children[folders])
                folders += 1
        at = stop


def _folder(calm: Calm, place: int, child: int) -> Row:
    stat = Stat(Kind.DIR, calm.sizes[place], calm.mtimes_ns[place], calm.ctimes_ns[place], calm.inodes[place])
    seen = Sighting(calm.number, place, calm.names[place], Status.OK, Kind.DIR, stat, child)
    host = HostColumns(calm.devs[place], calm.modes[place], calm.uids[place], calm.gids[place], calm.nlinks[place])
    return Row(seen, host, b"", {})


class RunLines:
    """Turns runs into lines; knows the names of owners, and by ``carry`` the digests of files that were not read."""

    def __init__(self, users: dict[int, str], groups: dict[int, str], digest_size: int, carry: Carry) -> None:
        self._carry = carry
        self._users = users
        self._groups = groups
        self._size = digest_size
        self._ends: dict[tuple[int, int, int], str] = {}

    def files(self, prefix: bytes, run: Run) -> PlainFiles:
        """Return the files of a run below the folder whose path with its slash is ``prefix``."""
        calm, part = run.calm, slice(run.start, run.stop)
        names, sizes = calm.names[part], calm.sizes[part]
        start = f'{{"path":"{prefix.decode()}'
        texts = b"\n".join(names).decode().split("\n")
        digests: list[bytes] = []
        if calm.carried:
            contents = self._known(prefix, run)
            digests = digests_of(contents, self._size)
        elif self._size:
            at, end = run.digest_at * self._size, (run.digest_at + len(names)) * self._size
            digests = [calm.digests[i : i + self._size] for i in range(at, end, self._size)]
            contents = [
                f'{start}{name}","type":"file","size":{size},"digest":"{digest.hex()}"'
                for name, size, digest in zip(texts, sizes, digests, strict=True)
            ]
        else:
            contents = [f'{start}{name}","type":"file","size":{size}' for name, size in zip(texts, sizes, strict=True)]
        columns = (calm.mtimes_ns, calm.ctimes_ns, calm.devs, calm.inodes, calm.modes, calm.uids, calm.gids)
        hosts = [
            f'{{"mtime_ns":"{mtime}","ctime_ns":"{ctime}","dev":"{dev}","inode":"{inode}"{self._end(mode, uid, gid)}'
            for mtime, ctime, dev, inode, mode, uid, gid in zip(*(column[part] for column in columns), strict=True)
        ]
        if calm.carried:
            hosts = [f'{host[:-1]},"carried":true}}' for host in hosts]
        return PlainFiles(prefix + names[0], prefix + names[-1], contents, hosts, digests, sum(sizes), calm.carried)

    def _known(self, prefix: bytes, run: Run) -> list[str]:
        """Return what is known of the files of a run that was not read."""
        calm, part = run.calm, slice(run.start, run.stop)
        columns = (calm.sizes, calm.mtimes_ns, calm.ctimes_ns, calm.devs, calm.inodes)
        stamps = [b"%d %d %d %d %d" % facts for facts in zip(*(column[part] for column in columns), strict=True)]
        known = self._carry.take([prefix + name for name in calm.names[part]], stamps)
        return b"\n".join(known).decode().split("\n")

    def _end(self, mode: int, uid: int, gid: int) -> str:
        """Return the rest of ``host``: few combinations of mode and owner make up a whole tree."""
        end = self._ends.get((mode, uid, gid))
        if end is None:
            end = f',"mode":"{mode & 0o7777:04o}","uid":{uid},"gid":{gid}'
            for key, name in (("user", self._users.get(uid)), ("group", self._groups.get(gid))):
                end += "" if name is None else f',"{key}":{encode(name).decode()}'
            end += "}"
            if len(self._ends) < _MAX_ENDS:
                self._ends[mode, uid, gid] = end
        return end


_MAX_ENDS = 4096
