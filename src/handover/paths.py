"""Names are bytes: their order, their one JSON form, and the one way that a person sees them."""

from __future__ import annotations

import re
import unicodedata

from handover import strict_json
from handover.errors import MalformedInput

#: Invisible characters that are letters, marks or symbols by category (Unicode: Default_Ignorable_Code_Point, and the
#: empty braille pattern): Hangul fillers, the grapheme joiner, Khmer vowels, Mongolian and other variation selectors.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_PLAIN = re.compile(r"[ !-\[\]-~]*\Z")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}


def order_key(path: bytes) -> bytes:
    """Return the key whose byte order is the order of paths: by component, parents before children."""
    return path.replace(b"/", b"\0")


def is_below(path: bytes, folder: bytes) -> bool:
    """Return whether ``path`` is ``folder`` or somewhere below it; everything is below the root ``b""``."""
    return not folder or path == folder or path.startswith(folder + b"/")


def possible(path: bytes) -> bool:
    """Return whether a scan can have met this path below a root; ``b""`` is the root."""
    return not path or (b"\0" not in path and {b"", b".", b".."}.isdisjoint(path.split(b"/")))


def check(path: bytes, *, where: str) -> bytes:
    """Return ``path`` when it is possible, else raise ``MalformedInput``."""
    if not possible(path):
        raise MalformedInput(f"impossible path {shown(path)}", where=where)
    return path


def to_fields(raw: bytes) -> tuple[str | None, str | None]:
    """Return ``(text, None)`` when the bytes are valid UTF-8, else ``(None, base64)``."""
    try:
        return raw.decode(), None
    except UnicodeDecodeError:
        return None, strict_json.base64_encode(raw)


def from_fields(text: str | None, b64: str | None, *, where: str) -> bytes:
    """Return the bytes that ``to_fields`` was given; any other pair of fields is malformed."""
    if (text is None) == (b64 is None):
        raise MalformedInput("a name needs either its text or its base64 form", where=where)
    if text is not None:
        return text.encode()
    raw = strict_json.base64_decode(b64 or "", where=where)
    if to_fields(raw)[0] is not None:
        raise MalformedInput("base64 for a name that is valid UTF-8", where=where)
    return raw


def shown(name: bytes | str) -> str:
    r"""Return any foreign string as harmless, unambiguous text for a person.

    Control, bidi, zero-width and otherwise invisible characters, invalid bytes and ``\`` become escapes, so that two
    different names never look alike by such means and nothing can steer a terminal. This is not HTML escaping.
    """
    if isinstance(name, bytes):
        # Bytes that are no UTF-8 arrive as lone surrogates U+DC80 to U+DCFF (PEP 383).
        name = name.decode("utf-8", "surrogateescape")
    if _PLAIN.match(name):
        return name
    return "".join(map(_shown, name))


def _shown(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if " " <= char <= "~":
        return char
    point = ord(char)
    if 0xDC80 <= point <= 0xDCFF:
        return f"\\x{point - 0xDC00:02x}"
    if unicodedata.category(char)[0] in "CZ" or _INVISIBLE.match(char):
        return f"\\x{point:02x}" if point < 0x80 else f"\\u{{{point:x}}}"
    return char
