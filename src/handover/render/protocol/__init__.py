"""The acceptance protocol of a round as values: what stands on its first page, and then section by section.

Pure: a report and its differences in, texts out. The layout is that of ``templates/protocol.typ``, which prints every
text as text. All dates are those of the report, so that the same report gives the same protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from handover.render import page
from handover.render.page import PartPage
from handover.render.protocol import front, record, sections
from handover.render.protocol.blocks import Block, Box, Section
from handover.render.sampling import Excerpts
from handover.render.wording import protocols
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS
from handover.render.wording.language import speaking, spoken
from handover.report import Report

#: Differences by name in the annex; a page takes about forty of them, and ``differences.jsonl`` has them all.
LIMIT: Final = 200


class Protocol(msgspec.Struct, frozen=True):
    """Everything that the protocol says. ``drawn_up`` is year, month, day, hour, minute and second in UTC."""

    language: str
    title: str
    drawn_up: tuple[int, ...]
    kind: str
    case: str
    belongs_to: str
    dated: str
    subject: Section
    result: Section
    word: str
    tone: str
    boxes: tuple[Box, ...]
    sections: tuple[Section, ...]
    receipt: str
    tool: str
    attached: str
    no_legal_advice: str
    page_of: str


def protocol(report: Report, excerpts: Excerpts, *, language: str, limit: int = LIMIT) -> Protocol:
    """Return the protocol of a report in a language, with at most ``limit`` differences by name."""
    with speaking(language):
        return _told(report, excerpts, limit)


def _told(report: Report, excerpts: Excerpts, limit: int) -> Protocol:
    each = limit // max(1, len(report.parts))
    pages = tuple(page.part_page(report, part, excerpts, limit=each) for part in report.parts)
    return Protocol(
        language=spoken(),
        title=protocols.title(report),
        drawn_up=tuple(datetime.fromisoformat(report.created_at).timetuple()[:6]),
        kind=LABELS["protocol"],
        case=front.short(report.case.name),
        belongs_to=protocols.belongs_to(report),
        dated=protocols.dated(report),
        subject=Section(LABELS["subject"], tuple(front.subject(report))),
        result=Section(LABELS["result"], tuple(front.result(report))),
        word=headline(report).word,
        tone=report.verdict.value,
        boxes=tuple(front.box(report, party) for party in report.parties),
        sections=tuple(_sections(report, pages)),
        receipt=protocols.receipt(report),
        tool=protocols.made_with(report),
        attached=LABELS["attached"],
        no_legal_advice=LABELS["no_legal_advice"],
        page_of=protocols.page_of("{page}", "{pages}"),
    )


def _sections(report: Report, pages: tuple[PartPage, ...]) -> Iterator[Section]:
    """Yield the sections that have something to say: first what needs an answer, then what it rests on."""
    parts: dict[str, Iterator[Block]] = {
        "remarks": sections.remarks(report),
        "next": sections.steps(report),
        "timeline": sections.events(report),
        "when": sections.dates(report),
        "numbers": sections.numbers(pages),
        "causes": sections.causes(report),
        "where": sections.folders(pages),
        "gaps": sections.gaps(pages),
        "excluded": sections.rules(pages),
        "who": record.scans(pages),
        "parties": record.parties(report),
        "check": record.check(report),
        "limits_title": record.unproven(),
        "annex": record.annex(pages),
    }
    for title, made in parts.items():
        if blocks := tuple(made):
            yield Section(LABELS[title], blocks)
