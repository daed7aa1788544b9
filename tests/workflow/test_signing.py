"""Who a statement says that it is from, when nobody is there to be asked."""

from __future__ import annotations

import getpass
import json

import pytest

from support.cli import handover
from support.sshd import make_key

TERMS = """\
handover: 1
id: {id}
case: "a case"
parties:
  sender: {{name: "Old Hosting sp. z o.o.", contact: bok@old.example}}
  receiver: {{name: "New Host Oy", contact: support@new.example}}
parts:
  - name: web
    source: {{location: "{source}"}}
    target: {{location: "{target}"}}
"""


@pytest.fixture
def sides(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text("hello")
    return tmp_path / "source", tmp_path / "target"


def signed_by(folder, key, *flags):
    done = handover(
        "sign", folder, "--as", "receiver", "--facts", "confirmed", "--decision", "accept", "--key", key, *flags
    )
    assert done.code == 0, done.err
    (statement,) = folder.rglob("*.receiver.statement.json")
    return json.loads(statement.read_bytes())["signer"]["name"]


def test_the_name_that_is_given_stands(tmp_path, sides):
    assert handover("compare", *sides, "-o", tmp_path / "round").code == 0
    assert signed_by(tmp_path / "round", make_key(tmp_path / "key"), "--name", "Aino Virtanen") == "Aino Virtanen"


def test_in_a_case_it_is_the_party_that_signs(tmp_path, sides):
    case = tmp_path / "case"
    case.mkdir()
    (case / "handover.yaml").write_text(TERMS.format(id="0" * 32, source=sides[0], target=sides[1]))
    assert handover("run", case).code == 0
    assert signed_by(case, make_key(tmp_path / "key")) == "New Host Oy"


def test_without_parties_it_is_the_account(tmp_path, sides):
    assert handover("compare", *sides, "-o", tmp_path / "round").code == 0
    assert signed_by(tmp_path / "round", make_key(tmp_path / "key")) == getpass.getuser()


def test_a_private_key_in_the_place_of_a_public_one_is_told_apart(tmp_path, sides):
    assert handover("compare", *sides, "-o", tmp_path / "round").code == 0
    key = make_key(tmp_path / "key")
    for file, raw in (("key", key.read_bytes()), ("noise", b"\xff\x00")):
        (tmp_path / file).write_bytes(raw)
        given = ("--print-command", "--public-key", tmp_path / file, "-o", tmp_path / "answers")
        done = handover("sign", tmp_path / "round", "--as", "receiver", *given)
        assert (done.code, "Give the .pub file" in done.err) == (2, True), done.err
        assert not (tmp_path / "answers").exists()


def test_an_answer_without_its_signature_is_told_what_is_missing(tmp_path, sides):
    assert handover("compare", *sides, "-o", tmp_path / "round").code == 0
    key = make_key(tmp_path / "key")
    given = ("--print-command", "--public-key", f"{key}.pub", "-o", tmp_path / "answers")
    assert handover("sign", tmp_path / "round", "--as", "receiver", *given).code == 0
    done = handover("add", tmp_path / "round", tmp_path / "answers" / "accept.statement.json")
    assert done.code == 2
    assert "has no signature beside it" in done.err
    assert "accept.statement.json.sig" in done.err
