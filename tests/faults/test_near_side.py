"""Whatever call of ours fails: a documented exit code, old evidence as it was, nothing half-made under a final name."""

from __future__ import annotations

import itertools
import signal

import pytest

from faults.disks import WORKS, Disk
from faults.seam import (
    ALWAYS_SHORT,
    BROKEN,
    DYING,
    FULL,
    INTERRUPTED,
    KILL,
    QUOTA,
    READ_ONLY,
    SHORT,
    TERMINATED,
    Calls,
)
from support import counted

#: After these the same comes out as without them.
_HARMLESS = (SHORT, ALWAYS_SHORT, INTERRUPTED)
_FAULTS = (BROKEN, DYING, FULL, QUOTA, READ_ONLY, KILL, TERMINATED, *_HARMLESS)
#: Writing four files of one kind is four times the same: here a few faults tell all.
_OF_PREPARE = (BROKEN, FULL, KILL)
_POINTS = [
    pytest.param(work, fault, id=f"{name}, {fault.name}")
    for name, work in WORKS.items()
    for fault in _FAULTS
    if name != "prepare" or fault in _OF_PREPARE
]
#: Failures that are told in full.
_SHOWN = 12
_NUMBER = itertools.count()


@pytest.fixture
def disk(template, memory):
    """Make fresh disks."""

    def make() -> Disk:
        folder = memory / f"run{next(_NUMBER)}"
        folder.mkdir()
        return Disk(template, folder)

    return make


@pytest.mark.parametrize(("work", "fault"), _POINTS)
def test_whatever_call_fails(servers, disk, work, fault):
    broken = []

    def point(server, n):
        fresh = disk()
        ran = server.run(fresh.command(work), fault, n)
        try:
            check(work, fault, fresh, ran)
        except AssertionError as error:
            said = str(error).partition("\nassert ")[0]
            broken.append(f"call {n}, {ran.call}: exit {ran.code}: {said}\n{ran.err}")
        fresh.remove()
        return bool(ran.call)

    points = servers.every(point)
    assert points or not work.made, "nothing was struck"
    counted.add("fault points", points)
    assert not broken, f"{len(broken)} of {points} points:\n\n" + "\n\n".join(broken[:_SHOWN])


def check(work, fault, disk, ran):
    """Fail when a run that met a fault broke a promise."""
    assert ran.code in _allowed(work, fault, ran), "an exit code that is not for this"
    assert "Traceback" not in ran.err, "a traceback"
    assert "ignored" not in ran.err, "an exception that nobody handled"
    # Who is killed, or cannot remove a file, leaves one behind.
    cannot_clean = (
        ran.call and fault not in _HARMLESS and (fault is KILL or fault.lasting or Calls.REMOVE in fault.calls)
    )
    there = disk.check(work, may_leave_hidden=bool(cannot_clean), may_be_cut=fault in (KILL, DYING, READ_ONLY))
    assert there or ran.code != work.code, "not all was made"


def _allowed(work, fault, ran):
    if not ran.call or fault in _HARMLESS:
        return {work.code}
    if fault is TERMINATED:
        # Before the command has said what to do with signals, and after it has ended, the system does it.
        return {143, -signal.SIGTERM}
    return {-signal.SIGKILL} if fault is KILL else {work.code, 7}
