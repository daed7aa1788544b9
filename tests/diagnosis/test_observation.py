"""Both manifests and the differences, side by side: everything is seen once, in order, and in bounded memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.parts import Part, path_of, site, stat
from handover import differences, manifest_reader
from handover.comparison import PathClass
from handover.diagnosis import Context, census, diagnose, pairs, tables
from handover.diagnosis.observation import Arrivals, Streams, observe
from handover.errors import MalformedInput
from handover.manifest_reader import Reader
from support.manifests import file, folder, make_manifest, reader

names = st.text("ab-.é\n", min_size=1, max_size=2).filter(lambda name: name not in (".", ".."))
trees = st.dictionaries(names, st.dictionaries(names, st.sampled_from([b"", b"x", b"y"]), max_size=3), max_size=4)


def items(tree: dict) -> list:
    out = []
    for name, inside in tree.items():
        out.append(folder(name))
        out += [(file(f"{name}/{inner}", content), stat()) for inner, content in inside.items()]
    return out


def seen(part: Part) -> list:
    out: list = []
    streams = Streams(iter(part.differences()), reader(part.source), reader(part.target))
    out.extend(observe(streams, out.append))
    return out


@given(trees, trees)
def test_every_path_is_seen_once_as_the_comparer_judged_it(source, target):
    part = Part(items(source), items(target))
    judged = {d.path_bytes(): d for d in part.differences()}
    everything = seen(part)
    arrived = [path for s in everything if isinstance(s, Arrivals) for path in s.paths]
    observed = {s.path: s for s in everything if not isinstance(s, Arrivals)}
    assert len(everything) == len(observed) + sum(isinstance(s, Arrivals) for s in everything)
    assert {path: s.kind for path, s in observed.items()} == {path: d.kind for path, d in judged.items()}
    paths = {path_of(item) for item in items(source)} & {path_of(item) for item in items(target)}
    assert sorted(arrived) == sorted((paths | {b""}) - set(judged))


@given(trees, trees)
def test_what_is_in_a_lost_folder_knows_it(source, target):
    for s in seen(Part(items(source), items(target))):
        if isinstance(s, Arrivals) or s.kind not in (PathClass.MISSING, PathClass.EXTRA):
            continue
        other = target if s.kind is PathClass.MISSING else source
        top = s.path.partition(b"/")[0]
        if top.decode() not in other:
            assert s.whole == top
            assert s.is_unit == (s.path == top)
        else:
            assert s.is_unit


def test_differences_of_another_part_are_refused():
    part, other = Part(site(), site()[:-3]), Part(site(), site()[:-5])
    with pytest.raises(MalformedInput):
        list(observe(Streams(iter(part.differences()), reader(other.source), reader(other.target)), lambda _: None))


def test_a_host_that_is_no_host_is_refused():
    raw = make_manifest(*site()).replace(b'"mtime_ns":"1700000000000000000"', b'"mtime_ns":"17000000000000000x0"', 1)
    part = Part(site(), site())
    part.source = raw
    with pytest.raises(MalformedInput):
        part.findings()


@pytest.mark.parametrize("kept", [1, 2])
def test_four_times_the_differences_need_a_few_bytes_more_for_each(kept, tmp_path, monkeypatch):
    # So that few differences fill most of what has a limit.
    monkeypatch.setattr(tables, "_BUCKETS", 256)
    monkeypatch.setattr(tables, "_KEYS", 256)
    monkeypatch.setattr(pairs, "_SAMPLE", 128)
    monkeypatch.setattr(census, "_TOGETHER", 256)
    monkeypatch.setattr(manifest_reader, "_BLOCK", 2**16)
    small, large = (peak(count, kept, tmp_path / str(count)) for count in (6_000, 24_000))
    assert large - small < 18_000 * 300


def peak(count: int, kept: int, folder: Path) -> int:
    """Return the most memory that a diagnosis took of a site of which only some of the files arrived."""
    source = site(count, "page-{n}.x{n}")
    part = Part(source, [item for n, item in enumerate(source) if n < 10 or n % 10 < kept])
    folder.mkdir()
    names = [folder / name for name in ("differences", "source", "target")]
    for path, content in zip(names, (part.recorded(), part.source, part.target), strict=True):
        path.write_bytes(content)
    del source, part

    @contextmanager
    def evidence() -> Iterator[Streams]:
        with names[0].open("rb") as found, names[1].open("rb") as ours, names[2].open("rb") as theirs:
            yield Streams(differences.read(found, where="d"), Reader(ours, where="s"), Reader(theirs, where="t"))

    tracemalloc.start()
    try:
        diagnose(evidence, Context("web"))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
