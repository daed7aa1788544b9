"""The first look says of names and sizes what the full comparison will say, whatever order the hosts list them in."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents.frames import Status
from handover.agents.listing import Listed, parts
from handover.compare import Comparer
from handover.comparison import PerClass
from handover.digests import Algorithm
from handover.errors import RemoteError
from handover.locations.local import LocalHost
from handover.manifest_reader import Reader
from handover.rules import Rule, RuleKind, RuleSet
from handover.scan import SYSTEM_CLOCK, Listings, Look, list_root, scan
from support import trees
from support.scans import Hearer, powerless, request

NOTHING = RuleSet()


def looked(source: Path, target: Path, rules: RuleSet = NOTHING, **changes: object) -> Look:
    """List both trees with the real agent, and look."""
    with contextlib.closing(Listings(tempfile.TemporaryFile)) as listings:
        for number, root in enumerate((source, target)):
            wanted = request(root, listing=True, digest=Algorithm.NONE, rules=rules, allow_empty=True, **changes)
            list_root(LocalHost(), wanted, Hearer(), SYSTEM_CLOCK, lambda raw, number=number: listings.add(number, raw))
        return listings.look(rules)


def compared(source: Path, target: Path, folder: Path, rules: RuleSet = NOTHING, **changes: object) -> Look:
    """Make manifests of both trees without contents, and compare them as a round does."""
    folder.mkdir()
    with contextlib.ExitStack() as files:
        readers = []
        for name, root in (("source", source), ("target", target)):
            wanted = request(root, digest=Algorithm.NONE, recheck=False, rules=rules, allow_empty=True, **changes)
            scan(LocalHost(), wanted, folder / name, Hearer())
            readers.append(Reader(files.enter_context((folder / name).open("rb")), where=name))
        comparer = Comparer(readers[0], readers[1], rules)
        for _ in comparer.differences():
            pass
        return as_look(comparer.result().counts)


def as_look(counts: PerClass) -> Look:
    changed = counts.changed + counts.type_changed
    paths = counts.same + counts.missing + changed + counts.not_checked
    return Look(paths, counts.missing, changed, counts.extra, counts.not_checked)


def hurt(root: Path, seed: int) -> None:
    """Remove, add, cut and replace things all over a tree."""
    chance = random.Random(seed)
    found = [Path(folder) / name for folder, names, files in os.walk(root) for name in sorted(names + files)]
    for path in chance.sample(found, min(len(found), chance.randrange(6))):
        if not os.path.lexists(path):
            continue
        what = chance.choice(("gone", "bigger", "other kind", "new beside"))
        if what == "new beside":
            path.with_name("new beside").write_bytes(b"new")
        elif what == "bigger" and path.is_file() and not path.is_symlink():
            with path.open("ab") as stream:
                stream.write(b"more")
        else:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            if what == "other kind":
                path.mkdir()


@pytest.mark.parametrize("seed", range(6))
def test_it_counts_what_the_comparison_will_count(tmp_path, seed):
    source, target = trees.build(tmp_path / "source"), trees.build(tmp_path / "target")
    deep = target
    for number in range(4):
        deep = deep / f"below {number}"
        deep.mkdir()
        trees.write(deep / "file", b"x" * number)
    shutil.copytree(target / "below 0", source / "below 0")
    hurt(target, seed)
    assert looked(source, target) == compared(source, target, tmp_path / "manifests")


def test_equal_trees_are_settled_while_they_arrive(tmp_path):
    trees.build(tmp_path / "source")
    trees.build(tmp_path / "target")
    look = looked(tmp_path / "source", tmp_path / "target")
    assert (look.missing, look.changed, look.extra, look.not_checked) == (0, 0, 0, 0)


def test_a_folder_in_many_pieces_is_one_folder(tmp_path):
    for side, order in (("source", range(5000)), ("target", reversed(range(1, 5001)))):
        (tmp_path / side).mkdir()
        for number in order:
            (tmp_path / side / f"{number}.jpg").touch()
    assert looked(tmp_path / "source", tmp_path / "target") == Look(paths=5001, missing=1, extra=1)


def test_what_cannot_be_listed_is_never_missing(tmp_path):
    for side in ("source", "target"):
        (tmp_path / side / "closed" / "below").mkdir(parents=True)
        trees.write(tmp_path / side / "closed" / "below" / "file", b"x")
    (tmp_path / "target" / "closed").chmod(0)
    look = looked(tmp_path / "source", tmp_path / "target", become=powerless())
    assert look == Look(paths=4, not_checked=3)


def test_a_root_that_cannot_be_listed_is_known_of_nothing(tmp_path):
    for side in ("source", "target"):
        (tmp_path / side).mkdir()
        trees.write(tmp_path / side / "file", b"x")
    (tmp_path / "target").chmod(0)
    assert looked(tmp_path / "source", tmp_path / "target", become=powerless()).missing == 0


def test_rules_hold_for_the_first_look_too(tmp_path):
    for name in ("cache/a", "cache/deep/b", "logs/c", "kept"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        trees.write(tmp_path / "source" / name, b"x")
    (tmp_path / "target").mkdir()
    rules = RuleSet(
        rules=(
            Rule(kind=RuleKind.IGNORE, pattern="cache/**", reason="made anew", origin="test"),
            Rule(kind=RuleKind.MAY_BE_MISSING, pattern="logs/**", reason="not wanted", origin="test"),
        )
    )
    source, target = tmp_path / "source", tmp_path / "target"
    expected = compared(source, target, tmp_path / "manifests", rules)
    assert looked(source, target, rules).missing == expected.missing


def part(path: bytes, *entries: tuple[bytes, int, int], status: int = Status.OK) -> bytes:
    """Return one part of a listing, made by hand from the specification."""
    names = b"/".join(name for name, _, _ in entries)
    head = struct.pack(">IBII", len(path), status, len(entries), len(names))
    kinds, sizes = bytes(kind for _, kind, _ in entries), b"".join(struct.pack(">Q", size) for _, _, size in entries)
    return head + path + names + kinds + sizes


@pytest.fixture
def listings() -> Iterator[Listings]:
    with contextlib.closing(Listings(tempfile.TemporaryFile)) as made:
        yield made


def test_what_lies_on_another_filesystem_is_not_missing(listings):
    listings.add(0, part(b"", (b"disk", Listed.DIR, 0)) + part(b"disk", (b"file", Listed.FILE, 5)))
    listings.add(1, part(b"", (b"disk", Listed.ELSEWHERE, 0)))
    assert listings.look(NOTHING) == Look(paths=3, not_checked=2)


def test_totals_are_those_of_each_side(listings):
    listings.add(0, part(b"", (b"a", Listed.FILE, 5), (b"b", Listed.FILE, 2**40), (b"c", Listed.LINK, 0)))
    listings.add(1, part(b""))
    assert (listings.totals(0), listings.totals(1)) == ((2, 2**40 + 5), (0, 0))


@given(raw=st.binary(max_size=80))
def test_no_bytes_whatever_are_more_than_a_remote_error(raw):
    with contextlib.suppress(RemoteError):
        for one in parts(raw):
            list(one.entries())


def test_names_that_do_not_add_up_are_refused():
    raw = part(b"", (b"a", Listed.FILE, 5), (b"b", Listed.FILE, 6)).replace(b"a/b", b"a-b")
    with pytest.raises(RemoteError, match="do not add up"):
        list(next(parts(raw)).entries())


def part_of(names: list[bytes], *, told: int | None = None) -> bytes:
    """Return a part about ``sub`` as an agent tells it, with empty files; ``told``: how many it says."""
    joined, count = b"/".join(names), len(names) if told is None else told
    columns = bytes([Listed.FILE]) * len(names) + bytes(8 * len(names))
    return struct.pack(">IBII", 3, 0, count, len(joined)) + b"sub" + joined + columns


def test_a_listing_that_is_cut_or_longer_than_any_is_refused():
    most = [b"%04d" % number for number in range(2048)]
    (one,) = parts(part_of(most))
    assert [one.path, one.names, one.files, one.size] == [b"sub", 2048, 2048, 0]
    for raw in (part_of([b"a"])[:-1], part_of([b"a"], told=2), part_of([b"a"]) + b"\0" * 5, part_of([*most, b"more"])):
        with pytest.raises(RemoteError, match="a listing that is cut"):
            list(parts(raw))
