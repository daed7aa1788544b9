"""Likely causes for a round: the files of each part that was compared, read again by the diagnosis."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from handover import differences
from handover.comparison import PathClass, PerClass
from handover.files import local_io
from handover.manifest_reader import Reader
from handover.report import Finding, PartReport
from handover.terms import Terms
from handover.terms.model import Moment

_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def findings_of(folder: Path, parts: tuple[PartReport, ...], terms: Terms) -> tuple[Finding, ...]:
    """Return the findings of all parts of which both sides were read and that have differences."""
    causes = ((part, _kinds(part)) for part in parts)
    return tuple(finding for part, kinds in causes if kinds for finding in _diagnose(folder, part, kinds, terms))


def _diagnose(folder: Path, part: PartReport, kinds: frozenset[PathClass], terms: Terms) -> tuple[Finding, ...]:
    # Thirty modules, and mostly there is nothing to explain.
    from handover.diagnosis import CAUSED, Context, Streams, diagnose

    caused = kinds & CAUSED
    if not caused:
        return ()

    @contextmanager
    def evidence() -> Iterator[Streams]:
        recorded = folder / differences.file_name(part.name)
        sides = [folder / ref.name for ref in (part.source.manifest, part.target.manifest) if ref is not None]
        source, target = sides
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

    dates = terms.dates
    return diagnose(evidence, Context(part.name, _ns(dates.frozen_from), _ns(dates.cutover_at), caused))


def _kinds(part: PartReport) -> frozenset[PathClass]:
    """Return the kinds of its differences; none when a side was not read."""
    if part.comparison is None or part.source.manifest is None or part.target.manifest is None:
        return frozenset()
    counts: PerClass = part.comparison.counts
    return frozenset(kind for kind in PathClass if kind is not PathClass.SAME and getattr(counts, kind.value))


def _ns(moment: Moment | None) -> int | None:
    return None if moment is None else int((moment.instant - _EPOCH).total_seconds()) * 10**9
