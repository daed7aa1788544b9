"""Two entries of one path, judged by what each side recorded: the class of the path, and why.

Classes: ``docs/spec/report.md``; rules that keep proof: ``docs/spec/rules.md``. This module is pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from handover.comparison import PathClass
from handover.entries import Entry, EntryType, GapKind, HostStat
from handover.proofs import Chain, second
from handover.rules import Requirement, Rule, RuleKind

#: Gaps after which the size that is recorded can be trusted.
_STABLE_SIZE = (None, GapKind.UNREADABLE, GapKind.UNSUPPORTED, GapKind.BOUNDARY)
#: What is said of files that are the same but for what a rule names.
_SAME_BY = {RuleKind.IGNORE_BLOCK: "same_without_block", RuleKind.EQUAL_AFTER: "same_after_replacement"}

#: Which rules can agree to a proven difference.
AGREEABLE = {
    PathClass.MISSING: (RuleKind.MAY_BE_MISSING,),
    PathClass.EXTRA: (RuleKind.MAY_BE_EXTRA,),
    PathClass.CHANGED: (RuleKind.MAY_DIFFER,),
    PathClass.TYPE_CHANGED: (RuleKind.MAY_DIFFER,),
    PathClass.METADATA: (RuleKind.MAY_DIFFER,),
}


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
    if not agreeing:
        # SECURITY: one digest with two sizes is what a host says that lies, and no rule agrees to that.
        return Judgement(PathClass.CHANGED, why)
    same = {_SAME_BY[rule.kind]: None for rule in agreeing}
    return Judgement(PathClass.AGREED, (*why, *same), agreeing[0].pattern)


def required(
    entry: Entry, source: HostStat, target: HostStat, judged: Judgement, require: frozenset[Requirement]
) -> Judgement:
    """Judge a path whose content is as agreed by what is required of mode, owner and mtime beside the content.

    What is unknown on one side is not equal but not checked.
    """
    if judged.kind not in (PathClass.SAME, PathClass.AGREED):
        return judged
    differ: list[str] = []
    unknown: list[str] = []
    for requirement, left, right in _required_values(entry, source, target, require):
        if left is None or right is None:
            unknown.append(f"{requirement}_unknown")
        elif left != right:
            differ.append(requirement)
    if differ:
        return Judgement(PathClass.METADATA, tuple(differ))
    return Judgement(PathClass.NOT_CHECKED, tuple(unknown)) if unknown else judged


def agrees(rule: Rule | None, kind: PathClass) -> bool:
    """Return whether the rule that matches a path agrees to this difference."""
    return rule is not None and rule.kind in AGREEABLE.get(kind, ())


def _gaps(source: Entry, target: Entry) -> tuple[str, ...]:
    sides = (("source", source.gap), ("target", target.gap))
    return tuple(f"{gap.value}_{side}" for side, gap in sides if gap is not None)


def _sizes_differ(source: Entry, target: Entry) -> bool:
    return source.size is not None and target.size is not None and source.size != target.size


def _required_values(
    entry: Entry, source: HostStat, target: HostStat, require: frozenset[Requirement]
) -> Iterator[tuple[str, object, object]]:
    if Requirement.MODE in require and entry.type is not EntryType.LINK:
        yield "mode", source.mode, target.mode
    if Requirement.OWNER in require:
        yield "owner", _owner(source), _owner(target)
    if Requirement.MTIME in require and entry.type is EntryType.FILE:
        # Folders and links get a new time from every copy; a route that knows whole seconds sets the resolution.
        exact = source.mtime_ns is not None and target.mtime_ns is not None
        yield "mtime", *((source.mtime_ns, target.mtime_ns) if exact else (_seconds(source), _seconds(target)))


def _owner(host: HostStat) -> tuple[str, str] | None:
    return None if host.user is None or host.group is None else (host.user, host.group)


def _seconds(host: HostStat) -> int | None:
    return int(host.mtime_ns) // 10**9 if host.mtime_ns is not None else host.mtime_s
