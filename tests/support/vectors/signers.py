"""Vectors of lists of trusted keys: one file ``allowed_signers`` each, in the form of ssh-keygen(1), ALLOWED SIGNERS.

Each is asked whether it trusts the key of ``sender`` at one time, in a case whose sender and receiver have the contacts
``bok@old.example`` and ``support@new.example``. ``stock`` says whether ``ssh-keygen -Y verify`` of OpenSSH 9.2 takes a
signature by that key for the principal ``sender``.
"""

from __future__ import annotations

from collections.abc import Iterator

from support.vectors import Vector, keys
from support.vectors.keys import Ed25519, string

AT = "2026-12-01T00:00:00Z"
SENDER, RECEIVER = Ed25519("sender"), Ed25519("receiver")
KEY, OTHER = keys.line(SENDER.blob), keys.line(RECEIVER.blob)
OURS = 'namespaces="handover-statement-v1"'


def vectors() -> Iterator[Vector]:
    """Yield every vector of this kind."""
    for name, text, stock in _trusted():
        yield _vector(f"valid-{name}", "valid", "", text, stock=stock)
    for name, defect, text in _not_trusted():
        yield _vector(name, "not_verified", defect, text, stock=False)
    for name, defect, text, stock in _too_much():
        yield _vector(f"refused-{name}", "not_verified", defect, text, stock=stock)
    for name, defect, text, stock in _malformed():
        yield _vector(f"malformed-{name}", "malformed", defect, text, stock=stock)


def _vector(name: str, expect: str, defect: str, text: str | bytes, *, stock: bool) -> Vector:
    raw = text if isinstance(text, bytes) else text.encode()
    facts = {"at": AT, "role": "sender", "key": KEY, "stock": "accepts" if stock else "refuses"}
    return Vector("allowed_signers", name, expect, defect, {"allowed_signers": raw}, facts)


def _trusted() -> Iterator[tuple[str, str, bool]]:
    yield "role", f"sender {KEY}\n", True
    yield "no-line-feed", f"sender {KEY}", True
    yield "comment", f"sender {KEY} anna@old.example\n", True
    yield "namespace", f"sender {OURS} {KEY}\n", True
    yield "two-namespaces", f'sender namespaces="git,handover-statement-v1" {KEY}\n', True
    yield "contact", f"bok@old.example {KEY}\n", False
    yield "quoted", f'"sender" {KEY}\n', True
    yield "two-names", f"anna,sender {KEY}\n", True
    yield "tabs", f"\tsender\t{KEY}\n", True
    yield "windows-line-ends", f"# keys\r\nsender {KEY}\r\n", True
    yield "remarks", f"# keys\n\n  # more\nsender {KEY}\n", True
    yield "two-keys", f"sender {OTHER}\nsender {KEY}\n", True
    yield "upper-case-option", f"sender {OURS.replace('namespaces', 'NameSpaces')} {KEY}\n", True
    yield "in-its-time", f'sender valid-after="20200101Z",valid-before="20990101Z" {KEY}\n', True
    yield "from-this-second", f'sender valid-after="20261201000000Z" {KEY}\n', True
    yield "until-this-second", f'sender valid-before="20261201000000Z" {KEY}\n', True


def _not_trusted() -> Iterator[tuple[str, str, str]]:
    yield "empty", "no keys", ""
    yield "other-key", "another key", f"sender {OTHER}\n"
    yield "other-role", "the key of another role", f"receiver {KEY}\n"
    yield "upper-case", "the role in upper case", f"Sender {KEY}\n"
    yield "other-namespace", "a key for another purpose", f'sender namespaces="git" {KEY}\n'
    yield "longer-namespace", "a key for a longer namespace", f'sender namespaces="handover-statement-v10" {KEY}\n'
    yield "too-early", "a key that is not valid yet", f'sender valid-after="20990101Z" {KEY}\n'
    yield "too-late", "a key that is no longer valid", f'sender valid-before="20200101Z" {KEY}\n'
    yield "only-a-remark", "the key stands in a remark", f"# sender {KEY}\n"


def _too_much() -> Iterator[tuple[str, str, str, bool]]:
    small = keys.line(string(b"ssh-ed25519", keys.compressed(keys.NEUTRAL)))
    weak = keys.line(keys.rsa_blob(keys.rsa_numbers("small", 1024)[0]))
    yield "star", "everybody", f"* {KEY}\n", True
    yield "quoted-star", "everybody, in quotes", f'"*" {KEY}\n', True
    yield "star-inside", "a pattern", f"sen* {KEY}\n", True
    yield "question-mark", "a pattern for one letter", f"sende? {KEY}\n", True
    yield "star-in-a-list", "a pattern beside a name", f"sender,* {KEY}\n", True
    yield "negated", "everybody but one", f"!receiver,* {KEY}\n", True
    yield "domain", "everybody of a domain", f"*@old.example {KEY}\n", False
    yield "star-later", "a pattern in a line that nobody asked for", f"sender {KEY}\n* {OTHER}\n", True
    yield "empty-name", "an empty name", f"sender,,anna {KEY}\n", True
    yield "authority", "a certificate authority", f"sender cert-authority {KEY}\n", False
    yield (
        "authority-upper-case",
        "a certificate authority in upper case",
        f"sender CERT-AUTHORITY,{OURS} {KEY}\n",
        False,
    )
    yield "every-namespace", "every purpose, by a pattern", f'sender namespaces="*" {KEY}\n', True
    yield "namespace-pattern", "a pattern of purposes", f'sender namespaces="handover-*" {KEY}\n', True
    yield "namespace-negated", "every purpose but one", f'sender namespaces="!git,*" {KEY}\n', True
    yield "two-roles", "one key for two roles in one line", f"sender,receiver {KEY}\n", True
    yield "two-roles-two-lines", "one key for two roles", f"sender {KEY}\nreceiver {KEY}\n", True
    yield (
        "two-roles-by-contact",
        "one key for a role and for another's contact",
        (f"sender {KEY}\nsupport@new.example {KEY}\n"),
        True,
    )
    yield "small-order", "a key that anybody can sign with", f"sender {KEY}\nreceiver {small}\n", True
    yield "rsa-1024", "a key of 1024 bits", f"sender {KEY}\nreceiver {weak}\n", True
    yield "dsa", "a DSA key", f"sender {KEY}\nreceiver {keys.line(string(b'ssh-dss', b'x'))}\n", True
    certificate = keys.line(string(b"ssh-ed25519-cert-v01@openssh.com", b"x"))
    yield "certificate", "a certificate", f"sender {KEY}\nreceiver {certificate}\n", True


def _malformed() -> Iterator[tuple[str, str, str | bytes, bool]]:
    yield "byte-order-mark", "a byte order mark", f"\ufeffsender {KEY}\n", False
    yield "byte-order-mark-later", "a byte order mark in a later line", f"sender {KEY}\n\ufeffreceiver {OTHER}\n", True
    yield "utf16", "UTF-16", f"sender {KEY}\n".encode("utf-16"), False
    yield "not-utf8", "a byte that is not UTF-8", f"sender {KEY}\n".encode() + b"# \xff\n", True
    for name, defect, line in (
        ("no-key", "a name without a key", "receiver"),
        ("no-blank", "no blank between name and key", f"receiver{OTHER}"),
        ("type-alone", "the type of a key without the key", "receiver ssh-ed25519"),
        ("key-cut", "a key that is cut short", f"receiver {OTHER[:-8]}"),
        (
            "key-of-another-name",
            "a key that calls itself otherwise",
            f"receiver {OTHER.replace('ssh-ed25519', 'ssh-rsa')}",
        ),
        ("key-loose", "base64 without its canonical form", f"receiver {OTHER}="),
        ("quote-open", "a quote that does not end", f'"receiver {OTHER}'),
        ("quote-and-more", "something after the quote", f'"receiver"x {OTHER}'),
        ("quote-and-key", "no blank between the quote and the key", f'"receiver"{OTHER}'),
        ("option-without-value", "an option without its value", f'receiver namespaces="git",valid-before {OTHER}'),
        ("option-without-quotes", "a value without quotes", f"receiver namespaces=git {OTHER}"),
        ("option-empty", "an empty value", f'receiver namespaces="" {OTHER}'),
        ("option-without-blank", "no blank after the options", f'receiver namespaces="git"{OTHER}'),
        ("option-comma", "a comma after the last option", f'receiver namespaces="git", {OTHER}'),
        ("option-twice", "an option twice", f'receiver namespaces="git",namespaces="file" {OTHER}'),
        ("option-unknown", "an unknown option", f'receiver touch-required="yes" {OTHER}'),
        ("namespace-empty-item", "an empty namespace in a list", f'receiver namespaces="git,,file" {OTHER}'),
        ("time-with-hyphens", "a time with hyphens", f'receiver valid-before="2026-12-01" {OTHER}'),
        ("time-that-never-was", "a day that does not exist", f'receiver valid-before="20260230Z" {OTHER}'),
        ("time-of-ten-digits", "a time of ten digits", f'receiver valid-before="2026120112" {OTHER}'),
        ("time-of-another-zone", "a time with an offset", f'receiver valid-before="20261201+0100" {OTHER}'),
        (
            "times-reversed",
            "until is before from",
            f'receiver valid-after="20270101Z",valid-before="20260101Z" {OTHER}',
        ),
        ("sentence", "a line that is not one of this form", "these are our keys:"),
    ):
        yield name, defect, f"sender {KEY}\n{line}\n", True
