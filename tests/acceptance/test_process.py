"""How the command behaves as a process: signals, streams that are closed, what is there already, and its exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acceptance.background import at_work, at_work_here, running
from acceptance.conftest import make_slow, snapshot
from support.cli import environment, handover
from support.processes import descendants, wait_until

_SOON_S = 3.0
_HANDOVER = (sys.executable, "-m", "handover")


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "small"
    root.mkdir()
    (root / "index.php").write_text("<?php")
    return root


@pytest.fixture
def other(tmp_path):
    root = tmp_path / "other"
    root.mkdir()
    (root / "index.php").write_text("<?php")
    return root


def case_of(folder: Path, source: Path | str, target: Path | str) -> Path:
    assert handover("init", folder, "--source", source, "--target", target).code == 0
    return folder


# Signals.


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
@pytest.mark.parametrize("command", ["scan here", "scan over ssh", "compare", "run"])
def test_a_signal_ends_it_soon_with_its_code_and_leaves_nothing(host, slow, out, tmp_path, number, code, command):
    server, config = host
    ssh = ("--ssh-config", config)
    # A tree like the other one, and not the same: that would be refused before the contents are read.
    also_slow = make_slow(tmp_path / "also slow")
    if command == "run":
        case_of(out / "case", server.url(slow), also_slow)
    arguments = {
        "scan here": ("scan", slow, "-o", "m"),
        "scan over ssh": ("scan", server.url(slow), "-o", "m", *ssh),
        "compare": ("compare", server.url(slow), also_slow, "-o", "report", *ssh),
        "run": ("run", "case", *ssh),
    }[command]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = sorted(path for path in out.rglob("*"))
    with running(*arguments, cwd=out, TMPDIR=str(temporary)) as work:
        far = [] if command == "scan here" else at_work(server)
        here = [] if command == "scan over ssh" else at_work_here(work)
        sent_s = time.monotonic()
        work.process.send_signal(number)
        found, err = work.ended()
        took_s = time.monotonic() - sent_s
    assert found == code, err
    assert "Traceback" not in err
    assert took_s < _SOON_S
    assert wait_until(lambda: not any(process.alive for process in far + here), 2)
    after = [path for path in out.rglob("*") if path.name not in (".handover.lock", "rounds")]
    assert sorted(after) == before
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["INT", "TERM"])
def test_somebody_who_sends_it_again_and_again_does_not_disturb_the_cleaning_up(slow, out, number, code):
    with running("scan", slow, "-o", "m", cwd=out) as work:
        agents = at_work_here(work)
        while work.process.poll() is None:
            work.process.send_signal(number)
            time.sleep(0.002)
        found, err = work.ended()
    assert found == code, err
    assert err.strip() == f"handover: ended by {number.name}; nothing half-made was left"
    assert wait_until(lambda: not any(agent.alive for agent in agents), 2)
    assert os.listdir(out) == []


def test_kill_leaves_no_agent_and_nothing_with_a_final_name(slow, out):
    with running("scan", slow, "-o", "m", cwd=out) as work:
        agents = at_work_here(work)
        work.process.kill()
        work.ended()
        assert descendants(work.process.pid) == []
    assert wait_until(lambda: not any(agent.alive for agent in agents), 5)
    assert "m" not in os.listdir(out)


# Streams.


@pytest.mark.parametrize("stdout", ["closed", "full"])
@pytest.mark.parametrize("command", ["help", "version", "scan", "compare", "compare --json", "verify", "error --json"])
def test_a_result_that_could_not_be_told_is_exit_7(site, other, out, command, stdout):
    assert handover("compare", site, other, "-o", out / "report").code == 0
    arguments = {
        "help": ["--help"],
        "version": ["--version"],
        "scan": ["scan", site, "-o", out / "m"],
        "compare": ["compare", site, other],
        "compare --json": ["compare", site, other, "--json"],
        "verify": ["verify", out / "report", "--require", "none"],
        "error --json": ["compare", site, site, "--json"],
    }[command]
    redirect = ">&-" if stdout == "closed" else ">/dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirect}', "sh", *_HANDOVER, *map(str, arguments)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 7, done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_exit_7(site, other):
    done = subprocess.run(
        [
            "/bin/bash",
            "-c",
            'set -o pipefail; "$@" | true',
            "bash",
            *_HANDOVER,
            "compare",
            site,
            other,
        ],
        env=environment(),
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 7, done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_closed_stderr_and_stdin_change_nothing(site, other):
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'exec "$@" 2>&- <&-',
            "sh",
            *_HANDOVER,
            "compare",
            site,
            other,
            "--json",
        ],
        env=environment(),
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "complete"


def test_quiet_says_nothing_on_stderr(site, other, out):
    assert handover("compare", site, other, "--quiet").err == ""
    assert handover("scan", site, "-o", out / "m", "-q").err == ""


# What is there already.


def test_of_two_runs_in_one_case_the_second_is_refused(slow, site, out):
    case_of(out / "case", slow, site)
    with running("run", "case", cwd=out) as work:
        at_work_here(work)
        second = handover("run", out / "case", "--json")
        work.process.send_signal(signal.SIGTERM)
        assert work.ended()[0] == 143
    assert (second.code, second.json["error"]["code"]) == (8, 8)
    assert "another run" in second.err
    assert not list((out / "case").glob("rounds/*"))


def test_an_output_that_exists_is_refused_and_stays_as_it_is(site, other, out):
    (out / "file").write_text("old bytes")
    (out / "folder").mkdir()
    (out / "folder" / "evidence").write_text("old bytes")
    (out / "dangling").symlink_to("nowhere")
    case_of(out / "case", site, other)
    before = snapshot(out)
    for name in ("file", "folder", "dangling"):
        assert handover("scan", site, "-o", out / name).code == 8
        assert handover("compare", site, other, "-o", out / name).code == 8
        assert handover("compare", site, other, "--junit", out / name).code == 8
    assert handover("init", out / "case").code == 8
    assert snapshot(out) == before


def test_an_output_inside_of_what_is_read_is_refused_before_anything_is_written(site, other, out):
    (out / "way").symlink_to(site)
    case_of(out / "case", out, other)
    before = snapshot(site)
    for place in (site / "m", out / "way" / "m", site / "index.php" / ".." / "m"):
        assert handover("scan", site, "-o", place).code == 8
        assert handover("compare", site, other, "-o", place).code == 8
        assert handover("compare", other, site, "-o", place).code == 8
        assert handover("compare", site, other, "--junit", place).code == 8
    assert snapshot(site) == before
    assert handover("run", out / "case").code == 8
    assert not list((out / "case").glob("rounds/*"))


def test_a_place_that_cannot_be_written_is_exit_7(site, other, out):
    assert handover("scan", site, "-o", out / "no folder" / "m").code == 7
    assert handover("scan", site, "-o", "/proc/m").code == 7
    assert handover("compare", site, other, "-o", "/proc/report").code == 7


@pytest.mark.parametrize("command", ["scan", "compare", "run"])
def test_a_disk_that_is_full_is_exit_7_and_leaves_what_was_there(site, other, out, command):
    for number in range(300):
        (site / f"only here {number}").write_text("x")
    case_of(out / "case", site, other)
    before = (out / "case" / "handover.yaml").read_bytes()
    arguments = {
        "scan": ["scan", site, "-o", "m"],
        "compare": ["compare", site, other, "-o", "report"],
        "run": ["run", "case"],
    }[command]
    # No file can become longer than this: what a quota does, and an ordinary user can ask for it.
    done = subprocess.run(
        ["/bin/sh", "-c", 'ulimit -f 20; exec "$@"', "sh", *_HANDOVER, *map(str, arguments)],
        cwd=out,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 7, (done.stdout, done.stderr)
    assert b"Traceback" not in done.stderr
    assert (out / "case" / "handover.yaml").read_bytes() == before
    left = {path.name for path in out.rglob("*") if path.is_file()}
    assert left <= {"handover.yaml", ".handover.lock"}


# Roots, and how errors are told.


def wrong_roots(tmp_path: Path) -> dict[str, tuple[Path, int, str]]:
    """Return by name a root that cannot be read, the exit code, and a word of the error."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    (tmp_path / "link").symlink_to("full")
    (tmp_path / "dangling").symlink_to("nowhere")
    return {
        "missing": (tmp_path / "missing", 2, "there is nothing at"),
        "file": (tmp_path / "file", 2, "file"),
        "link": (tmp_path / "link", 2, "--follow-root-link"),
        "dangling": (tmp_path / "dangling", 2, "link"),
        "empty": (tmp_path / "empty", 8, "--allow-empty"),
    }


@pytest.mark.parametrize("over", ["here", "ssh"])
@pytest.mark.parametrize("which", ["missing", "file", "link", "dangling", "empty"])
def test_a_root_that_is_none_is_refused_by_its_own_code(host, out, site, tmp_path, which, over):
    server, config = host
    root, code, word = wrong_roots(tmp_path)[which]
    place = str(root) if over == "here" else server.url(root)
    for arguments in (("scan", place, "-o", out / "m"), ("compare", site, place)):
        result = handover(*arguments, "--ssh-config", config, "--json")
        assert result.code == code, result.err
        assert word in result.err
        assert result.err.count(str(root)) == 1, "where it is, is said once"
        assert result.json["error"]["code"] == code
    assert os.listdir(out) == []


def test_the_flags_that_such_an_error_names_do_what_it_says(out, tmp_path):
    wrong_roots(tmp_path)
    assert handover("scan", tmp_path / "link", "-o", out / "a", "--follow-root-link").code == 0
    assert handover("scan", tmp_path / "empty", "-o", out / "b", "--allow-empty").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-command"],
        ["scan"],
        ["scan", "."],
        ["compare", "."],
        ["compare", ".", "ftp://old.example/www"],
        ["compare", ".", "ssh://-oProxyCommand=id/www"],
        ["compare", ".", "ssh://me:secret@old.example/www"],
        ["compare", ".", ".", "--require", "nothing"],
        ["compare", ".", ".", "--exclude", "!x"],
        ["compare", ".", ".", "--max-excluded", "5000%"],
        ["compare", ".", ".", "--rules", "no-such-file"],
        ["compare", ".", ".", "--idle-timeout", "soon"],
        ["compare", ".", ".", "--workers", "0"],
        ["compare", "", "."],
        ["run", "no-such-case"],
        ["sign", "."],
        ["sign", ".", "--as", "nobody"],
        ["verify", "no-such-bundle"],
        ["verify", ".", "--keys", "no-such-file"],
        ["trust", "host", "https://old.example"],
    ],
    ids=" ".join,
)
def test_a_wrong_use_is_exit_2_with_one_json_document(out, arguments):
    result = handover(*arguments, "--json", cwd=out)
    assert result.code == 2, result.err
    assert result.json["error"]["code"] == 2
    assert "Traceback" not in result.err
    assert "secret" not in result.out + result.err
    assert os.listdir(out) == []


def test_a_command_without_its_arguments_shows_its_help(out):
    for arguments in ((), ("trust",)):
        result = handover(*arguments, cwd=out)
        assert result.code == 2
        assert "Usage" in result.out + result.err
        assert "error" not in result.err
