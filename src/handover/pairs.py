"""Two entries of one path, judged by what each side recorded: the class of the path, and why.

Classes: ``docs/spec/report.md``; rules that keep proof: ``docs/spec/rules.md``. This module is pure.
"""

from __future__ import annotations

from typing import NamedTuple

from handover.comparison import PathClass
from handover.entries import Entry, EntryType, GapKind
from handover.proofs import Chain, second
from handover.rules import RuleKind

#: Gaps after which the size that is recorded can be trusted.
_STABLE_SIZE = (None, GapKind.UNREADABLE, GapKind.UNSUPPORTED, GapKind.BOUNDARY)
#: What is said of files that are the same but for what a rule names.
_SAME_BY = {RuleKind.IGNORE_BLOCK: "same_without_block", RuleKind.EQUAL_AFTER: "same_after_replacement"}


class Judgement(NamedTuple):
    """The class of a path, why, and the pattern of the rule that decided it, if one did."""

    kind: PathClass
    why: tuple[str, ...] = ()
    rule: str | None = None


class Proof(NamedTuple):
    """The rules that keep proof of a path: those that are ``wanted`` on a side, and those that its scan ``had``."""

    wanted: Chain
    had: Chain


def pair(source: Entry, target: Entry) -> Judgement:
    """Judge what is on both sides, by no rule."""
    if source.ignored is not None and target.ignored is not None:
        return Judgement(PathClass.IGNORED, ("rule",))
    if source.ignored is not None:
        return Judgement(PathClass.NOT_CHECKED, ("ignored_source",))
    if target.ignored is not None:
        return Judgement(PathClass.NOT_CHECKED, ("ignored_target",))
    if GapKind.VANISHED not in (source.gap, target.gap) and source.type and target.type:
        if source.type is not target.type:
            return Judgement(PathClass.TYPE_CHANGED, ("type",))
        if source.gap in _STABLE_SIZE and target.gap in _STABLE_SIZE and _sizes_differ(source, target):
            return Judgement(PathClass.CHANGED, ("size",))
    if source.gap is not None or target.gap is not None:
        return Judgement(PathClass.NOT_CHECKED, _gaps(source, target))
    if source.digest is not None and target.digest is not None and source.digest != target.digest:
        return Judgement(PathClass.CHANGED, ("content",))
    if source.type is EntryType.LINK and source.target_bytes() != target.target_bytes():
        return Judgement(PathClass.CHANGED, ("link_target",))
    return Judgement(PathClass.SAME)


def by_proof(source: Entry, target: Entry, proofs: tuple[Proof, Proof], why: tuple[str, ...]) -> Judgement:
    """Judge a file that has changed and that rules that keep proof speak of; ``why`` says what differs.

    ``proofs``: those of the source, then those of the target.
    """
    if source.digest is None or target.digest is None:
        # A size that differs proves a loss only where no rule may agree to that.
        return Judgement(PathClass.NOT_CHECKED, ("size_and_rule", *_gaps(source, target)))
    one, other = (second(entry, had, wanted) for entry, (wanted, had) in zip((source, target), proofs, strict=True))
    if one.digest is None or other.digest is None:
        sides = ((one.why, "source"), (other.why, "target"))
        return Judgement(PathClass.CHANGED, (*why, *(f"{doubt}_{side}" for doubt, side in sides if doubt)))
    if one.digest != other.digest:
        return Judgement(PathClass.CHANGED, (*why, "beyond_rule"))
    effects = {applied.effect for applied in (*one.hid, *other.hid)}
    agreeing = [applied.rule for applied in proofs[0].wanted if applied.effect in effects]
    same = {_SAME_BY[rule.kind]: None for rule in agreeing}
    return Judgement(PathClass.AGREED, (*why, *same), agreeing[0].pattern)


def _gaps(source: Entry, target: Entry) -> tuple[str, ...]:
    sides = (("source", source.gap), ("target", target.gap))
    return tuple(f"{gap.value}_{side}" for side, gap in sides if gap is not None)


def _sizes_differ(source: Entry, target: Entry) -> bool:
    return source.size is not None and target.size is not None and source.size != target.size
