"""Which explanations are told: the strongest first, and each difference counts for one of them only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from handover.comparison import share_bp
from handover.diagnosis.hypothesis import Hypothesis, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import inner, say
from handover.report import Finding
from handover.sentences import english

_AT_MOST = 12
_CONFIDENCE = {"high": 4, "medium": 3, "low": 1}
_FEW = 3


def coverage(hypotheses: Sequence[Hypothesis], seen: Iterable[Observation]) -> Counter[int]:
    """Return how many differences each set of hypotheses explains; sets are bits, in the order given."""
    counts: Counter[int] = Counter()
    tests = [(1 << place, hypothesis.explains) for place, hypothesis in enumerate(hypotheses)]
    for observation in seen:
        counts[sum([bit for bit, explains in tests if explains(observation)])] += 1
    return counts


def choose(hypotheses: Sequence[Hypothesis], covered: Counter[int], part: str) -> tuple[Finding, ...]:
    """Return the findings of a part, each with the differences that none before it explains."""
    total, left = covered.total(), covered.copy()
    findings: list[Finding] = []
    open_places = list(range(len(hypotheses)))
    while open_places and len(findings) < _AT_MOST:
        remaining = {place: _count(left, place) for place in open_places}
        best = max(open_places, key=lambda place: (_score(hypotheses[place], remaining[place]), -place))
        count = remaining[best]
        if not count:
            break
        open_places.remove(best)
        # What was nearly all told by stronger ones has lost its evidence; a handful among thousands is no story.
        if 4 * count < _count(covered, best) or (count < _FEW and 50 * count < total):
            continue
        told = _with_rivals(hypotheses, best, left)
        left = Counter({mask: n for mask, n in left.items() if not mask >> best & 1})
        findings.append(_finding(told, part, count, total))
    return tuple(findings)


def _count(covered: Counter[int], place: int) -> int:
    return sum(n for mask, n in covered.items() if mask >> place & 1)


def _score(hypothesis: Hypothesis, count: int) -> int:
    return hypothesis.weight * _CONFIDENCE[hypothesis.confidence] * count


def _with_rivals(hypotheses: Sequence[Hypothesis], best: int, left: Counter[int]) -> Hypothesis:
    """Return the hypothesis, less sure when another one as strong explains the same differences."""
    chosen, count = hypotheses[best], _count(left, best)
    for place, rival in enumerate(hypotheses):
        if rival.cause == chosen.cause or rival.weight != chosen.weight or rival.weight > Weight.SEPARATED:
            continue
        both = sum(n for mask, n in left.items() if mask >> best & 1 and mask >> place & 1)
        if rival.confidence == "high" and 20 * both >= 19 * count:
            also = say("It also fits: {title}.", title=inner(rival.title))
            lower = "medium" if chosen.confidence == "high" else chosen.confidence
            return replace(chosen, confidence=lower, evidence=(*chosen.evidence, also))
    return chosen


def _finding(told: Hypothesis, part: str, count: int, total: int) -> Finding:
    texts = (told.title, *told.evidence, *told.remedy)
    return Finding(
        cause=told.cause,
        title=english(told.title),
        part=part,
        count=count,
        share_bp=min(share_bp(count, total), 10_000),
        confidence=told.confidence,
        evidence=tuple(map(english, told.evidence)),
        remedy=tuple(text if isinstance(text, str) else english(text) for text in told.remedy),
        facts=told.facts,
        sentences=tuple(text for text in texts if not isinstance(text, str)),
    )
