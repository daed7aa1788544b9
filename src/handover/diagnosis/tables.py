"""Tables of bounded size for facts about millions of paths: sets by hash, tallies by name, counts along one axis."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, compress, islice, repeat
from operator import eq, rshift

from handover.diagnosis.chance import chance_of_top

_SET_LIMIT = 4_000_000
_RUN = 65_536
_BUCKETS = 32_768
_KEYS = 16_384
_BITS = 64


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

    def update(self, items: Sequence[bytes]) -> None:
        """Remember some items."""
        self._hashes.extend(map(hash, items[: _SET_LIMIT - len(self._hashes)]))
        self._sorted = False

    def __contains__(self, item: bytes | str) -> bool:
        if not self._sorted:
            self._hashes = array("q", chain.from_iterable(self._in_order()))
            self._sorted = True
        value = hash(item)
        place = bisect_left(self._hashes, value)
        return place < len(self._hashes) and self._hashes[place] == value

    def repeated(self) -> HashSet:
        """Return those items that were added more than once."""
        twice = HashSet()
        for values in self._in_order():
            twice._hashes.extend(compress(values, map(eq, values, islice(values, 1, None))))
        return twice

    def _in_order(self) -> Iterator[list[int]]:
        """Yield all hashes in order, in lists that have none in common.

        A list of all of them at once would take five times the memory: they are sorted in runs, in their place, and
        what lies between two borders is taken out of every run. Hashes are spread evenly: the lists are as short.
        """
        hashes = self._hashes
        starts = range(0, len(hashes), _RUN)
        for start in starts:
            hashes[start : start + _RUN] = array("q", sorted(hashes[start : start + _RUN]))
        stops = [min(start + _RUN, len(hashes)) for start in starts]
        places = list(starts)
        for number in range(1, len(starts) + 1):
            border = -(2**63) + number * 2**64 // len(starts)
            found: list[int] = []
            for run, (start, stop) in enumerate(zip(places, stops, strict=True)):
                places[run] = stop if number == len(starts) else bisect_left(hashes, border, start, stop)
                found += hashes[start : places[run]]
            found.sort()
            yield found


@dataclass(slots=True)
class Count:
    """How many of a kind arrived and are lost; ``units`` are losses that do not follow from a lost folder.

    ``spread``: there are such losses in more than one folder, and not only in ``folder``.
    """

    arrived: int = 0
    lost: int = 0
    units: int = 0
    folder: bytes | None = None
    spread: bool = False


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

    def add_arrived(self, names: Counter[bytes]) -> None:
        """Count names that arrived, as often as they are counted there."""
        for name, times in names.items():
            if count := self.of(name):
                count.arrived += times

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

    @property
    def likelihood(self) -> float:
        """How likely it is that losses at random would be parted like this."""
        return chance_of_top(self.units_above, self.units_above + self.arrived_above + self.arrived_below)


class Split:
    """What arrived and what is lost along one axis of whole numbers, such as sizes or times.

    There are at most 32,768 buckets for each; when there would be more, they become wider.
    """

    def __init__(self) -> None:
        self._shift = 0
        self._arrived: Counter[int] = Counter()
        self._lost: dict[int, Count] = {}

    @property
    def units(self) -> int:
        """How many are lost by themselves."""
        return sum(count.units for count in self._lost.values())

    def add_arrived(self, values: Iterable[int]) -> None:
        """Count some that arrived."""
        self._arrived.update(map(rshift, values, repeat(self._shift)))
        self._widen()

    def add_lost(self, value: int, *, unit: bool) -> None:
        """Count one that is lost; ``unit`` when that does not follow from a lost folder."""
        place = value >> self._shift
        count = self._lost.get(place)
        if count is None:
            count = self._lost[place] = Count()
            self._widen()
            count = self._lost[value >> self._shift]
        count.lost += 1
        count.units += unit

    def add_unit(self, value: int) -> None:
        """Count one loss by itself at a value that is lost already, but not one more that is lost."""
        self._lost[value >> self._shift].units += 1

    def threshold(self) -> Threshold | None:
        """Return the point that best parts what is lost by itself, above, from what arrived, below; else ``None``."""
        above, best, best_score = Count(), None, 0
        places, arrived = sorted(self._arrived), 0
        for place in sorted(self._lost, reverse=True):
            count = self._lost[place]
            while places and places[-1] >= place:
                arrived += self._arrived[places.pop()]
            above = Count(arrived, above.lost + count.lost, above.units + count.units)
            # One that arrived although it is above speaks louder than one that is lost for another reason.
            score = above.units - 10 * above.arrived
            if count.units and score > best_score:
                best, best_score = (place, above), score
        return None if best is None else self._threshold(*best)

    def _threshold(self, place: int, above: Count) -> Threshold:
        below = [count for at, count in self._lost.items() if at < place]
        return Threshold(
            value=place << self._shift,
            lost_above=above.lost,
            units_above=above.units,
            arrived_above=above.arrived,
            lost_below=sum(count.lost for count in below),
            units_below=sum(count.units for count in below),
            arrived_below=self._arrived.total() - above.arrived,
            largest_below=max((at << self._shift for at in self._arrived if at < place), default=0),
        )

    def _widen(self) -> None:
        """Make the buckets wider until they are few enough: that depends on the values alone, not on their order."""
        if len(self._arrived) <= _BUCKETS and len(self._lost) <= _BUCKETS:
            return
        more = bisect_left(range(_BITS), 1, key=self._are_few)
        self._shift += more
        arrived, lost = self._arrived, self._lost
        self._arrived, self._lost = Counter(), {}
        for place, number in arrived.items():
            self._arrived[place >> more] += number
        for place, count in lost.items():
            wide = self._lost.setdefault(place >> more, Count())
            wide.lost += count.lost
            wide.units += count.units

    def _are_few(self, more: int) -> bool:
        return all(len({place >> more for place in places}) <= _BUCKETS for places in (self._arrived, self._lost))
