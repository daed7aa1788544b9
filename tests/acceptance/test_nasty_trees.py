"""Names and objects of every kind go into the manifest as they are, and come out harmless wherever people look."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from acceptance.conftest import harmless
from handover.paths import shown
from support import trees
from support.cli import handover

#: The terminal shows twenty differences, and breaks a name that is longer than its column.
_CHUNK = 12
_SHOWN_IN_ONE_LINE = 40
CHUNKS = [trees.NAMES[at : at + _CHUNK] for at in range(0, len(trees.NAMES), _CHUNK)]


def read(manifest: Path) -> dict[bytes, dict]:
    """Return the entries of a manifest by path, with nothing of ours but the file itself."""
    header, *lines, trailer = (json.loads(line) for line in manifest.read_bytes().splitlines())
    assert (header["type"], trailer["type"]) == ("handover-manifest", "handover-manifest-end")
    assert trailer["entries"] == len(lines)
    return {name(line, "path"): line for line in lines}


def name(line: dict, field: str) -> bytes:
    return line[field].encode() if field in line else base64.b64decode(line[f"{field}_b64"])


def seen(line: dict) -> trees.Thing:
    target = name(line, "target") if line["type"] == "link" else None
    return trees.Thing(line["type"], line.get("size"), line.get("digest"), target)


@pytest.fixture
def nasty(tmp_path):
    """The nasty tree with what the account may not read, an empty folder and a file with a hole."""
    root = trees.build(tmp_path / "site")
    (root / "locked").mkdir()
    trees.write(root / "locked" / "unseen", b"x")
    trees.write(root / "unreadable", b"secret")
    with open(root / "hole", "xb") as stream:
        stream.truncate(200 * 2**20)
        stream.seek(100 * 2**20)
        stream.write(b"in the middle")
    (root / "locked").chmod(0)
    (root / "unreadable").chmod(0)
    yield root
    (root / "locked").chmod(0o700)
    (root / "unreadable").chmod(0o600)


def test_every_object_is_in_the_manifest_exactly_as_the_system_shows_it(nasty, host, tmp_path):
    server, config = host
    manifest = tmp_path / "site.manifest"
    result = handover("scan", server.url(nasty), "-o", manifest, "--ssh-config", config, "--json")
    assert result.code == 3, result.err
    found = read(manifest)
    gaps = {path: (line["gap"], line["errno"]) for path, line in found.items() if "gap" in line}
    assert gaps == {b"locked": ("unreadable", "EACCES"), b"unreadable": ("unreadable", "EACCES")}
    (nasty / "locked").chmod(0o700)
    (nasty / "unreadable").chmod(0o600)
    expected = trees.truth(nasty)
    del expected[b"locked"], expected[b"locked/unseen"], expected[b"unreadable"]
    assert {path: seen(line) for path, line in found.items() if path not in gaps} == expected
    assert expected[b"hole"].sha256 == stock_sha256(nasty / "hole")
    assert result.json["gaps"]["unreadable"] == 2


def stock_sha256(path: Path) -> str:
    done = subprocess.run(["sha256sum", "-z", path], check=True, capture_output=True, text=True)
    return done.stdout.split()[0]


def test_a_sparse_file_of_a_terabyte_is_listed_by_its_size(tmp_path):
    (tmp_path / "site").mkdir()
    with open(tmp_path / "site" / "huge", "xb") as stream:
        stream.truncate(2**40)
    result = handover("scan", tmp_path / "site", "-o", tmp_path / "m", "--quick", timeout_s=20)
    assert result.code == 0, result.err
    assert read(tmp_path / "m")[b"huge"]["size"] == 2**40


def test_folders_five_thousand_deep_are_read_and_compared_to_the_bottom(tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    for root in (source, target):
        root.mkdir()
        trees.deep(root, 5000)
    try:
        subprocess.run(["find", target, "-name", "bottom", "-delete"], check=True)
        result = handover("compare", source, target, "--json", "-o", tmp_path / "report")
        assert result.code == 1, result.err
        found, bottom = read(tmp_path / "report" / "main.source.manifest"), b"d/" * 5000 + b"bottom"
        assert len(found) == 5002
        assert found[bottom]["digest"] == hashlib.sha256(b"deep\n").hexdigest()
        assert [d["path"].encode() for d in result.json["parts"][0]["differences"]] == [bottom]
    finally:
        trees.remove(source)
        trees.remove(target)


@contextmanager
def a_root_with_a_mount_point(folder: Path):
    """Yield a root and the path of a mount point below it: a new tmpfs, or one of /dev where mounting is forbidden."""
    root, below = folder / "site", folder / "site" / "mounted"
    below.mkdir(parents=True)
    if (
        os.geteuid() == 0
        and subprocess.run(["mount", "-t", "tmpfs", "none", below], capture_output=True).returncode == 0
    ):
        try:
            trees.write(below / "on the other filesystem", b"x")
            yield root, b"mounted"
        finally:
            subprocess.run(["umount", below], check=True)
    else:
        yield (
            Path("/dev"),
            next(entry.encode() for entry in sorted(os.listdir("/dev")) if os.path.ismount(f"/dev/{entry}")),
        )


def test_another_filesystem_below_the_root_is_a_gap_until_crossing_is_chosen(tmp_path):
    with a_root_with_a_mount_point(tmp_path) as (root, below):
        result = handover("scan", root, "-o", tmp_path / "m", "--quick")
        assert result.code == 3, result.err
        found = read(tmp_path / "m")
        assert found[below]["gap"] == "boundary"
        assert not [path for path in found if path.startswith(below + b"/")]
        handover("scan", root, "-o", tmp_path / "m2", "--quick", "--cross-mounts")
        assert "gap" not in read(tmp_path / "m2")[below]


class Page(html.parser.HTMLParser):
    """What a browser makes of a page: its tags, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("names", CHUNKS, ids=[f"names {at}" for at in range(len(CHUNKS))])
def test_every_name_is_visible_and_harmless_in_terminal_json_junit_and_html(names, tmp_path):
    source, target, report = tmp_path / "source", tmp_path / "target", tmp_path / "report"
    for root in (source, target):
        root.mkdir()
        trees.write(root / "same on both sides", b"x")
    for item in names:
        trees.write(os.path.join(os.fsencode(source), item), b"x")
    said = handover("compare", source, target, "-o", report, "--junit", tmp_path / "junit.xml")
    assert said.code == 1, said.err
    as_json = handover("compare", source, target, "--json")
    assert as_json.code == 1

    assert harmless(said.out)
    assert harmless(said.err)
    for item in names:
        assert squeezed(shown(item))[:_SHOWN_IN_ONE_LINE] in squeezed(said.out)

    assert harmless(as_json.out)
    (part,) = as_json.json["parts"]
    assert sorted(name(row, "path") for row in part["differences"]) == sorted(names)

    text = (report / "report.en.html").read_bytes().decode("utf-8")
    page = Page(text)
    assert harmless(text)
    assert {tag for tag, _ in page.tags}.isdisjoint({"iframe", "object", "embed", "form", "img"})
    # The one script is the page's own; tests/render and tests/page look at it.
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [attrs for _, attrs in page.tags if any(field.startswith("on") for field in attrs)]
    assert any("default-src 'none'" in attrs.get("content", "") for tag, attrs in page.tags if tag == "meta")
    for item in names:
        assert squeezed(shown(item)) in squeezed(page.text)

    document = ET.fromstring((tmp_path / "junit.xml").read_bytes())
    assert harmless("".join(document.itertext()))
    # It is intact, and says again that files are missing.
    assert handover("verify", report, "--require", "none").code == 1
