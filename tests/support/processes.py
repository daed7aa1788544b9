"""Processes seen through /proc, each named by pid and start time, so that a number used twice is never hit."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

_TICK_S = 0.02


@dataclass(frozen=True, slots=True)
class Process:
    """One process; ``started`` is its start time in clock ticks since boot (proc(5), field 22 of stat).

    Seen again it is the same one, whatever it was doing each time.
    """

    pid: int
    parent: int = field(compare=False)
    name: str = field(compare=False)
    state: str = field(compare=False)
    started: int

    @property
    def alive(self) -> bool:
        now = _read(self.pid)
        return now is not None and now.started == self.started and now.state != "Z"

    def send(self, number: signal.Signals) -> None:
        """Signal the process if it is still the same one."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    @property
    def command(self) -> bytes:
        """The command line, arguments parted by spaces; empty when the process is gone."""
        try:
            return Path(f"/proc/{self.pid}/cmdline").read_bytes().replace(b"\0", b" ").strip()
        except OSError:
            return b""


def _read(pid: int) -> Process | None:
    try:
        head, _, tail = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")
    except OSError:
        return None
    fields = tail.split()
    return Process(pid, int(fields[1]), head.partition("(")[2], fields[0], int(fields[19]))


def everything() -> list[Process]:
    """Return all processes that are visible now."""
    found = (_read(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
    return [process for process in found if process is not None]


def descendants(pid: int) -> list[Process]:
    """Return children, grandchildren and so on of ``pid``, parents first."""
    children: dict[int, list[Process]] = {}
    for process in everything():
        children.setdefault(process.parent, []).append(process)
    found: list[Process] = []
    waiting = [pid]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += [process.pid for process in below]
    return found


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Return whether ``condition`` came true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_TICK_S)
    return True


def end(processes: Iterable[Process]) -> None:
    """Kill the processes and wait until they are gone."""
    doomed = list(processes)
    for process in doomed:
        process.send(signal.SIGKILL)
    wait_until(lambda: not any(process.alive for process in doomed))
