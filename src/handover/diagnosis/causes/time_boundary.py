"""All that differs was changed after one moment: an older copy was used, or the source was edited after the copy."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.tables import Threshold
from handover.diagnosis.words import moment, number, resend
from handover.report import Fact

_FEW, _ENOUGH = 3, 5
_DAY_NS = 86_400 * 10**9


class TimeBoundary(Cause):
    """Missing and changed files that are all newer on the source than everything that arrived."""

    wants = Aspect.TIMES | Aspect.COMING
    only_with = frozenset({PathClass.MISSING, PathClass.CHANGED})

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the boundary, told by what the terms say about time."""
        since = scene.census.modified_ns.threshold()
        if since is None or not since.clean or since.units_above < _FEW or since.arrived_below < since.lost_above:
            return
        sure = since.units_above >= _ENOUGH and not since.arrived_above
        cause, title, remedy = _told(since, scene)
        yield Hypothesis(
            cause=cause,
            weight=Weight.SEPARATED,
            confidence="high" if sure else "medium",
            title=title,
            evidence=(
                (
                    f"On the source, {number(since.lost_above)} files that are missing or older on the target "
                    "were changed "
                    f"after {moment(since.largest_below)}, the first of them {moment(since.value)}."
                ),
                (
                    f"Of the files that arrived unharmed, {number(since.arrived_above)} are that new and "
                    f"{number(since.arrived_below)} are older."
                ),
            ),
            remedy=(remedy, resend(scene.context.part)),
            explains=lambda seen: _newer(seen, since.value),
            facts=(Fact(name="since_ns", value=str(since.value)),),
        )


def _told(since: Threshold, scene: Scene) -> tuple[str, str, str]:
    frozen, edited = scene.context.frozen_from_ns, since.value - scene.source_ahead_ns
    if frozen is not None and edited >= frozen:
        return (
            "edited_after_freeze",
            f"The source was edited after {moment(frozen)}, when it was to be frozen",
            "Stop all writing on the source, then send what is new once more.",
        )
    first = scene.census.first_arrival_ns
    if first is not None and edited >= first - scene.target_ahead_ns:
        return (
            "edited_after_copy",
            f"The source was edited after the copy was made: what is newer than {moment(since.value)} did not arrive",
            "Send what is new once more; freeze the source first.",
        )
    if first is not None and edited < first - scene.target_ahead_ns - _DAY_NS:
        return (
            "older_backup",
            f"The target was filled from an older state: nothing newer than {moment(since.largest_below)} is there",
            "Ask from which backup it was restored, and send what is newer.",
        )
    return (
        "older_state",
        f"The target has the state of {moment(since.largest_below)}: what is newer on the source did not arrive",
        "It was copied then, or from a backup of then. Send what is newer.",
    )


def _newer(seen: Observation, since_ns: int) -> bool:
    modified, there = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    if modified is None or modified < since_ns:
        return False
    if seen.kind is PathClass.CHANGED:
        return there is None or modified // 10**9 != there // 10**9
    return seen.kind is PathClass.MISSING
