"""What stands in the tables of a report, as values: the layout is that of whoever draws them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from handover.comparison import Comparison, Difference, PathClass, PerClass
from handover.errors import HandoverError
from handover.render import landscape, sampling
from handover.render.landscape import AreaRow, Picture
from handover.render.sampling import Excerpts
from handover.render.side_facts import Fact, facts_of
from handover.render.wording import codes
from handover.render.wording.codes import Sides
from handover.render.wording.labels import LABELS
from handover.render.wording.language import agreed, foreign, name, number, size
from handover.render.wording.remarks import gap_sentences
from handover.report import PartReport, Party, Report
from handover.rollup import FolderSummary

#: Units into which the bar of shares is divided, and the least that a class with any path gets.
BAR_UNITS = 1000
_BAR_LEAST = 8
#: So many differences are seen at once, unless there is nothing to do about them.
FEW = 20
_SETTLED = (PathClass.AGREED, PathClass.IGNORED, PathClass.NOT_RECORDED)


@dataclass(frozen=True, slots=True)
class ClassSum:
    """One row of the numbers of a part."""

    kind: PathClass
    label: str
    meaning: str
    paths: str
    size: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the bar of shares, in units."""

    kind: PathClass
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class FolderRow:
    """One folder; ``whole`` when the folder itself is missing, extra or unread, with all that is in it.

    ``numbers`` fill the columns of the table; ``summary`` says the same where there is no room for columns.
    """

    name: str
    whole: bool
    numbers: tuple[str, ...]
    summary: str
    size: str


@dataclass(frozen=True, slots=True)
class FolderTable:
    """Folders with differences; a column of numbers is there when any folder has one."""

    columns: tuple[str, ...]
    rows: tuple[FolderRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """One difference: the mark, the path, what differs, and what each side recorded."""

    mark: str
    path: str
    reasons: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Group:
    """The differences of one class that are shown, and how many there are; ``open`` when they are few and matter."""

    label: str
    rows: tuple[Row, ...]
    total: int
    open: bool


@dataclass(frozen=True, slots=True)
class RuleRow:
    """What one rule leaves out or agrees to."""

    rule: str
    label: str
    paths: str
    files: str
    size: str


@dataclass(frozen=True, slots=True)
class PartPage:
    """Everything that is shown of one part."""

    name: str
    part: PartReport
    sums: tuple[ClassSum, ...]
    bar: tuple[Segment, ...]
    folders: FolderTable
    pictures: tuple[Picture, ...]
    areas: tuple[AreaRow, ...]
    gaps: tuple[tuple[str, tuple[str, ...]], ...]
    doubts: tuple[tuple[str, str], ...]
    rules: tuple[RuleRow, ...]
    groups: tuple[Group, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """One party with its keys: the fingerprints, and the ready lines of allowed_signers."""

    party: Party
    required: bool
    fingerprints: tuple[str, ...]
    lines: tuple[str, ...]


def part_page(report: Report, part: PartReport, excerpts: Excerpts, *, limit: int) -> PartPage:
    """Return everything that is shown of one part, with at most ``limit`` differences by name."""
    sides = codes.sides_of(report)
    comparison = part.comparison
    totals = excerpts.totals(part)
    return PartPage(
        name=foreign(part.name),
        part=part,
        sums=() if comparison is None else class_sums(comparison),
        bar=() if comparison is None else bar(comparison),
        folders=folders(part),
        pictures=landscape.pictures(part),
        areas=landscape.rows(part),
        gaps=tuple(_gaps(part, sides)),
        doubts=tuple((codes.why(code, sides), number(count)) for code, count in totals.doubts),
        rules=tuple(_rule_row(rule) for rule in totals.rules),
        groups=() if comparison is None else _groups(comparison, excerpts.first(part, limit), sides),
        facts=tuple(facts_of(report, part)),
    )


def class_sums(comparison: Comparison) -> tuple[ClassSum, ...]:
    """Return a row for ``same`` and one for each class that has any path, worst first."""
    counts, sizes = _by_class(comparison.counts), _by_class(comparison.bytes)
    return tuple(
        ClassSum(kind, codes.CLASSES[kind], codes.MEANINGS[kind], number(counts[kind]), size(sizes[kind]))
        for kind in (PathClass.SAME, *codes.WORST_FIRST)
        if counts[kind] or kind is PathClass.SAME
    )


def bar(comparison: Comparison) -> tuple[Segment, ...]:
    """Return the shares of all paths by class; each class with any path can be seen, the largest gives way."""
    counts = {kind: count for kind, count in _by_class(comparison.counts).items() if count}
    whole = sum(counts.values())
    lengths = {kind: max(_BAR_LEAST, count * BAR_UNITS // whole) for kind, count in counts.items()}
    if lengths:
        lengths[max(lengths, key=lambda kind: lengths[kind])] += BAR_UNITS - sum(lengths.values())
    segments, start = [], 0
    for kind in (PathClass.SAME, *codes.WORST_FIRST):
        if kind in lengths:
            segments.append(Segment(kind, start, lengths[kind]))
            start += lengths[kind]
    return tuple(segments)


def row(difference: Difference, sides: Sides) -> Row:
    """Return one difference in words."""
    return Row(
        codes.mark(difference),
        name(difference.path_bytes()),
        codes.reasons(difference, sides),
        codes.recorded(difference.source, difference.source_host),
        codes.recorded(difference.target, difference.target_host),
    )


def signers(report: Report) -> tuple[Signer, ...]:
    """Return all parties of the case; a key that cannot sign has neither fingerprint nor line."""
    return tuple(_signer(report, party) for party in report.parties)


def dates(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the dates of the terms that are set, in the order in which they come."""
    terms = report.dates
    named = {
        "complete_by": terms.complete_by,
        "frozen_from": terms.frozen_from,
        "cutover_at": terms.cutover_at,
        "source_ends": terms.source_ends,
    }
    return tuple((LABELS[label], agreed(date)) for label, date in named.items() if date is not None)


def _by_class(numbers: PerClass) -> dict[PathClass, int]:
    return {PathClass(kind): count for kind, count in msgspec.structs.asdict(numbers).items()}


def folders(part: PartReport) -> FolderTable:
    """Return where the differences are; a column is there when any folder has a number in it."""
    numbers: dict[str, Callable[[FolderSummary], int]] = {
        "missing": lambda folder: folder.missing,
        "changed": lambda folder: folder.changed,
        "not_checked": lambda folder: folder.not_checked,
        "extra": lambda folder: folder.extra,
    }
    shown = {label: get for label, get in numbers.items() if any(map(get, part.folders))}
    rows = (
        FolderRow(
            name(folder.path_bytes()),
            folder.whole,
            tuple(number(get(folder)) if get(folder) else "" for get in shown.values()),
            codes.folder_summary(folder),
            size(folder.bytes),
        )
        for folder in part.folders
    )
    return FolderTable(tuple(LABELS[label] for label in shown), tuple(rows), part.folders_total)


def _rule_row(total: sampling.RuleTotal) -> RuleRow:
    return RuleRow(
        name(total.rule), codes.CLASSES[total.kind], number(total.paths), number(total.files), size(total.bytes)
    )


def _groups(comparison: Comparison, differences: Iterator[Difference], sides: Sides) -> tuple[Group, ...]:
    rows: dict[PathClass, list[Row]] = {}
    for difference in differences:
        rows.setdefault(difference.kind, []).append(row(difference, sides))
    counts = _by_class(comparison.counts)
    return tuple(
        Group(
            codes.CLASSES[kind],
            tuple(rows.get(kind, ())),
            counts[kind],
            open=counts[kind] == len(rows.get(kind, ())) <= FEW and kind not in _SETTLED,
        )
        for kind in codes.WORST_FIRST
        if counts[kind]
    )


def _gaps(part: PartReport, sides: Sides) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name_of, side in (("source", part.source), ("target", part.target)):
        host = sides.host(name_of)
        if sentences := gap_sentences(side.gaps, host):
            yield host, sentences


def _signer(report: Report, party: Party) -> Signer:
    # cryptography with it: only for a report that names parties.
    from handover.evidence.allowed_signers import ready_line
    from handover.evidence.keys import PublicKey

    fingerprints, lines = [], []
    for text in party.keys:
        try:
            key = PublicKey.from_line(text, where=party.role)
        except HandoverError:
            fingerprints.append(LABELS["bad_key"])
        else:
            fingerprints.append(key.fingerprint)
            lines.append(ready_line(party.role, key))
    return Signer(party, party.role in report.required_signatures, tuple(fingerprints), tuple(lines))
