"""The languages that are spoken: how each writes numbers, sizes and times, and where its sentences are.

English is what stands in the code; it needs no catalogue. Conventions are those of Unicode CLDR 47 for ``pl`` and
``fi``, those of the code for ``en``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from handover.errors import LocalIOError, UsageError
from handover.paths import shown

if TYPE_CHECKING:
    from gettext import GNUTranslations

_CATALOGUES: Final = Path(__file__).parents[1] / "locales"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Voice:
    """One language. ``day``, ``minute`` and ``second`` are patterns of a time ``t`` to that unit."""

    language: str
    thousands: str
    decimal: str
    percent: str
    units: tuple[str, ...]
    before_unit: str
    quotes: tuple[str, str]
    day: str
    minute: str
    second: str

    def message(self, text: str) -> str:
        """Return what this language says for an English text."""
        # For nothing a catalogue says its header.
        return text if self is ENGLISH or not text else _catalogue(self.language).gettext(text)

    def messages(self, n: int, one: str, many: str) -> str:
        """Return what this language says for an English text about ``n`` things."""
        if self is ENGLISH:
            return one if n == 1 else many
        return _catalogue(self.language).ngettext(one, many, n)

    def number(self, n: int) -> str:
        """Return a whole number with separators of thousands."""
        return f"{n:,}".replace(",", self.thousands)

    def fraction(self, digits: str) -> str:
        """Return a decimal number that was written with a point."""
        return digits.replace(".", self.decimal)

    def time(self, seconds: int, *, pattern: str, fraction: str = "") -> str:
        """Return a time in seconds since 1970, with a ``fraction`` of a second such as ``.5``; UTC is said."""
        try:
            told = pattern.format(t=_EPOCH + timedelta(seconds=seconds), fraction=self.fraction(fraction))
        except OverflowError:
            return f"{seconds}{self.fraction(fraction)} s"
        return f"{told} UTC"


ENGLISH: Final = Voice(
    language="en",
    thousands=",",
    decimal=".",
    percent="{n} %",
    units=("kB", "MB", "GB", "TB", "PB", "EB"),
    before_unit=" ",
    quotes=("“", "”"),
    day="{t:%Y-%m-%d}",
    minute="{t:%Y-%m-%d %H:%M}",
    second="{t:%Y-%m-%d %H:%M:%S}{fraction}",
)
POLISH: Final = Voice(
    language="pl",
    thousands=_NO_BREAK,
    decimal=",",
    percent="{n}%",
    units=("kB", "MB", "GB", "TB", "PB", "EB"),
    before_unit=_NO_BREAK,
    quotes=("„", "”"),
    day="{t:%d.%m.%Y}",
    minute="{t:%d.%m.%Y, %H:%M}",
    second="{t:%d.%m.%Y, %H:%M:%S}{fraction}",
)
FINNISH: Final = Voice(
    language="fi",
    thousands=_NO_BREAK,
    decimal=",",
    percent=f"{{n}}{_NO_BREAK}%",
    units=("kt", "Mt", "Gt", "Tt", "Pt", "Et"),
    before_unit=_NO_BREAK,
    quotes=("”", "”"),
    day="{t.day}.{t.month}.{t.year}",
    minute="{t.day}.{t.month}.{t.year} klo {t.hour}.{t:%M}",
    second="{t.day}.{t.month}.{t.year} klo {t.hour}.{t:%M.%S}{fraction}",
)
VOICES: Final = {voice.language: voice for voice in (ENGLISH, POLISH, FINNISH)}


def voice_of(language: str) -> Voice:
    """Return the voice of a language; ``UsageError`` when it is none of ours."""
    if language not in VOICES:
        raise UsageError(f"there is no language {shown(language)}", hint=f"Languages are {', '.join(VOICES)}.")
    return VOICES[language]


@cache
def _catalogue(language: str) -> GNUTranslations:
    from gettext import GNUTranslations

    path = _CATALOGUES / language / "LC_MESSAGES" / "handover.mo"
    try:
        with path.open("rb") as stream:
            return GNUTranslations(stream)
    except OSError as error:
        raise LocalIOError(
            f"the texts in the language {language} cannot be read: {error.strerror}",
            where=str(path),
            hint="Install handover again; in a working copy run  python tools/catalogues.py.",
        ) from error
