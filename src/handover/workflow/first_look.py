"""The first answer, in seconds: names and sizes of both sides, before any content is read.

It can prove loss and never completeness, so it is talk beside the result: the verdict comes from the full reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from handover.compare import Likeness
from handover.digests import Algorithm
from handover.locations.location import ManifestFile
from handover.manifest_reader import Reader
from handover.render.wording.talk import first_look
from handover.report import SideInput, compare_part
from handover.rules import RuleSet
from handover.workflow.reading import Choices, Reading, SidePlan


@dataclass(frozen=True, slots=True)
class Looked:
    """What the first look says, how alike both sides are, and how many files and bytes each has."""

    words: str | None
    likeness: Likeness | None
    amounts: tuple[tuple[int, int], ...]


def is_worth_it(sides: Sequence[SidePlan], choices: Choices) -> bool:
    """Whether there is something to gain: contents are to be read, and no side is a manifest already."""
    if not choices.first_look or choices.algorithm is Algorithm.NONE:
        return False
    return not any(isinstance(side.location, ManifestFile) for side in sides)


def looking(reading: Reading) -> Reading:
    """Return how the sides are listed for it."""
    return replace(reading, choices=replace(reading.choices, algorithm=Algorithm.NONE, recheck=False))


def look(part: str, listings: Sequence[Path], rules: RuleSet, reading: Reading) -> Looked:
    """Compare the listings of both sides of a part."""
    with ExitStack() as files:
        readers = [Reader(files.enter_context(path.open("rb")), where=path.name) for path in listings]
        source, target = (SideInput("", path.name, reader) for path, reader in zip(listings, readers, strict=True))
        compared = compare_part(part, source, target, rules, lambda _: None)
        amounts = tuple((reader.trailer.counts.file, reader.trailer.bytes) for reader in readers)
    words = None
    if compared.comparison is not None and compared.likeness is not Likeness.SAME_ROOT:
        words = first_look(compared.comparison, reading.named(part))
    return Looked(words, compared.likeness, amounts)
