"""The verifier's list of keys: what stock ssh-keygen reads we read alike, and what trusts too much we refuse."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.tools import Party, stock_accepts
from handover.errors import HandoverError, MalformedInput, NotVerified
from handover.evidence.allowed_signers import AllowedSigners, ready_line

SENDER = Party("ed25519", "sender")
OTHER = Party("ed25519", "other")
KEY = SENDER.key.line
CONTACTS = {"sender": "bok@old.example", "receiver": "support@new.example"}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MESSAGE = b"text"
SIGNATURE = SENDER.sign(MESSAGE)


def parse(text: str, zone=None) -> AllowedSigners:
    return AllowedSigners.parse(text.encode(), where="keys", local_zone=zone)


def refusal(text: str, role: str = "sender", at: datetime = NOW) -> str | None:
    return parse(text).by_role(CONTACTS).refusal(role, SENDER.key, at)


@pytest.mark.parametrize(
    "line",
    [
        f"sender {KEY}",
        f"sender {KEY} anna@old.example and more",
        f"bok@old.example {KEY}",
        f"  sender\t{KEY}",
        f'"sender" {KEY}',
        f'"somebody else,sender" {KEY}',
        f"somebody,sender {KEY}",
        f'sender namespaces="handover-statement-v1" {KEY}',
        f'sender namespaces="git,handover-statement-v1" {KEY}',
        f'sender NameSpaces="handover-statement-v1",valid-after="20200101Z",valid-before="20990101120000Z" {KEY}',
        f"# comment\n\n \t\nsender {KEY}\n",
        f"sender {KEY}\r\n",
        f"sender {OTHER.key.line}\nsender {KEY}",
        ready_line("sender", SENDER.key),
    ],
)
def test_a_key_that_the_file_names_is_trusted_by_us_and_by_the_stock_tool(line, tmp_path):
    assert refusal(line) is None
    assert stock_accepts(tmp_path, SIGNATURE, MESSAGE, line, "bok@old.example" if "bok" in line else "sender")


@pytest.mark.parametrize(
    "line",
    [
        "",
        f"receiver {KEY}",
        f"Sender {KEY}",
        f"sender {OTHER.key.line}",
        f'sender namespaces="git" {KEY}',
        f'sender valid-after="20990101Z" {KEY}',
        f'sender valid-before="20200101Z" {KEY}',
    ],
)
def test_any_other_key_is_not_trusted_and_the_reason_is_said(line, tmp_path):
    assert refusal(line)
    assert not stock_accepts(tmp_path, SIGNATURE, MESSAGE, line)


@pytest.mark.parametrize("name", ["*", "sende?", "!receiver,*", "*@old.example", '"*"', "sender,*"])
def test_patterns_are_refused_although_the_stock_tool_trusts_them(name, tmp_path):
    principal = "bok@old.example" if "@" in name else "sender"
    assert stock_accepts(tmp_path, SIGNATURE, MESSAGE, f"{name} {KEY}", principal)
    with pytest.raises(NotVerified, match="pattern"):
        parse(f"{name} {KEY}")


@pytest.mark.parametrize(
    "options", ["cert-authority", 'CERT-AUTHORITY,namespaces="git"', 'namespaces="*"', 'namespaces="!git"']
)
def test_options_that_trust_more_than_one_key_are_refused(options):
    with pytest.raises(NotVerified):
        parse(f"sender {options} {KEY}")


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeffsender {KEY}",
        f"sender{KEY}",
        "sender",
        "sender ssh-ed25519",
        "sender ssh-ed25519 AAAA=",
        f'"sender {KEY}',
        f'"sender"x {KEY}',
        f"sender namespaces=git {KEY}",
        f'sender namespaces="" {KEY}',
        f'sender namespaces="git"{KEY}',
        f'sender namespaces="git", {KEY}',
        f'sender namespaces="git",namespaces="git" {KEY}',
        f'sender no-touch-required="" {KEY}',
        f'sender valid-before="2026-11-21" {KEY}',
        f'sender valid-before="20261321Z" {KEY}',
        f'sender valid-before="00010101Z" {KEY}x=',
        f'sender valid-before="20260101Z",valid-after="20260101Z" {KEY}',
    ],
)
def test_a_line_that_cannot_be_read_makes_the_file_malformed(text):
    with pytest.raises(MalformedInput):
        parse(f"receiver {OTHER.key.line}\n{text}\n")


def test_weak_keys_and_other_kinds_are_refused():
    weak = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    with pytest.raises(NotVerified, match="small order"):
        parse(f"sender {weak}")


def test_bytes_that_are_no_text_and_endless_files_are_malformed():
    for raw in (b"\xff", b"#" * (2**20 + 1)):
        with pytest.raises(MalformedInput):
            AllowedSigners.parse(raw, where="keys")


@pytest.mark.parametrize(
    "text",
    [
        f"sender {KEY}\nreceiver {KEY}",
        f"sender,receiver {KEY}",
        f"bok@old.example {KEY}\nreceiver {KEY}",
        f"bok@old.example,support@new.example {KEY}",
    ],
)
def test_one_key_for_two_roles_is_refused(text):
    with pytest.raises(NotVerified, match="receiver and sender"):
        parse(text).by_role(CONTACTS)


def test_one_role_may_be_named_twice_and_have_several_keys():
    text = f"sender {KEY}\nbok@old.example {KEY}\nsender {OTHER.key.line}"
    assert len(parse(text).by_role(CONTACTS).by_role["sender"]) == 3


def test_a_key_of_somebody_who_is_no_party_is_no_concern():
    assert parse(f"ewa {KEY}").by_role(CONTACTS).by_role == {}


def test_valid_times_include_their_ends():
    text = f'sender valid-after="20261121120000Z",valid-before="202611211300Z" {KEY}'
    after, before = NOW, NOW + timedelta(hours=1)
    second = timedelta(seconds=1)
    assert [refusal(text, at=at) is None for at in (after - second, after, before, before + second)] == [
        False,
        True,
        True,
        False,
    ]


def test_times_without_z_are_local_as_in_the_stock_tool(monkeypatch):
    text = f'sender valid-after="202611211300" {KEY}'
    line = parse(text, ZoneInfo("Europe/Warsaw")).lines[0]
    assert line.valid_after == NOW
    monkeypatch.setenv("TZ", "Europe/Helsinki")
    time.tzset()
    try:
        assert parse(text).lines[0].valid_after == NOW - timedelta(hours=1)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert os.environ.get("TZ") != "Europe/Helsinki"


@pytest.mark.parametrize("principal", ["", "*", "a,b", 'a"b', "#a", "a\nb", "a\\b"])
def test_a_ready_line_is_never_made_of_a_name_that_would_mean_something_else(principal):
    with pytest.raises(ValueError):
        ready_line(principal, SENDER.key)


@given(
    st.text(alphabet='ab ,"\\*!#=\t\n\rsender', max_size=40),
    st.sampled_from(["", f" {KEY}", f'namespaces="git" {KEY}']),
)
def test_any_text_is_read_or_is_an_error_of_ours(text, rest):
    with suppress(HandoverError):
        parse(text + rest)


@given(st.text(alphabet="ab @.-é", min_size=1, max_size=12))
def test_a_ready_line_reads_back(principal):
    line = parse(ready_line(principal, SENDER.key)).lines[0]
    assert line.principals == (principal,)
    assert line.refusal(NOW) is None
