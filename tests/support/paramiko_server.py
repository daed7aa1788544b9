"""A small SSH server for logins that a sshd without PAM cannot ask for: passwords, dialogues, several methods in a row.

It runs inside the test and executes nothing: a command gets the answer that the test wrote.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import paramiko

from support.sshd import make_key, public_key

_TICK_S = 0.1
_AFTER_YES_S = 0.2


@dataclass
class Login:
    """What the server wants. ``methods`` are offered at first; ``then`` after a key or password was accepted.

    ``rounds``: the dialogue, one list of (prompt, echo, right answer) for each question that the server sends.
    """

    methods: Sequence[str] = ("password",)
    then: Sequence[str] = ()
    user: str = "acme"
    password: str | None = None
    rounds: Sequence[Sequence[tuple[str, bool, str]]] = ()
    key_blob: bytes | None = None


@dataclass
class Seen:
    """What clients tried."""

    passwords: list[str] = field(default_factory=list)
    answers: list[list[str]] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)


class _Server(paramiko.ServerInterface):
    def __init__(self, login: Login, seen: Seen, stdout: bytes) -> None:
        self._login = login
        self._seen = seen
        self._stdout = stdout
        self._methods = list(login.methods)
        self._round = 0

    def get_allowed_auths(self, username: str) -> str:
        return ",".join(self._methods)

    def check_auth_none(self, username: str) -> int:
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username: str, password: str) -> int:
        self._seen.passwords.append(password)
        return self._accepted("password", username == self._login.user and password == self._login.password)

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        self._seen.keys.append(key.asbytes())
        return self._accepted("publickey", username == self._login.user and key.asbytes() == self._login.key_blob)

    def check_auth_interactive(self, username: str, submethods: str) -> int | paramiko.InteractiveQuery:
        self._round = 0
        if "keyboard-interactive" not in self._methods:
            return paramiko.AUTH_FAILED
        return self._query()

    def check_auth_interactive_response(self, responses: list[str]) -> int | paramiko.InteractiveQuery:
        self._seen.answers.append(list(responses))
        if list(responses) != [right for _, _, right in self._login.rounds[self._round]]:
            return paramiko.AUTH_FAILED
        self._round += 1
        return self._query() if self._round < len(self._login.rounds) else paramiko.AUTH_SUCCESSFUL

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        self._seen.commands.append(command)
        # paramiko says yes to the client after this returns; an end before that yes would be taken for a no.
        threading.Timer(_AFTER_YES_S, self._run, args=(channel,)).start()
        return True

    def _run(self, channel: paramiko.Channel) -> None:
        channel.sendall(self._stdout)
        channel.send_exit_status(0)
        channel.close()

    def _accepted(self, method: str, right: bool) -> int:
        if not right or method not in self._methods:
            return paramiko.AUTH_FAILED
        if not self._login.then or self._methods == list(self._login.then):
            return paramiko.AUTH_SUCCESSFUL
        self._methods = list(self._login.then)
        return paramiko.AUTH_PARTIALLY_SUCCESSFUL

    def _query(self) -> paramiko.InteractiveQuery:
        return paramiko.InteractiveQuery(
            "", "", *[(prompt, echo) for prompt, echo, _ in self._login.rounds[self._round]]
        )


class ParamikoServer:
    """Runs from ``with`` to its end on a port of its own; ``seen`` tells what clients tried."""

    def __init__(self, folder: Path, login: Login, *, stdout: bytes = b"hello\n") -> None:
        self.login = login
        self.seen = Seen()
        self._stdout = stdout
        host_key = make_key(folder / f"paramiko_host_{id(self)}")
        self._key = paramiko.PKey.from_path(host_key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self.address, self.port = self._listener.getsockname()
        self.known_hosts = folder / f"paramiko_known_hosts_{self.port}"
        self.known_hosts.write_text(f"[{self.address}]:{self.port} {public_key(host_key)}\n")
        self._closed = threading.Event()
        self._transports: list[paramiko.Transport] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def url(self, path: str = "/") -> str:
        """Return the ``ssh://`` location of a path."""
        return f"ssh://{self.login.user}@{self.address}:{self.port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._thread.join(10)
        self._listener.close()
        for transport in self._transports:
            transport.close()
            transport.join(10)

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            transport = paramiko.Transport(client)
            transport.add_server_key(self._key)
            self._transports.append(transport)
            # With an event the call returns at once; a client that hangs up is no error of the server.
            transport.start_server(event=threading.Event(), server=_Server(self.login, self.seen, self._stdout))
