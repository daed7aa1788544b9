"""What a case may name and this version cannot do is refused, never replaced by something else."""

from __future__ import annotations

import json

import pytest

from support.cli import handover

TERMS = """\
handover: 1
id: {id}
case: "a case"
parts:
  - name: web
    source: {{location: "ssh://me@old.example/www", {way}}}
    target: {{location: "{target}"}}
"""


@pytest.mark.parametrize("way", ["route: ftp", "route: sh", "transport: openssh"])
def test_a_way_of_reading_that_is_not_there_is_refused_before_anything_is_reached(tmp_path, way):
    (tmp_path / "handover.yaml").write_text(TERMS.format(id="0" * 32, way=way, target=tmp_path))
    done = handover("run", tmp_path)
    assert done.code == 2, done.err
    assert way.replace(": ", " ") in done.err
    assert not (tmp_path / "rounds" / "0001").exists()


TWO_PARTS = """\
handover: 1
id: {id}
case: "a case"
parts:
  - name: web
    source: {{location: "{source}"}}
    target: {{location: "{target}"}}
  - name: mail
    source: {{location: "{source}/gone"}}
    target: {{location: "{target}/gone"}}
"""


def two_parts(tmp_path, *, read: bool):
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text("hello")
    where = (
        {"source": tmp_path / "source", "target": tmp_path / "target"}
        if read
        else dict.fromkeys(("source", "target"), tmp_path / "nowhere")
    )
    (tmp_path / "handover.yaml").write_text(TWO_PARTS.format(id="0" * 32, **where))
    return handover("run", tmp_path, "--json")


def test_a_part_that_nobody_could_read_does_not_take_the_others_with_it(tmp_path):
    done = two_parts(tmp_path, read=True)
    assert done.code == 2, done.err
    assert [(part["name"], part["verdict"]) for part in done.json["parts"]] == [
        ("web", "complete"),
        ("mail", "undetermined"),
    ]
    assert done.json["verdict"] == "undetermined"
    verified = handover("verify", tmp_path / "rounds" / "0001", "--require", "none")
    assert verified.code == 3, verified.out


def test_a_round_in_which_nothing_was_read_is_none(tmp_path):
    assert two_parts(tmp_path, read=False).code == 2
    assert not (tmp_path / "rounds" / "0001").exists()


def test_rules_of_flags_are_recorded_as_such_and_the_round_verifies(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name / "tmp").mkdir(parents=True)
        (tmp_path / name / "index.html").write_text("hello" * 100)
        (tmp_path / name / "tmp" / "x").write_text(name)
    (tmp_path / "more.yaml").write_text("preset: wordpress\nrules:\n  - {may_differ: odd.txt, reason: a test}\n")
    case = tmp_path / "case"
    case.mkdir()
    terms = TERMS.replace(", {way}", "").replace("ssh://me@old.example/www", "{source}")
    (case / "handover.yaml").write_text(
        terms.format(id="0" * 32, source=tmp_path / "source", target=tmp_path / "target")
    )
    flags = ("--exclude", "tmp/**", "--rules", tmp_path / "more.yaml", "--require", "mode", "--json")
    done = handover("run", case, *flags)
    assert (done.code, done.json["verdict"]) == (3, "undetermined"), done.err  # one of two files is left out
    rules = json.loads((case / "rounds" / "0001" / "rules.json").read_bytes())["parts"][0]
    assert {rule["origin"].partition(" ")[0] for rule in rules["rules"]} == {"flag"}
    assert rules["require"] == ["mode"]
    verified = handover("verify", case / "rounds" / "0001", "--require", "none", "--json")
    assert verified.code == 3, verified.out
    assert verified.json["intact"]
    (told,) = [check["detail"] for check in verified.json["checks"] if check["name"] == "terms"]
    assert "0 rules, as terms.yaml says, and" in told
    assert "given by flags" in told
