"""What both scans of a part say of themselves: who read which host when and with what, and the receipts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handover import digests
from handover.challenge import Challenge, SideAnswers
from handover.digests import Algorithm
from handover.render.wording import codes
from handover.render.wording.labels import LABELS
from handover.render.wording.language import exact_size, foreign, moment, number, say, signed
from handover.report import PartReport, Report, SideReport


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about both scans."""

    label: str
    source: str
    target: str


def facts_of(report: Report, part: PartReport) -> Iterator[Fact]:
    """Yield what is known of either side, in the order in which it is shown."""
    roles: dict[str, str] = {party.role: party.name for party in report.parties}
    source, target = dict(_of_side(part.source, roles)), dict(_of_side(part.target, roles))
    if part.challenge is not None:
        for facts, answers in ((source, part.challenge.source), (target, part.challenge.target)):
            facts |= _of_challenge(part.challenge, answers)
    for label in {**source, **target}:
        yield Fact(LABELS[label], source.get(label, ""), target.get(label, ""))


def _of_side(side: SideReport, roles: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield "location", foreign(side.location)
    if side.failure is not None:
        yield "ran_by", LABELS["unread"]
        return
    if side.ran_by is not None:
        yield "ran_by", codes.ran_by(side.ran_by, roles)
    if side.started_at is not None and side.ended_at is not None:
        yield "started", moment(side.started_at)
        yield "ended", moment(side.ended_at)
    if side.clock is not None and side.clock.skew_ms is not None:
        yield "clock", say("{skew} ms against the scanning machine", skew=signed(side.clock.skew_ms))
    if side.recheck is not None:
        yield "recheck", LABELS["yes"] if side.recheck else LABELS["no"]
    yield from _of_machine(side)
    if side.counts is not None and side.bytes is not None:
        yield "entries", say("{n} ({size})", n=number(side.counts.total), size=exact_size(side.bytes))
    if side.manifest is not None:
        yield "manifest", say("{file} {sha256}", file=foreign(side.manifest.name), sha256=side.manifest.sha256)
    if side.digest is not None:
        yield "digest", foreign(side.digest)
    yield from _receipts(side)


def _of_challenge(challenge: Challenge, answers: SideAnswers) -> dict[str, str]:
    given = say("{n} of {asked} files", n=number(answers.answered), asked=number(challenge.asked))
    return {"asked_at": moment(challenge.asked_at), "answered": given, "salt": foreign(challenge.salt)}


def _of_machine(side: SideReport) -> Iterator[tuple[str, str]]:
    if side.route is not None:
        yield "route", foreign(side.route)
    if side.machine is None:
        return
    machine = side.machine
    values = {"user": machine.user, "host_key": machine.host_key, "system": machine.os}
    values |= {"interpreter": machine.interpreter, "limits": codes.listing(machine.limits) or None}
    for label, value in values.items():
        if value is not None:
            yield label, foreign(value)


def _receipts(side: SideReport) -> Iterator[tuple[str, str]]:
    if side.manifest is None or side.digest is None:
        return
    if side.digest is not Algorithm.NONE:
        yield "content_receipt", receipt(side.content_root)
    yield "structure_receipt", receipt(side.structure_root)


def receipt(root: str | None) -> str:
    """Return the short receipt of a root, or why there is none."""
    return LABELS["no_receipt"] if root is None else digests.receipt(root)
