import re
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import presets
from handover.digests import Algorithm
from handover.errors import ExitCode, UsageError
from handover.evidence.statement import PartyRole
from handover.rules import MAX_RULES, Requirement, Rule, RuleKind, RulesDocument, RuleSet, excluded_by_flag
from handover.terms import (
    Language,
    Place,
    Route,
    SshTransport,
    TermsError,
    parse,
    parse_percent,
    parse_rules,
    synthetic,
    template,
)
from handover.terms.document import MAX_BYTES
from handover.terms.moments import zone_of

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "acme-shop" / "handover.yaml"
ID = "0123456789abcdef" * 2
KEY_A = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIECrWiwTjjsWNrlzZLqiWp/NWAtMgPMD0ScGJpBGr5HD"
KEY_B = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEy4MNL1XuFjd6R78ivn8VraL5rdDYEm05v5BjbnnJvx"
PART = """\
parts:
  - name: web
    source: {location: /old}
    target: {location: /new}
"""
MINIMAL = f"""\
handover: 1
id: "{ID}"
case: a case
{PART}"""


def with_part(lines):
    return MINIMAL + "".join(f"    {line}\n" for line in lines.splitlines())


def with_parties(text):
    return MINIMAL + "parties:\n" + "".join(f"  {line}\n" for line in text.splitlines())


def with_dates(dates, zone="Europe/Warsaw"):
    return MINIMAL + f"timezone: {zone}\ndates: {{{dates}}}\n"


def parsed(text):
    return parse(text.encode(), "handover.yaml")


def problems(text):
    with pytest.raises(TermsError) as caught:
        parsed(text)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value.problems


def problem(text):
    found = problems(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there is nothing in it"),
        ("#" * (MAX_BYTES + 1), "longer than"),
        ("%TAG ! tag:old.example,2026:\n---\n" + MINIMAL, "directive"),
        (MINIMAL.replace("handover: 1", "handover: [1]"), "not known here"),
        (MINIMAL + "parties: [sender]\n", "`parties` must be"),
        (with_part("rules: [x]"), "must be a list of"),
        (with_parties("sender: {name: a, contact: a@old.example, keys: [null]}"), "is empty"),
        ("# only a remark\n", "there is nothing in it"),
        (MINIMAL + "timezone: \uffff\n", "people cannot see"),
        (MINIMAL.replace("case: a case", "case: {a: case}"), "must be text, not a list of `key: value`"),
        (MINIMAL.replace("{location: /new}", "{location: ssh://a@new.example/b, route: [x]}"), "must be text"),
    ],
)
def test_what_is_no_text_is_said_as_what_it_is(text, said):
    assert said in problem(text).what


def test_parties_without_contacts_have_not_the_same_one():
    found = problems(with_parties("sender: {name: a}\nreceiver: {name: b}"))
    assert [one.what for one in found] == ["`contact` is missing in `sender`", "`contact` is missing in `receiver`"]


def test_utc_is_a_time_zone_by_itself():
    assert str(zone_of("UTC")) == "UTC"


def test_one_slip_is_one_problem():
    nameless = MINIMAL.replace("  - name: web\n", "  - name: [x]\n")
    assert len(problems(nameless + nameless.partition("parts:\n")[2])) == 2
    assert problem(MINIMAL.replace("{location: /new}", "{location: [x], become: sudo -n}")).place.line == 7


# What good terms say


def test_the_example_says_what_it_says():
    terms = parse(EXAMPLE.read_bytes(), "handover.yaml")
    assert terms.case == "acme-shop.example to new hosting"
    assert list(terms.parties) == list(PartyRole)
    assert terms.parties[PartyRole.SENDER].name == "Old Hosting sp. z o.o."
    assert terms.parties[PartyRole.SENDER].reference == "#4711"
    assert terms.parties[PartyRole.SENDER].keys == (f"{KEY_A} anna@old.example",)
    assert terms.parties[PartyRole.SENDER].language is Language.PL
    assert terms.parties[PartyRole.RECEIVER].language is Language.FI
    assert terms.parties[PartyRole.AGENCY].language is Language.EN
    assert terms.required_signatures == (PartyRole.SENDER, PartyRole.RECEIVER)
    assert terms.max_excluded_bp == 500
    assert terms.digest is Algorithm.SHA256
    assert [part.name for part in terms.parts] == ["web", "documents"]
    assert terms.parts[0].source.text == "ssh://acme@old.example/home/acme/public_html"
    assert terms.dates.frozen_from.instant == datetime(2026, 11, 28, 21, 0, tzinfo=UTC)
    assert terms.dates.complete_by.instant == datetime(2026, 12, 1, 23, 0, tzinfo=UTC)
    assert terms.dates.complete_by.text == "2026-12-01"


def test_the_parts_own_rules_come_before_the_presets_and_those_before_the_flags():
    terms = parse(EXAMPLE.read_bytes(), "handover.yaml")
    web = terms.rule_sets([excluded_by_flag("wp-config.php")], frozenset({Requirement.MODE}))["web"]
    origins = [rule.origin for rule in web.rules]
    preset = presets.load("wordpress")
    assert origins == ["terms"] * 3 + [rule.origin for rule in preset.rules] + ["flag --exclude"]
    assert web.match(b"wp-config.php").origin == "preset wordpress"
    assert [rule.kind for rule in web.rules[:3]] == [RuleKind.IGNORE_BLOCK, RuleKind.EQUAL_AFTER, RuleKind.IGNORE]
    assert web.match(b".htaccess") is None
    assert web.require == {Requirement.NO_EXTRA, Requirement.MODE}
    assert web.max_excluded_bp == 500
    assert web.database == "MySQL or MariaDB"
    documents = terms.rule_sets()["documents"]
    assert documents == RuleSet(max_excluded_bp=500)


def test_the_rules_of_the_example_survive_rules_json():
    terms = parse(EXAMPLE.read_bytes(), "handover.yaml")
    document = RulesDocument.of(terms.rule_sets(), terms_sha256="0" * 64)
    again = RulesDocument.from_bytes(document.to_bytes(), where="rules.json")
    assert again.rule_sets(where="rules.json") == terms.rule_sets()


def test_the_least_that_can_be_said_has_careful_defaults():
    terms = parsed(MINIMAL)
    assert terms.parties == {}
    assert terms.required_signatures == ()
    assert terms.timezone == "UTC"
    assert terms.max_excluded_bp == 2500
    location = terms.parts[0].source
    assert (location.follow_root_link, location.allow_empty, location.cross_mounts) == (False, False, False)
    assert (location.host_key, location.become, location.transport, location.route) == (None, None, None, None)


def test_every_key_of_a_location_is_understood():
    fingerprint = "SHA256:" + "a" * 43
    terms = parsed(
        MINIMAL.replace(
            "{location: /old}",
            f"{{location: 'ssh://me@[::1]:2222/a b', host_key: '{fingerprint}', become: sudo -n -u www-data,"
            " follow_root_link: true, transport: openssh, route: php, allow_empty: true, cross_mounts: false}",
        )
    )
    location = terms.parts[0].source
    assert location.text == "ssh://me@[::1]:2222/a b"
    assert location.host_key == fingerprint
    assert location.become == "sudo -n -u www-data"
    assert location.transport is SshTransport.OPENSSH
    assert location.route is Route.PHP
    assert location.follow_root_link
    assert location.allow_empty
    assert not location.cross_mounts


def test_scalars_are_what_is_written_and_never_what_yaml_1_1_makes_of_them():
    rules = "\n".join(
        f"  - {{ignore: {text}, reason: {text}}}"
        for text in ["no", "on", "0o17", "010", "1e3", "2026-12-01", "12:30:45", "0x1F", "1_000", ".inf"]
    )
    own = parsed(with_part(f"rules:\n{rules}")).parts[0].rules
    assert [rule.pattern for rule in own] == [rule.reason for rule in own]
    assert own[0].pattern == "no"
    assert own[2].pattern == "0o17"
    assert own[6].pattern == "12:30:45"


def test_a_rule_is_read_with_its_kind_pattern_and_reason():
    own = parsed(with_part("rules: [{may_be_missing: 'a\\*b/**', reason: why not}]")).parts[0].rules
    assert own == (Rule(RuleKind.MAY_BE_MISSING, "a\\*b/**", "why not", "terms"),)


def test_windows_line_ends_and_one_document_mark_are_no_problem():
    assert parsed("---\r\n" + MINIMAL.replace("\n", "\r\n")) == parsed(MINIMAL)


def test_with_parties_sender_and_receiver_must_sign_unless_it_says_otherwise():
    terms = parsed(with_parties("client: {name: J, contact: j@acme.example}"))
    assert terms.required_signatures == (PartyRole.SENDER, PartyRole.RECEIVER)
    terms = parsed(with_parties("client: {name: J, contact: j@acme.example}") + "required_signatures: [client]\n")
    assert terms.required_signatures == (PartyRole.CLIENT,)


def test_a_part_without_a_preset_can_name_its_database():
    assert parsed(with_part("database: PostgreSQL")).rule_sets()["web"].database == "PostgreSQL"
    assert parsed(with_part("preset: wordpress\ndatabase: SQLite")).rule_sets()["web"].database == "SQLite"


# What is wrong, and where

BAD = [
    # text, line, column, a word of what is said
    ("", 1, 1, "nothing in it"),
    ("\ufeff" + MINIMAL, 1, 1, "byte order mark"),
    (MINIMAL + "---\n" + MINIMAL, 8, 1, "second document"),
    ("%YAML 1.1\n---\n" + MINIMAL, 1, 1, "directive"),
    (MINIMAL + "foo: 1\n", 8, 1, "`foo`"),
    (MINIMAL + "case: again\n", 8, 1, "twice"),
    (MINIMAL + "digest:\n", 8, 1, "no value"),
    (MINIMAL + "digest: ~\n", 8, 1, "no value"),
    (MINIMAL + "<<: 1\n", 8, 1, "merge key"),
    (MINIMAL + "[a]: 1\n", 8, 1, "not a word"),
    (MINIMAL + "timezone: &a UTC\n", 8, 11, "anchor"),
    (MINIMAL + "timezone: *a\n", 8, 11, "alias"),
    (MINIMAL + "timezone: !!str UTC\n", 8, 11, "tag"),
    (MINIMAL + "timezone: ! UTC\n", 8, 11, "tag"),
    (MINIMAL + "digest: " + "[" * 20 + "]" * 20 + "\n", 8, 16, "levels deep"),
    (MINIMAL + "timezone:\tUTC\n", 8, 10, "not valid YAML"),
    (MINIMAL + "timezone: 'UTC\n", 9, 1, "not valid YAML"),
    (MINIMAL + 'timezone: "\\UFFFFFFFF"\n', 1, 1, "out of range"),
    (MINIMAL + 'digest: "\\ud800"\n', 8, 9, "cannot see"),
    (MINIMAL + "# \u202e\n", 8, 3, "\\u{202e}"),
    (MINIMAL + "# \x1b[31m\n", 8, 3, "\\x1b"),
    (MINIMAL + "# \u2028\n", 8, 3, "\\u{2028}"),
    (MINIMAL + "digest: md5\n", 8, 9, "md5"),
    (MINIMAL + "digest: none\n", 8, 9, "names and sizes"),
    (MINIMAL + "max_excluded: 5\n", 8, 15, "`max_excluded`"),
    (MINIMAL + "max_excluded: 101%\n", 8, 15, "`max_excluded`"),
    (MINIMAL + "max_excluded: 100.01%\n", 8, 15, "`max_excluded`"),
    (MINIMAL + "max_excluded: -1%\n", 8, 15, "`max_excluded`"),
    (MINIMAL + "max_excluded: 1.234%\n", 8, 15, "`max_excluded`"),
    (MINIMAL + "max_excluded: [5%]\n", 8, 15, "must be text"),
    (MINIMAL + "timezone: localtime\n", 8, 11, "no time zone"),
    (MINIMAL + "timezone: ../../etc/passwd\n", 8, 11, "no time zone"),
    (MINIMAL + "timezone: Europe/Atlantis\n", 8, 11, "no time zone"),
    (MINIMAL + "dates: {complete_by: 2026-12-01}\n", 8, 8, "`timezone`"),
    (with_dates("complete_by: 2026-13-01"), 9, 22, "no such date"),
    (with_dates("complete_by: 1.12.2026"), 9, 22, "cannot be"),
    (with_dates("complete_by: 2026-12-01T22:00Z"), 9, 22, "cannot be"),
    (with_dates("complete_by: 2026-12-01T24:30"), 9, 22, "no such date"),
    (with_dates("cutover_at: 2026-10-25T02:30"), 9, 21, "twice"),
    (with_dates("cutover_at: 2027-03-28T02:30"), 9, 21, "never"),
    (with_dates("frozen_from: 2026-12-02, cutover_at: 2026-12-01"), 9, 46, "before `frozen_from`"),
    (with_dates("cutover_at: 2026-12-02, source_ends: 2026-11-30"), 9, 46, "before `cutover_at`"),
    (with_dates("until: 2026-12-02"), 9, 9, "`until`"),
    (MINIMAL.replace("handover: 1", "handover: 2\nfoo: 1"), 1, 11, "version"),
    (MINIMAL.replace("handover: 1\n", ""), 1, 1, "`handover` is missing"),
    (MINIMAL.replace(ID, ID.upper()), 2, 5, "`id`"),
    (MINIMAL.replace("a case", '"a\\ncase"'), 3, 7, "\\n"),
    (MINIMAL.replace("a case", "' a case'"), 3, 7, "space"),
    (MINIMAL.replace("a case", "''"), 3, 7, "empty"),
    (MINIMAL.replace("a case", "[a, case]"), 3, 7, "must be text, not a list"),
    (MINIMAL.replace("a case", "x" * 10_001), 3, 7, "longer"),
    (MINIMAL.replace(PART, "parts: []\n"), 4, 8, "empty list"),
    (MINIMAL.replace(PART, "parts: web\n"), 4, 8, "must be a list, not one text"),
    (MINIMAL.replace(PART, "parts: [web]\n"), 4, 9, "a part must be a list of `key: value`"),
    (MINIMAL + PART.partition("\n")[2], 8, 5, "second part"),
    (MINIMAL.replace("name: web", "name: Web"), 5, 11, "name of a part"),
    (MINIMAL.replace("name: web", "name: -web"), 5, 11, "name of a part"),
    (MINIMAL.replace("name: web", "name: nul"), 5, 11, "name of a part"),
    (MINIMAL.replace("name: web", "name: " + "a" * 33), 5, 11, "name of a part"),
    (MINIMAL.replace("    target: {location: /new}\n", ""), 5, 5, "`target` is missing"),
    (MINIMAL.replace("{location: /new}", "/new"), 7, 13, "`target` must be a list of `key: value`"),
    (MINIMAL.replace("{location: /new}", "{route: sh}"), 7, 13, "`location` is missing"),
    (MINIMAL.replace("{location: /new}", "{location: /new, route: rsync}"), 7, 37, "`route`"),
    (MINIMAL.replace("{location: /new}", "{location: /new, allow_empty: yes}"), 7, 43, "true or false"),
    (MINIMAL.replace("{location: /new}", "{location: /new, become: sudo -n}"), 7, 38, "only for ssh://"),
    (MINIMAL.replace("/new", "'ssh://h/x', become: sudo"), 7, 45, "`become`"),
    (MINIMAL.replace("/new", "'ssh://h/x', become: sudo -n sh"), 7, 45, "`become`"),
    (MINIMAL.replace("/new", "'ssh://h/x', host_key: 'MD5:aa'"), 7, 47, "`host_key`"),
    (MINIMAL.replace("/new", "'ssh://h'"), 7, 24, "not a location on an SSH host"),
    (MINIMAL.replace("/new", "'ssh://-oProxyCommand=id/x'"), 7, 24, "not a location on an SSH host"),
    (MINIMAL.replace("/new", "'ssh://-l@h/x'"), 7, 24, "not a location on an SSH host"),
    (MINIMAL.replace("/new", "'ftp://h/x'"), 7, 24, "not known"),
    (MINIMAL.replace("/new", "'me@new.example:/x'"), 7, 24, "scp"),
    (with_part("preset: wordpres"), 8, 13, "wordpres"),
    (with_part("require: [everything]"), 8, 15, "`require`"),
    (with_part("require: [mode, mode]"), 8, 21, "twice"),
    (with_part("require: mode"), 8, 14, "must be a list"),
    (with_part("rules:\n  - ignore: cache"), 9, 9, "`reason` is missing"),
    (with_part("rules:\n  - {reason: r}"), 9, 9, "exactly one thing"),
    (with_part("rules:\n  - {ignore: a, may_differ: a, reason: r}"), 9, 9, "exactly one thing"),
    (with_part("rules:\n  - {ignore: '!a', reason: r}"), 9, 18, "`!a`"),
    (with_part('rules:\n  - {ignore: "\\u001b[31m/", reason: r}'), 9, 18, "\\x1b[31m/"),
    (with_part("rules:\n  - {ignore: a, reason: r}\n  - {may_differ: a, reason: r}"), 10, 9, "never apply"),
    (with_parties("sender: {name: A, contact: a@old.example, keys: []}"), 9, 51, "empty list"),
    (with_parties("owner: {name: A, contact: a@old.example}"), 9, 3, "`owner`"),
    (with_parties("sender: {name: A}"), 9, 11, "`contact` is missing"),
    (with_parties("sender: {name: A, contact: '*@old.example'}"), 9, 30, "`contact`"),
    (with_parties("sender: {name: A, contact: 'a@old.example,b@old.example'}"), 9, 30, "`contact`"),
    (with_parties("sender: {name: A, contact: '-a@old.example'}"), 9, 30, "`contact`"),
    (with_parties("sender: {name: A, contact: a@old.example, language: de}"), 9, 55, "`language`"),
    (with_parties("sender: {name: A, contact: a@old.example, keys: [ssh-ed25519]}"), 9, 52, "public key"),
    (with_parties(f"sender: {{name: A, contact: a@old.example, keys: [{KEY_A[:-1]}]}}"), 9, 52, "base64"),
    (
        with_parties(
            f"sender: {{name: A, contact: a@old.example, keys: [{KEY_A} x]}}\n"
            f"client: {{name: B, contact: b@old.example, keys: [{KEY_A} y]}}"
        ),
        10,
        52,
        "sender's too",
    ),
    (
        with_parties("sender: {name: A, contact: a@old.example}\nclient: {name: B, contact: A@OLD.example}"),
        10,
        11,
        "same contact",
    ),
    (MINIMAL + "parties: {}\n", 8, 10, "empty"),
    (MINIMAL + "required_signatures: [sender]\n", 8, 22, "not one of the parties"),
    (MINIMAL + "required_signatures: []\n", 8, 22, "empty list"),
]


@pytest.mark.parametrize(("text", "line", "column", "word"), BAD, ids=[f"{n}-{row[3]}" for n, row in enumerate(BAD)])
def test_a_problem_is_said_with_its_line_and_column(text, line, column, word):
    found = problem(text)
    assert word in found.what
    assert found.place == Place(line, column)
    assert str(found).isprintable()


def test_a_byte_that_is_not_utf8_is_named_by_its_place():
    with pytest.raises(TermsError) as caught:
        parse(b"handover: 1\r\ncase: \xc3\xa9\xff\n", "handover.yaml")
    assert caught.value.problems[0].place == Place(2, 8)
    assert caught.value.where == "handover.yaml:2:8"


def test_all_problems_are_said_at_once_in_the_order_of_the_file():
    text = (
        MINIMAL.replace("a case", "''").replace("web", "W").replace("/new", "'ftp://x/'") + "foo: 1\nmax_excluded: x\n"
    )
    assert [found.place.line for found in problems(text)] == [3, 5, 7, 8, 9]
    with pytest.raises(TermsError) as caught:
        parsed(text)
    assert str(caught.value).splitlines()[0] == "handover.yaml: 5 problems"
    assert str(caught.value).splitlines()[1].startswith("handover.yaml:3:7: ")


def test_a_thousand_problems_do_not_become_a_thousand_lines():
    with pytest.raises(TermsError) as caught:
        parsed(MINIMAL + "".join(f"k{number}: 1\n" for number in range(1000)))
    assert len(caught.value.problems) == 1000
    assert len(str(caught.value).splitlines()) == 32
    assert str(caught.value).endswith("and 970 more")


@pytest.mark.parametrize(
    ("wrong", "right"), [("partie", "parties"), ("max_exluded", "max_excluded"), ("Timezone", "timezone")]
)
def test_a_mistyped_key_is_guessed(wrong, right):
    assert f"Did you mean {right}?" in problem(MINIMAL + f"{wrong}: 1\n").hint


def test_a_preset_that_does_not_exist_is_guessed_and_the_others_are_listed():
    hint = problem(with_part("preset: wordpres")).hint
    assert hint == f"Did you mean wordpress? Known: {', '.join(presets.names())}."


@pytest.mark.parametrize(
    "location",
    [
        "ssh://me:hunter2@old.example/x",
        "ssh://me:hun/ter2@old.example/hunter2",
        "ssh://me:hunter2",
        "sftp://me:hunter2@old.example/x",
        "me:hunter2@old.example:/x",
        "ssh://me:%68unter2@old.example:22/x",
    ],
)
def test_a_password_in_a_location_is_refused_and_never_repeated(location):
    with pytest.raises(TermsError) as caught:
        parsed(MINIMAL.replace("/new", f"'{location}'"))
    assert "unter2" not in f"{caught.value}{caught.value.hint}{caught.value.problems}"
    assert "--password-file" in caught.value.hint


def test_a_private_key_is_refused_and_never_repeated(tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "k"], check=True, timeout=20)
    secret = (tmp_path / "k").read_text()
    block = "".join(f"        {line}\n" for line in secret.splitlines())
    with pytest.raises(TermsError) as caught:
        parsed(with_parties("sender:\n  name: A\n  contact: a@old.example\n  keys:\n  - |\n" + block))
    assert "private key" in str(caught.value)
    assert not any(line in repr(caught.value) + str(caught.value) for line in secret.splitlines()[1:-1])


def test_a_key_too_weak_to_sign_is_refused_when_it_is_enrolled(tmp_path):
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", tmp_path / "k"], check=True, timeout=20
    )
    line = (tmp_path / "k.pub").read_text().strip()
    found = problem(with_parties(f"sender: {{name: A, contact: a@old.example, keys: ['{line}']}}"))
    assert found.place == Place(9, 52)
    assert "1024" in found.what


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_keys_that_ssh_keygen_makes_are_accepted_as_they_are(kind, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", tmp_path / "k"], check=True, timeout=60)
    line = (tmp_path / "k.pub").read_text().strip()
    terms = parsed(with_parties(f"sender: {{name: A, contact: a@old.example, keys: ['{line}']}}"))
    assert terms.parties[PartyRole.SENDER].keys == (line,)


# Whatever the bytes are

NASTY = st.text(st.sampled_from("a-.!0é\n*?[]/{}:,'\"&|>%@`#~ \\\t\u202e"), max_size=60)


@given(st.binary(max_size=200))
def test_any_bytes_are_terms_or_a_usage_error(raw):
    with pytest.raises(UsageError):
        parse(raw, "w")


@given(NASTY, st.sampled_from(["case", "timezone", "dates", "parties", "required_signatures", "max_excluded", "parts"]))
def test_any_text_as_a_value_is_understood_or_a_usage_error_in_harmless_words(text, key):
    try:
        parse(MINIMAL.replace(f"{key}:", "was:").encode() + f"{key}: {text}\n".encode(), "w")
    except UsageError as error:
        said = str(error).split("\n")
    else:
        said = []
    assert all(line.isprintable() for line in said)


@pytest.mark.parametrize(
    "unit",
    ["[", "{", "- ", "? ", "a: ", "a: b\n", "[a,", "'", '"', "&a ", "!a ", "- a\n", "|\n", "#\n", " ", "- - - -\n"],
)
def test_the_longest_file_of_any_kind_ends_soon(unit):
    raw = (unit * MAX_BYTES)[:MAX_BYTES].encode()
    started = time.process_time()
    with pytest.raises(UsageError):
        parse(raw, "w")
    assert time.process_time() - started < 20
    with pytest.raises(UsageError, match="longer than"):
        parse(raw + b"\n", "w")


# Files for --rules


def test_a_file_of_rules_has_the_keys_of_a_part():
    raw = b"preset: static\nrules: [{ignore: tmp/**, reason: scratch}]\nrequire: [mode]\nmax_excluded: 2.5%\n"
    rule_set = parse_rules(raw, "my.rules")
    assert rule_set.rules[0] == Rule(RuleKind.IGNORE, "tmp/**", "scratch", "flag --rules")
    assert rule_set.rules[1:] == presets.load("static").rules
    assert rule_set.require == {Requirement.MODE}
    assert rule_set.max_excluded_bp == 250


def test_a_file_of_rules_with_a_problem_names_it():
    with pytest.raises(TermsError) as caught:
        parse_rules(b"rules:\n- {ignore: /tmp, reason: scratch}\n", "my.rules")
    assert caught.value.where == "my.rules:2:12"


@pytest.mark.parametrize(("text", "points"), [("5%", 500), ("2.5 %", 250), ("0%", 0), ("100%", 10_000), ("0.01%", 1)])
def test_percent_becomes_basis_points(text, points):
    assert parse_percent(text, "--max-excluded") == points


def test_more_rules_than_allowed_are_refused():
    rules = "".join(f"\n  - {{ignore: a{number}, reason: r}}" for number in range(501))
    assert "more than 500" in problem(with_part(f"rules:{rules}")).what
    with pytest.raises(UsageError, match="more than 1000"):
        parsed(MINIMAL).rule_sets([excluded_by_flag(f"a{number}") for number in range(MAX_RULES + 1)])


# Writing terms


def written(**values):
    given = {
        "case_id": ID,
        "case": "c",
        "source": "/old",
        "target": "ssh://new.example/x",
        "timezone": "Europe/Helsinki",
    }
    return template(**(given | values))


def test_the_template_is_terms_with_the_values_in_it():
    text = written(case="Zażółć gęślą: jaźń", preset="static")
    terms = parsed(text)
    assert terms.id == ID
    assert terms.case == "Zażółć gęślą: jaźń"
    assert terms.timezone == "Europe/Helsinki"
    assert terms.parts[0].source.text == "/old"
    assert terms.parts[0].target.text == "ssh://new.example/x"
    assert terms.parts[0].preset.name == "static"
    assert "Zażółć" in text


def test_the_template_is_still_terms_when_its_remarks_are_taken_at_their_word():
    text = re.sub(r"^( *)#(?! [A-Z])", r"\1", written(), flags=re.MULTILINE)
    text = text.replace("ssh-ed25519 AAAA... name", KEY_B)
    terms = parsed(text)
    assert terms.parts[0].preset.name == "wordpress"
    assert [rule.kind for rule in terms.parts[0].rules] == ["may_differ", "ignore", "ignore_block", "equal_after"]
    assert terms.parts[0].require == {Requirement.NO_EXTRA, Requirement.MODE}
    assert terms.required_signatures == (PartyRole.SENDER, PartyRole.RECEIVER)
    assert terms.dates.source_ends is not None


@given(st.one_of(NASTY, st.text(max_size=30)), st.sampled_from(["case", "source", "target"]))
def test_no_value_can_become_yaml(value, key):
    try:
        terms = parsed(written(**{key: value}))
    except UsageError:
        return
    read_back = {"case": terms.case, "source": terms.parts[0].source.text, "target": terms.parts[0].target.text}
    assert read_back == {"case": "c", "source": "/old", "target": "ssh://new.example/x"} | {key: value}


@pytest.mark.parametrize("value", ['a": 1', "a\\", "${x}", "{id}", "%s", "&a", "a # b", "é€😀\xa0x", "'", "no", "~"])
def test_odd_values_come_back_as_they_are(value):
    assert parsed(written(case=value)).case == value


def test_a_template_without_random_id_or_with_a_password_is_refused():
    with pytest.raises(UsageError):
        written(case_id="x")
    with pytest.raises(UsageError) as caught:
        written(source="ssh://me:hunter2@old.example/x")
    assert "hunter2" not in str(caught.value)


def test_synthetic_terms_of_a_quick_comparison_name_no_digest():
    text = synthetic(case_id=ID, case="c", source="/a", target="/b", rules=RuleSet(), digest=Algorithm.NONE)
    assert "digest" not in text
    assert parsed(text).rule_sets() == {"main": RuleSet()}


def test_synthetic_terms_expand_to_the_rules_that_were_given():
    quoted = Rule(RuleKind.MAY_DIFFER, 'q"\\*', "says no", "flag --rules")
    rules = (excluded_by_flag("a\nb/**"), quoted, excluded_by_flag("z"), excluded_by_flag("z"))
    given = RuleSet(rules, frozenset({Requirement.MODE, Requirement.NO_EXTRA}), 250, "MySQL or MariaDB")
    terms = parsed(synthetic(case_id=ID, case="c", source="/a: b", target="/b", rules=given, digest=Algorithm.XXH128))
    again = terms.rule_sets()["main"]
    assert [(rule.kind, rule.pattern) for rule in again.rules] == [(rule.kind, rule.pattern) for rule in rules[:3]]
    assert again.rules[1].reason == "says no (flag --rules)"
    assert (again.require, again.max_excluded_bp, again.database) == (given.require, 250, "MySQL or MariaDB")
    assert terms.digest is Algorithm.XXH128
    assert terms.parts[0].source.text == "/a: b"
    assert terms.required_signatures == ()
