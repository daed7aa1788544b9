"""The demo's two hosts are real SSH hosts for a stock client, and end with the block that made them."""

from __future__ import annotations

import os
import subprocess
import threading

import pytest

from handover.demo import hosts, server
from handover.demo.hosts import NEW, OLD, installed_sshd, two_hosts
from handover.demo.server import make_key
from handover.errors import UsageError
from support.processes import descendants, wait_until

FLAVOURS = pytest.mark.parametrize("sshd", [installed_sshd(), None], ids=["sshd", "embedded"])


def ssh(config, host, command, *options, **more) -> subprocess.CompletedProcess[bytes]:
    line = ["ssh", "-F", config, "-o", "BatchMode=yes", *options, host, command]
    return subprocess.run(line, capture_output=True, timeout=60, **({"input": b""} | more))


def test_this_machine_has_an_sshd_so_that_both_flavours_are_tested():
    assert installed_sshd() is not None


@FLAVOURS
def test_a_stock_client_runs_a_command_with_all_three_streams_and_its_status(tmp_path, sshd):
    with two_hosts(tmp_path / "ssh", sshd) as world:
        for host in (OLD, NEW):
            done = ssh(world.ssh_config, host, "cat; echo talk >&2; exit 7", input=b"x" * 300_000)
            assert (done.stdout, done.stderr, done.returncode) == (b"x" * 300_000, b"talk\n", 7)


@FLAVOURS
def test_each_host_has_its_own_key_and_a_wrong_one_is_refused(tmp_path, sshd):
    with two_hosts(tmp_path / "ssh", sshd) as world:
        known = (tmp_path / "ssh/known_hosts").read_text().splitlines()
        assert len({line.split()[2] for line in known}) == 2
        ports = [line.split()[0] for line in known]
        (tmp_path / "ssh/known_hosts").write_text(f"{ports[0]} {make_key(tmp_path / 'other')}\n")
        done = ssh(world.ssh_config, OLD, "true")
        assert done.returncode == 255
        assert b"HOST IDENTIFICATION HAS CHANGED" in done.stderr


@FLAVOURS
def test_another_key_is_not_let_in(tmp_path, sshd):
    with two_hosts(tmp_path / "ssh", sshd) as world:
        make_key(tmp_path / "ssh" / "stranger")
        (tmp_path / "ssh/stranger").replace(tmp_path / "ssh/client_key")
        done = ssh(world.ssh_config, NEW, "true")
        assert done.returncode == 255
        assert b"Permission denied" in done.stderr


@FLAVOURS
def test_a_file_that_nobody_may_read_is_unreadable_even_for_root(tmp_path, sshd):
    secret = tmp_path / "secret"
    secret.write_bytes(b"s")
    secret.chmod(0)
    with two_hosts(tmp_path / "ssh", sshd) as world:
        done = ssh(world.ssh_config, OLD, f"cat '{secret}'")
        assert (done.returncode, b"denied" in done.stderr) == (1, True)


@FLAVOURS
def test_the_command_loses_its_stdin_when_the_client_is_gone(tmp_path, sshd):
    with two_hosts(tmp_path / "ssh", sshd) as world:
        line = ["ssh", "-F", world.ssh_config, OLD, f"cat; touch '{tmp_path}/ended'"]
        with subprocess.Popen(line, stdin=subprocess.PIPE) as client:
            assert wait_until(lambda: any(p.name == "cat" for p in descendants(os.getpid())))
            client.kill()
        assert wait_until((tmp_path / "ended").exists)


@FLAVOURS
def test_nothing_is_left_when_the_block_ends(tmp_path, sshd):
    before, threads = {p.pid for p in descendants(os.getpid())}, threading.active_count()
    open_before = set(os.listdir("/proc/self/fd"))
    with two_hosts(tmp_path / "ssh", sshd) as world:
        line = ["ssh", "-F", world.ssh_config, NEW, "cat; sleep 1"]
        client = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert wait_until(lambda: any(p.name == "cat" for p in descendants(os.getpid())))
    client.communicate(timeout=20)
    assert wait_until(lambda: {p.pid for p in descendants(os.getpid())} <= before)
    assert wait_until(lambda: threading.active_count() == threads)
    assert len(os.listdir("/proc/self/fd")) <= len(open_before)


@FLAVOURS
def test_one_connection_serves_several_commands_side_by_side(tmp_path, sshd):
    with two_hosts(tmp_path / "ssh", sshd) as world:
        shared = ["-o", f"ControlPath={tmp_path}/c"]
        line = ["ssh", "-F", world.ssh_config, *shared, "-o", "ControlMaster=yes", OLD, "cat"]
        with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as first:
            assert wait_until((tmp_path / "c").exists)
            assert [ssh(world.ssh_config, OLD, f"echo {n}", *shared).stdout for n in (1, 2)] == [b"1\n", b"2\n"]
            assert first.communicate(b"still here", timeout=20)[0] == b"still here"


def test_a_command_that_does_not_mind_its_stdin_ends_with_the_connection(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "_END_S", 0.2)
    with two_hosts(tmp_path / "ssh", None) as world:
        line = ["ssh", "-F", world.ssh_config, OLD, "sleep 1000; :"]
        with subprocess.Popen(line, stdin=subprocess.DEVNULL) as client:
            assert wait_until(lambda: any(p.name == "sleep" for p in descendants(os.getpid())))
            (sleep,) = (p for p in descendants(os.getpid()) if p.name == "sleep")
            client.kill()
        assert wait_until(lambda: not sleep.alive)


def test_root_without_its_special_rights_must_be_able_to_reach_the_folder(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    if os.geteuid() != 0:
        with two_hosts(theirs / "ssh", None) as world:
            assert ssh(world.ssh_config, OLD, "echo in").stdout == b"in\n"
        return
    os.chown(theirs, 65534, 65534)
    with pytest.raises(UsageError, match="somebody else"), two_hosts(theirs / "ssh", None):
        pass


def test_keys_are_for_their_owner_only_and_never_replace_another(tmp_path):
    path = tmp_path / "key"
    make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        make_key(path)


@pytest.mark.parametrize(
    ("shadow", "locked"),
    [("root:!:19000:0:::::\n", True), ("root:*:19000:0:::::\n", False), ("me:!:1\nroot:$y$:1\n", False)],
)
def test_a_locked_root_is_served_by_our_own_server(tmp_path, monkeypatch, shadow, locked):
    (tmp_path / "shadow").write_text(shadow)
    monkeypatch.setattr(hosts, "_SHADOW", tmp_path / "shadow")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert (installed_sshd() is None) == locked
