"""The one form of our JSON, written from ``docs/spec/json-profile.md``, and defects that every document can have."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator

_DECEPTIVE = re.compile("[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
DEEP = 200


def sha256(raw: bytes) -> str:
    """Return the digest in hex."""
    return hashlib.sha256(raw).hexdigest()


def line(value: object) -> bytes:
    """Return a value in one line, without its line end."""
    return _escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def document(value: object) -> bytes:
    """Return a value as a document: two spaces of indent, one line feed at the end."""
    return _escaped(json.dumps(value, ensure_ascii=False, indent=2)) + b"\n"


def without(value: dict[str, object], *keys: str) -> dict[str, object]:
    """Return an object without some of its keys."""
    return {key: item for key, item in value.items() if key not in keys}


def put(raw: bytes, old: bytes, new: bytes) -> bytes:
    """Return ``raw`` with one place changed; it is an error when the place is not there exactly once."""
    if raw.count(old) != 1:
        raise ValueError(f"{old!r} is there {raw.count(old)} times")
    return raw.replace(old, new)


def form_defects(good: bytes, text: bytes, number: bytes) -> Iterator[tuple[str, str, bytes]]:
    """Yield name, defect and bytes of the same document in other forms.

    ``text`` is a member ``"key": "value"`` with a string and ``number`` one with a whole number, each there once; none
    of them is the first of the document.
    """
    key, value = text.split(b": ", 1)
    _, digits = number.split(b": ", 1)
    number_key = number.removesuffix(digits)

    def with_text(new: bytes) -> bytes:
        return put(good, text, key + b": " + new)

    def with_number(new: bytes) -> bytes:
        return put(good, number, number_key + new)

    inner = value[1:-1]
    yield "empty", "an empty file", b""
    yield "bom", "a byte order mark before it", b"\xef\xbb\xbf" + good
    yield "utf16", "UTF-16", good.decode().encode("utf-16-le")
    yield "crlf", "Windows line ends", good.replace(b"\n", b"\r\n")
    yield "no-line-end", "the last line feed is missing", good[:-1]
    yield "two-line-ends", "one line feed more at the end", good + b"\n"
    yield "tabs", "indented with tabs", good.replace(b"\n  ", b"\n\t")
    yield "compact", "without indent", line(json.loads(good)) + b"\n"
    yield "space-at-the-end", "a space after it", good[:-1] + b" \n"
    yield "cut", "its second half is missing", good[: len(good) // 2]
    yield "twice", "the document stands there twice", good + good
    yield "array", "a list around it", b"[" + good[:-1] + b"]\n"
    yield (
        "remark",
        "a remark as in JavaScript",
        put(good, b"{\n  ", b"{ // final\n  ")
        if good.count(b"{\n  ") == 1
        else (good.replace(b"{\n  ", b"{ // final\n  ", 1)),
    )
    yield "comma-at-the-end", "a comma after the last member", good[:-3] + b",\n}\n"
    yield (
        "other-type",
        "the type of another document",
        re.sub(rb'"type": "[^"]+"', b'"type": "handover-other"', good, count=1),
    )
    yield "version-2", "an unknown version", good.replace(b'"version": 1', b'"version": 2', 1)
    yield "version-text", "the version as text", good.replace(b'"version": 1', b'"version": "1"', 1)
    yield "version-true", "true as version", good.replace(b'"version": 1', b'"version": true', 1)
    yield "no-version", "no version", good.replace(b'  "version": 1,\n', b"", 1)
    yield "unknown-key", "a key that the schema does not have", put(good, text, b'"note": "",\n  ' + text)
    yield "doubled-key", "a key that is there twice, with the same value", put(good, text, text + b",\n  " + text)
    yield (
        "doubled-key-other-value",
        "a key that is there twice; the last one would win",
        put(good, text, key + b': "another",\n  ' + text),
    )
    yield "key-order", "keys in another order than the schema's", _swapped(good)
    yield (
        "key-escaped",
        "a letter of a key written as an escape",
        put(good, text, b'"\\u%04x' % key[1] + key[2:] + b": " + value),
    )
    yield "null", "null for a text", with_text(b"null")
    yield "lone-surrogate", "half of a surrogate pair", with_text(b'"' + inner + b'\\ud800"')
    yield "not-utf8", "a byte that is not UTF-8", with_text(b'"' + inner + b'\xff"')
    yield "overlong", "a slash in an overlong form of UTF-8", with_text(b'"' + inner + b'\xc0\xaf"')
    yield "control-literal", "a control character that is not escaped", with_text(b'"' + inner + b'\x1b"')
    yield "bidi-literal", "a direction mark that is not escaped", with_text(b'"' + inner + b'\xe2\x80\xae"')
    yield "escape-upper-case", "an escape in upper case", with_text(b'"' + inner + b'\\u202E"')
    yield "escape-needless", "an escape for a plain letter", with_text(b'"' + inner + b'\\u0061"')
    yield "escape-slash", "an escaped slash", with_text(b'"' + inner + b'\\/"')
    yield "escape-long", "a long escape where there is a short one", with_text(b'"' + inner + b'\\u000a"')
    yield "float", "a number with a fraction", with_number(digits + b".0")
    yield "exponent", "a number with an exponent", with_number(digits + b"e0")
    yield "leading-zero", "a number with a leading zero", with_number(b"0" + digits)
    yield "nan", "NaN", with_number(b"NaN")
    yield "huge-number", "a number beyond 2^53", with_number(b"9007199254740993")
    yield "negative", "a negative number", with_number(b"-1")
    yield "number-as-text", "a number as text", with_number(b'"' + digits + b'"')
    yield "deep", f"nested {DEEP} levels deep", with_text(b"[" * DEEP + b"]" * DEEP)


def _swapped(good: bytes) -> bytes:
    """Return a document with its first two members in the other order."""
    value = json.loads(good)
    first, second, *others = value.items()
    return document(dict([second, first, *others]))


def _escaped(text: str) -> bytes:
    return _DECEPTIVE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
