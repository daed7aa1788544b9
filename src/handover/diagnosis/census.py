"""What arrived and what is lost, counted along every property that a cause may blame."""

from __future__ import annotations

import re
import unicodedata

from handover.comparison import PathClass
from handover.diagnosis.observation import Arrived, Observation, Stat
from handover.diagnosis.tables import Count, HashSet, Split, Tally
from handover.diagnosis.traits import traits
from handover.entries import EntryType

_UPPER = re.compile(rb"[A-Z]")
_CONTENT = (PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED)


class Census:
    """Counts over all paths of the source, and of the target where times of arrival are meant.

    ``sizes``: files by size, lost when missing. ``modified_ns``: files by their time on the source, lost when missing
    or changed. ``arrived_ns``: files by their change of status on the target, lost when they are not whole there.
    ``suffixes``: files by extension. ``names``: folders, and names that begin with a dot. ``owners``: by uid.
    ``traits``: by what systems are known to refuse.
    """

    def __init__(self) -> None:
        self.files = self.links = 0
        self.missing = self.differences = 0
        self.non_ascii = self.upper_case = 0
        self.top_dots = self.inner_dots = 0
        self.closed_files = 0
        self.sizes, self.modified_ns, self.arrived_ns = Split(), Split(), Split()
        self.suffixes, self.names, self.owners, self.traits = Tally(), Tally(), Tally(), Tally()
        self.root = Stat()
        self.first_arrival_ns: int | None = None
        self.last_file: bytes | None = None
        self.tail_lost = 0
        self.tail_units = 0
        self._folded = HashSet()

    def arrived(self, seen: Arrived) -> None:
        """Count one path that is the same on both sides."""
        if not seen.path:
            self.root = seen.source_stat
            return
        name = seen.path.rpartition(b"/")[2]
        self._folded.add(fold(seen.path))
        self._count_name(seen.path, name)
        for trait in traits(seen.path, empty=seen.type is EntryType.FILE and not seen.size):
            if known := self.traits.of(trait.encode()):
                known.arrived += 1
        self._owner(seen.source_stat).arrived += 1
        if seen.type is not EntryType.FILE:
            self.links += seen.type is EntryType.LINK
            if seen.type is EntryType.DIR and (count := self.names.of(name)):
                count.arrived += 1
            return
        self.files += 1
        self.closed_files += _closed(seen.source_stat)
        self.last_file, self.tail_lost, self.tail_units = seen.path, 0, 0
        self.sizes.add_arrived(seen.size)
        if count := self.suffixes.of(suffix(name)):
            count.arrived += 1
        if name.startswith(b".") and (count := self.names.of(name)):
            count.arrived += 1
        if (modified := seen.source_stat.modified_ns) is not None:
            self.modified_ns.add_arrived(modified)
        came = seen.target_stat.ctime_ns
        if seen.size and came is not None:
            self.arrived_ns.add_arrived(came)
            self.first_arrival_ns = came if self.first_arrival_ns is None else min(came, self.first_arrival_ns)

    def add(self, seen: Observation) -> None:
        """Count one difference."""
        self.differences += 1
        if not seen.path:
            self.root = seen.source_stat
        if seen.source is None or seen.kind not in _CONTENT:
            return
        self._folded.add(fold(seen.path))
        missing, unit = seen.kind is PathClass.MISSING, seen.is_unit
        self.missing += missing
        if missing:
            self._count_lost(seen, unit=unit)
        self.tail_units += missing and unit
        if not seen.is_file:
            return
        self.tail_lost += 1
        if not missing:
            self.last_file, self.tail_lost, self.tail_units = seen.path, 0, 0
        modified, there = seen.source_stat.modified_ns, seen.target_stat.modified_ns
        if modified is not None and (missing or there is None or modified // 10**9 != there // 10**9):
            self.modified_ns.add_lost(modified, unit=unit)
        if not missing and seen.target is not None and seen.target_stat.ctime_ns is not None:
            if (seen.target.size or 0) < seen.size:
                self.arrived_ns.add_lost(seen.target_stat.ctime_ns, unit=True)
            elif seen.target.size:
                self.arrived_ns.add_arrived(seen.target_stat.ctime_ns)

    def twins(self) -> HashSet:
        """Return the folded paths that stand for more than one path of the source."""
        return self._folded.repeated()

    def foreign(self, stat: Stat) -> bool:
        """Whether a path of the source belongs to another account than the root folder."""
        return stat.uid is not None and self.root.uid is not None and stat.uid != self.root.uid

    def _count_lost(self, seen: Observation, *, unit: bool) -> None:
        name = seen.name
        count = self._owner(seen.source_stat)
        count.lost += 1
        count.units += unit
        for trait in traits(seen.path, empty=seen.is_file and not seen.size):
            if known := self.traits.of(trait.encode()):
                known.lost += 1
                known.units += unit
        if seen.is_folder and (named := self.names.of(name)):
            named.lost += 1
            named.units += unit
        if not seen.is_file:
            return
        self.sizes.add_lost(seen.size, unit=unit)
        for tally, key in ((self.suffixes, suffix(name)), (self.names, name if name.startswith(b".") else b"")):
            if key and (found := tally.of(key)):
                found.lost += 1
                found.units += unit

    def _count_name(self, path: bytes, name: bytes) -> None:
        self.non_ascii += not path.isascii()
        self.upper_case += _UPPER.search(path) is not None
        if name.startswith(b"."):
            if b"/" in path:
                self.inner_dots += 1
            else:
                self.top_dots += 1

    def _owner(self, stat: Stat) -> Count:
        return self.owners.of(b"%d" % stat.uid if stat.uid is not None else b"") or Count()


def suffix(name: bytes) -> bytes:
    """Return the extension of a name in lower case with its dot; empty when there is none."""
    stem, dot, ending = name.rpartition(b".")
    return b"." + ending.lower() if dot and stem and ending and len(ending) <= 10 else b""


def fold(path: bytes) -> bytes:
    """Return a path without the differences that some filesystems do not keep: case, and composed characters."""
    if path.isascii():
        return path.lower()
    text = path.decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", text.casefold()).encode("utf-8", "surrogateescape")


def _closed(stat: Stat) -> bool:
    """Whether only owner and group may read."""
    return stat.bits is not None and not stat.bits & 0o004
