"""Names that differ by case or by composed characters alone, and that the target's filesystem takes for one."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect, fold
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, say

_KEEP, _FEW = 4096, 2


class Twins(Cause):
    """Missing and changed paths that share their folded name with another path of the source."""

    kinds = frozenset({PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED})
    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.SPELLING

    def __init__(self) -> None:
        self._paths: list[bytes] = []

    def add(self, seen: Observation) -> None:
        """Take one missing or changed path; keep a few as examples."""
        if seen.is_unit and len(self._paths) < _KEEP:
            self._paths.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the twins of which one is lost: where both arrived, the target tells them apart."""
        if not scene.census.missing:
            return
        twins = scene.census.twins()
        lost = [path for path in self._paths if fold(path) in twins] if len(twins) else []
        if not lost:
            return
        yield Hypothesis(
            cause="name_collision",
            weight=Weight.PROVEN,
            confidence="high" if len(lost) >= _FEW else "medium",
            title=say("Names that differ only by case fell together: the target's filesystem takes them for one"),
            evidence=(
                plural(
                    len(lost),
                    "{n} lost path has a twin on the source that is spelled alike but for case or composed characters: "
                    "{names}.",
                    "{n} lost paths have a twin on the source that is spelled alike but for case or composed "
                    "characters: {names}.",
                    names=listed(lost),
                ),
            ),
            remedy=(
                say(
                    "Use a filesystem that tells case apart (not FAT, exFAT, NTFS or the default of macOS) on the "
                    "whole way, or rename one of each pair on the source."
                ),
            ),
            explains=lambda seen: (
                seen.source is not None
                and seen.kind in self.kinds
                and any(fold(path) in twins for path in _with_above(seen.path))
            ),
        )


def _with_above(path: bytes) -> Iterator[bytes]:
    while path:
        yield path
        path = path.rpartition(b"/")[0]
