"""What happened in a case, in order: earlier rounds and their answers, who vouched, who read when, this report.

All instants are in UTC and stand in that order; each is the word of the clock that it comes from. Dates that were
agreed are in the time zone of the terms and are told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handover.evidence.statement import Decision, Facts
from handover.render.wording.codes import ROLES, VERDICTS, Sides, sides_of
from handover.render.wording.headline import of_part
from handover.render.wording.language import foreign, moment, number, say
from handover.render.wording.verification import answered
from handover.report import EarlierAnswer, PartReport, Report


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``here`` is what this report itself is."""

    when: str
    what: str
    here: bool = False


def timeline(report: Report) -> tuple[Event, ...]:
    """Return what happened, the earliest first."""
    found = [*_earlier(report), *_this_round(report)]
    return tuple(Event(moment(event.when), event.what, event.here) for event in sorted(found, key=lambda one: one.when))


def _earlier(report: Report) -> Iterator[Event]:
    for earlier in report.history:
        result = VERDICTS[earlier.verdict]
        yield Event(earlier.created_at, say("Round {n}: {result}.", n=number(earlier.round), result=result))
        for answer in earlier.answers:
            yield Event(answer.signed_at, _answer(answer, earlier.round))


def _answer(answer: EarlierAnswer, round_number: int) -> str:
    return say(
        "Answer of {role} ({party}) to round {round}: {words}.",
        role=ROLES[answer.role],
        party=foreign(answer.party),
        round=number(round_number),
        words=answered(Facts(answer.facts), Decision(answer.decision)),
    )


def _this_round(report: Report) -> Iterator[Event]:
    sides, alone = sides_of(report), len(report.parts) == 1
    for part in report.parts:
        for when, what in _of_part(part, sides):
            yield Event(when, of_part(part, what, alone=alone))
    result = VERDICTS[report.verdict]
    words = say("This report, round {n}: {result}.", n=number(report.round), result=result)
    yield Event(report.created_at, words, here=True)


def _of_part(part: PartReport, sides: Sides) -> Iterator[tuple[str, str]]:
    for name, side in (("source", part.source), ("target", part.target)):
        for statement in side.custody:
            party = foreign(statement.party)
            host = sides.host(name)
            yield statement.signed_at, say("{party} signed the list of what {host} has.", party=party, host=host)
        if side.started_at is not None and side.ended_at is not None:
            ended = moment(side.ended_at)
            yield side.started_at, say("Scan of {host}, until {ended}.", host=sides.host(name), ended=ended)
    if part.challenge is not None:
        yield part.challenge.asked_at, say("Both hosts were asked again for some files.")
