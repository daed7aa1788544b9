"""Not one file of the source is on the target."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import plural, resend, say

_FEW = 3


class Nothing(Cause):
    """Everything is missing; what came with other content or under another name is a better story."""

    kinds = frozenset({PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED, PathClass.NOT_CHECKED})
    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.FILES

    def __init__(self) -> None:
        self._missing = self._others = 0

    def add(self, seen: Observation) -> None:
        """Take one difference."""
        if seen.kind is PathClass.MISSING:
            self._missing += seen.is_file
        else:
            self._others += 1

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield it for a site of some files."""
        if scene.census.files or self._others or self._missing < _FEW:
            return
        yield Hypothesis(
            cause="nothing_arrived",
            weight=Weight.SHAPED,
            confidence="high",
            title=say("Not one file of the source is on the target: nothing was sent, or another folder was read"),
            evidence=(
                plural(
                    self._missing,
                    "{n} file is missing, and none is there by its name.",
                    "{n} files are missing, and none of them is there by its name.",
                ),
            ),
            remedy=(
                say("See first whether the folder that was read on the target is the one that the site is in."),
                resend(scene.context.part),
            ),
            explains=lambda seen: seen.kind is PathClass.MISSING and not scene.pairs.moved(seen),
        )
