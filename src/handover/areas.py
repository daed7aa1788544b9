"""What became of everything, folder by folder: sums of all paths, of those that are the same too, in bounded memory.

An area is one folder with all below it that no deeper area has, so the sums of all areas are those of the part. Deep
and small folders count for the folder that they are in.
"""

from __future__ import annotations

import builtins
import heapq
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from handover import paths
from handover.comparison import PathClass
from handover.strict_json import Count, Document

#: Folders deeper than this have no area of their own.
DEPTH = 3
#: How many areas are kept while streaming, and how many are told.
_KEEP = 4096
TOLD = 120
#: How many keys are looked at at once, and how many times more each time that they are on one level.
_WINDOW, _GROWTH = 16, 4


class Share(Document):
    """One number for each class that is not 0; paths, or bytes of files."""

    same: Count = 0
    missing: Count = 0
    extra: Count = 0
    changed: Count = 0
    type_changed: Count = 0
    metadata: Count = 0
    not_checked: Count = 0
    agreed: Count = 0
    ignored: Count = 0
    not_recorded: Count = 0


class Area(Document):
    """One folder with all below it that no other area has: how many paths and bytes are in which class."""

    path: str | None = None
    path_b64: str | None = None
    paths: Share
    bytes: Share

    def path_bytes(self) -> builtins.bytes:
        """Return the folder's path below the part's root."""
        return paths.from_fields(self.path, self.path_b64, where="area")


@dataclass(slots=True)
class _Sums:
    """Paths and bytes by class, while they are counted."""

    paths: Counter[PathClass] = field(default_factory=Counter)
    bytes: Counter[PathClass] = field(default_factory=Counter)

    def take(self, other: _Sums) -> None:
        self.paths.update(other.paths)
        self.bytes.update(other.bytes)

    @property
    def weight(self) -> tuple[int, int]:
        return self.bytes.total(), self.paths.total()


class Areas:
    """Takes all paths in their order, by their keys (the components with NUL between them)."""

    def __init__(self) -> None:
        self._sums: dict[bytes, _Sums] = {b"": _Sums()}
        # Neighbours mostly share area and class: they are counted here first.
        self._last: tuple[bytes, PathClass] = (b"", PathClass.SAME)
        self._paths = self._bytes = 0

    def add(self, key: bytes, kind: PathClass, count: int, size: int) -> None:
        """Count paths that are in the same area as ``key``, and their bytes."""
        area = _area_of(key)
        if kind is not self._last[1] or area != self._last[0]:
            self._settle()
            self._last = (area, kind)
        self._paths += count
        self._bytes += size

    def told(self) -> tuple[Area, ...]:
        """Return at most ``TOLD`` areas in the order of paths; the smallest leaves count for those above them."""
        self._settle()
        left = dict(self._sums)
        _fold(left, TOLD, ())
        return tuple(_area(key, left[key]) for key in sorted(left) if left[key].paths)

    def _settle(self) -> None:
        if self._paths:
            area, kind = self._last
            sums = self._sums.get(area) or self._begin(area)
            sums.paths[kind] += self._paths
            sums.bytes[kind] += self._bytes
            self._paths = self._bytes = 0

    def _begin(self, area: bytes) -> _Sums:
        if len(self._sums) >= _KEEP:
            _fold(self._sums, _KEEP // 2, _line(area))
        for above in _line(area):
            self._sums.setdefault(above, _Sums())
        return self._sums[area]


def runs(keys: Sequence[bytes]) -> Iterator[int]:
    """Yield how many of these keys, which are in order, are in one area after another."""
    start = 0
    while start < len(keys):
        area = _area_of(keys[start])
        end = bisect_left(keys, area + b"\1", start) if area else len(keys)
        depth = area.count(b"\0") + 1 if area else 0
        if depth < DEPTH:
            end = _end_of_level(keys, start, end, depth)
        yield end - start
        start = end


def _end_of_level(keys: Sequence[bytes], start: int, end: int, depth: int) -> int:
    """Return where the first key of more than ``depth`` folders is; looks at some at once, and then at more."""
    window = _WINDOW
    while start < end:
        some = keys[start : min(end, start + window)]
        if b"".join(some).count(b"\0") > depth * len(some):
            return start + next(at for at, key in enumerate(some) if key.count(b"\0") > depth)
        start += len(some)
        window *= _GROWTH
    return end


def _area_of(key: bytes) -> bytes:
    """Return the folder that a path counts for: its own, or the one above at the depth that areas have."""
    return b"\0".join(key.split(b"\0", DEPTH)[:DEPTH]) if key.count(b"\0") > DEPTH else key.rpartition(b"\0")[0]


def _line(area: bytes) -> tuple[bytes, ...]:
    """Return an area with all above it: those that may still grow while it does."""
    names = area.split(b"\0") if area else []
    return tuple(b"\0".join(names[:depth]) for depth in range(len(names) + 1))


def _fold(sums: dict[bytes, _Sums], room: int, kept: Sequence[bytes]) -> None:
    """Let the smallest leaves count for the areas above them until there are only ``room``; none of ``kept`` is."""
    inside = Counter(area.rpartition(b"\0")[0] for area in sums if area)
    leaves = [(found.weight, area) for area, found in sums.items() if area and not inside[area] and area not in kept]
    heapq.heapify(leaves)
    while leaves and len(sums) > room:
        _, area = heapq.heappop(leaves)
        above = area.rpartition(b"\0")[0]
        sums[above].take(sums.pop(area))
        inside[above] -= 1
        if above and not inside[above] and above not in kept:
            heapq.heappush(leaves, (sums[above].weight, above))


def _area(key: bytes, sums: _Sums) -> Area:
    text, b64 = paths.to_fields(key.replace(b"\0", b"/"))
    return Area(path=text, path_b64=b64, paths=_share(sums.paths), bytes=_share(sums.bytes))


def _share(sums: Counter[PathClass]) -> Share:
    return Share(**{kind.value: count for kind, count in sums.items()})
