"""What is inside of a signed PDF: PAdES signatures, what was changed around them, and the report that is attached.

The one home of pyHanko's reading half; imported only when there is a signed PDF to look at. Sources: ISO 32000-2,
12.8; ETSI EN 319 142-1 (PAdES baseline); and for the attacks that are looked for here "Shadow Attacks" (NDSS 2021).
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

from asn1crypto import cms, parser, x509
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.generic import PdfObject
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from handover.digests import sha256_hex
from handover.evidence import pades_changes
from handover.evidence.pades_changes import value
from handover.evidence.pdf_findings import Examined, PdfProblem, PdfSignature, Question, ReportInside
from handover.evidence.statement import PartyRole

#: More signatures or attachments than that are nobody's protocol; each costs a reading of the whole file.
MAX_SIGNATURES = 50
MAX_ATTACHMENTS = 1000
MIN_RSA_BITS = 2048

_ATTACHMENT = "report.json"
_NOTHING: dict[str, PdfObject] = {}
_STRONG_DIGESTS = {"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}
_STRONG_CURVES = {"secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"}
_MAY_SIGN = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"})
#: By the names of ETSI EN 319 102-1, section 5.1.3; all others are about what stands in the certificates.
_UNTRUSTED = {
    "NO_CERTIFICATE_CHAIN_FOUND": PdfProblem.NO_CHAIN,
    "OUT_OF_BOUNDS_NO_POE": PdfProblem.NOT_VALID_THEN,
    "OUT_OF_BOUNDS_NOT_REVOKED": PdfProblem.NOT_VALID_THEN,
    "REVOKED": PdfProblem.REVOKED,
    "REVOKED_NO_POE": PdfProblem.REVOKED,
    "REVOKED_CA_NO_POE": PdfProblem.REVOKED,
}

# What pyHanko tells of hostile bytes has tracebacks and their words in it; what matters of it is in the result.
for _library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_library).addHandler(logging.NullHandler())
    logging.getLogger(_library).propagate = False


def examine(raw: bytes, question: Question) -> Examined:
    """Say what is in a PDF; whatever its bytes are, nothing is raised.

    Time and memory have to be bounded from outside: see ``handover.workflow.pdf_process``.
    """
    try:
        # A file that does not begin with our bytes was written by a program that we do not know, which may be sloppy.
        reader = PdfFileReader(
            io.BytesIO(raw), strict=question.ours is not None, decode_limits=DecodeLimits.for_untrusted_input()
        )
        signatures = list(reader.embedded_regular_signatures)
        if len(signatures) > MAX_SIGNATURES:
            return Examined(why=(PdfProblem.UNREADABLE,))
        changes = () if question.ours is None else tuple(pades_changes.changes(raw, question.ours, reader))
        report = _report_inside(reader, signatures, question.report_sha256)
        if question.ours is not None:
            changes += () if signatures else (PdfProblem.UNSIGNED,)
            changes += () if report is ReportInside.SAME else (PdfProblem.REPORT,)
        return Examined(
            report=report,
            marked=question.ours is not None
            and not changes
            and pades_changes.draws_outside(raw[: question.ours], reader),
            why=changes,
            signatures=tuple(_signature(raw, each, question) for each in signatures),
        )
    # SECURITY: hostile bytes raise anything in a parser of this size, from KeyError to RecursionError.
    except Exception:  # noqa: BLE001  the bytes are somebody else's: that they cannot be read is the result
        return Examined(why=(PdfProblem.UNREADABLE,))


def _report_inside(reader: PdfFileReader, signatures: list[EmbeddedPdfSignature], sha256: str) -> ReportInside:
    """Compare what is attached in each signed revision; of a document without a signature, in the last one."""
    revisions = [signature.signed_revision for signature in signatures] or [reader.total_revisions - 1]
    found: set[ReportInside] = set()
    for revision in revisions:
        attached = [sha256_hex(data) for data in _attached(reader.get_historical_resolver(revision))]
        if not attached:
            found.add(ReportInside.NONE)
        else:
            found.add(ReportInside.SAME if attached == [sha256] else ReportInside.OTHER)
    return found.pop() if len(found) == 1 else ReportInside.OTHER


def _attached(revision: HistoricalResolver) -> Iterator[bytes]:
    """Yield the contents of every attachment of the name, from the name tree (ISO 32000-2, 7.9.6 and 7.11.4)."""
    nodes = [value(value(revision.root, "/Names", _NOTHING), "/EmbeddedFiles", _NOTHING)]
    for _ in range(MAX_ATTACHMENTS):
        if not nodes:
            return
        node = nodes.pop()
        nodes += [kid.get_object() for kid in value(node, "/Kids", ())]
        for named in list(value(node, "/Names", ()))[1::2]:
            specification = named.get_object()
            if value(specification, "/UF", value(specification, "/F", None)) == _ATTACHMENT:
                yield specification["/EF"]["/F"].data
    raise ValueError("attachments without end")


def _signature(raw: bytes, embedded: EmbeddedPdfSignature, question: Question) -> PdfSignature:
    """Judge one signature; what cannot be judged does not fit."""
    try:
        certificate = embedded.signer_cert
        status = validate_pdf_signature(
            embedded, _context(question), diff_policy=pades_changes.AFTER_SIGNATURE, key_usage_settings=_MAY_SIGN
        )
        problems = tuple(_integrity_problems(raw, embedded, status))
        trusted = None if question.anchors is None else status.trusted
        untrusted = (_why_untrusted(certificate, status, question.at),) if trusted is False else ()
        return PdfSignature(
            field=_text(embedded.field_name),
            role=_role(embedded.field_name, question),
            signer=_text(certificate.subject.human_friendly),
            certificate=sha256_hex(certificate.dump()),
            signed_at=_instant(embedded.self_reported_timestamp),
            intact=not problems,
            trusted=trusted and not problems if trusted is not None else None,
            why=problems or untrusted,
        )
    except Exception:  # noqa: BLE001  as in examine: of this signature nothing can be said
        return PdfSignature(
            field=_text(embedded.field_name),
            role=_role(embedded.field_name, question),
            signer="",
            certificate=None,
            signed_at=None,
            intact=False,
            trusted=None if question.anchors is None else False,
            why=(PdfProblem.MISFIT,),
        )


def _context(question: Question) -> ValidationContext:
    """Return what certificates are judged by: nothing is fetched, and no list of this machine is asked."""
    anchors = [x509.Certificate.load(base64.b64decode(anchor)) for anchor in question.anchors or ()]
    return ValidationContext(trust_roots=anchors, allow_fetching=False, moment=datetime.fromtimestamp(question.at, UTC))


def _integrity_problems(raw: bytes, embedded: EmbeddedPdfSignature, status: PdfSignatureStatus) -> Iterator[PdfProblem]:
    if not (status.intact and status.valid):
        yield PdfProblem.MISFIT
    if status.coverage < SignatureCoverageLevel.ENTIRE_REVISION or not _gap_is_signature(raw, embedded):
        yield PdfProblem.COVERAGE
    elif not status.docmdp_ok:
        yield PdfProblem.CHANGED
    if _is_weak(embedded):
        yield PdfProblem.WEAK


def _gap_is_signature(raw: bytes, embedded: EmbeddedPdfSignature) -> bool:
    """Whether the only bytes left out are one hexadecimal string with one signature, then zeros.

    SECURITY: pyHanko adds lengths up when they fill the whole file, and does not ask where the second part begins; nor
    does it look at what follows the signature in its place.
    """
    _, length, start, _ = map(int, embedded.byte_range)
    contents = embedded.pkcs7_content
    padding = contents[parser.peek(contents) :]
    gap = raw[length:start]
    in_place = gap[:1] + gap[-1:] == b"<>" and gap[1:-1].lower() == contents.hex().encode()
    return in_place and not padding.strip(b"\0")


def _is_weak(embedded: EmbeddedPdfSignature) -> bool:
    key = embedded.signer_cert.public_key
    algorithm: cms.SignedDigestAlgorithm = embedded.signer_info["signature_algorithm"]
    if not {embedded.md_algorithm, algorithm.hash_algo} <= _STRONG_DIGESTS:
        return True
    match key.algorithm:
        case "rsa" | "rsassa_pss":
            return int(key.bit_size) < MIN_RSA_BITS
        case "ec":
            return key.curve[1] not in _STRONG_CURVES
        case kind:
            return str(kind) != "ed25519"


def _why_untrusted(certificate: x509.Certificate, status: PdfSignatureStatus, at: int) -> PdfProblem:
    if not certificate.not_valid_before.timestamp() <= at <= certificate.not_valid_after.timestamp():
        return PdfProblem.NOT_VALID_THEN
    indication = status.trust_problem_indic
    problem = PdfProblem.CERTIFICATE if indication is None else _UNTRUSTED.get(indication.standard_name)
    # Nobody but itself vouches for it: that no chain leads from it is no fault of what stands in it.
    if problem is None and certificate.self_signed != "no":
        return PdfProblem.NO_CHAIN
    return problem or PdfProblem.CERTIFICATE


def _role(field: str, question: Question) -> PartyRole | None:
    """Return whose field it is; in a document from elsewhere nobody reserved one, whatever its fields are called."""
    return PartyRole(field) if question.ours is not None and field in list(PartyRole) else None


def _text(foreign: str) -> str:
    """Return foreign text as a document can hold it."""
    return foreign.encode("utf-8", "replace").decode()[:300]


def _instant(moment: datetime | None) -> str | None:
    if moment is None or moment.tzinfo is None:
        return None
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else None
