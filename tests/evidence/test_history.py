"""What a round tells of the rounds before it is held against those that a verifier has; only a contradiction fails."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from evidence.rounds import MemoryBundle, Round
from evidence.test_chain import digest
from evidence.test_verify import failed_steps, refused
from handover.errors import NotVerified
from handover.evidence.history import other_round, told_of
from handover.evidence.policy import OtherRound
from handover.evidence.statement import Decision, Facts, Kind, PartyRole, Remark
from handover.evidence.verification import Step, Verification
from handover.evidence.verify import verify
from handover.report import EarlierRemark, EarlierRound, Previous
from support.manifests import file

TREE = (file("index.php", b"<?php"),)
ANOTHER = "a" * 64


def first(*roles: PartyRole, **fields: object) -> OtherRound:
    """The first round, answered by some."""
    one = Round(TREE, TREE)
    for role in roles:
        one.answer(role, **fields)
    return other_round(MemoryBundle(one.files))


ANSWERED = first(PartyRole.SENDER, PartyRole.RECEIVER)
TOLD = told_of(ANSWERED)


def second(*history: EarlierRound, previous: Previous | None = None, number: int = 2) -> Round:
    one = Round(TREE, TREE, number=number)
    one.report = msgspec.structs.replace(one.report, history=history, previous=previous)
    one.files["report.json"] = one.report.to_bytes()
    one.seal()
    return one


def held_against(one: Round, *others: OtherRound) -> Verification:
    return verify(MemoryBundle(one.files), replace(one.both_accept().policy(), find_rounds=lambda: others))


def test_the_answers_of_a_round_are_told_by_role_with_their_digests():
    assert [(answer.role, answer.facts, answer.decision) for answer in TOLD.answers] == [
        ("receiver", "confirmed", "accept"),
        ("sender", "confirmed", "accept"),
    ]
    one = Round(TREE, TREE)
    one.answer(PartyRole.RECEIVER, decision=Decision.REJECT)
    one.answer(PartyRole.AGENCY, kind=Kind.WITNESS)
    told = told_of(other_round(MemoryBundle(one.files)))
    assert [(answer.role, answer.decision) for answer in told.answers] == [("receiver", "reject")]
    assert (told.round, told.sha256, told.verdict) == (1, digest(one), "complete")


def test_what_a_party_wants_on_record_is_told_with_its_answer():
    missing = Remark(about="web", text="gone", position=Facts.DISPUTED, remedy="again", by_date="2026-12-01")
    told = told_of(first(PartyRole.SENDER, remarks=(missing, Remark(text="x"))))
    assert told.answers[0].remarks == (
        EarlierRemark(about="web", text="gone", position="disputed", remedy="again", by_date="2026-12-01"),
        EarlierRemark(text="x"),
    )


def test_what_is_no_statement_or_about_another_round_is_not_told():
    one = Round(TREE, TREE)
    one.answer(PartyRole.SENDER)
    one.files["1.receiver.statement.json"] = b"{}"
    other = Round(TREE, TREE, number=7)
    other.answer(PartyRole.AGENCY)
    one.files["1.agency.statement.json"] = other.files["1.agency.statement.json"]
    assert [answer.role for answer in told_of(other_round(MemoryBundle(one.files))).answers] == ["sender"]


BEFORE = Previous(round=1, sha256=ANSWERED.sha256)
EARLIER_COPY = replace(ANSWERED, answers=())
ONE_MORE = msgspec.structs.replace(TOLD, answers=TOLD.answers[:1])


@pytest.mark.parametrize(
    ("told", "other"),
    [
        pytest.param((TOLD,), (ANSWERED,), id="as it is there"),
        pytest.param((TOLD,), (), id="nothing there"),
        pytest.param((TOLD,), (EARLIER_COPY,), id="a copy from before the answers"),
        pytest.param((ONE_MORE,), (ANSWERED,), id="an answer that came later"),
        pytest.param((), (ANSWERED,), id="nothing told"),
    ],
)
def test_what_can_be_is_no_trouble(told, other):
    assert Step.REPORT not in failed_steps(held_against(second(*told, previous=BEFORE), *other))


def told_otherwise(**changes: object) -> EarlierRound:
    return msgspec.structs.replace(TOLD, **changes)


def answered_otherwise(**changes: object) -> EarlierRound:
    return told_otherwise(answers=(msgspec.structs.replace(TOLD.answers[0], **changes), *TOLD.answers[1:]))


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(told_otherwise(verdict="not_complete"), id="verdict"),
        pytest.param(told_otherwise(created_at="2020-01-01T00:00:00Z"), id="time"),
        pytest.param(told_otherwise(sha256=ANOTHER), id="digest"),
    ],
)
def test_another_round_than_the_one_that_is_there_is_found(told):
    refused(held_against(second(told), ANSWERED), Step.REPORT, "it tells of another round 1 than round")


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(answered_otherwise(decision="reject"), id="another decision"),
        pytest.param(answered_otherwise(sha256=ANOTHER), id="an answer of a role that gave another"),
        pytest.param(answered_otherwise(role="client"), id="an answer of somebody else"),
    ],
)
def test_an_answer_that_was_not_given_is_found(told):
    refused(held_against(second(told), ANSWERED), Step.REPORT, "that is not in round")


@pytest.mark.parametrize(
    ("one", "said"),
    [
        pytest.param(second(TOLD, TOLD), "not in their order", id="twice"),
        pytest.param(second(TOLD, number=1), "not in their order", id="itself"),
        pytest.param(
            second(told_otherwise(round=3), told_otherwise(round=2), number=4), "not in their order", id="order"
        ),
        pytest.param(
            second(TOLD, previous=Previous(round=1, sha256=ANOTHER)), "another round before it", id="not its own chain"
        ),
        pytest.param(second(previous=Previous(round=2, sha256=ANOTHER)), "which is not before it", id="after itself"),
    ],
)
def test_a_row_of_rounds_that_cannot_be_is_found(one, said):
    refused(held_against(one), Step.REPORT, said)


@pytest.mark.parametrize("name", ["SHA256SUMS", "report.json"])
def test_what_lacks_its_sums_or_its_report_is_no_round(name):
    files = dict(Round(TREE, TREE).files)
    del files[name]
    with pytest.raises(NotVerified, match="no round"):
        other_round(MemoryBundle(files))
