"""The main promise, on a real site over two real SSH servers: exactly what is missing, and never more than is known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acceptance.conftest import files_below
from support.cli import handover


@pytest.fixture
def compare(hosts, copy, tmp_path):
    """Return two equal copies behind two hosts, and a function that compares them over SSH."""
    old, new, config = hosts
    source, target = copy("source"), copy("target")

    def run(*flags):
        return handover("compare", old.url(source), new.url(target), "--ssh-config", config, *flags)

    return source, target, run


def counts(result):
    (part,) = result.json["parts"]
    return {name: count for name, count in part["counts"].items() if count and name != "same"}


def paths(result, kind):
    (part,) = result.json["parts"]
    return sorted(d["path"] for d in part["differences"] if d["class"] == kind)


def change_one_byte(path: Path):
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_identical_copies_are_complete(compare):
    _, _, run = compare
    result = run("--json")
    assert result.code == 0, result.err
    assert result.json["verdict"] == "complete"
    assert counts(result) == {}


def test_exactly_what_was_lost_changed_and_added_is_found(compare):
    source, target, run = compare
    everything = files_below(target)
    step = len(everything) // 60
    deleted, changed = everything[: 40 * step : step], [p for p in everything[40 * step :] if p.stat().st_size][:10]
    locked = target / "locked-folder"
    for side in (source, target):
        (side / "locked-folder" / "below").mkdir(parents=True)
        (side / "locked-folder" / "a.txt").write_text("a")
        (side / "locked-folder" / "below" / "b.txt").write_text("b")
    for path in deleted:
        path.unlink()
    for path in changed:
        change_one_byte(path)
    for number in range(5):
        (target / f"added-{number}.txt").write_text("new")
    locked.chmod(0)
    try:
        result = run("--json")
    finally:
        locked.chmod(0o755)
    assert result.code == 1, result.err
    assert result.json["verdict"] == "not_complete"
    assert counts(result) == {"missing": 40, "changed": 10, "extra": 5, "not_checked": 4}
    assert paths(result, "missing") == sorted(str(p.relative_to(target)) for p in deleted)
    assert paths(result, "changed") == sorted(str(p.relative_to(target)) for p in changed)
    assert paths(result, "extra") == [f"added-{number}.txt" for number in range(5)]
    assert all(p.startswith("locked-folder") for p in paths(result, "not_checked"))


@pytest.mark.parametrize("side", ["source", "target"])
def test_an_unreadable_folder_alone_is_doubt_and_says_on_whose_side(compare, side):
    source, target, run = compare
    locked = (source if side == "source" else target) / "locked-folder"
    for root in (source, target):
        (root / "locked-folder").mkdir()
        (root / "locked-folder" / "a.txt").write_text("a")
    locked.chmod(0)
    try:
        result, shown = run("--json"), run()
    finally:
        locked.chmod(0o755)
    assert (result.code, shown.code) == (3, 3), (result.err, shown.err)
    assert result.json["verdict"] == "undetermined"
    (part,) = result.json["parts"]
    assert [(d["path"], d["why"]) for d in part["differences"]] == [
        ("locked-folder", [f"unreadable_{side}"]),
        ("locked-folder/a.txt", [f"below_gap_{side}"]),
    ]
    assert side.upper() in shown.out.upper()


def test_only_extras_are_complete_and_stand_in_the_headline(compare):
    _, target, run = compare
    for number in range(5):
        (target / f"added-{number}.txt").write_text("new")
    result, shown = run("--json"), run()
    assert (result.code, shown.code) == (0, 0), (result.err, shown.err)
    assert counts(result) == {"extra": 5}
    head = shown.out[:400]
    assert "COMPLETE" in head.upper()
    assert "5" in head
    strict = run("--require", "no_extra")
    assert strict.code == 1, strict.err
