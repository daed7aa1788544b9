"""Measures the lines and branches of the verifier and the parsers that the tests of both go through: all, or it fails.

``python -m mutants.branches`` from the folder ``tests``. The number is one of those that ``make check`` lists.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import coverage
import pytest

from mutants.places import PYTEST, TREE, modules
from support import counted


def main() -> int:
    """Run the tests, say what they leave out, and return the exit code."""
    measured = coverage.Coverage(
        data_file=None, branch=True, config_file=str(TREE / "pyproject.toml"), include=list(map(str, modules()))
    )
    with measured.collect():
        red = pytest.main(list(PYTEST))
    if red:
        return 2
    share = measured.report(show_missing=True, skip_covered=True)
    with tempfile.NamedTemporaryFile() as file:
        measured.json_report(outfile=file.name)
        totals = json.loads(Path(file.name).read_bytes())["totals"]
    counted.record("branches", totals["covered_branches"], of=totals["num_branches"])
    return 0 if share == 100 else 1


if __name__ == "__main__":
    sys.exit(main())
