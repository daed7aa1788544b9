"""Folders without any file in them: git, many archives and FTP programs do not carry those."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, number, plural, say, text

_TOLD, _LEAST = 3, 2
_MAKE = "cd SOURCE && find . -type d -empty -print0 | rsync -a --from0 --files-from=- . TARGET/"


class EmptyFolders(Cause):
    """Missing folders that hold no file on the source."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.FOLDERS

    def __init__(self) -> None:
        self._candidates: list[bytes] = []

    def add(self, seen: Observation) -> None:
        """Take one missing path; whether a folder holds files is known only after it."""
        if not seen.is_folder:
            if self._candidates and seen.path.startswith(self._candidates[-1] + b"/"):
                self._candidates = [path for path in self._candidates if not seen.path.startswith(path + b"/")]
        elif len(self._candidates) <= _TOLD:
            self._candidates.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the empty folders; where others like them arrived, these were not dropped for that."""
        folders = scene.folders
        total, arrived = len(folders.hollow_missing), folders.hollow_arrived
        if not total or 10 * arrived > total or not scene.census.files:
            return
        sure = trust(chance(total, lost=scene.census.units - total, arrived=scene.census.files), enough=total >= _LEAST)
        if sure is None:
            return
        names = [path for path in self._candidates if path in folders.hollow_missing]
        yield Hypothesis(
            cause="empty_folders_dropped",
            weight=Weight.SEPARATED,
            confidence="medium" if arrived else sure,
            title=say("Empty folders were left out: the program that carried the files carries no empty folder"),
            evidence=(
                plural(
                    total,
                    "{n} folder without files is missing, and {arrived} arrived: {names}.",
                    "{n} folders without files are missing, and {arrived} arrived: {names}.",
                    arrived=number(arrived),
                    names=listed(names, total),
                ),
            ),
            remedy=(
                say("Make them: {command}", command=text(_MAKE)),
                say("Programs often need them (uploads, cache, sessions) and fail when they cannot write there."),
            ),
            explains=lambda seen: (
                seen.kind is PathClass.MISSING and seen.whole is not None and seen.whole in folders.hollow_missing
            ),
        )
