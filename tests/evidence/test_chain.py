"""The rounds of one case that a verifier holds are one chain; two that cannot both be what was made are found."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from evidence.rounds import MemoryBundle, Round, Terms
from evidence.test_verify import failed_steps, refused
from handover.digests import sha256_hex
from handover.evidence.policy import OtherRound
from handover.evidence.verification import Step, Verification
from handover.evidence.verify import verify
from handover.manifest import CaseRef
from handover.report import Previous
from support.manifests import file

TREE = (file("index.php", b"<?php"),)
ANOTHER = "a" * 64


def made(number: int, after: Previous | None = None, case: str = "0f8e") -> Round:
    """Return a round that was made after another one."""
    one = Round(TREE, TREE, number=number, terms=Terms(case=CaseRef(id=case, name="acme")))
    one.report = msgspec.structs.replace(one.report, previous=after)
    one.files["report.json"] = one.report.to_bytes()
    one.seal()
    return one


def digest(one: Round) -> str:
    return sha256_hex(one.files["SHA256SUMS"])


def held(one: Round, sha256: str | None = None) -> OtherRound:
    return OtherRound("rounds/other", one.report, sha256 or digest(one))


def beside(one: Round, *others: OtherRound) -> Verification:
    return verify(MemoryBundle(one.files), replace(one.both_accept().policy(), find_rounds=lambda: others))


FIRST = made(1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(FIRST, held(FIRST), id="itself"),
        pytest.param(made(2, Previous(round=1, sha256=digest(FIRST))), held(FIRST), id="the round before"),
        pytest.param(FIRST, held(made(2, Previous(round=1, sha256=digest(FIRST)))), id="the round after"),
        pytest.param(FIRST, held(made(3)), id="rounds that name none before them"),
        pytest.param(
            made(2, Previous(round=1, sha256=ANOTHER)),
            held(made(4, Previous(round=3, sha256=ANOTHER))),
            id="rounds far away",
        ),
        pytest.param(made(2), held(made(2, case="another"), ANOTHER), id="another case"),
    ],
)
def test_rounds_that_fit_are_no_trouble(one, other):
    assert Step.REPORT not in failed_steps(beside(one, other))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        pytest.param(made(2), held(made(2), ANOTHER), "another round 2 of this case: there are two", id="two of one"),
        pytest.param(
            made(2, Previous(round=1, sha256=ANOTHER)),
            held(FIRST),
            "it was made after another round 1 than rounds/other",
            id="before",
        ),
        pytest.param(
            made(3, Previous(round=2, sha256=digest(FIRST))),
            held(FIRST),
            "it was made after another round 2 than rounds/other",
            id="before, under another number",
        ),
        pytest.param(
            FIRST,
            held(made(2, Previous(round=1, sha256=ANOTHER))),
            "made after another round 1 than this one",
            id="after",
        ),
    ],
)
def test_rounds_that_cannot_both_be_are_found(one, other, said):
    refused(beside(one, other), Step.REPORT, said)
