"""What a use case takes from the world outside: clock, randomness, questions, progress; handed in, so tests decide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One run's world. ``remark`` tells the user something beside the result; ``token`` gives n random bytes."""

    now: Callable[[], datetime]
    token: Callable[[int], bytes]
    remark: Callable[[str], None]

    def instant(self) -> str:
        """Return the time now as RFC 3339 in UTC with whole seconds."""
        return instant(self.now())


def instant(moment: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC with whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
