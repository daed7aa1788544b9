"""The same scan over a real sshd: the same entries, and every way to lose a host is an error in time."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handover.errors import RemoteError
from handover.locations.channel import Host
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.connection import connect
from handover.locations.ssh.options import SshOptions
from handover.scan import Effort, Stage
from support import trees
from support.processes import Process, wait_until
from support.relay import Relay
from support.scans import Manifest, powerless, scan_tree
from support.sshd import Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd"), drop_dac=True) as server:
        yield server


def reach(server: Sshd, port: int | None = None) -> Host:
    options = SshOptions(config_file=server.ssh_config, host_key=server.fingerprint)
    return connect(SshAddress.parse(f"ssh://{server.user}@127.0.0.1:{port or server.port}/"), options, Nobody())


def far(host: Host, root: Path, **changes: object) -> Manifest:
    return scan_tree(root, host=host, **{"route": "python", "effort": Effort.polite_remote(), **changes})


def test_a_tree_is_the_same_from_here_and_from_there(sshd, tmp_path):
    root = trees.build(tmp_path / "tree")
    (root / "shut").mkdir(mode=0)
    host = reach(sshd)
    there = far(host, root)
    again = far(host, root)
    host.close()
    here = scan_tree(root, become=powerless())
    assert there.contents == again.contents == here.contents
    assert there.gaps() == {b"shut": ("unreadable", "EACCES")}
    assert there.header.machine.host_key == sshd.fingerprint
    assert there.header.machine.boot_sha256 == here.header.machine.boot_sha256
    assert there.header.options.niceness == 10
    assert wait_until(lambda: not sshd.commands())


@pytest.mark.parametrize("shell", ["/usr/bin/tcsh", "/usr/bin/fish", "/usr/bin/dash", "/usr/bin/busybox sh"])
def test_any_login_shell_will_do(tmp_path, shell):
    trees.write(tmp_path / "file", b"x")
    with Sshd(tmp_path / "sshd", login_shell=shell) as server:
        host = reach(server)
        assert b"file" in far(host, tmp_path).entries
        host.close()


def test_noise_of_a_login_script_does_no_harm(tmp_path):
    trees.write(tmp_path / "file", b"x")
    command = "echo 'Welcome to old.example'; echo warning >&2; exec sh -c \"$SSH_ORIGINAL_COMMAND\""
    with Sshd(tmp_path / "sshd", force_command=command) as server:
        host = reach(server)
        assert b"file" in far(host, tmp_path).entries
        host.close()


def test_an_account_for_files_only_is_told_apart(tmp_path):
    with Sshd(tmp_path / "sshd", sftp_only=True) as server:
        host = reach(server)
        with pytest.raises(RemoteError, match="sftp connections only"):
            far(host, tmp_path)
        host.close()


class Enough(Exception):
    """What a caller raises who does not want the result any more."""


class Scan:
    """A scan that is under way in a thread of its own, of a tree that takes longer than any test."""

    def __init__(self, host: Host, root: Path) -> None:
        self.enough = threading.Event()
        self.error: BaseException | None = None
        self._host, self._root = host, root
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def result(self) -> BaseException | None:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.error

    def _run(self) -> None:
        try:
            far(self._host, self._root, idle_timeout_s=2.5, progress=self._hear)
        except (RemoteError, Enough) as error:
            self.error = error

    def _hear(self, stage: Stage, files: int) -> None:
        if self.enough.is_set():
            raise Enough


@pytest.fixture
def endless(tmp_path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    for name in ("one", "two"):
        with (root / name).open("xb") as stream:
            stream.truncate(2**40)
    return root


def running(server: Sshd) -> dict[int, Process]:
    """Return what runs on the far host for us, by process id."""
    return {process.pid: process for process in server.commands()}


HURTS: dict[str, Callable[[Sshd, Relay, Process, Scan], object]] = {
    "cut": lambda server, relay, agent, scan: relay.cut(),
    "stall": lambda server, relay, agent, scan: relay.stall(),
    "kill agent": lambda server, relay, agent, scan: agent.send(signal.SIGKILL),
    "stop agent": lambda server, relay, agent, scan: agent.send(signal.SIGSTOP),
    "kill sshd": lambda server, relay, agent, scan: server.kill_sessions(),
    "have enough": lambda server, relay, agent, scan: scan.enough.set(),
}


@pytest.mark.parametrize("hurt", HURTS)
def test_a_host_that_is_lost_is_an_error_and_nothing_is_left_there(tmp_path, endless, hurt):
    with Sshd(tmp_path / "sshd") as server, Relay((server.address, server.port)) as relay:
        host = reach(server, relay.port)
        scan = Scan(host, endless)
        # The shell has become the agent, and the agent has two workers.
        assert wait_until(lambda: len(running(server)) == 3), running(server)
        agent = running(server)[min(running(server))]
        HURTS[hurt](server, relay, agent, scan)
        error = scan.result()
        assert isinstance(error, Enough if hurt == "have enough" else RemoteError)
        assert ("idle timeout" in str(error)) == (hurt in ("stall", "stop agent"))
        relay.cut()  # a line that only stalled is dropped one day
        agent.send(signal.SIGCONT)
        host.close()
        assert wait_until(lambda: not running(server)), running(server)
