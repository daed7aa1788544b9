"""Folder by folder: what of it is lost, whether it holds any file, and whether it was touched after its files came."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from math import exp, log

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.observation import Arrivals, Observation, is_emptied
from handover.diagnosis.rows import Stat
from handover.diagnosis.tables import HashSet
from handover.entries import EntryType

_KEEP = 64
#: A folder's own time is that of its last new name; what comes this much later is another event.
_LATER_NS = 10**9


@dataclass(slots=True)
class _Open:
    path: bytes
    source_stat: Stat
    target_stat: Stat
    arrived_itself: bool
    lost: int = 0
    lost_folders: int = 0
    lost_files: int = 0
    files_lost: bool = False
    files_arrived: bool = False
    lost_here: bool = False
    files_here: int = 0
    missing_here: int = 0
    emptied_here: bool = False
    filled_here: bool = False
    newest_ns: int = 0

    @property
    def holds_files(self) -> bool:
        return self.files_lost or self.files_arrived


@dataclass(frozen=True, slots=True)
class Partial:
    """A folder below which some files arrived and some are lost.

    ``lost_folders`` with files in them and ``lost_files`` are missing from it directly, without names with a dot.
    """

    path: bytes
    lost_folders: int
    lost_files: int


@dataclass(frozen=True, slots=True)
class Touched:
    """A folder on the target that was changed after its files had come; ``lost`` counts what is missing in it."""

    path: bytes
    lost: int
    touched_ns: int
    newest_ns: int


class Folders:
    """Walks both sides in the order of paths; only the folders above the present path are in memory.

    ``partial`` are folders below which some files arrived and some are lost, at most 64 of ``partial_total``, and
    ``levels`` counts those of them that miss something of their own: a file, or all that a folder in them holds.
    ``divided`` miss some of the files directly in them: when there is none, what is lost has its folders in common as
    well as any other property. ``emptied`` hold files that are empty on the target and none that is filled, ``mixed``
    hold both. ``shut`` are folders into which others may not look on the source and that arrived without any of their
    files; ``shut_lost`` names are missing from them, and ``shut_arrived`` such folders brought files along.
    ``hollow`` are folders of the source without any file below them: how many arrived, and which are missing although
    the folder that they were in arrived.
    ``touched`` are folders with losses that were changed on the target after their files had come, at most 64.
    """

    def __init__(self) -> None:
        self.partial: list[Partial] = []
        self.partial_total = self.levels = 0
        self.divided = self.emptied = self.mixed = 0
        self.shut = HashSet()
        self.first_shut = b""
        self.shut_lost = self.shut_arrived = 0
        self.hollow_arrived = 0
        self.hollow_missing = HashSet()
        self.touched: list[Touched] = []
        self.touched_set = HashSet()
        self.touched_in_peace = 0
        self.lossy = 0
        self._undivided: Counter[int] = Counter()
        self._open: list[_Open] = []

    def likelihood(self, *, lost: int, arrived: int) -> float:
        """Return how likely so many folders kept all of their files or none, if so many files were lost at random."""
        rate = lost / (lost + arrived)
        return exp(sum(n * log(rate**files + (1 - rate) ** files) for files, n in self._undivided.items() if files))

    def arrived(self, seen: Arrivals) -> None:
        """Take some paths that are the same on both sides."""
        places = enumerate(seen.target)
        start = 0
        for place in [place for place, row in places if row.type is EntryType.DIR]:
            self._files_arrived(seen, start, place)
            path = seen.paths[place]
            self._leave(path)
            self._open.append(_Open(path, seen.source[place].host, seen.target[place].host, arrived_itself=True))
            start = place + 1
        self._files_arrived(seen, start, len(seen.paths))

    def _files_arrived(self, seen: Arrivals, start: int, stop: int) -> None:
        """Take some of them that are no folders."""
        if start == stop:
            return
        for folder, run in groupby(seen.paths[start:stop], _folder_of):
            stop = start + len(list(run))
            files = [row.host.ctime_ns or 0 for row in seen.target[start:stop] if row.type is EntryType.FILE]
            self._leave(folder)
            if files and self._open:
                here = self._open[-1]
                here.files_arrived = True
                here.files_here += len(files)
                here.filled_here = here.filled_here or any(row.size for row in seen.target[start:stop])
                # A folder's ctime is that of its last new name, so folders say nothing of when they came.
                here.newest_ns = max(here.newest_ns, *files)
            start = stop

    def add(self, seen: Observation) -> None:
        """Take one difference."""
        self._leave(seen.path)
        if not self._open and seen.path:
            return
        here = seen.kind is not PathClass.MISSING
        if seen.source is None:
            if self._open and seen.is_file:
                self._open[-1].newest_ns = max(self._open[-1].newest_ns, seen.target_stat.ctime_ns or 0)
            return
        if seen.path:
            self._count(seen, arrived=here)
        if seen.source.may_be_folder:
            self._open.append(_Open(seen.path, seen.source_stat, seen.target_stat, arrived_itself=here))

    def finish(self) -> None:
        """Close what is open; nothing follows."""
        while self._open:
            self._close()

    def _count(self, seen: Observation, *, arrived: bool) -> None:
        folder = self._open[-1]
        folder.lost += not arrived
        if seen.is_folder:
            return
        folder.files_arrived |= arrived
        folder.files_lost |= not arrived
        folder.lost_here |= not arrived
        folder.files_here += seen.is_file
        folder.missing_here += not arrived and seen.is_file
        folder.lost_files += not arrived and seen.is_file and not seen.name.startswith(b".")
        if arrived:
            emptied = is_emptied(seen)
            folder.emptied_here |= emptied
            folder.filled_here |= not emptied and seen.is_file
            # A folder's ctime is that of its last new name, so folders say nothing of when they came.
            folder.newest_ns = max(folder.newest_ns, seen.target_stat.ctime_ns or 0)

    def _leave(self, path: bytes) -> None:
        while self._open and path != self._open[-1].path and not paths.is_below(path, self._open[-1].path):
            self._close()

    def _close(self) -> None:
        folder = self._open.pop()
        if self._open:
            above = self._open[-1]
            above.files_arrived |= folder.files_arrived
            above.files_lost |= folder.files_lost
            above.lost_here |= folder.files_lost and not folder.files_arrived
            above.lost_folders += _is_lost(folder)
        if not folder.holds_files and folder.path:
            if folder.arrived_itself:
                self.hollow_arrived += 1
            elif self._open and self._open[-1].arrived_itself:
                self.hollow_missing.add(folder.path)
        if folder.files_lost and folder.files_arrived:
            self.partial_total += 1
            self.levels += folder.lost_here
            if len(self.partial) < _KEEP:
                self.partial.append(Partial(folder.path, folder.lost_folders, folder.lost_files))
        if folder.missing_here in (0, folder.files_here):
            self._undivided[min(folder.files_here, _KEEP)] += 1
        else:
            self.divided += 1
        self.mixed += folder.emptied_here and folder.filled_here
        self.emptied += folder.emptied_here and not folder.filled_here
        if folder.arrived_itself:
            self._judge_modes(folder)
            self._judge_times(folder)

    def _judge_modes(self, folder: _Open) -> None:
        bits = folder.source_stat.bits
        if bits is None or bits & 0o005 == 0o005 or not folder.holds_files:
            return
        if folder.files_arrived:
            self.shut_arrived += 1
        else:
            self.shut.add(folder.path)
            self.first_shut = self.first_shut or folder.path
            self.shut_lost += folder.lost

    def _judge_times(self, folder: _Open) -> None:
        modified = folder.target_stat.mtime_ns
        if modified is None or not folder.newest_ns:
            return
        self.lossy += folder.lost > 0
        if modified < folder.newest_ns + _LATER_NS:
            return
        if not folder.lost:
            self.touched_in_peace += 1
            return
        self.touched_set.add(folder.path)
        if len(self.touched) < _KEEP:
            self.touched.append(Touched(folder.path, folder.lost, modified, folder.newest_ns))


def _folder_of(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _is_lost(folder: _Open) -> bool:
    """Whether a folder is missing with files in it, and has not a name that is hidden."""
    hidden = folder.path.rpartition(b"/")[2].startswith(b".")
    return folder.files_lost and not folder.arrived_itself and not hidden
