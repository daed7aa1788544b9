"""Two listings side by side: what names and sizes alone already tell, while both hosts are still being listed.

What both sides tell alike is counted and forgotten as it arrives, so mostly a folder costs one digest; only parts that
differ are looked into, at the end. Nothing here is evidence: the verdict comes from the manifests.
"""

from __future__ import annotations

import hashlib
import heapq
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from handover.agents.frames import FrameType, Status
from handover.agents.listing import Entry, Listed, Part, parts
from handover.comparison import PathClass
from handover.locations.channel import Host
from handover.manifest import Header
from handover.pairs import agrees
from handover.proofs import ProofRules
from handover.rules import RuleSet
from handover.scan.request import Clock, Progress, ScanRequest
from handover.scan.scanner import told_of

_KEY_BYTES = 16
_NOT_LOOKED_INTO = (Listed.UNKNOWN, Listed.ELSEWHERE)


def list_root(
    host: Host, request: ScanRequest, progress: Progress, clock: Clock, take: Callable[[bytes], None]
) -> Header:
    """List one root, giving each LISTING payload to ``take``; return the header that a manifest of it would have.

    Raises what ``scan`` raises for the host and its root.
    """
    return told_of(FrameType.LISTING, host, request, progress, clock, take)


@dataclass(slots=True)
class Look:
    """How many paths there are on the source, and what became of them and of others, as far as can be said already."""

    paths: int
    missing: int = 0
    changed: int = 0
    extra: int = 0
    not_checked: int = 0


@dataclass(slots=True)
class _Side:
    """What one side told: ``pending`` says where those parts are that the other one did not tell so far."""

    spool: BinaryIO
    length: int = 0
    names: int = 0
    files: int = 0
    size: int = 0
    pending: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    unlisted: set[bytes] = field(default_factory=set)

    def keep(self, payload: bytes) -> int:
        """Write a payload down; return where it begins."""
        start = self.length
        self.spool.seek(start)
        self.spool.write(payload)
        self.length += len(payload)
        return start

    def parts_left(self) -> Iterator[Part]:
        """Yield what the other side did not tell."""
        for start, length in self.pending.values():
            self.spool.seek(start)
            yield from parts(self.spool.read(length))

    def hides(self, path: bytes) -> bool:
        """Whether this side cannot say what is in a folder: it, or one above it, was not listed."""
        while path not in self.unlisted:
            if not path:
                return False
            path = path.rpartition(b"/")[0]
        return True


class Listings:
    """Takes both listings as they arrive, from any thread, the source as side 0 and the target as side 1.

    ``scratch`` returns an empty temporary file for each.
    """

    def __init__(self, scratch: Callable[[], BinaryIO]) -> None:
        self._sides = (_Side(scratch()), _Side(scratch()))
        self._lock = threading.Lock()

    def add(self, number: int, payload: bytes) -> None:
        """Take one LISTING payload of a side; ``RemoteError`` when it is none."""
        side, other = self._sides[number], self._sides[1 - number]
        with self._lock:
            at = side.keep(payload)
            for part in parts(payload):
                side.names += part.names
                side.files += part.files
                side.size += part.size
                key = hashlib.sha256(part.raw).digest()[:_KEY_BYTES]
                if part.status is not Status.OK:
                    side.unlisted.add(part.path)
                    side.pending[key] = (at, len(part.raw))
                elif other.pending.pop(key, None) is None:
                    side.pending[key] = (at, len(part.raw))
                at += len(part.raw)

    def totals(self, number: int) -> tuple[int, int]:
        """Return how many files a side has, and how many bytes they are."""
        side = self._sides[number]
        return side.files, side.size

    def close(self) -> None:
        """Let the temporary files go."""
        for side in self._sides:
            side.spool.close()

    def look(self, rules: RuleSet) -> Look:
        """Return what both listings say together, without what the rules agree to; when both are at their end."""
        source, target = self._sides
        proof_rules = ProofRules(rules.proofs(on_target=False))  # names and sizes do not tell what they agree to
        look = Look(paths=1 + source.names, not_checked=len(source.unlisted | target.unlisted))
        left: dict[bytes, tuple[list[Part], list[Part]]] = {}
        for number, side in enumerate(self._sides):
            for part in side.parts_left():
                left.setdefault(part.path, ([], []))[number].append(part)
        # A folder comes before what is below it, so that what was not looked into is known by then.
        for folder in sorted(left):
            ours, theirs = map(_merged, left.pop(folder))
            hidden = source.hides(folder), target.hides(folder)
            for one, other in _paired(ours, theirs):
                kind = _judge(one, other, hidden)
                entry = one or other
                assert entry is not None
                path = folder + b"/" + entry.name if folder else entry.name
                for side, found in ((source, one), (target, other)):
                    if found is not None and found.kind in _NOT_LOOKED_INTO:
                        side.unlisted.add(path)
                if kind is PathClass.SAME or agrees(rules.match(path), kind):
                    continue
                if kind is not PathClass.CHANGED or not proof_rules.of_path(path):
                    _count(look, kind)
        return look


def _merged(of_folder: list[Part]) -> Iterator[Entry]:
    if len(of_folder) == 1:
        return of_folder[0].entries()
    return heapq.merge(*(part.entries() for part in of_folder), key=lambda entry: entry.name)


def _paired(ours: Iterator[Entry], theirs: Iterator[Entry]) -> Iterator[tuple[Entry | None, Entry | None]]:
    """Yield each name once, with what either side says of it."""
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.name < other.name):
            yield one, None
            one = next(ours, None)
        elif one is None or other.name < one.name:
            yield None, other
            other = next(theirs, None)
        else:
            yield one, other
            one, other = next(ours, None), next(theirs, None)


def _judge(one: Entry | None, other: Entry | None, hidden: tuple[bool, bool]) -> PathClass:
    if one is None or other is None:
        if hidden[0] if one is None else hidden[1]:
            return PathClass.NOT_CHECKED
        return PathClass.EXTRA if one is None else PathClass.MISSING
    if one.kind in _NOT_LOOKED_INTO or other.kind in _NOT_LOOKED_INTO:
        return PathClass.NOT_CHECKED
    if one.kind != other.kind:
        return PathClass.TYPE_CHANGED
    return PathClass.SAME if one.size == other.size else PathClass.CHANGED


def _count(look: Look, kind: PathClass) -> None:
    if kind is PathClass.MISSING:
        look.missing += 1
    elif kind is PathClass.EXTRA:
        look.extra += 1
    elif kind is PathClass.NOT_CHECKED:
        look.not_checked += 1
    else:
        look.changed += 1
