"""This machine: the agent runs as a child process, by the same loader and protocol as on a far host."""

from __future__ import annotations

import contextlib
import queue
import shlex
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from handover.errors import RemoteError


def _places_of(module: str) -> tuple[str, ...]:
    spec = find_spec(module)
    return () if spec is None or spec.origin is None else (str(Path(spec.origin).parent.parent),)


#: The only interpreter a local scan tries: the one that runs us.
INTERPRETERS = (sys.executable,)
#: Where that interpreter finds the module xxhash, which it may not look for by itself (``-S``).
EXTRA_PATHS = _places_of("xxhash")
_BLOCK = 2**20
_KEPT_STDERR = 64 * 1024
_BLOCKS_WAITING = 4
_GRACE_S = 2.0
_SEND_S = 30.0


class LocalChannel:
    """One child process; see ``Channel``. Two threads drain its pipes, so neither can block the other."""

    def __init__(self, arguments: list[str]) -> None:
        try:
            # A session of its own: Ctrl-C at the terminal is for us, and we end the agent by its leash.
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise RemoteError(f"the agent could not be started on this machine: {error.strerror}") from error
        self._blocks: queue.Queue[bytes] = queue.Queue(_BLOCKS_WAITING)
        self._stderr = b""
        self._ended = False
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._drain_stdout, daemon=True, name="agent stdout"),
            threading.Thread(target=self._drain_stderr, daemon=True, name="agent stderr"),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, data: bytes) -> None:
        """Write all of ``data`` to the agent's stdin."""
        # In a thread of its own, because a process that was stopped would let us wait for ever.
        failed: list[Exception] = []
        writer = threading.Thread(target=self._write, args=(data, failed), daemon=True, name="agent stdin")
        writer.start()
        writer.join(_SEND_S)
        if failed or writer.is_alive():
            raise RemoteError("the agent on this machine does not read what it is sent") from next(iter(failed), None)

    def receive(self, timeout_s: float) -> bytes:
        """Return the next bytes of stdout; ``b""`` at its end, ``TimeoutError`` when none came in time."""
        if self._ended:
            return b""
        try:
            block = self._blocks.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError(f"nothing came for {timeout_s} s") from None
        self._ended = not block
        return block

    def stderr_tail(self) -> bytes:
        """Return what was kept of stderr."""
        return self._stderr

    def exit_status(self, timeout_s: float) -> int | None:
        """Return the exit status, negative for a signal; ``None`` when the process did not end in time."""
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None
        self._threads[1].join(timeout_s)
        return status

    def close(self) -> None:
        """Close the leash, wait a moment, and kill what is still there."""
        if self._closed.is_set():
            return
        self._closed.set()
        with contextlib.suppress(OSError):
            self._stdin.close()
        if self.exit_status(_GRACE_S) is None:
            self._process.kill()
            self.exit_status(_GRACE_S)
        for thread in self._threads:
            thread.join(_GRACE_S)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _write(self, data: bytes, failed: list[Exception]) -> None:
        try:
            view = memoryview(data)
            while view:
                view = view[self._stdin.write(view) or 0 :]
        except (OSError, ValueError) as error:
            failed.append(error)

    def _drain_stdout(self) -> None:
        assert self._process.stdout is not None
        while block := self._process.stdout.read(_BLOCK):
            self._put(block)
        self._put(b"")

    def _put(self, block: bytes) -> None:
        # Bounded, so that a slow reader slows the agent down; after close nobody reads, and all is let through.
        while not self._closed.is_set():
            try:
                self._blocks.put(block, timeout=0.1)
            except queue.Full:
                continue
            return

    def _drain_stderr(self) -> None:
        assert self._process.stderr is not None
        while block := self._process.stderr.read(_KEPT_STDERR):
            self._stderr = (self._stderr + block)[-_KEPT_STDERR:]


class LocalHost:
    """This machine as a ``Host``."""

    @property
    def shown(self) -> str:
        """How this machine is named to people."""
        return "this machine"

    @property
    def key_fingerprint(self) -> None:
        """No key: nothing is between us and the agent."""
        return

    def start(self, command: str) -> LocalChannel:
        """Start a command line made of plain and quoted words; no shell reads it."""
        words = shlex.split(command)
        return LocalChannel(words[1:] if words[0] == "exec" else words)

    def close(self) -> None:
        """There is no connection to close."""
