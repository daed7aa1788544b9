"""Tables of bounded size for facts about millions of paths: sets by hash, tallies by name, counts along one axis."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge

_SET_LIMIT = 4_000_000
_RUN = 65_536
_BUCKETS = 32_768
_KEYS = 16_384


class HashSet:
    """Byte strings or texts by 64-bit hashes, 8 bytes each; beyond four million nothing more is remembered.

    A wrong member would need two equal hashes (SipHash under this process's own key): nobody can prepare them.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._sorted = True

    def __len__(self) -> int:
        return len(self._hashes)

    def add(self, item: bytes | str) -> None:
        """Remember one item."""
        if len(self._hashes) < _SET_LIMIT:
            self._hashes.append(hash(item))
            self._sorted = False

    def __contains__(self, item: bytes | str) -> bool:
        self._sort()
        value = hash(item)
        place = bisect_left(self._hashes, value)
        return place < len(self._hashes) and self._hashes[place] == value

    def repeated(self) -> HashSet:
        """Return those items that were added more than once."""
        self._sort()
        twice = HashSet()
        values = self._hashes
        twice._hashes = array("q", (values[n] for n in range(1, len(values)) if values[n] == values[n - 1]))
        return twice

    def _sort(self) -> None:
        if not self._sorted:
            # In runs: a list of all of them at once would take five times the memory.
            starts = range(0, len(self._hashes), _RUN)
            runs = [array("q", sorted(self._hashes[start : start + _RUN])) for start in starts]
            self._hashes = array("q", merge(*runs))
            self._sorted = True


@dataclass(slots=True)
class Count:
    """How many of a kind arrived and are lost; ``units`` are losses that do not follow from a lost folder."""

    arrived: int = 0
    lost: int = 0
    units: int = 0


class Tally:
    """Counts by name. When there are too many names, those that come later are not counted at all, on neither side."""

    def __init__(self) -> None:
        self._counts: dict[bytes, Count] = {}

    def of(self, name: bytes) -> Count | None:
        """Return the count of a name to change it; ``None`` when there is no room for it."""
        found = self._counts.get(name)
        if found is None and len(self._counts) < _KEYS:
            found = self._counts[name] = Count()
        return found

    def items(self) -> Iterator[tuple[bytes, Count]]:
        """Yield names and counts, most lost first."""
        yield from sorted(self._counts.items(), key=lambda item: (-item[1].lost, item[0]))


@dataclass(frozen=True, slots=True)
class Threshold:
    """A point on an axis, and what is on which side of it; the point itself is above."""

    value: int
    lost_above: int
    units_above: int
    arrived_above: int
    lost_below: int
    units_below: int
    arrived_below: int
    largest_below: int

    @property
    def clean(self) -> bool:
        """Whether nearly nothing that is above arrived, and nearly nothing that is below was lost by itself."""
        return 50 * self.arrived_above <= self.units_above and 20 * self.units_below <= self.arrived_below


class Split:
    """What arrived and what is lost along one axis of whole numbers, such as sizes or times.

    There are at most 32,768 buckets; when there would be more, they become wider.
    """

    def __init__(self) -> None:
        self._shift = 0
        self._buckets: dict[int, Count] = {}

    def add_arrived(self, value: int) -> None:
        """Count one that arrived."""
        self._at(value).arrived += 1

    def add_lost(self, value: int, *, unit: bool) -> None:
        """Count one that is lost; ``unit`` when that does not follow from a lost folder."""
        count = self._at(value)
        count.lost += 1
        count.units += unit

    def threshold(self) -> Threshold | None:
        """Return the point that best parts what is lost by itself, above, from what arrived, below; else ``None``."""
        places = sorted(self._buckets, reverse=True)
        above, best, best_score = Count(), None, 0
        for place in places:
            count = self._buckets[place]
            above = Count(above.arrived + count.arrived, above.lost + count.lost, above.units + count.units)
            # One that arrived although it is above speaks louder than one that is lost for another reason.
            score = above.units - 10 * above.arrived
            if count.units and score > best_score:
                best, best_score = (place, above), score
        return None if best is None else self._threshold(*best)

    def _threshold(self, place: int, above: Count) -> Threshold:
        below = [(at, count) for at, count in self._buckets.items() if at < place]
        return Threshold(
            value=place << self._shift,
            lost_above=above.lost,
            units_above=above.units,
            arrived_above=above.arrived,
            lost_below=sum(count.lost for _, count in below),
            units_below=sum(count.units for _, count in below),
            arrived_below=sum(count.arrived for _, count in below),
            largest_below=max((at << self._shift for at, count in below if count.arrived), default=0),
        )

    def _at(self, value: int) -> Count:
        place = value >> self._shift
        found = self._buckets.get(place)
        if found is None:
            if len(self._buckets) >= _BUCKETS:
                self._widen()
                return self._at(value)
            found = self._buckets[place] = Count()
        return found

    def _widen(self) -> None:
        """Make buckets so much wider that half of them are enough."""
        places, enough = list(self._buckets), _BUCKETS // 2
        more = next(shift for shift in range(1, 64) if len({place >> shift for place in places}) <= enough)
        self._shift += more
        buckets: dict[int, Count] = {}
        for place, count in self._buckets.items():
            wide = buckets.setdefault(place >> more, Count())
            wide.arrived += count.arrived
            wide.lost += count.lost
            wide.units += count.units
        self._buckets = buckets
