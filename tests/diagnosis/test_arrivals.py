"""What arrived is told many paths at once; what the causes make of it is the same as if it came one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.parts import DAY_S, Part, path_of, site, stat
from handover import manifest_reader
from handover.comparison import PathClass
from handover.diagnosis import Streams
from handover.diagnosis import census as counting
from handover.diagnosis.causes import CAUSES
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.folders import Folders
from handover.diagnosis.observation import Arrivals, observe
from handover.errors import MalformedInput
from support.manifests import file, folder, link, reader

names = st.sampled_from(
    [
        "a",
        "A",
        "ä",
        "a\u0308",
        "b.php",
        "B.PHP",
        ".ht",
        "con",
        "con.d",
        "e.",
        "s p",
        "x?",
        "l" * 150,
        "n\n",
        "\x7f",
        "c.tar.gz",
    ]
)
contents = st.sampled_from([b"", b"x", b"y" * 600])
moments = st.sampled_from([1_700_000_000, 1_700_000_000 + DAY_S, 1_600_000_000])
files = st.tuples(contents, moments, st.sampled_from(["0644", "0600"]), st.sampled_from([1000, 33]))
trees = st.dictionaries(names, st.dictionaries(names, st.none() | files, max_size=4), max_size=4)
ALL = Aspect(0)
for one in Aspect:
    ALL |= one


def items(tree: dict) -> list:
    """Folders with files in them; ``None`` is a link."""
    out = []
    for name, inside in tree.items():
        out.append((folder(name), stat(mode="0755")))
        for inner, given_file in inside.items():
            path = f"{name}/{inner}"
            if given_file is None:
                out.append((link(path, b"x"), stat()))
            else:
                content, modified_s, mode, uid = given_file
                out.append((file(path, content), stat(modified_s, mode=mode, uid=uid)))
    return out


@st.composite
def parts(draw) -> Part:
    """A source, and a target that lost, changed and got some of it."""
    source = draw(trees)
    target = {}
    for name, inside in source.items():
        if draw(st.integers(0, 9)):
            kept = {inner: found for inner, found in inside.items() if draw(st.integers(0, 3))}
            target[name] = kept | draw(st.dictionaries(names, st.none() | files, max_size=2))
    return Part(items(source), items(target))


def counted(part: Part, *, at_once: bool) -> tuple[Census, Folders]:
    census, folders = Census(ALL), Folders()

    def arrived(seen: Arrivals) -> None:
        for few in [seen] if at_once else [Arrivals(*([one] for one in row)) for row in zip(*seen, strict=True)]:
            census.arrived(few)
            folders.arrived(few)
            if not at_once:
                census.finish()

    for seen in observe(streams(part), arrived):
        census.add(seen)
        folders.add(seen)
    census.finish()
    folders.finish()
    return census, folders


def streams(part: Part) -> Streams:
    return Streams(iter(part.differences()), reader(part.source), reader(part.target))


def facts(census: Census, folders: Folders, paths: list[bytes]) -> dict[str, object]:
    """Return all that causes can learn of both."""
    plain = {name: value for name, value in vars(census).items() if isinstance(value, int | bytes | None)}
    tallies = [
        sorted((name, c.arrived, c.lost, c.units) for name, c in tally.items() if c.arrived or c.lost)
        for tally in (census.suffixes, census.names, census.owners, census.traits)
    ]
    twins = census.twins()
    seen = [counting.fold(path) in twins for path in paths]
    splits = [split.threshold() for split in (census.sizes, census.modified_ns, census.arrived_ns)]
    walked = {name: value for name, value in vars(folders).items() if isinstance(value, int | list)}
    sets = [(path in folders.hollow_missing, path in folders.touched_set) for path in paths]
    return plain | walked | {"tallies": tallies, "twins": seen, "splits": splits, "sets": sets, "root": census.root}


@given(parts())
def test_many_at_once_count_like_one_after_the_other(part):
    paths = [seen.path for seen in observe(streams(part))] + [path_of(item) for item in site()]
    assert facts(*counted(part, at_once=True), paths) == facts(*counted(part, at_once=False), paths)


@given(parts(), st.integers(1, 2000))
def test_findings_do_not_depend_on_how_a_manifest_is_cut_into_blocks(part, block):
    whole = part.findings()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_reader, "_BLOCK", block)
        patch.setattr(counting, "_TOGETHER", 3)
        assert part.findings() == whole


@given(parts())
def test_to_know_the_kinds_of_differences_saves_work_and_changes_no_finding(part):
    assert part.findings(kinds=part.kinds()) == part.findings()


def test_where_only_extra_paths_are_found_nobody_asks_what_arrived():
    part = Part(site(), [*site(), file("cgi-bin", b"new")])
    assert part.kinds() == {PathClass.EXTRA}
    assert not [cause for cause in CAUSES if cause.is_open(part.kinds()) and cause.wants]
    assert [f.cause for f in part.findings(kinds=part.kinds())] == ["added_by_hosting"]


def test_names_that_differ_by_case_alone_are_no_collision_when_all_of_them_arrived():
    source = [*site(), file("Readme", b"one"), file("readme", b"two")]
    target = [*site(), file("Readme", b"one"), file("readme", b"changed")]
    assert "name_collision" not in [f.cause for f in Part(source, target).findings()]


def test_a_row_that_is_not_in_the_manifest_is_refused():
    part, other = Part(site(), site()[:-3]), Part(site()[:-3], site()[:-3])
    seen = observe(Streams(iter(part.differences()), reader(other.source), reader(other.target)))
    with pytest.raises(MalformedInput):
        [one.source_stat for one in seen]
