"""``PART.missing.files0``: rsync mends by it what can be mended, and verify computes it again."""

from __future__ import annotations

import os
import subprocess

import pytest

from evidence.rounds import Round
from handover import differences
from handover.evidence.verification import Step
from support.cli import handover
from support.manifests import file, folder

TREE = (file("index.php", b"<?php"), folder("img"), file("img/a.png", b"png"))
LIST = "web.missing.files0"
NAMES = [b"-rf", b"#comment", b";also", b"new\nline", b"\xff", b" lead", b"a'b\"c", b"*", "ż".encode(), b"./x"[2:]]


def test_rsync_sends_exactly_what_is_missing_or_changed(tmp_path):
    source, target, bundle = (tmp_path / name for name in ("old", "new", "bundle"))
    for number, name in enumerate(NAMES):
        inner = os.path.join(os.fsencode(source), b"d" + name)
        os.makedirs(inner)
        for path in (os.path.join(os.fsencode(source), name), os.path.join(inner, name)):
            with open(path, "wb") as stream:
                stream.write(b"content %d" % number)
    (source / "empty").mkdir()
    target.mkdir()
    (target / "x").write_bytes(b"other")
    (target / "extra").write_bytes(b"stays")
    assert handover("compare", source, target, "--same-host", "-o", bundle).code == 1
    (names,) = bundle.glob("*.missing.files0")
    listed = names.read_bytes().split(b"\0")[:-1]
    assert len(listed) == len(set(listed)) == 3 * len(NAMES) + 1
    assert all(path.startswith(b"./") for path in listed)
    subprocess.run(
        ["rsync", "-a", "--checksum", "--from0", f"--files-from={names}", f"{source}/", f"{target}/"], check=True
    )
    assert handover("compare", source, target, "--same-host").code == 0
    assert (target / "extra").read_bytes() == b"stays"
    done = handover("verify", bundle, "--require", "none")
    assert done.code == 1, "a valid record of a round that is not complete"
    assert names.name in (bundle / "SHA256SUMS").read_text()


def test_a_complete_round_has_no_list(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text("a")
    done = handover("compare", tmp_path / "old", tmp_path / "new", "--same-host", "-o", tmp_path / "bundle")
    assert done.code == 0
    assert list((tmp_path / "bundle").glob("*.files0")) == []


@pytest.mark.parametrize("raw", [b"", b"./img\0", b"./img/a.png\0./img\0", b"./index.php\0", b"./img/a.png\0more"])
def test_a_list_that_names_something_else_is_found(raw):
    right = b"./img/a.png\0"
    assert not failed(Round(TREE, TREE[:2], more={LIST: right}))
    assert failed(Round(TREE, TREE[:2], more={LIST: raw})) == {Step.RECOMPUTATION}


def test_a_list_of_no_part_is_found():
    assert Step.REPORT in failed(Round(TREE, TREE[:2], more={"shop.missing.files0": b""}))


def failed(round_: Round) -> set[Step]:
    done = round_.both_accept().verify()
    return {Step(check.step) for check in done.checks if not check.passed}


def test_what_is_extra_agreed_or_unknown_is_not_sent():
    round_ = Round(TREE[:2], TREE)
    stream = round_.files[differences.file_name("web")]
    assert b'"extra"' in stream
    assert not failed(Round(TREE[:2], TREE))
    assert failed(Round(TREE[:2], TREE, more={LIST: b"./img/a.png\0"})) == {Step.RECOMPUTATION}
