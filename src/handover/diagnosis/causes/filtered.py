"""A filter on the way: all files with one ending, or everything with one name, is missing wherever it was."""

from __future__ import annotations

from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect, suffix
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, resend, say, short, text
from handover.report import Fact

_LEAST, _FEW, _ENOUGH = 2, 3, 5
_KEYS = 4096


class Filtered(Cause):
    """Endings and names of which nothing arrived, although the folders that they were in did."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.NAMES

    def __init__(self) -> None:
        self._folders: dict[bytes, bytes | None] = {}

    def add(self, seen: Observation) -> None:
        """Take one missing path; remember the folder of an ending until there is a second one."""
        if not seen.is_file or not seen.is_unit:
            return
        ending = suffix(seen.name)
        if ending not in self._folders:
            if len(self._folders) < _KEYS:
                self._folders[ending] = seen.folder
        elif self._folders[ending] != seen.folder:
            self._folders[ending] = None

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield endings of which none arrived, and names of which none arrived."""
        yield from self._endings(scene)
        yield from _names(scene)

    def _endings(self, scene: Scene) -> Iterator[Hypothesis]:
        # In folders that are missing as a whole everything is missing: that says nothing about endings.
        found = {
            ending: count.units
            for ending, count in scene.census.suffixes.items()
            if ending and not count.arrived and count.units >= _LEAST and 2 * count.units >= count.lost
        }
        spread = any(self._folders.get(ending, b"") is None for ending in found)
        units = sum(found.values())
        if units < _FEW or not spread:
            return
        endings = frozenset(found)
        told = ", ".join("*" + short(ending) for ending in sorted(endings)[:_ENOUGH])
        yield Hypothesis(
            cause="filtered",
            weight=Weight.SEPARATED,
            confidence="high" if units >= _ENOUGH else "medium",
            title=say("Every file of one kind is missing: {endings}", endings=text(told)),
            evidence=(
                plural(
                    units,
                    "{n} such file is missing from folders that arrived, and not one such file arrived.",
                    "{n} such files are missing from folders that arrived, in more than one folder, and not one such "
                    "file arrived.",
                ),
            ),
            remedy=(
                say(
                    "Look for a filter where it was sent (--exclude, a list of types in the panel or in the FTP "
                    "program, a virus scanner)."
                ),
                resend(scene.context.part),
            ),
            explains=lambda seen: seen.kind is PathClass.MISSING and seen.is_file and suffix(seen.name) in endings,
            facts=tuple(Fact(name="ending", value=paths.shown(ending)) for ending in sorted(endings)[:_ENOUGH]),
        )


def _names(scene: Scene) -> Iterator[Hypothesis]:
    names = [name for name, count in scene.census.names.items() if not count.arrived and count.units >= _LEAST]
    if not names:
        return
    known = frozenset(names)
    units = sum(count.units for name, count in scene.census.names.items() if name in known)
    yield Hypothesis(
        cause="filtered",
        weight=Weight.SEPARATED,
        confidence="medium",
        title=say("Everything with one name is missing, wherever it was: {names}", names=listed(names)),
        evidence=(
            plural(
                units,
                "It is missing in {n} folder that arrived, and there is none of it anywhere.",
                "It is missing in {n} folders that arrived, and there is none of it anywhere.",
            ),
        ),
        remedy=(say("Look for a filter where it was sent (--exclude)."), resend(scene.context.part)),
        explains=lambda seen: seen.kind is PathClass.MISSING and not known.isdisjoint(seen.path.split(b"/")),
        facts=tuple(Fact(name="name", value=paths.shown(name)) for name in names[:_ENOUGH]),
    )
