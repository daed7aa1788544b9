"""Sentences with values in them: the seam through which everything goes that a person reads.

A sentence stands in the code in English, and is said in the language that is being spoken: ``with speaking("pl"):``.
Every text is a literal in a call of ``say``, ``plural`` or ``noun``, or in a ``Labels`` or ``Plurals``, so that all of
them can be found (``tools/catalogues.py``).

A foreign string becomes part of a sentence only by ``name`` or ``foreign``: escaped, and between two marks (LRI and
PDI, UAX #9) that tell a renderer where it begins and ends. ``paths.shown`` never lets these marks through, so nothing
foreign can forge them. ``plain`` takes them out, HTML turns them into an element.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Generic, Self, TypeVar

from handover import paths
from handover.render.wording.voices import ENGLISH, voice_of
from handover.sentences import Sentence, Value, english, filled

BEGIN, END = "\u2066", "\u2069"
_UNMARKED = str.maketrans("", "", BEGIN + END)
_SPOKEN = ContextVar("spoken", default=ENGLISH)

K = TypeVar("K", bound=Hashable)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Say everything in this language while the block runs; ``UsageError`` when it is none of ours."""
    before = _SPOKEN.set(voice_of(language))
    try:
        yield
    finally:
        _SPOKEN.reset(before)


def spoken() -> str:
    """Return the code of the language that is being spoken, for the ``lang`` of a page."""
    return _SPOKEN.get().language


def say(sentence: str, /, **values: str) -> str:
    """Return ``sentence`` with its ``{fields}`` filled in."""
    return _SPOKEN.get().message(sentence).format_map(values)


def plural(n: int, one: str, many: str, /, **values: str) -> str:
    """Return the sentence for ``n`` things; ``{n}`` in it is the number as people write it."""
    return _SPOKEN.get().messages(n, one, many).format_map({"n": number(n), **values})


class Noun(str):
    """A noun as a value of sentences, in the case that the sentence asks for: ``{host:loc}``; English has no cases.

    A case with a capital, such as ``{host:Nom}``, begins with one.
    """

    __slots__ = ("_forms",)
    _forms: Mapping[str, str]

    def __new__(cls, forms: Mapping[str, str]) -> Self:
        """Return a noun by its forms; ``nom`` is that which stands for itself."""
        self = super().__new__(cls, forms["nom"])
        self._forms = forms
        return self

    def __format__(self, case: str) -> str:
        form = self._forms[case.lower() or "nom"]
        return form[0].upper() + form[1:] if case[:1].isupper() else form


def noun(text: str, /) -> Noun:
    """Return a noun of ours; a translation has its cases after the nominative: ``serwer|gen: serwera``."""
    return Noun(forms_of(_SPOKEN.get().message(text)))


def forms_of(translation: str) -> dict[str, str]:
    """Return the cases of a noun as a translation has them."""
    nominative, *others = translation.split("|")
    return {"nom": nominative, **{case.strip(): form.strip() for case, _, form in (o.partition(":") for o in others)}}


class Labels(Mapping[K, str]):
    """Texts by key, each said in the language that is being spoken when it is looked up."""

    def __init__(self, texts: Mapping[K, str]) -> None:
        self._texts = texts

    def __getitem__(self, key: K) -> str:
        return _SPOKEN.get().message(self._texts[key])

    def __iter__(self) -> Iterator[K]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def say(self, key: K, /, **values: str) -> str:
        """Return the sentence of ``key`` with its ``{fields}`` filled in."""
        return self[key].format_map(values)


class Nouns(Labels[K]):
    """Nouns by key."""

    def __getitem__(self, key: K) -> Noun:
        return Noun(forms_of(super().__getitem__(key)))


class Plurals(Generic[K]):
    """Sentences about one thing and about many, by key."""

    def __init__(self, texts: Mapping[K, tuple[str, str]]) -> None:
        self._texts = texts

    def say(self, key: K, n: int, /, **values: str) -> str:
        """Return the sentence of ``key`` for ``n`` things."""
        one, many = self._texts[key]
        return _SPOKEN.get().messages(n, one, many).format_map({"n": number(n), **values})


def told(sentence: Sentence, text: str) -> str:
    """Return a sentence of a finding that a report says as ``text`` in English; that text when nobody can tell it."""
    # SECURITY: a report is foreign. Only a sentence that says in English what the report says is told in other words,
    # so all languages say the same.
    return _told(sentence) if english(sentence) == text else foreign(text)


def _told(sentence: Sentence) -> str:
    voice = _SPOKEN.get()
    if sentence.many is None or sentence.n is None:
        words = voice.message(sentence.one)
    else:
        words = voice.messages(sentence.n, sentence.one, sentence.many)
    # SECURITY: what no catalogue knows is not of us, and nobody has made it harmless.
    if words in (sentence.one, sentence.many):
        return foreign(english(sentence))
    values = {value.field: value for value in sentence.values}
    n = "" if sentence.n is None else number(sentence.n)
    return filled(words, lambda field: n if field == "n" else _value(values[field]) if field in values else None)


def _value(value: Value) -> str:
    voice = _SPOKEN.get()
    if value.number is not None:
        return number(value.number)
    if value.bytes is not None:
        return size(value.bytes)
    if value.moment_s is not None:
        return voice.time(value.moment_s, pattern=voice.minute)
    if value.names is not None:
        before, after = voice.quotes
        names = ", ".join(f"{before}{foreign(each)}{after}" for each in value.names)
        return say("{names} and {more} more", names=names, more=number(value.more)) if value.more else names
    if value.sentence is not None:
        return _told(value.sentence)
    return foreign(value.text or "")


def name(raw: bytes | str) -> str:
    """Return a name from a host, escaped and marked; an empty one is a part's root."""
    return BEGIN + (paths.shown(raw) or ".") + END


def foreign(text: str) -> str:
    r"""Return foreign prose that may have been escaped before it was recorded, harmless and marked.

    Unlike a name it need not be unambiguous, so a ``\`` in it is not escaped a second time.
    """
    bare = text.replace("\\", "")
    return BEGIN + (text if paths.shown(bare) == bare else paths.shown(text)) + END


def plain(text: str) -> str:
    """Return a sentence without the marks around names."""
    return text.translate(_UNMARKED)


def number(n: int) -> str:
    """Return a whole number with separators of thousands."""
    return _SPOKEN.get().number(n)


def signed(n: int) -> str:
    """Return a whole number with its sign."""
    return f"{'-' if n < 0 else '+'}{number(abs(n))}"


def decimal(n: float) -> str:
    """Return a number with one decimal."""
    return _SPOKEN.get().fraction(f"{n:.1f}")


def size(n: int) -> str:
    """Return a number of bytes as people say it, in decimal units, with two digits or more."""
    if n < 1000:
        return exact_size(n)
    exponent = (len(str(n)) - 1) // 3
    scaled = _scaled(n, exponent)
    if float(scaled) >= 1000:
        scaled = _scaled(n, exponent := exponent + 1)
    voice = _SPOKEN.get()
    return f"{voice.fraction(scaled)}{voice.before_unit}{voice.units[exponent - 1]}"


def exact_size(n: int) -> str:
    """Return a number of bytes to the byte."""
    return plural(n, "{n} byte", "{n} bytes")


def percent(bp: int) -> str:
    """Return basis points as percent, exactly."""
    digits = f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".")
    voice = _SPOKEN.get()
    return voice.percent.format(n=voice.fraction(digits))


def moment(instant: str) -> str:
    """Return an instant of a document (RFC 3339 in UTC) as people read it."""
    try:
        return timestamp(int(datetime.fromisoformat(instant).timestamp()))
    except ValueError:
        # A foreign document can name a day that no month has.
        return instant.replace("T", " ").replace("Z", " UTC")


def timestamp(seconds: int, fraction: str = "") -> str:
    """Return a time in seconds since 1970, with a ``fraction`` of a second such as ``.5``."""
    voice = _SPOKEN.get()
    return voice.time(seconds, pattern=voice.second, fraction=fraction)


def agreed(date: str) -> str:
    """Return a day or a time of the terms as people write it; what a foreign report has in its place stays as it is."""
    voice = _SPOKEN.get()
    pattern = {10: voice.day, 16: voice.minute, 19: voice.second}.get(len(date))
    try:
        moment = datetime.fromisoformat(date)
    except ValueError:
        return foreign(date)
    # A zone of its own would be lost: those of the terms have none.
    return foreign(date) if pattern is None or moment.tzinfo else pattern.format(t=moment, fraction="")


def clock(moment: datetime) -> str:
    """Return what a clock shows, to the second; in which zone has to be said beside it."""
    return _SPOKEN.get().second.format(t=moment, fraction="")


def duration(seconds: int) -> str:
    """Return a span of time in the largest unit that it fills twice."""
    if seconds >= 2 * 86_400:
        return plural(seconds // 86_400, "{n} day", "{n} days")
    if seconds >= 2 * 3600:
        return plural(seconds // 3600, "{n} hour", "{n} hours")
    if seconds >= 120:
        return plural(seconds // 60, "{n} minute", "{n} minutes")
    return plural(seconds, "{n} second", "{n} seconds")


def _scaled(n: int, exponent: int) -> str:
    """Return ``n`` in a unit of 1000 to the power of ``exponent``, rounded half up to a decimal below ten."""
    unit = 1000**exponent
    tenths = (n * 10 + unit // 2) // unit
    return f"{tenths // 10}.{tenths % 10}" if tenths < 100 else str((n + unit // 2) // unit)
