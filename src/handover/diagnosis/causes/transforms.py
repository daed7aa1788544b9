"""The ways in which names are known to change on their way between hosts, as functions on the bytes of paths."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import permutations
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from handover.diagnosis.words import say, text
from handover.sentences import Sentence

Change = Callable[[bytes], bytes]

_CODECS = ("cp1250", "cp852", "cp437", "cp1252", "iso8859-1", "iso8859-2")
_UTF8 = "utf-8"
_FORBIDDEN = re.compile(r'[<>:"|?*\\]')
_PRIVATE = re.compile("[\\uf021-\\uf07f]")
_UNTIDY = re.compile(r"[^A-Za-z0-9./_-]+")
_ON_MACS = {ord(char): 0xF020 + place for place, char in enumerate('"*:<>?\\|')}
_LIKE_ASCII = str.maketrans("łŁøØđĐ–—’‘”“„", 'lLoOdD--\'\'"""')


@dataclass(frozen=True, slots=True)
class Transform:
    """One way: ``forward`` from the source's path to the target's, ``backward`` where it can be undone.

    ``kind`` is ``encoding``, ``composition``, ``percent``, ``replaced`` or ``case``; ``words`` tell the change.
    """

    kind: str
    words: Sentence
    forward: Change
    backward: Change | None = None
    remedy: Sentence | None = None

    def apply(self, path: bytes) -> bytes | None:
        """Return what becomes of a path; ``None`` when it stays or when it cannot go that way."""
        return _changed(self.forward, path)

    def undo(self, path: bytes) -> bytes | None:
        """Return where a path came from; ``None`` when nobody can say."""
        return None if self.backward is None else _changed(self.backward, path)


def transforms() -> Iterator[Transform]:
    """Yield all of them, the likeliest first."""
    yield from _compositions()
    yield from _encodings()
    for percent in (_percent, _percent_all):
        words, back = say("special characters became %XX"), say("%XX became special characters")
        yield Transform("percent", words, percent, unquote_to_bytes, _convmv("--unescape"))
        yield Transform("percent", back, unquote_to_bytes, percent)
    yield Transform("case", say("capital letters became small ones"), partial(_text, str.lower))
    yield Transform("case", say("small letters became capitals"), partial(_text, str.upper))
    yield Transform("case", say("endings became small"), _small_ending)
    yield from _replacements()


def _compositions() -> Iterator[Transform]:
    composed, decomposed = _normal("NFC"), _normal("NFD")
    words = say("composed characters (NFC) became decomposed ones (NFD)")
    yield Transform("composition", words, decomposed, composed, _convmv("-f utf8 -t utf8 --nfc"))
    words = say("decomposed characters (NFD) became composed ones (NFC)")
    yield Transform("composition", words, composed, decomposed, _convmv("-f utf8 -t utf8 --nfd"))


def _encodings() -> Iterator[Transform]:
    for codec in _CODECS:
        to_legacy, to_utf8 = _recode(_UTF8, codec), _recode(codec, _UTF8)
        words = say("UTF-8 on the source, {codec} on the target", codec=text(codec))
        yield Transform("encoding", words, to_legacy, to_utf8, _convmv(f"-f {codec} -t utf8"))
        words = say("{codec} on the source, UTF-8 on the target", codec=text(codec))
        yield Transform("encoding", words, _from_legacy(codec), to_legacy, _convmv(f"-f utf8 -t {codec}"))
        words = say("UTF-8 was taken for {codec} and encoded once more", codec=text(codec))
        yield Transform("encoding", words, to_utf8, to_legacy, _convmv(f"--nosmart -f utf8 -t {codec}"))
    for real, taken in permutations(_CODECS, 2):
        words = say("names in {real} were taken for {taken}", real=text(real), taken=text(taken))
        yield Transform("encoding", words, _mistaken(real, taken), _mistaken(taken, real), _unzip(real))
    for real in ("cp852", "cp1250", "cp437"):
        # What stock Info-ZIP does with archives of DOS and Windows: cp850 is assumed, and Latin-1 written.
        words = say("names in {real} were taken for cp850 and written in iso8859-1", real=text(real))
        there = _chain(real, "cp850", "iso8859-1")
        yield Transform("encoding", words, there, _unchain(real, "cp850", "iso8859-1"), _unzip(real))


def _replacements() -> Iterator[Transform]:
    for mark in ("_", "?", "-", "#"):
        words = say("letters beyond ASCII were replaced by {mark}", mark=text(mark))
        yield Transform("replaced", words, partial(_text, partial(_each_letter, mark)))
        words = say("bytes beyond ASCII were replaced by {mark}", mark=text(mark))
        yield Transform("replaced", words, partial(_each_byte, mark.encode()))
        words = say("characters that Windows forbids were replaced by {mark}", mark=text(mark))
        yield Transform("replaced", words, partial(_text, partial(_FORBIDDEN.sub, mark)))
    for mark in ("_", "-", "+", "."):
        words = say("spaces were replaced by {mark}", mark=text(mark))
        yield Transform("replaced", words, partial(_each_space, mark.encode()))
    for mark in ("-", "_"):
        words = say(
            "accents were taken off, and all but letters, digits, dots and dashes became {mark}", mark=text(mark)
        )
        yield Transform("replaced", words, partial(_text, partial(_tidied, mark)))
        yield Transform("replaced", words, partial(_text, partial(_tidied_small, mark)))
    words = say("characters that Windows forbids became private ones, as Windows programs and mounted shares have it")
    yield Transform("replaced", words, partial(_text, _private), partial(_text, _public))
    yield Transform("replaced", words, partial(_text, _private_on_macs))
    yield Transform("replaced", say("spaces were left out"), partial(_each_space, b""))
    yield Transform("replaced", say("letters beyond ASCII were left out"), partial(_text, partial(_each_letter, "")))
    yield Transform("replaced", say("bytes beyond ASCII were left out"), partial(_each_byte, b""))
    yield Transform("replaced", say("accents were taken off"), partial(_text, _without_accents))
    yield Transform("replaced", say("letters beyond ASCII became #Uxxxx"), partial(_text, _unzip_escapes))


def _changed(change: Change, path: bytes) -> bytes | None:
    try:
        other = change(path)
    except UnicodeError:
        return None
    return None if other == path else other


def _recode(source: str, target: str) -> Change:
    return lambda path: path.decode(source).encode(target)


def _mistaken(real: str, taken: str) -> Change:
    return lambda path: path.decode().encode(real).decode(taken).encode()


def _chain(real: str, taken: str, written: str) -> Change:
    return lambda path: path.decode().encode(real).decode(taken).encode(written)


def _unchain(real: str, taken: str, written: str) -> Change:
    return lambda path: path.decode(written).encode(taken).decode(real).encode()


def _normal(form: Literal["NFC", "NFD"]) -> Change:
    return lambda path: unicodedata.normalize(form, path.decode()).encode()


def _text(change: Callable[[str], str], path: bytes) -> bytes:
    return change(path.decode()).encode()


def _from_legacy(codec: str) -> Change:
    def forward(path: bytes) -> bytes:
        try:
            path.decode()
        except UnicodeDecodeError:
            return path.decode(codec).encode()
        return path

    return forward


def _percent(path: bytes) -> bytes:
    return quote(path, safe="/ !#$&'()*+,;=:@[]{}~-._").encode()


def _percent_all(path: bytes) -> bytes:
    return quote(path, safe="/").encode()


def _small_ending(path: bytes) -> bytes:
    stem, dot, ending = path.rpartition(b".")
    return path if b"/" in ending else stem + dot + ending.lower()


def _each_letter(mark: str, text: str) -> str:
    return "".join(char if char.isascii() else mark for char in text)


def _each_byte(mark: bytes, path: bytes) -> bytes:
    return re.sub(rb"[\x80-\xff]", lambda _: mark, path)


def _without_accents(text: str) -> str:
    bare = unicodedata.normalize("NFKD", text.translate(_LIKE_ASCII))
    return "".join(char for char in bare if not unicodedata.combining(char))


def _tidied(mark: str, text: str) -> str:
    return _UNTIDY.sub(mark, _without_accents(text))


def _tidied_small(mark: str, text: str) -> str:
    return _tidied(mark, text).lower()


def _each_space(mark: bytes, path: bytes) -> bytes:
    return path.replace(b" ", mark)


def _private(text: str) -> str:
    return _FORBIDDEN.sub(lambda match: chr(0xF000 + ord(match[0])), text)


def _private_on_macs(text: str) -> str:
    return text.translate(_ON_MACS)


def _public(text: str) -> str:
    return _PRIVATE.sub(lambda match: chr(ord(match[0]) - 0xF000), text)


def _unzip_escapes(text: str) -> str:
    """Return what Info-ZIP's unzip writes for letters that its locale does not have."""
    return "".join(char if char.isascii() else f"#U{ord(char):04x}" for char in text)


def _unzip(codec: str) -> Sentence:
    command = text(f"python3 -m zipfile --metadata-encoding {codec} -e ARCHIVE.zip TARGET")
    return say("Unpack it again with the right code page (Python 3.11 or later): {command}", command=command)


def _convmv(flags: str) -> Sentence:
    return say("On the target: {command}", command=text(f"convmv -r {flags} --notest ."))
