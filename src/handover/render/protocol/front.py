"""The first page: which account on which host, whose ticket, what came of it, and where each party signs.

Everything here is bounded: the places for the signatures have to stay on this page.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from handover.evidence.statement import Decision
from handover.render.protocol.blocks import Block, Box, Column, Paragraph, Table
from handover.render.wording import codes, protocols
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS
from handover.report import PartReport, Party, Report, SideReport

#: Parts that are named, and characters of a foreign string.
_PARTS: Final = 4
_SHORT: Final = 160
_CHOICES = (Decision.ACCEPT, Decision.ACCEPT_WITH_REMARKS, Decision.REJECT)


def subject(report: Report) -> Iterator[Block]:
    """Yield what a support agent looks for first: the account and where it is, then the ticket, then the names."""
    parties = {party.role: party for party in report.parties}
    pair = [parties[role] for role in ("sender", "receiver") if role in parties]
    rows = [_places(report, part) for part in report.parts[:_PARTS]]
    titles = ("source", "target")
    if len(pair) == len(titles):
        titles = ("sender", "receiver")
        rows += [
            (LABELS["ticket"], *(short(party.reference) for party in pair)),
            (LABELS["party"], *(short(party.name) for party in pair)),
            (LABELS["contact"], *(short(party.contact) for party in pair)),
        ]
    columns = (Column("", 2), *(Column(LABELS[title], 5) for title in titles))
    yield Table(LABELS["subject_caption"], columns, tuple(rows))
    if len(report.parts) > _PARTS:
        yield Paragraph(codes.shown_of(_PARTS, len(report.parts)), quiet=True)


def result(report: Report) -> Iterator[Block]:
    """Yield the verdict in sentences, and what must never be missing beside it."""
    yield from map(Paragraph, (*headline(report).sentences, first_action(report)))
    yield Paragraph(" · ".join(codes.scope(report)))
    yield Paragraph(codes.strength(report), quiet=True)


def box(report: Report, party: Party) -> Box:
    """Return the place where a party signs."""
    required = LABELS["is_required" if party.role in report.required_signatures else "not_required"]
    ticket = () if party.reference is None else (protocols.ticket(short(party.reference)),)
    return Box(
        role=party.role,
        title=LABELS[party.role],
        party=short(party.name),
        notes=(*ticket, required),
        choices=tuple(protocols.to_tick(LABELS[choice]) for choice in _CHOICES),
        lines=(LABELS["by_whom"], LABELS["by_when"]),
        alternative=protocols.field_name(LABELS[party.role], short(party.name)),
    )


def short(text: str | None) -> str:
    """Return a foreign text, cut where it would take the room of the signatures; a dash when there is none."""
    return "–" if text is None else protocols.cut(text, _SHORT)


def _places(report: Report, part: PartReport) -> tuple[str, ...]:
    label = protocols.of_part(report, LABELS["account"], part.name)
    return (label, *(_place(side) for side in (part.source, part.target)))


def _place(side: SideReport) -> str:
    user = None if side.machine is None else side.machine.user
    return codes.listing(short(text) for text in (user, side.location) if text)
