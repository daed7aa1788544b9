"""Generated files, caches, sessions and logs: they differ on every two hosts and are made anew."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, say

_TOLD, _FEW = 3, 3
_FOLDERS = frozenset(
    b"cache caches .cache et-cache twig_cache smarty_cache cache_fs compile litespeed wflogs __pycache__ "
    b"tmp temp sessions session logs log upgrade-temp-backup".split()
)
#: Where programs keep their own code: what is called a cache there is a part of the program that makes one.
_CODE = frozenset(
    b"vendor node_modules wp-includes wp-admin lib libs library libraries src classes includes inc plugins".split()
)
_ENDINGS = (b".log", b".tmp", b".cache", b".pyc")
_SESSION = re.compile(rb"sess_[0-9a-z,-]+\Z")
_LOSSES = (PathClass.MISSING, PathClass.EXTRA, PathClass.CHANGED, PathClass.NOT_CHECKED)


class Caches(Cause):
    """Differences below folders that such files live in, or with names that they have."""

    kinds = frozenset(_LOSSES)

    def __init__(self) -> None:
        self._total = self._others = 0
        self._first: list[bytes] = []

    def add(self, seen: Observation) -> None:
        """Take one difference."""
        if not is_generated(seen):
            self._others += 1
            return
        self._total += 1
        if len(self._first) < _TOLD and (seen.is_unit or not self._first):
            self._first.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield what the names suggest; when nothing else differs, that is the story."""
        if not self._total:
            return
        alone = self._total == scene.census.differences
        yield Hypothesis(
            cause="generated_files",
            weight=Weight.SEPARATED if alone else Weight.NAMED,
            confidence="medium" if alone and self._total >= _FEW else "low",
            title=say("Only generated files, caches, sessions and logs differ")
            if alone
            else say("Generated files, caches and logs differ"),
            evidence=(
                plural(
                    self._total,
                    "{n} path has a name of files that programs make anew: {names}.",
                    "{n} paths have names of files that programs make anew: {names}.",
                    names=listed(self._first, self._total),
                ),
                plural(
                    scene.census.differences - self._total,
                    "{n} difference is not of this kind.",
                    "{n} differences are not of this kind.",
                ),
            ),
            remedy=(say("Nothing has to be sent. To have them left out, write a rule `ignore` for these folders."),),
            explains=is_generated,
        )


def is_generated(seen: Observation) -> bool:
    """Whether a difference is in a file that programs make anew, by its name."""
    if seen.kind not in _LOSSES:
        return False
    name = seen.name.lower()
    if name == b"error_log" or _SESSION.match(name):
        return True
    is_named = name in _FOLDERS if seen.is_folder else name.endswith(_ENDINGS)
    in_folders = _is_generated_below(seen.folder)
    return is_named if in_folders is None else in_folders


@lru_cache(64)
def _is_generated_below(folder: bytes) -> bool | None:
    """Whether what a folder holds is of that kind, or surely not; ``None`` when its own name says it.

    One folder after the other is asked for many times.
    """
    above = folder.lower().split(b"/")
    if not _CODE.isdisjoint(above):
        return False
    return None if _FOLDERS.isdisjoint(above) else True
