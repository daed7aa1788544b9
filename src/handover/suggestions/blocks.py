"""Blocks that panels and programs write into a file of the site: the rest of it has to be the same."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.observation import Observation
from handover.rules import Rule, RuleKind
from handover.suggestions.replaced import Replaced
from handover.suggestions.source import Ground, Source


class Blocks(Source):
    """Changed files in which a preset knows of blocks; a text may have been replaced in the rest as well."""

    def __init__(self, ground: Ground, replaced: Replaced) -> None:
        self._replaced = replaced
        self._blocks = [(re.compile(rule.regex), rule) for rule in ground.known() if rule.kind is RuleKind.IGNORE_BLOCK]

    def rules_for(self, seen: Observation, /) -> tuple[Rule, ...]:
        """Return all blocks that the file may have, and the replacement: which of them it is, its contents decide."""
        if seen.kind is not PathClass.CHANGED or not seen.is_file:
            return ()
        blocks = tuple(rule for expression, rule in self._blocks if expression.fullmatch(seen.path))
        return blocks + self._replaced.rest_of(seen.path) if blocks else ()

    def rules(self) -> Iterator[Rule]:
        """Yield them in the order of the presets."""
        for _, rule in self._blocks:
            yield rule
