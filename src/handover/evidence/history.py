"""What a report tells of earlier rounds: read from their bundles, and held against those that a verifier has.

The answers are told as they lay beside a round when the next one was made. Nobody checked a signature for that, and an
answer may come later, so only what contradicts is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from handover.digests import sha256_hex
from handover.errors import HandoverError, NotVerified
from handover.evidence import sums
from handover.evidence.bundle import Bundle, read
from handover.evidence.inventory import REPORT_NAME
from handover.evidence.policy import OtherRound
from handover.evidence.statement import MAX_STATEMENT, FileName, Kind, Remark, Statement
from handover.report import EarlierAnswer, EarlierRemark, EarlierRound, Report
from handover.strict_json import MAX_DOCUMENT


def other_round(bundle: Bundle) -> OtherRound:
    """Return what a bundle says that it is, with its answers; ``NotVerified`` when it is no round at all."""
    if not {sums.NAME, REPORT_NAME} <= set(bundle.listing.files):
        raise NotVerified("this is no round", where=bundle.where)
    report = Report.from_bytes(read(bundle, REPORT_NAME, MAX_DOCUMENT), where=bundle.where)
    sha256 = sha256_hex(read(bundle, sums.NAME, sums.MAX_SUMS))
    return OtherRound(bundle.where, report, sha256, tuple(_answers(bundle, sha256)))


def told_of(other: OtherRound) -> EarlierRound:
    """Return what the report of a later round tells of this one."""
    report = other.report
    return EarlierRound(
        round=report.round,
        sha256=other.sha256,
        created_at=report.created_at,
        verdict=report.verdict,
        answers=other.answers,
    )


def disorder(report: Report) -> str | None:
    """Say why what a report tells of earlier rounds cannot be; ``None`` when it can."""
    numbers = [*(earlier.round for earlier in report.history), report.round]
    if numbers != sorted(set(numbers)):
        return "the earlier rounds that it tells of are not in their order"
    before = report.previous
    if before is not None and before.round >= report.round:
        return f"it says that it was made after round {before.round}, which is not before it"
    told = {earlier.round: earlier.sha256 for earlier in report.history}
    if before is not None and told.get(before.round, before.sha256) != before.sha256:
        return "it tells of another round before it than the one that it was made after"
    return None


def contradiction(report: Report, other: OtherRound) -> str | None:
    """Say what a report tells otherwise of an earlier round than that round itself; ``None`` when nothing."""
    told = next((earlier for earlier in report.history if earlier.round == other.report.round), None)
    if told is None:
        return None
    there = told_of(other)
    if (told.sha256, told.created_at, told.verdict) != (there.sha256, there.created_at, there.verdict):
        return f"it tells of another round {told.round} than {other.where}"
    known = {value for answer in there.answers for value in (answer.role, answer.sha256)}
    for answer in told.answers:
        if answer not in there.answers and known & {answer.role, answer.sha256}:
            return f"it tells of an answer of the {answer.role} that is not in {other.where}"
    return None


def _answers(bundle: Bundle, digest: str) -> Iterator[EarlierAnswer]:
    """Yield the answers to the round with this digest, by role and in the order in which each role gave them."""
    names = [name for name in map(FileName.parse, bundle.listing.files) if name is not None and not name.subject]
    for name in sorted(names, key=lambda one: (one.role, one.number)):
        with suppress(HandoverError):
            raw = read(bundle, str(name), MAX_STATEMENT)
            statement = Statement.from_bytes(raw, where=str(name))
            if statement.kind is Kind.ANSWER and statement.subject.sha256 == digest:
                yield _answer(statement, sha256_hex(raw))


def _answer(statement: Statement, digest: str) -> EarlierAnswer:
    # An answer has both; ``Statement.from_bytes`` made sure of it.
    assert statement.facts is not None
    assert statement.decision is not None
    return EarlierAnswer(
        role=statement.role.value,
        party=statement.party,
        facts=statement.facts.value,
        decision=statement.decision.value,
        signed_at=statement.signed_at,
        sha256=digest,
        remarks=tuple(map(_remark, statement.remarks)),
    )


def _remark(remark: Remark) -> EarlierRemark:
    return EarlierRemark(
        about=remark.about,
        text=remark.text,
        position=None if remark.position is None else remark.position.value,
        remedy=remark.remedy,
        by_date=remark.by_date,
    )
