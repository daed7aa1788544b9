"""What ``--json`` prints: one document on stdout for every command, for scripts.

Codes and numbers, no wording but that of findings and errors. Specification: ``docs/spec/result.md``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from handover import strict_json
from handover.comparison import Difference, Doubt, Excluded, share_bp
from handover.errors import ExitCode
from handover.evidence.pdf_findings import SignedPdf
from handover.evidence.statement import Decision, Statement
from handover.evidence.verification import Verification
from handover.render import Differences, Scanned, sampling
from handover.render.documents import (
    CarriedBySide,
    DifferenceRow,
    ErrorResult,
    ErrorRow,
    ExcludedShare,
    FailureRow,
    FindingRow,
    PartResult,
    PdfSignedResult,
    PreparedCommand,
    PreparedResult,
    RemarkRow,
    Result,
    ScanResult,
    SignedResult,
    StartedResult,
    TrustedResult,
)
from handover.render.wording.remarks import remarks
from handover.report import Finding, PartReport, Report, verdict_of


class Signed(Protocol):
    """A statement on disk with its signature."""

    @property
    def statement(self) -> Statement:
        """The statement."""

    @property
    def path(self) -> Path:
        """Its file."""

    @property
    def signature(self) -> Path:
        """The file with its signature."""


class Prepared(Protocol):
    """Statements that somebody else signs."""

    @property
    def folder(self) -> Path:
        """Where they are."""

    @property
    def commands(self) -> tuple[tuple[Decision | None, str], ...]:
        """The command for each decision."""


def round_document(
    report: Report, differences: Differences, exit_code: ExitCode, folder: Path | None, limit: int
) -> bytes:
    """Return the document of ``compare`` and ``run``, with at most ``limit`` differences of each part."""
    document = Result(
        type="handover-result",
        version=1,
        verdict=report.verdict,
        because=report.because,
        exit_code=exit_code,
        strength=report.strength,
        scope=report.scope,
        remarks=tuple(
            RemarkRow(code=remark.code, part=remark.part or None, side=remark.side or None)
            for remark in remarks(report)
        ),
        excluded=_excluded_in_all(report),
        failures=tuple(_failures(report)),
        parts=tuple(_part(part, differences, limit) for part in report.parts),
        findings=tuple(map(_finding, report.findings)),
        case_id=report.case.id,
        round=report.round,
        bundle=None if folder is None else _path(folder),
    )
    return strict_json.encode_document(document)


def error_document(code: ExitCode, what: str, where: str, hint: str) -> bytes:
    """Return the document of a command that failed."""
    return strict_json.encode_document(ErrorResult(error=ErrorRow(code=code, what=what, where=where, hint=hint)))


def scanned_document(output: Path, done: Scanned) -> bytes:
    """Return the document of ``scan``."""
    trailer = done.trailer
    gaps = trailer.status == "gaps"
    return strict_json.encode_document(
        ScanResult(
            type="handover-scanned",
            version=1,
            exit_code=ExitCode.UNDETERMINED if gaps else ExitCode.COMPLETE,
            manifest=_path(output),
            status=trailer.status,
            entries=trailer.entries,
            bytes=trailer.bytes,
            gaps=trailer.gaps,
            carried=trailer.carried,
            content_root=trailer.content_root,
            structure_root=trailer.structure_root,
            started_at=done.header.started_at,
            ended_at=trailer.ended_at,
        )
    )


def verified_document(done: Verification) -> bytes:
    """Return the document of ``verify``."""
    return strict_json.encode_document(done)


def signed_document(signed: Signed) -> bytes:
    """Return the document of ``sign`` and ``add``."""
    return strict_json.encode_document(
        SignedResult(
            type="handover-signed",
            version=1,
            file=_path(signed.path),
            signature=_path(signed.signature),
            statement=signed.statement,
        )
    )


def pdf_signed_document(path: Path, found: SignedPdf) -> bytes:
    """Return the document of ``sign --pdf``, and of ``add`` for a PDF."""
    return strict_json.encode_document(
        PdfSignedResult(type="handover-pdf-signed", version=1, file=_path(path), pdf=found)
    )


def prepared_document(prepared: Prepared) -> bytes:
    """Return the document of ``sign --print-command``."""
    commands = tuple(PreparedCommand(decision=decision, command=command) for decision, command in prepared.commands)
    return strict_json.encode_document(
        PreparedResult(type="handover-prepared", version=1, folder=_path(prepared.folder), commands=commands)
    )


def started_document(terms: Path, case_id: str, preset: str, mark: str) -> bytes:
    """Return the document of ``init``; ``mark`` is the file that speaks for the preset."""
    return strict_json.encode_document(
        StartedResult(type="handover-started", version=1, terms=_path(terms), case_id=case_id, preset=preset, mark=mark)
    )


def trusted_document(host: str, key_type: str, fingerprint: str, added: bool) -> bytes:  # noqa: FBT001  a plain fact
    """Return the document of ``trust host``."""
    return strict_json.encode_document(
        TrustedResult(
            type="handover-trusted", version=1, host=host, key_type=key_type, fingerprint=fingerprint, added=added
        )
    )


def fraction(bp: int) -> str:
    """Return basis points as a decimal fraction, such as ``0.0312``."""
    return f"{bp // 10_000}.{bp % 10_000:04d}"


def _path(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _failures(report: Report) -> Iterator[FailureRow]:
    for part in report.parts:
        for name, side in (("source", part.source), ("target", part.target)):
            failure = side.failure
            if failure is not None:
                yield FailureRow(
                    part=part.name,
                    side=name,
                    code=failure.code,
                    what=failure.what,
                    where=failure.where,
                    hint=failure.hint,
                )


def _part(part: PartReport, differences: Differences, limit: int) -> PartResult:
    comparison = part.comparison
    if comparison is None:
        return PartResult(
            name=part.name, verdict=verdict_of(part), because=(Doubt.ONE_SIDED,), differences_total=0, differences=()
        )
    return PartResult(
        name=part.name,
        verdict=comparison.verdict,
        because=comparison.because,
        counts=comparison.counts,
        bytes=comparison.bytes,
        excluded=_excluded(comparison.excluded),
        gaps=comparison.gaps,
        carried=_carried(part),
        site=part.site,
        differences_total=sampling.total(comparison),
        differences=tuple(map(_row, sampling.first(comparison, differences(part.name), limit))),
    )


def _carried(part: PartReport) -> CarriedBySide | None:
    source, target = part.source.carried, part.target.carried
    return None if source is target is None else CarriedBySide(source=source, target=target)


def _row(difference: Difference) -> DifferenceRow:
    return DifferenceRow(path=difference.path, path_b64=difference.path_b64, kind=difference.kind, why=difference.why)


def _excluded(excluded: Excluded) -> ExcludedShare:
    return ExcludedShare(files=excluded.files, bytes=excluded.bytes, share=fraction(excluded.share_bp))


def _excluded_in_all(report: Report) -> ExcludedShare:
    each = [part.comparison.excluded for part in report.parts if part.comparison is not None]
    files, size = sum(one.files for one in each), sum(one.bytes for one in each)
    share = max(
        share_bp(files, sum(one.source_files for one in each)), share_bp(size, sum(one.source_bytes for one in each))
    )
    return ExcludedShare(files=files, bytes=size, share=fraction(share))


def _finding(finding: Finding) -> FindingRow:
    return FindingRow(
        cause=finding.cause,
        title=finding.title,
        part=finding.part,
        count=finding.count,
        share=fraction(finding.share_bp),
        confidence=finding.confidence,
        evidence=finding.evidence,
        remedy=finding.remedy,
    )
