"""What reports and statements repeat of the terms, in the words of the report."""

from __future__ import annotations

from handover.report import Dates, Party
from handover.terms import Terms
from handover.terms.model import Moment


def parties_of(terms: Terms) -> tuple[Party, ...]:
    """Return the parties as reports have them, in the order of the terms."""
    return tuple(
        Party(
            role=party.role.value,
            name=party.name,
            contact=party.contact,
            language=party.language.value,
            reference=party.reference,
            keys=party.keys,
        )
        for party in terms.parties.values()
    )


def dates_of(terms: Terms) -> Dates:
    """Return the dates as they are written in the terms."""

    def text(moment: Moment | None) -> str | None:
        return None if moment is None else moment.text

    dates = terms.dates
    return Dates(
        complete_by=text(dates.complete_by),
        frozen_from=text(dates.frozen_from),
        cutover_at=text(dates.cutover_at),
        source_ends=text(dates.source_ends),
    )
