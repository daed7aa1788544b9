"""How many scans run at once: on one machine, in all, and what becomes of them when the run ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from handover.workflow.crew import Crew
from handover.workflow.turns import Ended, Turns
from support.processes import wait_until

_BOUND_S = 10.0


class Room:
    """Work that stays until it is let go, and who is at it."""

    def __init__(self, turns: Turns) -> None:
        self.inside: list[str] = []
        self._turns = turns
        self._go = {}

    def work(self, name: str, machine: str | None, most: int = 1) -> Callable[[], None]:
        self._go[name] = threading.Event()

        def stay() -> None:
            with self._turns.turn(machine, most):
                self.inside.append(name)
                while not self._go[name].wait(0.01):
                    self._turns.check()
                self.inside.remove(name)

        return stay

    def let_go(self, name: str) -> None:
        self._go[name].set()

    def holds(self, *names: str) -> bool:
        return wait_until(lambda: sorted(self.inside) == sorted(names), _BOUND_S)


def test_machines_are_read_side_by_side_and_each_by_one_scan_at_a_time_in_order():
    turns = Turns()
    room = Room(turns)
    with Crew(turns) as crew:
        jobs = []
        for name, machine in (("a1", "a"), ("a2", "a"), ("a3", "a"), ("b1", "b"), ("here", None)):
            jobs.append(crew.submit(room.work(name, machine)))
            wait_until(lambda name=name: name in room.inside or name in ("a2", "a3"))
            time.sleep(0.02)
        for name in ("a1", "a2", "a3"):
            assert room.holds(name, "b1", "here")
            room.let_go(name)
        room.let_go("b1")
        room.let_go("here")
        for job in jobs:
            assert job.result(_BOUND_S) is None


def test_there_is_a_most_for_all_machines_together_and_a_waiting_one_holds_up_no_other():
    turns = Turns(most_in_all=2)
    room = Room(turns)
    with Crew(turns) as crew:
        jobs = [crew.submit(room.work(name, name[0])) for name in ("a1", "a2", "b1", "c1")]
        assert wait_until(lambda: len(room.inside) == 2)
        seen = set()
        while len(seen) < 4:
            assert wait_until(lambda: bool(set(room.inside) - seen), _BOUND_S)
            assert len(room.inside) <= 2
            name = (set(room.inside) - seen).pop()
            seen.add(name)
            room.let_go(name)
        for job in jobs:
            job.result(_BOUND_S)


def test_work_that_fails_gives_its_turn_back():
    turns = Turns()

    def fail() -> None:
        with turns.turn("a", 1):
            raise ValueError

    room = Room(turns)
    with Crew(turns) as crew:
        first = crew.submit(fail)
        second = crew.submit(room.work("a2", "a"))
        assert room.holds("a2")
        room.let_go("a2")
        assert isinstance(first.exception(_BOUND_S), ValueError)
        second.result(_BOUND_S)


def test_a_block_that_breaks_ends_those_that_run_those_that_wait_and_those_that_did_not_begin():
    turns = Turns()
    room = Room(turns)
    before = set(threading.enumerate())
    jobs = []

    def broken() -> None:
        with Crew(turns) as crew:
            jobs.extend(crew.submit(room.work(f"a{number}", "a")) for number in range(100))
            assert wait_until(lambda: len(room.inside) == 1)
            raise KeyboardInterrupt

    started_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        broken()
    assert time.monotonic() - started_s < 2
    assert len(jobs) == 100
    assert all(isinstance(job.exception(_BOUND_S), Ended) for job in jobs)
    assert wait_until(lambda: set(threading.enumerate()) <= before)


def test_nobody_who_waits_for_a_host_that_does_not_answer_keeps_the_process():
    turns = Turns()
    answer = threading.Event()

    def broken() -> None:
        with Crew(turns) as crew:
            crew.submit(lambda: answer.wait(_BOUND_S) and None)
            raise KeyboardInterrupt

    started_s = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        broken()
    assert time.monotonic() - started_s < 2
    (left,) = (thread for thread in threading.enumerate() if thread.name == "scan")
    assert left.daemon
    answer.set()
    left.join(_BOUND_S)
