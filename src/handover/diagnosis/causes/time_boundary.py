"""All that differs was changed after one moment: an older copy was used, or the source was edited after the copy."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.tables import Threshold
from handover.diagnosis.words import moment, number, plural, resend, say
from handover.report import Fact
from handover.sentences import Sentence

_FEW, _ENOUGH = 3, 5
_DAY_NS = 86_400 * 10**9


class TimeBoundary(Cause):
    """Missing and changed files that are all newer on the source than everything that arrived."""

    wants = Aspect.TIMES | Aspect.COMING | Aspect.FOLDERS
    only_with = frozenset({PathClass.MISSING, PathClass.CHANGED})

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the boundary, told by what the terms say about time."""
        since = scene.census.modified_ns.threshold()
        if since is None or not since.clean or since.units_above < _FEW or 4 * since.arrived_below < since.lost_above:
            return
        divides = scene.folders.divided > 0 or PathClass.CHANGED in scene.context.kinds
        sure = trust(since.likelihood, enough=since.units_above >= _ENOUGH and not since.arrived_above and divides)
        if sure is None:
            return
        cause, title, remedy = _told(since, scene)
        yield Hypothesis(
            cause=cause,
            weight=Weight.SEPARATED,
            confidence=sure,
            title=title,
            evidence=(
                plural(
                    since.lost_above,
                    "On the source, {n} file that is missing or older on the target was changed after {before}: "
                    "{first}.",
                    "On the source, {n} files that are missing or older on the target were changed after {before}, "
                    "the first of them {first}.",
                    before=moment(since.largest_below),
                    first=moment(since.value),
                ),
                plural(
                    since.arrived_above,
                    "Of the files that arrived unharmed, {n} is that new and {older} are older.",
                    "Of the files that arrived unharmed, {n} are that new and {older} are older.",
                    older=number(since.arrived_below),
                ),
            ),
            remedy=(remedy, resend(scene.context.part)),
            explains=lambda seen: _newer(seen, since.value, scene.census.spans),
            facts=(Fact(name="since_ns", value=str(since.value)),),
        )


def _told(since: Threshold, scene: Scene) -> tuple[str, Sentence, Sentence]:
    frozen, edited = scene.context.frozen_from_ns, since.value - scene.source_ahead_ns
    if frozen is not None and edited >= frozen:
        return (
            "edited_after_freeze",
            say("The source was edited after {frozen}, when it was to be frozen", frozen=moment(frozen)),
            say("Stop all writing on the source, then send what is new once more."),
        )
    first = scene.census.first_arrival_ns
    if first is not None and edited >= first - scene.target_ahead_ns:
        return (
            "edited_after_copy",
            say(
                "The source was edited after the copy was made: what is newer than {moment} did not arrive",
                moment=moment(since.value),
            ),
            say("Send what is new once more; freeze the source first."),
        )
    if first is not None and edited < first - scene.target_ahead_ns - _DAY_NS:
        return (
            "older_backup",
            say(
                "The target was filled from an older state: nothing newer than {moment} is there",
                moment=moment(since.largest_below),
            ),
            say("Ask from which backup it was restored, and send what is newer."),
        )
    return (
        "older_state",
        say(
            "The target has the state of {moment}: what is newer on the source did not arrive",
            moment=moment(since.largest_below),
        ),
        say("It was copied then, or from a backup of then. Send what is newer."),
    )


def _newer(seen: Observation, since_ns: int, spans: dict[bytes, tuple[int, int]]) -> bool:
    """Whether a path is newer than that; a missing folder is when its oldest file is, whatever its own time."""
    if seen.is_folder and seen.kind is PathClass.MISSING and seen.whole in spans:
        return spans[seen.whole][0] >= since_ns
    modified, there = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    if modified is None or modified < since_ns:
        return False
    if seen.kind is PathClass.CHANGED:
        return there is None or modified // 10**9 != there // 10**9
    return seen.kind is PathClass.MISSING
