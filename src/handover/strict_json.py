r"""The one JSON profile of every document that ``handover`` writes or believes.

UTF-8 without BOM, ASCII keys, keys in the order of the schema, integers within ±2^53, no floats, no unknown and no
duplicate keys, fields at their default left out. Strings use the shortest escapes for C0, ``"`` and ``\``, and
``\u00xx`` in lower case for the characters that can lie to a reader (DEL, C1, bidi, zero-width, U+2028/9).

There is exactly one way to write a value, so strictness needs no parser of our own: a document is accepted when
encoding what was decoded gives the same bytes. Specification: ``docs/spec/json-profile.md``.
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
from collections.abc import Callable
from typing import Annotated, TypeVar, dataclass_transform

import msgspec

from handover.errors import MalformedInput

T = TypeVar("T")

MAX_INTEGER = 2**53
#: Longest line or document that is looked at; a path 5,000 levels deep fits in it.
MAX_LINE = 8 * 2**20
MAX_DOCUMENT = 64 * 2**20

#: The characters beyond C0 that are written as escapes. The same class is a valid ``re`` set.
DECEPTIVE = "\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff"
_DECEPTIVE = re.compile(f"[{DECEPTIVE}]")

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_INTEGER)]
Whole = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
Hex256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
#: RFC 3339 in UTC with whole seconds, such as ``2026-11-28T21:00:00Z``.
Instant = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z\Z")]
Nanoseconds = Annotated[str, msgspec.Meta(pattern=r"\A(0|-?[1-9][0-9]{0,18})\Z")]

_ENCODER = msgspec.json.Encoder()
_PREPARED: set[object] = set()
_PREPARING = threading.Lock()


class _KeywordOnly(msgspec.StructMeta):
    """Makes the fields of every subclass keyword-only; msgspec does not inherit that choice."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, object], **config: object
    ) -> _KeywordOnly:
        # What else stands in a class statement is msgspec's to check.
        return super().__new__(cls, name, bases, namespace, **{"kw_only": True, **config})  # type: ignore[arg-type]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Document(msgspec.Struct, metaclass=_KeywordOnly, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every JSON object of ours; the order of its fields is the order of the keys."""


def encode(value: object) -> bytes:
    """Return the one encoding of ``value`` in a single line, without a line end."""
    return _escaped(_ENCODER.encode(value))


def _escaped(raw: bytes) -> bytes:
    if raw.isascii() and b"\x7f" not in raw:
        return raw
    return _DECEPTIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", raw.decode()).encode()


def encode_document(value: object) -> bytes:
    """Return ``value`` as a document that people read too: two spaces of indent, one line feed at the end."""
    return msgspec.json.format(encode(value), indent=2) + b"\n"


def decode(kind: type[T], raw: bytes, *, where: str) -> T:
    """Parse one line (without its line end), or raise ``MalformedInput``."""
    return _strict(kind, raw, where, encode, MAX_LINE)


def decode_lines(kind: type[T], raw: bytes, *, where: str, number: int) -> list[T]:
    """Parse whole lines, of which the first has this number; ``MalformedInput`` names the first that is wrong."""
    prepare(kind)
    try:
        values = msgspec.json.Decoder(kind).decode_lines(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    else:
        if _escaped(_ENCODER.encode_lines(values)) == raw and len(raw) <= MAX_LINE:
            return values
    # Only line by line can be told which one is wrong.
    lines = enumerate(raw.removesuffix(b"\n").split(b"\n"), number)
    return [decode(kind, line, where=f"{where}:{place}") for place, line in lines]


def decode_document(kind: type[T], raw: bytes, *, where: str) -> T:
    """Parse a document as ``encode_document`` writes it, or raise ``MalformedInput``."""
    return _strict(kind, raw, where, encode_document, MAX_DOCUMENT)


def _strict(kind: type[T], raw: bytes, where: str, again: Callable[[object], bytes], limit: int) -> T:
    if len(raw) > limit:
        raise MalformedInput(f"longer than the {limit} bytes that are allowed", where=where)
    prepare(kind)
    try:
        value = msgspec.json.decode(raw, type=kind)
        canonical = again(value)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedInput(f"not a valid document: {reason(error)}", where=where) from error
    if canonical != raw:
        raise MalformedInput(
            "not in the one form this document can have (order of keys, escapes, duplicates, spaces or line ends)",
            where=where,
            hint="The file was edited or made by another program. Ask its author for the original.",
        )
    return value


def prepare(kind: type) -> None:
    """Have msgspec learn a type before it is decoded.

    At its first use msgspec puts down what it knows of a type piece by piece, and another thread that meets it half
    done crashes the process (0.22, a null pointer). Both sides of a part are read by threads.
    """
    if kind not in _PREPARED:
        with _PREPARING:
            msgspec.json.Decoder(kind)
            _PREPARED.add(kind)


def reason(error: Exception) -> str:
    """Return the parser's words without any byte of the foreign document in them."""
    return _UNSAFE.sub("?", str(error))[:200]


_UNSAFE = re.compile(r"[^ -~]")


def base64_encode(raw: bytes) -> str:
    """Return canonical base64 (RFC 4648 section 4, with padding)."""
    return base64.b64encode(raw).decode("ascii")


def base64_decode(text: str, *, where: str) -> bytes:
    """Decode canonical base64; anything that would encode differently is refused."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise MalformedInput("not base64", where=where) from error
    if base64_encode(raw) != text:
        raise MalformedInput("base64 that is not in its canonical form", where=where)
    return raw
