"""One tree, read here and over SSH by the oldest and the newest Python there is: the same entries to the byte."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import pythons, trees
from support.cli import handover
from support.sshd import Sshd

PYTHONS = pythons.found()
CPYTHONS = [name for name in PYTHONS if name.startswith("cpython")]
#: The oldest and the newest CPython, and another implementation where there is one.
CHOSEN = sorted({CPYTHONS[0], CPYTHONS[-1], list(PYTHONS)[-1]})


def entries(manifest: Path) -> list[bytes]:
    """Return every entry line up to what only the host knows."""
    return [line.split(b',"host":')[0] for line in manifest.read_bytes().splitlines()[1:-1]]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = trees.build(tmp_path_factory.mktemp("tree") / "site")
    trees.write(root / "large", bytes(range(256)) * 20_000)
    trees.write(root / "lines.txt", b"a line\r\n" * 300_000)
    for number in range(700):
        trees.write(root / "a dir" / f"file {number}", b"%d" % number)
    return root


@pytest.fixture(scope="module")
def here(tree, tmp_path_factory):
    manifest = tmp_path_factory.mktemp("here") / "here.manifest"
    result = handover("scan", tree, "-o", manifest)
    assert result.code == 0, result.err
    return entries(manifest)


def test_there_are_two_interpreters_to_compare():
    assert len(CHOSEN) >= 2


@pytest.mark.parametrize("python", CHOSEN)
def test_a_tree_read_over_ssh_has_the_entries_that_a_local_scan_has(tree, here, tmp_path, python):
    programs = tmp_path / "bin"
    programs.mkdir()
    wrapper = programs / "python3"
    wrapper.write_text(f'#!/bin/sh\nexec {PYTHONS[python]} "$@"\n')
    wrapper.chmod(0o755)
    manifest = tmp_path / "far.manifest"
    first = f'PATH={programs}:/usr/bin:/bin exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with Sshd(tmp_path, force_command=first) as server:
        result = handover("scan", server.url(tree), "-o", manifest, "--ssh-config", server.ssh_config)
    assert result.code == 0, result.err
    header = json.loads(manifest.read_bytes().splitlines()[0])
    assert header["machine"]["interpreter"] == python.replace("-", " ")
    assert entries(manifest) == here
    assert len(here) == len(trees.truth(tree))
