"""Rules: what a handover leaves out of the comparison or agrees to, and ``rules.json``, which records them.

Rules come only from the terms and from flags, presets included. For one path the first rule that matches wins; only
rules that keep proof apply together, beside it. The near side translates the patterns for all routes, so that every
agent ignores exactly the same paths. Specification: ``docs/spec/rules.md``. This module is pure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, Self

import msgspec

from handover import strict_json
from handover.digests import sha256_hex
from handover.effects import Replacement, effect_problem, in_one_form
from handover.entries import MAX_PROOF_RULES
from handover.errors import MalformedInput, UsageError
from handover.patterns import PatternError, translate
from handover.site import Site
from handover.strict_json import Document, Hex256

MAX_RULES: Final = 1000
DEFAULT_MAX_EXCLUDED_BP: Final = 2500
#: Letters, digits and inner hyphens: a part's name begins the names of its files, on every operating system.
PART_NAME: Final = r"\A(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\Z)(?!.*-\Z)[a-z0-9][a-z0-9-]{0,31}\Z"


class RuleKind(StrEnum):
    """What a rule says of the paths that it matches."""

    IGNORE = "ignore"
    MAY_DIFFER = "may_differ"
    MAY_BE_MISSING = "may_be_missing"
    MAY_BE_EXTRA = "may_be_extra"
    IGNORE_BLOCK = "ignore_block"
    EQUAL_AFTER = "equal_after"

    @property
    def keeps_proof(self) -> bool:
        """Whether it agrees to what it names in a file, and to nothing else in it."""
        return self in (RuleKind.IGNORE_BLOCK, RuleKind.EQUAL_AFTER)


class Requirement(StrEnum):
    """What counts as a difference although it does not count unless it is asked for."""

    NO_EXTRA = "no_extra"
    MODE = "mode"
    OWNER = "owner"
    MTIME = "mtime"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Its pattern is valid: making one of a pattern that is not raises ``PatternError``.

    ``origin`` says who wrote it: ``terms``, ``preset wordpress``, ``flag --exclude``. ``begin`` and ``end`` are those
    of an ``ignore_block``; ``replace``, always in one order, is that of an ``equal_after``.
    """

    kind: RuleKind
    pattern: str
    reason: str
    origin: str
    begin: str = ""
    end: str = ""
    replace: tuple[Replacement, ...] = ()

    def __post_init__(self) -> None:
        translate(self.pattern, itertools.count())
        problem = effect_problem(
            self.begin,
            self.end,
            self.replace,
            is_block=self.kind is RuleKind.IGNORE_BLOCK,
            is_replacement=self.kind is RuleKind.EQUAL_AFTER,
        )
        if problem:
            raise PatternError(problem)
        object.__setattr__(self, "replace", in_one_form(self.replace))

    @property
    def regex(self) -> bytes:
        """The pattern as a regular expression in ASCII that must match the whole path, for ``re`` 3.6+ and PCRE."""
        return translate(self.pattern, itertools.count()).encode("ascii")


class AgentRule(NamedTuple):
    """One rule as an agent gets it: ``regex`` is for bytes and matches the whole path."""

    is_ignore: bool
    regex: str
    pattern: str


class AgentEffect(NamedTuple):
    """One rule that keeps proof as an agent gets it: both markers of a block, or pairs of old and new, longest first.

    Their bytes are text in which each character stands for one byte (Latin-1).
    """

    regex: str
    markers: tuple[str, ...]
    replace: tuple[tuple[str, str], ...]


def in_force(rules: Iterable[Rule]) -> Iterator[tuple[int, Rule]]:
    """Yield each rule that can ever apply, with its number: what was written first for a pattern wins.

    Rules that keep proof stand in the way of no rule but one with their very pattern, and several of them can have one.
    """
    patterns: set[str] = set()
    effects: set[object] = set()
    for number, rule in enumerate(rules):
        effect = rule.pattern, rule.begin, rule.end, rule.replace
        if effect not in effects if rule.kind.keeps_proof else rule.pattern not in patterns:
            yield number, rule
        patterns.add(rule.pattern)
        effects.add(effect)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one part in their order, and what else its verdict depends on.

    ``max_excluded_bp`` is in basis points, 1/100 of a percent. ``database`` names the database that belongs to the part
    and that no rule here speaks of; it is empty when there is none. ``site`` is what a preset knows of the site in it;
    no verdict depends on that.
    """

    rules: tuple[Rule, ...] = ()
    require: frozenset[Requirement] = frozenset()
    max_excluded_bp: int = DEFAULT_MAX_EXCLUDED_BP
    database: str = ""
    site: Site | None = None
    _matcher: re.Pattern[bytes] | None = field(init=False, repr=False, compare=False)
    _proofs: tuple[Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.rules) > MAX_RULES:
            raise UsageError(f"more than {MAX_RULES} rules for one part", hint="Use patterns such as `folder/**`.")
        object.__setattr__(self, "_matcher", _joined(_of_other_kinds(self.rules)))
        object.__setattr__(self, "_proofs", tuple(rule for _, rule in in_force(self.rules) if rule.kind.keeps_proof))
        if len(self._proofs) > MAX_PROOF_RULES:
            raise UsageError(f"more than {MAX_PROOF_RULES} rules that keep proof for one part")

    def proofs(self, *, on_target: bool) -> tuple[Rule, ...]:
        """Return the rules that keep proof, in order, as far as they apply on one side.

        What a source has is replaced; a target must have it as it is then.
        """
        return tuple(rule for rule in self._proofs if not on_target or rule.kind is RuleKind.IGNORE_BLOCK)

    def match(self, path: bytes) -> Rule | None:
        """Return the first rule that matches ``path`` below the part's root, of those that do not keep proof.

        No rule ever matches the root itself.
        """
        found = self._matcher.fullmatch(path) if self._matcher is not None else None
        if found is None or found.lastgroup is None:
            return None
        return self.rules[int(found.lastgroup[1:])]

    def agent_program(self) -> tuple[AgentRule, ...]:
        """Return what a scan depends on: every rule up to the last one that ignores, in order.

        The first that matches decides; when it ignores, the path is counted with everything below and not read.
        """
        rules = [rule for _, rule in _of_other_kinds(self.rules)]
        while rules and rules[-1].kind is not RuleKind.IGNORE:
            rules.pop()
        groups = itertools.count()  # one count for all, so that the agent can join them into one expression
        return tuple(
            AgentRule(rule.kind is RuleKind.IGNORE, translate(rule.pattern, groups), rule.pattern) for rule in rules
        )

    @property
    def digest(self) -> str:
        """SHA-256 in hex of ``[rules, require, max_excluded_bp, database]`` as one line of JSON."""
        part = PartRules.of("", self)
        return sha256_hex(strict_json.encode((part.rules, part.require, part.max_excluded_bp, part.database)))


#: With this begins the origin of every rule that the command line gives.
FLAG_ORIGIN: Final = "flag "


def excluded_by_flag(pattern: str) -> Rule:
    """Return the rule that ``--exclude PATTERN`` stands for."""
    return Rule(RuleKind.IGNORE, pattern, "excluded on the command line", "flag --exclude")


def agent_effects(rules: Iterable[Rule]) -> tuple[AgentEffect, ...]:
    """Return what an agent has to work out for files beside their digests, in order."""
    groups = itertools.count()
    return tuple(
        AgentEffect(
            translate(rule.pattern, groups),
            tuple(_as_latin1(marker) for marker in (rule.begin, rule.end) if marker),
            tuple((_as_latin1(pair.old), _as_latin1(pair.new)) for pair in rule.replace),
        )
        for rule in rules
    )


def _as_latin1(text: str) -> str:
    return text.encode().decode("latin-1")


def _of_other_kinds(rules: Iterable[Rule]) -> list[tuple[int, Rule]]:
    return [(number, rule) for number, rule in in_force(rules) if not rule.kind.keeps_proof]


def _joined(rules: list[tuple[int, Rule]]) -> re.Pattern[bytes] | None:
    """Return all patterns as one expression in which the last group to close is ``rN``, the number of the rule."""
    groups = itertools.count()
    expressions = [f"(?P<r{number}>{translate(rule.pattern, groups)})" for number, rule in rules]
    return re.compile("|".join(expressions).encode("ascii")) if expressions else None


class RuleRow(Document):
    """One rule in ``rules.json``, and one that keeps proof in the header of a manifest."""

    kind: RuleKind
    pattern: str
    reason: str
    origin: str
    begin: str = ""
    end: str = ""
    replace: tuple[Replacement, ...] = ()

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Return the record of a rule."""
        return cls(
            kind=rule.kind,
            pattern=rule.pattern,
            reason=rule.reason,
            origin=rule.origin,
            begin=rule.begin,
            end=rule.end,
            replace=rule.replace,
        )

    def rule(self, *, where: str) -> Rule:
        """Return the rule itself; ``MalformedInput`` when it is not valid or not written in its one form."""
        try:
            rule = Rule(self.kind, self.pattern, self.reason, self.origin, self.begin, self.end, self.replace)
        except PatternError as error:
            raise MalformedInput(error.what, where=where, hint=error.hint) from error
        if rule.replace != self.replace:
            raise MalformedInput("replacements that are out of order", where=where)
        return rule


class PartRules(Document):
    """The rules of one part in ``rules.json``; ``require`` is sorted."""

    name: Annotated[str, msgspec.Meta(pattern=PART_NAME)]
    rules: Annotated[tuple[RuleRow, ...], msgspec.Meta(max_length=MAX_RULES)]
    require: tuple[Requirement, ...]
    max_excluded_bp: Annotated[int, msgspec.Meta(ge=0, le=10_000)]
    database: str
    site: Site | None = None

    @classmethod
    def of(cls, name: str, rule_set: RuleSet) -> Self:
        """Return the record of one part."""
        return cls(
            name=name,
            rules=tuple(map(RuleRow.of, rule_set.rules)),
            require=tuple(sorted(rule_set.require)),
            max_excluded_bp=rule_set.max_excluded_bp,
            database=rule_set.database,
            site=rule_set.site,
        )

    def rule_set(self, *, where: str) -> RuleSet:
        """Return the rules themselves; ``MalformedInput`` when one is not valid."""
        rules = tuple(row.rule(where=where) for row in self.rules)
        if self.site is not None:
            self.site.check(where=where)
        try:
            return RuleSet(rules, frozenset(self.require), self.max_excluded_bp, self.database, self.site)
        except UsageError as error:
            raise MalformedInput(error.what, where=where, hint=error.hint) from error


class RulesDocument(Document):
    """``rules.json``: the rules of every part as they were used, and the digest of the terms they came from."""

    type: Literal["handover-rules"]
    version: Literal[1]
    terms_sha256: Hex256
    parts: Annotated[tuple[PartRules, ...], msgspec.Meta(min_length=1)]

    @classmethod
    def of(cls, rule_sets: Mapping[str, RuleSet], *, terms_sha256: str) -> Self:
        """Return the document for all parts, in the order of ``rule_sets``."""
        parts = tuple(PartRules.of(name, rule_set) for name, rule_set in rule_sets.items())
        return cls(type="handover-rules", version=1, terms_sha256=terms_sha256, parts=parts)

    @classmethod
    def from_bytes(cls, raw: bytes, *, where: str) -> Self:
        """Parse ``rules.json`` and check everything in it, or raise ``MalformedInput``."""
        document = strict_json.decode_document(cls, raw, where=where)
        names = [part.name for part in document.parts]
        if len(set(names)) != len(names):
            raise MalformedInput("a part is there twice", where=where)
        for part in document.parts:
            if part.require != tuple(sorted(set(part.require))):
                raise MalformedInput("what a part requires is not sorted or is there twice", where=where)
        document.rule_sets(where=where)
        return document

    def to_bytes(self) -> bytes:
        """Return the one form of this document."""
        return strict_json.encode_document(self)

    def rule_sets(self, *, where: str) -> dict[str, RuleSet]:
        """Return the rules of each part by its name; ``MalformedInput`` when a rule is not valid."""
        return {part.name: part.rule_set(where=where) for part in self.parts}
