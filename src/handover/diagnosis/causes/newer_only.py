"""Only what was changed since one moment arrived: a backup that holds changes alone, or a copy of new files."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import moment, number, plural, resend, say
from handover.report import Fact

_FEW, _ENOUGH = 3, 5


class NewerOnly(Cause):
    """Missing files that are all older on the source than everything that arrived."""

    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.TIMES | Aspect.AGES | Aspect.FOLDERS

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the boundary; on the axis of ages what is lost lies above it."""
        older = scene.census.aged_ns.threshold()
        if older is None or not older.clean or older.units_above < _FEW or not older.arrived_below:
            return
        enough = older.units_above >= _ENOUGH and not older.arrived_above and scene.folders.divided > 0
        sure = trust(older.likelihood, enough=enough)
        if sure is None:
            return
        until_ns, since_ns = -older.value, -older.largest_below
        spans = scene.census.spans

        def explains(seen: Observation) -> bool:
            if seen.kind is not PathClass.MISSING:
                return False
            if seen.is_folder:
                return seen.whole in spans and spans[seen.whole][1] <= until_ns
            modified = seen.source_stat.modified_ns
            return seen.is_file and modified is not None and modified <= until_ns

        yield Hypothesis(
            cause="newer_only",
            weight=Weight.SEPARATED,
            confidence=sure,
            title=say(
                "Only what is newer than {moment} arrived: what is older on the source is missing",
                moment=moment(since_ns),
            ),
            evidence=(
                plural(
                    older.lost_above,
                    "On the source, {n} missing file was last changed before that: {last}.",
                    "On the source, {n} missing files were last changed before that, the last of them {last}.",
                    last=moment(until_ns),
                ),
                plural(
                    older.arrived_above,
                    "Of the files that arrived, {n} is that old and {newer} are newer.",
                    "Of the files that arrived, {n} are that old and {newer} are newer.",
                    newer=number(older.arrived_below),
                ),
            ),
            remedy=(
                say(
                    "Look whether a backup of changes was restored without the full one before it, or whether the "
                    "copy was limited to new files (`find -mtime`, `tar --newer`)."
                ),
                resend(scene.context.part),
            ),
            explains=explains,
            facts=(Fact(name="until_ns", value=str(until_ns)),),
        )
