"""Whose turn it is: how many scans run at once, on each machine and in all, whatever number of parts there are."""

from __future__ import annotations

import threading
import time
from collections import Counter
from itertools import takewhile

#: Every scan takes memory, descriptors and a share of one core here.
_MOST_IN_ALL = 8


class Ended(Exception):
    """Ends a scan from within: the run is over."""


class Turn:
    """One scan's turn on one machine; as a block it waits until it has come, and holds it. Used once."""

    def __init__(self, turns: Turns, machine: str | None, most: int) -> None:
        self.machine = machine
        self.most = most
        self._turns = turns
        self._began_s: float | None = None

    @property
    def passed_s(self) -> float:
        """How long ago it came."""
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s

    def __enter__(self) -> None:
        """Wait for it; ``Ended`` when the run is over first."""
        self._turns.take(self)
        self._began_s = time.monotonic()

    def __exit__(self, *_: object) -> None:
        """Leave it to the next."""
        self._turns.give_back(self)


class Turns:
    """Gives each scan its turn, in the order in which they ask; used from several threads."""

    def __init__(self, most_in_all: int = _MOST_IN_ALL) -> None:
        self._most_in_all = most_in_all
        self._changed = threading.Condition()
        self._running: Counter[str | None] = Counter()
        self._waiting: list[Turn] = []
        self._stopped = False

    def turn(self, machine: str | None, most: int) -> Turn:
        """Return a turn that comes when fewer than ``most`` scans are at work on a machine.

        A machine is told by its host key, because it may have many names; ``None`` is this one.
        """
        return Turn(self, machine, most)

    def stop(self) -> None:
        """End the run: nobody gets a turn any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def check(self) -> None:
        """Raise ``Ended`` when the run is over."""
        if self._stopped:
            raise Ended

    def take(self, turn: Turn) -> None:
        """Wait until a turn has come."""
        with self._changed:
            self._waiting.append(turn)
            try:
                while not self._is_due(turn):
                    self.check()
                    self._changed.wait()
                self.check()
                self._running[turn.machine] += 1
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()

    def give_back(self, turn: Turn) -> None:
        """Let the next one have it."""
        with self._changed:
            self._running[turn.machine] -= 1
            self._changed.notify_all()

    def _is_due(self, turn: Turn) -> bool:
        earlier = takewhile(lambda other: other is not turn, self._waiting)
        return (
            self._running.total() < self._most_in_all
            and self._running[turn.machine] < turn.most
            and all(other.machine != turn.machine for other in earlier)
        )
