"""known_hosts as stock ssh-keygen writes and reads it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.errors import LocalIOError, UsageError
from handover.locations.ssh.known_hosts import (
    HostKey,
    KnownHosts,
    KnownKey,
    Standing,
    check_fingerprint,
    hashed_name,
    known_name,
)
from support.sshd import make_key, public_key


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return [
        make_key(folder / f"{number}{kind}", kind=kind) for number, kind in enumerate(["ed25519", "ed25519", "ecdsa"])
    ]


def host_key(path) -> HostKey:
    import base64

    kind, text = public_key(path).split()
    return HostKey(kind, base64.b64decode(text))


def known(tmp_path, *lines: str) -> KnownHosts:
    file = tmp_path / "known_hosts"
    file.write_text("".join(f"{line}\n" for line in lines))
    return KnownHosts.read([file])


def test_a_fingerprint_is_the_one_that_ssh_keygen_prints(keys):
    for key in keys:
        told = subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True).stdout.split()
        assert host_key(key).shown == f"{told[1]} {told[-1]}"


@pytest.mark.parametrize(
    ("hosts", "name", "port"),
    [
        ("old.example", "old.example", 22),
        ("OLD.example", "old.Example", 22),
        ("other,old.example,10.0.0.1", "old.example", 22),
        ("*.example", "old.example", 22),
        ("ol?.example", "old.example", 22),
        ("[old.example]:2222", "old.example", 2222),
        ("[*.example]:2222", "old.example", 2222),
        ("old.example", "old.example", 2222),  # as ssh: the same key at the usual port
    ],
)
def test_a_key_is_known_by_name_pattern_and_port(tmp_path, keys, hosts, name, port):
    files = known(tmp_path, f"{hosts} {public_key(keys[0])} a comment")
    assert files.judge(name, port, host_key(keys[0])).standing is Standing.KNOWN


@given(pattern=st.text("ab*?[", max_size=8), name=st.text("ab[", max_size=8))
def test_stars_and_question_marks_match_as_in_a_regular_expression(pattern, name):
    parts = [{"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern]
    line = KnownKey(hosts=pattern, key=HostKey("ssh-ed25519", b""), revoked=False, place="file:1")
    assert line.speaks_of(name) == bool(re.fullmatch("".join(parts), name))


def test_a_line_of_many_stars_is_read_at_once():
    line = KnownKey(hosts="a*" * 30 + "b", key=HostKey("ssh-ed25519", b""), revoked=False, place="file:1")
    assert not line.speaks_of("a" * 253)


@pytest.mark.parametrize(
    "hosts",
    [
        "new.example",
        "[old.example]:2222",
        "*.example,!old.example",
        "!old.example",
        "old.example.evil.example",
        "|1|x|y",
        "old*x",
    ],
)
def test_a_line_about_somebody_else_says_nothing(tmp_path, keys, hosts):
    files = known(tmp_path, f"{hosts} {public_key(keys[0])}")
    assert files.judge("old.example", 22, host_key(keys[0])).standing is Standing.UNKNOWN


def test_names_hashed_by_ssh_keygen_are_found_and_ours_by_ssh_keygen(tmp_path, keys):
    file = tmp_path / "known_hosts"
    file.write_text(f"old.example,[old.example]:2222 {public_key(keys[0])}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    assert "old.example" not in file.read_text()
    files = KnownHosts.read([file])
    for port in (22, 2222):
        assert files.judge("old.example", port, host_key(keys[0])).standing is Standing.KNOWN
    ours = hashed_name(known_name("New.example", 2200), bytes(range(20)))
    file.write_text(f"{ours} {public_key(keys[0])}\n")
    found = subprocess.run(
        ["ssh-keygen", "-F", "[new.example]:2200", "-f", file], capture_output=True, text=True, check=True
    )
    assert public_key(keys[0]) in found.stdout


def test_another_key_or_type_is_a_change_and_names_the_line(tmp_path, keys):
    files = known(tmp_path, "# comment", "", f"old.example {public_key(keys[0])}")
    for other in keys[1:]:
        judgement = files.judge("old.example", 22, host_key(other))
        assert judgement.standing is Standing.CHANGED
        assert judgement.lines[0].place.endswith("known_hosts:3")
    assert files.types("old.example", 22) == ("ssh-ed25519",)


def test_a_known_key_at_the_usual_port_does_not_make_another_port_a_change(tmp_path, keys):
    files = known(tmp_path, f"old.example {public_key(keys[0])}")
    assert files.judge("old.example", 2222, host_key(keys[1])).standing is Standing.UNKNOWN


def test_one_of_several_known_keys_is_enough(tmp_path, keys):
    files = known(tmp_path, *(f"old.example {public_key(key)}" for key in keys))
    for key in keys:
        assert files.judge("old.example", 22, host_key(key)).standing is Standing.KNOWN
    assert files.types("old.example", 22) == ("ssh-ed25519", "ecdsa-sha2-nistp256")


def test_a_revoked_key_is_revoked_whatever_else_is_known(tmp_path, keys):
    lines = [f"old.example {public_key(keys[0])}", f"@revoked * {public_key(keys[0])}"]
    for order in (lines, lines[::-1]):
        files = known(tmp_path, *order)
        assert files.judge("old.example", 22, host_key(keys[0])).standing is Standing.REVOKED
        assert files.judge("old.example", 22, host_key(keys[1])).standing is Standing.CHANGED


def test_a_revoked_key_is_revoked_at_every_port(tmp_path, keys):
    files = known(tmp_path, f"[old.example]:2222 {public_key(keys[0])}", f"@revoked old.example {public_key(keys[0])}")
    assert files.judge("old.example", 2222, host_key(keys[0])).standing is Standing.REVOKED


def test_certificate_authorities_and_broken_lines_vouch_for_nobody(tmp_path, keys):
    kind, text = public_key(keys[0]).split()
    files = known(
        tmp_path,
        f"@cert-authority * {public_key(keys[0])}",
        f"@something * {public_key(keys[0])}",
        f"old.example {kind}",
        f"old.example {kind} !!!{text}",
        f"old.example ssh-rsa {text}",
        f"old.example {kind} {text[:7]}",
        f"#old.example {kind} {text}",
        f"\ufeffold.example {kind} {text}",
    )
    assert files.judge("old.example", 22, host_key(keys[0])).standing is Standing.UNKNOWN


def test_missing_files_hold_nothing_and_unreadable_ones_are_an_error(tmp_path):
    assert KnownHosts.read([tmp_path / "none", tmp_path / "none" / "below"]).lines == ()
    with pytest.raises(LocalIOError):
        KnownHosts.read([tmp_path])


def test_a_file_without_end_is_an_error_in_bounded_memory():
    with pytest.raises(LocalIOError, match="larger than"):
        KnownHosts.read([Path("/dev/zero")])


def test_a_pin_has_one_form(keys):
    pin = host_key(keys[0]).fingerprint
    assert check_fingerprint(f"{pin}=", where="host_key") == pin
    for bad in ("", "MD5:aa:bb", pin[:-1], pin + "A", pin.lower(), f" {pin}", "SHA256:" + "\n" * 43):
        with pytest.raises(UsageError):
            check_fingerprint(bad, where="host_key")
