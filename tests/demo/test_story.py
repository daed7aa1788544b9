"""The demo shows a true run: real commands, exactly its migration's faults, evidence that stock tools can check."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from handover.demo import site
from handover.demo.hosts import installed_sshd
from handover.demo.story import tell
from handover.errors import Refused
from support.processes import everything

ROOT = Path(__file__).parents[2]
SELF = (sys.executable, "-P", "-m", "handover")
DRIVER = """
import sys
from pathlib import Path
from handover.demo.story import tell
say = lambda text: print(text, flush=True)
sys.exit(tell(Path(sys.argv[1]), sys.argv[3:], sys.argv[2] or None, say))
"""


@pytest.fixture(scope="module", params=[installed_sshd(), None], ids=["sshd", "embedded"])
def told(request, tmp_path_factory):
    """Return the folder and the output of one demo, and the processes before it."""
    folder = tmp_path_factory.mktemp("demo with space") / "first look"
    before = {(process.pid, process.started) for process in everything()}
    command = [sys.executable, "-c", DRIVER, folder, request.param or "", *SELF]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout, before, request.param


def test_it_says_which_server_it_used_and_ends_with_the_report_and_the_next_command(told):
    _, output, _, sshd = told
    assert (sshd or "small SSH server of handover's own") in output
    assert all(fault.story in output for fault in site.FAULTS)
    lines = output.splitlines()
    report = next(line for line in lines if line.startswith("The report:"))
    assert os.path.isfile(report.removeprefix("The report:").split("(")[0].strip())
    command, compare, source, _ = lines[-1].split()
    assert (Path(command).name, compare) == ("handover", "compare")
    assert shutil.which(command) is not None
    assert source.startswith("ssh://")
    assert "VERIFIED, NOT ACCEPTED" in output


def test_the_readme_shows_what_the_demo_prints(told):
    block = re.search(r"```text\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    assert block[1] in told[1]


def test_every_command_that_it_shows_ends_as_it_says(told):
    _, output, _, _ = told
    shown = [line for line in output.splitlines() if line.startswith(("$ handover", "[exit code"))]
    assert [line.split()[2] for line in shown[::2]] == ["run", "sign", "sign", "verify"]
    assert [line.split(":")[0] for line in shown[1::2]] == [
        "[exit code 1",
        "[exit code 0",
        "[exit code 0",
        "[exit code 1",
    ]


def test_the_report_finds_exactly_the_faults_of_the_migration(told):
    folder = told[0]
    report = json.loads((folder / "acme-shop/rounds/0001/report.json").read_text())
    comparison = report["parts"][0]["comparison"]
    year = len(list((folder / "old.example/public_html/wp-content/uploads/2022").iterdir()))
    counted = {kind: count for kind, count in comparison["counts"].items() if count and kind != "same"}
    assert counted == {
        "missing": 1 + (1 + year) + 1,  # .htaccess, the year with its folder, the empty folder
        "changed": 2,  # the video and the text
        "not_checked": 1,  # the file that nobody may read
        "extra": 2,  # cgi-bin and what is in it
        "agreed": 1,  # wp-config.php
        "ignored": 2,  # .ftpquota and error_log
    }
    assert report["verdict"] == "not_complete"
    assert comparison["gaps"]["source"]["unreadable"] == 0
    assert comparison["gaps"]["target"]["unreadable"] == 1


def test_a_third_person_checks_it_with_stock_tools_alone(told):
    bundle = told[0] / "acme-shop/rounds/0001"
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=True, capture_output=True)
    for role in ("sender", "receiver"):
        statement = bundle / f"1.{role}.statement.json"
        command = ["ssh-keygen", "-Y", "verify", "-f", told[0] / "allowed_signers", "-I", role]
        command += ["-n", "handover-statement-v1", "-s", f"{statement}.sig"]
        done = subprocess.run(command, input=statement.read_bytes(), capture_output=True)
        assert done.returncode == 0, done.stderr


def test_nothing_runs_on_afterwards(told):
    folder, _, before, _ = told
    new = [process for process in everything() if (process.pid, process.started) not in before]
    assert [process.command for process in new if os.fsencode(folder) in process.command] == []


def test_a_folder_that_is_there_is_never_touched(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    with pytest.raises(Refused):
        tell(tmp_path, SELF, None, print)
    assert os.listdir(tmp_path) == ["mine"]


def test_a_command_that_fails_ends_the_story_with_its_code(tmp_path):
    said: list[str] = []
    broken = (sys.executable, "-c", "import sys; sys.exit(70)")
    assert tell(tmp_path / "new", broken, None, said.append) == 70
    assert "[exit code 70: unexpected]" in said[-1]


def test_the_causes_are_those_that_the_migration_had(told):
    _, output, *_ = told
    told_causes = output.partition("Likely causes")[2].partition("What to do now")[0]
    for words in ("broke off", "no permission", "Line ends were changed", "hosting added files"):
        assert words in told_causes, words


def test_the_letter_in_the_documentation_is_the_one_that_the_demo_prints(told):
    text = (ROOT / "docs/how-to/what-to-send.md").read_text(encoding="utf-8")
    found = re.search(r"Good day,\n.*?(?=Please confirm)", text, re.DOTALL)
    assert found
    assert found[0] in told[1]
