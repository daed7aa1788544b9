"""What arrived and what is lost, counted along every property that a cause may blame."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from enum import Flag, auto
from itertools import compress
from operator import neg

from handover.comparison import PathClass
from handover.diagnosis.observation import Arrivals, Observation
from handover.diagnosis.rows import Row, Stat
from handover.diagnosis.tables import HashSet, Split, Tally
from handover.diagnosis.traits import Trait, are_plain, traits
from handover.entries import EntryType

#: So many paths are counted together.
_TOGETHER = 4096
_SPELLED = 512
_SPANS = 4096
#: What some change of names would change.
_ODD = re.compile(rb"[^a-z0-9_./-]")
_NUMBER = re.compile(rb"[0-9]+")
_CONTENT = (PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED)


class Aspect(Flag):
    """What a cause may have to know of the paths that arrived; each costs time for every one of them."""

    FILES = auto()
    NAMES = auto()
    SPELLING = auto()
    SIZES = auto()
    TIMES = auto()
    AGES = auto()
    COMING = auto()
    OWNERS = auto()
    FOLDERS = auto()


class Census:
    """Counts over all paths of the source, and of the target where times of arrival are meant, as far as ``wanted``.

    ``sizes``: files by size, lost when missing. ``modified_ns``: files by their time on the source, lost when missing
    or changed; a folder that is missing as a whole is one more loss, by its oldest file. ``aged_ns``: the same with all
    times below 0, so that the oldest are on top; lost only when missing, and such a folder by its newest file.
    ``spans``: the oldest and the newest file of such folders, at most 4,096.
    ``arrived_ns``: files by their change of status on the target, lost when they are not whole there.
    ``suffixes``: files by extension. ``names``: folders, and names that begin with a dot. ``owners``: by uid.
    ``traits``: by what systems are known to refuse. ``shapes``: files by name, each number in it as one mark.
    ``units``: what is missing by itself. ``latest``: when the last file came to the target, and which one that is.
    ``spelled``: some of the paths that arrived and that a change of names would have changed, at most 512.
    """

    def __init__(self, wanted: Aspect) -> None:
        self.files = self.links = 0
        self.missing = self.units = self.differences = 0
        self.spelled: list[bytes] = []
        self.top_dots = self.inner_dots = 0
        self.closed_files = 0
        self.sizes, self.modified_ns, self.aged_ns, self.arrived_ns = Split(), Split(), Split(), Split()
        self.spans: dict[bytes, tuple[int, int]] = {}
        self.suffixes, self.names, self.owners, self.traits = Tally(), Tally(), Tally(), Tally()
        self.shapes = Tally()
        self.root = Stat()
        self.first_arrival_ns: int | None = None
        self.latest: tuple[int, bytes] | None = None
        self.last_file: bytes | None = None
        self.tail_lost = 0
        self.tail_units = 0
        self._wanted = wanted
        self._takes_spelling = Aspect.SPELLING in wanted
        self._folded = HashSet()
        self._waiting = Arrivals([], [], [])
        self._came: list[int] = []
        self._whole: tuple[bytes, int, int] | None = None

    def arrived(self, seen: Arrivals) -> None:
        """Count some paths that are the same on both sides; a few wait until they are many."""
        paths, source, target = seen
        if not paths[0]:
            self.root = source[0].host
            paths, source, target = paths[1:], source[1:], target[1:]
        for path, row in zip(reversed(paths), reversed(source), strict=True):
            if row.type is EntryType.FILE:
                self.last_file, self.tail_lost, self.tail_units = path, 0, 0
                break
        waiting = self._waiting
        waiting.paths.extend(paths)
        waiting.source.extend(source)
        waiting.target.extend(target)
        if len(waiting.paths) >= _TOGETHER:
            self.finish()

    def finish(self) -> None:
        """Count those that wait."""
        self._close_whole()
        self.arrived_ns.add_arrived(self._came)
        self._came.clear()
        seen, self._waiting = self._waiting, Arrivals([], [], [])
        if not seen.paths:
            return
        self.links += sum([row.type is EntryType.LINK for row in seen.source])
        are_files = [row.type is EntryType.FILE for row in seen.source]
        files = Arrivals(
            list(compress(seen.paths, are_files)),
            list(compress(seen.source, are_files)),
            list(compress(seen.target, are_files)),
        )
        self.files += len(files.paths)
        if self._wanted & (Aspect.NAMES | Aspect.SPELLING):
            self._count_paths(seen, files)
        if Aspect.OWNERS in self._wanted:
            uids = Counter([row.host.uid for row in seen.source])
            self.owners.add_arrived(Counter({_owner(uid): times for uid, times in uids.items()}))
            modes = Counter([row.host.mode for row in files.source])
            self.closed_files += sum(times for mode, times in modes.items() if closed(mode))
        self._count_files(files)

    def _count_files(self, files: Arrivals) -> None:
        if Aspect.SIZES in self._wanted:
            self.sizes.add_arrived([row.size or 0 for row in files.source])
        if Aspect.TIMES in self._wanted:
            times = [row.host.mtime_ns for row in files.source]
            if None in times:
                times = [row.host.modified_ns for row in files.source]
            known = [time for time in times if time is not None]
            self.modified_ns.add_arrived(known)
            if Aspect.AGES in self._wanted:
                self.aged_ns.add_arrived(map(neg, known))
        if Aspect.COMING in self._wanted:
            came = [row.host.ctime_ns if row.size else None for row in files.target]
            known = [time for time in came if time is not None]
            self.arrived_ns.add_arrived(known)
            if known:
                first, last = min(known), max(known)
                self.first_arrival_ns = min(first, self.first_arrival_ns or first)
                if self.latest is None or last >= self.latest[0]:
                    self.latest = last, files.paths[came.index(last)]

    def _count_paths(self, seen: Arrivals, files: Arrivals) -> None:
        joined = b"\0".join(seen.paths)
        lowered = joined.lower()
        folded = lowered.split(b"\0")
        if len(self.spelled) < _SPELLED:
            self.spelled += filter(_ODD.search, seen.paths)
            del self.spelled[_SPELLED:]
        if not joined.isascii():
            for place in [place for place, path in enumerate(seen.paths) if not path.isascii()]:
                folded[place] = fold(seen.paths[place])
        if self._takes_spelling:
            self._folded.update(folded)
        if Aspect.NAMES in self._wanted:
            self._count_names(seen, files)
            self._count_traits(seen, b"/%b/" % lowered.replace(b"\0", b"/"))

    def _count_names(self, seen: Arrivals, files: Arrivals) -> None:
        names = [path.rpartition(b"/")[2] for path in seen.paths]
        dotted = [path for path, name in zip(seen.paths, names, strict=True) if name.startswith(b".")]
        inner = sum([b"/" in path for path in dotted])
        self.inner_dots += inner
        self.top_dots += len(dotted) - inner
        folders = [name for name, row in zip(names, seen.source, strict=True) if row.type is EntryType.DIR]
        file_names = [path.rpartition(b"/")[2] for path in files.paths]
        self.names.add_arrived(Counter([*folders, *(name for name in file_names if name.startswith(b"."))]))
        self.suffixes.add_arrived(Counter(map(suffix, file_names)))
        self.shapes.add_arrived(Counter(shape(b"\0".join(file_names)).split(b"\0") if file_names else ()))

    def _count_traits(self, seen: Arrivals, lowered: bytes) -> None:
        empty = [row.type is EntryType.FILE and not row.size for row in seen.source]
        if are_plain(seen.paths, lowered):
            found = Counter({Trait.EMPTY.encode(): sum(empty)})
        else:
            found = Counter(
                trait.encode()
                for path, is_empty in zip(seen.paths, empty, strict=True)
                for trait in traits(path, empty=is_empty)
            )
        self.traits.add_arrived(found)

    def add(self, seen: Observation) -> None:
        """Count one difference."""
        self.differences += 1
        if not seen.path:
            self.root = seen.source_stat
        if seen.kind is PathClass.METADATA and seen.path:
            self._add_arrived(seen)
        elif seen.source is not None and seen.kind in _CONTENT:
            self._add_lost(seen)

    def _add_lost(self, seen: Observation) -> None:
        """Count one that is missing or has not its content."""
        if self._takes_spelling:
            self._folded.add(fold(seen.path))
        missing, unit = seen.kind is PathClass.MISSING, seen.is_unit
        self.missing += missing
        self.units += missing and unit
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
        if missing and modified is not None:
            self.aged_ns.add_lost(-modified, unit=unit)
            if seen.whole is not None:
                self._add_to_whole(seen.whole, modified)
        if not missing:
            self._add_changed(seen)

    def _add_to_whole(self, whole: bytes, modified_ns: int) -> None:
        """Take the time of a file in a folder that is missing as a whole; all of them come one after the other."""
        if self._whole is None or self._whole[0] != whole:
            self._close_whole()
            self._whole = whole, modified_ns, modified_ns
        _, oldest, newest = self._whole
        self._whole = whole, min(oldest, modified_ns), max(newest, modified_ns)

    def _close_whole(self) -> None:
        if self._whole is None:
            return
        path, oldest, newest = self._whole
        self._whole = None
        self.modified_ns.add_unit(oldest)
        self.aged_ns.add_unit(-newest)
        if len(self.spans) < _SPANS:
            self.spans[path] = oldest, newest

    def _add_changed(self, seen: Observation) -> None:
        """Count when a file came that is there with another content."""
        if seen.target is not None and seen.target_stat.ctime_ns is not None:
            if (seen.target.size or 0) < seen.size:
                self.arrived_ns.add_lost(seen.target_stat.ctime_ns, unit=True)
            elif seen.target.size:
                self._came.append(seen.target_stat.ctime_ns)
                if len(self._came) >= _TOGETHER:
                    self.finish()

    def _add_arrived(self, seen: Observation) -> None:
        """Count a path of which only mode, owner or time is not what was asked for: it is there."""
        of = seen.entry.type, seen.entry.size
        rows = (Row(type=of[0], size=of[1], host=host) for host in (seen.source_stat, seen.target_stat))
        self.arrived(Arrivals([seen.path], *([row] for row in rows)))

    def twins(self) -> HashSet:
        """Return the folded paths that stand for more than one path of the source."""
        return self._folded.repeated()

    def foreign(self, stat: Stat) -> bool:
        """Whether a path of the source belongs to another account than the root folder."""
        return stat.uid is not None and self.root.uid is not None and stat.uid != self.root.uid

    def _count_lost(self, seen: Observation, *, unit: bool) -> None:
        name = seen.name
        if count := self.owners.of(_owner(seen.source_stat.uid)):
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
        hidden = name if name.startswith(b".") else b""
        for tally, key in ((self.suffixes, suffix(name)), (self.names, hidden), (self.shapes, shape(name))):
            if key and (found := tally.of(key)):
                found.lost += 1
                if unit:
                    found.units += 1
                    found.spread = found.spread or found.folder not in (None, seen.folder)
                    found.folder = seen.folder


def suffix(name: bytes) -> bytes:
    """Return the extension of a name in lower case with its dot; empty when there is none."""
    stem, dot, ending = name.rpartition(b".")
    return b"." + ending.lower() if dot and stem and ending and len(ending) <= 10 else b""


def shape(name: bytes) -> bytes:
    """Return a name with one mark in place of each number in it, as cameras, archives and thumbnails number them."""
    return _NUMBER.sub(b"#", name)


def fold(path: bytes) -> bytes:
    """Return a path without the differences that some filesystems do not keep: case, and composed characters."""
    if path.isascii():
        return path.lower()
    text = path.decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", text.casefold()).encode("utf-8", "surrogateescape")


def closed(mode: str | None) -> bool:
    """Whether only owner and group may read, by the octal digits of a mode."""
    return mode is not None and not int(mode, 8) & 0o004


def _owner(uid: int | None) -> bytes:
    return b"" if uid is None else b"%d" % uid
