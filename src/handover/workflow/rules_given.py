"""Rules and requirements that come from flags and from a file for ``--rules``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from handover.errors import LocalIOError, UsageError
from handover.paths import shown
from handover.rules import FLAG_ORIGIN, Requirement, Rule, RuleSet, excluded_by_flag


def rules_given(exclude: Iterable[str], file: Path | None, require: Iterable[str], max_excluded: str | None) -> RuleSet:
    """Return the rules that the command line gives: ``--exclude`` first, then those of the file."""
    base = RuleSet() if file is None else _from_file(file)
    flags = tuple(excluded_by_flag(pattern) for pattern in exclude)
    wanted = frozenset(_requirement(name) for names in require for name in names.split(","))
    given = replace(base, rules=flags + base.rules, require=base.require | wanted)
    return given if max_excluded is None else _with_limit(given, max_excluded)


def _with_limit(given: RuleSet, max_excluded: str) -> RuleSet:
    from handover.terms import parse_percent

    return replace(given, max_excluded_bp=parse_percent(max_excluded, "--max-excluded"))


def _from_file(file: Path) -> RuleSet:
    from handover.terms import parse_rules  # yaml with it: only for those who have rules in a file

    where = shown(os.fsencode(file))
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        raise UsageError("there is no such file", where=where) from None
    except OSError as error:
        raise LocalIOError(error.strerror or "cannot be read", where=where) from error
    given = parse_rules(raw, where)
    # Those of a preset in the file too: the terms of a case do not give them.
    rules = tuple(rule if rule.origin.startswith(FLAG_ORIGIN) else _by_flag(rule) for rule in given.rules)
    return replace(given, rules=rules)


def _by_flag(rule: Rule) -> Rule:
    return replace(rule, origin=f"{FLAG_ORIGIN}--rules, {rule.origin}")


def _requirement(name: str) -> Requirement:
    try:
        return Requirement(name.strip())
    except ValueError:
        known = ", ".join(sorted(Requirement))
        raise UsageError(f"{shown(name)} is nothing that can be required", hint=f"Known are: {known}.") from None
