"""Compare two manifests: one class for each path of either side, and the verdict that the counts allow.

Two streams in the same order are merged in bounded memory. Lines whose bytes before ``host`` are equal agree; whether
what they agree on was really seen is known of every line, and what was not seen is never ``same``. Runs of plain lines
that agree are counted at once; every other path is judged by itself.
Classes and verdicts: ``docs/spec/report.md``.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from handover.manifest_lines import Line
from handover.manifest_reader import Reader
from handover.merge import Follower, Leader
from handover.pairs import AGREEABLE, Judgement, agrees, by_proof, pair, required
from handover.proofs import ProofRules
from handover.rules import Requirement, Rule, RuleKind, RuleSet
from handover.sides import Side


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
        self._source = Side("source", source, ProofRules(rules.proofs(on_target=False)))
        self._target = Side("target", target, ProofRules(rules.proofs(on_target=True)))
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
        self._rules_sha256 = rules.digest
        self._can_skip = not self._requires_host and not self._ignores_more()

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
                judged = required(ours, *hosts, judged, self._requires_host)
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
        if kind in AGREEABLE:
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

    def _ignores_more(self) -> bool:
        """Whether a path that was read may be ignored here: not when the scans were done under these very rules."""
        ignores = any(rule.kind is RuleKind.IGNORE for rule in self._rules.rules)
        read = (side for side in (self._source, self._target) if side.reader is not None)
        return ignores and not all(side.made_under(self._rules_sha256) for side in read)

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

    def _alone(self, entry: Entry, line: Line, kind: PathClass, side: Side, other: Side) -> Judgement:
        covered = other.covers(line)
        if covered is not None:
            return Judgement(PathClass.NOT_CHECKED, (f"{covered}_{other.name}",))
        if entry.ignored is not None:
            # SECURITY: under the rules of this comparison it would have been listed: none of them ignores the path.
            if other.ignores(entry.ignored.rule) and not other.made_under(self._rules_sha256):
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
