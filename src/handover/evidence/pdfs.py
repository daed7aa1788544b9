"""Step 11 of a verification: signed PDFs that lie beside the files of a round.

What is said of them stands beside the answers and never replaces one: who signs a PDF says that it is that document,
and not whether the facts are right. So a good one changes no exit code. One that begins with the bytes of our PDF and
is not what was signed fails, like everything here that was altered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from handover.digests import sha256_hex
from handover.errors import MalformedInput
from handover.evidence.contents import Table, Vouched
from handover.evidence.inventory import REPORT_NAME
from handover.evidence.pdf_findings import (
    EXTRA,
    MAX_PDF,
    Examined,
    PdfName,
    PdfPolicy,
    PdfProblem,
    PdfSignature,
    PdfState,
    SignedPdf,
)
from handover.evidence.policy import Policy
from handover.evidence.statement import PartyRole
from handover.evidence.verification import Ledger, Step
from handover.report import FileRef


def check_pdfs(files: Vouched, table: Table, policy: Policy, ledger: Ledger) -> tuple[SignedPdf, ...]:
    """Step 11: each signed PDF is ours and was only signed, or is shown as a document from elsewhere."""
    names = table.inventory.signed_pdfs
    if not names:
        return ()
    if policy.pdf.examine is None:
        ledger.passed(Step.PDFS, f"not judged, for want of {EXTRA}: {', '.join(map(str, names))}")
        return tuple(
            SignedPdf(file=str(name), about=name.original, state=PdfState.NOT_JUDGED, report=None) for name in names
        )
    if REPORT_NAME not in files.refs:
        ledger.not_checked(Step.PDFS, Step.DIGESTS)
        return ()
    judged = [pdf for name in names if (pdf := ledger.attempt(Step.PDFS, _judge_file, files, name, policy)) is not None]
    for problem in (*_problems(judged), *_shared_certificates(judged)):
        ledger.failed(Step.PDFS, problem)
    ledger.passed(Step.PDFS, "; ".join(f"{pdf.file}: {pdf.state}" for pdf in judged))
    return tuple(judged)


def judge(
    raw: bytes, name: PdfName, original: FileRef | None, report_sha256: str, policy: PdfPolicy, at: datetime
) -> SignedPdf:
    """Say what the bytes of a signed PDF are; ``original`` is the PDF of the report that it is named after.

    Raises ``MalformedInput`` for what is no PDF.
    """
    assert policy.examine is not None
    if not raw.startswith(b"%PDF-"):
        raise MalformedInput("is no PDF", where=str(name))
    ours = original is not None and sha256_hex(raw[: original.length]) == original.sha256
    length = original.length if original is not None and ours else None
    found = (
        Examined(why=(PdfProblem.TOO_LARGE,))
        if len(raw) > MAX_PDF
        else policy.examine(raw, policy.question(length, report_sha256, at))
    )
    return SignedPdf(
        file=str(name),
        about=name.original,
        state=_state(found) if ours else PdfState.EXTERNAL,
        report=found.report,
        why=found.why,
        signatures=found.signatures,
    )


def problems_of(pdf: SignedPdf) -> Iterator[PdfProblem]:
    """Yield why a PDF of ours is not what its name says; nothing for a document from elsewhere."""
    if pdf.state in (PdfState.SIGNED, PdfState.MARKED, PdfState.ALTERED):
        yield from pdf.why
        for signature in pdf.signatures:
            if not signature.intact:
                yield from signature.why


def _judge_file(files: Vouched, name: PdfName, policy: Policy) -> SignedPdf:
    original = files.refs.get(name.original)
    with files.bundle.open(str(name)) as stream:
        raw = stream.read(MAX_PDF + 1)
    return judge(raw, name, original, files.refs[REPORT_NAME].sha256, policy.pdf, policy.at)


def _state(found: Examined) -> PdfState:
    if found.why:
        return PdfState.ALTERED
    return PdfState.MARKED if found.marked else PdfState.SIGNED


def _problems(judged: Iterable[SignedPdf]) -> Iterator[str]:
    for pdf in judged:
        if problems := dict.fromkeys(problems_of(pdf)):
            yield f"{pdf.file} is not our PDF with good signatures: {', '.join(problems)}"


def _shared_certificates(judged: Iterable[SignedPdf]) -> Iterator[str]:
    """Say which certificate signed in the fields of several parties: nobody could say who signed."""
    holders: dict[str, set[PartyRole]] = {}
    for signature in _counted(judged):
        if signature.role is not None and signature.certificate is not None:
            holders.setdefault(signature.certificate, set()).add(signature.role)
    for certificate, roles in holders.items():
        if len(roles) > 1:
            yield f"the certificate {certificate} signed for {' and '.join(sorted(roles))}"


def _counted(judged: Iterable[SignedPdf]) -> Iterator[PdfSignature]:
    for pdf in judged:
        if pdf.state in (PdfState.SIGNED, PdfState.MARKED):
            yield from (signature for signature in pdf.signatures if signature.intact)
