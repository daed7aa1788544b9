"""What was found: the remarks that need an answer, the dates, the numbers, the causes, and what was not compared."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec

from handover.comparison import Verdict
from handover.evidence.statement import Facts, PartyRole
from handover.render.page import FolderRow, PartPage
from handover.render.protocol.blocks import Block, Cell, Column, Heading, Paragraph, Points, Table, name_of
from handover.render.protocol.front import short
from handover.render.wording import codes, protocols
from handover.render.wording.causes import unexplained
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS
from handover.render.wording.language import agreed, clock, foreign, number
from handover.render.wording.remarks import beside, excluded
from handover.render.wording.steps import next_steps
from handover.render.wording.timeline import timeline
from handover.report import Report
from handover.terms.moments import UNTIL, is_utc, moment_of, zone_of

#: Folders of one part that are named.
_FOLDERS: Final = 20
#: Remarks on earlier rounds, the latest; their statements have them all.
_EARLIER: Final = 40
_WELL = (Verdict.COMPLETE, Verdict.COMPLETE_AS_AGREED)
_POSITIONS = (Facts.CONFIRMED, Facts.DISPUTED)


def remarks(report: Report) -> Iterator[Block]:
    """Yield what needs the parties' positions, item by item, with room for them, and what they remarked before."""
    yield from _of_this_round(report)
    yield from _of_earlier_rounds(report)


def _of_this_round(report: Report) -> Iterator[Block]:
    items = beside(report) if report.verdict in _WELL else (*headline(report).sentences, *beside(report))
    roles = report.required_signatures or tuple(
        party.role for party in report.parties if party.role in (PartyRole.SENDER, PartyRole.RECEIVER)
    )
    if not items:
        yield Paragraph(LABELS["remarks_none"])
    elif roles:
        position: Cell = tuple(protocols.to_tick(LABELS[facts]) for facts in _POSITIONS)
        columns = (Column(LABELS["item"], 1), Column(LABELS["remark"], 9), *(Column(LABELS[role], 3) for role in roles))
        rows = tuple((number(place), item, *(position for _ in roles)) for place, item in enumerate(items, 1))
        yield Table(LABELS["remarks_caption"], columns, rows)
        yield Paragraph(LABELS["remarks_note"], quiet=True)
    else:
        yield Points(items, ordered=True)


def _of_earlier_rounds(report: Report) -> Iterator[Block]:
    given = [
        (earlier.round, answer, remark)
        for earlier in report.history
        for answer in earlier.answers
        for remark in answer.remarks
    ]
    if not given:
        return
    yield Heading(LABELS["earlier_remarks"])
    columns = (_column("round", 2), _column("party", 4), _column("remark", 9), _column("position", 3))
    rows: list[tuple[Cell, ...]] = []
    for round_number, answer, remark in given[-_EARLIER:]:
        position = LABELS[remark.position] if remark.position is not None else ""
        rows.append((number(round_number), short(answer.party), protocols.remark_lines(remark), position))
    yield Table(LABELS["earlier_remarks_caption"], columns, tuple(rows))
    if len(given) > _EARLIER:
        yield Paragraph(codes.shown_of(_EARLIER, len(given)), quiet=True)


def steps(report: Report) -> Iterator[Block]:
    """Yield what to do now."""
    yield Points(next_steps(report, kept=True), ordered=True)


def events(report: Report) -> Iterator[Block]:
    """Yield what happened in the case, with the answers of the parties to earlier rounds."""
    columns = (_column("moment", 2), _column("happened", 5))
    yield Table(LABELS["timeline_caption"], columns, tuple((event.when, event.what) for event in timeline(report)))
    if report.history:
        yield Paragraph(LABELS["history_note"], quiet=True)


def dates(report: Report) -> Iterator[Block]:
    """Yield every moment by the clocks of the parties and in UTC."""
    zone = zone_of(report.timezone)
    rows: list[tuple[str, ...]] = [protocols.both_clocks(LABELS["drawn_up"], report.created_at, zone)]
    for part in report.parts:
        for label, side in (("source", part.source), ("target", part.target)):
            where = protocols.of_part(report, LABELS[label], part.name)
            if side.started_at is not None and side.ended_at is not None:
                rows.append(protocols.both_clocks(protocols.read_from(where), side.started_at, zone))
                rows.append(protocols.both_clocks(protocols.read_until(where), side.ended_at, zone))
    terms: dict[str, str] = {name: text for name, text in msgspec.structs.asdict(report.dates).items() if text}
    for name, text in terms.items():
        meant = moment_of(text, zone, whole_day=name in UNTIL)
        rows.append((LABELS[name], agreed(text), clock(meant.instant)))
    columns = [Column(LABELS["moment"], 2), Column(foreign(report.timezone)), Column("UTC")]
    if is_utc(report.timezone):
        columns, rows = columns[:2], [row[:2] for row in rows]
    yield Table(LABELS["dates_caption"], tuple(columns), tuple(rows))


def numbers(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield how many paths are in which class."""
    columns = (_column("class", 6), _column("paths", 2, numbers=True), _column("size", 2, numbers=True))
    for part in pages:
        yield from name_of(part, pages)
        if part.sums:
            rows = tuple((protocols.beside(row.label, row.meaning), row.paths, row.size) for row in part.sums)
            yield Table(LABELS["numbers_caption"], columns, rows)
        else:
            yield Paragraph(LABELS["nothing_compared"])


def causes(report: Report) -> Iterator[Block]:
    """Yield the likely causes with their evidence and what helps, and how much nothing explains."""
    sentences = unexplained(report)
    if report.findings or sentences:
        yield Paragraph(LABELS["causes_note"], quiet=True)
    for finding in report.findings:
        told = codes.finding_texts(finding)
        yield Heading(told.title, codes.CONFIDENCES[finding.confidence])
        yield Paragraph(codes.explains(finding))
        for title, lines in (("evidence", told.evidence), ("remedy", told.remedy)):
            yield Paragraph(LABELS[title], quiet=True)
            yield Points(lines)
    yield from map(Paragraph, sentences)


def folders(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield the folders with differences, those with most loss first."""
    columns = (_column("folder", 5), _column("differences", 4), _column("size", 2, numbers=True))
    for part in pages:
        shown = part.folders.rows[:_FOLDERS]
        if shown:
            yield from name_of(part, pages)
            yield Table(LABELS["where_caption"], columns, tuple(map(_folder, shown)))
        if part.folders.total > len(shown):
            yield Paragraph(codes.shown_of(len(shown), part.folders.total), quiet=True)


def gaps(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield what could not be read or compared, and why."""
    columns = (_column("reason", 5), _column("paths", 1, numbers=True))
    for part in pages:
        if part.sums:
            yield from name_of(part, pages)
            if part.gaps:
                yield Points(tuple(sentence for _, sentences in part.gaps for sentence in sentences))
            if part.doubts:
                yield Table(LABELS["gaps_caption"], columns, part.doubts)
            if not (part.gaps or part.doubts):
                yield Paragraph(LABELS["gaps_none"])


def rules(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield which rule leaves out or agrees to how much."""
    columns = (_column("rule", 5), *(_column(label, 2, numbers=True) for label in ("paths", "files", "size")))
    for part in pages:
        comparison = part.part.comparison
        if comparison is None:
            continue
        yield from name_of(part, pages)
        if part.rules:
            yield Paragraph(excluded(comparison))
            rows = ((protocols.beside(row.rule, row.label), row.paths, row.files, row.size) for row in part.rules)
            yield Table(LABELS["excluded_caption"], columns, tuple(rows))
        else:
            yield Paragraph(LABELS["excluded_none"])


def _folder(row: FolderRow) -> tuple[str, ...]:
    return protocols.beside(row.name, LABELS["whole"]) if row.whole else row.name, row.summary, row.size


def _column(label: str, width: int, *, numbers: bool = False) -> Column:
    return Column(LABELS[label], width, numbers)
