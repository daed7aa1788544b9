"""The second round of a case tells of the first one and of who answered it, and verify agrees."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from handover.workflow import history
from handover.workflow.case import Case
from support.cli import handover


@pytest.fixture
def case(tmp_path: Path) -> Path:
    for side in ("old", "new"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "index.php").write_text("<?php")
    (tmp_path / "old" / "lost.jpg").write_text("picture")
    case = tmp_path / "case"
    case.mkdir()
    (case / "handover.yaml").write_text(
        f"handover: 1\nid: {'0f8e' * 8}\ncase: a small one\nparties:\n"
        "  sender: {name: Old Ltd, contact: a@old.example}\n  receiver: {name: New Ltd, contact: b@new.example}\n"
        "parts:\n  - name: web\n"
        f"    source: {{location: {tmp_path / 'old'}}}\n    target: {{location: {tmp_path / 'new'}}}\n"
    )
    assert handover("run", case).code == 1
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    sign = ("sign", case, "--as", "receiver", "--key", key, "--name", "Aino", "--facts", "confirmed")
    words = ("--remark", "lost.jpg is still on our old disk")
    assert handover(*sign, "--decision", "reject", *words).code == 0
    return case


def test_a_round_tells_of_the_rounds_before_and_of_their_answers(case: Path):
    assert handover("run", case).code == 1
    second = case / "rounds" / "0002"
    (told,) = json.loads((second / "report.json").read_text())["history"]
    assert (told["round"], told["verdict"]) == (1, "not_complete")
    assert [(answer["role"], answer["decision"]) for answer in told["answers"]] == [("receiver", "reject")]
    (answer,) = told["answers"]
    assert answer["remarks"] == [{"text": "lost.jpg is still on our old disk"}]
    assert "facts confirmed, rejects" in (second / "report.en.html").read_text()
    assert handover("verify", second, "--require", "none").code == 1


def test_a_round_that_cannot_be_read_is_left_out(case: Path):
    (case / "rounds" / "0001" / "report.json").write_text("{}")
    assert handover("run", case).code == 1
    assert "history" not in json.loads((case / "rounds" / "0002" / "report.json").read_text())


def test_a_round_without_its_report_is_left_out(case: Path):
    (case / "rounds" / "0001" / "report.json").unlink()
    assert handover("run", case).code == 1
    assert "history" not in json.loads((case / "rounds" / "0002" / "report.json").read_text())


def test_only_the_latest_rounds_are_told(case: Path, monkeypatch: pytest.MonkeyPatch):
    shutil.copytree(case / "rounds" / "0001", case / "rounds" / "0002")
    monkeypatch.setattr(history, "_TOLD", 1)
    assert len(history.history(Case.open(case))) == 1
