"""The list of numbers in ``make check``: what was not measured is missing, and is not 0."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from support import counted


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "build" / "numbers.json"
    monkeypatch.setattr(counted, "_FILE", path)
    return path


def lines(file):
    shown = counted.table(file).splitlines()
    return dict(zip(counted.TITLES, shown, strict=True))


def test_what_nobody_measured_is_missing(file):
    assert all("missing" in line for line in lines(file).values())


def test_what_was_measured_stands_with_what_there_could_be(file):
    counted.record("mutants", 198, of=200)
    counted.record("hostile seeds", 0)
    found = lines(file)
    assert "198 of 200 (99.0 %)" in found["mutants"]
    assert " 0 " in found["hostile seeds"]
    assert "missing" in found["vectors"]


def test_counts_of_one_run_are_added_up_and_those_of_another_run_forgotten(file, monkeypatch):
    counted.add("fault points", 1000)
    counted.add("fault points", 234)
    assert json.loads(file.read_text())["fault points"]["value"] == 1234
    monkeypatch.setattr(counted, "_RUN", "another")
    counted.add("fault points", 5)
    assert json.loads(file.read_text())["fault points"]["value"] == 5


def test_processes_that_share_a_run_count_together(file):
    program = (
        "import sys; from pathlib import Path; from support import counted; counted._FILE = Path(sys.argv[1])\n"
        "for _ in range(50): counted.add('fault points', 1)"
    )
    world = {"PYTHONPATH": str(Path(__file__).parent), "PYTEST_XDIST_TESTRUNUID": "one"}
    command = [sys.executable, "-c", program, file]
    processes = [subprocess.Popen(command, env=world) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0] * 3
    assert json.loads(file.read_text())["fault points"]["value"] == 150
