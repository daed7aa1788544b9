"""A tree of weights as boxes in a box: squarified, so that they can be compared by eye and have room for a name.

Pure geometry, in units of whoever draws. Method: Bruls, Huizing, van Wijk, "Squarified Treemaps" (2000).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: A folder gets a frame and a line for its name only where it is at least this wide and high.
_FRAMED_WIDTH, _FRAMED_HEIGHT = 70, 60
_FRAME, _TITLE = 2, 18


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``x`` and ``y`` are its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Node:
    """A folder with what is in it, or a leaf; ``weight`` is positive, and that of a folder the sum of what is in it."""

    key: bytes
    weight: int
    inside: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """Where a node is; a ``frame`` has its name on top and what is inside of it in fields of their own."""

    key: bytes
    box: Box
    frame: bool


def layout(node: Node, box: Box) -> Iterator[Field]:
    """Yield the fields of all leaves below a node, and the frames around them before."""
    nodes = sorted(node.inside, key=lambda inner: -inner.weight)
    for inner, place in zip(nodes, squarify([inner.weight for inner in nodes], box), strict=True):
        if not inner.inside:
            yield Field(inner.key, place, frame=False)
        elif place.width < _FRAMED_WIDTH or place.height < _FRAMED_HEIGHT:
            yield from layout(inner, place)
        else:
            yield Field(inner.key, place, frame=True)
            yield from layout(inner, _within(place))


def squarify(weights: Sequence[int], box: Box) -> list[Box]:
    """Return a box for each weight, the largest first, with areas in proportion; together they fill ``box``."""
    boxes: list[Box] = []
    areas = [weight * box.width * box.height / sum(weights) for weight in weights]
    start = 0
    while start < len(areas):
        side = min(box.width, box.height)
        end = start + 1
        while end < len(areas) and _worst(areas[start : end + 1], side) <= _worst(areas[start:end], side):
            end += 1
        row, box = _row(areas[start:end], box)
        boxes += row
        start = end
    return boxes


def _worst(row: Sequence[float], side: float) -> float:
    """Return how far from a square the worst of some areas is when they stand in a row along a side."""
    depth = sum(row) / side
    return max(max(row) / depth**2, depth**2 / min(row))


def _row(row: Sequence[float], box: Box) -> tuple[list[Box], Box]:
    """Put areas along the shorter side of a box; return their boxes and the rest of it."""
    boxes = []
    if box.width >= box.height:
        depth, y = sum(row) / box.height, box.y
        for area in row:
            boxes.append(Box(box.x, y, depth, area / depth))
            y += area / depth
        return boxes, Box(box.x + depth, box.y, box.width - depth, box.height)
    depth, x = sum(row) / box.width, box.x
    for area in row:
        boxes.append(Box(x, box.y, area / depth, depth))
        x += area / depth
    return boxes, Box(box.x, box.y + depth, box.width, box.height - depth)


def _within(box: Box) -> Box:
    return Box(box.x + _FRAME, box.y + _TITLE, box.width - 2 * _FRAME, box.height - _TITLE - _FRAME)
