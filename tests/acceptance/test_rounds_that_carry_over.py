"""`run --previous` and `scan --previous` as their users meet them, and what a verifier needs to believe them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from support.cli import handover

#: The files must be older than the first scan by more than the guard, and clocks are told in whole seconds.
_SETTLE_S = 3.2


@pytest.fixture(scope="module")
def rounds(tmp_path_factory) -> Path:
    """A case of three rounds: a full one, and two that each carried over from the one before."""
    folder = tmp_path_factory.mktemp("carried")
    for side in ("old", "new"):
        (folder / side / "img").mkdir(parents=True)
        (folder / side / "index.php").write_text("<?php")
        (folder / side / "img" / "a.jpg").write_text("picture")
    time.sleep(_SETTLE_S)
    case = folder / "case"
    case.mkdir()
    (case / "handover.yaml").write_text(
        f"handover: 1\nid: {'0f8e' * 8}\ncase: a small one\nparties:\n"
        "  sender: {name: Old Ltd, contact: a@old.example}\n  receiver: {name: New Ltd, contact: b@new.example}\n"
        "parts:\n  - name: web\n"
        f"    source: {{location: {folder / 'old'}}}\n    target: {{location: {folder / 'new'}}}\n"
    )
    assert handover("run", case).code == 0
    (folder / "new" / "index.php").write_text("<?PHP")
    second = handover("run", case, "--previous", "--json")
    assert second.code == 1
    (part,) = second.json["parts"]
    assert part["carried"] == {"source": {"files": 2, "bytes": 12}, "target": {"files": 1, "bytes": 7}}
    assert [row["side"] for row in second.json["remarks"] if row["code"] == "carried"] == ["source", "target"]
    third = handover("run", case, "--previous")
    assert third.code == 1
    assert "not read again" in third.out
    return case / "rounds"


def copied(rounds: Path, folder: Path, *numbers: str) -> Path:
    for number in numbers:
        shutil.copytree(rounds / number, folder / number)
    return folder


def test_rounds_beside_one_another_vouch_for_what_was_carried_over(rounds):
    for number in ("0002", "0003"):
        done = handover("verify", rounds / number, "--require", "none", "--json")
        assert (done.code, done.json["verified"], done.json["verdict"]) == (1, True, "not_complete")


def test_a_round_alone_is_not_verified_and_says_what_is_missing(rounds, tmp_path):
    done = handover("verify", copied(rounds, tmp_path, "0002") / "0002", "--require", "none")
    assert done.code == 4
    assert "2 files in it were not read but carried over" in " ".join(done.out.split())
    assert "--previous" in done.out


@pytest.mark.parametrize("form", ["folder", "zip", "manifests"])
def test_the_earlier_round_can_be_given_in_any_form(rounds, tmp_path, form):
    bundle = copied(rounds, tmp_path, "0002") / "0002"
    first = rounds / "0001"
    given = {
        "folder": [first],
        "zip": [Path(shutil.make_archive(str(tmp_path / "first"), "zip", first))] if form == "zip" else [],
        "manifests": [first / "web.source.manifest", first / "web.target.manifest"],
    }[form]
    flags = [word for place in given for word in ("--previous", place)]
    assert handover("verify", bundle, "--require", "none", *flags).code == 1


def test_every_round_back_to_the_one_that_was_read_is_needed(rounds, tmp_path):
    bundle = copied(rounds, tmp_path, "0002", "0003") / "0003"
    assert handover("verify", bundle, "--require", "none").code == 4
    assert handover("verify", bundle, "--require", "none", "--previous", rounds / "0001").code == 1


def test_an_earlier_round_that_was_altered_vouches_for_nothing(rounds, tmp_path):
    folder = copied(rounds, tmp_path, "0001", "0002")
    manifest = folder / "0001" / "web.source.manifest"
    manifest.write_bytes(manifest.read_bytes().replace(b"Old", b"old").replace(b'"mode":"0644"', b'"mode":"0664"', 1))
    assert handover("verify", folder / "0002", "--require", "none").code in {4, 5}


def test_a_place_with_nothing_at_it_is_a_mistake_of_the_command_line(rounds):
    assert handover("verify", rounds / "0002", "--require", "none", "--previous", rounds / "nothing").code == 2


def test_scan_says_how_much_it_did_not_read(rounds, tmp_path):
    site = rounds.parents[1] / "old"
    first, second = tmp_path / "1.manifest", tmp_path / "2.manifest"
    assert handover("scan", site, "-o", first).code == 0
    done = handover("scan", site, "-o", second, "--previous", first)
    assert done.code == 0
    assert "2 files (12 bytes) on this host were not read again" in " ".join(done.out.split())
    said = handover("scan", site, "-o", tmp_path / "3.manifest", "--previous", first, "--json")
    assert said.json["carried"] == {"files": 2, "bytes": 12}


def test_a_base_that_does_not_fit_is_told_and_everything_is_read(rounds, tmp_path):
    site = rounds.parents[1]
    assert handover("scan", site / "new", "-o", tmp_path / "1.manifest").code == 0
    done = handover("scan", site / "old", "-o", tmp_path / "2.manifest", "--previous", tmp_path / "1.manifest")
    assert done.code == 0
    assert "was read completely, and nothing carried over: it is of another folder" in " ".join(done.err.split())
    assert "not read again" not in done.out


@pytest.mark.parametrize(("content", "code"), [(None, 2), (b"nothing of the kind\n", 5)])
def test_what_is_no_manifest_is_no_base(rounds, tmp_path, content, code):
    if content is not None:
        (tmp_path / "base").write_bytes(content)
    site = rounds.parents[1] / "old"
    done = handover("scan", site, "-o", tmp_path / "out.manifest", "--previous", tmp_path / "base")
    assert done.code == code
    assert not (tmp_path / "out.manifest").exists()
