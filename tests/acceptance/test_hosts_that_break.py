"""A host that dies, hangs, vanishes or babbles: exit 6 in bounded time, nothing left there, nothing half-made here."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from acceptance.background import at_work, running
from acceptance.conftest import snapshot
from support.cli import handover
from support.processes import wait_until
from support.relay import Relay
from support.sshd import Sshd

_SHELL = '/bin/sh -c "$SSH_ORIGINAL_COMMAND"'


def nothing_left(server: Sshd, out: Path) -> None:
    """Nothing runs on the host any more, and nothing lies where the manifest should have been."""
    assert wait_until(lambda: not server.commands(), 5), [process.command for process in server.commands()]
    assert os.listdir(out) == []


@pytest.mark.parametrize("who", ["head", "worker"])
def test_an_agent_that_is_killed_is_exit_6_and_leaves_nothing(host, slow, out, who):
    server, config = host
    before = snapshot(slow)
    with running("scan", server.url(slow), "-o", "m", "--ssh-config", config, cwd=out) as work:
        agents = at_work(server)
        heads = [agent for agent in agents if agent.parent not in {other.pid for other in agents}]
        victims = heads if who == "head" else [agent for agent in agents if agent not in heads]
        for victim in victims:
            victim.send(signal.SIGKILL)
        code, err = work.ended()
    assert code == 6, err
    assert "agent" in err
    nothing_left(server, out)
    assert snapshot(slow) == before


def test_an_agent_that_is_stopped_is_given_up_after_the_idle_timeout(host, slow, out):
    server, config = host
    before = snapshot(slow)
    with running("scan", server.url(slow), "-o", "m", "--ssh-config", config, "--idle-timeout", 3, cwd=out) as work:
        agents = at_work(server)
        for agent in agents:
            agent.send(signal.SIGSTOP)
        stopped_s = time.monotonic()
        code, err = work.ended()
        assert time.monotonic() - stopped_s < 12
    assert code == 6, err
    assert "3 s (idle timeout)" in err
    assert os.listdir(out) == []
    # A stopped process cannot end; as soon as it may run again, it is gone.
    for agent in agents:
        agent.send(signal.SIGCONT)
    nothing_left(server, out)
    assert snapshot(slow) == before


@contextmanager
def through_a_relay(server: Sshd) -> Iterator[Relay]:
    with Relay((server.address, server.port)) as relay:
        line = server.known_hosts_line().replace(f":{server.port} ", f":{relay.port} ")
        known = server.ssh_config.with_name("ssh_config.known_hosts")
        known.write_text(known.read_text() + line)
        yield relay


@pytest.mark.parametrize("how", ["cut", "stall"])
def test_a_connection_that_breaks_is_exit_6_and_the_agent_ends_itself(host, slow, out, how):
    server, config = host
    before = snapshot(slow)
    with through_a_relay(server) as relay:
        url = server.url(slow).replace(f":{server.port}", f":{relay.port}")
        with running("scan", url, "-o", "m", "--ssh-config", config, "--idle-timeout", 3, cwd=out) as work:
            at_work(server)
            getattr(relay, how)()
            code, err = work.ended()
    assert code == 6, err
    nothing_left(server, out)
    assert snapshot(slow) == before


@pytest.mark.parametrize("what", ["sessions", "everything"])
def test_a_server_that_dies_is_exit_6(host, slow, out, what):
    server, config = host
    with running("scan", server.url(slow), "-o", "m", "--ssh-config", config, cwd=out) as work:
        at_work(server)
        if what == "everything":
            server.stop_accepting()
        server.kill_sessions()
        code, err = work.ended()
    assert code == 6, err
    nothing_left(server, out)


@pytest.fixture
def small(tmp_path):
    root = tmp_path / "small"
    root.mkdir()
    for number in range(20):
        (root / f"file {number}").write_text("x" * number)
    return root


def test_a_login_script_that_talks_before_the_agent_does_no_harm(small, out, tmp_path):
    babble = 'echo "Welcome to HANDOVER-AGENT hosting!"; echo >&2 "no terminal"; printf "half a line"; '
    with Sshd(tmp_path, force_command=babble + _SHELL) as server:
        result = handover("scan", server.url(small), "-o", out / "m", "--ssh-config", server.ssh_config)
        assert result.code == 0, result.err
    assert handover("compare", out / "m", small, "--same-host").code == 0


NOISE = {
    "lines without end": "yes 'You have new mail.'",
    "one line without end": "tr '\\0' x </dev/zero",
    "noise instead of the agent": "echo 'This account has no shell.'; exit 0",
    "nothing at all": "exit 0",
    "the agent's own magic": "printf 'handover-agent 1 0000\\n'; sleep 30",
    "noise between the frames": f"(while sleep 0.2; do echo 'cron: mail'; done) & trap 'kill $!' EXIT; {_SHELL}",
}


@pytest.mark.parametrize("noise", NOISE)
def test_a_host_that_only_makes_noise_is_exit_6_in_bounded_time(slow, out, tmp_path, noise):
    script = tmp_path / "noise.sh"
    script.write_text(NOISE[noise] + "\n")
    with Sshd(tmp_path, force_command=f"exec /bin/bash {script}") as server:
        url = server.url(slow)
        with running("scan", url, "-o", "m", "--ssh-config", server.ssh_config, "--idle-timeout", 4, cwd=out) as work:
            code, err = work.ended(30)
        assert code == 6, err
        assert "error:" in err
        assert os.listdir(out) == []
        assert len(err) < 4000


def case_of(folder: Path, source: str, target: str, **side: str) -> Path:
    folder.mkdir()
    (folder / "handover.yaml").write_text(
        "handover: 1\n"
        f"id: {'0f8e' * 8}\n"
        "case: one dead side\n"
        "parts:\n"
        "  - name: web\n"
        f"    source: {{location: {json.dumps(source)}}}\n"
        f"    target: {{location: {json.dumps(target)}}}\n"
    )
    return folder


@pytest.mark.parametrize("dead", ["source", "target"])
def test_a_dead_side_leaves_a_one_sided_round_that_verifies_as_intact(host, small, tmp_path, dead):
    server, config = host
    gone = server.url(small).replace(f":{server.port}", ":1")
    sides = {"source": server.url(small), "target": server.url(small)} | {dead: gone}
    case = case_of(tmp_path / "case", **sides)
    result = handover("run", case, "--ssh-config", config, "--json")
    assert result.code == 6, result.err
    assert result.json["verdict"] == "undetermined"
    assert [failure["side"] for failure in result.json["failures"]] == [dead]
    (made,) = os.listdir(case / "rounds")
    files = set(os.listdir(case / "rounds" / made))
    alive = "target" if dead == "source" else "source"
    assert f"web.{alive}.manifest" in files
    assert f"web.{dead}.manifest" not in files
    checked = handover("verify", case / "rounds" / made, "--require", "none", "--json")
    assert checked.json["intact"]
    assert checked.json["verdict"] == "undetermined"
    assert checked.code == 3, checked.err
    page = (case / "rounds" / made / "report.en.html").read_text()
    assert dead.upper() in page.upper()
    again = handover("run", case, "--ssh-config", config)
    assert again.code == 6
    assert sorted(os.listdir(case / "rounds")) == ["0001", "0002"]


def test_two_dead_sides_leave_no_round(tmp_path, host):
    server, config = host
    gone = server.url("/srv").replace(f":{server.port}", ":1")
    case = case_of(tmp_path / "case", gone, gone)
    result = handover("run", case, "--ssh-config", config, "--json")
    assert result.code == 6
    assert result.json["error"]["code"] == 6
    assert not (case / "rounds").exists() or os.listdir(case / "rounds") == []


def test_a_side_whose_agent_dies_in_a_run_leaves_what_the_other_side_has(host, slow, small, tmp_path):
    server, config = host
    case = case_of(tmp_path / "case", server.url(slow), str(small))
    with running("run", case, "--ssh-config", config, cwd=tmp_path) as work:
        for agent in at_work(server):
            agent.send(signal.SIGKILL)
        code, err = work.ended()
    assert code == 6, err
    assert os.listdir(case / "rounds") == ["0001"]
    assert not [name for name in os.listdir(case / "rounds" / "0001") if name.startswith(".")]
    assert handover("verify", case / "rounds" / "0001", "--require", "none", "--json").json["intact"]
