"""What the result rests on: both scans with their receipts, the parties and their keys, limits, and names."""

from __future__ import annotations

from collections.abc import Iterator

from handover.manifest import Role
from handover.render import page
from handover.render.page import PartPage
from handover.render.protocol.blocks import Block, Column, Paragraph, Points, Table, name_of
from handover.render.protocol.front import short
from handover.render.wording import codes, protocols
from handover.render.wording.labels import LABELS, limits
from handover.render.wording.language import foreign, moment
from handover.report import Report

_PARTY_COLUMNS = {"role": 3, "party": 4, "contact": 4, "ticket": 3, "key": 6}
_CUSTODY_COLUMNS = {"party": 3, "signed_at": 3, "key": 4}
_ANNEX_COLUMNS = {"path": 7, "difference": 4, "source": 3, "target": 3}
_SIDES = (Role.SOURCE, Role.TARGET)


def scans(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield who read what and when, the receipts of both sides, and who vouched for a manifest before."""
    facts = (Column(LABELS["fact"], 2), *(Column(LABELS[side], 4) for side in _SIDES))
    for part in pages:
        yield from name_of(part, pages)
        yield Table(LABELS["who_caption"], facts, tuple((row.label, row.source, row.target) for row in part.facts))
        custody = (*part.part.source.custody, *part.part.target.custody)
        if custody:
            rows = ((foreign(one.party), moment(one.signed_at), foreign(one.key)) for one in custody)
            yield Table(LABELS["custody_caption"], _columns(_CUSTODY_COLUMNS), tuple(rows))
    yield Paragraph(LABELS["receipts_note"], quiet=True)


def parties(report: Report) -> Iterator[Block]:
    """Yield the parties as the terms name them, with the fingerprints of their keys."""
    rows = tuple(
        (
            LABELS[signer.party.role],
            foreign(signer.party.name),
            short(signer.party.contact),
            short(signer.party.reference),
            signer.fingerprints or LABELS["no_keys"],
        )
        for signer in page.signers(report)
    )
    if rows:
        yield Table(LABELS["parties_caption"], _columns(_PARTY_COLUMNS), rows)
    else:
        yield Paragraph(LABELS["no_parties"])


def check(report: Report) -> Iterator[Block]:
    """Yield what ties this document to the evidence, and how that is checked."""
    yield Paragraph(protocols.evidence(report))
    yield Paragraph(LABELS["protocol_check"])


def unproven() -> Iterator[Block]:
    """Yield what all of this cannot prove."""
    yield Points(limits())


def annex(pages: tuple[PartPage, ...]) -> Iterator[Block]:
    """Yield differences by name, some of every class, and where all of them are."""
    columns = _columns(_ANNEX_COLUMNS)
    for part in pages:
        total, shown = sum(group.total for group in part.groups), sum(len(group.rows) for group in part.groups)
        if total:
            yield from name_of(part, pages)
            yield Paragraph(protocols.all_of_them(part.part.name, shown, total), quiet=True)
        for group in part.groups:
            if group.rows:
                caption = protocols.beside(group.label, codes.shown_of(len(group.rows), group.total))
                rows = ((row.path, row.reasons, row.source, row.target) for row in group.rows)
                yield Table(caption, columns, tuple(rows))


def _columns(widths: dict[str, int]) -> tuple[Column, ...]:
    return tuple(Column(LABELS[label], width) for label, width in widths.items())
