"""Names and files of a kind that some systems refuse: they are missing wherever they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import Trait, traits
from handover.diagnosis.words import listed, number, plural, resend, say
from handover.report import Fact

_LEAST, _ENOUGH = 2, 5
_TOLD = 3
_TITLES = {
    Trait.NON_ASCII: say("Names with letters beyond ASCII are missing: something on the way could not handle them"),
    Trait.NOT_UTF8: say("Names that are no UTF-8 are missing: something on the way could not handle them"),
    Trait.CONTROL: say(
        "Names with control characters, such as a line feed, are missing: a list of names broke at them"
    ),
    Trait.SPACE: say("Names with a space are missing: a script on the way did not quote them"),
    Trait.WINDOWS: say("Names that Windows forbids are missing: the way led over Windows, FAT or a network share"),
    Trait.LONG_NAME: say("Long names are missing: something on the way allows only shorter ones"),
    Trait.LONG_PATH: say("Long paths are missing: Windows programs stop at 259 characters"),
    Trait.EMPTY: say("Empty files are missing: the program or store on the way does not carry them"),
}


class Refused(Cause):
    """Missing paths with a trait of which nearly nothing arrived."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.NAMES

    def __init__(self) -> None:
        self._first: dict[Trait, list[bytes]] = {}

    def add(self, seen: Observation) -> None:
        """Take one missing path."""
        if seen.is_unit:
            for trait in traits(seen.path, empty=seen.is_file and not seen.size):
                first = self._first.setdefault(trait, [])
                if len(first) < _TOLD:
                    first.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield each trait that parts what is missing from what arrived."""
        census = scene.census
        # What is there under another name was not refused.
        renamed = {trait for path, _ in scene.pairs.sample() for trait in traits(path, empty=False)}
        for trait, first in sorted(self._first.items()):
            count = census.traits.of(trait.encode())
            if (
                trait in renamed
                or count is None
                or count.units < _LEAST
                or 50 * count.arrived > count.units
                or not census.files
            ):
                continue
            likely = chance(count.units, lost=census.units - count.units, arrived=census.files, tries=len(Trait))
            sure = trust(likely, enough=count.units >= _ENOUGH and not count.arrived)
            if sure is None:
                continue
            yield Hypothesis(
                cause=f"refused_{trait.value}",
                weight=Weight.SEPARATED,
                confidence=sure,
                title=_TITLES[trait],
                evidence=(
                    plural(
                        count.units,
                        "{n} such path is missing, for example {names}, and {arrived} arrived.",
                        "{n} such paths are missing, for example {names}, and {arrived} arrived.",
                        names=listed(first),
                        arrived=number(count.arrived),
                    ),
                ),
                remedy=(
                    say("Send them with a program that takes every name, such as rsync:"),
                    resend(scene.context.part),
                ),
                explains=_has(trait),
                facts=(Fact(name="trait", value=trait.value),),
            )


def _has(trait: Trait) -> Callable[[Observation], bool]:
    """Return whether a missing path has the trait, by itself or by a folder that it is in."""
    return lambda seen: (
        seen.kind is PathClass.MISSING and trait in traits(seen.path, empty=seen.is_file and not seen.size)
    )
