"""Rules that would settle differences of a finished round: proposals with reasons, never applied by themselves.

A missing path is settled only by a rule of a preset, which is written for what every host makes anew; nothing that was
guessed from places, times or sizes ever speaks of one. So no suggestion hides the loss of what people made. This
package is pure: streams in, suggestions out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handover.comparison import PathClass
from handover.diagnosis import Streams
from handover.diagnosis.observation import observe
from handover.rules import Rule
from handover.suggestions.blocks import Blocks
from handover.suggestions.known import Known
from handover.suggestions.live import Live
from handover.suggestions.replaced import Replaced
from handover.suggestions.source import Ground, Source, effect

__all__ = ["Ground", "Suggestion", "effect", "suggest"]

#: More than a person reads; what is left over stays a difference.
MAX_SUGGESTIONS = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One rule, how many differences of each class it would settle, and the path of the first of them.

    A rule that keeps proof settles them only when the next round finds the contents equal but for what it names.
    """

    rule: Rule
    counts: dict[PathClass, int]
    example: bytes


def suggest(streams: Streams, ground: Ground) -> tuple[Suggestion, ...]:
    """Return the rules that would settle some of the differences, in the order in which they have to stand.

    A difference counts for the first source that settles it. Raises ``MalformedInput``.
    """
    replaced = Replaced(ground)
    sources: tuple[Source, ...] = (Known(ground), Blocks(ground, replaced), replaced, Live(ground))
    in_force = set(map(effect, ground.rules.rules))
    found: dict[Rule, Suggestion] = {}
    for seen in observe(streams):
        # What is in force already has not settled this one: the next source may.
        fresh = ([rule for rule in one.rules_for(seen) if effect(rule) not in in_force] for one in sources)
        for rule in next(filter(None, fresh), ()):
            suggestion = found.setdefault(rule, Suggestion(rule, {}, seen.path))
            suggestion.counts[seen.kind] = suggestion.counts.get(seen.kind, 0) + 1
    return tuple(_in_order(found, sources))[:MAX_SUGGESTIONS]


def _in_order(found: dict[Rule, Suggestion], sources: tuple[Source, ...]) -> Iterator[Suggestion]:
    """Yield suggestions in the order of their sources, and of the rules in each: the first that matches wins."""
    for source in sources:
        for rule in source.rules():
            if rule in found:
                yield found[rule]
