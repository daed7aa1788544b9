"""How likely losses at random would look like a pattern: what is likely proves nothing."""

from __future__ import annotations

from math import exp, lgamma
from typing import Literal

#: A thousand parts with losses at random, with ten causes that look at each, give one wrong pattern that is sure.
_SURE = 1e-4
_LIKELY = 0.05


def chance(units: int, *, lost: int, arrived: int, tries: int = 1) -> float:
    """Return how likely ``units`` paths were lost and none like them arrived, if all paths were lost at the same rate.

    ``lost`` and ``arrived`` are the others and tell that rate. ``tries`` is how many such patterns were looked for.
    """
    return min(1.0, tries * ((max(lost, 0) + 1) / (max(lost, 0) + arrived + 2)) ** units)


def chance_of_top(units: int, total: int) -> float:
    """Return how likely it is that, of ``total`` paths in any order, the lost ``units`` are just the last ones."""
    return exp(lgamma(units + 1) + lgamma(total - units + 1) - lgamma(total + 1))


def trust(likelihood: float, *, enough: bool = True) -> Literal["high", "medium"] | None:
    """Return how sure a pattern is that chance would make so often; ``None`` when it is nothing to speak of.

    ``enough``: there are as many cases as it takes to be sure.
    """
    if likelihood <= _SURE and enough:
        return "high"
    return "medium" if likelihood <= _LIKELY else None
