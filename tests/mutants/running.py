"""Runs the tests against each mutant, in a process of its own that is forked when the tests are collected already.

A first run, with every check reporting, says which test makes a check show: its condition comes to the outcome that the
mutant cannot have. Only these tests can tell the mutant, and they are run against it, the quick ones first, until one
is red. No file is changed: functions get other code.
"""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FunctionType, ModuleType

import pytest

from mutants.checks import RECORDER, Check, compiled
from mutants.places import SOURCE

#: What a mutant may take beyond three times what its tests take without it, and how much memory.
_CPU_S = 30
_MEMORY = 4 * 2**30


@dataclass(frozen=True, slots=True)
class Mutant:
    """One check of one module."""

    path: Path
    check: Check

    @property
    def module(self) -> str:
        """The module as it is imported."""
        return ".".join(self.path.relative_to(SOURCE).with_suffix("").parts)

    @property
    def name(self) -> str:
        """What tells it from all others as long as nobody changes the check."""
        return f"{self.path.relative_to(SOURCE / 'handover')} {self.check.function}: {self.check.change}"

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.path.relative_to(SOURCE.parent)}:{self.check.line}"


@dataclass(slots=True)
class Telling:
    """What the first run said of one test: how long it took, and which mutants it can tell."""

    seconds: float = 0.0
    shows: set[tuple[str, int]] = field(default_factory=set)


class Runner:
    """A plugin of pytest that runs the collected tests once, and then for each mutant those that can tell it."""

    def __init__(self, mutants: Sequence[Mutant], jobs: int, tell: Callable[[str], None]) -> None:
        self.survivors: list[Mutant] = []
        self._mutants = mutants
        self._jobs = jobs
        self._tell = tell
        self._red = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of the loop of pytest."""
        items = session.items
        tellings = self._first_run(items)
        by_check: dict[tuple[str, int], list[int]] = defaultdict(list)
        for number in sorted(range(len(items)), key=lambda number: tellings[number].seconds):
            for check in tellings[number].shows:
                by_check[check].append(number)
        work = []
        for mutant in self._mutants:
            able = by_check[mutant.module, mutant.check.number]
            seconds = sum(tellings[number].seconds for number in able)
            work.append(partial(self._survives, mutant, [items[number] for number in able], seconds))
        for done, (number, survives) in enumerate(forked(work, self._jobs), 1):
            if survives:
                self.survivors.append(self._mutants[number])
                self._tell(f"{done} of {len(work)}: {self._mutants[number].place} survives")
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember whether a test was red."""
        self._red |= report.failed

    def _first_run(self, items: Sequence[pytest.Item]) -> list[Telling]:
        tellings = [Telling() for _ in items]
        work = [partial(self._listen, list(items)[at :: self._jobs]) for at in range(self._jobs)]
        for at, told in forked(work, self._jobs):
            if told is None:
                raise pytest.UsageError("the tests are red, or ended, without any mutant")
            tellings[at :: self._jobs] = told
        return tellings

    def _listen(self, items: list[pytest.Item]) -> list[Telling] | None:
        """Run all tests with every check reporting; ``None`` when one is red."""
        met: set[tuple[str, int]] = set()
        for path in {mutant.path for mutant in self._mutants}:
            wanted = [mutant for mutant in self._mutants if mutant.path == path]
            name = wanted[0].module

            def record(number: int, value: object, shows_when: bool, name: str = name) -> object:
                if bool(value) is shows_when:
                    met.add((name, number))
                return value

            vars(importlib.import_module(name))[RECORDER] = record
            install(name, {mutant.check.function for mutant in wanted}, compiled(path.read_text(), str(path)))
        tellings = []
        for item, following in zip(items, [*items, None][1:], strict=True):
            met.clear()
            began = time.process_time()
            self._run(item, following)
            tellings.append(Telling(time.process_time() - began, set(met)))
            if self._red:
                sys.stderr.write(f"red: {item.nodeid}\n")
                return None
        return tellings

    def _survives(self, mutant: Mutant, items: Sequence[pytest.Item], seconds: float) -> bool:
        # Without a check something may never end; it is ended, and told by that.
        limit = _CPU_S + 3 * int(seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        code = compiled(mutant.path.read_text(), str(mutant.path), mutant.check.number)
        install(mutant.module, {mutant.check.function}, code)
        for item, following in zip(items, [*items, None][1:], strict=True):
            self._run(item, following)
            if self._red:
                return False
        return True

    def _run(self, item: pytest.Item, following: pytest.Item | None) -> None:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def install(module: str, functions: set[str], code: Callable[[str], object]) -> None:
    """Give functions of an imported module other code; whoever holds them already has it too."""
    for name in functions:
        function_of(importlib.import_module(module), name).__code__ = code(name)


def function_of(module: ModuleType, name: str) -> FunctionType:
    """Return a function by its qualified name, from below whatever decorates it."""
    found: object = module
    for part in name.split("."):
        found = vars(found)[part]
    for wrapper in ("__func__", "fget", "func", "__wrapped__"):
        found = getattr(found, wrapper, found)
    assert isinstance(found, FunctionType), name
    return found


def forked(work: Sequence[Callable[[], object]], jobs: int) -> Iterator[tuple[int, object]]:
    """Do each piece of work in a process of its own, ``jobs`` at a time; yield its number and what it returned.

    ``None`` for one that ended in another way; what it raised is raised. All that it leaves, files and processes, is
    removed.
    """
    running: dict[int, tuple[int, Path]] = {}
    waiting = list(enumerate(work))
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                number, do = waiting.pop(0)
                folder = Path(tempfile.mkdtemp(prefix="mutant-"))
                running[os.fork() or _child(do, folder)] = (number, folder)
            pid, _ = os.wait()
            number, folder = running.pop(pid)
            _end(pid)
            file = folder / "answer"
            answer = pickle.loads(file.read_bytes()) if file.exists() else None
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(answer, Exception):
                raise answer
            yield number, answer
    finally:
        for pid, (_, folder) in running.items():
            _end(pid)
            os.waitpid(pid, 0)
            shutil.rmtree(folder, ignore_errors=True)


def _child(do: Callable[[], object], folder: Path) -> int:
    try:
        os.setpgid(0, 0)
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        (folder / "part").write_bytes(pickle.dumps(_outcome(do)))
        (folder / "part").rename(folder / "answer")
    finally:
        os._exit(0)


def _outcome(do: Callable[[], object]) -> object:
    try:
        return do()
    except Exception as error:  # noqa: BLE001  it is raised where somebody waits for it
        return error


def _end(group: int) -> None:
    """End what a process has left behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
