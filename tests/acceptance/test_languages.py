"""Each party reads the round in its own language, and no page says anything that the evidence does not."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

from support.cli import handover

PAGES = ("report.en.html", "report.fi.html", "report.pl.html")


@pytest.fixture(scope="module")
def case(tmp_path_factory) -> Path:
    """Return a case of a Polish and a Finnish company, with a round in which half of the site is missing."""
    folder = tmp_path_factory.mktemp("case")
    for side in ("old", "new"):
        (folder / side).mkdir()
        for n in range(12):
            (folder / side / f"{n}.php").write_text(f"<?php // {n}")
        (folder / side / "xmlrpc.php").write_text("<?php // after the uploads")
    (folder / "old/uploads").mkdir()
    for n in range(1204):
        (folder / "old/uploads" / f"zdjecie-{n}.jpg").write_bytes(b"x" * 2000)
    (folder / "handover.yaml").write_text(
        f"handover: 1\nid: {'0f8e' * 8}\ncase: sklep acme\nparties:\n"
        "  sender: {name: Stary Hosting, contact: bok@old.example, language: pl}\n"
        "  receiver: {name: Uusi Palvelin Oy, contact: tuki@new.example, language: fi}\n"
        f"parts:\n  - name: web\n    source: {{location: {folder}/old}}\n    target: {{location: {folder}/new}}\n"
    )
    done = handover("run", folder, "--language", "pl")
    assert done.code == 1, done.err
    (folder / "out").write_text(done.out)
    (folder / "err").write_text(done.err)
    return folder


def bundle(case: Path) -> Path:
    return case / "rounds" / "0001"


def text(page: Path) -> str:
    body = page.read_text().partition("<body")[2]
    return " ".join(re.sub(r"<[^>]*>", "", body).replace("\u00a0", " ").split())


def test_the_terminal_speaks_the_language_of_the_flag(case):
    out = (case / "out").read_text().replace("\u00a0", " ")
    assert out.startswith("NIEKOMPLETNE")
    assert "brakuje 1 205 z 1 219 plików i folderów (2,4 MB)" in " ".join(out.split())
    assert "Odczytano źródło: 1 217 plików" in (case / "err").read_text().replace("\u00a0", " ")


def test_there_is_a_page_for_each_language_of_the_parties_and_one_in_english(case):
    assert sorted(path.name for path in bundle(case).glob("report.*.html")) == list(PAGES)
    for name, said in zip(
        PAGES,
        ("1,205 of 1,219 files and folders", "puuttuu 1 205 tiedostoa tai kansiota", "brakuje 1 205 z 1 219 plików"),
        strict=True,
    ):
        page = bundle(case) / name
        assert f'<html lang="{name.split(".")[1]}">' in page.read_text()
        assert said in text(page)
        assert "u{a0}" not in text(page)


def test_findings_are_in_the_language_of_the_page_and_english_in_the_report(case):
    (title,) = [finding["title"] for finding in json.loads((bundle(case) / "report.json").read_text())["findings"]]
    assert title == "The folder “uploads” is missing with everything in it"
    assert title in text(bundle(case) / "report.en.html")
    assert "Brakuje folderu „uploads” z całą zawartością" in text(bundle(case) / "report.pl.html")
    assert "Kansio ”uploads” puuttuu kaikkine sisältöineen" in text(bundle(case) / "report.fi.html")
    assert "rsync -a SOURCE/uploads TARGET/" in text(bundle(case) / "report.fi.html")


def test_what_programs_read_is_english_in_every_language(case, tmp_path):
    said = [
        handover("verify", bundle(case), "--require", "none", "--json", "--language", code).out
        for code in ("en", "pl", "fi")
    ]
    assert len(set(said)) == 1
    junit = [tmp_path / "pl.xml", tmp_path / "en.xml"]
    for path in junit:
        handover("compare", case / "old", case / "new", "--language", path.stem, "--junit", path)
    first, second = (re.sub(r'timestamp="[^"]*"|handover-\w+', "", path.read_text()) for path in junit)
    assert first == second


def test_a_check_is_told_in_the_language_that_was_asked_for(case):
    done = handover("verify", bundle(case), "--require", "none", "--language", "fi")
    assert done.code == 1, done.out
    assert "Eheä: kyllä, jokainen tiedosto on sellainen kuin se tehtiin." in done.out
    assert done.out.rstrip().endswith("EHEÄ: kirjattu tulos on EPÄTÄYDELLINEN. Vastauksia ei pyydetty.")


def altered(case: Path, folder: Path, name: str, raw: bytes | None) -> str:
    """Return what the check says of a bundle in which one page is another one, under sums that fit."""
    changed = folder / "0001"
    changed.mkdir()
    for path in bundle(case).iterdir():
        if path.name not in (name, "SHA256SUMS"):
            (changed / path.name).write_bytes(path.read_bytes())
    if raw is not None:
        (changed / name).write_bytes(raw)
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in changed.iterdir()}
    (changed / "SHA256SUMS").write_text("".join(f"{digests[each]}  {each}\n" for each in sorted(digests)))
    done = handover("verify", changed, "--require", "none")
    assert done.code == 4, done.out
    return " ".join(done.out.split())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_says_something_else_is_found_in_every_language(case, tmp_path, name):
    raw = (bundle(case) / name).read_bytes().replace(b"</h1>", b"!</h1>")
    assert f"{name} does not show this report" in altered(case, tmp_path, name, raw)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_was_taken_away_is_missed(case, tmp_path, name):
    # The path before it can be longer than a line, and is broken anywhere.
    assert f"{name}:ismissing" in altered(case, tmp_path, name, None).replace(" ", "")


@pytest.mark.parametrize("name", ["report.de.html", "report.pl.htm", "report.html"])
def test_a_page_that_nobody_drew_is_named(case, tmp_path, name):
    assert f"{name} is no page of this report" in altered(case, tmp_path, name, b"<p>all is there")
