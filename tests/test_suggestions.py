"""Suggested rules: they settle what hosts make, and never hide that something is missing which people made."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import presets
from handover.comparison import PathClass
from handover.diagnosis import Streams
from handover.differences import Writer, read
from handover.effects import Replacement
from handover.entries import Entry, HostStat
from handover.paths import shown
from handover.patterns import literal
from handover.report import SideInput, compare_part
from handover.rules import Requirement, Rule, RuleKind, RuleSet, excluded_by_flag
from handover.suggestions import Ground, Suggestion, suggest
from handover.suggestions.replaced import replacements
from handover.terms import parse_rules, suggested
from support.manifests import Item, file, folder, make_manifest, reader
from test_presets import EVERYWHERE, SITES

LIVE_NS = 1_800_000_000 * 10**9


def suggestions(source: list[Item], target: list[Item], **known: object) -> tuple[Suggestion, ...]:
    rules = known.get("rules", RuleSet())
    raw, kept = [make_manifest(*side) for side in (source, target)], io.BytesIO()
    writer = Writer(kept, "web")
    compare_part("web", *(SideInput("s", "s", reader(one)) for one in raw), rules, writer.add)
    kept.seek(0)
    fields = {"rules": rules, "presets": (), "source_root": b"/home/old/www", "target_root": b"/home/new/www"}
    return suggest(Streams(read(kept, "d"), *map(reader, raw)), Ground(**(fields | known)))


def written(path: str, content: bytes, after_live_s: int) -> tuple[Entry, HostStat]:
    return file(path, content), HostStat(mtime_ns=str(LIVE_NS + after_live_s * 10**9))


def tree(paths: list[str]) -> list[Entry]:
    """Return the files of some paths and the folders that they are in; a folder wins over a file of its name."""
    folders = {path[: found.start()] for path in paths for found in re.finditer("/", path)}
    return [*map(folder, sorted(folders)), *(file(path, path.encode()) for path in sorted(set(paths) - folders))]


@pytest.mark.parametrize("name", presets.names())
def test_what_people_made_and_is_missing_is_in_no_suggestion(name):
    paths = [path for path in (SITES[name] + EVERYWHERE).split() if "well-known" not in path and "cgi-bin" not in path]
    fitting = (presets.load(name), presets.load("panel"))
    assert suggestions(tree(paths), [], presets=fitting, cutover_ns=0) == ()


GUESSABLE = ["a.php", "a.jpg", "b/c.txt", "b/d.log", "cache/e", "tmp/f", "sess_0", ".htaccess", "error.log"]


@given(st.sets(st.sampled_from(GUESSABLE)))
def test_nothing_is_guessed_of_what_is_missing(gone):
    left = [entry for entry in tree(GUESSABLE) if entry.path not in gone]
    assert suggestions(tree(GUESSABLE), left, cutover_ns=0, target_root=b"/srv/acme.example/www") == ()


def test_a_rule_is_suggested_with_how_much_it_settles_and_where():
    source = tree(["wp-content/cache/a", "wp-content/cache/b", "wp-config.php", "wp-content/uploads/x.jpg"])
    target = [*tree(["wp-content/cache/b", "wp-content/cache/c"]), file("wp-config.php", b"new")]
    found = suggestions(source, target, presets=(presets.load("wordpress"),))
    assert [(one.rule.pattern, one.counts, one.example) for one in found] == [
        ("wp-config.php", {PathClass.CHANGED: 1}, b"wp-config.php"),
        ("wp-content/cache/**", {PathClass.MISSING: 1, PathClass.EXTRA: 1}, b"wp-content/cache/a"),
    ]


def test_a_rule_that_is_in_force_is_not_suggested():
    source, target = [file("wp-config.php", b"old")], []
    rules = RuleSet(presets.load("wordpress").rules)
    assert suggestions(source, target, presets=(presets.load("wordpress"),), rules=rules) == ()


def test_blocks_of_panels_are_suggested_together_and_with_the_path_of_the_account():
    found = suggestions([file(".htaccess", b"a")], [file(".htaccess", b"b" * 99)], presets=(presets.load("panel"),))
    assert [one.rule.kind for one in found] == [RuleKind.IGNORE_BLOCK, RuleKind.IGNORE_BLOCK, RuleKind.EQUAL_AFTER]


# A text that was replaced


@pytest.mark.parametrize(
    ("source", "target", "pairs"),
    [
        ("/home/old/www", "/home/new/www", [("/home/old", "/home/new")]),
        (
            "/home/acme/public_html",
            "/home/u8/domains/acme.pl/public_html",
            [("/home/acme", "/home/u8/domains/acme.pl")],
        ),
        ("/home/acme/www", "/home/acme/domains/a.pl/www", [("/home/acme/www", "/home/acme/domains/a.pl/www")]),
        (
            "/vhosts/old.example/httpdocs",
            "/vhosts/new.example/httpdocs",
            [("/vhosts/old.example", "/vhosts/new.example"), ("old.example", "new.example")],
        ),
        ("/home/a/www", "/home/a/www", []),
        ("/srv", "/home/a/www", []),
        ("www", "/home/a/www", []),
    ],
)
def test_where_both_sides_lie_says_what_may_have_been_replaced(source, target, pairs):
    assert replacements(source.encode(), target.encode()) == tuple(Replacement(old=a, new=b) for a, b in pairs)
    assert replacements(b"/home/\xff/www", target.encode()) == ()


def test_a_text_is_compared_after_the_replacement_when_its_size_fits():
    places = {"source_root": b"/home/oldest/www", "target_root": b"/home/new/www"}  # three bytes less each time
    source = [file(name, b"." * 100) for name in ("a.php", "b.php", "c.php", "d.jpg", "e.css")]
    target = [file("a.php", b"." * 94), file("b.php", b"." * 95), file("c.php", b"." * 103), file("d.jpg", b"." * 97),
              file("e.css", b"-" * 100)]  # fmt: skip
    (found,) = suggestions(source, target, **places)
    assert (found.rule.kind, found.rule.pattern, found.counts) == (
        RuleKind.EQUAL_AFTER, "**/*.php", {PathClass.CHANGED: 1},
    )  # fmt: skip
    assert found.rule.replace == (Replacement(old="/home/oldest", new="/home/new"),)


def test_a_text_of_another_size_may_be_one_that_the_live_site_wrote():
    places = {"source_root": b"/home/olds/www", "target_root": b"/home/new/www"}  # one byte less: any size fits
    change = ([file("a.php", b"." * 100)], [written("a.php", b"." * 93, 5)])
    assert [one.rule.kind for one in suggestions(*change, **places)] == [RuleKind.EQUAL_AFTER]
    assert [one.rule.kind for one in suggestions(*change, **places, cutover_ns=LIVE_NS)] == [RuleKind.MAY_DIFFER]


# A site that is in use


def test_what_the_live_site_wrote_is_agreed_to_by_its_name_alone():
    source = [file("data [1].bin", b"a"), file("old.bin", b"a"), file("cut.jpg", b"aaaa"), file("none.txt", b"a")]
    target = [written("data [1].bin", b"aa", 1), written("old.bin", b"ab", -1), written("cut.jpg", b"aa", 1),
              written("none.txt", b"", 1), written("new.jpg", b"x", 1)]  # fmt: skip
    found = suggestions(source, target, cutover_ns=LIVE_NS)
    assert [(one.rule.kind, one.rule.pattern) for one in found] == [(RuleKind.MAY_DIFFER, r"data \[1\].bin")]
    strict = RuleSet(require=frozenset({Requirement.NO_EXTRA}))
    found = suggestions(source, target, cutover_ns=LIVE_NS, rules=strict)
    assert [(one.rule.kind, one.rule.pattern) for one in found][1:] == [(RuleKind.MAY_BE_EXTRA, "new.jpg")]
    assert suggestions(source, target) == ()


def test_where_a_replacement_was_tried_in_vain_the_live_site_may_have_written():
    change = [file("shop.php", b"old")], [written("shop.php", b"new", 1)]
    (first,) = suggestions(*change, cutover_ns=LIVE_NS)
    assert first.rule.kind is RuleKind.EQUAL_AFTER
    (second,) = suggestions(*change, cutover_ns=LIVE_NS, rules=RuleSet((first.rule,)))
    assert (second.rule.kind, second.rule.pattern) == (RuleKind.MAY_DIFFER, "shop.php")


@pytest.mark.parametrize("name", ["up/photo.jpg", "up/photo.JPG", "film.mp4", "offer.pdf", "backup.tar.gz"])
@pytest.mark.parametrize("content", [b"\0\0\0\0", b"recompressed"])
def test_what_people_uploaded_is_not_called_written_by_the_live_site(name, content):
    source, target = [file(name, b"mine")], [written(name, content, 1)]
    folders = [folder("up")] if "/" in name else []
    assert suggestions([*folders, *source], [*folders, *target], cutover_ns=LIVE_NS) == ()


def test_more_files_than_a_person_reads_are_not_suggested_one_by_one():
    names = [f"{number:03}.bin" for number in range(150)]
    found = suggestions([file(name, b"a") for name in names], [written(name, b"bb", 1) for name in names], cutover_ns=0)
    assert len(found) == 100


@given(st.lists(st.sampled_from(["a", "*", "?", "[", "]", "\\", "!", "é", "\n", " ", "**"]), min_size=1, max_size=6))
def test_the_pattern_of_one_path_matches_no_other(pieces):
    for path in ("".join(pieces), "/".join(pieces)):
        pattern = literal(path.encode())
        assert pattern is not None
        rules = RuleSet((excluded_by_flag(pattern),))
        assert rules.match(path.encode())
        assert not rules.match(path.encode() + b"a")
        assert not rules.match(path.replace("*", "b").replace("?", "b").encode()) or not set(path) & {"*", "?"}


def test_a_path_that_no_pattern_can_say_has_none():
    assert literal(b"\xff") is None
    assert literal(b"a" * 2000) is None


# The file


def test_the_file_is_one_for_rules_whatever_stands_in_it():
    kinds = [
        Rule(RuleKind.IGNORE, 'a "b"/**', "why", "suggested"),
        Rule(RuleKind.IGNORE_BLOCK, ".htaccess", "why", "suggested", "# BEGIN", "# END"),
        Rule(RuleKind.EQUAL_AFTER, "**/*.php", "why", "suggested", replace=(Replacement(old="a: b", new="{c}"),)),
    ]
    text = suggested([("for example a", rule) for rule in kinds], ["of all"])
    again = parse_rules(text.encode(), "f").rules
    assert [(r.kind, r.pattern, r.begin, r.end, r.replace) for r in again] == [
        (r.kind, r.pattern, r.begin, r.end, r.replace) for r in kinds
    ]
    assert "# of all\n" in text


@given(st.one_of(st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace"))))
def test_no_name_on_a_host_can_keep_the_file_from_being_read(name):
    pattern = literal(name)
    if pattern is not None:
        rule = Rule(RuleKind.MAY_DIFFER, pattern, "why", "suggested")
        text = suggested([(f"for example {shown(name)}", rule)])
        assert parse_rules(text.encode(), "f").rules[0].pattern == pattern


def test_what_there_is_no_room_for_is_left_out():
    patterns = [f"{number}{chr(1) * 1000}" for number in range(600)]
    rules = [("one", Rule(RuleKind.MAY_DIFFER, pattern, "why", "suggested")) for pattern in patterns]
    assert 10 < len(parse_rules(suggested(rules).encode(), "f").rules) < 100
    short = [("one", Rule(RuleKind.MAY_DIFFER, str(number), "why", "suggested")) for number in range(600)]
    assert len(parse_rules(suggested(short).encode(), "f").rules) == 500
