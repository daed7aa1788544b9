"""Likely causes of the differences of one part: opinion with evidence, never part of a verdict.

Both manifests and the differences are read twice. In the first pass every cause watches and counts; then each says what
may explain the differences, and against what. The second pass counts which explanation fits which difference, so that
the strongest are told first, none tells what another one told, and what nothing explains stays open. Memory is bounded.
This package is pure: streams in, findings out.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from handover.diagnosis.causes import CAUSES
from handover.diagnosis.census import Census
from handover.diagnosis.choosing import choose, coverage
from handover.diagnosis.folders import Folders
from handover.diagnosis.hypothesis import Context, Hypothesis, Scene
from handover.diagnosis.observation import CAUSED, Arrived, Streams, observe
from handover.diagnosis.pairs import Pairs
from handover.manifest import Header
from handover.report import Finding

__all__ = ["Context", "Streams", "diagnose"]

Evidence = Callable[[], AbstractContextManager[Streams]]


def diagnose(evidence: Evidence, context: Context) -> tuple[Finding, ...]:
    """Return the findings of one part, the strongest first; none when nothing known explains its differences.

    ``evidence`` opens the streams, each from its beginning, and is called twice at most. Raises ``MalformedInput``.
    """
    with evidence() as streams:
        hypotheses = _hypotheses(streams, context)
    if not hypotheses:
        return ()
    with evidence() as streams:
        covered = coverage(hypotheses, observe(streams))
    return choose(hypotheses, covered, context.part)


def _hypotheses(streams: Streams, context: Context) -> list[Hypothesis]:
    census, folders, pairs = Census(), Folders(), Pairs()
    causes = [cause() for cause in CAUSES]
    takers = {kind: [cause.add for cause in causes if kind in cause.kinds] for kind in CAUSED}

    def arrived(seen: Arrived) -> None:
        census.arrived(seen)
        folders.arrived(seen)

    for seen in observe(streams, arrived):
        census.add(seen)
        folders.add(seen)
        pairs.add(seen)
        for take in takers[seen.kind]:
            take(seen)
    folders.finish()
    ahead = (_ahead_ns(streams.source.header), _ahead_ns(streams.target.header))
    scene = Scene(context, *ahead, census, folders, pairs)
    return [hypothesis for cause in causes for hypothesis in cause.hypotheses(scene)]


def _ahead_ns(header: Header) -> int:
    return (header.clock.skew_ms or 0) * 10**6
