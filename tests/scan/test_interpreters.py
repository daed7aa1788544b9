"""The same tree gives the same entries on every Python that is here, from the oldest to the newest."""

from __future__ import annotations

import pytest

from handover.digests import Algorithm
from handover.rules import RuleSet, excluded_by_flag
from handover.scan import Effort
from support import pythons, trees
from support.scans import Manifest, powerless, scan_tree

PYTHONS = pythons.found()


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    root = trees.build(tmp_path_factory.mktemp("nasty") / "tree")
    (root / "shut").mkdir()
    trees.write(root / "shut" / "hidden", b"x")
    (root / "listed only").mkdir()
    trees.write(root / "listed only" / "file", b"x")
    (root / "listed only" / "dir").mkdir()
    (root / "listed only" / "link").symlink_to("file")
    trees.write(root / "no permission", b"x")
    (root / "cache").mkdir()
    trees.write(root / "cache" / "one", b"12345")
    trees.write(root / "large", bytes(range(256)) * 40_000)
    trees.write(root / "large.txt", b"line of text\r\n" * 100_000)
    (root / "many").mkdir()
    for number in range(2500):
        trees.write(root / "many" / f"file {number}", b"%d" % number)
    (root / "no permission").chmod(0)
    (root / "shut").chmod(0o300)
    (root / "listed only").chmod(0o400)
    yield root
    (root / "shut").chmod(0o700)
    (root / "listed only").chmod(0o700)


def the_scan(root, algorithm: Algorithm, **changes: object) -> Manifest:
    rules = RuleSet((excluded_by_flag("cache/**"),))
    return scan_tree(root, digest=algorithm, rules=rules, become=powerless(), **changes)


@pytest.fixture(scope="module")
def reference(nasty):
    return {algorithm: the_scan(nasty, algorithm) for algorithm in Algorithm}


def test_there_are_at_least_two_interpreters():
    assert len(PYTHONS) >= 2


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("python", PYTHONS)
def test_entries_are_byte_identical_on_every_interpreter(nasty, reference, python, algorithm):
    seen = the_scan(nasty, algorithm, interpreters=(PYTHONS[python],))
    assert seen.contents == reference[algorithm].contents
    assert seen.hosts == reference[algorithm].hosts
    name, _, version = python.partition("-")
    assert seen.header.machine.interpreter == f"{name} {version}"


@pytest.mark.parametrize("workers", [1, 3, 7])
def test_the_number_of_workers_changes_nothing_but_the_header(nasty, reference, workers):
    seen = the_scan(nasty, Algorithm.SHA256, effort=Effort(workers, polite=True))
    assert seen.contents == reference[Algorithm.SHA256].contents
    assert seen.header.options.workers == workers
    assert seen.header.options.niceness == 10


def test_what_cannot_be_read_is_a_gap_with_its_reason_and_what_is_known(reference):
    seen = reference[Algorithm.SHA256]
    assert seen.gaps() == {
        b"no permission": ("unreadable", "EACCES"),
        b"shut": ("unreadable", "EACCES"),
        b"listed only/file": ("unreadable", "EACCES"),
        b"listed only/dir": ("unreadable", "EACCES"),
        b"listed only/link": ("unreadable", "EACCES"),
    }
    types = {path: seen.entries[path].type.value for path in seen.gaps()}
    assert types == {
        b"no permission": "file",
        b"shut": "dir",
        b"listed only/file": "file",
        b"listed only/dir": "dir",
        b"listed only/link": "link",
    }
    assert seen.entries[b"no permission"].size == 1
    assert seen.trailer.status == "gaps"
    assert seen.trailer.content_root is None
