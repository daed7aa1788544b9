"""What suggestions come from: what is known of a part, and who makes a rule of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from handover.diagnosis.observation import Observation
from handover.presets import Preset
from handover.rules import Rule, RuleSet

#: Who wrote a rule that is suggested, until somebody takes it as his own.
ORIGIN: Final = "suggested"


@dataclass(frozen=True, slots=True)
class Ground:
    """What is known of one part beside its differences.

    ``rules`` are those in force. ``presets`` may fit the site. Roots are as the hosts name them. ``cutover_ns`` is when
    the target went live by the target's own clock, in nanoseconds since 1970; ``None`` when nobody says it.
    """

    rules: RuleSet
    presets: tuple[Preset, ...]
    source_root: bytes
    target_root: bytes
    cutover_ns: int | None = None

    def known(self) -> Iterator[Rule]:
        """Yield the rules of the presets that are not in force, each once, those of the first preset first."""
        seen = set(map(effect, self.rules.rules))
        for rule in (rule for preset in self.presets for rule in preset.rules):
            if effect(rule) not in seen:
                seen.add(effect(rule))
                yield replace(rule, origin=ORIGIN)


class Source(ABC):
    """One kind of reason for a rule."""

    @abstractmethod
    def rules_for(self, seen: Observation, /) -> tuple[Rule, ...]:
        """Return the rules that together would settle a difference; none when this is no reason for it."""

    @abstractmethod
    def rules(self) -> Iterator[Rule]:
        """Yield the rules that were returned, and perhaps others, in the order in which they have to stand."""


def effect(rule: Rule) -> object:
    """Return what a rule does and where: two that keep proof can share a pattern, others cannot."""
    return (rule.pattern, rule.begin, rule.end, rule.replace)
