"""The data types of SSH (RFC 4251 section 5), read strictly and written in their one canonical form."""

from __future__ import annotations

from handover.errors import MalformedInput


class Reader:
    """Takes values from the front of ``data``; every form problem is a ``MalformedInput`` at ``where``."""

    def __init__(self, data: bytes, *, where: str) -> None:
        self._data = data
        self._at = 0
        self._where = where

    def take(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        end = self._at + count
        if end > len(self._data):
            raise MalformedInput("cut short", where=self._where)
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def uint32(self) -> int:
        """Return the next four bytes as an unsigned number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return the next byte string."""
        return self.take(self.uint32())

    def mpint(self) -> int:
        """Return the next number; negative, zero and numbers with needless leading bytes are malformed."""
        raw = self.string()
        value = int.from_bytes(raw, "big", signed=True)
        if value <= 0 or raw != _shortest(value):
            raise MalformedInput("a number that is not positive or not in its shortest form", where=self._where)
        return value

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self._at != len(self._data):
            raise MalformedInput(f"{len(self._data) - self._at} bytes too many", where=self._where)


def uint32(value: int) -> bytes:
    """Return an unsigned number in four bytes."""
    return value.to_bytes(4, "big")


def string(value: bytes) -> bytes:
    """Return a byte string with its length before it."""
    return uint32(len(value)) + value


def mpint(value: int) -> bytes:
    """Return a positive number in its shortest form."""
    return string(_shortest(value))


def _shortest(value: int) -> bytes:
    """Two's complement, big-endian: a positive number whose first bit is set gets one zero byte before it."""
    return value.to_bytes(value.bit_length() // 8 + 1, "big")
