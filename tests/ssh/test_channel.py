"""Commands on a real sshd: streams, ends, and the ways a connection breaks."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from handover.errors import RemoteError
from handover.locations.channel import Channel, Host
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.connection import connect
from handover.locations.ssh.options import SshOptions
from support.processes import wait_until
from support.relay import Relay
from support.sshd import Sshd


def reach(server: Sshd, port: int | None = None) -> Host:
    options = SshOptions(config_file=server.ssh_config, host_key=server.fingerprint)
    return connect(SshAddress.parse(f"ssh://{server.user}@127.0.0.1:{port or server.port}/"), options, Nobody())


@pytest.fixture
def host(sshd: Sshd) -> Iterator[Host]:
    reached = reach(sshd)
    yield reached
    reached.close()


def everything(channel: Channel) -> bytes:
    parts = []
    while data := channel.receive(20):
        assert len(data) <= 2**20
        parts.append(data)
    return b"".join(parts)


def test_bytes_go_out_and_come_back_unchanged(host):
    channel = host.start("cat")
    data = bytes(range(256)) * 4096
    sender = threading.Thread(target=channel.send, args=(data,))
    sender.start()
    received = b""
    while len(received) < len(data):
        received += channel.receive(10)
    sender.join()
    assert received == data
    channel.close()


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_exit_status_is_told(host, status):
    channel = host.start(f"echo out; echo err >&2; exit {status}")
    assert everything(channel) == b"out\n"
    assert channel.exit_status(10) == status
    assert channel.stderr_tail() == b"err\n"
    channel.close()


def test_a_command_that_was_killed_has_no_exit_status(host):
    channel = host.start("kill -9 $$")
    assert everything(channel) == b""
    assert channel.exit_status(10) is None
    channel.close()


def test_a_command_that_does_not_end_has_no_exit_status_in_time(host):
    channel = host.start("exec >&-; sleep 30")
    started = time.monotonic()
    assert channel.exit_status(0.3) is None
    assert time.monotonic() - started < 3
    channel.close()


def test_several_commands_run_on_one_connection_side_by_side(host):
    channels = [host.start("cat") for _ in range(5)]
    for number, channel in reversed(list(enumerate(channels))):
        channel.send(b"%d" % number)
        assert channel.receive(10) == b"%d" % number
        channel.close()


def test_stderr_without_end_while_stdout_is_silent_does_not_hang_and_its_tail_is_kept(host):
    channel = host.start("head -c 5000000 /dev/zero >&2; echo last >&2; echo done")
    assert everything(channel) == b"done\n"
    tail = channel.stderr_tail()
    assert len(tail) == 64 * 1024
    assert tail.endswith(b"\0last\n")
    channel.close()


def test_stderr_that_never_ends_still_times_out(host):
    channel = host.start("cat /dev/zero >&2")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        channel.receive(0.5)
    assert time.monotonic() - started < 5
    channel.close()


def test_stderr_does_not_block_what_is_sent(host):
    channel = host.start("head -c 5000000 /dev/zero >&2; cat | wc -c")
    channel.send(b"x" * 5_000_000)
    channel._channel.shutdown_write()
    assert everything(channel).strip() == b"5000000"
    channel.close()


def test_output_is_not_read_further_than_the_window(host, sshd):
    channel = host.start("yes")
    channel.receive(10)
    assert wait_until(lambda: any(process.state == "S" and process.name == "yes" for process in sshd.commands()))
    assert len(channel._channel.in_buffer) <= 2 * 2**20
    channel.close()


@pytest.mark.parametrize("timeout_s", [0.0, 0.05, 0.4])
def test_silence_is_a_timeout_and_not_an_end(host, timeout_s):
    channel = host.start("sleep 20")
    started = time.monotonic()
    with pytest.raises(TimeoutError):
        channel.receive(timeout_s)
    assert time.monotonic() - started < timeout_s + 2
    channel.close()


def test_what_arrived_before_a_timeout_is_not_lost(host):
    channel = host.start("echo first; sleep 1; echo second")
    assert channel.receive(10) == b"first\n"
    with pytest.raises(TimeoutError):
        channel.receive(0.1)
    assert channel.receive(10) == b"second\n"
    channel.close()


def test_closing_closes_stdin_first_and_ends_a_command_that_watches_it(host, sshd):
    channel = host.start("cat; exec sleep 0")
    channel.send(b"x")
    assert channel.receive(10) == b"x"
    assert any(process.name == "cat" for process in sshd.commands())
    channel.close()
    channel.close()
    assert wait_until(lambda: not any(process.name == "cat" for process in sshd.commands()))


def test_a_closed_channel_says_so_instead_of_an_end(host):
    channel = host.start("sleep 20")
    channel.close()
    with pytest.raises(RemoteError):
        channel.receive(1)
    with pytest.raises(RemoteError):
        channel.send(b"x")


def test_a_command_that_no_longer_reads_is_an_error(host):
    channel = host.start("exit 0")
    assert everything(channel) == b""
    assert channel.exit_status(10) == 0
    with pytest.raises(RemoteError):
        channel.send(b"x" * 10_000_000)
    channel.close()


@pytest.mark.parametrize("when", ["before any output", "in the middle"])
def test_a_connection_that_is_cut_is_an_error_and_never_an_end(sshd, when):
    with Relay((sshd.address, sshd.port)) as relay:
        host = reach(sshd, relay.port)
        channel = host.start("cat" if when == "before any output" else "yes")
        if when == "in the middle":
            channel.receive(10)
        relay.cut()
        started = time.monotonic()
        with pytest.raises(RemoteError, match="lost"):
            everything(channel)
        with pytest.raises(RemoteError):
            channel.send(b"x")
        with pytest.raises(RemoteError):
            host.start("true")
        assert channel.exit_status(1) is None
        assert time.monotonic() - started < 5
        channel.close()
        host.close()


def test_a_killed_sshd_is_an_error_and_never_an_end(tmp_path):
    with Sshd(tmp_path) as server:
        host = reach(server)
        channel = host.start("echo begun; sleep 20")
        assert channel.receive(10) == b"begun\n"
        server.kill_sessions()
        with pytest.raises(RemoteError, match="lost"):
            channel.receive(10)
        channel.close()
        host.close()


def test_a_network_that_drops_everything_times_out_and_closes_in_bounded_time(sshd):
    with Relay((sshd.address, sshd.port)) as relay:
        host = reach(sshd, relay.port)
        channel = host.start("cat")
        relay.stall()
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            channel.receive(0.5)
        channel.close()
        host.close()
        assert time.monotonic() - started < 15


def test_bytes_put_into_the_connection_are_never_output_nor_an_end(sshd):
    with Relay((sshd.address, sshd.port)) as relay:
        host = reach(sshd, relay.port)
        channel = host.start("cat")
        relay.inject(b"\0\0\0\x10 something that was not encrypted by the host")
        # Its first bytes decrypt to some length: refused at once, or waited for until the time is over.
        with pytest.raises((RemoteError, TimeoutError)):
            channel.receive(1)
        host.close()


def test_an_account_for_sftp_only_says_so_and_ends(tmp_path):
    with Sshd(tmp_path, sftp_only=True) as server:
        host = reach(server)
        channel = host.start("echo hello")
        said = everything(channel)
        assert b"This service allows sftp connections only." in said
        assert channel.exit_status(10) == 1
        channel.close()
        host.close()


def test_a_host_that_opens_no_session_is_an_error(tmp_path):
    with Sshd(tmp_path, options=["MaxSessions 1"]) as server:
        host = reach(server)
        channel = host.start("cat")
        with pytest.raises(RemoteError, match="no session"):
            host.start("true")
        channel.close()
        host.close()


@pytest.mark.parametrize("shell", ["/bin/dash", "/bin/bash"])
def test_noise_of_the_login_shell_comes_through_as_it_is(tmp_path, shell):
    with Sshd(tmp_path, force_command=f'echo Welcome; exec {shell} -c "$SSH_ORIGINAL_COMMAND"') as server:
        host = reach(server)
        channel = host.start("printf '%s' 'a b'")
        assert everything(channel) == b"Welcome\na b"
        channel.close()
        host.close()


def test_nothing_is_forwarded_and_there_is_no_terminal(host):
    channel = host.start('echo "[$SSH_AUTH_SOCK][$DISPLAY]"; test -t 0 || echo no terminal')
    assert everything(channel) == b"[][]\nno terminal\n"
    channel.close()
