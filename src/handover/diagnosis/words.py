"""How findings are put: sentences with typed values in them, harmless on every surface, and commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

import msgspec

from handover import paths
from handover.sentences import Sentence, Value

_LONGEST = 100
_TOLD = 3
#: What any of the languages puts around a name.
_QUOTES = str.maketrans({mark: f"\\u{{{ord(mark):x}}}" for mark in "“”„"})


def say(sentence: str, /, **values: Value) -> Sentence:
    """Return a sentence with what stands in its ``{fields}``."""
    return Sentence(one=sentence, values=tuple(_named(values)))


def plural(n: int, one: str, many: str, /, **values: Value) -> Sentence:
    """Return the sentence for ``n`` things; ``{n}`` in it is the number as people write it."""
    return Sentence(one=one, many=many, n=n, values=tuple(_named(values)))


def number(n: int) -> Value:
    """Return a whole number."""
    return Value(field="", number=n)


def size(n: int) -> Value:
    """Return a number of bytes, to be told in large units."""
    return Value(field="", bytes=n)


def moment(ns: int) -> Value:
    """Return a time in nanoseconds since 1970."""
    return Value(field="", moment_s=ns // 10**9)


def text(words: str) -> Value:
    """Return what is the same in every language, such as a command or a mode; nothing foreign."""
    return Value(field="", text=words)


def inner(sentence: Sentence) -> Value:
    """Return a sentence that stands in another one."""
    return Value(field="", sentence=sentence)


def quoted(path: bytes) -> Value:
    """Return a path, to be told in quotation marks."""
    return Value(field="", names=(short(path),))


def listed(names: Sequence[bytes], total: int | None = None) -> Value:
    """Return the first few of some paths, and how many more there are of ``total``."""
    more = (len(names) if total is None else total) - min(len(names), _TOLD)
    return Value(field="", names=tuple(map(short, names[:_TOLD])), more=max(more, 0))


def short(path: bytes) -> str:
    r"""Return a path escaped and shortened, so that it cannot pass for words of ours.

    A quotation mark in the path becomes an escape too.
    """
    shown = paths.shown(path).translate(_QUOTES)
    if len(shown) > _LONGEST:
        half = _LONGEST // 2
        shown = f"{shown[:half]}…{shown[-half:]}"
    return shown or "."


def argument(path: bytes) -> str | None:
    """Return a path as one word of a shell command below the root; ``None`` when it cannot be shown literally."""
    shown = paths.shown(path)
    if shown.encode() != path or len(shown) > _LONGEST or not shown:
        return None
    # SECURITY: people paste remedies; a name is one quoted word that no program takes for an option.
    return shlex.quote(f"./{shown}" if shown.startswith("-") else shown)


def resend(part: str, *, checksum: bool = False) -> str:
    """Return the command that sends every missing and changed path again; it reads the remedy file of the round."""
    how = "-a --checksum" if checksum else "-a"
    return f"rsync {how} --from0 --files-from={part}.missing.files0 SOURCE/ TARGET/"


def _named(values: dict[str, Value]) -> Iterator[Value]:
    return (msgspec.structs.replace(value, field=field) for field, value in values.items())
