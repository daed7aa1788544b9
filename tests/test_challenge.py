"""Which files a challenge asks for, what its answers come to, and what is left of a verdict then."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import challenge
from handover.challenge import Answer, ChallengeDocument, Choice, State
from handover.compare import Comparer
from handover.comparison import Comparison, Doubt, Verdict
from handover.digests import sha256_hex
from handover.entries import EntryType, GapKind
from handover.errors import MalformedInput
from handover.manifest import IgnoreRule, RulesRef
from handover.rules import RuleSet
from support.manifests import file, folder, gap, ignored, link, make_manifest, reader

SALT = b"\1" * 32
_NAMES = st.sets(st.text("a-.!0é", min_size=1, max_size=3).filter(lambda name: name not in (".", "..")), max_size=12)


def chosen(source: bytes, target: bytes, count: int) -> Choice:
    return challenge.choose(reader(source), reader(target), SALT, count)


@given(ours=_NAMES, theirs=_NAMES, changed=_NAMES, count=st.integers(1, 5))
def test_it_asks_for_those_of_smallest_rank_among_the_files_that_both_claim(ours, theirs, changed, count):
    source = make_manifest(folder(""), *(file(name, b"same") for name in sorted(ours, key=str.encode)))
    target = make_manifest(
        folder(""), *(file(name, b"diff" if name in changed else b"same") for name in sorted(theirs, key=str.encode))
    )
    both = [name.encode() for name in (ours & theirs) - changed]
    ranked = sorted(both, key=lambda path: hashlib.sha256(SALT + path).digest())
    choice = chosen(source, target, count)
    assert [claim.path for claim in choice.claims] == ranked[:count]
    assert choice.files == len(both)


def test_nothing_that_was_not_fully_read_is_asked_for():
    entries = [
        folder(""),
        file("a", b"a"),
        folder("b"),
        gap("c", GapKind.UNSTABLE, EntryType.FILE, 1),
        link("d", b"a"),
    ]
    assert [claim.path for claim in chosen(make_manifest(*entries), make_manifest(*entries), 9).claims] == [b"a"]


def test_evidence_beside_the_digest_does_not_matter():
    source = make_manifest(folder(""), file("a", b"x\r\n", text_digest="0" * 64))
    target = make_manifest(folder(""), file("a", b"x\r\n"))
    assert chosen(source, target, 1).files == 1


def record(*answers: tuple[State, bytes | None, State, bytes | None], **fields: object) -> ChallengeDocument:
    """Return the record of as many files as there are pairs of answers."""
    raw = both(len(answers))
    asked = []
    for claim, (ours, one, theirs, other) in zip(chosen(raw, raw, len(answers)).claims, answers, strict=True):
        source, target = (
            Answer(state=state, salted=None if said is None else sha256_hex(said))
            for state, said in ((ours, one), (theirs, other))
        )
        asked.append(challenge.asked(claim, source, target))
    document = ChallengeDocument(
        type=challenge.TYPE,
        version=1,
        part="web",
        salt=SALT.hex(),
        asked_at="2026-11-30T12:00:00Z",
        asked=tuple(asked),
    )
    return msgspec.structs.replace(document, **fields)


def both(count: int) -> bytes:
    return make_manifest(folder(""), *(file(f"f{number}", b"abc") for number in range(count)))


AGREED = (State.ANSWERED, b"1", State.ANSWERED, b"1")
DIFFER = (State.ANSWERED, b"1", State.ANSWERED, b"2")
LIED = (State.ANSWERED, b"1", State.CONTRADICTS, b"1")
GONE = (State.MOVED, None, State.ANSWERED, b"1")
REFUSED = (State.ANSWERED, b"1", State.UNREADABLE, None)
SILENT = (State.SILENT, None, State.SILENT, None)


def test_every_answer_counts_once_for_its_side():
    told = challenge.summary(record(AGREED, AGREED, DIFFER, LIED, GONE, REFUSED, SILENT, source_failure="gone"), 70)
    assert (told.files, told.asked, told.bytes, told.agreed, told.differ) == (70, 7, 21, 2, 1)
    assert msgspec.structs.astuple(told.source) == (5, 0, 1, 0, 1, "gone")
    assert msgspec.structs.astuple(told.target) == (4, 1, 0, 1, 1, None)


def compared(*, lost: bool = False) -> Comparison:
    entries = [folder(""), file("a", b"a"), *([file("b", b"b")] if lost else [])]
    comparer = Comparer(reader(make_manifest(*entries)), reader(make_manifest(folder(""), file("a", b"a"))), RuleSet())
    assert len(list(comparer.differences())) == lost
    return comparer.result()


@pytest.mark.parametrize("answers", [DIFFER, LIED, GONE, REFUSED, SILENT])
def test_whatever_is_not_confirmed_is_a_doubt(answers):
    told = challenge.summary(record(AGREED, answers), 2)
    doubted = challenge.doubted(compared(), told)
    assert (doubted.verdict, doubted.because) == (Verdict.UNDETERMINED, (Doubt.CHALLENGE,))
    # A loss that is proven stays proven, and counts are those of the manifests.
    lost = compared(lost=True)
    assert challenge.doubted(lost, told) == lost
    assert doubted.counts == compared().counts


@pytest.mark.parametrize("answers", [(), (AGREED,), (AGREED, AGREED)])
def test_what_is_confirmed_changes_nothing(answers):
    assert challenge.doubted(compared(), challenge.summary(record(*answers), 5)) == compared()


def test_a_record_fits_only_the_choice_that_it_was_made_of():
    raw = both(3)
    good = record(AGREED, GONE, DIFFER)
    assert challenge.problem(good, chosen(raw, raw, 3)) is None
    first, *others = good.asked
    for bad in (
        others,
        [first, *reversed(others)],
        [first, *others, first],
        [msgspec.structs.replace(first, path="other"), *others],
        [msgspec.structs.replace(first, size=4), *others],
        [msgspec.structs.replace(first, digest="0" * 64), *others],
    ):
        document = msgspec.structs.replace(good, asked=tuple(bad))
        assert "not those that the salt" in (challenge.problem(document, chosen(raw, raw, 3)) or "")


@pytest.mark.parametrize("answers", [(*GONE[:1], b"1", *GONE[2:]), (State.ANSWERED, b"1", State.ANSWERED, None)])
def test_an_answer_has_a_digest_if_and_only_if_the_file_was_read(answers):
    raw = both(1)
    assert "does not fit what is said" in (challenge.problem(record(answers), chosen(raw, raw, 1)) or "")


def test_a_record_has_one_form():
    raw = record(AGREED, GONE).to_bytes()
    assert ChallengeDocument.from_bytes(raw, where="r").to_bytes() == raw
    for bad in (raw[:-1], raw.replace(b"moved", b"fled"), raw.replace(b'"version": 1', b'"version": 2')):
        with pytest.raises(MalformedInput):
            ChallengeDocument.from_bytes(bad, where="r")


def test_what_a_rule_left_out_is_not_asked_for():
    header = {"rules": _ignoring()}
    raw = make_manifest(folder(""), ignored("x", "x/**", 1, 1), **header)
    assert chosen(raw, raw, 5).files == 0


def _ignoring() -> RulesRef:
    return RulesRef(sha256="0" * 64, ignore=(IgnoreRule(pattern="x/**", reason="r", origin="o"),))
