"""Compare two manifests: one class for each path of either side, and the verdict that the counts allow.

Two streams in the same order are merged in bounded memory. Lines whose bytes before ``host`` are equal agree; whether
what they agree on was really seen is known of every line, and what was not seen is never ``same``. Runs of plain lines
that agree are counted at once; every other path is judged by itself.
Classes and verdicts: ``docs/spec/report.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from handover import paths
from handover.areas import Area, Areas, runs
from handover.comparison import (
    Comparison,
    Difference,
    Doubt,
    Excluded,
    GapsBySide,
    PathClass,
    PerClass,
    Verdict,
    share_bp,
    weight,
)
from handover.digests import Algorithm, Strength, strength
from handover.entries import Entry, EntryType, GapKind, HostStat
from handover.errors import Refused
from handover.manifest import Counts, GapCounts, Header
from handover.manifest_lines import Line
from handover.manifest_reader import Reader
from handover.merge import Follower, Leader
from handover.pairs import Judgement, Proof, by_proof, pair
from handover.proofs import ProofRules
from handover.rules import Requirement, Rule, RuleKind, RuleSet


class Likeness(StrEnum):
    """How sure it is that two manifests come from one machine."""

    SAME_ROOT = "same_root"
    SAME_MACHINE = "same_machine"
    PERHAPS = "perhaps"
    DIFFERENT = "different"


def likeness(source: Header, target: Header) -> Likeness:
    """Say whether both headers come from the same running machine, and from the same root on it.

    The digest of the kernel's boot id decides; without it machine id and host key together. Equal machine ids under
    different boot ids are a restart or a cloned disk: ``perhaps``.
    """
    a, b = source.machine, target.machine
    if a.boot_sha256 and b.boot_sha256:
        same = a.boot_sha256 == b.boot_sha256
    else:
        same = a.machine_sha256 is not None and (a.machine_sha256, a.host_key) == (b.machine_sha256, b.host_key)
    if not same:
        cloned = a.machine_sha256 is not None and a.machine_sha256 == b.machine_sha256
        return Likeness.PERHAPS if cloned else Likeness.DIFFERENT
    if a.root_inode is not None and (a.root_dev, a.root_inode) == (b.root_dev, b.root_inode):
        return Likeness.SAME_ROOT
    return Likeness.SAME_MACHINE


def common_strength(source: Algorithm, target: Algorithm) -> Strength:
    """Return what equal entries of both manifests prove; ``Refused`` when their digests cannot be compared."""
    if Algorithm.NONE in (source, target):
        return Strength.LISTING
    if source is not target:
        raise Refused(
            f"the source was read with {source.value} and the target with {target.value}: there is no common digest",
            hint=f"Scan one side again with --digest {source.value}.",
        )
    return strength(source)


def required_of_hosts(rules: RuleSet) -> frozenset[Requirement]:
    """Return what the rules require of ``host`` objects; without that, a comparison does not look at them."""
    return rules.require & {Requirement.MODE, Requirement.OWNER, Requirement.MTIME}


class Comparer:
    """Merges the manifests of two sides; ``differences`` first, then ``result``.

    ``target`` may be ``None``, and so may ``source``: the host was not reached, and nothing is known of that side.
    Raises ``MalformedInput`` when a manifest is not one, ``Refused`` when there is no common digest.
    """

    def __init__(self, source: Reader | None, target: Reader | None, rules: RuleSet) -> None:
        if source is None and target is None:
            raise ValueError("at least one side must have been read")
        self._source = _Side("source", source, ProofRules(rules.proofs(on_target=False)))
        self._target = _Side("target", target, ProofRules(rules.proofs(on_target=True)))
        self._rules = rules
        self._requires_host = required_of_hosts(rules)
        self._counts = dict.fromkeys(PathClass, 0)
        self._bytes = dict.fromkeys(PathClass, 0)
        self._areas = Areas()
        self._excluded = [0, 0]
        self._total = [0, 0]
        self._ignored_below: tuple[bytes, Rule] | None = None
        algorithms = [side.header.digest for side in (source, target) if side is not None]
        self._strength = common_strength(algorithms[0], algorithms[-1])
        self._can_skip = not self._requires_host and not self._ignores_more(source, target)

    def differences(self) -> Iterator[Difference]:
        """Yield every path that is not ``same``, in the order of paths."""
        source, target = Leader(self._source.reader), Follower(self._target.reader)
        while not (source.ended and target.ended):
            if self._can_skip and (agreeing := target.agreeing(source)):
                self._skip(source, target, agreeing)
                continue
            difference = self._judge(*self._next(source, target))
            if difference is not None:
                yield difference
        self._source.check_totals()
        self._target.check_totals()

    def result(self) -> Comparison:
        """Return counts and verdict; only after ``differences`` came to its end."""
        files, size = self._excluded
        total_files, total_size = self._total
        excluded = Excluded(
            files=files,
            bytes=size,
            source_files=total_files,
            source_bytes=total_size,
            share_bp=max(share_bp(files, total_files), share_bp(size, total_size)),
        )
        verdict, because = self._verdict(excluded)
        return Comparison(
            verdict=verdict,
            because=because,
            strength=self._strength,
            counts=PerClass(**{kind.value: count for kind, count in self._counts.items()}),
            bytes=PerClass(**{kind.value: count for kind, count in self._bytes.items()}),
            excluded=excluded,
            gaps=GapsBySide(source=self._source.gaps(), target=self._target.gaps()),
        )

    def areas(self) -> tuple[Area, ...]:
        """Return what became of everything by folder; only after ``differences`` came to its end."""
        return self._areas.told()

    def _verdict(self, excluded: Excluded) -> tuple[Verdict, tuple[Doubt, ...]]:
        counts = self._counts
        lost = counts[PathClass.MISSING] + counts[PathClass.CHANGED] + counts[PathClass.TYPE_CHANGED]
        lost += counts[PathClass.METADATA]
        if Requirement.NO_EXTRA in self._rules.require:
            lost += counts[PathClass.EXTRA]
        if lost:
            return Verdict.NOT_COMPLETE, ()
        doubts = {
            Doubt.NOT_CHECKED: counts[PathClass.NOT_CHECKED] > 0,
            Doubt.EXCLUDED: excluded.share_bp > self._rules.max_excluded_bp,
            Doubt.LISTING: self._strength is Strength.LISTING,
            Doubt.ONE_SIDED: self._source.reader is None or self._target.reader is None,
        }
        because = tuple(doubt for doubt, holds in doubts.items() if holds)
        if because:
            return Verdict.UNDETERMINED, because
        if counts[PathClass.AGREED] or counts[PathClass.IGNORED]:
            return Verdict.COMPLETE_AS_AGREED, ()
        return Verdict.COMPLETE, ()

    @staticmethod
    def _next(source: Leader, target: Follower) -> tuple[Line | None, Line | None]:
        """Take the next path: the line of each side that has it."""
        order = 0
        if source.ended or target.ended:
            order = -1 if target.ended else 1
        elif source.key != target.key:
            order = -1 if source.key < target.key else 1
        return source.take() if order <= 0 else None, target.take() if order >= 0 else None

    def _skip(self, source: Leader, target: Follower, count: int) -> None:
        """Count lines that agree and are plain: clean entries of which nothing more is asked."""
        files = size = done = 0
        for length in runs(source.keys(count)):
            files_here, size_here = source.weigh(done, length)
            self._areas.add(source.key_at(done), PathClass.SAME, length, size_here)
            files, size, done = files + files_here, size + size_here, done + length
        self._counts[PathClass.SAME] += count
        self._bytes[PathClass.SAME] += size
        for side in (self._source, self._target):
            side.count_plain(files, count - files, size)
        self._total[0] += files
        self._total[1] += size
        target.skip(count, source)
        source.advance(count)

    def _judge(self, source: Line | None, target: Line | None) -> Difference | None:
        ours = None if source is None else self._source.parse(source)
        theirs = None if target is None else self._target.parse(target)
        line = source or target
        assert line is not None
        ignoring = self._ignoring_rule(line)
        if ours is not None and source is not None:
            self._source.cover(source, ours)
        if theirs is not None and target is not None:
            self._target.cover(target, theirs)
        hosts: tuple[HostStat | None, HostStat | None] = (None, None)
        if ignoring is not None:
            judged = Judgement(PathClass.IGNORED, ("rule",), ignoring.pattern)
        elif ours is not None and theirs is not None:
            judged = self._pair(line.path, ours, theirs)
            if self._requires_host and source is not None and target is not None:
                hosts = (self._source.stat(source), self._target.stat(target))
                judged = self._required(ours, hosts, judged)
        elif ours is not None:
            judged = self._alone(ours, line, PathClass.MISSING, self._source, self._target)
        else:
            assert theirs is not None
            judged = self._alone(theirs, line, PathClass.EXTRA, self._target, self._source)
        return self._told(line, judged, (ours, theirs), hosts)

    def _told(
        self,
        line: Line,
        judged: Judgement,
        entries: tuple[Entry | None, Entry | None],
        hosts: tuple[HostStat | None, HostStat | None],
    ) -> Difference | None:
        """Count a path, and return what is told of it, after the rules that agree to a difference."""
        kind, why, rule = judged
        if kind in _AGREEABLE:
            agreed = self._rules.match(line.path)
            if agreed is not None and agrees(agreed, kind):
                kind, rule = PathClass.AGREED, agreed.pattern
        self._count(line.key, kind, *entries)
        if kind is PathClass.SAME:
            return None
        for entry in entries:
            if rule is None and entry is not None and entry.ignored is not None:
                rule = entry.ignored.rule
        return _difference(line.path, kind, why, rule, entries, hosts)

    def _pair(self, path: bytes, ours: Entry, theirs: Entry) -> Judgement:
        """Judge a path that is on both sides."""
        judged = pair(ours, theirs)
        if judged.kind is not PathClass.CHANGED or ours.type is not EntryType.FILE:
            return judged
        proofs = self._source.proof(path), self._target.proof(path)
        if not proofs[0].wanted:
            return judged
        proven = by_proof(ours, theirs, proofs, judged.why)
        # What may differ in any way need not be proven.
        doubtful = proven.kind is PathClass.NOT_CHECKED and agrees(self._rules.match(path), PathClass.CHANGED)
        return judged if doubtful else proven

    def _required(self, entry: Entry, hosts: tuple[HostStat | None, HostStat | None], judged: Judgement) -> Judgement:
        """Judge a path whose content is as agreed by what is required beside the content."""
        if judged.kind not in (PathClass.SAME, PathClass.AGREED) or hosts[0] is None or hosts[1] is None:
            return judged
        kind, why = _metadata(entry, hosts[0], hosts[1], self._requires_host)
        return judged if kind is PathClass.SAME else Judgement(kind, why)

    def _ignores_more(self, *sides: Reader | None) -> bool:
        """Whether a path that was read may be ignored here: not when the scans were done under these very rules."""
        ignores = any(rule.kind is RuleKind.IGNORE for rule in self._rules.rules)
        digest = self._rules.digest
        return ignores and any(side is not None and side.header.rules.sha256 != digest for side in sides)

    def _ignoring_rule(self, line: Line) -> Rule | None:
        if self._ignored_below is not None:
            prefix, rule = self._ignored_below
            if line.key.startswith(prefix):
                return rule
            self._ignored_below = None
        found = self._rules.match(line.path) if self._rules.rules and line.key else None
        if found is None or found.kind is not RuleKind.IGNORE:
            return None
        self._ignored_below = (line.key + b"\0", found)
        return found

    def _alone(self, entry: Entry, line: Line, kind: PathClass, side: _Side, other: _Side) -> Judgement:
        covered = other.covers(line)
        if covered is not None:
            return Judgement(PathClass.NOT_CHECKED, (f"{covered}_{other.name}",))
        if entry.ignored is not None:
            if other.ignores(entry.ignored.rule):
                return Judgement(PathClass.IGNORED, ("rule",))
            return Judgement(PathClass.NOT_CHECKED, (f"ignored_{side.name}",))
        if entry.gap is not None and (entry.type is None or entry.gap is GapKind.VANISHED):
            return Judgement(PathClass.NOT_CHECKED, (f"{entry.gap.value}_{side.name}",))
        return Judgement(kind, ("absent",))

    def _count(self, key: bytes, kind: PathClass, ours: Entry | None, theirs: Entry | None) -> None:
        files, size = weight(ours)
        size_there = size if ours is not None else weight(theirs)[1]
        self._counts[kind] += 1
        self._bytes[kind] += size_there
        self._areas.add(key, kind, 1, size_there)
        self._total[0] += files
        self._total[1] += size
        if kind in (PathClass.IGNORED, PathClass.AGREED):
            self._excluded[0] += files
            self._excluded[1] += size


class _Side:
    """One manifest during the merge, with the folder whose inside it cannot know.

    ``proof_rules`` are those that are wanted of it.
    """

    def __init__(self, name: str, reader: Reader | None, proof_rules: ProofRules) -> None:
        self.name = name
        self.reader = reader
        self._proof_rules = proof_rules
        self._had = ProofRules(()) if reader is None else reader.proof_rules
        self._cover: tuple[bytes, str] | None = None if reader is not None else (b"", "not_read")
        self._states = dict.fromkeys(("file", "dir", "link", "special", "gap", "ignored"), 0)
        self._size = 0
        self._ignore = {rule.pattern for rule in reader.header.rules.ignore} if reader is not None else set()

    def parse(self, line: Line) -> Entry:
        """Return the entry of a line, and count it."""
        assert self.reader is not None
        entry = self.reader.parse(line)
        self._states["gap" if entry.gap else "ignored" if entry.ignored else entry.type or "gap"] += 1
        if entry.clean:
            self._size += entry.size or 0
        return entry

    def count_plain(self, files: int, folders: int, size: int) -> None:
        """Count lines that were not parsed."""
        self._states["file"] += files
        self._states["dir"] += folders
        self._size += size

    def check_totals(self) -> None:
        """Make sure that the trailer counts what was there."""
        if self.reader is not None:
            self.reader.check_totals(Counts(**self._states), self._size)

    def stat(self, line: Line) -> HostStat:
        assert self.reader is not None
        return self.reader.parse_host(line)

    def proof(self, path: bytes) -> Proof:
        """Return the rules that keep proof of a path."""
        return Proof(self._proof_rules.of_path(path), self._had.of_path(path))

    def cover(self, line: Line, entry: Entry) -> None:
        """Remember what may be a folder and below which this side says nothing; one inside another adds nothing."""
        if not entry.clean and entry.may_be_folder and self.covers(line) is None:
            self._cover = (line.key + b"\0" if line.key else b"", "ignored" if entry.ignored else "below_gap")

    def covers(self, line: Line) -> str | None:
        """Return why this side cannot know a path that it does not list; ``None`` when it would have listed it."""
        if self._cover is None:
            return None
        prefix, why = self._cover
        if line.key.startswith(prefix):
            return why
        self._cover = None
        return None

    def ignores(self, pattern: str) -> bool:
        """Whether the same ignore rule was in force on this side."""
        return pattern in self._ignore

    def gaps(self) -> GapCounts:
        """Return the gaps that this side's own trailer counts."""
        if self.reader is None:
            return GapCounts(unreadable=0, unstable=0, vanished=0, unsupported=0, boundary=0)
        return self.reader.trailer.gaps


#: Which rules can agree to a proven difference.
_AGREEABLE = {
    PathClass.MISSING: (RuleKind.MAY_BE_MISSING,),
    PathClass.EXTRA: (RuleKind.MAY_BE_EXTRA,),
    PathClass.CHANGED: (RuleKind.MAY_DIFFER,),
    PathClass.TYPE_CHANGED: (RuleKind.MAY_DIFFER,),
    PathClass.METADATA: (RuleKind.MAY_DIFFER,),
}


def agrees(rule: Rule | None, kind: PathClass) -> bool:
    """Return whether the rule that matches a path agrees to this difference."""
    return rule is not None and rule.kind in _AGREEABLE.get(kind, ())


def _metadata(
    entry: Entry, source: HostStat, target: HostStat, require: frozenset[Requirement]
) -> tuple[PathClass, tuple[str, ...]]:
    """Compare what the terms require of mode, owner and mtime; unknown on one side is not equal but not checked."""
    differ: list[str] = []
    unknown: list[str] = []
    for requirement, left, right in _required_values(entry, source, target, require):
        if left is None or right is None:
            unknown.append(f"{requirement}_unknown")
        elif left != right:
            differ.append(requirement)
    if differ:
        return PathClass.METADATA, tuple(differ)
    return (PathClass.NOT_CHECKED, tuple(unknown)) if unknown else (PathClass.SAME, ())


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


def _difference(
    path: bytes,
    kind: PathClass,
    why: tuple[str, ...],
    rule: str | None,
    entries: tuple[Entry | None, Entry | None],
    hosts: tuple[HostStat | None, HostStat | None],
) -> Difference:
    text, b64 = paths.to_fields(path)
    source, target = (None if e is None else _without_path(e) for e in entries)
    shown = hosts if kind is PathClass.METADATA else (None, None)
    return Difference(
        path=text,
        path_b64=b64,
        kind=kind,
        why=why,
        rule=rule,
        source=source,
        source_host=shown[0],
        target=target,
        target_host=shown[1],
    )


def _without_path(entry: Entry) -> Entry:
    return msgspec.structs.replace(entry, path=None, path_b64=None, prefixes=None)
