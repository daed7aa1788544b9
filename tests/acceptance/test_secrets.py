"""Secrets go to the host that asks for them, and nowhere else: not to arguments, environments, words or files."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from acceptance.background import running
from support.cli import environment, handover
from support.paramiko_server import Login, ParamikoServer
from support.processes import descendants
from support.sshd import make_key

_SECRET = "Tr0ub4dor-und-3"


@pytest.fixture
def host(tmp_path):
    """A host that wants the password, and then answers as no agent does."""
    with ParamikoServer(tmp_path, Login(password=_SECRET)) as server:
        config = tmp_path / "ssh_config"
        config.write_text(f"Host *\n  UserKnownHostsFile {server.known_hosts}\n  IdentityAgent none\n")
        yield server, config


def shown_to_others(pid: int) -> bytes:
    """Return arguments and environment of a process and of all that it started, as ``ps`` shows them."""
    found = []
    for number in (pid, *(process.pid for process in descendants(pid))):
        for file in ("cmdline", "environ"):
            try:
                with open(f"/proc/{number}/{file}", "rb") as stream:
                    found.append(stream.read())
            except OSError:
                continue
    return b"\0".join(found)


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_a_password_is_seen_by_its_host_alone(host, slow, out, tmp_path, right):
    server, config = host
    password = _SECRET if right else f"not-{_SECRET}"
    file = tmp_path / "password"
    file.write_text(f"{password}\n")
    file.chmod(0o600)
    # One side here, so that an agent is started as a child too.
    arguments = (
        "compare",
        slow,
        server.url(),
        "-o",
        "report",
        "--ssh-config",
        config,
        "--password-file",
        file,
        "--json",
    )
    seen = b""
    with running(*arguments, cwd=out) as work:
        while work.process.poll() is None:
            seen += shown_to_others(work.process.pid)
            time.sleep(0.01)
        said, err = work.process.communicate()
    assert work.process.returncode == 6, err
    assert server.seen.passwords == [password]
    assert b"compare" in seen
    assert _SECRET.encode() not in seen + said + err
    assert not [path for path in out.rglob("*") if path.is_file() and _SECRET.encode() in path.read_bytes()]


def test_a_bug_shows_no_secret(tmp_path):
    """A traceback shows lines of the program, and never what was in its variables."""
    password = tmp_path / "password"
    password.write_text(_SECRET)
    password.chmod(0o600)
    program = (
        "import sys\n"
        "from handover.cli import main\n"
        "from handover.locations.ssh import askers\n"
        "def bug(self, question):\n"
        "    raise RuntimeError(repr(self))\n"
        "askers.PasswordFile.ask = bug\n"
        "sys.exit(main.run(sys.argv[1:]))\n"
    )
    with ParamikoServer(tmp_path, Login(password=_SECRET)) as server:
        config = tmp_path / "ssh_config"
        config.write_text(f"Host *\n  UserKnownHostsFile {server.known_hosts}\n  IdentityAgent none\n")
        wish = ["scan", server.url(), "-o", tmp_path / "m", "--ssh-config", config, "--password-file", password]
        done = subprocess.run(
            [sys.executable, "-c", program, *map(str, wish)], env=environment(), capture_output=True, timeout=60
        )
    assert done.returncode == 70, done.stderr
    assert b"RuntimeError" in done.stderr
    assert _SECRET.encode() not in done.stdout + done.stderr


def test_a_passphrase_that_cannot_be_asked_for_ends_in_words(tmp_path):
    key = make_key(tmp_path / "key", passphrase=_SECRET)
    terms = tmp_path / "case"
    assert handover("init", terms).code == 0
    signed = handover(
        "sign", terms / "handover.yaml", "--as", "agency", "--decision", "accept", "--name", "E", "--key", key
    )
    assert signed.code == 2
    assert "passphrase" in signed.err
    assert _SECRET not in signed.out + signed.err
    assert [path.name for path in terms.iterdir()] == ["handover.yaml"]
