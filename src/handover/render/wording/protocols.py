"""What only the protocol says: what it belongs to, its moments by two clocks, whom it asks, where the rest is."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final

from handover import differences, digests
from handover.evidence.inventory import REPORT_NAME
from handover.render.wording.labels import LABELS
from handover.render.wording.language import agreed, clock, foreign, number, plain, say
from handover.report import EarlierRemark, Report
from handover.terms.moments import is_utc, zone_of

#: Characters of one remark; its statement has them all.
_LONGEST: Final = 1000


def title(report: Report) -> str:
    """Return the name of the document, as a window shows it."""
    return say("{protocol} – {case}", protocol=LABELS["protocol"], case=foreign(report.case.name))


def belongs_to(report: Report) -> str:
    """Return which round of which case it is."""
    return say("Round {round} of the case {id}", round=number(report.round), id=foreign(report.case.id))


def made_with(report: Report) -> str:
    """Return the version that drew it."""
    return say("{made_with} {tool}", made_with=LABELS["tool"], tool=foreign(report.tool))


def dated(report: Report) -> str:
    """Return when it was drawn up, by the clocks of the parties and in UTC."""
    _, local, utc = both_clocks("", report.created_at, zone_of(report.timezone))
    if is_utc(report.timezone):
        return say("Drawn up {utc} UTC", utc=utc)
    return say("Drawn up {local} {zone} ({utc} UTC)", local=local, zone=foreign(report.timezone), utc=utc)


def both_clocks(label: str, instant: str, zone: tzinfo) -> tuple[str, str, str]:
    """Return an instant of the report with its label: by the clocks of the parties, and in UTC."""
    moment = datetime.fromisoformat(instant)
    return label, clock(moment.astimezone(zone)), clock(moment)


def read_from(side: str) -> str:
    """Return the label of the moment at which a scan began."""
    return say("{side}: read from", side=side)


def read_until(side: str) -> str:
    """Return the label of the moment at which a scan ended."""
    return say("{side}: read until", side=side)


def of_part(report: Report, label: str, part: str) -> str:
    """Return a label with the part that it is about, unless there is only one."""
    return label if len(report.parts) == 1 else beside(label, foreign(part))


def beside(text: str, more: str) -> str:
    """Return a text with what explains it."""
    return say("{text} ({more})", text=text, more=more)


def ticket(reference: str) -> str:
    """Return the number under which a company keeps this."""
    return say("{ticket} {reference}", ticket=LABELS["ticket"], reference=reference)


def to_tick(choice: str) -> str:
    """Return one of several answers, with a box before it for a pen."""
    return say("□ {choice}", choice=choice)


def field_name(role: str, party: str) -> str:
    """Return what a reader that speaks says of the place where a party signs."""
    return say("{signature}: {role}, {party}", signature=LABELS["signature"], role=role, party=party)


def remark_lines(remark: EarlierRemark) -> tuple[str, ...]:
    """Return what a party remarked: what about, the point itself, and what is to be done by when."""
    about, text, remedy = (cut(value or "", _LONGEST) for value in (remark.about, remark.text, remark.remedy))
    lines = [text if remark.about is None else say("{about}: {text}", about=about, text=text)]
    if remark.remedy is not None and remark.by_date is not None:
        lines.append(say("Remedy, by {date}: {remedy}", date=agreed(remark.by_date), remedy=remedy))
    elif remark.remedy is not None:
        lines.append(say("Remedy: {remedy}", remedy=remedy))
    elif remark.by_date is not None:
        lines.append(say("By {date}", date=agreed(remark.by_date)))
    return tuple(lines)


def cut(text: str, letters: int) -> str:
    """Return a foreign text, harmless, and cut where it would take the room of others."""
    bare = plain(foreign(text))
    return bare if len(bare) <= letters else bare[: letters - 1] + "…"


def receipt(report: Report) -> str:
    """Return what ties every printed page to the evidence."""
    return say("{file}: {receipt}", file=REPORT_NAME, receipt=digests.receipt(_sha256(report)))


def evidence(report: Report) -> str:
    """Return which file the protocol was drawn from, and its digest."""
    sha256 = _sha256(report)
    return say(
        "{file} is attached to this document. Its receipt is {receipt}, its SHA-256 {sha256}.",
        file=REPORT_NAME,
        receipt=digests.receipt(sha256),
        sha256=sha256,
    )


def all_of_them(part: str, shown: int, total: int) -> str:
    """Return how many differences of a part are shown, and which file has them all."""
    return say(
        "{shown} of {total} shown; {file} has all of them.",
        shown=number(shown),
        total=number(total),
        file=foreign(differences.file_name(part)),
    )


def page_of(page: str, pages: str) -> str:
    """Return the line that numbers a page."""
    return say("Page {page} of {pages}", page=page, pages=pages)


def no_pdf(how: str) -> str:
    """Return that a round has no PDF, and what is to be installed."""
    return say("This round has no PDF, because typst is not installed. {how}", how=how)


def pdf_failed(name: str, why: str) -> str:
    """Return that a PDF could not be drawn; everything else of the round is there."""
    said = say("The round is whole without {name}, which could not be drawn: {why}", name=name, why=foreign(why))
    return plain(said)


def _sha256(report: Report) -> str:
    return digests.sha256_hex(report.to_bytes())
