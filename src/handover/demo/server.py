"""A small SSH server for machines without one: one key may in, and all it can do is run a command.

It stands in for ``sshd`` in the demo only. The product meets it over the network with strict host keys, like any host.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import paramiko
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

_BLOCK = 64 * 1024
_TICK_S = 0.2
_END_S = 5.0

logging.getLogger("paramiko").addHandler(logging.NullHandler())


def make_key(path: Path) -> str:
    """Write a new private key to ``path``, for its owner only, and return the public half as ``type base64``."""
    key = paramiko.ECDSAKey.generate()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        key.write_private_key(stream)
    return f"{key.get_name()} {key.get_base64()}"


def serve(connection: socket.socket, host_key: Path, account_key: str, prefix: Sequence[str], home: Path) -> None:
    """Speak SSH on one connection until it ends; no command is left behind.

    ``account_key`` is the one that may in, as ``type base64``. Commands run in ``home``, by ``prefix`` and ``/bin/sh``.
    """
    transport = paramiko.Transport(connection)
    transport.add_server_key(paramiko.ECDSAKey.from_private_key_file(str(host_key)))
    door = _Door(account_key)
    commands: list[tuple[subprocess.Popen[bytes], threading.Thread]] = []
    try:
        with suppress(paramiko.SSHException, EOFError, OSError):
            transport.start_server(server=door)
        while transport.is_active():
            with suppress(queue.Empty):
                channel, line = door.asked.get(timeout=_TICK_S)
                commands.append(_start(channel, [*prefix, "/bin/sh", "-c", line], home))
    finally:
        transport.close()
        for process, pumping in commands:
            _end(process)
            pumping.join()


class _Door(paramiko.ServerInterface):
    """Who may in, and what was asked for."""

    def __init__(self, account_key: str) -> None:
        self._account_key = account_key
        self.asked: queue.SimpleQueue[tuple[paramiko.Channel, str]] = queue.SimpleQueue()

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's signature
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:  # noqa: ARG002 - paramiko's signature
        known = f"{key.get_name()} {key.get_base64()}" == self._account_key
        return AUTH_SUCCESSFUL if known else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002 - paramiko's signature
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        # Run from elsewhere, so that the answer to this request goes out before the command's first word.
        self.asked.put((channel, os.fsdecode(command)))
        return True


def _start(
    channel: paramiko.Channel, command: list[str], home: Path
) -> tuple[subprocess.Popen[bytes], threading.Thread]:
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=home, bufsize=0, process_group=0)
    pumping = threading.Thread(target=_pump, args=(channel, process), daemon=True)
    pumping.start()
    return process, pumping


def _end(process: subprocess.Popen[bytes]) -> None:
    """Wait a while for a command that has lost its stdin, then kill it with all that it started."""
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _pump(channel: paramiko.Channel, process: subprocess.Popen[bytes]) -> None:
    """Connect the three streams of a command with its channel until both outputs have ended, then tell the status."""
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        feeder = threading.Thread(target=_feed, args=(channel, process.stdin), daemon=True)
        errors = threading.Thread(target=_forward, args=(process.stderr, channel.sendall_stderr), daemon=True)
        feeder.start()
        errors.start()
        _forward(process.stdout, channel.sendall)
        errors.join()
        with suppress(OSError, EOFError):
            channel.send_exit_status(process.wait() % 256)
        channel.close()
        feeder.join()


def _forward(source: IO[bytes], send: Callable[[bytes], None]) -> None:
    """Send what the command writes; when nobody listens any more, read on so that it can end."""
    while block := source.read(_BLOCK):
        with suppress(OSError):
            send(block)


def _feed(channel: paramiko.Channel, stdin: IO[bytes]) -> None:
    """Give the command what arrives, and close its stdin when nothing more will: the agent's leash."""
    with suppress(OSError), stdin:
        while block := channel.recv(_BLOCK):
            stdin.write(block)
