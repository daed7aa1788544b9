"""Ordinary files are written in runs; to the byte they are what they would be one by one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import manifest_lines
from handover.digests import Algorithm
from handover.scan import order, runs
from support.scans import scan_tree
from support.trees import build

NAMES = st.lists(
    st.sampled_from(
        [b"a", b"-", b".", b"!", b"0", "é".encode(), "ł".encode(), "漢".encode(), b'"', b"\\", b"\n", b"\xff"]
    ),
    min_size=1, max_size=4,
).map(b"".join).filter(lambda name: name not in (b".", b".."))  # fmt: skip
TREES = st.dictionaries(
    NAMES, st.one_of(st.binary(max_size=3), st.dictionaries(NAMES, st.binary(max_size=3), max_size=3))
)


def plant(root: Path, tree) -> Path:
    os.mkdir(root)
    for name, what in tree.items():
        path = os.path.join(os.fsencode(root), name)
        if isinstance(what, dict):
            os.mkdir(path)
            for below, content in what.items():
                Path(os.fsdecode(os.path.join(path, below))).write_bytes(content)
        else:
            Path(os.fsdecode(path)).write_bytes(what)
    return root


def one_by_one(monkeypatch, root, **changes):
    with monkeypatch.context() as patch:
        patch.setattr(order, "split", lambda _, start, stop: ((place, place + 1) for place in range(start, stop)))
        patch.setattr(runs.Marked, "is_odd", lambda *_: True)
        return scan_tree(root, **changes)


@pytest.mark.parametrize("algorithm", list(Algorithm))
@pytest.mark.parametrize("recheck", [True, False])
def test_the_nasty_tree_is_the_same_in_runs_and_one_by_one(tmp_path, monkeypatch, algorithm, recheck):
    root = build(tmp_path / "tree")
    for number in range(50):
        (root / "a dir" / f"ordinary-{number}.txt").write_text(f"{number}")
    fast = scan_tree(root, digest=algorithm, recheck=recheck)
    slow = one_by_one(monkeypatch, root, digest=algorithm, recheck=recheck)
    assert (fast.contents, fast.hosts) == (slow.contents, slow.hosts)
    assert (fast.trailer.structure_root, fast.trailer.content_root) == (
        slow.trailer.structure_root,
        slow.trailer.content_root,
    )


@settings(max_examples=40)
@given(tree=TREES)
def test_any_tree_is_the_same_in_runs_and_one_by_one(tmp_path_factory, tree):
    root = plant(tmp_path_factory.mktemp("trees") / "tree", tree)
    with pytest.MonkeyPatch.context() as patch:
        fast = scan_tree(root, allow_empty=True)
        slow = one_by_one(patch, root, allow_empty=True)
    assert (fast.contents, fast.hosts) == (slow.contents, slow.hosts)


def test_most_files_of_an_ordinary_tree_are_written_in_runs(tmp_path, monkeypatch):
    root = plant(tmp_path / "tree", {b"pl-\xc5\x82%d" % i: b"x" for i in range(300)})
    written = []
    monkeypatch.setattr(
        "handover.manifest.Writer.add_plain", lambda self, plain: written.append(plain.files), raising=True
    )
    scan_tree(root, allow_empty=True)  # what is not written is not there
    assert sum(written) == 300


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_name_is_plain_when_a_line_with_it_needs_no_parser(names):
    lines = [b'{"path":"' + name + b'","type":"dir"}' for name in names]
    plain = [manifest_lines.content_and_key(line, Algorithm.SHA256) is not None for line in lines]
    assert manifest_lines.names_are_plain(names) == all(plain)
