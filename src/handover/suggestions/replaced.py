"""A path or a domain that was replaced all over the texts: where each side lies says which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import gcd

from handover.comparison import PathClass
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import is_text
from handover.effects import Replacement
from handover.rules import Rule, RuleKind
from handover.suggestions.source import ORIGIN, Ground, Source

_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.ASCII)
#: Why a file is changed that a rule keeping proof speaks of: not all that differs is what it names.
_BEYOND_RULE = "beyond_rule"
_REASON = "the path or the domain of the account, as it is on the new host"


class Replaced(Source):
    """Changed texts whose sizes fit what lies between both places: their contents have the last word."""

    def __init__(self, ground: Ground) -> None:
        self._replace = replacements(ground.source_root, ground.target_root)
        self._cutover_ns = ground.cutover_ns
        self._steps = [len(pair.new.encode()) - len(pair.old.encode()) for pair in self._replace]
        self._rules: dict[str, Rule] = {}

    def rules_for(self, seen: Observation, /) -> tuple[Rule, ...]:
        """Return the rule for all texts with that ending, when the size of this one fits."""
        return self.rest_of(seen.path) if seen.kind is PathClass.CHANGED and self._fits(seen) else ()

    def rest_of(self, path: bytes) -> tuple[Rule, ...]:
        """Return the rule for all texts that are named like this one; none when both places are named alike."""
        last = ending(path)
        if not self._replace or not last.isascii():
            return ()
        pattern = f"**/{'' if path.rpartition(b'/')[2] == last else '*'}{last.decode()}"
        made = Rule(RuleKind.EQUAL_AFTER, pattern, _REASON, ORIGIN, replace=self._replace)
        return (self._rules.setdefault(pattern, made),)

    def rules(self) -> Iterator[Rule]:
        """Yield them in the order in which their endings were met."""
        yield from self._rules.values()

    def _fits(self, seen: Observation) -> bool:
        if not self._replace or seen.source is None or seen.target is None or not is_text(seen.name):
            return False
        if _BEYOND_RULE in seen.why:
            return True  # a block in it has another size, so the sizes say nothing
        grown = (seen.target.size or 0) - (seen.source.size or 0)
        step = gcd(*self._steps)
        if step == 1 and self._was_in_use(seen):
            return False  # any size fits, so the size says nothing
        if grown == 0:
            return min(self._steps) <= 0 <= max(self._steps)
        return step > 0 and grown % step == 0 and any(one * grown > 0 for one in self._steps)

    def _was_in_use(self, seen: Observation) -> bool:
        written_ns = seen.target_stat.modified_ns
        return self._cutover_ns is not None and written_ns is not None and written_ns >= self._cutover_ns


def ending(path: bytes) -> bytes:
    """Return the last part of a name, from its last dot; a name that begins with its only dot is one as a whole."""
    name = path.rpartition(b"/")[2]
    at = name.rfind(b".")
    return name[at:] if at >= 0 else b""


def replacements(source: bytes, target: bytes) -> tuple[Replacement, ...]:
    """Return what has to be replaced for texts of the one place to be those of the other; nothing for equal places.

    The folders that both have at their ends are left out, so that ``/home/old/www`` and ``/home/new/www`` give the
    home. Where one place lies in the other, that would meet itself, and the whole paths are taken.
    """
    old, new = _text(source), _text(target)
    if old is None or new is None or old == new:
        return ()
    shorter = _without_common_end(old, new)
    if all(shorter) and not any(one.startswith(other) for one, other in (shorter, shorter[::-1])):
        old, new = shorter
    pairs = [Replacement(old=old, new=new)] if old and new else []
    domain, other = _domain(old), _domain(new)
    if domain and other and domain != other:
        pairs.append(Replacement(old=domain, new=other))
    return tuple(pairs)


def _text(path: bytes) -> str | None:
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return None
    return text if text.startswith("/") and text.isprintable() and text.count("/") > 1 else None


def _without_common_end(old: str, new: str) -> tuple[str, str]:
    ours, theirs = old.split("/"), new.split("/")
    while ours and theirs and ours[-1] == theirs[-1]:
        ours.pop()
        theirs.pop()
    return "/".join(ours), "/".join(theirs)


def _domain(path: str) -> str:
    """Return the one folder of a path that is named for a domain; empty when there is none, or several."""
    found = [name for name in path.split("/") if _DOMAIN.fullmatch(name)]
    return found[0] if len(found) == 1 else ""
