"""A real ssh-agent for the tests of one module."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

import paramiko
import pytest


@pytest.fixture
def agent(monkeypatch):
    """Load a party's key into a real ssh-agent and return what signs with it."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "agent"
        process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        opened: list[paramiko.Agent] = []

        def load(party):
            path = Path(folder) / "key"
            path.write_bytes(party.file)
            path.chmod(0o600)
            subprocess.run(["ssh-add", "-q", str(path)], check=True, env=dict(os.environ), timeout=10)
            opened.append(paramiko.Agent())
            held = next(key for key in opened[-1].get_keys() if key.asbytes() == party.key.blob)
            algorithm = "rsa-sha2-512" if party.key.kind == "ssh-rsa" else None
            return lambda data: held.sign_ssh_data(data, algorithm)

        yield load
        for connection in opened:
            connection.close()
        process.terminate()
        process.wait(10)
