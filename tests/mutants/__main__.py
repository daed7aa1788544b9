"""Take each check out of the verifier and the parsers in turn, and name those that no test misses.

``python -m mutants`` from the folder ``tests``; with words, only mutants with one of them in their name. Exit code 1
when one survives that is not in ``survivors.txt``, or when one that is there does not survive.
"""

from __future__ import annotations

import ast
import os
import sys

import pytest

from mutants.checks import checks
from mutants.places import PYTEST, TREE, modules
from mutants.running import Mutant, Runner
from support import counted

_PINNED = TREE / "tests" / "mutants" / "survivors.txt"


def all_mutants() -> list[Mutant]:
    """Return the mutants of all modules."""
    return [Mutant(path, check) for path in modules() for check in checks(ast.parse(path.read_text()))]


def pinned() -> set[str]:
    """Return the names of the mutants that do the same as the original; a line without a reason counts for nothing."""
    lines = (line.partition("  # ") for line in _PINNED.read_text().splitlines() if not line.startswith("#"))
    return {name.strip() for name, _, reason in lines if reason.strip()}


def main(words: list[str]) -> int:
    """Run, say what survived, and return the exit code."""
    os.chdir(TREE)
    mutants = [m for m in all_mutants() if not words or any(word in f"{m.place} {m.name}" for word in words)]
    equal = pinned()
    runner = Runner([m for m in mutants if m.name not in equal], len(os.sched_getaffinity(0)), _say)
    if pytest.main(["-s", *PYTEST], plugins=[runner]):
        return 2
    for mutant in runner.survivors:
        _say(f"{mutant.place}: {mutant.name}")
    stale = set() if words else equal - {mutant.name for mutant in mutants}
    for name in stale:
        _say(f"{_PINNED.name} names a check that is not there: {name}")
    considered = [mutant for mutant in mutants if mutant.name not in equal]
    killed = len(considered) - len(runner.survivors)
    _say(f"mutants: {killed} of {len(considered)} killed")
    if not words:
        counted.record("mutants", killed, of=len(considered))
    return 1 if runner.survivors or stale else 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
