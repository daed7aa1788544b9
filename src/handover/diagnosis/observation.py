"""What the causes look at: both manifests and their differences side by side, as one stream in the order of paths.

What arrived unharmed is told by the hundred; each difference comes with all that both sides recorded of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from handover import paths
from handover.comparison import Difference, PathClass
from handover.diagnosis.rows import UNKNOWN, Finder, Name, Row, Rows, Stat, Walker
from handover.entries import Entry, EntryType
from handover.manifest_reader import Reader

#: Classes that have a cause; what the terms agree to or leave out needs none.
CAUSED = frozenset(
    {
        PathClass.MISSING,
        PathClass.EXTRA,
        PathClass.CHANGED,
        PathClass.TYPE_CHANGED,
        PathClass.METADATA,
        PathClass.NOT_CHECKED,
    }
)
#: From this size on, entries have prefixes, which differences leave out.
_PREFIXED = 2**20
_NOTHING = Entry()


class Arrivals(NamedTuple):
    """Some consecutive paths that are the same on both sides; the lists are as long as one another."""

    paths: list[bytes]
    source: list[Row]
    target: list[Row]


class Observation:
    """One difference. ``folder`` and ``name`` are the two halves of ``path``.

    ``whole`` is the topmost folder, missing or extra as a whole, that the path is or is in.

    ``entry`` is what the source has there, or the target when only that has something; ``is_file``, ``is_folder`` and
    ``size``, in bytes, are of that. ``is_unit``: the difference stands for itself; what is in a lost folder follows
    from that. An observation is to be looked at before the next one is asked for.
    """

    __slots__ = (
        "_name", "_rows", "entry", "folder", "is_file", "is_folder", "is_unit", "kind", "name", "path", "size",
        "source", "source_stat", "target", "target_stat", "whole", "why",
    )  # fmt: skip

    #: What the hosts say of it. Where the rows are not near, they are searched when this is first asked for.
    source_stat: Stat
    target_stat: Stat

    def __init__(
        self,
        difference: Difference,
        name: Name,
        path: bytes,
        whole: bytes | None,
        rows: tuple[Rows, Rows],
        *,
        are_near: bool,
    ) -> None:
        source, target = difference.source, difference.target
        self.path = path
        self.folder, _, self.name = path.rpartition(b"/")
        self.kind = difference.kind
        self.why = difference.why
        self.source, self.target = source, target
        self.entry: Entry = source or target or _NOTHING
        self.is_file = self.entry.type is EntryType.FILE
        self.is_folder = self.entry.type is EntryType.DIR
        self.size = self.entry.size or 0
        self.whole = whole
        self.is_unit = whole is None or whole == path
        self._name, self._rows = name, rows
        if are_near:
            self.source_stat = UNKNOWN if source is None else rows[0].row(name).host
            self.target_stat = UNKNOWN if target is None else rows[1].row(name).host
        if self.kind is PathClass.CHANGED and max(self.size, (target or _NOTHING).size or 0) >= _PREFIXED:
            self._add_prefixes()

    def __getattr__(self, attribute: str) -> Stat:
        """Find what a host says; from then on the slot has it."""
        if attribute == "source_stat":
            self.source_stat = UNKNOWN if self.source is None else self._rows[0].row(self._name).host
            return self.source_stat
        if attribute == "target_stat":
            self.target_stat = UNKNOWN if self.target is None else self._rows[1].row(self._name).host
            return self.target_stat
        raise AttributeError(attribute)

    def _add_prefixes(self) -> None:
        source, target = (side.row(self._name) for side in self._rows)
        self.source_stat, self.target_stat = source.host, target.host
        self.source, self.target = (
            None if entry is None else msgspec.structs.replace(entry, prefixes=row.prefixes)
            for entry, row in ((self.source, source), (self.target, target))
        )


def is_emptied(seen: Observation) -> bool:
    """Whether a file has content on the source and none on the target."""
    source, target = seen.source, seen.target
    return (
        seen.kind is PathClass.CHANGED
        and source is not None
        and target is not None
        and target.size == 0
        and bool(source.size)
    )


class Streams(NamedTuple):
    """The evidence of one part, each stream from its beginning."""

    differences: Iterator[Difference]
    source: Reader
    target: Reader


def observe(streams: Streams, arrived: Callable[[Arrivals], None] | None = None) -> Iterator[Observation]:
    """Yield every difference that has a cause; in between, ``arrived`` gets what is the same.

    When somebody takes what is the same, all three streams are read to their ends and must belong together; else the
    manifests are only searched for what a cause asks. Raises ``MalformedInput``.
    """
    if arrived is None:
        finders = Finder(streams.source), Finder(streams.target)
        yield from _observations(streams.differences, finders, are_near=False)
        return
    walkers = Walker(streams.source), Walker(streams.target)
    yield from _observations(_walk(streams.differences, walkers, arrived), walkers, are_near=True)


def _observations(
    differences: Iterator[Difference], rows: tuple[Rows, Rows], *, are_near: bool
) -> Iterator[Observation]:
    whole: tuple[bytes, PathClass] | None = None
    for difference in differences:
        kind = difference.kind
        if kind not in CAUSED:
            continue
        name = _name(difference)
        path = name.encode() if isinstance(name, str) else name
        if whole is not None and not (kind is whole[1] and paths.is_below(path, whole[0])):
            whole = None
        if whole is None and (kind is PathClass.MISSING or kind is PathClass.EXTRA):
            only = difference.source or difference.target
            if only is not None and only.type is EntryType.DIR:
                whole = path, kind
        yield Observation(difference, name, path, None if whole is None else whole[0], rows, are_near=are_near)


def _walk(
    differences: Iterator[Difference], walkers: tuple[Walker, Walker], arrived: Callable[[Arrivals], None]
) -> Iterator[Difference]:
    """Yield the differences, each when both walkers have come to it; what is before it is the same on both sides."""
    source, target = walkers
    for difference in differences:
        name = _name(difference)
        _pass(walkers, name, arrived, leader=0 if difference.source is not None else 1)
        if difference.source is not None:
            source.take(name)
        if difference.target is not None:
            target.take(name)
        yield difference
    _pass(walkers, None, arrived, leader=0)
    target.finish()


def _pass(
    walkers: tuple[Walker, Walker], name: Name | None, arrived: Callable[[Arrivals], None], *, leader: int
) -> None:
    """Go to a name, which the leader has; the other side must have the same before it."""
    if name is not None and walkers[leader].next_name == name:
        return
    for names, rows in walkers[leader].before(name):
        others = walkers[1 - leader].same(names)
        source, target = (rows, others) if leader == 0 else (others, rows)
        arrived(Arrivals([one.encode() if isinstance(one, str) else one for one in names], source, target))


def _name(difference: Difference) -> Name:
    return difference.path if difference.path is not None else difference.path_bytes()
