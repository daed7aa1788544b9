import base64
import itertools
import json
import re
import subprocess
import time
from pathlib import Path

import jsonschema
import pathspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handover.effects import Replacement
from handover.errors import ExitCode, MalformedInput
from handover.patterns import MAX_BYTES, MAX_WILDCARDS, PatternError, translate
from handover.rules import (
    MAX_RULES,
    Requirement,
    Rule,
    RuleKind,
    RulesDocument,
    RuleSet,
    excluded_by_flag,
)

SPEC = Path(__file__).parents[1] / "docs" / "spec"
VECTORS = json.loads((SPEC / "rules-vectors.json").read_text("utf-8"))
TERMS_SHA256 = "ab" * 32


def ignore(pattern, origin="terms"):
    return Rule(RuleKind.IGNORE, pattern, "because", origin)


def regex_of(pattern):
    return re.compile(ignore(pattern).regex)


def paths_of(vector, kind):
    return [text.encode() for text in vector.get(kind, [])] + [
        base64.b64decode(text, validate=True) for text in vector.get(f"{kind}_b64", [])
    ]


@pytest.mark.parametrize("vector", VECTORS["matching"], ids=lambda vector: vector["pattern"])
def test_vectors_hold_for_the_rule_set_and_for_the_bare_regular_expression(vector):
    pattern = vector["pattern"]
    rule_set = RuleSet((ignore("zzz/[z]"), ignore(pattern)))
    assert vector["matches"]
    assert vector["does_not_match"]
    for path in paths_of(vector, "matches"):
        assert regex_of(pattern).fullmatch(path), path
        assert rule_set.match(path) is rule_set.rules[1], path
    for path in paths_of(vector, "does_not_match"):
        assert not regex_of(pattern).fullmatch(path), path
        assert rule_set.match(path) is None, path


@pytest.mark.parametrize("vector", VECTORS["matching"], ids=lambda vector: vector["pattern"])
def test_vectors_hold_in_pcre_too(vector):
    matching = paths_of(vector, "matches")
    paths = [path for path in matching + paths_of(vector, "does_not_match") if path]
    done = subprocess.run(
        ["grep", "-azP", rf"\A(?:{ignore(vector['pattern']).regex.decode()})\z"],
        input=b"".join(path + b"\0" for path in paths),
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stderr == b""
    assert done.stdout.split(b"\0")[:-1] == matching


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: vector["pattern"])
def test_an_unclear_pattern_is_refused_with_a_hint(vector):
    with pytest.raises(PatternError) as caught:
        ignore(vector["pattern"])
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint
    assert caught.value.what.isprintable()


def test_limits_of_a_pattern_are_exact():
    ignore("a" * MAX_BYTES)
    ignore("/".join(["*"] * MAX_WILDCARDS))
    ignore("\\*" * 100 + "\\[")
    for pattern in (
        "a" * (MAX_BYTES + 1),
        "é" * (MAX_BYTES // 2 + 1),
        "/".join(["*"] * MAX_WILDCARDS + ["?"]),
        "/".join(["**"] * MAX_WILDCARDS + ["[a]"]),
        "\udc80",
    ):
        with pytest.raises(PatternError):
            ignore(pattern)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\udc80"])
def test_a_text_that_no_line_can_hold_is_no_part_of_a_rule(text):
    for begin, end in ((text, "#E"), ("#B", text)):
        with pytest.raises(PatternError, match="the beginning of one line"):
            Rule(RuleKind.IGNORE_BLOCK, "a", "r", "terms", begin, end)
    for pair in (Replacement(old=text, new="x"), Replacement(old="x", new=text)):
        with pytest.raises(PatternError, match="`replace` needs texts"):
            Rule(RuleKind.EQUAL_AFTER, "a", "r", "terms", replace=(pair,))


# The meaning of a pattern once more, in the plainest way: sets of positions, one character after the other.


def characters(name):
    """Characters of valid UTF-8, and single bytes where there is none."""
    found = []
    while name:
        for width in (4, 3, 2, 1):
            try:
                text = name[:width].decode()
            except UnicodeDecodeError:
                continue
            if len(text) == 1 and len(name) >= width:
                found.append(text)
                name = name[width:]
                break
        else:
            found.append(name[:1])
            name = name[1:]
    return found


def name_matches(tokens, chars):
    positions = {0}
    for token in tokens:
        if token == "*":
            positions = {later for at in positions for later in range(at, len(chars) + 1)}
        else:
            positions = {at + 1 for at in positions if at < len(chars) and one_matches(token, chars[at])}
    return len(chars) in positions


def one_matches(token, char):
    match token:
        case "?":
            return True
        case ("class", negated, members):
            return isinstance(char, str) and (char in members) != negated
        case ("char", wanted):
            return char == wanted


def path_matches(components, names):
    positions = {0}
    for component in components:
        if component != "**":
            positions = {
                at + 1 for at in positions if at < len(names) and name_matches(component, characters(names[at]))
            }
        else:
            positions = {later for at in positions for later in range(at, len(names) + 1)}
    return bool(names) and len(names) in positions


ALPHABET = "a-.!0é\n*?[]^\\€"
SPECIAL = "*?[]\\!"


def written(token):
    match token:
        case ("char", char):
            return f"\\{char}" if char in SPECIAL else char
        case ("class", negated, members):
            inner = "".join(f"\\{char}" if char in "]\\^-![" else char for char in members)
            return f"[{'!' if negated else ''}{inner}]"
        case wildcard:
            return wildcard


tokens = st.one_of(
    st.tuples(st.just("char"), st.sampled_from(ALPHABET)),
    st.just("*"),
    st.just("?"),
    st.tuples(st.just("class"), st.booleans(), st.lists(st.sampled_from("a-é^]!"), min_size=1, max_size=3).map(tuple)),
)
components = st.one_of(
    st.just("**"),
    st.lists(tokens, min_size=1, max_size=5).filter(
        lambda tokens: ("*", "*") not in itertools.pairwise(tokens) and written_name(tokens) not in {".", ".."}
    ),
)
names = st.one_of(
    st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=5).map(lambda chars: "".join(chars).encode()),
    st.lists(st.sampled_from([b"\xc3", b"\xa9", b"\xe2", b"\x82", b"\xac", b"a", b"\xff"]), min_size=1, max_size=6).map(
        b"".join
    ),
)


def written_name(tokens):
    return "".join(map(written, tokens))


#: Those of which one path has one.
KINDS = [kind for kind in RuleKind if not kind.keeps_proof]


def make_rule(kind: RuleKind, pattern: str, reason: str = "r", origin: str = "terms", text: str = "x") -> Rule:
    """A rule of any kind; ``text`` tells one that keeps proof from others of its kind."""
    match kind:
        case RuleKind.IGNORE_BLOCK:
            return Rule(kind, pattern, reason, origin, f"<{text}", f">{text}")
        case RuleKind.EQUAL_AFTER:
            return Rule(kind, pattern, reason, origin, replace=(Replacement(old=text, new=f"{text}{text}"),))
        case _:
            return Rule(kind, pattern, reason, origin)


def written_pattern(components):
    return "/".join(component if component == "**" else written_name(component) for component in components)


patterns = st.lists(components, min_size=1, max_size=5)
path_names = st.lists(names, max_size=5)
# With two letters nearly everything fits somewhere, and the wrong place is taken as soon as it can be.
tight_components = st.one_of(
    st.just("**"),
    st.lists(st.sampled_from([("char", "a"), ("char", "b"), "*", "?"]), min_size=1, max_size=5).filter(
        lambda tokens: ("*", "*") not in itertools.pairwise(tokens)
    ),
)
tight_patterns = st.lists(tight_components, min_size=1, max_size=6)
tight_names = st.lists(st.text("ab", min_size=1, max_size=5).map(str.encode), max_size=6)


@given(st.one_of(st.tuples(patterns, path_names), st.tuples(tight_patterns, tight_names)))
@settings(max_examples=600)
def test_a_pattern_means_what_the_plain_definition_says(both):
    pattern, names = both
    text = written_pattern(pattern)
    assert bool(RuleSet((ignore(text),)).match(b"/".join(names))) == path_matches(pattern, names)


@given(st.lists(st.tuples(patterns, st.sampled_from(KINDS)), max_size=6), path_names)
def test_the_first_rule_that_matches_wins(written_rules, names):
    path = b"/".join(names)
    rules = tuple(Rule(kind, written_pattern(pattern), "r", f"{n}") for n, (pattern, kind) in enumerate(written_rules))
    rule_set = RuleSet(rules)
    first = next((rule for rule in rules if re.fullmatch(rule.regex, path)), None)
    assert rule_set.match(path) is first
    # An agent sees only the rules that a scan depends on, and ignores the same paths.
    program = rule_set.agent_program()
    told = next((rule for rule in program if re.fullmatch(rule.regex.encode(), path, re.DOTALL)), None)
    assert (told is not None and told.is_ignore) == (first is not None and first.kind is RuleKind.IGNORE)
    assert not program or program[-1].is_ignore


@given(st.text(st.sampled_from("a-.!0é\n*?[]/\\\0^"), max_size=12), st.text(st.sampled_from("aé\n/."), max_size=8))
def test_any_text_is_a_pattern_or_refused_and_nothing_else(text, path):
    refusal = None
    try:
        rule_set = RuleSet((ignore(text),))
    except PatternError as error:
        refusal = error
    if refusal is None:
        rule_set.match(path.encode())
    else:
        assert refusal.what.isprintable()


git_names = st.text(st.sampled_from("ab.-é"), min_size=1, max_size=4).filter(lambda name: name.strip("."))
git_components = st.one_of(
    st.just("**"),
    st.lists(st.sampled_from(["a", "b", ".", "é", "*", "?", "[ab]", "\\*"]), min_size=1, max_size=4)
    .map("".join)
    .filter(lambda name: "**" not in name.replace("\\*", "") and name.strip(".")),
)


@given(st.lists(git_components, min_size=1, max_size=4), st.lists(git_names, min_size=1, max_size=4))
def test_ignored_paths_are_those_that_gitignore_would_ignore_where_both_speak(components, names):
    ours = RuleSet((ignore("/".join(components)),))
    while components and components[-1] == "**":
        components = components[:-1]  # git's `a/**` leaves `a` itself; our `a/**` is what git calls `/a`
    theirs = pathspec.GitIgnoreSpec.from_lines(["/" + "/".join(components or ["*"])])
    assume(not any("***" in component for component in components))
    below = ["/".join(names[: upto + 1]) for upto in range(len(names))]
    assert any(ours.match(path.encode()) for path in below) == theirs.match_file(below[-1])


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("**/**/**/*a*a*a*b", b"a" * 200_000),
        ("*a" * 31 + "c", b"a" * 200_000),
        ("*?" * 15 + "z", "é".encode() * 50_000),
        ("**/" + "*[!b]" * 15 + "c", b"a" * 100_000),
        ("**/a/" * 15 + "b", b"a/" * 50_000 + b"a"),
        ("**/" + "a/" * 500 + "b", b"a/" * 5_000 + b"a"),
        ("**/*a*a/" * 10 + "b", b"aaaa/" * 5_000 + b"a"),
        ("**/*a*/" * 10 + "b/**", b"aaaa/" * 5_000 + b"c"),
    ],
)
def test_a_hostile_pattern_on_a_hostile_name_ends_soon(pattern, path):
    rule_set = RuleSet((ignore(pattern),))
    started = time.process_time()
    assert rule_set.match(path) is None
    assert time.process_time() - started < 2


def test_as_many_rules_as_are_allowed_are_joined_and_still_told_apart():
    rule_set = RuleSet(tuple(ignore(f"**/d{number}?/x*y*z") for number in range(MAX_RULES)))
    assert rule_set.match(b"a/d499/x/x") is None
    assert rule_set.match(b"a/d4998/xyz") is rule_set.rules[499]
    assert rule_set.match(b"d17\xff/xyyz") is rule_set.rules[17]


def test_groups_are_numbered_across_translations():
    groups = itertools.count()
    first, second = translate("?", groups), translate("?", groups)
    assert "(?P<g0>" in first
    assert "(?P<g1>" in second


def test_no_rules_match_nothing_and_tell_an_agent_nothing():
    assert RuleSet().match(b"a") is None
    assert RuleSet().agent_program() == ()


def test_rules_after_the_last_that_ignores_are_no_business_of_an_agent():
    rule_set = RuleSet(
        (
            Rule(RuleKind.MAY_DIFFER, "keep", "r", "terms"),
            ignore("*"),
            Rule(RuleKind.MAY_BE_EXTRA, "late", "r", "terms"),
        )
    )
    assert [tuple(rule) for rule in rule_set.agent_program()] == [(False, "keep", "keep"), (True, "[^/]+", "*")]


def test_an_exclude_flag_is_an_ignore_rule_that_names_the_flag():
    rule = excluded_by_flag("tmp/**")
    assert (rule.kind, rule.pattern, rule.origin) == (RuleKind.IGNORE, "tmp/**", "flag --exclude")
    assert rule.reason


# rules.json

rule_sets = st.builds(
    RuleSet,
    st.lists(
        st.builds(
            make_rule,
            st.sampled_from(RuleKind),
            patterns.map(written_pattern),
            st.text(st.characters(codec="utf-8"), max_size=5),
            st.just("terms"),
        ),
        max_size=4,
    ).map(tuple),
    st.frozensets(st.sampled_from(Requirement)),
    st.integers(0, 10_000),
    st.sampled_from(["", "MySQL or MariaDB"]),
)
SCHEMA = json.loads((SPEC / "rules.schema.json").read_text("utf-8"))


def example():
    rules = (
        Rule(RuleKind.MAY_DIFFER, "wp-config.php", "new database password", "terms"),
        ignore("**/cache/**", "preset wordpress"),
    )
    return RulesDocument.of(
        {"web": RuleSet(rules, frozenset(Requirement), 500, "MySQL or MariaDB"), "static-files": RuleSet()},
        terms_sha256=TERMS_SHA256,
    )


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9]{0,3}", fullmatch=True), rule_sets, min_size=1, max_size=3))
def test_rules_json_round_trips_and_fits_its_schema(sets):
    assume(not {"con", "prn", "aux", "nul"} & set(sets))
    document = RulesDocument.of(sets, terms_sha256=TERMS_SHA256)
    raw = document.to_bytes()
    again = RulesDocument.from_bytes(raw, where="rules.json")
    assert again == document
    assert again.rule_sets(where="rules.json") == sets
    jsonschema.validate(json.loads(raw), SCHEMA, cls=jsonschema.Draft202012Validator)


def test_the_schema_is_valid_and_refuses_what_we_refuse():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    good = json.loads(example().to_bytes())
    assert validator.is_valid(good)
    for name in ("", "-a", "a-", "A", "a.b", "nul", "a" * 33, "a\n"):
        broken = json.loads(example().to_bytes())
        broken["parts"][0]["name"] = name
        assert not validator.is_valid(broken), name
        with pytest.raises(MalformedInput):
            RulesDocument.from_bytes(json.dumps(broken, indent=2).encode() + b"\n", where="w")
    for key in (*good, "more"):
        broken = {**good, "more": 1} if key == "more" else {k: v for k, v in good.items() if k != key}
        assert not validator.is_valid(broken), key


def test_every_byte_of_rules_json_that_is_changed_is_noticed_or_changes_the_document():
    document = example()
    raw = document.to_bytes()
    for at in range(len(raw)):
        flipped = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        try:
            assert RulesDocument.from_bytes(flipped, where="rules.json") != document
        except MalformedInput:
            continue


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"wp-config.php"', b'"/wp-config.php"'),
        (b'"wp-config.php"', b'"a**"'),
        (b'"static-files"', b'"web"'),
        (b'"mode",\n        "mtime"', b'"mtime",\n        "mode"'),
        (b'"mode",\n        "mtime"', b'"mode",\n        "mode"'),
        (b"500", b"10001"),
        (b"500", b"500.0"),
        (b'"handover-rules"', b'"handover-manifest"'),
        (b'"version": 1', b'"version": 2'),
        (b'"ignore"', b'"include"'),
        (b"{", b"\xef\xbb\xbf{"),
        (b"\n", b"\r\n"),
    ],
)
def test_a_rules_json_that_says_something_impossible_is_malformed(before, after):
    raw = example().to_bytes()
    assert before in raw
    with pytest.raises(MalformedInput) as caught:
        RulesDocument.from_bytes(raw.replace(before, after, 1), where="rules.json")
    assert caught.value.exit_code is ExitCode.MALFORMED
    assert caught.value.where == "rules.json"


def test_the_digest_of_a_rule_set_changes_with_everything_a_verdict_depends_on():
    base = RuleSet((ignore("a"), ignore("b")))
    others = [
        RuleSet((ignore("b"), ignore("a"))),
        RuleSet((ignore("a"),)),
        RuleSet((ignore("a"), Rule(RuleKind.MAY_DIFFER, "b", "because", "terms"))),
        RuleSet((ignore("a"), ignore("b", "flag --exclude"))),
        RuleSet(base.rules, frozenset({Requirement.MODE})),
        RuleSet(base.rules, max_excluded_bp=0),
        RuleSet(base.rules, database="MySQL or MariaDB"),
    ]
    assert len({rule_set.digest for rule_set in [base, *others]}) == len(others) + 1
    assert base.digest == RuleSet((ignore("a"), ignore("b"))).digest
    # As docs/spec/rules.md says, made here by other means.
    text = '[[{"kind":"ignore","pattern":"a","reason":"because","origin":"terms"}],["mode"],2500,""]'
    done = subprocess.run(["sha256sum"], input=text.encode(), capture_output=True, check=True, timeout=20)
    assert RuleSet((ignore("a"),), frozenset({Requirement.MODE})).digest == done.stdout.decode().split()[0]
