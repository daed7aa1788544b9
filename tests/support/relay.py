"""A TCP relay in front of a server: the network of a test, which can stall, be cut, or say something of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

_BLOCK = 65536
_TICK_S = 0.1


class Relay:
    """Listens on a port of its own and passes bytes to ``target`` and back, from construction to ``close``.

    ``greeting``: bytes that every client gets before anything of the server.
    ``cut_after``: end each connection once this many bytes came back from the server.
    """

    def __init__(self, target: tuple[str, int], *, greeting: bytes = b"", cut_after: int | None = None) -> None:
        self._target = target
        self._greeting = greeting
        self._cut_after = cut_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self.address, self.port = self._listener.getsockname()
        self._flowing = threading.Event()
        self._flowing.set()
        self._closed = threading.Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._start(self._accept)

    def stall(self) -> None:
        """Pass nothing on from now, as a network that drops packets; connections stay open."""
        self._flowing.clear()

    def resume(self) -> None:
        """Pass everything on again."""
        self._flowing.set()

    def cut(self) -> None:
        """Break every open connection at once, both ways."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            _shut(*pair)

    def inject(self, data: bytes) -> None:
        """Send ``data`` to every client as if the server had said it."""
        with self._lock:
            clients = [client for client, _ in self._pairs]
        for client in clients:
            client.sendall(data)

    def close(self) -> None:
        """End the relay, its connections and its threads."""
        self._closed.set()
        self._flowing.set()
        self.cut()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()
        for pair in self._pairs:
            for end in pair:
                end.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            try:
                server = socket.create_connection(self._target, timeout=5)
                client.sendall(self._greeting)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._pairs.append((client, server))
            self._start(self._pump, client, server, None)
            self._start(self._pump, server, client, self._cut_after)

    def _pump(self, source: socket.socket, target: socket.socket, limit: int | None) -> None:
        source.settimeout(_TICK_S)
        passed = 0
        while not self._closed.is_set():
            try:
                data = source.recv(_BLOCK)
            except TimeoutError:
                continue
            except OSError:
                break
            self._flowing.wait()
            if not data:
                break
            try:
                target.sendall(data if limit is None else data[: limit - passed])
            except OSError:
                break
            passed += len(data)
            if limit is not None and passed >= limit:
                break
        _shut(source, target)


def _shut(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
