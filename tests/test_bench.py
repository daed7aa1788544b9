"""The bench itself, at a thousandth of its size: trees, manifests, measuring, the table. Never how fast anything is."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from handover import manifest_reader
from support.trees import truth

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def bench(monkeypatch):
    """Import modules of the bench, which is no part of the product and is found from the repository's root."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"bench.{name}")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The bench folder of all tests here: the C programs are compiled once."""
    return tmp_path_factory.mktemp("bench")


@pytest.fixture
def tool(bench, home):
    return lambda name: bench("tools").compile_tool(name, home)


def test_a_tree_is_the_same_each_time_and_its_copy_is_equal(bench, tmp_path):
    trees = bench("trees")
    first, again = trees.build("W1", 0.002, tmp_path / "a"), trees.build("W1", 0.002, tmp_path / "b")
    trees.with_copy(first)
    assert truth(first.path) == truth(again.path) == truth(first.copy)
    assert (first.files, first.folders) == (200, 24)
    assert first.bytes == sum(thing.size for thing in truth(first.path).values() if thing.type == "file")
    assert any(path != path.decode().encode("ascii", "replace") for path in truth(first.path))


def test_a_tree_is_built_once_and_anew_when_it_was_never_finished(bench, tmp_path):
    trees = bench("trees")
    tree = trees.build("W3", 0.0001, tmp_path)
    (tree.path / "mark").write_text("mine")
    trees.build("W3", 0.0001, tmp_path)
    assert (tree.path / "mark").exists()
    next(tmp_path.glob("*.stamp")).unlink()
    assert trees.build("W3", 0.0001, tmp_path) == tree
    assert not (tree.path / "mark").exists()


@pytest.mark.parametrize("kind", ["source", "equal", "mtime", "content"])
def test_made_up_manifests_are_manifests(bench, tmp_path, kind):
    manifests = bench("manifests")
    path = manifests.build(manifests.Kind(kind), 1000, tmp_path)
    with path.open("rb") as stream:
        audited = manifest_reader.audit(stream, where="made up", scratch=tempfile.TemporaryFile)
    assert audited[1].entries == 1001
    lines = manifests.lines(path).read_bytes().splitlines()
    assert len(lines) == 1001
    assert lines == sorted(lines)


def test_the_floor_reads_every_byte_of_every_file(tool, bench, tmp_path):
    tree = bench("trees").build("W1", 0.001, tmp_path / "trees")
    said = [subprocess.check_output([tool("floor"), threads, tree.path], text=True) for threads in ("1", "3")]
    assert said[0] == said[1]
    assert said[0].split()[:2] == [str(tree.files), str(tree.bytes)]


def test_the_meter_counts_children_and_orphans_and_passes_the_status_on(tool, tmp_path):
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    line = f"('{sys.executable}' -I -S -c '{busy}' &) ; exit 3"
    subprocess.run([tool("meter"), tmp_path / "result", "sh", "-c", line], check=True)
    wall_ns, cpu_us, peak_kib, status = map(int, (tmp_path / "result").read_text().split())
    assert status == 3
    assert cpu_us >= 200_000
    assert 0 < wall_ns < 60e9
    assert peak_kib > 5000


def test_contenders_take_turns_and_one_that_fails_is_out_with_its_reason(tool, bench, tmp_path):
    measure = bench("measure")
    log = tmp_path / "log"

    def contender(name, code):
        return measure.Contender(
            name, measure.Command(("sh", "-c", f"echo {name} >> '{log}'; echo no >&2; exit {code}"))
        )

    found = measure.by_turns([contender("a", 0), contender("b", 7), contender("c", 0)], 3, tool("meter"))
    assert log.read_text().split() == ["a", "b", "c", "a", "c", "a", "c"]
    assert len(found["a"]) == len(found["c"]) == 3
    assert found["b"] == "`sh` ended with 7: no"


def test_an_agent_that_does_not_come_to_its_end_is_no_measurement(tool, bench, tmp_path):
    agent_run, measure = bench("agent_run"), bench("measure")
    (tmp_path / "tree").mkdir()
    whole = agent_run.agent(tmp_path / "tree", bench("experiments").Algorithm.SHA256)
    assert measure.run(whole, tool("meter")).wall_s > 0
    missing = agent_run.agent(tmp_path / "nothing", bench("experiments").Algorithm.SHA256)
    with pytest.raises(measure.Failed):
        measure.run(missing, tool("meter"))


@pytest.mark.parametrize("program", ["bagit", "ascmhl"])
def test_what_a_tool_writes_into_a_tree_is_gone_afterwards(bench, tmp_path, program):
    peers, trees = bench("peers"), bench("trees")
    tree = trees.with_copy(trees.build("W1", 0.001, tmp_path))
    peer = {"bagit": peers.BAGIT, "ascmhl": peers.ASCMHL}[program]
    command = peer.command(Path("false"), tree)
    command.before()
    assert not tree.copy.exists()
    if program == "bagit":
        inside = list(tree.lent.iterdir())
        (tree.lent / "data").mkdir()
        for path in inside:
            path.rename(tree.lent / "data" / path.name)
        (tree.lent / "bagit.txt").write_text("BagIt-Version: 0.97")
    else:
        (tree.lent / "ascmhl").mkdir()
    command.after()
    assert truth(tree.copy) == truth(tree.path)


def test_a_bar_is_met_only_by_numbers(bench):
    rows, sample = bench("rows"), bench("measure").Sample
    row = rows.Row("work", "experiment", 0.5, "peer")

    def state(**results):
        return rows.judge(row, {"experiment": results}).state

    fast, slow = [sample(1.0), sample(1.0), sample(9.0)], [sample(2.0), sample(2.1), sample(0.1)]
    assert state(handover=fast, peer=slow) is rows.State.MET
    assert state(handover=slow, peer=fast) is rows.State.NOT_MET
    assert state(handover=fast, peer="not installed") is rows.State.UNKNOWN
    assert state(handover=fast) is rows.State.UNKNOWN
    assert state(handover=[], peer=slow) is rows.State.UNKNOWN
    assert rows.judge(row, {}).state is rows.State.UNKNOWN


def test_a_run_writes_table_and_samples_and_keeps_what_people_wrote(bench, home, tmp_path):
    report = bench("report")
    page = tmp_path / "performance.md"
    page.write_text(f"before\n{report.BEGIN}\nfrom last year\n{report.END}\nafter\n")
    words = ["--rows", "local,compare", "--works", "W1", "--scale", "0.001", "--repeats", "1", "--no-install"]
    places = ["--home", home, "--results", tmp_path / "results", "--report", page]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *words, *places],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error::ResourceWarning"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "from last year" not in text
    assert "| W1 local scan, xxh128 | C floor | **wall " in text
    assert "not measured: not part of this run" in text
    (kept,) = (tmp_path / "results").glob("*.json")
    measured = json.loads(kept.read_text())["measured"]
    assert len(measured["W1 local, xxh128"]["handover"]) == 1
    assert (
        shutil.which("hashdeep") is not None or measured["W1 local, sha256"]["hashdeep"] == "hashdeep is not installed"
    )


def test_what_is_not_measured_again_is_kept_and_said_to_be_of_another_run(bench):
    report, sample = bench("report"), bench("measure").Sample

    def run(date, **measured):
        results = {name: {"handover": [sample(wall)], "peer": "not installed"} for name, wall in measured.items()}
        return report.Run(date, "python -m bench", {"CPU": "one"}, {"peer": "1"}, [date[:2]], results)

    first, second, third = run("Monday", a=1.0, b=1.0, c=1.0), run("Tuesday", b=2.0), run("Friday", c=3.0, d=3.0)
    once = second.after(report.from_json(report.to_json(first)))
    twice = third.after(report.from_json(report.to_json(once)))
    assert once.kept == {"Monday by `python -m bench`": ["a", "c"]}
    assert twice.kept == {"Monday by `python -m bench`": ["a"], "Tuesday by `python -m bench`": ["b"]}
    assert {name: results["handover"][0].wall_s for name, results in twice.measured.items()} == {
        "a": 1.0, "b": 2.0, "c": 3.0, "d": 3.0,
    }  # fmt: skip
    assert twice.trees == ["Mo", "Tu", "Fr"]
    page = report.markdown(twice)
    assert page.startswith("Measured on Friday by `python -m bench`.\n")
    assert "Kept from Tuesday by `python -m bench`: b.\n" in page


def test_the_page_of_this_repository_has_its_place_for_the_tables(bench):
    report = bench("report")
    page = (ROOT / "docs" / "performance.md").read_text()
    assert page.count(report.BEGIN) == page.count(report.END) == 1
    assert page.index(report.BEGIN) < page.index(report.END)
