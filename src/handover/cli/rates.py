"""Rates as people write them: ``500k``, ``2M``."""

from __future__ import annotations

import re

from handover.errors import UsageError
from handover.paths import shown

#: Below this a scan would not end in a human life.
_LEAST = 1000
_MOST = 10**12
_RATE = re.compile(r"([0-9]{1,12})([kMG]?)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}


def parse_rate(text: str | None) -> int | None:
    """Return bytes per second, or ``None`` for no limit; ``UsageError`` when it is no rate."""
    if text is None:
        return None
    found = _RATE.fullmatch(text)
    rate = int(found[1]) * _UNITS[found[2]] if found else 0
    if not _LEAST <= rate <= _MOST:
        raise UsageError(
            f"{shown(text)} is not a rate",
            where="--rate",
            hint="Write bytes per second, at least 1000: 500k is 500,000, 2M is 2,000,000.",
        )
    return rate
