"""The strongest explanation is told first, and no difference counts twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.diagnosis.choosing import choose
from handover.diagnosis.hypothesis import Hypothesis, Weight
from handover.diagnosis.words import say, text
from handover.sentences import english


def hypothesis(cause: str, weight: Weight = Weight.SEPARATED, confidence: str = "high") -> Hypothesis:
    return Hypothesis(
        cause, weight, confidence, say("It was {cause}", cause=text(cause)), (say("seen"),), ("mend",), lambda _: True
    )


masks = st.dictionaries(st.integers(0, 31), st.integers(1, 50), min_size=1, max_size=10).map(Counter)


@given(masks, st.lists(st.sampled_from(list(Weight)), min_size=5, max_size=5))
def test_no_difference_counts_twice_and_nothing_strong_is_left_over(covered, weights):
    given = [hypothesis(f"cause{n}", weight) for n, weight in enumerate(weights)]
    findings = choose(given, covered, "web")
    assert sum(f.count for f in findings) <= covered.total() - covered[0]
    assert sum(f.share_bp for f in findings) <= 10_000 + len(findings)
    assert len({f.cause for f in findings}) == len(findings)
    assert all(f.count > 0 for f in findings)


def test_what_a_stronger_cause_explains_counts_there():
    given = [hypothesis("weak", Weight.SHAPED), hypothesis("strong", Weight.PROVEN)]
    findings = choose(given, Counter({0b01: 10, 0b11: 20, 0b10: 5}), "web")
    assert [(f.cause, f.count) for f in findings] == [("strong", 25), ("weak", 10)]


def test_a_cause_whose_evidence_went_to_others_is_not_told():
    given = [hypothesis("weak", Weight.SHAPED), hypothesis("strong", Weight.PROVEN)]
    assert [f.cause for f in choose(given, Counter({0b01: 5, 0b11: 20}), "web")] == ["strong"]


@pytest.mark.parametrize(("fewer", "confidence"), [(0, "medium"), (10, "high")])
def test_two_causes_that_fit_alike_make_one_another_doubtful(fewer, confidence):
    given = [hypothesis("one"), hypothesis("other")]
    findings = choose(given, Counter({0b11: 20, 0b01: fewer}), "web")
    assert [(f.cause, f.confidence) for f in findings] == [("one", confidence)]
    assert ("It also fits: It was other." in findings[0].evidence) == (confidence == "medium")


def test_a_handful_among_thousands_is_no_story():
    given = [hypothesis("many"), hypothesis("two")]
    assert [f.cause for f in choose(given, Counter({0b01: 5000, 0b10: 2}), "web")] == ["many"]
    assert [f.cause for f in choose(given, Counter({0b01: 50, 0b10: 2}), "web")] == ["many", "two"]


def test_a_finding_has_its_texts_in_english_and_once_more_as_sentences():
    found = choose([hypothesis("one"), hypothesis("other")], Counter({0b11: 20}), "web")[0]
    said = [english(sentence) for sentence in found.sentences]
    assert said == [found.title, *found.evidence]
    assert found.remedy == ("mend",)
