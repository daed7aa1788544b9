"""What became of each folder as a picture and as a table: both say the same, and neither needs the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from handover.areas import Area, Share
from handover.comparison import PathClass
from handover.render.treemap import Box, Field, Node, layout
from handover.render.wording.codes import listing
from handover.render.wording.labels import LABELS
from handover.render.wording.language import Plurals, name, plain, say, size
from handover.report import PartReport

#: The picture for wide pages and the one for narrow ones, in units that are pixels where there is room.
WIDE, TALL = (900, 400), (360, 520)
#: What is smaller than one in so many is not drawn; where something is lost, it is drawn at least this large.
_SMALLEST, _LEAST = 100_000, 250
#: Room that a letter takes, around a name and for a line of text; and the least that a class with any path gets.
_LETTER, _MARGIN, _LINE = 7.3, 12, 17
_SLIVER = 4
_FEWEST = 3

#: Which classes are drawn alike, in the order in which they are drawn.
_GROUPS = {
    PathClass.SAME: (PathClass.SAME,),
    PathClass.MISSING: (PathClass.MISSING,),
    PathClass.CHANGED: (PathClass.CHANGED, PathClass.TYPE_CHANGED, PathClass.METADATA),
    PathClass.NOT_CHECKED: (PathClass.NOT_CHECKED,),
    PathClass.EXTRA: (PathClass.EXTRA,),
    PathClass.IGNORED: (PathClass.AGREED, PathClass.IGNORED, PathClass.NOT_RECORDED),
}
_WORDS = Plurals(
    {
        PathClass.SAME: ("{n} arrived", "{n} arrived"),
        PathClass.MISSING: ("{n} missing", "{n} missing"),
        PathClass.CHANGED: ("{n} changed", "{n} changed"),
        PathClass.NOT_CHECKED: ("{n} not checked", "{n} not checked"),
        PathClass.EXTRA: ("{n} extra", "{n} extra"),
        PathClass.IGNORED: ("{n} agreed or left out", "{n} agreed or left out"),
    }
)
_TROUBLE = (PathClass.MISSING, PathClass.CHANGED, PathClass.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class Piece:
    """A share of a tile that is of one class; its place is inside of the tile."""

    kind: PathClass
    box: Box


@dataclass(frozen=True, slots=True)
class Tile:
    """One folder in the picture; ``lines`` are as long as there is room, and ``title`` says all of it."""

    box: Box
    pieces: tuple[Piece, ...]
    lines: tuple[str, ...]
    title: str
    frame: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The tiles of one part, frames before what is in them."""

    kind: str
    width: int
    height: int
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One folder in the table: what became of its paths, and how large they are."""

    name: str
    summary: str
    size: str


def pictures(part: PartReport) -> tuple[Picture, ...]:
    """Return the picture of a part in both forms; none when there is nothing to show."""
    areas = {area.path_bytes(): area for area in _areas(part)}
    root = _tree(areas)
    return tuple(
        Picture(kind, width, height, tuple(_tiles(areas, layout(root, Box(0, 0, width, height)))))
        for kind, (width, height) in (("wide", WIDE), ("tall", TALL))
        if root.inside
    )


def rows(part: PartReport) -> tuple[AreaRow, ...]:
    """Return the table of a part, in the order of paths."""
    return tuple(AreaRow(name(area.path_bytes()), _summary(area), size(_total(area.bytes))) for area in _areas(part))


def _areas(part: PartReport) -> tuple[Area, ...]:
    """Return what there is to show: nothing when a side was not read, or by a report of 0.1."""
    both = part.source.manifest is not None and part.target.manifest is not None
    return part.areas if both else ()


def _tree(areas: Mapping[bytes, Area]) -> Node:
    """Return the folders that can be seen as a tree; the files of a folder with others in it are a leaf beside them."""
    whole = sum(_total(area.bytes) for area in areas.values())
    weights = {
        path: max(_total(area.bytes), -(-whole // _LEAST) if _lost(area) else 0)
        for path, area in areas.items()
        if _total(area.bytes) * _SMALLEST > whole or (whole and _lost(area))
    }
    inside: dict[bytes, set[bytes]] = {b"": set()}
    for path in weights:
        below = path
        while below:
            above = below.rpartition(b"/")[0]
            inside.setdefault(above, set()).add(below)
            below = above

    def node(path: bytes) -> Node:
        leaf = Node(path, weights.get(path, 0))
        nodes = [node(below) for below in sorted(inside.get(path, ()))]
        if path and not nodes:
            return leaf
        if leaf.weight:
            nodes.append(leaf)
        return Node(path, sum(one.weight for one in nodes), tuple(nodes))

    return node(b"")


def _tiles(areas: Mapping[bytes, Area], fields: Iterable[Field]) -> Iterator[Tile]:
    above = {path.rpartition(b"/")[0] for path in areas if path}
    for field in fields:
        box, path = field.box, field.key
        if field.frame:
            yield Tile(_rounded(box), (), _lines([_last(path)], box), name(path), frame=True)
            continue
        area = areas[path]
        label = LABELS["files_here"] if path in above else _last(path)
        words = [label, *(_counted(area, kind) for kind in _TROUBLE if _of(area.paths, kind))]
        title = say("{folder}: {summary}", folder=name(path), summary=_summary(area))
        yield Tile(_rounded(box), tuple(_pieces(area, box)), _lines(words, box), title, frame=False)


def _pieces(area: Area, box: Box) -> Iterator[Piece]:
    """Yield the shares of a tile along its longer side; each class with any path can be seen, the largest gives way."""
    along = max(box.width, box.height)
    whole = _total(area.bytes) or 1
    lengths = {kind: max(_SLIVER, _of(area.bytes, kind) * along / whole) for kind in _GROUPS if _of(area.paths, kind)}
    largest = max(lengths, key=lambda kind: lengths[kind])
    lengths[largest] = max(0.0, lengths[largest] + along - sum(lengths.values()))
    start = 0.0
    for kind, length in lengths.items():
        if box.width >= box.height:
            yield Piece(kind, _rounded(Box(start, 0, length, box.height)))
        else:
            yield Piece(kind, _rounded(Box(0, start, box.width, length)))
        start += length


def _lines(words: Sequence[str], box: Box) -> tuple[str, ...]:
    """Return as many lines as there is room for, each cut to the width; none where not even three letters fit."""
    letters = int((box.width - _MARGIN) / _LETTER)
    room = int((box.height - _MARGIN / 2) / _LINE)
    return tuple(_cut(plain(text), letters) for text in words[:room]) if letters >= _FEWEST else ()


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _last(path: bytes) -> str:
    return name(path.rpartition(b"/")[2])


def _summary(area: Area) -> str:
    return listing(_counted(area, kind) for kind in _GROUPS if _of(area.paths, kind))


def _counted(area: Area, kind: PathClass) -> str:
    return _WORDS.say(kind, _of(area.paths, kind))


def _of(share: Share, kind: PathClass) -> int:
    return sum(getattr(share, member.value) for member in _GROUPS[kind])


def _total(share: Share) -> int:
    return sum(_of(share, kind) for kind in _GROUPS)


def _lost(area: Area) -> int:
    return sum(_of(area.paths, kind) for kind in _TROUBLE)


def _rounded(box: Box) -> Box:
    return Box(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1))
