"""Reaching a real sshd: host keys, pins, settings, jump hosts, and what is said when it fails."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from handover.errors import HandoverError, LocalIOError, RemoteError, UsageError
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.connection import SshHost, connect
from handover.locations.ssh.options import SshOptions
from support.relay import Relay
from support.sshd import Sshd, free_port, make_key, public_key, write_ssh_config


def reach(location: str, options: SshOptions) -> SshHost:
    return connect(SshAddress.parse(location), options, Nobody())


def words(host: SshHost, command: str) -> bytes:
    channel = host.start(command)
    said = b""
    while data := channel.receive(10):
        said += data
    channel.close()
    return said


def options_of(server: Sshd, **changes) -> SshOptions:
    return SshOptions(config_file=server.ssh_config, **changes)


def fingerprint(key: Path) -> str:
    return subprocess.run(["ssh-keygen", "-lf", key], capture_output=True, text=True, check=True).stdout.split()[1]


def test_a_known_host_is_reached_and_says_which_key_it_showed(sshd):
    with reach(sshd.url(), options_of(sshd)) as host:
        assert words(host, "echo hello") == b"hello\n"
        assert host.shown == sshd.account()
        assert host.key_fingerprint == sshd.fingerprint
        assert host.user == sshd.user
        assert host.warnings == ()
    host.close()


def test_hashed_names_in_known_hosts_are_understood(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    shutil.copy(sshd.known_hosts, known)
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)
    assert "127.0.0.1" not in known.read_text()
    reach(sshd.url(), options_of(sshd, known_hosts=(known,))).close()


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_host_with_several_keys_is_asked_for_the_one_that_is_known(sshd, tmp_path, number):
    known = tmp_path / "known_hosts"
    known.write_text(sshd.known_hosts_line(key=sshd.host_keys[number]))
    with reach(sshd.url(), options_of(sshd, known_hosts=(known,))) as host:
        assert host.key_fingerprint == fingerprint(sshd.host_keys[number])


def test_an_unknown_key_is_refused_with_its_fingerprint_and_what_to_do(sshd, tmp_path):
    with pytest.raises(RemoteError) as caught:
        reach(sshd.url(), options_of(sshd, known_hosts=(tmp_path / "empty",)))
    assert sshd.fingerprint in caught.value.what
    assert f"handover trust host ssh://{sshd.account()}" in caught.value.hint
    assert caught.value.where == sshd.account()


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_a_changed_key_or_type_is_refused_with_both_fingerprints(tmp_path, kind):
    with Sshd(tmp_path) as server:
        other = make_key(tmp_path / "other", kind=kind)
        known = tmp_path / "known_hosts"
        known.write_text(server.known_hosts_line(key=other))
        with pytest.raises(RemoteError) as caught:
            reach(server.url(), options_of(server, known_hosts=(known,)))
    assert server.fingerprint in caught.value.what
    assert fingerprint(other) in caught.value.what
    assert "known_hosts:1" in caught.value.what
    assert f"ssh-keygen -R '[127.0.0.1]:{server.port}'" in caught.value.hint


def test_nothing_is_sent_to_a_host_whose_key_is_refused(tmp_path):
    with Sshd(tmp_path) as server:
        with pytest.raises(RemoteError):
            reach(server.url(), options_of(server, known_hosts=(tmp_path / "empty",)))
        assert "Accepted" not in server.log()
        assert "userauth" not in server.log()


def test_a_revoked_key_is_refused(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(sshd.known_hosts.read_text() + f"@revoked * {public_key(sshd.host_keys[0])}\n")
    with pytest.raises(RemoteError, match="revoked"):
        reach(sshd.url(), options_of(sshd, known_hosts=(known,)))


def test_other_markers_do_not_make_the_file_unreadable(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    line = f"@cert-authority * {public_key(sshd.client_key)}\n"
    known.write_text(line + sshd.known_hosts.read_text() + line)
    reach(sshd.url(), options_of(sshd, known_hosts=(known,))).close()
    known.write_text(f"@cert-authority * {public_key(sshd.host_keys[0])}\n")
    with pytest.raises(RemoteError, match="not known"):
        reach(sshd.url(), options_of(sshd, known_hosts=(known,)))


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_pin_alone_suffices_for_each_key_of_the_host(sshd, tmp_path, number):
    pin = fingerprint(sshd.host_keys[number])
    with reach(sshd.url(), options_of(sshd, host_key=pin, known_hosts=(tmp_path / "empty",))) as host:
        assert host.key_fingerprint == pin


def test_a_pin_wins_over_known_hosts(sshd, tmp_path):
    pin = fingerprint(make_key(tmp_path / "other"))
    with pytest.raises(RemoteError) as caught:
        reach(sshd.url(), options_of(sshd, host_key=pin))
    assert pin in caught.value.what
    for key in sshd.host_keys:
        assert fingerprint(key) in caught.value.what


def test_a_pin_that_is_no_fingerprint_is_refused_before_anything_runs(sshd):
    with pytest.raises(UsageError):
        reach(sshd.url(), options_of(sshd, host_key="SHA256:abc"))


def test_an_alias_of_the_settings_gives_host_port_user_and_key(sshd, tmp_path):
    config = write_ssh_config(tmp_path / "config", aliases={"old-hosting": sshd})
    with reach("ssh://old-hosting/srv", SshOptions(config_file=config)) as host:
        assert words(host, "echo $SSH_CONNECTION").split()[3] == str(sshd.port).encode()
        assert host.shown == f"{sshd.user}@old-hosting"


def test_a_host_key_alias_is_the_name_in_known_hosts(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_text(f"cluster {public_key(sshd.host_keys[0])}\n")
    config = write_ssh_config(tmp_path / "config", sshd, extra="HostKeyAlias cluster")
    reach(sshd.url(), SshOptions(config_file=config, known_hosts=(known,))).close()


def test_a_second_address_of_the_same_host_needs_its_own_line(tmp_path):
    with Sshd(tmp_path, addresses=("127.0.0.1", "127.0.0.2")) as server:
        reach(server.url(address="127.0.0.2"), options_of(server)).close()
        with pytest.raises(RemoteError, match="not known"):
            reach(server.url(address="127.0.0.2"), options_of(server, known_hosts=(_first_line(server),)))


#: `Host` looks at the name as typed, so the alias `jump` is not meant by it, though it is the same address.
THROUGH_JUMP = "Host 127.0.0.1\n  ProxyJump jump"


def _first_line(server: Sshd) -> Path:
    file = server.folder / "one"
    file.write_text(server.known_hosts_line())
    return file


def test_a_jump_host_is_passed_with_its_own_key_and_login(sshd, tmp_path):
    with Sshd(tmp_path) as jump:
        config = write_ssh_config(tmp_path / "config", sshd, aliases={"jump": jump}, extra=THROUGH_JUMP)
        with reach(sshd.url(), SshOptions(config_file=config)) as host:
            assert words(host, "echo hello") == b"hello\n"
        assert "Accepted publickey" in jump.log()


def test_two_jump_hosts_are_passed_in_order(sshd, tmp_path):
    with Sshd(tmp_path) as first, Sshd(tmp_path) as second:
        config = write_ssh_config(
            tmp_path / "config",
            sshd,
            aliases={"first": first, "second": second},
            extra="Host 127.0.0.1\n  ProxyJump first,second",
        )
        with reach(sshd.url(), SshOptions(config_file=config)) as host:
            assert words(host, "echo hello") == b"hello\n"
        assert "Accepted publickey" in first.log()
        assert "Accepted publickey" in second.log()


def test_the_key_of_a_jump_host_is_checked_even_with_a_pin_for_the_host(sshd, tmp_path):
    with Sshd(tmp_path) as jump:
        config = write_ssh_config(tmp_path / "config", sshd, aliases={"jump": jump}, extra=THROUGH_JUMP)
        options = SshOptions(config_file=config, host_key=sshd.fingerprint, known_hosts=(sshd.known_hosts,))
        with pytest.raises(RemoteError) as caught:
            reach(sshd.url(), options)
        assert caught.value.where == f"{jump.user}@jump"
        assert jump.fingerprint in caught.value.what


def test_jump_hosts_that_go_in_a_circle_end_in_an_error(tmp_path):
    config = tmp_path / "config"
    config.write_text("Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    with pytest.raises(RemoteError, match="circle"):
        reach("ssh://a/x", SshOptions(config_file=config))


def test_a_jump_host_that_forwards_nothing_is_named(sshd, tmp_path):
    with Sshd(tmp_path, options=["AllowTcpForwarding no"]) as jump:
        config = write_ssh_config(tmp_path / "config", sshd, aliases={"jump": jump}, extra=THROUGH_JUMP)
        with pytest.raises(RemoteError) as caught:
            reach(sshd.url(), SshOptions(config_file=config))
        assert f"{jump.user}@jump" in caught.value.what
        assert "AllowTcpForwarding" in caught.value.hint


def test_a_proxy_command_of_the_settings_carries_the_connection(sshd, tmp_path):
    program = tmp_path / "through.py"
    program.write_text(
        "import socket, sys, threading, os\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "def up():\n"
        "    while data := os.read(0, 65536): s.sendall(data)\n"
        "    os._exit(0)\n"
        "threading.Thread(target=up, daemon=True).start()\n"
        "while data := s.recv(65536): os.write(1, data)\n"
    )
    extra = f"ProxyCommand python3 {program} %h %p"
    config = write_ssh_config(tmp_path / "config", sshd, extra=extra)
    with reach(sshd.url(), SshOptions(config_file=config)) as host:
        assert words(host, "echo hello") == b"hello\n"


def test_a_proxy_command_that_dies_is_an_error_in_bounded_time(sshd, tmp_path):
    config = write_ssh_config(tmp_path / "config", sshd, extra="ProxyCommand false")
    with pytest.raises(RemoteError):
        reach(sshd.url(), SshOptions(config_file=config))


def test_no_command_of_ours_runs_for_a_hostile_name(tmp_path):
    mark = tmp_path / "mark"
    config = tmp_path / "config"
    config.write_text(f'Match exec "touch {mark}"\n  Port 1\n')
    for host in ("-oProxyCommand=id", "a;id", "$(id)"):
        with pytest.raises(UsageError):
            reach(f"ssh://{host}/x", SshOptions(config_file=config))
    assert not mark.exists()


@pytest.mark.parametrize(
    "setting",
    ["HostName a;id", "HostName -x", "User -x", "User $(id)", "ProxyJump -x", "HostKeyAlias a;b", "IdentityFile ~/%Z"],
)
def test_settings_that_name_something_hostile_are_refused(tmp_path, setting):
    config = tmp_path / "config"
    config.write_text(f"Host old\n  {setting}\n")
    with pytest.raises(UsageError):
        reach("ssh://old/x", SshOptions(config_file=config))


def failure(location: str, options: SshOptions) -> HandoverError:
    with pytest.raises(HandoverError) as caught:
        reach(location, options)
    assert caught.value.hint
    return caught.value


def test_each_failure_of_the_network_has_its_own_sentence(sshd, tmp_path):
    options = options_of(sshd, connect_timeout_s=2)
    assert "not known" in failure("ssh://no-such-name.invalid/x", options).what
    assert "refused the connection" in failure(f"ssh://127.0.0.1:{free_port()}/x", options).what
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        location = f"ssh://127.0.0.1:{silent.getsockname()[1]}/x"
        assert "handshake within 2 s" in failure(location, options).what
        assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200, b"\0" * 100000, b"SSH-1.5-old\r\n", b"\x1b[2J\r\n"]
)
def test_what_is_not_ssh_is_an_error_and_harmless(sshd, greeting):
    with Relay((sshd.address, sshd.port), greeting=greeting, cut_after=0) as relay:
        error = failure(f"ssh://127.0.0.1:{relay.port}/x", options_of(sshd, connect_timeout_s=2))
    assert isinstance(error, RemoteError)
    assert str(error).isprintable()


def test_hosts_without_common_algorithms_say_so(tmp_path):
    with Sshd(tmp_path, options=["KexAlgorithms sntrup761x25519-sha512@openssh.com"]) as server:
        error = failure(server.url(), options_of(server))
    assert "no algorithms in common" in error.what


@pytest.mark.parametrize("cut", [0, 10, 500, 1300])
def test_a_connection_cut_on_the_way_in_is_an_error_in_bounded_time(sshd, tmp_path, cut):
    started = time.monotonic()
    with Relay((sshd.address, sshd.port), cut_after=cut) as relay:
        options = options_of(sshd, host_key=sshd.fingerprint, connect_timeout_s=5)
        error = failure(f"ssh://{sshd.user}@127.0.0.1:{relay.port}/x", options)
    assert isinstance(error, RemoteError)
    assert time.monotonic() - started < 20


def test_settings_that_ssh_does_not_accept_are_an_error_with_its_words(tmp_path):
    config = tmp_path / "config"
    config.write_text("Nonsense yes\n")
    error = failure("ssh://old.example/x", SshOptions(config_file=config))
    assert isinstance(error, UsageError)
    assert "Nonsense" in error.what or "nonsense" in error.what
    missing = SshOptions(config_file=tmp_path / "missing")
    assert isinstance(failure("ssh://old.example/x", missing), UsageError)


def test_known_hosts_that_cannot_be_read_are_not_taken_for_empty(sshd, tmp_path):
    with pytest.raises(LocalIOError):
        reach(sshd.url(), replace(options_of(sshd), known_hosts=(tmp_path,)))
