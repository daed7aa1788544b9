"""Which differences are shown when not all can be: some of every class, and totals over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from handover.comparison import Comparison, Difference, PathClass, PerClass


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
    rules: dict[tuple[str, PathClass], list[int]] = {}
    doubts: Counter[str] = Counter()
    for difference in differences:
        if difference.kind is PathClass.NOT_CHECKED:
            doubts.update(difference.why)
        elif difference.rule is not None:
            sums = rules.setdefault((difference.rule, difference.kind), [0, 0, 0])
            sums[0] += 1
            sums[1] += difference.files
            sums[2] += difference.bytes
    return Totals(
        tuple(RuleTotal(rule, kind, *sums) for (rule, kind), sums in sorted(rules.items())),
        tuple(doubts.most_common()),
    )
