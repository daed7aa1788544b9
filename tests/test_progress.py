"""What the user sees while hosts are read."""

from __future__ import annotations

import time

import pytest

from handover.cli import progress as progress_module
from handover.cli.console import Console
from handover.cli.progress import _lines, _Side
from handover.scan import Stage, Totals


def shown(totals: Totals, passed_s: float = 10.0, **expected: int) -> str:
    (line,) = _lines({"source": _Side(totals, 0.0, **expected)}, passed_s)
    return line


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


def contents(files: int, size: int) -> Totals:
    return Totals(Stage.CONTENTS, files, size, 1, 40)


def test_of_many_sides_only_those_that_are_read_have_a_line_and_all_are_summed_up():
    sides = {
        f"{part} {role}": _Side(expected_files=100, expected_bytes=10_000_000)
        for part in ("web", "mail", "shop", "blog", "docs", "images")
        for role in ("source", "target")
    }
    sides["web source"].started_s, sides["web source"].totals = 0.0, contents(90, 9_000_000)
    sides["web source"].is_done = True
    sides["images target"].started_s, sides["images target"].totals = 5.0, contents(10, 1_000_000)
    running, summed = _lines(sides, 10.0)
    assert running == "  images target reading: 10 of 100 files, 1.0 MB of 10 MB, 200 kB/s, about 45 s left"
    assert summed == "  in all        100 of 1,190 files, 10 MB of 119 MB, 1.0 MB/s, about 2 min left"


def test_nothing_is_summed_up_before_it_is_known_how_much_there_is():
    sides = {name: _Side() for name in ("web source", "web target", "mail source", "mail target")}
    sides["mail source"].started_s, sides["mail source"].totals = 0.0, contents(10, 1_000_000)
    (line,) = _lines(sides, 10.0)
    assert line.startswith("  mail source reading: 10 files")


def test_the_lines_keep_the_order_of_the_terms_whoever_comes_first(screen):
    bar, written = screen
    bar.begin(["web source", "web target", "mail source", "mail target"])
    for side in ("mail target", "web target", "web source"):
        bar.update(side, contents(1, 1))
    assert [line.split()[:2] for line in written[-1].splitlines()] == [
        ["web", "source"],
        ["web", "target"],
        ["mail", "target"],
    ]
    bar.done("web target", complete=True)
    bar.update("mail target", contents(2, 1))
    assert "web target" not in written[-1]
    # A side that was listed, and is read now, is there again.
    bar.update("web target", contents(2, 1))
    assert "web target" in written[-1]


def test_the_time_of_a_side_begins_with_its_turn_and_not_with_its_plan(screen, monkeypatch):
    bar, written = screen
    now = [time.monotonic()]
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(progress_module, "_columns", lambda: 200)
    bar.expect("source", files=100, bytes=10_000_000)
    now[0] += 3600
    bar.update("source", contents(0, 0))
    now[0] += 10
    bar.update("source", contents(50, 5_000_000))
    assert written[-1].endswith("500 kB/s, about 10 s left\n")


def test_what_is_complete_counts_as_all_of_it_and_what_broke_off_as_no_more_than_came(screen):
    bar, written = screen
    names = ["web source", "web target", "mail source"]
    bar.begin(names)
    for name in names:
        bar.expect(name, files=100, bytes=1000)
        bar.update(name, contents(10, 100))
    bar.done("web source", complete=True)
    bar.done("web target", complete=False)
    bar.update("mail source", contents(20, 200))
    assert "in all      130 of 210 files" in written[-1]
