"""The report: the result of one round as one document, computed from manifests and rules and from nothing else.

``compare_part``, ``scope_of`` and ``total`` are pure. ``verify`` calls the same functions on the same evidence and
wants the same values, so a report cannot say what its manifests do not. Specification: ``docs/spec/report.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

import msgspec

from handover import strict_json
from handover.areas import Area
from handover.challenge import Challenge, doubted
from handover.compare import Comparer
from handover.comparison import Comparison, Difference, Doubt, Verdict, worst_verdict
from handover.digests import Algorithm, Strength
from handover.errors import ExitCode
from handover.likeness import Likeness, likeness
from handover.manifest import Base, Carried, CaseRef, Clock, Counts, GapCounts, Header, Machine, RanBy, Trailer
from handover.manifest_reader import Reader
from handover.rollup import FolderSummary, Rollup
from handover.rules import RuleSet
from handover.sentences import Sentence
from handover.site import SiteFacts
from handover.site_check import SiteCheck
from handover.strict_json import Count, Document, Hex256, Instant

VERSION: Literal[1] = 1
TYPE: Literal["handover-report"] = "handover-report"
RoundNumber = Annotated[int, msgspec.Meta(ge=1, le=9999)]

_WEAKEST_FIRST = (Strength.LISTING, Strength.ACCIDENTAL, Strength.CRYPTOGRAPHIC)


class FileRef(Document):
    """A file of the bundle by its bytes."""

    name: str
    sha256: Hex256
    length: Count


class Previous(Document):
    """The round before this one: its number and the digest of its ``SHA256SUMS``."""

    round: RoundNumber
    sha256: Hex256


class EarlierRemark(Document):
    """One point that a party wanted on record with its answer, as its statement has it."""

    about: str | None = None
    text: str
    position: Literal["confirmed", "disputed", "not_examined"] | None = None
    remedy: str | None = None
    by_date: str | None = None


class EarlierAnswer(Document):
    """What a party answered to an earlier round; ``sha256`` is that of its statement, with no signature checked."""

    role: Literal["sender", "receiver", "agency", "client"]
    party: str
    facts: Literal["confirmed", "disputed", "not_examined"]
    decision: Literal["accept", "accept_with_remarks", "reject", "none"]
    signed_at: Instant
    sha256: Hex256
    remarks: tuple[EarlierRemark, ...] = ()


class EarlierRound(Document):
    """An earlier round of the case and the answers that lay beside it when this one was made."""

    round: RoundNumber
    sha256: Hex256
    created_at: Instant
    verdict: Verdict
    answers: tuple[EarlierAnswer, ...] = ()


class Party(Document):
    """One party of the case, as the terms name it; ``keys`` are OpenSSH public key lines."""

    role: Literal["sender", "receiver", "agency", "client"]
    name: str
    contact: str | None = None
    language: str | None = None
    reference: str | None = None
    keys: tuple[str, ...] = ()


class Dates(Document):
    """Dates of the terms, as they stand there, in the time zone of the case."""

    complete_by: str | None = None
    frozen_from: str | None = None
    cutover_at: str | None = None
    source_ends: str | None = None


class ScopeState(StrEnum):
    """What a report says of one subject: a verdict, or that it is no part of the handover."""

    NOT_COMPLETE = "not_complete"
    UNDETERMINED = "undetermined"
    COMPLETE_AS_AGREED = "complete_as_agreed"
    COMPLETE = "complete"
    NOT_PART = "not_part"


class ScopeItem(Document):
    """One subject and what this report says of it; a database that a preset knows of is ``not_part``."""

    subject: Literal["files", "database"]
    part: str
    state: ScopeState


class Custody(Document):
    """A signed statement that came with a manifest: this is what I had at that time."""

    role: str
    party: str
    key: str
    signed_at: Instant
    manifest_sha256: Hex256
    statement_sha256: Hex256


class Failure(Document):
    """Why a side could not be read: the exit code, what happened and where, as harmless text."""

    code: Count
    what: str
    where: str = ""
    hint: str = ""


class SideReport(Document):
    """What the report says of one side of a part: taken from its manifest, or why there is none."""

    location: str
    failure: Failure | None = None
    manifest: FileRef | None = None
    route: str | None = None
    ran_by: RanBy | None = None
    machine: Machine | None = None
    clock: Clock | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    digest: Algorithm | None = None
    recheck: bool | None = None
    counts: Counts | None = None
    bytes: Count | None = None
    gaps: GapCounts | None = None
    base: tuple[Base, ...] = ()
    carried: Carried | None = None
    content_root: Hex256 | None = None
    structure_root: Hex256 | None = None
    custody: tuple[Custody, ...] = ()


class PartReport(Document):
    """Result of one part. ``comparison`` is absent when neither side was read, ``challenge`` when there was none.

    A report of 0.1 has no ``areas``.
    ``site`` is absent when no preset says what the part is, and when no difference concerns it.
    """

    name: str
    likeness: Likeness | None = None
    source: SideReport
    target: SideReport
    comparison: Comparison | None = None
    challenge: Challenge | None = None
    folders: tuple[FolderSummary, ...] = ()
    folders_total: Count
    areas: tuple[Area, ...] = ()
    site: SiteFacts | None = None


class Fact(Document):
    """One value that a finding rests on, such as a limit or a folder, for programs and for other languages."""

    name: str
    value: str


class Finding(Document):
    """A likely cause that explains many differences: opinion with evidence, never part of a verdict.

    ``share_bp`` is the share of the part's differences that it explains, in basis points. No difference counts for two
    findings. Texts are in English and harmless; ``facts`` are the values in them. ``sentences`` are the texts once
    more, for other languages: each says in English what one of the texts does. A text that none of them says is a
    command.
    """

    cause: str
    title: str
    part: str
    count: Count
    share_bp: Count
    confidence: Literal["high", "medium", "low"]
    evidence: tuple[str, ...]
    remedy: tuple[str, ...]
    facts: tuple[Fact, ...] = ()
    sentences: tuple[Sentence, ...] = ()


class Report(Document):
    """One round of a case: the verdict with everything that must be said beside it."""

    type: Literal["handover-report"]
    version: Literal[1]
    tool: str
    case: CaseRef
    round: RoundNumber
    previous: Previous | None = None
    history: tuple[EarlierRound, ...] = ()
    created_at: Instant
    timezone: str
    dates: Dates
    parties: tuple[Party, ...]
    required_signatures: tuple[str, ...]
    verdict: Verdict
    because: tuple[Doubt, ...]
    strength: Strength
    scope: tuple[ScopeItem, ...]
    parts: tuple[PartReport, ...]
    findings: tuple[Finding, ...]
    files: tuple[FileRef, ...]

    @classmethod
    def from_bytes(cls, raw: bytes, *, where: str) -> Self:
        """Parse ``report.json``, or raise ``MalformedInput``."""
        return strict_json.decode_document(cls, raw, where=where)

    def to_bytes(self) -> bytes:
        """Return the one form of this document."""
        return strict_json.encode_document(self)


@dataclass(frozen=True, slots=True)
class SideInput:
    """One side of a part as evidence: a reader over its manifest and the name of that file, or why there is none."""

    location: str
    file_name: str
    reader: Reader | None
    failure: Failure | None = None
    custody: tuple[Custody, ...] = ()

    def report(self) -> SideReport:
        """Return what the report says of the side; the reader must have come to its end."""
        if self.reader is None:
            return SideReport(location=self.location, failure=self.failure)
        manifest = FileRef(name=self.file_name, sha256=self.reader.sha256, length=self.reader.length)
        return side_report(self.reader.header, self.reader.trailer, manifest, self.custody)


Sink = Callable[[Difference], None]


def side_report(header: Header, trailer: Trailer, manifest: FileRef, custody: tuple[Custody, ...]) -> SideReport:
    """Return what a manifest says of its side."""
    return SideReport(
        location=header.location,
        manifest=manifest,
        route=header.route,
        ran_by=header.ran_by,
        machine=header.machine,
        clock=header.clock,
        started_at=header.started_at,
        ended_at=trailer.ended_at,
        digest=header.digest,
        recheck=header.options.recheck,
        counts=trailer.counts,
        bytes=trailer.bytes,
        gaps=trailer.gaps,
        base=header.base,
        carried=trailer.carried,
        content_root=trailer.content_root,
        structure_root=trailer.structure_root,
        custody=custody,
    )


def compare_part(
    name: str,
    source: SideInput,
    target: SideInput,
    rules: RuleSet,
    sink: Sink,
    challenge: Challenge | None = None,
) -> PartReport:
    """Compare one part, give every difference to ``sink`` in order, and return what the report says of the part.

    ``challenge`` is what came of asking both sides again. Both readers are read to their ends. Raises what ``Comparer``
    raises.
    """
    if source.reader is None and target.reader is None:
        return PartReport(name=name, source=source.report(), target=target.report(), folders_total=0)
    comparer = Comparer(source.reader, target.reader, rules)
    rollup = Rollup()
    site = SiteCheck(rules.site, target.reader) if rules.site and source.reader and target.reader else None
    takers = (rollup.add, sink) if site is None else (rollup.add, site.add, sink)
    for difference in comparer.differences():
        for take in takers:
            take(difference)
    return PartReport(
        name=name,
        likeness=likeness(source.reader.header, target.reader.header) if source.reader and target.reader else None,
        source=source.report(),
        target=target.report(),
        comparison=comparer.result() if challenge is None else doubted(comparer.result(), challenge),
        challenge=challenge,
        folders=rollup.folders(),
        folders_total=rollup.total,
        areas=comparer.areas(),
        site=None if site is None else site.facts(),
    )


def scope_of(parts: Iterable[PartReport], rules: Mapping[str, RuleSet]) -> tuple[ScopeItem, ...]:
    """Return what the report covers: the files of each part, and the database that a part has and that is not read."""
    items: list[ScopeItem] = []
    for part in parts:
        items.append(ScopeItem(subject="files", part=part.name, state=ScopeState(verdict_of(part))))
        if rules[part.name].database:
            items.append(ScopeItem(subject="database", part=part.name, state=ScopeState.NOT_PART))
    return tuple(items)


def verdict_of(part: PartReport) -> Verdict:
    """Return the verdict of one part; a part that nobody could read is undetermined."""
    return Verdict.UNDETERMINED if part.comparison is None else part.comparison.verdict


def total(parts: Iterable[PartReport]) -> tuple[Verdict, tuple[Doubt, ...], Strength]:
    """Return the verdict, the doubts and the weakest strength of all parts together."""
    parts = tuple(parts)
    verdict = worst_verdict(verdict_of(part) for part in parts)
    compared = [part.comparison for part in parts if part.comparison is not None]
    doubts = {doubt for comparison in compared for doubt in comparison.because}
    if len(compared) < len(parts):
        doubts.add(Doubt.ONE_SIDED)
    strengths = {comparison.strength for comparison in compared}
    weakest = next((strength for strength in _WEAKEST_FIRST if strength in strengths), Strength.LISTING)
    because = tuple(doubt for doubt in Doubt if doubt in doubts) if verdict is Verdict.UNDETERMINED else ()
    return verdict, because, weakest


def failures(report: Report) -> tuple[Failure, ...]:
    """Return why sides could not be read, in the order of parts, source first."""
    sides = (side for part in report.parts for side in (part.source, part.target))
    return tuple(side.failure for side in sides if side.failure is not None)


def exit_codes(report: Report) -> tuple[ExitCode, ...]:
    """Return the codes that compete for the exit of a run that made this report."""
    return (report.verdict.exit_code, *(ExitCode(failure.code) for failure in failures(report)))
