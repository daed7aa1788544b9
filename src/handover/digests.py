"""Digest algorithms by name, and the short receipts that people read to one another on the phone."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import BinaryIO, assert_never

from handover.errors import UsageError

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_RUN_BYTES = 7 * 2**20
_PIECE = 4096


class Algorithm(StrEnum):
    """How the content of files is digested; ``NONE`` is the profile of ``--quick``: names and sizes only."""

    SHA256 = "sha256"
    XXH128 = "xxh128"
    NONE = "none"

    @property
    def size(self) -> int:
        """Length of one digest in bytes."""
        return {Algorithm.SHA256: 32, Algorithm.XXH128: 16, Algorithm.NONE: 0}[self]


class Strength(StrEnum):
    """What equal digests prove."""

    CRYPTOGRAPHIC = "cryptographic"
    ACCIDENTAL = "accidental"
    LISTING = "listing"


def strength(algorithm: Algorithm) -> Strength:
    """Return what two equal digests of this algorithm prove about the contents."""
    match algorithm:
        case Algorithm.SHA256:
            return Strength.CRYPTOGRAPHIC
        case Algorithm.XXH128:
            return Strength.ACCIDENTAL
        case Algorithm.NONE:
            return Strength.LISTING
        case _:
            assert_never(algorithm)


def parse_algorithm(name: str) -> Algorithm:
    """Return the algorithm of that name; ``UsageError`` for one that we do not compute."""
    try:
        return Algorithm(name)
    except ValueError:
        raise UsageError(
            f"digest {name!a} is not known",
            hint="Use sha256 (the default, proof) or xxh128 (fast, against accidents only).",
        ) from None


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 (FIPS 180-4) of ``data`` in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def receipt(hexdigest: str) -> str:
    """Return the first 80 bits as 16 base32 characters (RFC 4648) in fours, and a check character.

    The check character is Luhn modulo 32 over the 16: it finds every single wrong character and nearly every swap of
    two neighbours.

    >>> receipt("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    '4OYM-IQUY-7QOB-JGX3-X'
    """
    bits = int(hexdigest[:20], 16)
    text = "".join(_BASE32[bits >> shift & 31] for shift in range(75, -1, -5))
    total = 0
    for place, char in enumerate(reversed(text)):
        value = _BASE32.index(char) * (2 if place % 2 == 0 else 1)
        total += value // 32 + value % 32
    groups = [text[i : i + 4] for i in range(0, 16, 4)]
    return "-".join([*groups, _BASE32[-total % 32]])


class ContentRoot:
    """SHA-256 over all file digests, sorted, one hex per line: equal for equal contents under any names.

    Memory stays bounded: sorted runs of 7 MiB go to a scratch file from ``scratch``, which the caller's close ends.
    """

    def __init__(self, algorithm: Algorithm, scratch: Callable[[], BinaryIO]) -> None:
        self._line = 2 * algorithm.size + 1
        self._scratch = scratch
        self._pending: list[str] = []
        self._limit = max(1, _RUN_BYTES // self._line)
        self._file: BinaryIO | None = None
        self._runs: list[tuple[int, int]] = []

    def add(self, digest: str) -> None:
        """Take the digest of one file, in hex, in any order."""
        self.extend([digest])

    def extend(self, digests: list[str]) -> None:
        """Take the digests of several files."""
        self._pending += digests
        if len(self._pending) >= self._limit:
            self._spill()

    def hexdigest(self) -> str:
        """Return the root in hex and let go of the scratch file; nothing can be added afterwards."""
        root = hashlib.sha256()
        if self._file is None:
            for piece in self._sorted():
                root.update(piece)
            return root.hexdigest()
        with self._file:
            runs = [self._run(offset, end) for offset, end in self._runs]
            last = (line for piece in self._sorted() for line in piece.splitlines(keepends=True))
            for line in heapq.merge(*runs, last):
                root.update(line)
        return root.hexdigest()

    def _sorted(self) -> Iterator[bytes]:
        """Yield what is pending, sorted, as whole lines."""
        self._pending.sort()  # as text: Python compares it faster than bytes
        for at in range(0, len(self._pending), _PIECE):
            yield ("\n".join(self._pending[at : at + _PIECE]) + "\n").encode()

    def _spill(self) -> None:
        if self._file is None:
            self._file = self._scratch()
        start = self._file.seek(0, 2)
        self._file.writelines(self._sorted())
        self._runs.append((start, self._file.tell()))
        self._pending.clear()

    def _run(self, offset: int, end: int) -> Iterator[bytes]:
        assert self._file is not None
        step = self._line * 2048
        while offset < end:
            self._file.seek(offset)
            block = self._file.read(min(step, end - offset))
            offset += len(block)
            yield from block.splitlines(keepends=True)
