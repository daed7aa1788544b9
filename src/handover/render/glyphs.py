"""What the font of the protocol can show: everything else is escaped, because PDF/A allows no missing glyph.

The font stands beside in ``fonts``, under the SIL Open Font License. It has Latin, Greek and Cyrillic and no script
that runs from right to left, so no name can turn round the text beside it.
"""

from __future__ import annotations

import struct
from functools import cache
from pathlib import Path
from typing import Final

from handover.render.wording import language

FAMILY: Final = "Inter"
FOLDER: Final = Path(__file__).with_name("fonts")
_FILES: Final = ("Inter-Regular.otf", "Inter-Bold.otf")


@cache
def fonts() -> tuple[bytes, ...]:
    """Return the font files: regular, then bold."""
    return tuple((FOLDER / file).read_bytes() for file in _FILES)


def printable(text: str) -> str:
    r"""Return a sentence without its marks, and with ``\u{…}`` for every character that the font cannot show."""
    bare = language.plain(text)
    covered = _covered()
    if covered.issuperset(map(ord, bare)):
        return bare
    return "".join(char if ord(char) in covered else f"\\u{{{ord(char):x}}}" for char in bare)


@cache
def _covered() -> frozenset[int]:
    """Return the characters that the font has in every weight."""
    return frozenset.intersection(*map(characters, fonts()))


def characters(font: bytes) -> frozenset[int]:
    """Return the characters that an OpenType font maps to a glyph (OpenType 1.9: ``cmap``, format 12)."""
    (tables,) = struct.unpack_from(">4xH", font)
    records = (struct.unpack_from(">4s4xL4x", font, 12 + 16 * number) for number in range(tables))
    cmap = next(offset for tag, offset in records if tag == b"cmap")
    (encodings,) = struct.unpack_from(">2xH", font, cmap)
    places = (cmap + struct.unpack_from(">4xL", font, cmap + 4 + 8 * number)[0] for number in range(encodings))
    table = next(place for place in places if struct.unpack_from(">H", font, place) == (12,))
    (groups,) = struct.unpack_from(">12xL", font, table)
    spans = (struct.unpack_from(">LLL", font, table + 16 + 12 * number) for number in range(groups))
    return frozenset(char for first, last, glyph in spans for char in range(first, last + 1) if glyph + char - first)
