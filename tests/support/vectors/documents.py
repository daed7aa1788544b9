"""Vectors of single documents: ``report.json``, ``rules.json`` and ``statement.json``, each read by itself."""

from __future__ import annotations

from collections.abc import Iterator

from support.vectors import Vector, rounds
from support.vectors.forms import document, form_defects, put, sha256, without
from support.vectors.keys import Ed25519, line
from support.vectors.manifests import NOW

SENDER = Ed25519("sender")
STATEMENT: dict[str, object] = {
    "type": "handover-statement",
    "version": 1,
    "kind": "answer",
    "role": "sender",
    "party": "Old Hosting",
    "signer": {"name": "Anna"},
    "public_key": line(SENDER.blob),
    "case_id": "0" * 32,
    "round": 1,
    "subject": {"name": "SHA256SUMS", "sha256": "1" * 64, "length": 703},
    "facts": "confirmed",
    "decision": "accept",
    "remarks": [{"about": "web", "text": "the logo is the old one", "position": "disputed", "by_date": "2026-12-24"}],
    "signed_at": NOW,
    "seen": ["2" * 64, "3" * 64],
}
_MANIFEST = {"name": "web.source.manifest", "sha256": "1" * 64, "length": 703}
_EARLIER = {"name": "1.sender.statement.json", "sha256": "4" * 64, "length": 500}


def vectors() -> Iterator[Vector]:
    """Yield every vector of these kinds."""
    yield from _statements()
    yield from _reports()
    yield from _rules()


def _forms(kind: str, file: str, good: bytes, text: bytes, number: bytes) -> Iterator[Vector]:
    for name, defect, raw in form_defects(good, text, number):
        yield Vector(kind, f"form-{name}", "malformed", defect, {file: raw})


def _of_kind(kind: str, *dropped: str, **changes: object) -> dict[str, object]:
    return {**without(STATEMENT, *dropped), "kind": kind, **changes}


_CUSTODY = _of_kind("custody", "round", "facts", "decision", subject=_MANIFEST)
_TERMS = _of_kind("terms", "round", "facts", subject={**_MANIFEST, "name": "terms.yaml"})
_WITNESS = _of_kind("witness", "decision")
_REVOCATION = _of_kind("revocation", "facts", "decision", subject=_EARLIER, supersedes="4" * 64)


def _statements() -> Iterator[Vector]:
    def vector(name: str, expect: str, defect: str, value: dict[str, object]) -> Vector:
        return Vector("statements", name, expect, defect, {"statement.json": document(value)})

    for name, value in (
        ("answer", STATEMENT),
        ("custody", _CUSTODY),
        ("custody-before-a-case", without(_CUSTODY, "case_id")),
        ("terms", _TERMS),
        ("witness", _WITNESS),
        ("witness-of-a-manifest", _of_kind("witness", "round", "decision", subject=_MANIFEST)),
        ("revocation", _REVOCATION),
        ("names-that-steer-a-terminal", {**STATEMENT, "party": "\u001b[2J\u202eOld\u200bHosting\n"}),
    ):
        yield vector(f"valid-{name}", "valid", "", value)
    good = document(STATEMENT)
    yield from _forms("statements", "statement.json", good, b'"party": "Old Hosting"', b'"round": 1')
    for name, defect, value in (
        ("unknown-kind", "an unknown kind", {**STATEMENT, "kind": "promise"}),
        ("unknown-role", "an unknown role", {**STATEMENT, "role": "owner"}),
        ("unknown-facts", "unknown facts", {**STATEMENT, "facts": "true"}),
        ("unknown-decision", "an unknown decision", {**STATEMENT, "decision": "maybe"}),
        ("party-empty", "an empty name of the party", {**STATEMENT, "party": ""}),
        ("signer-empty", "an empty name of the signer", {**STATEMENT, "signer": {"name": ""}}),
        ("signer-text", "the signer as text", {**STATEMENT, "signer": "Anna"}),
        ("remark-empty", "an empty remark", {**STATEMENT, "remarks": [{"text": ""}]}),
        ("remark-too-long", "a remark of 10,001 characters", {**STATEMENT, "remarks": [{"text": "x" * 10_001}]}),
        (
            "remark-unknown-position",
            "a remark with an unknown position",
            {**STATEMENT, "remarks": [{"text": "x", "position": "accept"}]},
        ),
        (
            "remark-day-that-never-was",
            "a remark with a day that does not exist",
            {**STATEMENT, "remarks": [{"text": "x", "by_date": "2026-02-30"}]},
        ),
        (
            "remark-time-in-place-of-day",
            "a remark with a time in place of a day",
            {**STATEMENT, "remarks": [{"text": "x", "by_date": "2026-02-03T12:00:00Z"}]},
        ),
        ("remarks-empty", "an empty list that is written", {**STATEMENT, "remarks": []}),
        ("round-0", "round 0", {**STATEMENT, "round": 0}),
        ("round-10000", "round 10000", {**STATEMENT, "round": 10_000}),
        ("no-round", "an answer without its round", without(STATEMENT, "round")),
        ("no-case", "an answer without its case", without(STATEMENT, "case_id")),
        ("no-facts", "an answer without facts", without(STATEMENT, "facts")),
        ("no-decision", "an answer without decision", without(STATEMENT, "decision")),
        ("no-key", "an answer without its key", without(STATEMENT, "public_key")),
        ("no-subject", "an answer without its subject", without(STATEMENT, "subject")),
        ("no-time", "an answer without its time", without(STATEMENT, "signed_at")),
        ("answer-about-a-manifest", "an answer about a manifest", {**STATEMENT, "subject": _MANIFEST}),
        ("answer-about-a-statement", "an answer about a statement", {**STATEMENT, "subject": _EARLIER}),
        ("answer-about-terms", "an answer about the terms", {**STATEMENT, "subject": _TERMS["subject"]}),
        (
            "subject-digest-short",
            "a digest that is too short",
            {**STATEMENT, "subject": {**_MANIFEST, "name": "SHA256SUMS", "sha256": "1" * 63}},
        ),
        (
            "subject-digest-upper-case",
            "a digest in upper case",
            {**STATEMENT, "subject": {**_MANIFEST, "name": "SHA256SUMS", "sha256": "A" * 64}},
        ),
        (
            "subject-length-negative",
            "a negative length",
            {**STATEMENT, "subject": {**_MANIFEST, "name": "SHA256SUMS", "length": -1}},
        ),
        ("custody-with-decision", "custody with a decision", {**_CUSTODY, "decision": "accept"}),
        ("custody-with-round", "custody with a round", {**_CUSTODY, "round": 1}),
        ("custody-of-a-round", "custody of a round", {**_CUSTODY, "subject": STATEMENT["subject"]}),
        ("terms-without-decision", "terms without decision", without(_TERMS, "decision")),
        ("terms-open", "terms whose decision is left open", {**_TERMS, "decision": "none"}),
        ("terms-with-facts", "terms with facts", {**_TERMS, "facts": "confirmed"}),
        ("terms-about-a-manifest", "terms about a manifest", {**_TERMS, "subject": _MANIFEST}),
        ("witness-with-decision", "a witness who decides", {**_WITNESS, "decision": "accept"}),
        ("witness-without-facts", "a witness without facts", without(_WITNESS, "facts")),
        ("revocation-with-decision", "a revocation with a decision", {**_REVOCATION, "decision": "reject"}),
        ("revocation-of-a-round", "a revocation of a round", {**_REVOCATION, "subject": STATEMENT["subject"]}),
        (
            "revocation-of-another",
            "it supersedes another statement than the one it revokes",
            {**_REVOCATION, "supersedes": "5" * 64},
        ),
        ("revocation-of-nothing", "a revocation that supersedes nothing", without(_REVOCATION, "supersedes")),
        ("seen-unsorted", "the digests that were seen are not in order", {**STATEMENT, "seen": ["3" * 64, "2" * 64]}),
        ("seen-twice", "a digest that was seen twice", {**STATEMENT, "seen": ["2" * 64, "2" * 64]}),
        ("seen-short", "a digest that is too short", {**STATEMENT, "seen": ["2" * 63]}),
        ("time-that-never-was", "a time that does not exist", {**STATEMENT, "signed_at": "2026-02-30T12:00:00Z"}),
        ("time-with-offset", "a time with an offset", {**STATEMENT, "signed_at": "2026-11-28T22:00:00+01:00"}),
        ("time-without-zone", "a time without its zone", {**STATEMENT, "signed_at": "2026-11-28T21:00:00"}),
        ("key-with-comment", "a key with a comment", {**STATEMENT, "public_key": line(SENDER.blob) + " anna"}),
        (
            "key-with-two-spaces",
            "a key with two spaces",
            {**STATEMENT, "public_key": line(SENDER.blob).replace(" ", "  ")},
        ),
        ("key-cut", "a key that is cut short", {**STATEMENT, "public_key": line(SENDER.blob)[:-4]}),
        (
            "key-of-another-name",
            "a key that calls itself otherwise",
            {**STATEMENT, "public_key": line(SENDER.blob).replace("ssh-ed25519", "ssh-rsa")},
        ),
    ):
        yield vector(name, "malformed", defect, {key: value[key] for key in sorted(value, key=_place)})


_KEYS = (
    *("type", "version", "kind", "role", "party", "signer", "reference", "public_key", "case_id", "round", "subject"),
    *("facts", "decision", "remarks", "signed_at", "seen", "supersedes"),
)
_place = _KEYS.index


def _reports() -> Iterator[Vector]:
    good = rounds.lossy().files["report.json"]
    yield Vector("reports", "valid-not-complete", "valid", "", {"report.json": good})
    yield Vector("reports", "valid-one-sided", "valid", "", {"report.json": rounds.one_sided().files["report.json"]})
    yield from _forms("reports", "report.json", good, b'"timezone": "Europe/Warsaw"', b'"round": 1')
    for name, defect, old, new in (
        (
            "verdict-unknown",
            "an unknown verdict",
            b'"verdict": "not_complete",\n  "because"',
            b'"verdict": "fine",\n  "because"',
        ),
        ("doubt-unknown", "an unknown doubt", b'\n  "because": []', b'\n  "because": [\n    "weather"\n  ]'),
        ("strength-unknown", "an unknown strength", b'\n  "strength": "cryptographic"', b'\n  "strength": "legal"'),
        ("state-unknown", "an unknown state of a part", b'"state": "not_complete"', b'"state": "probably"'),
        ("role-unknown", "an unknown role", b'"role": "sender"', b'"role": "owner"'),
        ("round-0", "round 0", b'"round": 1', b'"round": 0'),
        ("round-10000", "round 10000", b'"round": 1', b'"round": 10000'),
        (
            "time-with-offset",
            "a time with an offset",
            b'"created_at": "2026-11-28T21:05:00Z"',
            b'"created_at": "2026-11-28T22:05:00+01:00"',
        ),
        (
            "count-negative",
            "a negative count",
            b'"missing": 1,\n          "extra"',
            b'"missing": -1,\n          "extra"',
        ),
        ("no-files", "no list of files", good[good.index(b',\n  "files"') :], b"\n}\n"),
        (
            "class-unknown",
            "a class that is not known",
            b'"not_recorded": 0\n        },\n        "bytes"',
            b'"not_recorded": 0,\n          "lost": 0\n        },\n        "bytes"',
        ),
    ):
        yield Vector("reports", name, "malformed", defect, {"report.json": put(good, old, new)})


def _replacing(old: str, *new: str) -> dict[str, object]:
    rule = {"kind": "equal_after", "pattern": "x", "reason": "r", "origin": "terms"}
    return {**rule, "replace": [{"old": old, "new": text} for text in new]}


def _rules() -> Iterator[Vector]:
    rule = {"kind": "may_differ", "pattern": "wp-config.php", "reason": "new password", "origin": "terms"}
    part = {
        "name": "web",
        "rules": [rule],
        "require": ["mode", "no_extra"],
        "max_excluded_bp": 500,
        "database": "MySQL",
    }
    good = {"type": "handover-rules", "version": 1, "terms_sha256": sha256(b""), "parts": [part]}

    def vector(name: str, expect: str, defect: str, parts: list[object]) -> Vector:
        return Vector("rules", name, expect, defect, {"rules.json": document({**good, "parts": parts})})

    yield vector("valid", "valid", "", [part])
    block = {**rule, "kind": "ignore_block", "begin": "# B", "end": "# E"}
    pairs = [{"old": "/home/old", "new": "/home/new"}, {"old": "/a", "new": "/b"}, {"old": "/c", "new": "/a"}]
    after = {**rule, "kind": "equal_after", "replace": pairs}
    yield vector("valid-keeping-proof", "valid", "", [{**part, "rules": [block, {**block, "begin": "# C"}, after]}])
    yield from _forms("rules", "rules.json", document(good), b'"database": "MySQL"', b'"max_excluded_bp": 500')
    for name, defect, changed in (
        ("kind-unknown", "an unknown kind of rule", {**part, "rules": [{**rule, "kind": "forget"}]}),
        ("pattern-empty", "an empty pattern", {**part, "rules": [{**rule, "pattern": ""}]}),
        ("pattern-absolute", "a pattern that begins with a slash", {**part, "rules": [{**rule, "pattern": "/etc"}]}),
        ("pattern-dot-dot", "a pattern with ..", {**part, "rules": [{**rule, "pattern": "../x"}]}),
        ("pattern-negated", "a pattern that takes something back", {**part, "rules": [{**rule, "pattern": "!x"}]}),
        ("pattern-open-class", "a pattern with an open bracket", {**part, "rules": [{**rule, "pattern": "x["}]}),
        ("pattern-too-wild", "a pattern with 33 wildcards", {**part, "rules": [{**rule, "pattern": "*a" * 33}]}),
        ("pattern-too-long", "a pattern of 1025 bytes", {**part, "rules": [{**rule, "pattern": "a" * 1025}]}),
        ("block-begin-missing", "a block without begin", {**part, "rules": [without(block, "begin")]}),
        ("block-end-missing", "a block without end", {**part, "rules": [without(block, "end")]}),
        ("block-replaces", "a block that replaces", {**part, "rules": [{**block, "replace": pairs}]}),
        ("block-two-lines", "a begin of two lines", {**part, "rules": [{**block, "begin": "a\nb"}]}),
        ("block-carriage-return", "an end with a carriage return", {**part, "rules": [{**block, "end": "a\r"}]}),
        ("block-zero-byte", "a begin with a zero byte", {**part, "rules": [{**block, "begin": "a\0"}]}),
        ("block-long", "a begin of 257 bytes", {**part, "rules": [{**block, "begin": "a" * 257}]}),
        ("block-same", "begin and end alike", {**part, "rules": [{**block, "end": "# B"}]}),
        ("block-end-longer", "an end that begins with begin", {**part, "rules": [{**block, "end": "# B end"}]}),
        ("block-begin-longer", "a begin that begins with end", {**part, "rules": [{**block, "begin": "# E x"}]}),
        ("block-of-another-kind", "markers on a rule that has none", {**part, "rules": [{**block, "kind": "ignore"}]}),
        ("after-without-pairs", "nothing to replace", {**part, "rules": [without(after, "replace")]}),
        ("after-of-another-kind", "a rule that must not replace", {**part, "rules": [{**after, "kind": "ignore"}]}),
        ("after-unsorted", "replacements out of order", {**part, "rules": [{**after, "replace": pairs[::-1]}]}),
        ("after-same", "a text replaced by itself", {**part, "rules": [_replacing("a", "a")]}),
        ("after-empty", "nothing replaced by something", {**part, "rules": [_replacing("", "a")]}),
        ("after-by-nothing", "something replaced by nothing", {**part, "rules": [_replacing("a", "")]}),
        ("after-long", "a text of 1025 bytes", {**part, "rules": [_replacing("a" * 1025, "b")]}),
        ("after-zero-byte", "a text with a zero byte", {**part, "rules": [_replacing("a", "\0")]}),
        ("after-twice", "a text replaced in two ways", {**part, "rules": [_replacing("a", "b", "c")]}),
        (
            "after-too-many",
            "17 replacements",
            {**part, "rules": [{**after, "replace": [{"old": chr(97 + n), "new": "z"} for n in range(17)]}]},
        ),
        (
            "proof-too-many",
            "65 rules that keep proof",
            {**part, "rules": [{**block, "begin": f"#{number}"} for number in range(65)]},
        ),
        ("reason-missing", "a rule without its reason", {**part, "rules": [without(rule, "reason")]}),
        ("origin-missing", "a rule without its origin", {**part, "rules": [without(rule, "origin")]}),
        ("require-unknown", "an unknown requirement", {**part, "require": ["colour"]}),
        ("require-unsorted", "requirements out of order", {**part, "require": ["no_extra", "mode"]}),
        ("require-twice", "a requirement twice", {**part, "require": ["mode", "mode"]}),
        ("share-above-all", "more than all may be excluded", {**part, "max_excluded_bp": 10_001}),
        ("name-of-a-device", "a part with a name that Windows reserves", {**part, "name": "con"}),
        ("name-with-slash", "a part with a slash in its name", {**part, "name": "a/b"}),
        ("name-upper-case", "a part in upper case", {**part, "name": "Web"}),
    ):
        yield vector(name, "malformed", defect, [changed])
    yield vector("part-twice", "malformed", "a part that is there twice", [part, part])
    yield vector("no-parts", "malformed", "no parts", [])
