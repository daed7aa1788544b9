"""A filter on the way: all files of one ending or pattern, or all with one name, are missing wherever they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect, Census, shape, suffix
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.tables import Count, Tally
from handover.diagnosis.words import listed, plural, resend, say, short, text
from handover.report import Fact
from handover.sentences import Sentence

_LEAST, _FEW, _ENOUGH = 2, 3, 5


class Filtered(Cause):
    """Endings, patterns and names of which nothing arrived, although the folders that they were in did."""

    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.NAMES | Aspect.FOLDERS | Aspect.FILES

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield endings of which none arrived, then patterns and names of which none arrived."""
        census = scene.census
        if not census.files:
            return
        yield from _kinds(_unseen(census, census.suffixes), suffix, Weight.SEPARATED, scene)
        yield from _kinds(_unseen(census, census.shapes), shape, Weight.ALIKE, scene)
        yield from _names(scene)


def _kinds(
    found: dict[bytes, Count], kind_of: Callable[[bytes], bytes], weight: Weight, scene: Scene
) -> Iterator[Hypothesis]:
    units = sum(count.units for count in found.values())
    if units < _FEW:
        return
    kinds = frozenset(found)
    spread = any(count.spread for count in found.values())
    told = ", ".join(_told(kind, kind_of) for kind in sorted(kinds)[:_ENOUGH])
    likely = chance(units, lost=scene.census.units - units, arrived=scene.census.files, tries=len(kinds))
    # Where nothing else was in the only folder, that is as well the reason.
    sure = trust(likely, enough=units >= _ENOUGH and (spread or scene.folders.divided > 0))
    if sure is None:
        return
    yield Hypothesis(
        cause="filtered",
        weight=weight if spread else Weight.ALIKE,
        confidence=sure,
        title=say("Every file of one kind is missing: {endings}", endings=text(told)),
        evidence=(_missing_kind(units, spread=spread),),
        remedy=(
            say(
                "Look for a filter where it was sent (--exclude, a list of types in the panel or in the FTP "
                "program, a virus scanner)."
            ),
            resend(scene.context.part),
        ),
        explains=lambda seen: seen.kind is PathClass.MISSING and seen.is_file and kind_of(seen.name) in kinds,
        facts=tuple(Fact(name="ending", value=paths.shown(kind)) for kind in sorted(kinds)[:_ENOUGH]),
    )


def _unseen(census: Census, tally: Tally) -> dict[bytes, Count]:
    """Return the kinds of which several are missing from folders that arrived, and none is there."""
    # In folders that are missing as a whole everything is missing: that says nothing about kinds.
    found = {
        kind: count
        for kind, count in tally.items()
        if kind and not count.arrived and count.units >= _LEAST and 2 * count.units >= count.lost
    }
    others = census.units - sum(count.units for count in found.values())
    return {
        kind: count
        for kind, count in found.items()
        if trust(chance(count.units, lost=others, arrived=census.files, tries=len(found))) is not None
    }


def _told(kind: bytes, kind_of: Callable[[bytes], bytes]) -> str:
    return "*" + short(kind) if kind_of is suffix else short(kind.replace(b"#", b"*"))


def _missing_kind(units: int, *, spread: bool) -> Sentence:
    if not spread:
        return plural(
            units,
            "{n} such file is missing from a folder that arrived, and not one such file arrived.",
            "{n} such files are missing from a folder that arrived, and not one such file arrived.",
        )
    return plural(
        units,
        "{n} such file is missing from folders that arrived, and not one such file arrived.",
        "{n} such files are missing from folders that arrived, in more than one folder, and not one such file arrived.",
    )


def _names(scene: Scene) -> Iterator[Hypothesis]:
    census = scene.census
    found = {name: each.units for name, each in census.names.items() if not each.arrived and each.units >= _LEAST}
    units = sum(found.values())
    likely = chance(units, lost=census.units - units, arrived=census.files, tries=len(found))
    sure = trust(likely, enough=units >= _ENOUGH) if found else None
    if sure is None:
        return
    known = frozenset(found)
    yield Hypothesis(
        cause="filtered",
        weight=Weight.SEPARATED,
        confidence=sure,
        title=say("Everything with one name is missing, wherever it was: {names}", names=listed(list(found))),
        evidence=(
            plural(
                units,
                "It is missing in {n} folder that arrived, and there is none of it anywhere.",
                "It is missing in {n} folders that arrived, and there is none of it anywhere.",
            ),
        ),
        remedy=(say("Look for a filter where it was sent (--exclude)."), resend(scene.context.part)),
        explains=lambda seen: seen.kind is PathClass.MISSING and not known.isdisjoint(seen.path.split(b"/")),
        facts=tuple(Fact(name="name", value=paths.shown(name)) for name in list(found)[:_ENOUGH]),
    )
