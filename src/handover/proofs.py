"""Rules that keep proof, applied to manifests: which of them a file fell under, and what its second digest stands for.

A scan tells in its header under which of these rules it worked. What a comparison wants is found in there by what the
rules do, so a manifest that was made with more rules serves too; one that was made without them proves nothing by them.
Specification: ``docs/spec/rules.md``. This module is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from handover.entries import MAX_DERIVED_BYTES, DerivedDoubt, Entry
from handover.errors import MalformedInput
from handover.manifest import Header
from handover.rules import Rule, RuleKind


class Applied(NamedTuple):
    """One rule that a path falls under; ``number`` is its place in the list that it came from."""

    number: int
    rule: Rule

    @property
    def effect(self) -> tuple[object, ...]:
        """What it does to a file, wherever it is written."""
        return self.rule.begin, self.rule.end, self.rule.replace


#: All rules that keep proof and that a path falls under, in the order in which they are applied.
Chain = tuple[Applied, ...]


class ProofRules:
    """The rules that keep proof of one side."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = [(Applied(number, rule), re.compile(rule.regex)) for number, rule in enumerate(rules)]

    @classmethod
    def of_header(cls, header: Header, *, where: str) -> ProofRules:
        """Return those that a scan worked under; ``MalformedInput`` when one is not valid."""
        rules = [row.rule(where=where) for row in header.rules.after]
        if not all(rule.kind.keeps_proof for rule in rules):
            raise MalformedInput("a rule among those that keep proof does not keep it", where=where)
        return cls(rules)

    def of_path(self, path: bytes) -> Chain:
        """Return those that a path falls under."""
        return tuple(applied for applied, regex in self._rules if regex.fullmatch(path))

    def alike(self, other: ProofRules, path: bytes) -> bool:
        """Whether a file gets from both the same evidence, to the byte."""
        ours, theirs = self.of_path(path), other.of_path(path)
        return [(one.number, one.effect) for one in ours] == [(one.number, one.effect) for one in theirs]

    def same_as(self, other: ProofRules) -> bool:
        """Whether all files get from both the same evidence."""
        return [(one.rule.pattern, one.effect) for one, _ in self._rules] == [
            (one.rule.pattern, one.effect) for one, _ in other._rules
        ]


class Second(NamedTuple):
    """What is known of a file under rules: its ``digest``, in hex, and what ``hid`` some of it; or ``why`` not."""

    digest: str | None
    hid: Chain = ()
    why: str = ""


def second(entry: Entry, had: Chain, wanted: Chain) -> Second:
    """Return what an entry proves under the rules that are ``wanted``, when it was made under those that it ``had``."""
    places = _places(had, wanted)
    if entry.digest is None or places is None:
        return Second(None, why="without_rule")
    after = entry.after
    if after is None or not wanted:
        return Second(entry.digest)
    if after.doubt is not None:
        return Second(None, why=after.doubt.value)
    hid = tuple(applied for applied in had if any(hidden.rule == applied.number for hidden in after.hidden))
    # SECURITY: what a rule hid that nobody wants here would be hidden from the comparison too.
    if len(hid) != len(after.hidden) or not places.issuperset(hid):
        return Second(None, why="without_rule")
    return Second(after.digest, hid)


def after_problem(entry: Entry, chain: Chain) -> str | None:
    """Return why a file cannot have this evidence under these rules; ``None`` when it can."""
    after = entry.after
    if after is None:
        is_due = bool(chain) and entry.digest is not None and (entry.size or 0) > MAX_DERIVED_BYTES
        return "is too large for a second digest, and does not say so" if is_due else None
    numbers = {applied.number for applied in chain}
    if not chain or not numbers.issuperset(hidden.rule for hidden in after.hidden):
        return "has a second digest under a rule that the header does not have for it"
    has_block = any(applied.rule.kind is RuleKind.IGNORE_BLOCK for applied in chain)
    if after.doubt not in (None, DerivedDoubt.TOO_LARGE) and not has_block:
        return "has a doubt about blocks, and no rule speaks of any"
    return None


def _places(had: Chain, wanted: Chain) -> set[Applied] | None:
    """Return those of the rules that it had which are the wanted ones, in the same order; ``None`` when not all are."""
    found: set[Applied] = set()
    rest = iter(had)
    for one in wanted:
        place = next((applied for applied in rest if applied.effect == one.effect), None)
        if place is None:
            return None
        found.add(place)
    return found
