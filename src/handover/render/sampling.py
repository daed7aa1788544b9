"""Which differences are shown when not all can be: some of every class, and totals over all of them.

A page, a protocol and each language of both show excerpts of the same differences: ``Excerpts`` reads them once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from handover.comparison import Comparison, Difference, PathClass, PerClass
from handover.render import Differences
from handover.report import PartReport

#: So many differences of all parts together are kept; nothing shows more by name.
MOST: Final = 2000


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """What one rule leaves out or agrees to: paths on either side, files and bytes below them."""

    rule: str
    kind: PathClass
    paths: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over all differences of a part: by rule, and the unchecked paths by their reason, most frequent first."""

    rules: tuple[RuleTotal, ...]
    doubts: tuple[tuple[str, int], ...]


def first(comparison: Comparison, differences: Iterable[Difference], limit: int) -> Iterator[Difference]:
    """Yield at most ``limit`` differences in the order of paths, the first ones of every class.

    No class crowds out another: what a small class does not need goes to the larger ones. Stops reading when the rest
    would not be shown.
    """
    left = quotas(comparison.counts, limit)
    remaining = sum(left.values())
    if not remaining:
        return
    for difference in differences:
        if left[difference.kind]:
            left[difference.kind] -= 1
            remaining -= 1
            yield difference
            if not remaining:
                return


def quotas(counts: PerClass, limit: int) -> dict[PathClass, int]:
    """Return how many differences of each class are shown, ``limit`` in all when there are that many."""
    wanted = {PathClass(name): count for name, count in msgspec.structs.asdict(counts).items()}
    wanted[PathClass.SAME] = 0
    given: dict[PathClass, int] = {}
    for turn, kind in enumerate(sorted(wanted, key=lambda kind: wanted[kind])):
        given[kind] = min(wanted[kind], limit // (len(wanted) - turn))
        limit -= given[kind]
    return given


def total(comparison: Comparison) -> int:
    """Return how many differences there are."""
    counts: dict[str, int] = msgspec.structs.asdict(comparison.counts)
    return sum(counts.values()) - comparison.counts.same


def totals(differences: Iterable[Difference]) -> Totals:
    """Read all differences of a part and return their sums."""
    adder = _Adder()
    for difference in differences:
        adder.add(difference)
    return adder.totals()


class _Adder:
    """Sums differences up."""

    def __init__(self) -> None:
        self._rules: dict[tuple[str, PathClass], list[int]] = {}
        self._doubts: Counter[str] = Counter()

    def add(self, difference: Difference) -> Difference:
        """Count one, and return it."""
        if difference.kind is PathClass.NOT_CHECKED:
            self._doubts.update(difference.why)
        elif difference.rule is not None:
            sums = self._rules.setdefault((difference.rule, difference.kind), [0, 0, 0])
            sums[0] += 1
            sums[1] += difference.files
            sums[2] += difference.bytes
        return difference

    def totals(self) -> Totals:
        """Return the sums of what was counted."""
        return Totals(
            tuple(RuleTotal(rule, kind, *sums) for (rule, kind), sums in sorted(self._rules.items())),
            tuple(self._doubts.most_common()),
        )


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """The sums over all differences of one part, and those that may be shown by name."""

    totals: Totals
    first: tuple[Difference, ...]


class Excerpts:
    """What is shown of the differences of a report; those of a part are read once, whoever shows how many of them."""

    def __init__(self, differences: Differences) -> None:
        self._differences = differences
        self._read: dict[str, _Excerpt] = {}

    def totals(self, part: PartReport) -> Totals:
        """Return the sums over all differences of a part."""
        return self._of(part).totals

    def first(self, part: PartReport, limit: int) -> Iterator[Difference]:
        """Yield at most ``limit`` differences of a part, which is at most ``MOST``, as ``first`` does."""
        return iter(()) if part.comparison is None else first(part.comparison, self._of(part).first, limit)

    def _of(self, part: PartReport) -> _Excerpt:
        if part.name not in self._read:
            self._read[part.name] = self._excerpt(part)
        return self._read[part.name]

    def _excerpt(self, part: PartReport) -> _Excerpt:
        if part.comparison is None:
            return _Excerpt(totals(()), ())
        adder = _Adder()
        rest = map(adder.add, self._differences(part.name))
        # The first ones of every class for a small number are among those for a larger one.
        kept = tuple(first(part.comparison, rest, MOST))
        deque(rest, maxlen=0)
        return _Excerpt(adder.totals(), kept)
