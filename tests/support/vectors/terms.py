"""Vectors of terms: one ``handover.yaml`` each; ``where`` is line and column of the first thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from support.vectors import Vector, keys
from support.vectors.keys import Ed25519, string

KEY = keys.line(Ed25519("sender").blob)
GOOD = f"""\
handover: 1
id: {"0123456789abcdef" * 2}
case: acme to new hosting
timezone: Europe/Warsaw
dates:
  frozen_from: 2026-11-28T22:00
  cutover_at: 2026-11-29T06:00
  complete_by: 2026-12-01
  source_ends: 2026-12-31
parties:
  sender:
    name: Old Hosting
    contact: bok@old.example
    keys:
      - {KEY} anna
  receiver:
    name: New Host
    contact: support@new.example
    language: fi
required_signatures: [sender, receiver]
parts:
  - name: web
    source: {{location: /srv/old}}
    target: {{location: "ssh://acme@new.example/srv/www"}}
    preset: wordpress
    rules:
      - may_differ: .htaccess
        reason: PHP version
    require: [no_extra]
max_excluded: 5%
digest: sha256
"""
MINIMAL = f"""\
handover: 1
id: {"0123456789abcdef" * 2}
case: c
parts:
  - name: web
    source: {{location: /old}}
    target: {{location: /new}}
"""


PROOF = """\
    rules:
      - ignore_block: {path: .htaccess, begin: "# php -- BEGIN cPanel", end: "# php -- END cPanel"}
        reason: the panel's own
      - {ignore_block: {path: .htaccess, begin: "# BEGIN cPanel", end: "# END cPanel"}, reason: the panel's own}
      - equal_after: {path: "**/*.php", replace: {/home/old: /home/new, "https://a.example": "https://b.example"}}
        reason: the account
"""


def vectors() -> Iterator[Vector]:
    """Yield every vector of this kind."""
    for name, text in (
        ("full", GOOD),
        ("minimal", MINIMAL),
        ("windows-line-ends", GOOD.replace("\n", "\r\n")),
        ("document-mark", "---\n" + MINIMAL),
        ("words-of-yaml-1-1", MINIMAL.replace("case: c", "case: no")),
        ("rules-that-keep-proof", MINIMAL + PROOF),
        ("escape-in-a-pattern", MINIMAL + '    rules:\n      - {ignore: "\\u202ex", reason: r}\n'),
    ):
        yield Vector("terms", f"valid-{name}", "valid", "", {"handover.yaml": text.encode()})
    for group in (_yaml, _top, _dates, _parties, _parts, _rules):
        for name, defect, text, place in group():
            raw = text if isinstance(text, bytes) else text.encode()
            prefix = group.__name__.strip("_")
            yield Vector("terms", f"{prefix}-{name}", "usage", defect, {"handover.yaml": raw}, {"where": place})


_Case = tuple[str, str, str | bytes, str]


def _added(name: str, defect: str, more: str, place: str) -> _Case:
    """Return the least terms with lines after them; the first of these is line 8."""
    return name, defect, MINIMAL + more, place


def _yaml() -> Iterator[_Case]:
    yield "empty", "an empty file", "", "1:1"
    yield "only-a-remark", "a remark alone", "# none\n", "1:1"
    yield "byte-order-mark", "a byte order mark", "\ufeff" + MINIMAL, "1:1"
    yield "utf16", "UTF-16", MINIMAL.encode("utf-16"), "1:1"
    yield "latin-1", "a byte that is not UTF-8", MINIMAL.encode() + b"digest: \xe9\n", "8:9"
    yield "list", "a list at the top", "- handover: 1\n", "1:1"
    yield "text", "a text at the top", "handover\n", "1:1"
    yield _added("anchor", "an anchor", "timezone: &a UTC\n", "8:11")
    yield _added("alias", "an alias", "timezone: *a\n", "8:11")
    yield _added("tag", "a tag", "timezone: !!python/object/apply:os.system [id]\n", "8:11")
    yield _added("merge-key", "a merge key", "<<: {digest: sha256}\n", "8:1")
    yield _added("key-list", "a list as a key", "[a]: 1\n", "8:1")
    yield _added("second-document", "a second document", "---\nhandover: 1\n", "8:1")
    yield "directive", "a directive", "%YAML 1.1\n---\n" + MINIMAL, "1:1"
    yield _added("tab", "a tab as indent", "dates:\n\tcutover_at: 2026-12-01\n", "9:1")
    yield _added("quote-open", "a quote that does not end", "timezone: 'UTC\n", "9:1")
    yield _added("deep", "nested more than 8 levels deep", "digest: " + "[" * 20 + "]" * 20 + "\n", "8:16")
    yield _added("bidi", "a direction mark in a remark", "# \u202e\n", "8:3")
    yield _added("escape-sequence", "an escape sequence in a remark", "# \x1b[31m\n", "8:3")
    yield _added("line-separator", "a line separator", "# \u2028\n", "8:3")
    yield _added("zero-width", "a zero-width space in a value", "timezone: UT\u200bC\n", "8:13")


def _top() -> Iterator[_Case]:
    yield _added("unknown-key", "an unknown key", "sign: true\n", "8:1")
    yield _added("doubled-key", "a key twice", "case: again\n", "8:1")
    yield _added("no-value", "a key without value", "digest:\n", "8:1")
    yield _added("null", "null as value", "digest: null\n", "8:1")
    yield "version-2", "an unknown version", MINIMAL.replace("handover: 1", "handover: 2"), "1:11"
    yield "version-text", "a version that is only like 1", MINIMAL.replace("handover: 1", "handover: 1.0"), "1:11"
    yield "no-version", "no version", MINIMAL.replace("handover: 1\n", ""), "1:1"
    yield "no-id", "no id", MINIMAL.replace(MINIMAL.split("\n")[1] + "\n", ""), "1:1"
    yield "no-case", "no case", MINIMAL.replace("case: c\n", ""), "1:1"
    yield "no-parts", "no parts", MINIMAL[: MINIMAL.index("parts")], "1:1"
    yield "id-short", "an id that is too short", MINIMAL.replace("abcdef\n", "abcde\n"), "2:5"
    yield "id-upper-case", "an id in upper case", MINIMAL.replace("abcdef\n", "ABCDEF\n"), "2:5"
    yield "case-empty", "an empty name", MINIMAL.replace("case: c", "case: ''"), "3:7"
    yield "case-with-line-end", "a name of two lines", MINIMAL.replace("case: c", 'case: "a\\nb"'), "3:7"
    yield "case-with-space", "a name that begins with a space", MINIMAL.replace("case: c", "case: ' c'"), "3:7"
    yield "case-too-long", "a name of 10,001 characters", MINIMAL.replace("case: c", "case: " + "c" * 10_001), "3:7"
    yield _added("digest-md5", "a digest that proves nothing", "digest: md5\n", "8:9")
    yield _added("digest-none", "names and sizes only", "digest: none\n", "8:9")
    yield _added("share-without-sign", "a share without its sign", "max_excluded: 5\n", "8:15")
    yield _added("share-above-all", "more than all", "max_excluded: 101%\n", "8:15")
    yield _added("share-negative", "less than nothing", "max_excluded: -1%\n", "8:15")
    yield _added("share-too-fine", "a share of three decimals", "max_excluded: 1.234%\n", "8:15")
    yield _added("signers-without-parties", "a signature of nobody", "required_signatures: [sender]\n", "8:22")


def _dates() -> Iterator[_Case]:
    def dated(name: str, defect: str, date: str, column: int, zone: str = "Europe/Warsaw") -> _Case:
        return _added(name, defect, f"timezone: {zone}\ndates: {{{date}}}\n", f"9:{column}")

    yield _added("no-zone", "dates without a time zone", "dates: {complete_by: 2026-12-01}\n", "8:8")
    yield _added("zone-unknown", "an unknown time zone", "timezone: Europe/Atlantis\n", "8:11")
    yield _added("zone-file", "a file as time zone", "timezone: ../../etc/passwd\n", "8:11")
    yield _added("zone-local", "the time zone of each machine", "timezone: localtime\n", "8:11")
    yield dated("unknown", "an unknown date", "paid_by: 2026-12-01", 9)
    yield dated("never-was", "a day that does not exist", "complete_by: 2026-02-30", 22)
    yield dated("german", "a date in another form", "complete_by: 1.12.2026", 22)
    yield dated("offset", "a time with its zone", "complete_by: 2026-12-01T22:00Z", 22)
    yield dated("twice", "a time that clocks show twice", "cutover_at: 2026-10-25T02:30", 21)
    yield dated("never", "a time that clocks never show", "cutover_at: 2027-03-28T02:30", 21)
    yield dated("reversed", "the move before the freeze", "frozen_from: 2026-12-02, cutover_at: 2026-12-01", 46)
    yield dated("ends-early", "the source ends before the move", "cutover_at: 2026-12-02, source_ends: 2026-11-30", 46)


def _parties() -> Iterator[_Case]:
    def parties(name: str, defect: str, text: str, place: str) -> _Case:
        return _added(name, defect, "parties:\n" + text, place)

    def sender(name: str, defect: str, rest: str, column: int) -> _Case:
        return parties(name, defect, f"  sender: {{name: A, contact: a@old.example, {rest}}}\n", f"9:{column}")

    small = keys.line(string(b"ssh-ed25519", keys.compressed(keys.NEUTRAL)))
    weak = keys.line(keys.rsa_blob(keys.rsa_numbers("small", 1024)[0]))
    yield _added("empty", "no parties", "parties: {}\n", "8:10")
    yield parties("unknown-role", "an unknown role", "  owner: {name: A, contact: a@old.example}\n", "9:3")
    yield parties("no-contact", "a party without contact", "  sender: {name: A}\n", "9:11")
    yield parties(
        "contact-star", "a contact that means everybody", "  sender: {name: A, contact: '*@old.example'}\n", "9:30"
    )
    yield parties(
        "contact-two", "two contacts", "  sender: {name: A, contact: 'a@old.example,b@old.example'}\n", "9:30"
    )
    yield parties("contact-flag", "a contact like a flag", "  sender: {name: A, contact: '-a@old.example'}\n", "9:30")
    yield sender("language", "an unknown language", "language: de", 55)
    yield sender("keys-empty", "an empty list of keys", "keys: []", 51)
    yield sender("key-cut", "a key that is cut short", f"keys: [{KEY[:-1]}]", 52)
    yield sender("key-small-order", "a key that anybody can sign with", f"keys: [{small}]", 52)
    yield sender("key-rsa-1024", "a key of 1024 bits", f"keys: [{weak}]", 52)
    yield sender("key-private", "a private key", 'keys: ["-----BEGIN OPENSSH PRIVATE KEY-----"]', 52)
    yield parties(
        "key-of-two",
        "one key for two parties",
        f"  sender: {{name: A, contact: a@old.example, keys: [{KEY} x]}}\n"
        f"  client: {{name: B, contact: b@old.example, keys: [{KEY} y]}}\n",
        "10:52",
    )
    yield parties(
        "contact-of-two",
        "one contact for two parties",
        "  sender: {name: A, contact: a@old.example}\n  client: {name: B, contact: A@OLD.example}\n",
        "10:11",
    )
    signed = "  sender: {name: A, contact: a@old.example}\nrequired_signatures: "
    yield parties("signer-twice", "a signature asked for twice", signed + "[sender, sender]\n", "10:31")
    yield parties("signer-unknown", "a signature of an unknown role", signed + "[owner]\n", "10:23")
    yield parties("signer-no-party", "a signature of somebody who takes no part", signed + "[client]\n", "10:22")


def _parts() -> Iterator[_Case]:
    def target(name: str, defect: str, value: str, column: int) -> _Case:
        return name, defect, MINIMAL.replace("{location: /new}", value), f"7:{column}"

    def part_name(name: str, defect: str, value: str) -> _Case:
        return name, defect, MINIMAL.replace("name: web", f"name: {value}"), "5:11"

    yield part_name("name-upper-case", "a name in upper case", "Web")
    yield part_name("name-hyphen", "a name that begins with a hyphen", "-web")
    yield part_name("name-device", "a name that Windows reserves", "nul")
    yield part_name("name-path", "a path as name", "../web")
    yield part_name("name-long", "a name of 33 letters", "a" * 33)
    yield "empty", "an empty list of parts", MINIMAL[: MINIMAL.index("parts")] + "parts: []\n", "4:8"
    yield "twice", "two parts of one name", MINIMAL + MINIMAL[MINIMAL.index("  - name") :], "8:5"
    yield "no-target", "a part without target", MINIMAL.replace("    target: {location: /new}\n", ""), "5:5"
    yield target("target-text", "a target that is a text", "/new", 13)
    yield target("no-location", "a target without location", "{route: sh}", 13)
    yield target("password", "a password in a location", "{location: 'ssh://acme:secret@new.example/x'}", 24)
    yield target("scheme", "an unknown kind of location", "{location: 'gopher://new.example/x'}", 24)
    yield target("scp", "a location for scp", "{location: 'acme@new.example:/x'}", 24)
    yield target("host-flag", "a host that is a flag", "{location: 'ssh://-oProxyCommand=id/x'}", 24)
    yield target("route", "an unknown route", "{location: /new, route: rsync}", 37)
    yield target("yes", "yes in place of true", "{location: /new, allow_empty: yes}", 43)
    yield target("become-local", "another user on this machine", "{location: /new, become: sudo -n}", 38)
    yield target(
        "become-shell", "a command in place of a user", "{location: 'ssh://h/x', become: sudo -n sh -c id}", 45
    )
    yield target("host-key-md5", "the fingerprint of a weak digest", "{location: 'ssh://h/x', host_key: 'MD5:aa'}", 47)


def _rules() -> Iterator[_Case]:
    def rule(name: str, defect: str, text: str, column: int) -> _Case:
        return _added(name, defect, f"    rules:\n      - {text}\n", f"9:{column}")

    yield _added("preset", "an unknown preset", "    preset: kirby\n", "8:13")
    yield _added("require", "an unknown requirement", "    require: [everything]\n", "8:15")
    yield _added("require-twice", "a requirement twice", "    require: [mode, mode]\n", "8:21")
    yield _added("empty", "an empty list of rules", "    rules: []\n", "8:12")
    yield rule("no-reason", "a rule without its reason", "ignore: cache", 9)
    yield rule("no-kind", "a rule that says nothing", "{reason: r}", 9)
    yield rule("two-kinds", "a rule that says two things", "{ignore: a, may_differ: a, reason: r}", 9)
    yield rule("unknown-kind", "an unknown kind of rule", "{forget: a, reason: r}", 9)
    yield rule("absolute", "a pattern that begins with a slash", "{ignore: /etc, reason: r}", 18)
    yield rule("dot-dot", "a pattern with ..", "{ignore: ../x, reason: r}", 18)
    yield rule("negated", "a pattern that takes something back", "{ignore: '!a', reason: r}", 18)
    yield rule("open-class", "an open bracket", "{ignore: 'a[', reason: r}", 18)
    yield rule("stars", "two stars beside a letter", "{ignore: 'a**', reason: r}", 18)
    yield rule("wild", "33 wildcards", "{ignore: '" + "*a" * 33 + "', reason: r}", 18)
    yield rule("zero-byte", "a zero byte", '{ignore: "a\\0", reason: r}', 18)
    yield rule("block-text", "a block without its markers", "{ignore_block: a, reason: r}", 24)
    yield rule("block-no-end", "a block without end", "{ignore_block: {path: a, begin: b}, reason: r}", 24)
    yield rule("block-alike", "markers alike", "{ignore_block: {path: a, begin: b, end: b}, reason: r}", 24)
    yield rule("block-empty", "an empty marker", "{ignore_block: {path: a, begin: '', end: b}, reason: r}", 41)
    yield rule("block-path", "a path that is no pattern", "{ignore_block: {path: /a, begin: b, end: e}, reason: r}", 24)
    yield rule("after-text", "a replacement without new", "{equal_after: {path: a, replace: b}, reason: r}", 42)
    yield rule("after-itself", "replaced by itself", "{equal_after: {path: a, replace: {b: b}}, reason: r}", 23)
    yield rule("after-no-path", "no path", "{equal_after: {replace: {b: c}}, reason: r}", 23)
    yield rule("after-nothing", "no replacement", "{equal_after: {path: a, replace: {}}, reason: r}", 42)
    yield rule("after-no-value", "replaced by nothing", "{equal_after: {path: a, replace: {b: }}, reason: r}", 45)
    yield rule("after-twice", "replaced twice", "{equal_after: {path: a, replace: {b: c, b: d}}, reason: r}", 49)
    yield _added(
        "never-applies-after-proof",
        "a rule with the pattern of one that keeps proof before it",
        "    rules:\n      - {equal_after: {path: a, replace: {b: c}}, reason: r}\n      - {ignore: a, reason: r}\n",
        "10:9",
    )
    yield _added(
        "never-applies-twice",
        "the same block twice",
        "    rules:\n" + "      - {ignore_block: {path: a, begin: b, end: e}, reason: r}\n" * 2,
        "10:9",
    )
    yield _added(
        "never-applies",
        "a second rule with the same pattern",
        "    rules:\n      - {ignore: a, reason: r}\n      - {may_differ: a, reason: r}\n",
        "10:9",
    )
