"""Everything above one size is missing: a limit of the transfer, of the panel or of the filesystem."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.tables import Threshold
from handover.diagnosis.words import number, plural, resend, say, size, text
from handover.report import Fact
from handover.sentences import Sentence, Value

_FEW, _ENOUGH = 2, 5
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
#: How people set limits, the usual ones first; programs and filesystems count in powers of two.
_LIMITS = tuple(
    (n, *unit) for n in (1, 2, 4, 10, 100, 5, 50, 500, 8, 20, 25, 32, 64, 128, 16, 256, 512) for unit in _UNITS
)


class SizeLimit(Cause):
    """Missing files that are all larger than any that arrived."""

    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.SIZES | Aspect.FOLDERS

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the limit when nothing above it arrived and nearly nothing below it is missing."""
        limit = scene.census.sizes.threshold()
        if limit is None or not limit.clean or limit.units_above < _FEW or 4 * limit.arrived_below < limit.lost_above:
            return
        sure = trust(
            limit.likelihood,
            enough=limit.units_above >= _ENOUGH and not limit.arrived_above and scene.folders.divided > 0,
        )
        if sure is None:
            return
        told = _told(limit)
        yield Hypothesis(
            cause="size_limit",
            weight=Weight.SEPARATED,
            confidence=sure,
            title=say("Every missing file is larger than {limit}", limit=told)
            if not limit.lost_below
            else say("Files over {limit} are missing", limit=told),
            evidence=_evidence(limit),
            remedy=(
                say("Look for a limit where it was sent: rsync --max-size, a panel's or a filesystem's largest file."),
                resend(scene.context.part),
            ),
            explains=lambda seen: seen.kind is PathClass.MISSING and seen.is_file and seen.size >= limit.value,
            facts=(
                Fact(name="smallest_missing_bytes", value=str(limit.value)),
                Fact(name="largest_arrived_bytes", value=str(limit.largest_below)),
            ),
        )


def _evidence(limit: Threshold) -> tuple[Sentence, ...]:
    return (
        plural(
            limit.lost_above,
            "{n} missing file is larger than that; of those that arrived, {larger} are larger and {smaller} "
            "are smaller.",
            "{n} missing files are larger than that; of those that arrived, {larger} are larger and {smaller} "
            "are smaller.",
            larger=number(limit.arrived_above),
            smaller=number(limit.arrived_below),
        ),
        plural(limit.lost_below, "{n} smaller file is missing.", "{n} smaller files are missing."),
        say(
            "So the limit lies between {least} and {most}.",
            least=size(limit.largest_below),
            most=size(limit.value),
        ),
    )


def _told(limit: Threshold) -> Value:
    """Return the limit as people set one: the usual one that lies in between, or else the largest size that arrived."""
    for n, unit, name in _LIMITS:
        if limit.largest_below <= n * unit < limit.value:
            return text(f"{n} {name}")
    return size(limit.largest_below)
