"""Streams of a bundle that fail in our own words only."""

from __future__ import annotations

import io
from typing import IO, BinaryIO

from handover.errors import LocalIOError, MalformedInput

_BUFFER = 2**18


def guarded(stream: IO[bytes], where: str, broken: tuple[type[Exception], ...] = ()) -> BinaryIO:
    """Return ``stream`` so that reading raises ``HandoverError`` and nothing else.

    Trouble of this machine is ``LocalIOError``; the errors in ``broken`` are what the content is: ``MalformedInput``.
    """
    return io.BufferedReader(_Guarded(stream, where, broken), _BUFFER)


class _Guarded(io.RawIOBase):
    def __init__(self, stream: IO[bytes], where: str, broken: tuple[type[Exception], ...]) -> None:
        super().__init__()
        self._stream = stream
        self._where = where
        self._broken = broken

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the stub wants any buffer; io gives this
        try:
            block = self._stream.read(len(buffer))
        except self._broken as error:
            raise MalformedInput("its bytes are damaged", where=self._where) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise LocalIOError(f"cannot be read: {reason}", where=self._where) from error
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self._stream.close()
        super().close()
