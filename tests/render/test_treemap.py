"""The picture of what arrived: boxes in proportion, nothing overlaps, and whatever is lost can be seen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.areas import Area, Share
from handover.comparison import PathClass
from handover.render import landscape
from handover.render.landscape import Picture, Tile, pictures, rows
from handover.render.treemap import Box, Node, layout, squarify
from handover.render.wording.language import plain
from handover.report import PartReport
from render.worlds import Part, hostile, lost_uploads, make_world, same
from support.manifests import file, folder

WEIGHTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=40).map(lambda many: sorted(many, reverse=True))
SIDES = st.integers(50, 1000)


def part_of(part: Part) -> PartReport:
    return make_world(part).report.parts[0]


def overlap(one: Box, other: Box) -> float:
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0.0, width) * max(0.0, height)


@given(WEIGHTS, SIDES, SIDES)
def test_boxes_are_in_proportion_fill_the_whole_and_do_not_overlap(weights, width, height):
    boxes = squarify(weights, Box(10, 20, width, height))
    scale = width * height / sum(weights)
    for weight, box in zip(weights, boxes, strict=True):
        assert box.width * box.height == pytest.approx(weight * scale)
        assert box.x >= 10 - 1e-6
        assert box.y >= 20 - 1e-6
        assert box.x + box.width <= 10 + width + 1e-6
        assert box.y + box.height <= 20 + height + 1e-6
    assert all(overlap(one, other) < 1e-3 for one, other in itertools.combinations(boxes, 2))


def test_the_example_of_the_paper_is_laid_out_as_in_the_paper():
    boxes = squarify([6, 6, 4, 3, 2, 2, 1], Box(0, 0, 6, 4))
    # Figure 2 there: two of 6 on the left, 4 and 3 on top beside them, then 2, 2 and 1.
    assert [(box.width, box.height) for box in boxes[:2]] == [(3, 2), (3, 2)]
    assert boxes[2].y == boxes[3].y == 0
    assert boxes[2].height == boxes[3].height == pytest.approx(7 / 3)
    assert boxes[4].y == pytest.approx(7 / 3)


def test_folders_have_frames_where_there_is_room():
    tree = Node(b"", 12, (Node(b"a", 9, (Node(b"a/x", 5), Node(b"a/y", 4))), Node(b"b", 3)))
    fields = list(layout(tree, Box(0, 0, 900, 400)))
    assert [(field.key, field.frame) for field in fields] == [
        (b"a", True),
        (b"a/x", False),
        (b"a/y", False),
        (b"b", False),
    ]
    assert not any(field.frame for field in layout(tree, Box(0, 0, 60, 40)))


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "é", "x y"]), st.integers(0, 300), st.booleans()), max_size=12))
def test_every_folder_with_loss_is_in_both_pictures(chosen):
    source = {f"{name}/{number}": (file(f"{name}/{number}", b"x" * number), there) for name, number, there in chosen}
    folders = [folder(name) for name in sorted({name for name, _, _ in chosen})]
    part = part_of(
        Part([*folders, *(one for one, _ in source.values())], [*folders, *(one for one, t in source.values() if t)])
    )
    lost = {area.path for area in part.areas if area.paths.missing}
    drawn = pictures(part)
    if not any(area.bytes != Share() for area in part.areas):
        assert drawn == ()
        return
    assert len(drawn) == 2
    for picture in drawn:
        titles = {plain(tile.title).split(": ")[0] for tile in picture.tiles if pieces(tile, PathClass.MISSING)}
        assert titles == lost
        assert all(piece.box.width >= 0 and piece.box.height >= 0 for tile in picture.tiles for piece in tile.pieces)


def pieces(tile: Tile, kind: PathClass) -> list[Box]:
    return [piece.box for piece in tile.pieces if piece.kind is kind]


def tile_of(picture: Picture, title: str) -> Tile:
    (found,) = [tile for tile in picture.tiles if plain(tile.title).startswith(f"{title}: ")]
    return found


def test_a_tile_says_what_is_lost_in_it_and_shows_its_share():
    wide, tall = pictures(part_of(lost_uploads()))
    tile = tile_of(wide, "wp-content/uploads/2014")
    assert plain(tile.title) == "wp-content/uploads/2014: 3 missing"
    assert tile.lines == ("2014", "3 missing")
    assert [piece.kind for piece in tile.pieces] == [PathClass.MISSING]
    assert (tall.width, tall.height) == landscape.TALL
    assert tile_of(tall, "wp-content/uploads/2014").lines == ("2014", "3 missing")


def test_one_lost_file_among_many_bytes_is_not_too_small_to_be_seen():
    big = file("a/big", b"x" * 10_000_000)
    both = [folder("a"), folder("b"), big]
    wide, _ = pictures(part_of(Part([*both, file("a/lost", b"1"), file("b/lost", b"1")], both)))
    (missing,) = pieces(tile_of(wide, "a"), PathClass.MISSING)
    assert min(missing.width, missing.height) >= 4
    lost = tile_of(wide, "b").box
    assert lost.width * lost.height >= 900 * 400 / 300


def test_the_table_says_the_same_as_the_picture():
    part = part_of(lost_uploads())
    table = {plain(row.name): (plain(row.summary), row.size) for row in rows(part)}
    assert table["wp-content/uploads/2014"] == ("3 missing", "2.1 MB")
    assert table["."] == ("3 arrived, 2 changed, 1 not checked, 1 extra", "2.0 MB")
    assert set(table) == {area.path or "." for area in part.areas}


@pytest.mark.parametrize("part", [Part(None, same()), Part(same(), None), Part(None, None), Part([], [])])
def test_where_a_side_was_not_read_or_nothing_has_a_size_there_is_no_picture(part):
    assert pictures(part_of(part)) == ()


def test_a_report_of_an_earlier_version_has_no_picture():
    part = part_of(lost_uploads())
    older = PartReport(name=part.name, source=part.source, target=part.target, folders_total=0)
    assert (pictures(older), rows(older)) == ((), ())


def test_hostile_names_are_escaped_and_cut():
    part = part_of(hostile())
    lines = [line for picture in pictures(part) for tile in picture.tiles for line in tile.lines]
    assert lines
    assert all(line.isprintable() for line in lines)
    long = Area(path="d" * 255, paths=Share(same=1), bytes=Share(same=1))
    (line,) = landscape._lines([long.path], Box(0, 0, 100, 30))
    assert line == "d" * 11 + "…"
