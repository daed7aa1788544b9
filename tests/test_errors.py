"""Exit codes and the errors that carry them."""

from __future__ import annotations

import itertools

import pytest

from handover import errors
from handover.errors import ExitCode, HandoverError, worst


def everyone(kind: type[HandoverError]) -> list[type[HandoverError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in everyone(child))]


def test_every_error_of_ours_ends_with_a_code_that_means_failure():
    assert {kind.exit_code for kind in everyone(HandoverError)} >= {
        ExitCode.USAGE, ExitCode.NOT_VERIFIED, ExitCode.MALFORMED, ExitCode.REMOTE, ExitCode.LOCAL_IO, ExitCode.REFUSED,
    }  # fmt: skip
    assert ExitCode.COMPLETE not in {kind.exit_code for kind in everyone(HandoverError)}


def test_the_numbers_are_the_public_contract():
    assert {code.name: int(code) for code in ExitCode} == {
        "COMPLETE": 0, "NOT_COMPLETE": 1, "USAGE": 2, "UNDETERMINED": 3, "NOT_VERIFIED": 4, "MALFORMED": 5, "REMOTE": 6,
        "LOCAL_IO": 7, "REFUSED": 8, "WAITING": 9, "BUG": 70, "HANGUP": 129, "INTERRUPTED": 130, "TERMINATED": 143,
    }  # fmt: skip


def test_of_several_codes_the_worst_wins_in_the_order_of_the_contract():
    order = [ExitCode(number) for number in (70, 7, 6, 5, 2, 8, 4, 1, 3, 9, 0)]
    for worse, better in itertools.combinations(order, 2):
        assert worst([better, worse]) is worse
        assert worst([worse, better]) is worse


def test_no_code_at_all_is_complete_and_one_that_is_not_ranked_is_never_lost():
    assert worst([]) is ExitCode.COMPLETE
    assert worst([ExitCode.COMPLETE, ExitCode.INTERRUPTED]) is ExitCode.INTERRUPTED


def test_success_never_outranks_anything():
    assert all(worst([ExitCode.COMPLETE, code]) is code for code in ExitCode)


@pytest.mark.parametrize(("where", "text"), [("", "it broke"), ("here", "here: it broke")])
def test_an_error_says_where_and_what(where, text):
    assert str(errors.RemoteError("it broke", where=where, hint="mend it")) == text
