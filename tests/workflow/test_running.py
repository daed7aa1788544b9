"""What a case may name and this version cannot do is refused, never replaced by something else."""

from __future__ import annotations

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
