"""Presets: rules for well-known kinds of websites, one TOML file each, named for what the terms call it.

A preset is quiet about what every host makes anew and never about what people made. A new preset is one new file here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import resources

import msgspec

from handover.errors import UsageError
from handover.paths import shown
from handover.rules import Rule, RuleKind

_SUFFIX = ".toml"


class _File(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    rules: list[_Row]
    database: str = ""


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    kind: RuleKind
    pattern: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preset:
    """Rules under a name; ``database`` names the database that such a site needs, empty when it needs none."""

    name: str
    title: str
    database: str
    rules: tuple[Rule, ...]


def names() -> tuple[str, ...]:
    """Return the names of all presets, sorted."""
    files = (item.name for item in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in files if name.endswith(_SUFFIX)))


def load(name: str) -> Preset:
    """Return the preset of that name, or raise ``UsageError`` that says which there are."""
    known = names()
    if name not in known:
        near = get_close_matches(name[:40], known, n=1)
        guess = f"Did you mean {near[0]}? " if near else ""
        raise UsageError(f"there is no preset {shown(name[:80])}", hint=f"{guess}Known: {', '.join(known)}.")
    text = (resources.files(__name__) / f"{name}{_SUFFIX}").read_text("utf-8")
    file = msgspec.convert(tomllib.loads(text), _File)
    rules = tuple(Rule(row.kind, row.pattern, row.reason, f"preset {name}") for row in file.rules)
    return Preset(name, file.title, file.database, rules)
