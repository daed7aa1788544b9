"""One command on a far host: the ``Channel`` of ``locations.channel`` over a session channel of SSH (RFC 4254)."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import paramiko

from handover.errors import RemoteError

_MAX_RECEIVE = 2**20
_BLOCK = 32 * 1024
#: paramiko's default, and its best: what may be on its way before we read.
_WINDOW = 2 * 2**20
_STDERR_KEPT = 64 * 1024
#: How often stderr is emptied while stdout is silent.
_TICK_S = 0.05
_SEND_STALL_S = 60.0
_CLOSE_S = 5.0
_LOST = "the connection was lost"


class SshChannel:
    """A running command; used by one thread at a time, except that ``close`` may come from any.

    Both pipes share the window of 2 MiB that paramiko grants, so what is buffered is bounded. stderr is emptied in
    every wait for stdout or stdin, which keeps either from blocking the other (paramiko issue 1778) without a thread.
    """

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel, *, where: str) -> None:
        self._transport = transport
        self._channel = channel
        self._where = where
        self._stderr = bytearray()
        channel.settimeout(_TICK_S)

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the command's stdin; ``RemoteError`` when it no longer reads."""
        rest = memoryview(data)
        stalled_at = time.monotonic() + _SEND_STALL_S
        while rest:
            self._drain_stderr()
            try:
                # The channel's own timeout is for its window; a network that takes nothing is waited for without one.
                with watchdog(_SEND_STALL_S, self._transport.close):
                    sent = self._channel.send(bytes(rest[:_BLOCK]))
            except TimeoutError:
                if time.monotonic() > stalled_at:
                    raise RemoteError("the command does not read what it is sent", where=self._where) from None
                continue
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise self._lost("the command no longer reads, or the connection was lost") from error
            if not sent:
                raise self._lost("the command no longer reads")
            rest = rest[sent:]
            stalled_at = time.monotonic() + _SEND_STALL_S

    def receive(self, timeout_s: float) -> bytes:
        """Return the next bytes of stdout, at most 1 MiB; ``b""`` at its end.

        ``TimeoutError`` when nothing came for ``timeout_s`` seconds, ``RemoteError`` when the connection broke.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self._drain_stderr()
            self._channel.settimeout(max(0.001, min(_TICK_S, deadline - time.monotonic())))
            try:
                data = self._channel.recv(_MAX_RECEIVE)
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise
                continue
            except (OSError, EOFError, paramiko.SSHException) as error:
                raise self._lost(_LOST) from error
            # Only the host itself can say that stdout ended; a connection that broke ends it too, without that word.
            if not data and not self._channel.eof_received:
                raise self._lost(_LOST)
            return data

    def stderr_tail(self) -> bytes:
        """Return what was kept of stderr so far, at most 64 KiB, oldest first."""
        self._drain_stderr()
        return bytes(self._stderr)

    def exit_status(self, timeout_s: float) -> int | None:
        """Return the exit status once stdout has ended; ``None`` when none was told in time."""
        deadline = time.monotonic() + timeout_s
        while not self._channel.status_event.wait(_TICK_S) and time.monotonic() < deadline:
            self._drain_stderr()
        status = self._channel.exit_status
        return status if status >= 0 else None

    def close(self) -> None:
        """Close stdin first (the agent's leash), then everything; never raises, may be called twice."""
        # A dead network must not hold up the end: after a while the connection goes with the channel.
        with (
            contextlib.suppress(OSError, EOFError, paramiko.SSHException),
            watchdog(_CLOSE_S, self._transport.close),
        ):
            self._channel.close()  # tells the end of stdin first, then the end of the channel (RFC 4254 section 5.3)

    def _drain_stderr(self) -> None:
        # One read takes all that the window allows; a loop would never end while the far side writes without end.
        if self._channel.recv_stderr_ready():
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):  # whoever reads stdout is told
                self._stderr += self._channel.recv_stderr(_WINDOW)
            del self._stderr[:-_STDERR_KEPT]

    def _lost(self, what: str) -> RemoteError:
        return RemoteError(what, where=self._where, hint="Nothing was changed on the host; try again.")


def start(transport: paramiko.Transport, command: str, *, timeout_s: float, where: str) -> SshChannel:
    """Run ``command`` in the account's login shell, without a terminal and without forwarding anything."""
    try:
        channel = transport.open_session(timeout=timeout_s)
        # paramiko waits without a limit for the answer to exec.
        with watchdog(timeout_s, transport.close):
            channel.exec_command(command)
    except paramiko.ChannelException as error:
        raise RemoteError(
            "the host opens no session", where=where, hint="Too many are open, or none allowed."
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if not transport.is_active():
            raise RemoteError(_LOST, where=where, hint="Nothing was changed on the host; try again.") from error
        raise RemoteError(
            "the host runs no commands for this account", where=where, hint="Ask the hoster for shell access by SSH."
        ) from error
    return SshChannel(transport, channel, where=where)


@contextlib.contextmanager
def watchdog(timeout_s: float, act: Callable[[], None]) -> Iterator[None]:
    """Call ``act`` from another thread when the block takes longer: for calls of paramiko that wait without a limit."""
    timer = threading.Timer(timeout_s, act)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
