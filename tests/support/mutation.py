"""Bytes changed by chance, in the ways that break parsers."""

from __future__ import annotations

import random
from collections.abc import Sequence

_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 2048, 2049, 2**16 - 1, 2**31, 2**32 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1)
_BYTES = (
    *(b"", b"\0", b"/", b"..", b".", b"\xff", b"\n", b"\r\n", b'"', b"\\", b"*", b",", b":", b"- ", b" ", b"\t", b"#"),
    *(b"\x1b[2J", b"\xe2\x80\xae", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\\ud800", b"{", b"[", b"}", b"]", b"&a", b"*a"),
    *(b"null", b"true", b"-1", b"1e999", b"9007199254740993", b"9" * 5000, b"A" * 300, b"[" * 2000, b"9999-99-99"),
)


def mutated(chance: random.Random, data: bytes, others: Sequence[bytes] = (b"",)) -> bytes:
    """Return ``data`` with one to four changes, some of them pieces of ``others``."""
    found = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(found) + 1)
        width = chance.choice((1, 1, 2, 4, 8))
        match chance.randrange(6):
            case 0:
                found[at : at + width] = (chance.choice(_NUMBERS) % 256**width).to_bytes(width, "big")
            case 1:
                found[at : at + width * chance.randrange(2)] = chance.choice(_BYTES)
            case 2:
                del found[at : at + chance.randrange(1, 40)]
            case 3:
                found[at:at] = found[at : at + chance.randrange(1, 200)]
            case 4:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                found[at : at + chance.randrange(40)] = other[start : start + chance.randrange(200)]
            case _ if found:
                found[at % len(found)] ^= 1 << chance.randrange(8)
    return bytes(found)
