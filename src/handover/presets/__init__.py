"""Presets: what is known of well-known kinds of websites, one TOML file each, named for what the terms call it.

A preset is quiet about what every host makes anew and never about what people made. A new preset is one new file here.
Once a version of handover was released with a preset, old rounds rest on its words: before it changes, a copy with all
its rules goes to ``past`` as ``NAME-NUMBER.toml`` and stays there (``docs/adr/presets-have-revisions.md``).
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from handover.effects import Replacement
from handover.errors import UsageError
from handover.paths import shown
from handover.rules import Rule, RuleKind, in_force
from handover.site import Site

#: With this begins the origin of every rule that a preset gives.
ORIGIN: Final = "preset "
_SUFFIX = ".toml"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    rules: list[_Row] = []
    database: str = ""
    also: str = ""
    site: _Site | None = None


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    kind: RuleKind
    pattern: str
    reason: str
    begin: str = ""
    end: str = ""
    replace: dict[str, str] = {}


class _Site(msgspec.Struct, forbid_unknown_fields=True):
    needs: tuple[str, ...]
    marks: tuple[str, ...] = ()
    core: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """What is known of one kind of site; ``database`` names the one that it needs, empty when it needs none.

    ``rules`` are its own and then those of the preset that it takes along. Each of ``marks`` is a file that only such a
    site has.
    """

    name: str
    title: str
    database: str
    rules: tuple[Rule, ...]
    marks: tuple[str, ...] = ()
    site: Site | None = None


def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    return tuple(sorted(_stems(resources.files(__name__))))


def load(name: str) -> Preset:
    """Return the preset of that name, or raise ``UsageError`` that says which there are."""
    known = names()
    if name not in known:
        near = get_close_matches(name[:40], known, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no preset {shown(name[:80])}", hint=f"{guess}Known: {', '.join(known)}.")
    return _read(name, resources.files(__name__), name)


def as_recorded(preset: Preset, rules: Sequence[Rule]) -> Preset:
    """Return the preset of that name that gives exactly these rules: this one, or one of an earlier version.

    SECURITY: it is this one too when none gives them, so that rules which no version ever had are seen as such.
    """
    wanted = tuple(rules)
    past = (found for found in _past(preset.name) if found.rules == wanted)
    return preset if preset.rules == wanted else next(past, preset)


def _past(name: str) -> Iterator[Preset]:
    folder = resources.files(__name__) / "past"
    known = frozenset(_stems(folder))
    for number in itertools.count(1):
        if f"{name}-{number}" not in known:
            return
        yield _read(f"{name}-{number}", folder, name)


def _stems(folder: Traversable) -> Iterator[str]:
    for item in folder.iterdir():
        if item.name.endswith(_SUFFIX):
            yield item.name.removesuffix(_SUFFIX)


def _read(stem: str, folder: Traversable, name: str) -> Preset:
    text = (folder / f"{stem}{_SUFFIX}").read_text("utf-8")
    file = msgspec.convert(tomllib.loads(text), _File)
    own = [_rule(row, f"{ORIGIN}{name}") for row in file.rules]
    taken_along = load(file.also).rules if file.also else ()
    rules = tuple(rule for _, rule in in_force((*own, *taken_along)))
    if file.site is None:
        return Preset(name, file.title, file.database, rules)
    site = Site(preset=name, title=file.title, needs=file.site.needs, core=file.site.core)
    return Preset(name, file.title, file.database, rules, file.site.marks, site)


def _rule(row: _Row, origin: str) -> Rule:
    replace = tuple(Replacement(old=old, new=new) for old, new in row.replace.items())
    return Rule(row.kind, row.pattern, row.reason, origin, row.begin, row.end, replace)
