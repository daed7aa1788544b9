"""Statements: one form, the fields of their kind, and names that say whose they are."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.tools import Party
from handover.errors import HandoverError, MalformedInput, UsageError
from handover.evidence.statement import (
    Author,
    Decision,
    Facts,
    FileName,
    Kind,
    PartyRole,
    Remark,
    Signer,
    Statement,
    Subject,
    build,
)

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/spec/statement.schema.json").read_text())
AUTHOR = Author(PartyRole.SENDER, "Old Hosting", Signer(name="Anna Nowak", function="CTO"), Party().key, "#4711")
ROUND = Subject(name="SHA256SUMS", sha256="0" * 64, length=512)
MANIFEST = Subject(name="old shop.manifest", sha256="1" * 64, length=9)
TERMS = Subject(name="terms.yaml", sha256="2" * 64, length=9)
REVOKED = Subject(name="1.sender.statement.json", sha256="3" * 64, length=9)
AT = "2026-11-21T12:00:00Z"

ANSWER = {
    "kind": Kind.ANSWER,
    "author": AUTHOR,
    "subject": ROUND,
    "signed_at": AT,
    "case_id": "case",
    "round_number": 1,
    "facts": Facts.CONFIRMED,
    "decision": Decision.ACCEPT,
}
CUSTODY = {"kind": Kind.CUSTODY, "author": AUTHOR, "subject": MANIFEST, "signed_at": AT}
ON_TERMS = {
    "kind": Kind.TERMS,
    "author": AUTHOR,
    "subject": TERMS,
    "signed_at": AT,
    "case_id": "c",
    "decision": Decision.REJECT,
}
WITNESS = {**ANSWER, "kind": Kind.WITNESS, "decision": None}
REVOCATION = {
    "kind": Kind.REVOCATION,
    "author": AUTHOR,
    "subject": REVOKED,
    "signed_at": AT,
    "case_id": "c",
    "round_number": 1,
    "supersedes": REVOKED.sha256,
}
KINDS = [ANSWER, CUSTODY, ON_TERMS, WITNESS, REVOCATION]

REMARKS = (
    Remark(about="web", text="Plik „ł”\x1b[2J\u202e", position=Facts.DISPUTED, remedy="again", by_date="2026-12-01"),
    Remark(text="x"),
)


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: fields["kind"])
def test_every_kind_round_trips_and_fits_its_schema(fields):
    statement = build(**fields, remarks=REMARKS, seen=["f" * 64, "a" * 64, "f" * 64])
    raw = statement.to_bytes()
    assert Statement.from_bytes(raw, where="s") == statement
    assert statement.seen == ("a" * 64, "f" * 64)
    assert statement.key(where="s") == AUTHOR.key
    jsonschema.validate(json.loads(raw), SCHEMA, jsonschema.Draft202012Validator)
    assert b"\x1b" not in raw
    assert "\u202e" not in raw.decode()


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        (ANSWER, {"subject": MANIFEST}),
        (ANSWER, {"subject": TERMS}),
        (ANSWER, {"round_number": None}),
        (ANSWER, {"case_id": None}),
        (ANSWER, {"facts": None}),
        (ANSWER, {"decision": None}),
        (ANSWER, {"round_number": 0}),
        (ANSWER, {"signed_at": "2026-02-30T12:00:00Z"}),
        (ANSWER, {"signed_at": "2026-11-21 12:00:00Z"}),
        (ANSWER, {"remarks": (Remark(text="x", by_date="2026-02-30"),)}),
        (ANSWER, {"remarks": (Remark(text=""),)}),
        (ANSWER, {"supersedes": "0"}),
        (CUSTODY, {"subject": ROUND}),
        (CUSTODY, {"subject": TERMS}),
        (CUSTODY, {"subject": REVOKED}),
        (CUSTODY, {"round_number": 1}),
        (CUSTODY, {"facts": Facts.CONFIRMED}),
        (CUSTODY, {"decision": Decision.ACCEPT}),
        (ON_TERMS, {"subject": ROUND}),
        (ON_TERMS, {"decision": Decision.NONE}),
        (ON_TERMS, {"case_id": None}),
        (WITNESS, {"decision": Decision.NONE}),
        (WITNESS, {"facts": None}),
        (REVOCATION, {"subject": ROUND}),
        (REVOCATION, {"supersedes": None}),
        (REVOCATION, {"supersedes": "4" * 64}),
    ],
)
def test_a_statement_without_what_its_kind_needs_is_not_made(fields, change):
    with pytest.raises(UsageError):
        build(**{**fields, **change})


def edits() -> list[tuple[str, str]]:
    return [
        ('"version": 1', '"version": 2'),
        ('"version": 1', '"version": 1.0'),
        ("handover-statement", "handover-report"),
        ('"answer"', '"reply"'),
        ('"sender"', '"judge"'),
        ('"round": 1', '"round": "1"'),
        ('"round": 1', '"round": 1,\n  "round": 2'),
        ('"round": 1', '"round":  1'),
        ('"round": 1', '"round": NaN'),
        ('"accept"', '"accept",\n  "note": "x"'),
        ('"accept"', '"accept_with_reservations"'),
        ("\n}\n", "\n}"),
        ("\n}\n", "\n}\n\n"),
        ("{", "\ufeff{"),
        ("\n", "\r\n"),
        ("Nowak", "Now\\u0061k"),
        ("Nowak", "\\ud800"),
        ("  ", "\t"),
    ]


@pytest.mark.parametrize(("old", "new"), edits())
def test_any_other_form_is_malformed(old, new):
    raw = build(**ANSWER).to_bytes().decode()
    changed = raw.replace(old, new, 1 if old != "\n" else -1)
    assert changed != raw
    with pytest.raises(MalformedInput):
        Statement.from_bytes(changed.encode("utf-8", "surrogatepass"), where="s")


@pytest.mark.parametrize("fields", KINDS, ids=lambda fields: fields["kind"])
def test_the_schema_misses_every_field_that_the_kind_needs(fields):
    document = json.loads(build(**fields).to_bytes())
    optional = {"reference"} if fields["kind"] is not Kind.REVOCATION else {"reference", "round"}
    for name in set(document) - optional:
        less = {key: value for key, value in document.items() if key != name}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(less, SCHEMA, jsonschema.Draft202012Validator)


def test_seen_digests_in_another_order_are_malformed():
    statement = msgspec.structs.replace(build(**ANSWER), seen=("f" * 64, "a" * 64))
    with pytest.raises(MalformedInput, match="order"):
        Statement.from_bytes(statement.to_bytes(), where="s")


def test_endless_and_deep_documents_are_malformed():
    for raw, word in ((b" " * (2**20 + 1), "longer"), (b"[" * 100_000, "valid"), (b'{"type":' * 50_000, "valid")):
        with pytest.raises(MalformedInput, match=word):
            Statement.from_bytes(raw, where="s")


def test_a_key_with_a_comment_is_not_the_key_alone():
    statement = msgspec.structs.replace(build(**ANSWER), public_key=AUTHOR.key.line + " anna")
    with pytest.raises(MalformedInput, match="alone"):
        Statement.from_bytes(statement.to_bytes(), where="s").key(where="s")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("1.sender.statement.json", ("", 1, "sender")),
        ("12.client.statement.json", ("", 12, "client")),
        ("old.manifest.2.receiver.statement.json", ("old.manifest", 2, "receiver")),
        ("terms.yaml.1.agency.statement.json", ("terms.yaml", 1, "agency")),
    ],
)
def test_names_say_subject_number_and_role(name, parts):
    parsed = FileName.parse(name)
    assert parsed is not None
    assert (parsed.subject, parsed.number, parsed.role.value) == parts
    assert str(parsed) == name
    assert parsed.signature == name + ".sig"


@pytest.mark.parametrize(
    "name",
    [
        "0.sender.statement.json",
        "01.sender.statement.json",
        "1.judge.statement.json",
        "sender.statement.json",
        "1.sender.statement.json.sig",
        "1.sender.statement.json\n",
        "\u0661.sender.statement.json",
        "",
    ],
)
def test_other_names_are_no_statements(name):
    assert FileName.parse(name) is None


@given(st.binary(max_size=300))
def test_any_bytes_are_a_statement_or_an_error_of_ours(raw):
    with pytest.raises(HandoverError):
        Statement.from_bytes(raw, where="s")


@given(st.data())
def test_no_flipped_bit_gives_the_same_statement(data):
    statement = build(**ANSWER, remarks=REMARKS)
    raw = bytearray(statement.to_bytes())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with suppress(MalformedInput):
        assert Statement.from_bytes(bytes(raw), where="s") != statement
