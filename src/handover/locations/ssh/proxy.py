"""ProxyCommand: a program of the user's own settings whose stdin and stdout are the connection."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess

from handover.errors import RemoteError

_END_S = 2.0


class ProxyProcess:
    """The running program; ``socket`` is the near end of the connection, which whoever uses it closes."""

    def __init__(self, command: str, *, where: str) -> None:
        if os.name != "posix":
            raise RemoteError(
                "ProxyCommand is supported on Linux and macOS only", where=where, hint="Use ProxyJump instead."
            )
        self.socket, theirs = socket.socketpair()
        try:
            # SECURITY: the one shell of this program. The line is the user's own (ssh_config), as ssh would run it;
            # host, port and user in it matched the strict patterns of `address`.
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"], stdin=theirs.fileno(), stdout=theirs.fileno()
            )
        except OSError as error:
            self.socket.close()
            raise RemoteError(f"ProxyCommand does not start: {error.strerror}", where=where) from error
        finally:
            theirs.close()

    def close(self) -> None:
        """End the program, kindly first; may be called twice."""
        self.socket.close()
        for end in (self._process.terminate, self._process.kill):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END_S)
                return
            end()
        self._process.wait()
