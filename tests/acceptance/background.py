"""``handover`` in the background, while a test does something to it or to the host that it reads."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from support.cli import environment
from support.processes import Process, descendants, wait_until
from support.sshd import Sshd

#: A host is given up within this time, however it broke; generous, because machines that run tests are busy.
_BOUND_S = 20.0
_A_MOMENT_S = 0.3


class Running:
    """``handover`` at work, in a folder of its own."""

    def __init__(self, *arguments: object, cwd: Path, **extra: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "handover", *map(str, arguments)],
            cwd=cwd,
            env=environment(**extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ended(self, within_s: float = _BOUND_S) -> tuple[int, str]:
        """Return exit code and stderr; fails when it takes longer."""
        _, err = self.process.communicate(timeout=within_s)
        return self.process.returncode, err.decode()


@contextmanager
def running(*arguments: object, cwd: Path, **extra: str) -> Iterator[Running]:
    """Start ``handover`` in ``cwd``; whatever becomes of the test, it does not outlive the block."""
    work = Running(*arguments, cwd=cwd, **extra)
    try:
        yield work
    finally:
        work.process.kill()
        work.process.communicate()


def readers(processes: Iterable[Process]) -> list[Process]:
    """Return the processes of the agent among others once it reads: its head and its workers."""
    agents = [process for process in processes if b"sys.version_info" in process.command]
    return agents if len(agents) > 1 else []


def at_work(server: Sshd) -> list[Process]:
    """Wait until an agent reads on the host, and return its processes."""
    assert wait_until(lambda: bool(readers(server.commands())), 20), server.log()
    time.sleep(_A_MOMENT_S)
    return readers(server.commands())


def at_work_here(work: Running) -> list[Process]:
    """Wait until an agent of ``handover`` itself reads, and return its processes."""
    assert wait_until(lambda: bool(readers(descendants(work.process.pid))), 20)
    time.sleep(_A_MOMENT_S)
    return readers(descendants(work.process.pid))
