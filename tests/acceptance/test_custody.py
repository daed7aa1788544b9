"""Each side alone is worth something: a signed manifest, handed over, is compared against weeks later."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.cli import handover
from support.sshd import make_key, public_key


@pytest.fixture
def old_site(tmp_path):
    root = tmp_path / "old"
    (root / "wp-content").mkdir(parents=True)
    (root / "index.php").write_text("<?php")
    (root / "wp-content" / "a.jpg").write_text("picture")
    return root


@pytest.fixture
def new_site(old_site, tmp_path):
    copy = tmp_path / "new"
    subprocess.run(["cp", "-a", old_site, copy], check=True)
    (copy / "wp-content" / "a.jpg").unlink()
    return copy


@pytest.fixture
def handed_over(old_site, tmp_path):
    """What the sender gives away and keeps nothing of: a manifest, its statement, the signature; and the key."""
    folder = tmp_path / "from the sender"
    folder.mkdir()
    manifest = folder / "old.manifest"
    scanned = handover("scan", old_site, "-o", manifest, "--role", "source", "--as", "sender", "--name", "Anna Nowak")
    assert scanned.code == 0, scanned.err
    key = make_key(tmp_path / "anna")
    signed = handover("sign", manifest, "--as", "sender", "--key", key, "--name", "Anna Nowak", "--json")
    assert signed.code == 0, signed.err
    assert sorted(os.listdir(folder)) == [
        "old.manifest",
        "old.manifest.1.sender.statement.json",
        "old.manifest.1.sender.statement.json.sig",
    ]
    return manifest, key, signed.json["statement"]["signed_at"]


def fingerprint(key: Path) -> str:
    return subprocess.run(["ssh-keygen", "-lf", key], check=True, capture_output=True, text=True).stdout.split()[1]


def told(bundle: Path, key: Path, signed_at: str) -> None:
    """The report and the page both say who signed what, with which key and when, and who ran which scan."""
    report = json.loads((bundle / "report.json").read_bytes())
    (part,) = report["parts"]
    (custody,) = part["source"]["custody"]
    assert (custody["role"], custody["signed_at"], custody["key"]) == ("sender", signed_at, fingerprint(key))
    assert custody["manifest_sha256"] == part["source"]["manifest"]["sha256"]
    page = " ".join((bundle / "report.en.html").read_text().split())
    assert fingerprint(key) in page
    assert signed_at[:10] in page
    assert "Anna Nowak" in page


def test_what_is_said_after_signing_alone_can_be_typed_and_checks_the_signature(old_site, tmp_path):
    manifest = tmp_path / "old site.manifest"
    key = make_key(tmp_path / "anna")
    (tmp_path / "allowed_signers").write_text(f"sender {public_key(key)}\n")
    assert handover("scan", old_site, "-o", manifest, "--role", "source").code == 0
    assert handover("init", tmp_path / "case", "--source", old_site, "--target", old_site).code == 0
    about = [manifest], [tmp_path / "case" / "handover.yaml", "--decision", "accept"]
    for subject in about:
        signed = handover("sign", *subject, "--as", "sender", "--key", key, "--name", "Anna Nowak")
        assert signed.code == 0, signed.err
        line = signed.out.splitlines()[-1].strip()
        checked = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (checked.returncode, 'Good "handover-statement-v1"' in checked.stdout) == (0, True), (line, checked)


def test_a_manifest_that_was_signed_alone_is_compared_against_later(handed_over, new_site, tmp_path):
    manifest, key, signed_at = handed_over
    result = handover("compare", manifest, new_site, "-o", tmp_path / "report")
    assert result.code == 1, result.err
    assert "wp-content/a.jpg" in result.out
    told(tmp_path / "report", key, signed_at)
    names = os.listdir(tmp_path / "report")
    assert "main.source.manifest.1.sender.statement.json" in names
    assert (tmp_path / "report" / "main.source.manifest").read_bytes() == manifest.read_bytes()
    checked = handover("verify", tmp_path / "report", "--require", "none", "--json")
    assert (checked.code, checked.json["intact"]) == (1, True), checked.err


def test_a_manifest_that_was_signed_alone_is_one_side_of_a_case(handed_over, new_site, tmp_path):
    manifest, key, signed_at = handed_over
    case = tmp_path / "case"
    assert handover("init", case, "--source", manifest, "--target", new_site).code == 0
    result = handover("run", case, "--json")
    assert result.code == 1, result.err
    told(case / "rounds" / "0001", key, signed_at)
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"sender {public_key(key)}\n")
    checked = handover("verify", case / "rounds" / "0001", "--keys", allowed, "--require", "none", "--json")
    assert checked.code == 1
    (signature,) = checked.json["signatures"]
    assert (signature["role"], signature["kind"], signature["trusted"]) == ("sender", "custody", True)
    assert signature["signed_at"] == signed_at


@pytest.mark.parametrize("how", ["one byte", "another scan"])
def test_a_manifest_that_is_not_the_one_that_was_signed_is_not_taken(handed_over, old_site, new_site, tmp_path, how):
    manifest, _, _ = handed_over
    if how == "one byte":
        raw = bytearray(manifest.read_bytes())
        at = raw.index(b'"size":7') + 7
        raw[at] = ord("8")
        manifest.write_bytes(raw)
    else:
        manifest.unlink()
        assert handover("scan", old_site, "-o", manifest, "--role", "source").code == 0
    result = handover("compare", manifest, new_site, "-o", tmp_path / "report", "--json")
    assert (result.code, result.json["error"]["code"]) == (4, 4)
    assert "signed about other bytes" in result.err
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("what", ["statement", "signature"])
def test_a_statement_that_was_changed_is_not_taken(handed_over, new_site, what):
    manifest, _, _ = handed_over
    path = manifest.with_name("old.manifest.1.sender.statement.json" + (".sig" if what == "signature" else ""))
    raw = path.read_bytes()
    changed = raw.replace(b"Anna", b"Hanna") if what == "statement" else raw.replace(b"A", b"B", 5)
    assert changed != raw
    path.write_bytes(changed)
    assert handover("compare", manifest, new_site).code in (4, 5)


def test_a_manifest_that_was_altered_after_its_scan_is_malformed_without_a_statement_too(old_site, new_site, tmp_path):
    manifest = tmp_path / "m"
    assert handover("scan", old_site, "-o", manifest).code == 0
    good = manifest.read_bytes()
    lines = good.splitlines(keepends=True)
    for bad in (
        good.replace(b'"size":7', b'"size":8'),
        b"".join(lines[:-1]),
        b"".join([*lines[:2], *lines[3:]]),
        b"".join([*lines[:3], *lines[2:]]),
        good[:-1],
        good + b"\n",
        good.replace(b"\n", b"\r\n"),
        good.replace(b'"version":1', b'"version":2'),
        good.replace(b'"version":1', b'"version":1,"version":1'),
        good[: len(good) // 2],
    ):
        assert bad != good
        manifest.write_bytes(bad)
        result = handover("compare", manifest, new_site, "--json")
        assert (result.code, result.json["error"]["code"]) == (5, 5), bad
