"""Renderings of one round: a report and its differences go in, text or bytes come out.

Pure and deterministic: the same report gives the same bytes, so that ``verify`` can render again and compare. Every
renderer takes ``differences``, which gives the differences of a part by its name, in the order of paths. What a person
reads has its one home in ``wording``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from handover.comparison import Difference
from handover.manifest import Header, Trailer
from handover.render.wording.voices import ENGLISH, VOICES
from handover.report import Party, Report

Differences = Callable[[str], Iterator[Difference]]


def languages_of(report: Report) -> tuple[str, ...]:
    """Return the languages in which a report is drawn: English, and those of the parties."""
    wanted = {ENGLISH.language, *(party.language for party in report.parties)}
    return tuple(language for language in VOICES if language in wanted)


def language_of(party: Party) -> str:
    """Return the language in which a party is written to: its own, or English."""
    return party.language if party.language in VOICES else ENGLISH.language


class Scanned(Protocol):
    """What a scan leaves beside its manifest: the first and the last line of it."""

    @property
    def header(self) -> Header:
        """The first line."""

    @property
    def trailer(self) -> Trailer:
        """The last line."""
