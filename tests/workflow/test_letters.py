"""A round leaves one text for each party beside its report, and a changed one is noticed."""

from __future__ import annotations

import pytest

from handover.evidence import sums
from handover.evidence.inventory import is_beside
from handover.workflow.rounds import file_ref
from support.cli import handover

TERMS = """\
handover: 1
id: "{id}"
case: "a case"
parties:
  sender: {{name: Old Hosting, contact: bok@old.example, language: pl, reference: "#4711"}}
  receiver: {{name: New Host Oy, contact: support@new.example, language: fi}}
  client: {{name: Jan Kowalski, contact: jan@acme.example}}
parts:
  - name: web
    source: {{location: "{source}"}}
    target: {{location: "{target}"}}
"""
NAMES = ["report.client.en.txt", "report.receiver.fi.txt", "report.sender.pl.txt"]


@pytest.fixture
def bundle(tmp_path):
    """The bundle of a round in which one file was lost."""
    sides = {name: tmp_path / name for name in ("source", "target")}
    for side in sides.values():
        side.mkdir()
        (side / "index.html").write_text("hello")
    (sides["source"] / "lost.jpg").write_text("a picture")
    case = tmp_path / "case"
    case.mkdir()
    (case / "handover.yaml").write_text(TERMS.format(id="0" * 32, **sides))
    done = handover("run", case)
    assert done.code == 1, done.err
    assert "Send report.sender.pl.txt to Old Hosting" in " ".join(done.out.split())
    return case / "rounds" / "0001"


def resummed(bundle):
    """Write ``SHA256SUMS`` anew, as whoever changes a file before it is signed would."""
    named = {p.name: file_ref(p).sha256 for p in bundle.iterdir() if p.name != sums.NAME and not is_beside(p.name)}
    (bundle / sums.NAME).write_bytes(sums.write(named))
    return handover("verify", bundle, "--require", "none", "--json")


def failed(done):
    return {(check["name"], check["detail"]) for check in done.json["checks"] if not check["passed"]}


def test_a_round_writes_one_for_each_party_in_its_language(bundle):
    assert sorted(path.name for path in bundle.glob("report.*.txt")) == NAMES
    text = (bundle / "report.sender.pl.txt").read_text(encoding="utf-8")
    assert text.startswith("Państwa numer sprawy: #4711\n")
    assert "\n    lost.jpg\n" in text
    assert "Vahvistakaa, ettei tätä polkua ole" in (bundle / "report.receiver.fi.txt").read_text(encoding="utf-8")
    done = resummed(bundle)
    assert (done.code, failed(done)) == (1, set())


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_that_was_changed_before_it_was_signed_is_noticed(bundle, name):
    with (bundle / name).open("a") as stream:
        stream.write("Please pay first.\n")
    done = resummed(bundle)
    assert (done.code, failed(done)) == (4, {("recomputation", f"{name} does not show this report")})


def test_a_letter_to_somebody_else_is_no_letter_of_the_report(bundle):
    (bundle / "report.sender.en.txt").write_text("Please pay first.\n")
    done = resummed(bundle)
    assert (done.code, failed(done)) == (4, {("recomputation", "report.sender.en.txt is no page of this report")})


def test_a_letter_that_was_taken_away_is_noticed(bundle):
    (bundle / NAMES[0]).unlink()
    done = resummed(bundle)
    assert done.code in (4, 5)
    assert any(NAMES[0] in detail for _, detail in failed(done))


def test_a_comparison_without_a_case_writes_none(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text(name)
    done = handover("compare", tmp_path / "source", tmp_path / "target", "-o", tmp_path / "out")
    assert done.code == 1, done.err
    assert not list((tmp_path / "out").glob("*.txt"))
