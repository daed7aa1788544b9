"""The first answer, in seconds: names and sizes of both sides, before any content is read.

It can prove loss and never completeness, so it is talk beside the result: the verdict comes from the full reading.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

from handover.digests import Algorithm
from handover.likeness import Likeness, likeness
from handover.locations.location import ManifestFile
from handover.manifest import Header
from handover.render.wording.talk import first_look
from handover.rules import RuleSet
from handover.scan import Listings, Progress
from handover.workflow.reading import Choices, Reading, SidePlan, list_side


def is_worth_it(sides: Sequence[SidePlan], choices: Choices) -> bool:
    """Whether there is something to gain: contents are to be read, and no side is a manifest already."""
    if not choices.first_look or choices.algorithm is Algorithm.NONE:
        return False
    return not any(isinstance(side.location, ManifestFile) for side in sides)


class FirstLook:
    """Both listings of one part: ``list_side`` for each, in any thread, then what they tell; close it always."""

    def __init__(self, part: str, rules: RuleSet) -> None:
        self._part = part
        self._rules = rules
        self._listings = Listings(tempfile.TemporaryFile)
        self._headers: dict[int, Header] = {}

    def list_side(self, number: int, side: SidePlan, reading: Reading, progress: Progress) -> None:
        """List the source, side 0, or the target, side 1."""

        def take(payload: bytes) -> None:
            self._listings.add(number, payload)

        self._headers[number] = list_side(self._part, side, self._rules, take, reading, progress)

    @property
    def likeness(self) -> Likeness:
        """How alike the machines and roots of both sides are."""
        return likeness(self._headers[0], self._headers[1])

    def amount(self, number: int) -> tuple[int, int]:
        """Return how many files and bytes a side has that was listed."""
        return self._listings.totals(number)

    def words(self, part: str | None) -> str:
        """Return what names and sizes alone already say; ``part`` when it has to be named."""
        return first_look(self._listings.look(self._rules), part)

    def close(self) -> None:
        """Let the listings go."""
        self._listings.close()
