"""What a loss means for the site: said of what it needs and of what people made, and never part of a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from evidence.rounds import Round, Terms
from handover import presets
from handover.comparison import Verdict
from handover.entries import Entry, EntryType, GapKind
from handover.errors import MalformedInput
from handover.evidence.verification import Step
from handover.render.wording.headline import headline
from handover.report import SideInput, compare_part
from handover.rules import Rule, RuleKind, RulesDocument, RuleSet
from handover.site import Site, SiteFacts, SiteLoss, SiteTrouble, Trouble
from render.worlds import Part, make_world
from support.manifests import file, folder, gap, link, make_manifest, reader

SITE = Site(
    preset="wordpress",
    title="WordPress",
    needs=("wp-config.php", "wp-includes", "wp-includes/fonts", "up", "up/2024"),
    core=("wp-includes/**", "index.php"),
)
RULES = RuleSet(site=SITE)
WHOLE = [
    file("wp-config.php", b"settings"), file("index.php", b"<?php"), folder("wp-includes"), file("wp-includes/a", b"a"),
    folder("wp-includes/fonts"), file("wp-includes/fonts/b", b"b"), folder("up"), folder("up/2024"),
    file("up/2024/x.jpg", b"x" * 10), file("up/y.jpg", b"y" * 7),
]  # fmt: skip


def facts(source: list[Entry], target: list[Entry], rules: RuleSet = RULES) -> SiteFacts | None:
    sides = (SideInput(role, f"web.{role}.manifest", reader(make_manifest(*items)))
             for role, items in (("source", source), ("target", target)))  # fmt: skip
    return compare_part("web", *sides, rules, lambda _: None).site


def without(*gone: str) -> list[Entry]:
    return [entry for entry in WHOLE if not any(f"{entry.path}/".startswith(f"{path}/") for path in gone)]


def troubles(found: SiteFacts | None) -> list[tuple[str, str, str]]:
    return [] if found is None else [(one.path, one.what.value, one.side) for one in found.troubles]


def test_of_a_site_that_arrived_nothing_is_said():
    assert facts(WHOLE, WHOLE) is None
    assert facts(WHOLE, [*WHOLE, file("more")]) is None


def test_without_a_preset_nothing_is_said():
    assert facts(WHOLE, without("wp-config.php"), RuleSet()) is None


def test_a_missing_file_that_the_site_needs_is_named():
    assert troubles(facts(WHOLE, without("wp-config.php"))) == [("wp-config.php", "missing", "target")]


def test_a_missing_folder_is_named_once_and_not_again_for_what_is_in_it():
    assert troubles(facts(WHOLE, without("wp-includes"))) == [("wp-includes", "missing", "target")]
    assert troubles(facts(WHOLE, without("up"))) == [("up", "missing", "target")]


def test_a_folder_of_which_nothing_arrived_is_empty():
    assert troubles(facts(WHOLE, [*without("up"), folder("up")])) == [
        ("up/2024", "missing", "target"),
        ("up", "empty", "target"),
    ]
    assert troubles(facts(WHOLE, without("up/2024/x.jpg"))) == [("up/2024", "empty", "target")]
    assert troubles(facts(WHOLE, [*without("up/2024/x.jpg"), file("up/2024/z", b"z")])) == []
    assert troubles(facts(WHOLE, without("up/y.jpg"))) == []


def test_an_empty_folder_that_was_empty_before_is_no_trouble():
    bare = without("up/2024/x.jpg")
    assert facts(bare, bare) is None


def test_what_became_something_else_is_named():
    assert troubles(facts(WHOLE, [*without("up"), link("up", b"/mnt/up")])) == [
        ("up", "replaced", "target"),
    ]


def test_what_could_not_be_read_is_named_with_its_side():
    unread = gap("wp-config.php", GapKind.UNREADABLE, EntryType.FILE, 8)
    here = [*without("wp-config.php"), unread]
    assert troubles(facts(here, WHOLE)) == [("wp-config.php", "unreadable", "source")]
    assert troubles(facts(here, here)) == [
        ("wp-config.php", "unreadable", "source"),
        ("wp-config.php", "unreadable", "target"),
    ]
    unstable = [*without("wp-config.php"), gap("wp-config.php", GapKind.UNSTABLE, EntryType.FILE)]
    assert facts(WHOLE, unstable) is None


def test_an_unreadable_root_is_said_of_the_root_alone():
    assert troubles(facts(WHOLE, [gap("", GapKind.UNREADABLE, EntryType.DIR)])) == [("", "unreadable", "target")]


def test_what_a_rule_agrees_to_is_missed_all_the_same_when_the_site_needs_it():
    rules = RuleSet((Rule(RuleKind.MAY_BE_MISSING, "wp-config.php", "r", "terms"),), site=SITE)
    assert troubles(facts(WHOLE, without("wp-config.php"), rules)) == [("wp-config.php", "missing", "target")]


def test_loss_of_the_programs_files_is_counted_apart():
    changed = [
        *without("index.php", "up/y.jpg", "wp-includes/a"),
        file("index.php", b"<?php // 6.2"),
        file("up/y.jpg", b"-"),
    ]
    found = facts(WHOLE, [entry for entry in changed if entry.path != "up/2024/x.jpg"])
    assert found is not None
    assert found.core == SiteLoss(missing=1, bytes=1, changed=1)
    assert found.content == SiteLoss(missing=1, bytes=10, changed=1)


NAMES = st.lists(
    st.sampled_from([b"up", b"2024", b"up-", b"u", b"a", b"\xff", b"up\xff", b"\xc5\x82"]), min_size=1, max_size=3
)


@given(st.sets(NAMES.map(tuple), max_size=10))
def test_a_folder_is_called_empty_only_when_nothing_lies_below_it(chosen):
    folders = {path[:depth] for path in chosen for depth in range(1, len(path))}
    entries = [folder(b"/".join(path)) for path in folders] + [file(b"/".join(path)) for path in chosen - folders]
    watched = [b"up/", b"up/2024/", b"\xff/", b"up/\xff/", b"\xc5\x82/"]
    manifest = reader(make_manifest(*entries))
    manifest.watch(watched)
    assert list(manifest.lines())
    below = {one for one in watched if any(b"/".join(path).startswith(one) for path in chosen)}
    seen = {one for one in watched if manifest.saw_below(one)}
    assert below <= seen
    if all(b"\xff" not in name for path in chosen for name in path):
        assert seen == below


@given(st.sets(st.sampled_from([entry.path for entry in WHOLE]), max_size=6))
def test_the_verdict_is_the_same_with_and_without_a_site(gone):
    def verdict(rules: RuleSet) -> Verdict:
        sides = (
            SideInput(role, role, reader(make_manifest(*items)))
            for role, items in (("s", WHOLE), ("t", without(*gone)))
        )
        compared = compare_part("web", *sides, rules, lambda _: None).comparison
        assert compared is not None
        return compared.verdict

    assert verdict(RULES) is verdict(RuleSet())


# In words


def test_what_keeps_the_site_from_working_is_said_first_and_loss_of_people_before_that_of_the_program():
    said = headline(make_world(Part(WHOLE, without("wp-config.php", "wp-includes/a"), RULES)).report).sentences
    assert [sentence.translate({0x2066: None, 0x2069: None}) for sentence in said[:3]] == [
        "The site cannot work on the RECEIVER's host: wp-config.php is missing there.",
        "1 path that people made or set up (8 bytes) is missing on the RECEIVER's host.",
        "1 missing path comes with WordPress and can be got again from there.",
    ]
    assert "2 of 11 files and folders" in said[3]


def test_each_trouble_has_a_sentence_and_many_are_counted():
    world = make_world(Part(WHOLE, WHOLE, RULES))
    told = [SiteTrouble(path=path, what=what, side="target") for what in Trouble for path in ("up", "")]
    part = world.report.parts[0]
    for trouble in told:
        with_site = structs.replace(part, site=SiteFacts(preset="x", title="X", troubles=(trouble,) * 5))
        said = headline(world.but(parts=(with_site,)).report).sentences
        assert said[0] == said[2]
        assert said[3].startswith("2 more paths that the site cannot work without")


# In rules.json


def test_rules_with_a_site_survive_rules_json():
    again = RulesDocument.of({"web": RULES}, terms_sha256="0" * 64)
    assert RulesDocument.from_bytes(again.to_bytes(), where="r").rule_sets(where="r") == {"web": RULES}
    assert b'"site"' not in RulesDocument.of({"web": RuleSet()}, terms_sha256="0" * 64).to_bytes()


def test_a_site_with_a_pattern_that_is_none_is_malformed():
    bad = RuleSet(site=Site(preset="x", title="X", needs=(), core=("/x",)))
    with pytest.raises(MalformedInput, match="begins with `/`"):
        RulesDocument.from_bytes(RulesDocument.of({"web": bad}, terms_sha256="0" * 64).to_bytes(), where="r")


def test_a_site_is_no_part_of_what_a_scan_depends_on():
    assert RULES.digest == RuleSet().digest


def test_every_preset_of_a_site_says_what_it_needs():
    assert {name for name in presets.names() if presets.load(name).site is None} == {"panel"}


# In a bundle


def test_a_report_that_says_something_else_of_the_site_is_not_verified():
    made = Round(WHOLE, without("wp-config.php"), terms=Terms(rules=RULES))
    assert made.verify(require=()).intact
    (part,) = made.report.parts
    for said in (None, structs.replace(part.site, troubles=())):
        made.report = structs.replace(made.report, parts=(structs.replace(part, site=said),))
        made.files["report.json"] = made.report.to_bytes()
        made.seal()
        failed = [check for check in made.verify(require=()).checks if not check.passed]
        assert [check.step for check in failed] == [Step.RECOMPUTATION]
        assert "is not what the manifests say" in failed[0].detail
