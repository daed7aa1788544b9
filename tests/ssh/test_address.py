"""Locations: what is taken, what is refused before anything runs, and that writing one gives the same one back."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.errors import UsageError
from handover.locations.ssh.address import Account, SshAddress


@pytest.mark.parametrize(
    ("text", "user", "host", "port", "path"),
    [
        ("ssh://old.example/var/www", None, "old.example", None, b"/var/www"),
        ("ssh://acme@old.example:2222/home/acme", "acme", "old.example", 2222, b"/home/acme"),
        ("ssh://acme%40shop.example@old.example/x", "acme@shop.example", "old.example", None, b"/x"),
        ("ssh://[::1]:22/x", None, "::1", 22, b"/x"),
        ("ssh://[fe80::1%25eth0]/x", None, "fe80::1%eth0", None, b"/x"),
        ("ssh://127.0.0.1/", None, "127.0.0.1", None, b"/"),
        ("ssh://old/~/public_html", None, "old", None, b"public_html"),
        ("ssh://old/~", None, "old", None, b"."),
        ("ssh://old/~/", None, "old", None, b"."),
        ("ssh://old/~//x", None, "old", None, b"x"),
        ("ssh://old/%7E/x", None, "old", None, b"/~/x"),
        ("ssh://old/%7Ebackup", None, "old", None, b"/~backup"),
        ("ssh://old/a%20b%0A%ff%25", None, "old", None, b"/a b\n\xff%"),
        ("ssh://old/a b?c#d", None, "old", None, b"/a b?c#d"),
        ("ssh://old/żółw", None, "old", None, "/żółw".encode()),
        ("ssh://old/\udcff", None, "old", None, b"/\xff"),
    ],
)
def test_a_location_says_who_where_and_what(text, user, host, port, path):
    assert SshAddress.parse(text) == SshAddress(Account(user, host, port), path)


HOSTILE = [
    "-oProxyCommand=touch /tmp/x", "-l", "a;id", "a|id", "a&b", "$(id)", "`id`", "a b", "a\tb", "a\nb", "a\0b",
    "a\x1b[31m", "a'b", 'a"b', "a\\b", "a*", "a?", "{a,b}", "a%h", "a..b", ".a", "a,b", "a=b", "", "\u202ea", "a" * 300,
    "żółw", "[a", "a]", "[a]", "::1", "<a>", "a!b", "~a", "#a",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTILE)
def test_a_host_that_could_be_misread_is_refused(host):
    with pytest.raises(UsageError):
        SshAddress.parse(f"ssh://{host}/x")
    with pytest.raises(UsageError):
        SshAddress.parse(f"ssh://acme@{host}/x")


@pytest.mark.parametrize(
    "user", [bad for bad in HOSTILE if bad not in {"a..b", "a" * 100}] + ["+a", "@a", "a%00b", "a%0ab", "a%2fb"]
)
def test_a_user_that_could_be_misread_is_refused(user):
    with pytest.raises(UsageError):
        SshAddress.parse(f"ssh://{user}@old.example/x")


@pytest.mark.parametrize("port", ["0", "65536", "-1", "+1", "1e3", "²", "0x16", "022", "", " 1", "22 "])
def test_a_port_is_a_plain_number(port):
    with pytest.raises(UsageError):
        SshAddress.parse(f"ssh://old.example:{port}/x")


@pytest.mark.parametrize("path", ["", "/%", "/%z1", "/%0", "/a\nb", "/a\x1bb", "/%00", "/~other/x", "/~other"])
def test_a_path_that_is_missing_or_ambiguous_is_refused(path):
    with pytest.raises(UsageError) as caught:
        SshAddress.parse(f"ssh://old.example{path}")
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("text", ["old.example:/x", "SSH://old/x", "sftp://old/x", "/x", "ssh:/old/x", ""])
def test_anything_but_ssh_is_refused(text):
    with pytest.raises(UsageError):
        SshAddress.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "ssh://acme:hunter2@old.example/x", "ssh://acme:hunter2/x@old.example/x", "ssh://acme:@hunter2@old.example/x",
        "ssh://acme%3Ahunter2@old.example/x", "ssh://:hunter2@old.example/x", "sftp://acme:hunter2@old.example/x",
    ],
)  # fmt: skip
def test_a_password_is_refused_and_never_repeated(text):
    with pytest.raises(UsageError) as caught:
        SshAddress.parse(text)
    error = caught.value
    assert "hunter2" not in f"{error} {error.hint} {error.where}"


def test_an_account_needs_no_path():
    assert SshAddress.parse_account("ssh://acme@old.example:2222") == Account("acme", "old.example", 2222)
    assert SshAddress.parse_account("ssh://old.example/x").shown == "old.example"


PATHS = st.lists(
    st.sampled_from([b"/", b"~", b"%", b"a", b".", b"\n", b"\xff", "é".encode(), "\u202e".encode(), b" ", b"#"])
)


@given(path=PATHS.map(b"".join), user=st.sampled_from([None, "acme", "a@b"]), port=st.sampled_from([None, 22, 2222]))
def test_what_is_written_is_read_back_and_harmless(path, user, port):
    relative = path.lstrip(b"/") or b"."
    for wanted in (b"/" + path, relative):
        address = SshAddress(Account(user, "::1", port), wanted)
        assert SshAddress.parse(str(address)) == address
        assert str(address).isprintable()
        assert os.fsencode(str(address)).isascii() or "é" in str(address)
