"""Which kind of site a folder or a manifest holds, and what ``init`` makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from handover import presets
from handover.workflow.detecting import Detected, site_in_folder, site_in_manifest
from support.cli import handover
from support.manifests import file, folder, make_manifest

MARKS = [(name, mark) for name in presets.names() for mark in presets.load(name).marks]


def place(root: Path, path: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).touch()


def terms(case: Path) -> str:
    (line,) = [line for line in (case / "handover.yaml").read_text().splitlines() if "preset: " in line]
    return line.strip()


@pytest.mark.parametrize(("name", "mark"), MARKS)
def test_each_kind_of_site_is_known_by_its_mark(tmp_path, name, mark):
    place(tmp_path, mark)
    found = Detected(presets.load(name), mark)
    assert site_in_folder(tmp_path) == found
    path = tmp_path / "web.source.manifest"
    folders = [mark[:at] for at, char in enumerate(mark) if char == "/"]
    path.write_bytes(make_manifest(*map(folder, folders), file(mark)))
    assert site_in_manifest(path) == found
    path.write_bytes(make_manifest(*map(folder, [*folders, mark])))
    assert site_in_manifest(path) is None, "a folder of that name is no mark"


def test_two_kinds_at_once_are_none(tmp_path):
    for _, mark in MARKS:
        place(tmp_path, mark)
    assert site_in_folder(tmp_path) is None


def test_init_writes_the_preset_that_fits_and_says_why(tmp_path):
    place(tmp_path / "site", "wp-includes/version.php")
    done = handover("init", tmp_path / "case", "--source", tmp_path / "site", "--json")
    assert (done.json["preset"], done.json["mark"]) == ("wordpress", "wp-includes/version.php")
    assert terms(tmp_path / "case") == 'preset: "wordpress"    # wp-includes/version.php is there'
    told = handover("init", tmp_path / "again", "--source", tmp_path / "site")
    assert "The source has wp-includes/version.php, so its preset is wordpress." in told.out


def test_init_looks_into_a_manifest_too(tmp_path):
    place(tmp_path / "site", "artisan")
    assert handover("scan", tmp_path / "site", "-o", tmp_path / "m").code == 0
    assert handover("init", tmp_path / "case", "--source", tmp_path / "m").code == 0
    assert terms(tmp_path / "case") == 'preset: "laravel"    # artisan is there'


def test_a_folder_of_no_known_kind_gets_what_fits_every_host(tmp_path):
    place(tmp_path / "site", "index.html")
    handover("init", tmp_path / "case", "--source", tmp_path / "site")
    assert terms(tmp_path / "case").startswith('preset: "static"    # no known kind of site')


@pytest.mark.parametrize("flags", [(), ("--source", "ssh://acme@old.example/www"), ("--source", "not-there-yet")])
def test_what_cannot_be_looked_at_gets_no_preset(tmp_path, flags):
    assert handover("init", tmp_path / "case", *flags, cwd=tmp_path).code == 0
    assert terms(tmp_path / "case").startswith("#preset: ")


def test_a_preset_that_is_given_is_taken(tmp_path):
    place(tmp_path / "site", "artisan")
    done = handover("init", tmp_path / "case", "--source", tmp_path / "site", "--preset", "joomla", "--json")
    assert (done.json["preset"], done.json.get("mark")) == ("joomla", None)
    assert terms(tmp_path / "case") == 'preset: "joomla"'
