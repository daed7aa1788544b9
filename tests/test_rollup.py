"""Where the loss is, folder by folder, in bounded memory and with nothing counted twice or lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import rollup
from handover.compare import Comparer
from handover.comparison import Difference, PathClass
from handover.entries import Entry, EntryType, GapKind
from handover.rollup import FolderSummary, Rollup
from handover.rules import RuleSet
from support.manifests import file, folder, gap, make_manifest, reader

NAMES = ["a", "a-", "b", "é"]
FILES = st.sets(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3).map(tuple), max_size=12)


def entries(chosen: set[tuple[str, ...]]) -> list[Entry]:
    """Return a file for each path that is nobody's folder, and the folders above."""
    folders = {path[:depth] for path in chosen for depth in range(1, len(path))}
    files = [file("/".join(path), "/".join(path).encode()) for path in sorted(chosen - folders)]
    return [folder("/".join(path)) for path in sorted(folders)] + files


def differences(source: list[Entry], target: list[Entry]) -> list[Difference]:
    return list(Comparer(reader(make_manifest(*source)), reader(make_manifest(*target)), RuleSet()).differences())


def rolled(found: list[Difference]) -> Rollup:
    result = Rollup()
    for each in found:
        result.add(each)
    return result


@given(FILES, FILES)
def test_every_loss_is_counted_once_with_its_bytes(source, target):
    found = differences(entries(source), entries(target))
    folders = rolled(found).folders()
    for field, kinds in {
        "missing": {PathClass.MISSING},
        "extra": {PathClass.EXTRA},
        "changed": {PathClass.CHANGED, PathClass.TYPE_CHANGED},
    }.items():
        assert sum(getattr(each, field) for each in folders) == sum(each.kind in kinds for each in found)
    assert sum(each.bytes for each in folders) == sum(each.bytes for each in found)
    assert rolled(found).total == len(folders)


@given(FILES, FILES, st.integers(2, 4))
def test_with_little_memory_a_folder_is_told_exactly_or_not_at_all(source, target, keep):
    found = differences(entries(source), entries(target))
    everything = set(rolled(found).folders())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollup, "_KEEP", keep)
        little = rolled(found)
        assert set(little.folders()) <= everything
        assert little.total == len(everything)


def test_a_folder_that_is_missing_as_a_whole_is_one_line():
    source = [
        folder("a"),
        file("a/1", b"11"),
        folder("a/b"),
        file("a/b/2", b"2"),
        file("c", b"3"),
        folder("d"),
        file("d/4"),
    ]
    assert rolled(differences(source, [folder("d")])).folders() == (
        FolderSummary(path="a", whole=True, missing=4, bytes=3),
        FolderSummary(path="", missing=1, bytes=1),
        FolderSummary(path="d", missing=1),
    )


def test_most_loss_comes_first_then_what_is_unchecked_then_what_is_extra():
    source = [
        folder("u"),
        gap("u/1", GapKind.UNREADABLE, EntryType.FILE, 1),
        folder("m"),
        file("m/1"),
        file("m/2"),
        folder("x"),
    ]
    target = [folder("u"), file("u/1", b"1"), folder("m"), folder("x"), file("x/1"), file("x/2"), file("x/3")]
    assert [each.path for each in rolled(differences(source, target)).folders()] == ["m", "u", "x"]


def test_a_name_that_is_no_text_keeps_its_bytes():
    (only,) = rolled(differences([folder(b"\xff"), file(b"\xff/1")], [folder(b"\xff")])).folders()
    assert (only.path, only.path_bytes()) == (None, b"\xff")


def test_no_more_than_the_worst_are_told_and_all_are_counted():
    count = rollup.TOLD + 50
    source = [folder(f"{n:04}") for n in range(count)] + [
        file(f"{n:04}/{m}") for n in range(count) for m in range(1 + n % 2)
    ]
    result = rolled(differences(source, [folder(f"{n:04}") for n in range(count)]))
    assert (len(result.folders()), result.total) == (rollup.TOLD, count)
    assert [each.missing for each in result.folders()[: count // 2]] == [2] * (count // 2)
