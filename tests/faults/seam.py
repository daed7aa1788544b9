"""The seam as tests use it: one run of the command line in which the n-th call of some kinds fails.

What stands between is ``faults.c``; why, in ``docs/adr/faults-by-preload.md``.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import queue
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntFlag
from pathlib import Path

from support.cli import environment

_SOURCE = Path(__file__).with_name("faults.c")
_SERVER = Path(__file__).with_name("server.py")
_PAGE = struct.Struct("=6q32s4096s")
_KILL = -1
_SHORT = -2
_SIGNAL = -100


class Calls(IntFlag):
    """Kinds of calls, as in ``faults.c``."""

    OPEN = 1
    READ = 2
    LIST = 4
    STAT = 8
    CREATE = 16
    WRITE = 32
    SYNC = 64
    NAME = 128
    REMOVE = 256
    CLOSE = 512

    READING = OPEN | READ | LIST | STAT
    WRITING = CREATE | WRITE | SYNC | NAME | CLOSE
    ALL = READING | WRITING | REMOVE


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong: an errno, ``kill`` or ``short`` (half of what was asked), once or from then on."""

    name: str
    calls: Calls
    what: int
    lasting: bool = False


KILL = Fault("kill -9", Calls.ALL, _KILL)
TERMINATED = Fault("SIGTERM", Calls.ALL, _SIGNAL - signal.SIGTERM)
SHORT = Fault("half of it", Calls.READ | Calls.WRITE, _SHORT)
ALWAYS_SHORT = Fault("always half of it", Calls.READ | Calls.WRITE, _SHORT, lasting=True)
#: Python asks again by itself for these calls (PEP 475), and so must everything else.
INTERRUPTED = Fault("EINTR", Calls.OPEN | Calls.CREATE | Calls.READ | Calls.WRITE | Calls.SYNC, errno.EINTR)
BROKEN = Fault("EIO", Calls.ALL, errno.EIO)
DYING = Fault("EIO from then on", Calls.ALL, errno.EIO, lasting=True)
QUOTA = Fault("EDQUOT", Calls.WRITING, errno.EDQUOT)
FULL = Fault("ENOSPC from then on", Calls.WRITING, errno.ENOSPC, lasting=True)
READ_ONLY = Fault("EROFS from then on", Calls.CREATE | Calls.NAME | Calls.REMOVE, errno.EROFS, lasting=True)


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended: ``code`` as a shell has it, negative for a signal. ``call``: which call was struck, if any."""

    code: int
    out: bytes
    err: str
    calls: int
    call: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command line, where it is run, and below which folder calls count; ``near``: ours, else the agent's."""

    arguments: tuple[str, ...]
    cwd: Path
    root: Path
    scratch: Path
    near: bool = True
    environment: dict[str, str] = field(default_factory=dict)


def build(folder: Path) -> Path:
    """Compile the seam."""
    library = folder / "faults.so"
    subprocess.run(["gcc", "-O1", "-fPIC", "-shared", "-o", library, _SOURCE, "-ldl"], check=True)
    return library


class Server:
    """One warm process that runs commands, one after the other."""

    def __init__(self, library: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, _SERVER],
            env=environment(LD_PRELOAD=str(library), PYTHONPATH=os.pathsep.join(filter(None, sys.path))),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout.readline() == b"ready\n"

    def rehearse(self, command: Command) -> None:
        """Have a command run in the server itself, before it is run in forks of it."""
        self._ask({"rehearsal": True, "arguments": command.arguments, "cwd": str(command.cwd)})

    def run(self, command: Command, fault: Fault, n: int) -> Ran:
        """Run a command whose ``n``-th call fails; 0: none does."""
        page, out, err = (command.scratch / name for name in ("page", "out", "err"))
        head = (fault.calls, n, fault.what, fault.lasting, 0, 0)
        page.write_bytes(_PAGE.pack(*head, b"", os.fsencode(command.root)))
        request = {
            "rehearsal": False,
            "arguments": command.arguments,
            "cwd": str(command.cwd),
            "environment": command.environment,
            "near": command.near,
            # An exception between the opening of a file and its ``with`` leaves the closing to the interpreter.
            "strict": fault is not TERMINATED,
            "page": str(page),
            "stdout": str(out),
            "stderr": str(err),
        }
        self._ask(request)
        status = int(self._answer())
        *_, calls, _, call, _ = _PAGE.unpack(page.read_bytes())
        code = os.waitstatus_to_exitcode(status)
        return Ran(code, out.read_bytes(), err.read_text(), calls, call.rstrip(b"\0").decode())

    def _ask(self, request: dict) -> None:
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _answer(self) -> bytes:
        line = self._process.stdout.readline()
        assert line, f"the server ended: {self._process.wait()}"
        return line

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


class Servers:
    """As many servers as there are cores."""

    def __init__(self, servers: list[Server]) -> None:
        self._idle: queue.SimpleQueue[Server] = queue.SimpleQueue()
        for server in servers:
            self._idle.put(server)
        self.count = len(servers)

    @contextmanager
    def one(self) -> Iterator[Server]:
        """Lend a server that is idle."""
        server = self._idle.get()
        try:
            yield server
        finally:
            self._idle.put(server)

    def every(self, point: Callable[[Server, int], bool], most: int = 5000) -> int:
        """Do ``point`` for n = 1, 2 … until it says that nothing was struck; return the number of points before."""
        done = False
        numbers = iter(range(1, most))

        def work() -> int:
            nonlocal done
            points = 0
            with self.one() as server:
                while not done:
                    if point(server, next(numbers)):
                        points += 1
                    else:
                        done = True
            return points

        with ThreadPoolExecutor(self.count) as pool:
            jobs = [pool.submit(work) for _ in range(self.count)]
            return sum(job.result() for job in jobs)


@contextmanager
def servers(folder: Path, rehearsed: Sequence[Command]) -> Iterator[Servers]:
    """Compile the seam and yield servers that are warm for these commands."""
    library = build(folder)
    started = [Server(library) for _ in range(os.cpu_count() or 1)]
    for server, command in itertools.product(started, rehearsed):
        server.rehearse(command)
    try:
        yield Servers(started)
    finally:
        for server in started:
            server.close()
