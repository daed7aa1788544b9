"""What became of everything by folder: the sums of all areas are those of the part, in bounded memory."""

from __future__ import annotations

import itertools
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import areas
from handover.areas import Area, Areas, runs
from handover.compare import Comparer
from handover.comparison import PathClass
from handover.entries import Entry
from handover.rules import RuleSet
from support.manifests import file, folder, make_manifest, reader

NAMES = ["a", "a-", "b", "é", "\x01"]
FILES = st.sets(st.lists(st.sampled_from(NAMES), min_size=1, max_size=6).map(tuple), max_size=30)
KINDS = st.sampled_from([PathClass.SAME, PathClass.MISSING, PathClass.EXTRA])


def entries(chosen: set[tuple[str, ...]], content: bytes) -> list[Entry]:
    folders = {path[:depth] for path in chosen for depth in range(1, len(path))}
    files = [file("/".join(path), content) for path in sorted(chosen - folders)]
    return [folder("/".join(path)) for path in sorted(folders)] + files


def compared(source: list[Entry], target: list[Entry]) -> Comparer:
    comparer = Comparer(reader(make_manifest(*source)), reader(make_manifest(*target)), RuleSet())
    list(comparer.differences())
    return comparer


def sums(told: tuple[Area, ...], which: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for area in told:
        total.update(msgspec.structs.asdict(getattr(area, which)))
    return total


def area_by_hand(path: str) -> str:
    return "/".join(path.split("/")[:-1][: areas.DEPTH])


@given(FILES, FILES, FILES, st.integers(1, 6), st.integers(2, 8))
def test_the_sums_of_all_areas_are_those_of_the_part(both, source, target, told, keep):
    source_entries = entries(both | source, b"12345")
    target_entries = entries(both | target, b"123")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(areas, "TOLD", told)
        patch.setattr(areas, "_KEEP", keep)
        comparer = compared(source_entries, target_entries)
        result, found = comparer.result(), comparer.areas()
    assert sums(found, "paths") == Counter(msgspec.structs.asdict(result.counts))
    assert sums(found, "bytes") == Counter(msgspec.structs.asdict(result.bytes))
    assert len(found) <= told
    places = [area.path_bytes().replace(b"/", b"\0") for area in found]
    assert places == sorted(set(places))


@given(FILES)
def test_every_path_counts_for_its_own_folder_at_most_three_deep(chosen):
    everything = entries(chosen, b"1")
    found = compared(everything, everything).areas()
    expected = Counter(area_by_hand(entry.path or "") for entry in [folder(""), *everything])
    assert {area.path: area.paths.same for area in found} == expected


@given(FILES, st.integers(1, 3))
def test_neighbours_are_cut_into_runs_of_one_area(chosen, window):
    keys = sorted(key.path.replace("/", "\0").encode() for key in [folder(""), *entries(chosen, b"")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(areas, "_WINDOW", window)
        lengths = list(runs(keys))
    assert sum(lengths) == len(keys)
    at = 0
    cut = []
    for length in lengths:
        cut.append({area_by_hand(key.decode().replace("\0", "/")) for key in keys[at : at + length]})
        at += length
    assert all(len(one) == 1 for one in cut)
    assert all(one != other for one, other in itertools.pairwise(cut))


def test_the_smallest_leaves_count_for_the_folder_above():
    taken = Areas()
    sizes = {b"a\0big\0f": 900, b"a\0small\0f": 1, b"b\0f": 50}
    for key in sorted(sizes):
        taken.add(key, PathClass.MISSING, 1, sizes[key])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(areas, "TOLD", 4)
        found = {area.path: area.bytes.missing for area in taken.told()}
    assert found == {"a": 1, "a/big": 900, "b": 50}


def test_names_that_are_no_text_are_told():
    taken = Areas()
    taken.add(b"\xff\0f", PathClass.SAME, 1, 5)
    (area,) = taken.told()
    assert area.path_bytes() == b"\xff"


def test_many_folders_take_little_memory():
    taken = Areas()
    for number in range(30_000):
        taken.add(b"folder-%07d\0f" % number, PathClass.SAME, 1, number)
        assert len(taken._sums) <= areas._KEEP + areas.DEPTH
    found = taken.told()
    assert len(found) == areas.TOLD
    assert sum(area.bytes.same for area in found) == sum(range(30_000))
    assert found[-1].path == "folder-0029999"
