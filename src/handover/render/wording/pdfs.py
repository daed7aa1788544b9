"""Signed PDFs in words: what each is, who signed it, and what that is worth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from handover.evidence.pdf_findings import EXTRA, PdfProblem, PdfSignature, PdfState, ReportInside, SignedPdf
from handover.render import glyphs
from handover.render.wording.codes import ROLES
from handover.render.wording.language import Labels, clock, foreign, moment, name, say

PROBLEMS = Labels(
    {
        PdfProblem.UNREADABLE: "it cannot be read in bounded time and memory",
        PdfProblem.TOO_LARGE: "it is longer than what is looked at",
        PdfProblem.UNSIGNED: "it carries no signature",
        PdfProblem.CHANGED: "more was changed in it than that it was signed",
        PdfProblem.TRAILING: "there are bytes after its end",
        PdfProblem.REPORT: "another report.json was attached when it was signed",
        PdfProblem.COVERAGE: "the signature leaves out a part of what was there",
        PdfProblem.MISFIT: "the signature does not fit these bytes",
        PdfProblem.WEAK: "the signature was made with a weak digest or key",
        PdfProblem.NO_CHAIN: "no certificate that was given vouches for it",
        PdfProblem.NOT_VALID_THEN: "a certificate was not valid at that time",
        PdfProblem.REVOKED: "a certificate was revoked",
        PdfProblem.CERTIFICATE: "its certificates may not sign documents, or do not fit together",
    }
)


def document(pdf: SignedPdf) -> str:
    """Return what a signed PDF is, in one sentence."""
    file = foreign(pdf.file)
    match pdf.state:
        case PdfState.SIGNED:
            return say("{file}: our PDF, and nothing but signatures was added to it.", file=file)
        case PdfState.MARKED:
            return say(
                "{file}: our PDF with good signatures, of which one draws a box of its own on a page. "
                "Look whether that hides anything.",
                file=file,
            )
        case PdfState.ALTERED:
            return say("{file}: NOT WHAT IT SEEMS, {why}.", file=file, why=_listing(pdf.why))
        case PdfState.NOT_JUDGED:
            return say("{file}: not judged, because {extra} is not installed.", file=file, extra=EXTRA)
        case PdfState.EXTERNAL:
            return _external(pdf, file)


def signature(signed: PdfSignature, state: PdfState) -> str:
    """Return one signature: whose field, which certificate, and what it is worth; intact and trusted apart."""
    values = {
        # SECURITY: what others chose comes after what we say of it, or it could be read as that.
        "whose": say("A field of theirs") if signed.role is None else ROLES[signed.role],
        "signer": _signer(signed),
        "certificate": (signed.certificate or "?")[:16],
        "when": "?" if signed.signed_at is None else moment(signed.signed_at),
        "why": _listing(signed.why),
    }
    if not signed.intact:
        return say("{whose}: NOT INTACT, {why}. Certificate {certificate} of {signer}", **values)
    if signed.trusted is None:
        return say(
            "{whose}: intact; whether it is trusted is not known, because no certificate was given (--pdf-trust). "
            "Says {when}, certificate {certificate} of {signer}",
            **values,
        )
    if not signed.trusted:
        return say("{whose}: intact, not trusted: {why}. Says {when}, certificate {certificate} of {signer}", **values)
    if state is PdfState.EXTERNAL:
        return say("{whose}: intact and trusted, in their own document. Says {when}, certificate of {signer}", **values)
    return say("{whose}: intact and trusted. Says {when}, certificate {certificate} of {signer}", **values)


def _signer(signed: PdfSignature) -> str:
    """Return the subject of the certificate, and the name of the field where nobody reserved one."""
    signer = foreign(signed.signer or "?")
    if signed.role is not None:
        return signer
    return say("{signer}, field {field}", signer=signer, field=foreign(signed.field))


def mark(identity: str, at: datetime, zone: str) -> str:
    """Return what stands in the field of whoever signs: the name in the certificate, and when by the clock of a zone.

    Every character of it can be printed.
    """
    signed = say("Signed electronically")
    when = say("{clock} ({zone})", clock=clock(at), zone=foreign(zone))
    return "\n".join(map(glyphs.printable, (signed, foreign(identity), when)))


def kept(path: Path, pdf: SignedPdf) -> Iterator[str]:
    """Yield what is told after a PDF was signed or taken in."""
    yield name(os.fsencode(path))
    yield document(pdf)
    for signed in pdf.signatures:
        yield say("  {signature}", signature=signature(signed, pdf.state))
    yield ""
    yield say("Next: send this file to the party that signs after you, or check all with")
    yield say(
        "  handover verify {folder} --keys allowed_signers --pdf-trust roots.pem", folder=name(os.fsencode(path.parent))
    )


def _external(pdf: SignedPdf, file: str) -> str:
    if PdfProblem.UNREADABLE in pdf.why or PdfProblem.TOO_LARGE in pdf.why:
        return say("{file}: a document from elsewhere that could not be read.", file=file)
    if pdf.report is ReportInside.SAME:
        return say(
            "{file}: a document from elsewhere; the report.json attached to it is the one of this round.", file=file
        )
    if pdf.report is ReportInside.OTHER:
        return say("{file}: a document from elsewhere; the report.json attached to it is ANOTHER one.", file=file)
    return say("{file}: a document from elsewhere. What stands in it is for a person to read.", file=file)


def _listing(problems: Iterable[PdfProblem]) -> str:
    return "; ".join(PROBLEMS[problem] for problem in dict.fromkeys(problems))
