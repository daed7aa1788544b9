"""What the user sees while hosts are read."""

from __future__ import annotations

import pytest

from handover.cli import progress as progress_module
from handover.cli.console import Console
from handover.cli.progress import _line, _Side
from handover.scan import Stage, Totals


def shown(totals: Totals, passed_s: float = 10.0, **expected: int) -> str:
    return _line("source", _Side(totals, 0.0, **expected), passed_s)


def test_before_anything_was_heard_nothing_is_claimed():
    assert shown(Totals(Stage.CONTENTS, 0, 0, 0, 0)).split() == ["source", "starting"]


def test_files_bytes_folders_and_rate_are_told():
    line = shown(Totals(Stage.CONTENTS, 1200, 5_000_000, 30, 40))
    assert "1,200 files, 5.0 MB, 30 of 40 folders, 500 kB/s" in line


def test_with_a_known_sum_the_rest_is_told_by_bytes():
    line = shown(Totals(Stage.CONTENTS, 1200, 5_000_000, 1, 40), expected_files=2400, expected_bytes=10_000_000)
    assert "1,200 of 2,400 files, 5.0 MB of 10 MB" in line
    assert line.endswith("about 10 s left")


@pytest.mark.parametrize(("done", "known", "told"), [(5, 19, False), (3, 20, False), (10, 20, True)])
def test_without_it_the_rest_is_told_by_folders_once_enough_are_known(done, known, told):
    assert ("left" in shown(Totals(Stage.CONTENTS, 1, 1, done, known))) is told


def test_the_second_look_is_named():
    assert "checking what changed" in shown(Totals(Stage.RECHECK, 1, 1, 10, 20))


@pytest.fixture
def screen(monkeypatch):
    """A live bar on a narrow terminal, and everything that it writes."""
    written: list[str] = []
    monkeypatch.setattr(progress_module, "_write", written.append)
    monkeypatch.setattr(progress_module, "_columns", lambda: 40)
    monkeypatch.setattr(progress_module, "_LIVE_EVERY_S", 0)
    bar = progress_module.Bar(Console())
    bar._on = bar._live = True
    return bar, written


def test_live_lines_never_wrap_and_are_taken_back_line_by_line(screen):
    bar, written = screen
    for side in ("source", "target"):
        bar.update(side, Totals(Stage.CONTENTS, 1_000_000, 10**12, 100, 10_000))
    assert all(len(line) < 40 for line in "".join(written).split("\n") if not line.startswith("\x1b"))
    bar.finish()
    assert written[-1] == "\x1b[2A\x1b[J"


def test_what_is_said_meanwhile_stands_above_the_live_lines(screen, capsys):
    bar, written = screen
    bar.update("source", Totals(Stage.CONTENTS, 1, 1, 1, 1))
    bar.say("Read the source.")
    assert written[-1] == "\x1b[1A\x1b[J"
    assert capsys.readouterr().err == "Read the source.\n"
    bar.finish()
    assert written[-1] == "\x1b[1A\x1b[J"
    assert len(written) == 2
