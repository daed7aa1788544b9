"""Carry-over: which files of an earlier scan need not be read again, and whether a manifest kept to that.

A digest is carried over only from a scan of the same root on the same machine with the same algorithm, and only when
size, both times, device and inode are what they were. A file that changed so shortly before it was read that a later
change could have left the same times is *racily clean* (the word is git's) and is always read again. The rule is the
same for the scan that carries over and for the verification that asks whether it was right to.
Specification: ``docs/spec/manifest.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple, Self

from handover.digests import Algorithm
from handover.entries import Entry, EntryType, HostStat
from handover.errors import NotVerified
from handover.hostless import HOST
from handover.manifest import Header
from handover.manifest_lines import Block
from handover.manifest_reader import Reader
from handover.paths import shown
from handover.proofs import ProofRules

#: Times closer to the start of the earlier scan than this prove nothing: FAT counts in steps of two seconds.
GUARD_NS = 2 * 10**9

#: Quotes inside of a path are escaped, so this can only be the end of one.
_DIGEST = re.compile(rb'","type":"file","size":[0-9]+,"digest":"([0-9a-f]+)"')
#: Quotes in names are escaped, so only the type of an entry reads like this.
_IS_FILE = b'"type":"file"'
_CARRIED = b',"carried":true}'


class Facts(NamedTuple):
    """What must be equal for a file to count as unchanged; times in nanoseconds since 1970."""

    size: int
    mtime_ns: int
    ctime_ns: int
    dev: int
    inode: int

    def settled(self, limit_ns: int) -> bool:
        """Whether a later change must have left other times than these."""
        return self.mtime_ns < limit_ns and self.ctime_ns < limit_ns

    @property
    def stamp(self) -> bytes:
        """The facts as bytes that are equal when they are."""
        return b"%d %d %d %d %d" % self


class KnownFile(NamedTuple):
    """A file with its digest from an earlier scan; ``content`` is its line before ``,"host":``."""

    key: bytes
    stamp: bytes
    content: bytes


class KnownFiles(NamedTuple):
    """Files that follow one another, by columns; ``digests`` in hex."""

    keys: list[bytes]
    stamps: list[bytes]
    contents: list[bytes]
    digests: list[str]

    @classmethod
    def of(cls, files: Sequence[KnownFile]) -> Self:
        """Return the columns of files."""
        contents = [file.content for file in files]
        digests = digests_of(contents) if files else []
        return cls([file.key for file in files], [file.stamp for file in files], contents, digests)

    def each(self) -> Iterator[KnownFile]:
        """Yield them one by one."""
        return map(KnownFile, self.keys, self.stamps, self.contents)


def digests_of(contents: Sequence[bytes]) -> list[str]:
    """Return the digests, in hex, in the lines of plain files."""
    return b"\n".join(_DIGEST.findall(b"\n".join(contents))).decode().split("\n")


def unfit(base: Header, now: Header) -> str | None:
    """Return why nothing can be carried over from the scan ``base`` to the scan ``now``; ``None`` when files can."""
    a, b = base.machine, now.machine
    if base.digest is not now.digest or now.digest is Algorithm.NONE:
        return f"it was made with {base.digest.value}, and this scan is made with {now.digest.value}"
    if (base.route, a.host_key, a.machine_sha256) != (now.route, b.host_key, b.machine_sha256):
        return "it is of another machine"
    if a.host_key is None and a.machine_sha256 is None:
        return "nothing tells whether it is of this machine"
    same_root = (base.root, base.root_b64, a.root_dev, a.root_inode) == (
        now.root,
        now.root_b64,
        b.root_dev,
        b.root_inode,
    )
    if not same_root or a.root_inode is None:
        return "it is of another folder"
    return None


def limit_ns(base: Header) -> int:
    """Return the time, in nanoseconds since 1970, before which a file must have changed last to be carried over.

    It is the start of the scan by the earlier of both clocks, less the guard: where they disagree, the times of files
    may follow either.
    """
    instants = [base.started_at, base.clock.here] + ([] if base.clock.there is None else [base.clock.there])
    return min(int(datetime.fromisoformat(instant).timestamp()) for instant in instants) * 10**9 - GUARD_NS


def known_files(reader: Reader, now: ProofRules) -> Iterator[KnownFiles]:
    """Yield the files of a manifest that may be carried over, in its order; reads it to its end.

    ``now``: the rules that keep proof of the scan that carries over. A file that had others is read again.
    """
    limit = limit_ns(reader.header)
    all_alike = reader.proof_rules.same_as(now)
    last = b""
    for block in reader.blocks():
        known = _by_columns(reader, block, limit) if all_alike else None
        if known is None:
            known = KnownFiles.of(list(_one_by_one(reader, block, limit, now)))
        if known.keys:
            reader.check_order(last, known.keys)
            last = known.keys[-1]
            yield known


def facts_of(entry: Entry, host: HostStat) -> Facts | None:
    """Return the facts of a file that was read; ``None`` when the host did not tell all of them, or it was not read."""
    if entry.type is not EntryType.FILE or entry.digest is None or entry.size is None:
        return None
    if host.mtime_ns is None or host.ctime_ns is None or host.dev is None or host.inode is None:
        return None
    return Facts(entry.size, int(host.mtime_ns), int(host.ctime_ns), int(host.dev), int(host.inode))


def check(manifest: Reader, base: Reader) -> int:
    """Return how many files a manifest rightly carries over from its base; ``NotVerified`` when one is not right.

    Reads both to their ends. Raises ``MalformedInput`` for what is no manifest.
    """
    why = unfit(base.header, manifest.header)
    if why is not None:
        raise NotVerified(f"its base is no base for it: {why}")
    known = (file for files in known_files(base, manifest.proof_rules) for file in files.each())
    before = next(known, None)
    checked = 0
    for line in manifest.lines():
        if line.host is None or not line.host.endswith(_CARRIED):
            continue
        while before is not None and before.key < line.key:
            before = next(known, None)
        facts = facts_of(manifest.parse(line), manifest.parse_host(line))
        if facts is None or before != KnownFile(line.key, facts.stamp, line.content):
            raise NotVerified(f"{shown(line.path)} is carried over, and its base does not have it like this")
        checked += 1
    for _ in known:
        pass
    return checked


def _by_columns(reader: Reader, block: Block, limit: int) -> KnownFiles | None:
    """Return the files of a block in which every one is ordinary and may be carried over; that is the usual block."""
    found = _ordinary_file(reader.header.digest).findall(b"\n" + block.raw)
    if not found or len(found) != block.raw.count(_IS_FILE):
        return None
    contents, paths, sizes, digests, mtimes_ns, ctimes_ns, devs, inodes = zip(*found, strict=True)
    if max(map(int, mtimes_ns)) >= limit or max(map(int, ctimes_ns)) >= limit:
        return None
    stamps = list(map(b" ".join, zip(sizes, mtimes_ns, ctimes_ns, devs, inodes, strict=True)))
    # An ordinary path holds no line feed, so all of them can be changed at once.
    keys = b"\n".join(paths).replace(b"/", b"\0").split(b"\n")
    return KnownFiles(keys, stamps, list(contents), b"\n".join(digests).decode().split("\n"))


def _one_by_one(reader: Reader, block: Block, limit: int, now: ProofRules) -> Iterator[KnownFile]:
    for number, raw in enumerate(block.raw.split(b"\n")[:-1], block.number):
        if _IS_FILE in raw:
            line = reader.line(raw, number)
            facts = facts_of(reader.parse(line), reader.parse_host(line))
            if facts is not None and facts.settled(limit) and reader.proof_rules.alike(now, line.path):
                yield KnownFile(line.key, facts.stamp, line.content)


@cache
def _ordinary_file(algorithm: Algorithm) -> re.Pattern[bytes]:
    """Return the expression for the line of a file that was read, whose host told everything, and nothing is escaped.

    It takes the line end before the line. Groups: content, path, size, digest, both times, device, inode.
    """
    digest = rb"[0-9a-f]{%d}" % (2 * algorithm.size)
    evidence = rb'(?:,"text_digest":"' + digest + rb'")?(?:,"prefixes":\[[0-9a-f",]+\])?'
    content = rb'\{"path":"([^"\\\n]++)","type":"file","size":([0-9]++),"digest":"(' + digest + rb')"' + evidence
    times = rb'"mtime_ns":"([0-9]{1,19}+)","ctime_ns":"([0-9]{1,19}+)"'
    host = rb"\{" + times + rb',"dev":"([0-9]{1,20}+)","inode":"([0-9]{1,20}+)"[,}][^\n]*+'
    # It begins with what cannot be elsewhere: to look for that takes less time than to try every place.
    return re.compile(rb"\n(" + content + rb")" + HOST + host)
