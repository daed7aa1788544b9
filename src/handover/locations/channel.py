"""The port that every way of running an agent implements: bytes in, bytes out, and an end."""

from __future__ import annotations

from typing import Protocol


class Channel(Protocol):
    """One running command on one host, local or far, with its three streams.

    An implementation drains stdout and stderr side by side, so that neither can block the other, and keeps only the
    last 64 KiB of stderr. It never waits without a limit.
    """

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the command's stdin; ``RemoteError`` when it no longer reads."""

    def receive(self, timeout_s: float) -> bytes:
        """Return the next bytes of stdout, at most 1 MiB; ``b""`` at its end.

        ``TimeoutError`` when nothing came for ``timeout_s`` seconds, ``RemoteError`` when the connection broke.
        """

    def stderr_tail(self) -> bytes:
        """Return what was kept of stderr so far, at most 64 KiB, oldest first."""

    def exit_status(self, timeout_s: float) -> int | None:
        """Return the exit status once stdout has ended; ``None`` when none was told in time."""

    def close(self) -> None:
        """Close stdin first (the agent's leash), then everything; never raises, may be called twice."""


class Host(Protocol):
    """A machine on which commands can be started; one connection serves all of them."""

    @property
    def shown(self) -> str:
        """How the host is named to people, such as ``acme@old.example:2222``; already harmless text."""

    @property
    def key_fingerprint(self) -> str | None:
        """``SHA256:…`` of the host key as presented on this connection; ``None`` for this machine."""

    def start(self, command: str) -> Channel:
        """Start one command (a line for the account's login shell) and return its channel."""

    def close(self) -> None:
        """Close the connection; never raises, may be called twice."""
