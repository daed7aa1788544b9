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
    runner = Runner(mutants, len(os.sched_getaffinity(0)), _say)
    if pytest.main(["-s", *PYTEST], plugins=[runner]):
        return 2
    equal, survive = pinned(), {mutant.name for mutant in runner.survivors}
    missed = [mutant for mutant in runner.survivors if mutant.name not in equal]
    stale = equal & {mutant.name for mutant in mutants} - survive if words else equal - survive
    for mutant in missed:
        _say(f"no test misses {mutant.place}: {mutant.name}")
    for name in sorted(stale):
        _say(f"{_PINNED.name} names what is not there or does not survive: {name}")
    told = len({mutant.name for mutant in mutants} - equal)
    _say(f"mutants: {told - len(missed)} of {told} killed")
    if not words:
        counted.record("mutants", told - len(missed), of=told)
    return 1 if missed or stale else 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
