"""Rules that keep proof, by themselves: which apply, what a manifest proves by them, and what may be carried over."""

from __future__ import annotations

import msgspec
import pytest

from handover import carrying, entries
from handover.comparison import PathClass
from handover.effects import Replacement
from handover.entries import After, DerivedDoubt, Entry, Hidden
from handover.errors import MalformedInput, NotVerified, UsageError
from handover.manifest import Base, Machine, RulesRef
from handover.pairs import Judgement, Proof, by_proof
from handover.proofs import ProofRules, after_problem, second
from handover.rules import Rule, RuleKind, RuleRow, RuleSet, agent_effects
from support.manifests import file, make_header, make_manifest, reader
from test_carrying import SETTLED

BLOCK = Rule(RuleKind.IGNORE_BLOCK, ".htaccess", "r", "terms", "# B", "# E")
INI = Rule(RuleKind.IGNORE_BLOCK, ".htaccess", "r", "terms", "# ini", "# end ini")
AFTER = Rule(RuleKind.EQUAL_AFTER, "**/*.php", "r", "terms", replace=(Replacement(old="/old", new="/new"),))
LEAVE = Rule(RuleKind.MAY_DIFFER, ".htaccess", "r", "preset x")


def under(*rules: Rule) -> RulesRef:
    return RulesRef(sha256="0" * 64, after=tuple(map(RuleRow.of, rules)))


def hid(*numbers: int) -> After:
    return After(digest="1" * 64, hidden=tuple(Hidden(rule=number, times=1, bytes=1) for number in numbers))


def made(entry: Entry, after: After | None) -> Entry:
    return msgspec.structs.replace(entry, after=after)


def test_rules_that_keep_proof_apply_together_and_stand_in_the_way_of_no_other_pattern():
    rules = RuleSet((BLOCK, AFTER, INI, Rule(RuleKind.MAY_DIFFER, "*", "r", "preset x"), LEAVE))
    assert rules.proofs(on_target=False) == (BLOCK, AFTER, INI)
    assert rules.proofs(on_target=True) == (BLOCK, INI)
    found = rules.match(b".htaccess")
    assert found is not None
    assert found.pattern == "*"
    assert RuleSet((BLOCK, LEAVE)).match(b".htaccess") is None
    assert RuleSet((LEAVE, BLOCK)).match(b".htaccess") is LEAVE
    assert RuleSet((LEAVE, BLOCK)).proofs(on_target=False) == (BLOCK,)
    assert RuleSet((BLOCK, BLOCK)).proofs(on_target=False) == (BLOCK,)


def test_an_agent_gets_bytes_and_the_longest_text_first():
    pairs = (Replacement(old="a", new="b"), Replacement(old="łó", new="x"), Replacement(old="Z", new="y"))
    rule = Rule(RuleKind.EQUAL_AFTER, "x", "r", "terms", replace=pairs)
    (effect,) = agent_effects([rule])
    assert effect.replace == (("\xc5\x82\xc3\xb3", "x"), ("Z", "y"), ("a", "b"))
    assert agent_effects([BLOCK])[0].markers == ("# B", "# E")


def test_an_agent_is_not_told_of_ignore_rules_that_never_apply():
    assert RuleSet((BLOCK, Rule(RuleKind.IGNORE, ".htaccess", "r", "terms"))).agent_program() == ()


def test_too_many_of_them_are_refused():
    many = [Rule(RuleKind.IGNORE_BLOCK, "x", "r", "terms", f"b{number}", "e") for number in range(65)]
    assert len(RuleSet(tuple(many[:64])).rules) == 64
    with pytest.raises(UsageError, match="more than 64"):
        RuleSet(tuple(many))


PLAIN = file(".htaccess", b"content")
DIGEST = PLAIN.digest


@pytest.mark.parametrize(
    ("after", "had", "wanted", "digest", "why"),
    [
        (None, [], [], DIGEST, ""),
        (None, [BLOCK], [BLOCK], DIGEST, ""),
        (hid(0), [BLOCK], [BLOCK], "1" * 64, ""),
        (hid(0), [BLOCK], [], DIGEST, ""),
        (None, [], [BLOCK], None, "without_rule"),
        (None, [BLOCK, INI], [INI], DIGEST, ""),
        (hid(1), [BLOCK, INI], [INI], "1" * 64, ""),
        (hid(0), [BLOCK, INI], [INI], None, "without_rule"),
        (hid(0, 1), [BLOCK, INI], [INI], None, "without_rule"),
        (hid(0, 1), [BLOCK, INI], [BLOCK, INI], "1" * 64, ""),
        (hid(0, 1), [BLOCK, INI], [INI, BLOCK], None, "without_rule"),
        (hid(5), [BLOCK], [BLOCK], None, "without_rule"),
        (After(doubt=DerivedDoubt.NESTED), [BLOCK], [BLOCK], None, "nested"),
    ],
)
def test_an_entry_proves_what_the_wanted_rules_make_of_it_and_nothing_else(after, had, wanted, digest, why):
    chains = [ProofRules(rules).of_path(b".htaccess") for rules in (had, wanted)]
    found = second(made(PLAIN, after), *chains)
    assert (found.digest, found.why) == (digest, why)


def test_a_listing_proves_nothing_by_them():
    chain = ProofRules([BLOCK]).of_path(b".htaccess")
    assert second(msgspec.structs.replace(PLAIN, digest=None), chain, chain).digest is None


def test_evidence_has_to_be_of_a_rule_that_speaks_of_the_path():
    blocks, texts = ProofRules([BLOCK]).of_path(b".htaccess"), ProofRules([AFTER]).of_path(b"a.php")
    assert after_problem(made(PLAIN, hid(0)), blocks) is None
    assert after_problem(PLAIN, blocks) is None
    for after, chain in ((hid(0), ()), (hid(1), blocks), (After(doubt=DerivedDoubt.UNOPENED), texts)):
        assert after_problem(made(PLAIN, after), chain) is not None
    large = msgspec.structs.replace(PLAIN, size=entries.MAX_DERIVED_BYTES + 1)
    assert after_problem(large, ()) is None
    assert after_problem(large, blocks) is not None
    assert after_problem(msgspec.structs.replace(large, digest=None), blocks) is None


def test_a_header_with_a_rule_that_keeps_no_proof_is_refused():
    with pytest.raises(MalformedInput, match="does not keep it"):
        reader(make_manifest(rules=under(LEAVE)))


HERE = Machine(host_key="SHA256:x", root_dev="1", root_inode="2")
BASE = Base(kind="manifest", nonce="1", started_at="2026-01-01T00:00:00Z")


def carried(rules: RulesRef, after: After | None) -> bytes:
    item = made(PLAIN, after), msgspec.structs.replace(SETTLED, carried=True)
    return make_manifest(item, machine=HERE, rules=rules, base=(BASE,))


@pytest.mark.parametrize(
    ("before", "now", "is_right"),
    [
        (under(BLOCK), under(BLOCK), True),
        (under(BLOCK, AFTER), under(BLOCK), True),
        (under(AFTER, BLOCK), under(BLOCK), False),  # entries name rules by their number
        (under(), under(BLOCK), False),
        (under(BLOCK), under(), False),
        (under(BLOCK), under(INI), False),
        (under(AFTER), under(), True),
    ],
)
def test_a_file_is_carried_over_only_under_the_rules_that_it_had(before, now, is_right):
    base = make_manifest((PLAIN, SETTLED), machine=HERE, rules=before)
    if is_right:
        assert carrying.check(reader(carried(now, None)), reader(base)) == 1
        return
    with pytest.raises(NotVerified, match="carried over"):
        carrying.check(reader(carried(now, None)), reader(base))
    assert list(carrying.known_files(reader(base), reader(make_manifest(rules=now)).proof_rules)) == []


def test_what_a_tree_is_stays_the_same_under_any_rules():
    header = make_header(rules=under(BLOCK))
    told = [
        reader_of.trailer
        for reader_of in (reader(make_manifest(made(PLAIN, hid(0)), rules=header.rules)), reader(make_manifest(PLAIN)))
        if list(reader_of.lines())
    ]
    assert told[0].structure_root == told[1].structure_root


def test_one_digest_with_two_sizes_is_agreed_by_no_rule():
    larger = msgspec.structs.replace(PLAIN, size=100)
    chain = ProofRules([BLOCK]).of_path(b".htaccess")
    judged = by_proof(PLAIN, larger, (Proof(chain, chain), Proof(chain, chain)), ("size",))
    assert judged == Judgement(PathClass.CHANGED, ("size",))
