"""Rules that keep proof: what a scan tells of files under them, and what comparing such scans says."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import msgspec
import pytest

from handover.compare import Comparer
from handover.comparison import PathClass
from handover.digests import Algorithm
from handover.effects import Replacement
from handover.entries import MAX_DERIVED_BYTES, After, DerivedDoubt, Hidden
from handover.errors import RemoteError
from handover.manifest import Role
from handover.manifest_reader import Reader
from handover.rules import Requirement, Rule, RuleKind, RuleSet, agent_effects
from handover.scan import Effort
from support import pythons
from support.manifests import file, make_manifest
from support.rounds_of_scans import knowing, made_later, scan_to
from support.scans import Manifest, scan_tree

PANEL = b"# php -- BEGIN cPanel-generated handler\nAddHandler %s .php\n# php -- END cPanel-generated handler\n"
OWN = b"RewriteEngine On\n"


def block(pattern: str, name: str = "php") -> Rule:
    return Rule(
        RuleKind.IGNORE_BLOCK, pattern, "the panel's", "terms", f"# {name} -- BEGIN cPanel", f"# {name} -- END cPanel"
    )


def after(pattern: str, old: str = "/home/old", new: str = "/home/new") -> Rule:
    return Rule(RuleKind.EQUAL_AFTER, pattern, "the account", "terms", replace=(Replacement(old=old, new=new),))


RULES = RuleSet((block(".htaccess"), after("**/*.php")))


def tree(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


FILES = {
    ".htaccess": OWN + b"\n" + PANEL % b"ea-php81",
    "a.php": b"<?php require '/home/old/x.php'; // /home/old",
    "plain.php": b"<?php echo 1;",
    "sub/.htaccess": PANEL % b"other",
    "sub/big.php": b"line /home/old/y\n" * 600_000,
    "x.txt": b"/home/old",
}


def check_source(found: Manifest) -> None:
    big = FILES["sub/big.php"]
    wanted = {
        b".htaccess": After(
            digest=sha256(OWN), hidden=(Hidden(rule=0, times=1, bytes=len(FILES[".htaccess"]) - len(OWN)),)
        ),
        b"a.php": After(
            digest=sha256(FILES["a.php"].replace(b"/home/old", b"/home/new")),
            hidden=(Hidden(rule=1, times=2, bytes=18),),
        ),
        b"sub/big.php": After(
            digest=sha256(big.replace(b"/home/old", b"/home/new")),
            hidden=(Hidden(rule=1, times=600_000, bytes=9 * 600_000),),
        ),
    }
    assert {path: entry.after for path, entry in found.entries.items() if entry.after is not None} == wanted
    for name, content in FILES.items():
        assert found.entries[name.encode()].digest == sha256(content)


def test_a_source_tells_the_digest_without_blocks_and_after_replacements_and_the_plain_one(tmp_path: Path) -> None:
    found = scan_tree(tree(tmp_path, FILES), rules=RULES, role=Role.SOURCE)
    check_source(found)
    assert [(row.kind, row.pattern) for row in found.header.rules.after] == [
        ("ignore_block", ".htaccess"),
        ("equal_after", "**/*.php"),
    ]


@pytest.mark.parametrize("python", list(pythons.found().values()), ids=list(pythons.found()))
def test_every_interpreter_tells_the_same(tmp_path: Path, python: str) -> None:
    root = tree(tmp_path, FILES)
    check_source(scan_tree(root, rules=RULES, role=Role.SOURCE, interpreters=(python,)))


def test_a_target_is_not_replaced_and_its_blocks_are_taken_out(tmp_path: Path) -> None:
    found = scan_tree(tree(tmp_path, FILES), rules=RULES, role=Role.TARGET)
    assert {path for path, entry in found.entries.items() if entry.after is not None} == {b".htaccess"}
    assert [row.kind for row in found.header.rules.after] == ["ignore_block"]


def test_what_a_tree_is_does_not_depend_on_rules(tmp_path: Path) -> None:
    root = tree(tmp_path, FILES)
    with_rules, without = scan_tree(root, rules=RULES).trailer, scan_tree(root).trailer
    assert (with_rules.content_root, with_rules.structure_root) == (without.content_root, without.structure_root)


@pytest.mark.parametrize("effort", [Effort(1, polite=False), Effort(2, polite=True)])
def test_one_process_and_slow_reading_tell_the_same(tmp_path: Path, effort: Effort) -> None:
    check_source(scan_tree(tree(tmp_path, FILES), rules=RULES, effort=effort, rate=40_000_000))


DOUBTS = {
    "unclosed": b"# php -- BEGIN cPanel\nx\n",
    "nested": b"# php -- BEGIN cPanel\n# php -- BEGIN cPanel\n# php -- END cPanel\n",
    "unopened": b"x\n# php -- END cPanel\n",
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_doubtful_block_is_told_and_hides_nothing(tmp_path: Path, doubt: str) -> None:
    found = scan_tree(tree(tmp_path, {".htaccess": DOUBTS[doubt]}), rules=RULES)
    assert found.entries[b".htaccess"].after == After(doubt=DerivedDoubt(doubt))


def test_a_file_of_more_than_64_mib_is_told_to_be_too_large(tmp_path: Path) -> None:
    for name, size in (("a.php", MAX_DERIVED_BYTES), ("b.php", MAX_DERIVED_BYTES + 1)):
        (tmp_path / name).touch()
        os.truncate(tmp_path / name, size)
    entries = scan_tree(tmp_path, rules=RULES).entries
    assert (entries[b"a.php"].after, entries[b"b.php"].after) == (None, After(doubt=DerivedDoubt.TOO_LARGE))


def test_the_fast_profile_has_second_digests_too(tmp_path: Path) -> None:
    found = scan_tree(tree(tmp_path, {"a.php": FILES["a.php"]}), rules=RULES, digest=Algorithm.XXH128)
    second = found.entries[b"a.php"].after
    other = scan_tree(tree(tmp_path / "b", {"a.php": FILES["a.php"].replace(b"old", b"new")}), digest=Algorithm.XXH128)
    assert second is not None
    assert second.digest == other.entries[b"a.php"].digest


# Comparing


def raw_of(root: Path, role: Role | None, rules: RuleSet, folder: Path, **changes: object) -> bytes:
    output = folder / f"{root.name}-{role}.manifest"
    scan_to(output, root, rules=rules, role=role, **changes)
    return output.read_bytes()


def judged(source: bytes, target: bytes, rules: RuleSet) -> dict[str, tuple[str, ...]]:
    sides = [Reader(io.BytesIO(raw), where="test") for raw in (source, target)]
    comparer = Comparer(*sides, rules)
    return {
        each.path_bytes().decode(): (each.kind.value, *each.why, *([f"by {each.rule}"] if each.rule else []))
        for each in comparer.differences()
        if each.kind is not PathClass.SAME
    }


CASES = [
    ("a block on one side only", ".htaccess", OWN + b"\n" + PANEL % b"81", OWN,
     ("agreed", "size", "same_without_block", "by .htaccess")),
    ("other blocks", ".htaccess", OWN + PANEL % b"81", OWN + PANEL % b"74",
     ("agreed", "content", "same_without_block", "by .htaccess")),
    ("nothing but a block", ".htaccess", PANEL % b"81", PANEL % b"8.3",
     ("agreed", "size", "same_without_block", "by .htaccess")),
    ("more than the block", ".htaccess", OWN + PANEL % b"81", OWN + b"Deny\n" + PANEL % b"81",
     ("changed", "size", "beyond_rule")),
    ("not closed on the source", ".htaccess", OWN + DOUBTS["unclosed"], OWN,
     ("changed", "size", "unclosed_source")),
    ("doubts on both sides", ".htaccess", DOUBTS["unopened"], DOUBTS["nested"],
     ("changed", "size", "unopened_source", "nested_target")),
    ("another path", "sub/.htaccess", PANEL % b"81", PANEL % b"74", ("changed", "content")),
    ("a path replaced", "a.php", b"x /home/old", b"x /home/new",
     ("agreed", "content", "same_after_replacement", "by **/*.php")),
    ("a path left as it was", "a.php", b"/home/old /home/old", b"/home/new /home/old",
     ("changed", "content", "beyond_rule")),
    ("replaced the other way", "a.php", b"/home/new", b"/home/old", ("changed", "content", "beyond_rule")),
    ("the same, with the old path", "a.php", b"/home/old", b"/home/old", None),
]  # fmt: skip


@pytest.mark.parametrize(("source", "path", "target", "wanted"), [(c[2], c[1], c[3], c[4]) for c in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_what_a_rule_names_is_agreed_and_everything_else_has_changed(
    tmp_path: Path, source: bytes, path: str, target: bytes, wanted: tuple[str, ...] | None
) -> None:
    old, new = tree(tmp_path / "old", {path: source}), tree(tmp_path / "new", {path: target})
    found = judged(raw_of(old, Role.SOURCE, RULES, tmp_path), raw_of(new, Role.TARGET, RULES, tmp_path), RULES)
    assert found == ({} if wanted is None else {path: wanted})


def test_several_rules_apply_to_one_file_in_their_order(tmp_path: Path) -> None:
    rules = RuleSet((block(".htaccess"), block(".htaccess", "ini"), after(".htaccess")))
    ini = b"# ini -- BEGIN cPanel\nphp_value x\n# ini -- END cPanel\n"
    old = tree(tmp_path / "old", {".htaccess": OWN + b"AuthUserFile /home/old/p\n\n" + PANEL % b"81" + b"\n" + ini})
    new = tree(tmp_path / "new", {".htaccess": OWN + b"AuthUserFile /home/new/p\n"})
    source, target = raw_of(old, Role.SOURCE, rules, tmp_path), raw_of(new, Role.TARGET, rules, tmp_path)
    assert judged(source, target, rules) == {
        ".htaccess": ("agreed", "size", "same_without_block", "same_after_replacement", "by .htaccess")
    }
    # With one of them less the manifest has hidden more than is wanted, and nothing is proven by it.
    fewer = RuleSet(rules.rules[:2])
    assert judged(source, target, fewer)[".htaccess"] == ("changed", "size", "without_rule_source")


def test_a_manifest_that_was_made_without_the_rule_proves_nothing_by_it(tmp_path: Path) -> None:
    old, new = tree(tmp_path / "old", {"a.php": b"/home/old"}), tree(tmp_path / "new", {"a.php": b"/home/new"})
    without, target = raw_of(old, Role.SOURCE, RuleSet(), tmp_path), raw_of(new, Role.TARGET, RuleSet(), tmp_path)
    assert judged(without, target, RULES) == {"a.php": ("changed", "content", "without_rule_source")}
    # A target needs no rule for a replacement, and a source that nobody called one has it.
    source = raw_of(old, None, RULES, tmp_path)
    assert judged(source, target, RULES)["a.php"][0] == "agreed"
    assert judged(raw_of(new, None, RULES, tmp_path), target, RULES) == {}


def test_a_rule_of_another_kind_holds_beside_it_unless_it_has_the_very_same_pattern(tmp_path: Path) -> None:
    config = {"wp-config.php": b"password1 /home/old"}, {"wp-config.php": b"password2 /home/new"}
    old, new = tree(tmp_path / "old", config[0]), tree(tmp_path / "new", config[1])
    for pattern, kind in (("**/*.php", "agreed"), ("wp-config.php", "changed")):
        rules = RuleSet((after(pattern), Rule(RuleKind.MAY_DIFFER, "wp-config.php", "password", "preset")))
        folder = tmp_path / kind
        folder.mkdir()
        found = judged(raw_of(old, Role.SOURCE, rules, folder), raw_of(new, Role.TARGET, rules, folder), rules)
        assert found["wp-config.php"][0] == kind


def test_names_and_sizes_alone_neither_prove_a_loss_nor_agree(tmp_path: Path) -> None:
    old, new = tree(tmp_path / "old", {"a.php": b"1", "b": b"1"}), tree(tmp_path / "new", {"a.php": b"22", "b": b"22"})
    source, target = (
        raw_of(root, role, RULES, tmp_path, digest=Algorithm.NONE)
        for root, role in ((old, Role.SOURCE), (new, Role.TARGET))
    )
    assert judged(source, target, RULES) == {"a.php": ("not_checked", "size_and_rule"), "b": ("changed", "size")}


def test_required_metadata_still_count(tmp_path: Path) -> None:
    rules = RuleSet(RULES.rules, frozenset({Requirement.MODE}))
    old, new = tree(tmp_path / "old", {"a.php": b"/home/old"}), tree(tmp_path / "new", {"a.php": b"/home/new"})
    (new / "a.php").chmod(0o600)
    found = judged(raw_of(old, Role.SOURCE, rules, tmp_path), raw_of(new, Role.TARGET, rules, tmp_path), rules)
    assert found["a.php"] == ("metadata", "mode")


# A host that lies


def test_a_host_that_lies_about_a_second_digest_gains_what_a_false_digest_gains(tmp_path: Path) -> None:
    old, new = (
        tree(tmp_path / "old", {".htaccess": OWN}),
        tree(tmp_path / "new", {".htaccess": b"lost\n" + PANEL % b"81"}),
    )
    source, target = raw_of(old, Role.SOURCE, RULES, tmp_path), raw_of(new, Role.TARGET, RULES, tmp_path)
    assert judged(source, target, RULES)[".htaccess"] == ("changed", "size", "beyond_rule")
    honest = Reader(io.BytesIO(target), where="test")
    entry, header = [honest.parse(line) for line in honest.lines()][1], honest.header
    assert entry.after is not None
    false_second = msgspec.structs.replace(entry, after=msgspec.structs.replace(entry.after, digest=sha256(OWN)))
    false_digest = file(".htaccess", OWN)
    lies = [make_manifest(lie, rules=header.rules, role=Role.TARGET) for lie in (false_second, false_digest)]
    assert judged(source, lies[0], RULES)[".htaccess"] == ("agreed", "size", "same_without_block", "by .htaccess")
    assert judged(source, lies[1], RULES) == {}


def test_a_second_digest_that_nobody_asked_for_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree(tmp_path, {".htaccess": OWN + PANEL % b"81", "a.txt": b"/home/old"})
    monkeypatch.setattr("handover.scan.session.agent_effects", lambda _: agent_effects([after("a.txt")]))
    with pytest.raises(RemoteError, match="second digest under a rule"):
        scan_tree(root, rules=RULES)


# Carry-over


def test_second_digests_are_carried_over_under_the_same_rules_and_read_again_under_others(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree", FILES)
    scan_to(tmp_path / "1", root, rules=RULES)
    same = scan_to(tmp_path / "2", root, knowing(made_later(tmp_path / "1")), rules=RULES)
    check_source(same)
    assert carried(same) == {name.encode() for name in FILES}
    more = RuleSet((block(".htaccess"), after("**/*.php"), block("sub/.htaccess"), after("x.txt")))
    other = scan_to(tmp_path / "3", root, knowing(made_later(tmp_path / "1")), rules=more)
    assert carried(other) == {name.encode() for name in FILES} - {b"sub/.htaccess", b"x.txt"}
    assert {path for path, entry in other.entries.items() if entry.after} == {
        *(b".htaccess", b"a.php", b"sub/.htaccess", b"sub/big.php", b"x.txt")
    }
    none = scan_to(tmp_path / "4", root, knowing(made_later(tmp_path / "1")))
    assert carried(none) == {b"sub/.htaccess", b"x.txt"}


def carried(found: Manifest) -> set[bytes]:
    return {path for path, host in found.hosts.items() if host.carried}
