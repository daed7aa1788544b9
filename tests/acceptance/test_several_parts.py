"""A case with several parts: side by side, no host harder than before, none disturbed by what becomes of another."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from acceptance.background import readers, running
from acceptance.conftest import make_slow
from support.cli import handover
from support.processes import Process, wait_until
from support.relay import Relay
from support.sshd import Sshd, write_ssh_config

_SOON_S = 3.0


def make_site(root: Path, text: str) -> Path:
    (root / "folder").mkdir(parents=True)
    for number in range(5):
        (root / "folder" / f"file {number}").write_text(text * number)
    return root


def case_of(folder: Path, **parts: tuple[object, object]) -> Path:
    folder.mkdir()
    lines = ["handover: 1", f"id: {'0f8e' * 8}", "case: several parts", "parts:"]
    for name, (source, target) in parts.items():
        lines.append(f"  - name: {name}")
        lines.append(f"    source: {{location: {json.dumps(str(source))}}}")
        lines.append(f"    target: {{location: {json.dumps(str(target))}}}")
    (folder / "handover.yaml").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def two_hosts(tmp_path):
    with (
        Sshd(tmp_path / "old", addresses=("127.0.0.1", "127.0.0.3")) as old,
        Sshd(tmp_path / "new", addresses=("127.0.0.2",)) as new,
    ):
        yield old, new, write_ssh_config(tmp_path / "both", old, new)


@pytest.fixture
def temporary(tmp_path):
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def at_contents(server: Sshd) -> list[Process]:
    """Wait until an agent on the host reads the file that takes long, and return its processes."""
    assert wait_until(lambda: any(has_open(agent, "huge") for agent in readers(server.commands())), 30), server.log()
    return readers(server.commands())


def has_open(process: Process, name: str) -> bool:
    try:
        return any(link.readlink().name == name for link in Path(f"/proc/{process.pid}/fd").iterdir())
    except OSError:
        return False


def workers(server: Sshd) -> int:
    """How many processes on the host read for us, those that only wait for them not counted."""
    agents = readers(server.commands())
    return sum(agent.parent in {other.pid for other in agents} for agent in agents)


def verdicts(result) -> dict[str, str]:
    return {part["name"]: part["verdict"] for part in result.json["parts"]}


def connections(server: Sshd) -> int:
    return server.log().count("Accepted publickey")


def test_both_hosts_are_at_work_at_once_each_with_two_workers_in_all(two_hosts, tmp_path, temporary):
    old, new, config = two_hosts
    slow = [make_slow(tmp_path / f"slow {number}") for number in range(6)]
    # Both sides of the last part are on the old host, under two names of it.
    parts = {
        "web": (old.url(slow[0]), new.url(slow[1])),
        "mail": (old.url(slow[2]), new.url(slow[3])),
        "shop": (old.url(slow[4]), old.url(slow[5], address="127.0.0.3")),
    }
    case = case_of(tmp_path / "case", **parts)
    most = {}
    with running("run", case, "--ssh-config", config, cwd=tmp_path, TMPDIR=str(temporary)) as work:
        far = at_contents(old) + at_contents(new)
        # The agents of the last listings may still be on their way out.
        assert wait_until(lambda: all(workers(server) == 2 for server in (old, new)), 5)
        until_s = time.monotonic() + 2
        while time.monotonic() < until_s:
            most = {server: max(most.get(server, 0), workers(server)) for server in two_hosts[:2]}
            time.sleep(0.05)
        sent_s = time.monotonic()
        work.process.send_signal(signal.SIGTERM)
        code, err = work.ended()
        took_s = time.monotonic() - sent_s
    assert code == 143, err
    assert took_s < _SOON_S
    assert most == {old: 2, new: 2}
    assert (connections(old), connections(new)) == (2, 1)
    assert wait_until(lambda: not any(process.alive for process in far), 2)
    assert wait_until(lambda: not old.commands() + new.commands(), 2)
    assert os.listdir(temporary) == []
    assert os.listdir(case / "rounds") == []
    # All parts were looked at before the contents of the first were read, and told in the order of the terms.
    assert re.findall(r"First look at (\w+),", err) == ["web", "mail", "shop"]


def test_what_is_said_and_written_has_the_order_of_the_terms_whatever_is_read_first(two_hosts, tmp_path):
    old, new, config = two_hosts
    sites = {name: make_site(tmp_path / name, name) for name in ("web", "mail", "shop")}
    with open(sites["web"] / "big", "xb") as stream:
        stream.truncate(3 * 2**28)
    copies = {name: make_site(tmp_path / f"{name} copy", name) for name in sites}
    (copies["mail"] / "folder" / "file 1").unlink()
    parts = {
        "web": (old.url(sites["web"]), copies["web"]),
        "mail": (new.url(sites["mail"]), copies["mail"]),
        "shop": (sites["shop"], new.url(copies["shop"])),
    }
    case = case_of(tmp_path / "case", **parts)
    result = handover("run", case, "--ssh-config", config, "--json")
    assert result.code == 1, result.err
    assert verdicts(result) == {"web": "not_complete", "mail": "not_complete", "shop": "complete"}
    assert list(verdicts(result)) == ["web", "mail", "shop"]
    told = re.findall(r"(First look at \w+|Read the \w+ of \w+)", result.err)
    assert told == [
        *(f"First look at {part}" for part in parts),
        *(f"Read the {side} of {part}" for part in parts for side in ("source", "target")),
    ]
    # The same parts, all of them taken from manifests, and so none read before another: the same result.
    (made,) = (case / "rounds").iterdir()
    manifests = {name: (made / f"{name}.source.manifest", made / f"{name}.target.manifest") for name in parts}
    again = case_of(tmp_path / "again", **manifests)
    second = handover("run", again, "--json")
    assert [part | {"source": None, "target": None} for part in second.json["parts"]] == [
        part | {"source": None, "target": None} for part in result.json["parts"]
    ]
    for name in parts:
        for kind in ("source.manifest", "target.manifest", "differences.jsonl"):
            assert (made / f"{name}.{kind}").read_bytes() == (again / "rounds/0001" / f"{name}.{kind}").read_bytes()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_an_agent_that_breaks_or_hangs_costs_its_own_side_and_nothing_else(two_hosts, tmp_path, how):
    old, new, config = two_hosts
    slow = make_slow(tmp_path / "slow")
    sites = [make_site(tmp_path / name, "x") for name in ("a", "b", "c", "d", "e")]
    parts = {
        "broken": (old.url(slow), sites[0]),
        "after": (old.url(sites[1]), new.url(sites[2])),
        "beside": (new.url(sites[3]), sites[4]),
    }
    case = case_of(tmp_path / "case", **parts)
    number = signal.SIGKILL if how == "killed" else signal.SIGSTOP
    with running("run", case, "--json", "--ssh-config", config, "--idle-timeout", 4, cwd=tmp_path) as work:
        for agent in at_contents(old):
            agent.send(number)
        out, err = (text.decode() for text in work.process.communicate(timeout=60))
    assert work.process.returncode == 6, err
    found = json.loads(out)
    assert {part["name"]: part["verdict"] for part in found["parts"]} == {
        "broken": "undetermined",
        "after": "complete",
        "beside": "complete",
    }
    assert [(failure["part"], failure["side"]) for failure in found["failures"]] == [("broken", "source")]
    assert handover("verify", case / "rounds" / "0001", "--require", "none", "--json").json["intact"]
    for agent in old.commands():
        agent.send(signal.SIGCONT)
    assert wait_until(lambda: not old.commands() + new.commands(), 5)


def test_a_connection_that_is_cut_costs_the_side_that_was_read_and_the_next_part_gets_a_new_one(two_hosts, tmp_path):
    old, new, config = two_hosts
    slow = make_slow(tmp_path / "slow")
    sites = [make_site(tmp_path / name, "x") for name in ("a", "b", "c")]
    with Relay((old.address, old.port)) as relay:
        known = config.with_name("both.known_hosts")
        known.write_text(known.read_text() + old.known_hosts_line().replace(f":{old.port} ", f":{relay.port} "))
        here = lambda root: old.url(root).replace(f":{old.port}", f":{relay.port}")  # noqa: E731  one word for it
        case = case_of(tmp_path / "case", cut=(here(slow), sites[0]), after=(here(sites[1]), new.url(sites[2])))
        with running("run", case, "--json", "--ssh-config", config, cwd=tmp_path) as work:
            at_contents(old)
            relay.cut()
            out, err = (text.decode() for text in work.process.communicate(timeout=60))
    assert work.process.returncode == 6, err
    found = json.loads(out)
    assert [(part["name"], part["verdict"]) for part in found["parts"]] == [
        ("cut", "undetermined"),
        ("after", "complete"),
    ]
    assert [(failure["part"], failure["side"]) for failure in found["failures"]] == [("cut", "source")]
    assert connections(old) == 2


def test_a_signal_does_not_wait_for_a_host_that_does_not_answer(two_hosts, tmp_path, temporary):
    old, new, config = two_hosts
    slow = make_slow(tmp_path / "slow")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mute = f"ssh://{old.user}@127.0.0.1:{silent.getsockname()[1]}/www"
        parts = {"mute": (mute, tmp_path / "a"), "web": (old.url(slow), new.url(make_site(tmp_path / "b", "x")))}
        case = case_of(tmp_path / "case", **parts)
        with running("run", case, "--ssh-config", config, cwd=tmp_path, TMPDIR=str(temporary)) as work:
            at_contents(old)
            sent_s = time.monotonic()
            work.process.send_signal(signal.SIGINT)
            code, err = work.ended()
            took_s = time.monotonic() - sent_s
    assert code == 130, err
    assert took_s < _SOON_S
    assert "Traceback" not in err
    assert os.listdir(temporary) == []
    assert wait_until(lambda: not old.commands() + new.commands(), 2)
