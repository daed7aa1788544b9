"""The target had no room left: from one moment on nothing that came has its content."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.causes.truncated import equal_up_to
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation, is_emptied
from handover.diagnosis.tables import Threshold
from handover.diagnosis.words import moment, number, plural, resend, say
from handover.report import Fact

_LEAST, _FEW = 2, 3
_ENOUGH = 10
_TICK_NS = 20 * 10**6


class DiskFull(Cause):
    """Empty and cut files, all of which came later than those that are whole."""

    kinds = frozenset({PathClass.CHANGED})
    wants = Aspect.COMING | Aspect.FOLDERS

    def __init__(self) -> None:
        self._empty = self._cut = 0
        self._since_ns: int | None = None

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        self._empty += is_emptied(seen)
        if not _is_cut(seen):
            return
        self._cut += not is_emptied(seen)
        came = seen.target_stat.ctime_ns
        if came is not None:
            self._since_ns = came if self._since_ns is None else min(came, self._since_ns)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield it when empty files came after all others; a single broken transfer leaves none behind."""
        full = self._since(scene.census)
        if self._empty < _FEW or full is None or full.lost_above < _FEW or not full.arrived_below:
            return
        folders = scene.folders
        # A disk that is full stays so: only the folder that was being filled has files of both kinds.
        if folders.mixed > max(_LEAST, folders.emptied // 4):
            return
        none_after = not full.arrived_above
        yield Hypothesis(
            cause="disk_full",
            weight=Weight.WHOLE,
            confidence="high" if none_after and self._empty >= _ENOUGH and folders.emptied >= _LEAST else "medium",
            title=say("The disk or the quota of the target was full"),
            evidence=(
                plural(
                    self._empty,
                    "{n} file is empty on the target and {cut} are cut.",
                    "{n} files are empty on the target and {cut} are cut.",
                    cut=number(self._cut),
                ),
                plural(
                    full.lost_above,
                    "{n} of them came after {moment}, by the target's clock.",
                    "{n} of them came after {moment}, by the target's clock.",
                    moment=moment(full.value),
                ),
                plural(
                    full.arrived_below,
                    "{n} file with content came before, {after} after.",
                    "{n} files with content came before, {after} after.",
                    after=number(full.arrived_above),
                ),
            ),
            remedy=(
                say("Make room on the target (`df -h`, `df -i`, `quota`), then send the rest again:"),
                resend(scene.context.part, checksum=True),
            ),
            explains=lambda seen: _explains(seen, missing_too=none_after, since_ns=full.value),
            facts=(Fact(name="since_ns", value=str(full.value)),),
        )

    def _since(self, census: Census) -> Threshold | None:
        """Return the moment from which on all came empty; of a quick copy both kinds come in one tick of the clock."""
        full = census.arrived_ns.threshold()
        if full is None or full.clean:
            return full
        since, latest, lost = self._since_ns, census.latest, self._empty + self._cut
        if since is None or latest is None or since < latest[0] - _TICK_NS:
            return None
        return Threshold(since, lost, lost, 0, 0, 0, census.files, latest[0])


def _explains(seen: Observation, *, missing_too: bool, since_ns: int) -> bool:
    if seen.kind is PathClass.MISSING:
        return missing_too
    return (seen.target_stat.ctime_ns or 0) >= since_ns and _is_cut(seen)


def _is_cut(seen: Observation) -> bool:
    return is_emptied(seen) or equal_up_to(seen) is not None
