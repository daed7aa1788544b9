"""Likely causes for a round: the files of each part that was compared, read again by the diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from handover import differences
from handover.comparison import PathClass, PerClass
from handover.files import local_io
from handover.manifest import Role, manifest_name
from handover.manifest_reader import Reader
from handover.report import Finding, PartReport
from handover.terms import Terms
from handover.terms.model import Moment

if TYPE_CHECKING:
    from handover.diagnosis import Streams

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def findings_of(folder: Path, parts: tuple[PartReport, ...], terms: Terms) -> tuple[Finding, ...]:
    """Return the findings of all parts of which both sides were read and that have differences."""
    causes = ((part, kinds_of(part)) for part in parts)
    return tuple(finding for part, kinds in causes if kinds for finding in _diagnose(folder, part, kinds, terms))


def _diagnose(folder: Path, part: PartReport, kinds: frozenset[PathClass], terms: Terms) -> tuple[Finding, ...]:
    # Thirty modules, and mostly there is nothing to explain.
    from handover.diagnosis import CAUSED, Context, diagnose

    caused = kinds & CAUSED
    if not caused:
        return ()

    dates = terms.dates
    return diagnose(
        lambda: opened(folder, part),
        Context(part.name, since_1970_ns(dates.frozen_from), since_1970_ns(dates.cutover_at), caused),
    )


@contextmanager
def opened(folder: Path, part: PartReport) -> Iterator[Streams]:
    """Open the differences and both manifests of a part that was compared, each at its beginning."""
    from handover.diagnosis import Streams

    recorded = folder / differences.file_name(part.name)
    source, target = (folder / manifest_name(part.name, role) for role in Role)
    with (
        local_io(recorded),
        recorded.open("rb") as stream,
        source.open("rb") as ours,
        target.open("rb") as theirs,
    ):
        yield Streams(
            differences.read(stream, where=recorded.name),
            Reader(ours, where=source.name),
            Reader(theirs, where=target.name),
        )


def kinds_of(part: PartReport) -> frozenset[PathClass]:
    """Return the kinds of its differences; none when a side was not read."""
    if part.comparison is None or part.source.manifest is None or part.target.manifest is None:
        return frozenset()
    counts: PerClass = part.comparison.counts
    return frozenset(kind for kind in PathClass if kind is not PathClass.SAME and getattr(counts, kind.value))


def since_1970_ns(moment: Moment | None) -> int | None:
    """Return a moment in nanoseconds since 1970."""
    return None if moment is None else int((moment.instant - _EPOCH).total_seconds()) * 10**9
