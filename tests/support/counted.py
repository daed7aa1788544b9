"""What the tests did, in numbers: they write them down while they run, and ``make check`` lists them.

Run as a program it prints the list. A number that nothing measured is shown as missing, never as 0; one that was
measured by an earlier run is shown with its time.
"""

from __future__ import annotations

import json
import os
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from filelock import FileLock

_TREE = Path(__file__).parents[2]
_FILE = _TREE / "build" / "numbers.json"

Name = Literal["fault points", "hostile seeds", "vectors", "mutants", "fuzz executions", "branches"]

#: What each number counts, in the order of the list.
TITLES: dict[Name, str] = {
    "fault points": "fault points injected",
    "hostile seeds": "hostile-host seeds played",
    "vectors": "vectors checked",
    "mutants": "mutants of verify and the parsers killed",
    "fuzz executions": "fuzz executions",
    "branches": "branches of verify and the parsers covered",
}

#: One name for all processes that share the tests of a run.
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex


def add(name: Name, count: int) -> None:
    """Add to what this run has counted so far; what an earlier run counted is forgotten."""
    _write(name, count, None, added=True)


def record(name: Name, value: int, of: int | None = None) -> None:
    """Write a number down; ``of`` is how many there could be."""
    _write(name, value, of, added=False)


def _write(name: Name, value: int, of: int | None, *, added: bool) -> None:
    assert name in TITLES
    _FILE.parent.mkdir(exist_ok=True)
    with FileLock(_FILE.with_suffix(".lock")):
        numbers = _read(_FILE)
        if added and name in numbers and numbers[name].get("run") == _RUN:
            value += numbers[name]["value"]
        numbers[name] = {"value": value, "of": of, "run": _RUN, "at": datetime.now(UTC).isoformat(" ", "seconds")}
        _FILE.write_text(json.dumps(numbers, indent=2) + "\n")


def table(file: Path = _FILE) -> str:
    """Return the list, a line for each number."""
    numbers = _read(file)
    return "\n".join(f"{title:45} {_shown(numbers.get(name))}" for name, title in TITLES.items())


def _shown(number: dict | None) -> str:
    if number is None:
        return "missing: no test has measured it"
    value, of = number["value"], number["of"]
    text = f"{value:,}" if of is None else f"{value:,} of {of:,} ({100 * value / of:.1f} %)"
    return f"{text:28} {number['at']}"


def _read(file: Path) -> dict[str, dict]:
    return json.loads(file.read_text()) if file.exists() else {}


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
