"""A challenge in a bundle: what can be checked offline is checked, and nothing of it can be made up afterwards."""

from __future__ import annotations

import msgspec
import pytest

from evidence.rounds import Round
from evidence.test_verify import LESS, TREE, forged, refused, resealed
from handover import challenge
from handover.challenge import Answer, ChallengeDocument, State
from handover.comparison import Doubt, Verdict
from handover.errors import ExitCode
from handover.evidence.verification import Step

_NAME = "web.challenge.json"
CONFIRMED = (b"1", b"1"), (b"2", b"2")
REFUTED = (b"1", b"1"), (b"2", b"3")


def test_a_challenge_that_was_confirmed_is_verified():
    done = Round(TREE, TREE).challenge(*CONFIRMED).both_accept().verify()
    assert (done.verified, done.verdict, done.exit_code) == (True, Verdict.COMPLETE, ExitCode.COMPLETE)


def test_a_challenge_that_was_not_confirmed_leaves_its_doubt():
    round_ = Round(TREE, TREE).challenge(*REFUTED).both_accept()
    assert round_.report.because == (Doubt.CHALLENGE,)
    done = round_.verify()
    assert (done.verified, done.verdict, done.exit_code) == (True, Verdict.UNDETERMINED, ExitCode.UNDETERMINED)


def test_a_loss_stays_a_loss_whatever_was_answered():
    done = Round(TREE, LESS).challenge(*REFUTED[1:]).both_accept().verify()
    assert (done.verified, done.verdict) == (True, Verdict.NOT_COMPLETE)


def other_record(round_: Round, **changes: object) -> Round:
    """Replace the record by another one, with all digests in order, and have both sign."""
    made = ChallengeDocument.from_bytes(round_.files[_NAME], where=_NAME)
    round_.files[_NAME] = msgspec.structs.replace(made, **changes).to_bytes()
    return forged(round_, files=tuple(round_.ref(ref.name) for ref in round_.report.files))


def asked(round_: Round) -> tuple[challenge.Asked, ...]:
    return ChallengeDocument.from_bytes(round_.files[_NAME], where=_NAME).asked


@pytest.mark.parametrize("salted", [CONFIRMED, REFUTED])
def test_files_that_the_salt_does_not_give_were_not_asked_for(salted):
    round_ = Round(TREE, TREE).challenge(*salted)
    first, second = asked(round_)
    for other in ((second, first), (first, first), (first, msgspec.structs.replace(second, path="not there"))):
        refused(other_record(round_, asked=other).verify(), Step.RECOMPUTATION, "not those that the salt")


def test_another_salt_gives_other_files():
    assert sum(
        not other_record(Round(TREE, TREE).challenge(*CONFIRMED[:1]), salt=f"{number:064x}").verify().verified
        for number in range(3)
    )


def test_a_bad_answer_cannot_be_left_out():
    round_ = Round(TREE, TREE).challenge(*REFUTED)
    refused(other_record(round_, asked=asked(round_)[:1]).verify(), Step.RECOMPUTATION, "not what the manifests say")


def test_an_answer_that_does_not_fit_its_state_is_found():
    round_ = Round(TREE, TREE).challenge(*CONFIRMED)
    first, second = asked(round_)
    for bad in (Answer(state=State.ANSWERED), Answer(state=State.MOVED, salted="0" * 64)):
        changed = (msgspec.structs.replace(first, source=bad), second)
        refused(other_record(round_, asked=changed).verify(), Step.RECOMPUTATION, "does not fit")


def test_a_record_about_another_part_is_found():
    round_ = other_record(Round(TREE, TREE).challenge(*CONFIRMED), part="mail")
    refused(round_.verify(), Step.RECOMPUTATION, "about another part")


def test_a_record_that_is_malformed_behind_a_right_digest_is_malformed():
    round_ = Round(TREE, TREE).challenge(*CONFIRMED)
    round_.files[_NAME] = round_.files[_NAME].replace(b'"version": 1', b'"version": 2')
    done = forged(round_, files=tuple(round_.ref(ref.name) for ref in round_.report.files)).verify()
    refused(done, Step.RECOMPUTATION, "not a valid document", code=ExitCode.MALFORMED)


@pytest.mark.parametrize("field", ["salt", "asked", "files", "bytes", "agreed", "differ", "source", "target"])
def test_the_report_repeats_what_the_record_comes_to(field):
    round_ = Round(TREE, TREE).challenge(*REFUTED)
    part = round_.report.parts[0]
    side = msgspec.structs.replace(part.challenge.source, moved=1)
    values = {"salt": "0" * 64, "source": side, "target": side}
    told = msgspec.structs.replace(part.challenge, **{field: values.get(field, 99)})
    parts = (msgspec.structs.replace(part, challenge=told),)
    refused(forged(round_, parts=parts).verify(), Step.RECOMPUTATION, "not what the manifests say")


def test_a_doubt_cannot_be_dropped_while_the_record_is_there():
    round_ = Round(TREE, TREE).challenge(*REFUTED)
    part = round_.report.parts[0]
    comparison = msgspec.structs.replace(part.comparison, verdict=Verdict.COMPLETE, because=())
    parts = (msgspec.structs.replace(part, comparison=comparison),)
    scope = (msgspec.structs.replace(round_.report.scope[0], state=Verdict.COMPLETE),)
    done = forged(round_, verdict=Verdict.COMPLETE, because=(), parts=parts, scope=scope).verify()
    refused(done, Step.RECOMPUTATION, "not what the manifests say")


def test_a_record_without_a_word_in_the_report_belongs_to_no_part():
    round_ = Round(TREE, TREE).challenge(*REFUTED)
    round_.answered = None
    round_.compare()
    refused(round_.both_accept().verify(), Step.REPORT, f"{_NAME} belongs to no part")


def test_a_word_in_the_report_without_a_record_is_found():
    round_ = Round(TREE, TREE).challenge(*CONFIRMED)
    del round_.files[_NAME]
    round_.compare()
    refused(round_.both_accept().verify(), Step.REPORT, f"{_NAME} is not in SHA256SUMS")


def test_a_record_that_was_altered_is_not_the_one_that_was_signed():
    round_ = Round(TREE, TREE).challenge(*CONFIRMED).both_accept()
    assert round_.verify().verified
    raw = round_.files[_NAME].replace(b"answered", b"silent", 1)
    assert not resealed(round_, _NAME, raw).verify().verified
