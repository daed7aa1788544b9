"""A round has its protocol in PDF when something can draw it, and is whole without; no other can take its place."""

from __future__ import annotations

import hashlib
import re

import pypdf
import pytest

from support.cli import handover

TERMS = """\
handover: 1
id: {id}
case: "a case"
timezone: Europe/Helsinki
parties:
  sender: {{name: "Old Hosting sp. z o.o.", contact: bok@old.example, language: pl}}
  receiver: {{name: "New Host Oy", contact: support@new.example, language: fi}}
parts:
  - name: web
    source: {{location: "{source}"}}
    target: {{location: "{target}"}}
"""
PROTOCOLS = ["report.en.pdf", "report.fi.pdf", "report.pl.pdf"]


@pytest.fixture
def sides(tmp_path):
    for name in ("source", "target"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "index.html").write_text("hello")
    (tmp_path / "source" / "lost.html").write_text("gone")
    return tmp_path / "source", tmp_path / "target"


@pytest.fixture
def case(tmp_path, sides):
    (tmp_path / "case").mkdir()
    terms = TERMS.format(id="0" * 32, source=sides[0], target=sides[1])
    (tmp_path / "case" / "handover.yaml").write_text(terms)
    return tmp_path / "case"


@pytest.fixture
def without_typst(tmp_path):
    """Return what makes a command run where typst is not installed."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text("import sys\nsys.modules['typst'] = None\n")
    return {"PYTHONPATH": str(tmp_path / "site")}


def checked(folder, **extra):
    done = handover("verify", folder, "--require", "none", "--json", **extra)
    return done.json["intact"], [check["detail"] for check in done.json["checks"] if not check["passed"]]


def not_judged(folder, **extra):
    """Return which renderings ``verify`` says that it could not judge."""
    done = handover("verify", folder, "--require", "none", "--json", **extra)
    (detail,) = [check["detail"] for check in done.json["checks"] if check["step"] == 6]
    return detail.partition("; not judged: ")[2]


def replaced(folder, name, raw):
    """Put other bytes in the place of a file, and into the sums: as somebody would who makes the bundle."""
    (folder / name).write_bytes(raw)
    sums = folder / "SHA256SUMS"
    sha256 = hashlib.sha256(raw).hexdigest()
    sums.write_text(re.sub(rf"[0-9a-f]{{64}}  {re.escape(name)}\n", f"{sha256}  {name}\n", sums.read_text()))


def test_a_round_has_a_protocol_for_each_language_of_its_parties_and_verifies(case):
    assert handover("run", case).code == 1
    folder = case / "rounds" / "0001"
    assert sorted(path.name for path in folder.glob("*.pdf")) == PROTOCOLS
    assert all(name in (folder / "SHA256SUMS").read_text() for name in PROTOCOLS)
    for name in PROTOCOLS:
        reader = pypdf.PdfReader(folder / name, strict=True)
        assert list(reader.get_fields()) == ["sender", "receiver"]
        assert reader.trailer["/Root"]["/Lang"] == name[7:9]
        assert reader.attachments["report.json"] == [(folder / "report.json").read_bytes()]
    assert checked(folder) == (True, [])
    assert not_judged(folder) == ""


def test_a_protocol_that_shows_another_report_is_found(case):
    assert handover("run", case).code == 1
    folder = case / "rounds" / "0001"
    raw = (folder / "report.pl.pdf").read_bytes()
    replaced(folder, "report.pl.pdf", raw.replace(b"/Marked true", b"/Marked     "))
    assert checked(folder) == (False, ["report.pl.pdf does not show this report"])


def test_of_a_protocol_that_another_version_drew_only_the_digest_counts(case):
    assert handover("run", case).code == 1
    folder = case / "rounds" / "0001"
    raw = (folder / "report.pl.pdf").read_bytes()
    replaced(folder, "report.pl.pdf", re.sub(rb"/Creator\(Typst [0-9.]+\)", b"/Creator(Typst 9.9.9)", raw))
    assert checked(folder) == (True, [])
    assert not_judged(folder) == "report.pl.pdf"
    (folder / "report.pl.pdf").write_bytes(raw)
    intact, problems = checked(folder)
    assert not intact
    assert "report.pl.pdf is not the file that SHA256SUMS names" in problems[0]


def test_pages_that_another_version_drew_are_said_not_to_be_judged(case):
    assert handover("run", case).code == 1
    folder = case / "rounds" / "0001"
    report = (folder / "report.json").read_bytes()
    replaced(folder, "report.json", re.sub(rb'"tool": "[^"]*"', b'"tool": "handover 9.9.9"', report))
    replaced(folder, "report.en.html", b"all is complete")
    assert checked(folder) == (True, [])
    assert not_judged(folder).split(", ") == sorted(path.name for path in folder.glob("report.*.*"))


def test_a_protocol_in_a_language_of_no_party_is_none_of_this_report(case):
    assert handover("run", case).code == 1
    folder = case / "rounds" / "0001"
    raw = (folder / "report.pl.pdf").read_bytes()
    (folder / "report.de.pdf").write_bytes(raw)
    sums = folder / "SHA256SUMS"
    lines = [*sums.read_text().splitlines(), f"{hashlib.sha256(raw).hexdigest()}  report.de.pdf"]
    sums.write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line[66:])))
    intact, problems = checked(folder)
    assert not intact
    assert "report.de.pdf" in problems[0]


def test_without_typst_a_round_is_whole_and_says_once_what_to_install(case, without_typst):
    done = handover("run", case, **without_typst)
    assert done.code == 1
    assert done.err.count("pipx install '.[pdf]'") == 1
    folder = case / "rounds" / "0001"
    assert not list(folder.glob("*.pdf"))
    assert checked(folder) == (True, [])


def test_without_typst_a_bundle_with_protocols_verifies_by_their_digests(case, without_typst):
    assert handover("run", case).code == 1
    assert checked(case / "rounds" / "0001", **without_typst) == (True, [])
    assert not_judged(case / "rounds" / "0001", **without_typst) == ", ".join(PROTOCOLS)


def test_a_comparison_has_a_protocol_when_it_is_asked_for(tmp_path, sides):
    assert handover("compare", *sides, "-o", tmp_path / "plain").code == 1
    assert not list((tmp_path / "plain").glob("*.pdf"))
    assert handover("compare", *sides, "-o", tmp_path / "printed", "--pdf").code == 1
    assert [path.name for path in (tmp_path / "printed").glob("*.pdf")] == ["report.en.pdf"]
    assert checked(tmp_path / "printed") == (True, [])


def test_a_pdf_that_cannot_be_made_is_refused_before_anything_is_read(tmp_path, sides, without_typst):
    done = handover("compare", *sides, "-o", tmp_path / "out", "--pdf", **without_typst)
    assert (done.code, (tmp_path / "out").exists()) == (2, False)
    assert "pipx install '.[pdf]'" in done.err
    done = handover("compare", *sides, "--pdf")
    assert done.code == 2
    assert "-o DIR" in done.err
