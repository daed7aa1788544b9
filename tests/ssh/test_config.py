"""Settings: as ``ssh -G`` resolves them, and the small part that is read without an ssh program."""

from __future__ import annotations

from pathlib import Path

import pytest

from handover.errors import UsageError
from handover.locations.ssh.address import Account
from handover.locations.ssh.config import Settings, home, resolve
from handover.locations.ssh.options import SshOptions

WITH_SSH = "ssh"
WITHOUT_SSH = "no-such-ssh-program"


def settings(tmp_path: Path, text: str, account: str = "old", *, ssh: str = WITH_SSH, **changes) -> Settings:
    file = tmp_path / "config"
    file.write_text(text)
    return resolve(Account.parse(account), SshOptions(config_file=file, **changes), ssh=ssh)


@pytest.mark.parametrize("ssh", [WITH_SSH, WITHOUT_SSH])
class TestBothWays:
    def test_a_host_block_says_where_who_and_with_which_key(self, tmp_path, ssh, monkeypatch):
        monkeypatch.setenv("HOME", str(home()))  # ssh never looks at it; what paramiko reads, it expands by it
        text = (
            "Host new\n  Port 1\n"
            "Host old\n  HostName old.example\n  Port 2222\n  User acme\n  IdentityFile ~/k/%h_%r\n"
            '  UserKnownHostsFile /a/one "/b/with space/two"\n  GlobalKnownHostsFile /c\n  IdentitiesOnly yes\n'
            "  ProxyJump u@j1:22,j2\n  ConnectTimeout 7\n  ServerAliveInterval 9\n  HashKnownHosts yes\n"
        )
        found = settings(tmp_path, text, ssh=ssh)
        assert (found.host, found.port, found.user) == ("old.example", 2222, "acme")
        assert (found.known_as, found.known_port) == ("old.example", 2222)
        assert found.identity_files == (home() / "k" / "old.example_acme",)
        assert found.user_known_hosts[0] == Path("/a/one")
        assert found.global_known_hosts == (Path("/c"),)
        assert found.identities_only
        assert [jump.host for jump in found.jumps] == ["j1", "j2"]
        assert (found.connect_timeout_s, found.alive_interval_s, found.hash_known_hosts) == (7, 9, True)
        assert found.shown == "acme@old"

    def test_what_the_location_says_wins_over_the_settings(self, tmp_path, ssh):
        found = settings(tmp_path, "Host old\n  Port 2222\n  User acme\n", "eva@old:2200", ssh=ssh)
        assert (found.user, found.port) == ("eva", 2200)

    def test_what_the_caller_says_wins_over_the_settings(self, tmp_path, ssh):
        changes = {"known_hosts": (Path("/k"),), "identity_files": (Path("/i"),), "connect_timeout_s": 3.0}
        found = settings(tmp_path, "IdentityFile /j\nUserKnownHostsFile /l\nConnectTimeout 60\n", ssh=ssh, **changes)
        assert (found.user_known_hosts, found.global_known_hosts) == ((Path("/k"),), ())
        assert found.identity_files == (Path("/i"), Path("/j"))
        assert found.connect_timeout_s == 3

    def test_defaults_are_those_of_ssh(self, tmp_path, ssh):
        found = settings(tmp_path, "", ssh=ssh)
        assert found.port == 22
        assert found.user_known_hosts[0] == home() / ".ssh" / "known_hosts"
        assert home() / ".ssh" / "id_ed25519" in found.identity_files
        assert found.methods == ("publickey", "keyboard-interactive", "password")
        assert found.proxy_command is None

    def test_a_proxy_command_is_expanded(self, tmp_path, ssh):
        text = "Host old\n  HostName old.example\n  ProxyCommand nc -X 5 %h %p %r %%\n"
        assert settings(tmp_path, text, "acme@old:22", ssh=ssh).proxy_command == "nc -X 5 old.example 22 acme %"

    def test_an_alias_for_the_key_has_no_port(self, tmp_path, ssh):
        found = settings(tmp_path, "HostKeyAlias cluster\nPort 2222\n", ssh=ssh)
        assert (found.known_as, found.known_port) == ("cluster", 22)

    def test_nonsense_is_an_error(self, tmp_path, ssh):
        with pytest.raises(UsageError):
            settings(tmp_path, "HostName\n", ssh=ssh)

    def test_a_missing_file_is_an_error(self, tmp_path, ssh):
        with pytest.raises(UsageError):
            resolve(Account.parse("old"), SshOptions(config_file=tmp_path / "none"), ssh=ssh)


def test_include_and_match_are_resolved_by_ssh(tmp_path):
    (tmp_path / "more").write_text("User included\n")
    found = settings(tmp_path, f"Match host old exec true\n  Port 2200\nMatch all\nInclude {tmp_path / 'more'}\n")
    assert (found.port, found.user, found.warnings) == (2200, "included", ())


def test_without_ssh_match_and_include_are_left_out_with_a_warning(tmp_path):
    mark = tmp_path / "mark"
    text = (
        f"Include other\nMatch exec 'touch {mark}'\n  Port 1\nMatch sessiontype shell\n  Port 2\nHost old\n  Port 3\n"
    )
    found = settings(tmp_path, text, ssh=WITHOUT_SSH)
    assert found.port == 3
    assert "Match and Include" in found.warnings[0]
    assert not mark.exists()


@pytest.mark.parametrize("line", ["ServerAliveInterval 1m", "ConnectTimeout x", "Port 65536", "ConnectTimeout 1e999"])
def test_without_ssh_a_number_that_is_none_is_named(tmp_path, line):
    with pytest.raises(UsageError, match="no whole number"):
        settings(tmp_path, f"{line}\n", "old", ssh=WITHOUT_SSH)


def test_a_known_hosts_name_with_a_space_is_one_name(tmp_path):
    found = settings(tmp_path, 'UserKnownHostsFile /a/one "/b/with space/two" ~/three\n')
    assert found.user_known_hosts == (Path("/a/one"), Path("/b/with space/two"), home() / "three")


def test_an_agent_is_found_by_path_by_variable_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    monkeypatch.setenv("OTHER_SOCK", "/run/other")
    assert settings(tmp_path, "").agent_socket == Path("/run/agent")
    assert settings(tmp_path, "IdentityAgent none\n").agent_socket is None
    assert settings(tmp_path, "IdentityAgent $OTHER_SOCK\n").agent_socket == Path("/run/other")
    assert settings(tmp_path, "IdentityAgent ~/sock\n").agent_socket == home() / "sock"
    monkeypatch.delenv("SSH_AUTH_SOCK")
    assert settings(tmp_path, "").agent_socket is None


def test_methods_follow_the_order_and_the_switches_of_the_settings(tmp_path):
    assert settings(tmp_path, "PreferredAuthentications password,gssapi-with-mic,publickey\n").methods == (
        "password",
        "publickey",
    )
    assert settings(tmp_path, "PasswordAuthentication no\n").methods == ("publickey", "keyboard-interactive")
    assert settings(tmp_path, "PubkeyAuthentication no\n").methods == ("keyboard-interactive", "password")


def test_a_list_of_revoked_keys_that_is_not_read_is_said(tmp_path):
    assert "RevokedHostKeys" in settings(tmp_path, "RevokedHostKeys /etc/ssh/revoked\n").warnings[0]
