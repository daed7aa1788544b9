"""Rules of presets that fit the site and are not in force."""

from __future__ import annotations

from collections.abc import Iterator

from handover.diagnosis.observation import Observation
from handover.pairs import agrees
from handover.rules import Rule, RuleKind, RuleSet
from handover.suggestions.source import Ground, Source


class Known(Source):
    """Caches, logs and settings of a kind of site that nobody named, and what hosts add to any."""

    def __init__(self, ground: Ground) -> None:
        self._rules = RuleSet(tuple(rule for rule in ground.known() if not rule.kind.keeps_proof))

    def rules_for(self, seen: Observation, /) -> tuple[Rule, ...]:
        """Return the preset's rule for a path, when it settles what differs there."""
        rule = self._rules.match(seen.path)
        if rule is None or not (rule.kind is RuleKind.IGNORE or agrees(rule, seen.kind)):
            return ()
        return (rule,)

    def rules(self) -> Iterator[Rule]:
        """Yield all of them, those of the first preset first."""
        yield from self._rules.rules
