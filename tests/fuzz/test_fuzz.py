"""A short search in every parser finds nothing: what is no good input is one documented error, soon, in bounds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.targets import TARGETS
from support import counted

_TESTS = Path(__file__).parents[1]


def search(name: str, *options: str, runs: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fuzz", name, "--fresh", "--seed", "1", "--runs", str(runs), *options]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", timeout=240)


def executions(done: subprocess.CompletedProcess[str]) -> int:
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return int(re.findall(r"Done (\d+) runs", done.stderr)[-1])


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_a_parser(name):
    counted.add("fuzz executions", executions(search(name, runs=TARGETS[name].runs)))


def test_every_target_has_seeds():
    assert [name for name, target in TARGETS.items() if not any(target.seeds())] == []


_BROKEN = """
import sys
from pathlib import Path
import fuzz.__main__ as program
from fuzz.targets import TARGETS, Target

def run(data):
    if data not in (b"", b"aa"):
        raise KeyError("found")

TARGETS["broken"] = Target(run, (), lambda: [b"aa"])
program._BUILD = Path(sys.argv.pop(1))
sys.exit(program.main())
"""


@pytest.mark.parametrize("options", [[], ["--by-chance"]])
def test_what_a_search_finds_ends_it_and_is_kept(tmp_path, options):
    command = [sys.executable, "-c", _BROKEN, str(tmp_path), "broken", "--fresh", "--runs", "20000", *options]
    environment = {**os.environ, "PYTHONPATH": str(_TESTS)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=100)
    assert done.returncode != 0
    assert b"KeyError" in done.stdout + done.stderr
    (kept,) = (tmp_path / "found").iterdir()
    assert kept.read_bytes() not in (b"", b"aa")
