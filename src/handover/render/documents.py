"""The documents that ``--json`` prints, as types; their fields in this order.

Specification: ``docs/spec/result.md``.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from handover.comparison import Doubt, GapsBySide, PathClass, PerClass, Verdict
from handover.digests import Strength
from handover.evidence.pdf_findings import SignedPdf
from handover.evidence.statement import Decision, Statement
from handover.manifest import Carried, GapCounts
from handover.render.wording.remarks import RemarkCode
from handover.report import RoundNumber, ScopeItem
from handover.site import SiteFacts
from handover.strict_json import Count, Document, Hex256, Instant


class ExcludedShare(Document):
    """What rules leave out or agree to. ``share`` is the larger of both shares as a fraction, such as ``0.0312``."""

    files: Count
    bytes: Count
    share: str


class DifferenceRow(Document):
    """One difference by its codes."""

    path: str | None = None
    path_b64: str | None = None
    kind: PathClass = msgspec.field(name="class")
    why: tuple[str, ...]


class CarriedBySide(Document):
    """What was not read again on each side, because an earlier scan had read it; absent where everything was read."""

    source: Carried | None = None
    target: Carried | None = None


class PartResult(Document):
    """Result of one part; without ``counts`` and what follows when neither side was read."""

    name: str
    verdict: Verdict
    because: tuple[Doubt, ...]
    counts: PerClass | None = None
    bytes: PerClass | None = None
    excluded: ExcludedShare | None = None
    gaps: GapsBySide | None = None
    carried: CarriedBySide | None = None
    site: SiteFacts | None = None
    differences_total: Count
    differences: tuple[DifferenceRow, ...]


class FindingRow(Document):
    """One finding; ``share`` is a fraction of the part's differences."""

    cause: str
    title: str
    part: str
    count: Count
    share: str
    confidence: str
    evidence: tuple[str, ...]
    remedy: tuple[str, ...]


class RemarkRow(Document):
    """What stands beside the verdict, as a code; without ``part`` it is about the whole."""

    code: RemarkCode
    part: str | None = None
    side: str | None = None


class FailureRow(Document):
    """Why a side was not read."""

    part: str
    side: str
    code: Count
    what: str
    where: str
    hint: str


class Result(Document):
    """The document of ``compare`` and ``run``."""

    type: Literal["handover-result"]
    version: Literal[1]
    verdict: Verdict
    because: tuple[Doubt, ...]
    exit_code: Count
    strength: Strength
    scope: tuple[ScopeItem, ...]
    remarks: tuple[RemarkRow, ...]
    excluded: ExcludedShare
    failures: tuple[FailureRow, ...]
    parts: tuple[PartResult, ...]
    findings: tuple[FindingRow, ...]
    case_id: str
    round: RoundNumber
    bundle: str | None = None


class ErrorRow(Document):
    """What went wrong, where, and what to do; ``code`` is the exit code."""

    code: Count
    what: str
    where: str
    hint: str


class ErrorResult(Document):
    """The document of a command that failed."""

    error: ErrorRow


class ScanResult(Document):
    """The document of ``scan``."""

    type: Literal["handover-scanned"]
    version: Literal[1]
    exit_code: Count
    manifest: str
    status: Literal["complete", "gaps"]
    entries: Count
    bytes: Count
    gaps: GapCounts
    carried: Carried | None = None
    content_root: Hex256 | None = None
    structure_root: Hex256 | None = None
    started_at: Instant
    ended_at: Instant


class SignedResult(Document):
    """The document of ``sign`` and ``add``: the statement itself and where it is now."""

    type: Literal["handover-signed"]
    version: Literal[1]
    file: str
    signature: str
    statement: Statement


class PdfSignedResult(Document):
    """The document of ``sign --pdf`` and of ``add`` for a PDF: where it is now, and what is found in it."""

    type: Literal["handover-pdf-signed"]
    version: Literal[1]
    file: str
    pdf: SignedPdf


class PreparedCommand(Document):
    """The command that signs one of the possible answers."""

    decision: Decision | None
    command: str


class PreparedResult(Document):
    """The document of ``sign --print-command``."""

    type: Literal["handover-prepared"]
    version: Literal[1]
    folder: str
    commands: tuple[PreparedCommand, ...]


class StartedResult(Document):
    """The document of ``init``: the preset that was written into the terms, and the file that speaks for it."""

    type: Literal["handover-started"]
    version: Literal[1]
    terms: str
    case_id: str
    preset: str = ""
    mark: str = ""


class TrustedResult(Document):
    """The document of ``trust host``; ``added`` is false when the key was trusted before."""

    type: Literal["handover-trusted"]
    version: Literal[1]
    host: str
    key_type: str
    fingerprint: str
    added: bool
