"""A client of ssh-agent, as far as logging in needs it: which keys are there, and sign with one.

Protocol: draft-ietf-sshm-ssh-agent (SSH Agent Protocol), sections 3 and 4. Lengths are bounded; every wait ends.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_REQUEST_IDENTITIES = 11
_IDENTITIES_ANSWER = 12
_SIGN_REQUEST = 13
_SIGN_RESPONSE = 14
_RSA_SHA2_256 = 2
_RSA_SHA2_512 = 4
#: As OpenSSH's own limit for one message.
_MAX_MESSAGE = 256 * 1024
_CONNECT_TIMEOUT_S = 5.0
#: A key may want a touch, or a word in a window.
_ANSWER_TIMEOUT_S = 90.0


class AgentError(Exception):
    """The agent is not there, does not answer, or will not sign; in words for people."""


@dataclass(frozen=True, slots=True)
class AgentIdentity:
    """A key (or certificate) that the agent holds; ``comment`` is foreign text."""

    blob: bytes
    comment: bytes


class SshAgent:
    """One connection to an agent, from construction to ``close``; raises ``AgentError`` only."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(_CONNECT_TIMEOUT_S)
            self._socket.connect(str(path))
            self._socket.settimeout(_ANSWER_TIMEOUT_S)
        except OSError as error:
            self._socket.close()
            raise AgentError(f"no agent answers: {error.strerror or error}") from error

    def identities(self) -> list[AgentIdentity]:
        """Return what the agent holds, in its order."""
        answer = _Reader(self._request(_REQUEST_IDENTITIES, b"", _IDENTITIES_ANSWER))
        return [AgentIdentity(answer.string(), answer.string()) for _ in range(answer.number())]

    def sign(self, blob: bytes, data: bytes, algorithm: str) -> bytes:
        """Return the signature of ``data`` by the key ``blob``; RSA keys sign with the hash of ``algorithm``."""
        flags = _RSA_SHA2_512 if algorithm.startswith("rsa-sha2-512") else 0
        flags = _RSA_SHA2_256 if algorithm.startswith("rsa-sha2-256") else flags
        body = _string(blob) + _string(data) + struct.pack(">I", flags)
        return _Reader(self._request(_SIGN_REQUEST, body, _SIGN_RESPONSE)).string()

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _request(self, number: int, body: bytes, expected: int) -> bytes:
        try:
            self._socket.sendall(_string(bytes([number]) + body))
            length: int = struct.unpack(">I", self._read(4))[0]
            if not 1 <= length <= _MAX_MESSAGE:
                raise AgentError("the agent's answer is out of bounds")
            answer = self._read(length)
        except OSError as error:
            raise AgentError(f"the agent does not answer: {error}") from error
        if answer[0] != expected:
            raise AgentError("the agent refused")
        return answer[1:]

    def _read(self, length: int) -> bytes:
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(length - len(parts))
            if not part:
                raise AgentError("the agent hung up")
            parts += part
        return bytes(parts)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._rest = data

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())

    def _take(self, length: int) -> bytes:
        if length > len(self._rest):
            raise AgentError("the agent's answer is cut short")
        taken, self._rest = self._rest[:length], self._rest[length:]
        return taken


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
