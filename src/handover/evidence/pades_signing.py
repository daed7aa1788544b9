"""Sign a PDF: PAdES baseline B-B (ETSI EN 319 142-1), as an incremental update: earlier signatures stay valid.

The one home of pyHanko's writing half. A seal is a certifying signature without a place on a page: after it nothing may
be done with the document but filling in its fields, and programs of signing services keep to that.
"""

from __future__ import annotations

import io
from datetime import datetime

from asn1crypto import keys, x509
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from handover.errors import Refused
from handover.evidence.certificates import Identity
from handover.evidence.pdf_findings import SEAL


class _Signer(signers.PdfSigner):
    """Signs at the time that it is told; pyHanko asks the clock of this machine."""

    def __init__(self, metadata: signers.PdfSignatureMetadata, identity: Identity, at: datetime) -> None:
        field = SigFieldSpec(SEAL, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True))
        super().__init__(
            metadata,
            _simple_signer(identity),
            stamp_style=StaticStampStyle(border_width=0),
            new_field_spec=field if metadata.certify else None,
        )
        self._at = at

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002  as in pyHanko
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self._at
        return session


def sign(raw: bytes, field: str, identity: Identity, at: datetime, *, where: str) -> bytes:
    """Return the PDF with one more signature, in a field that is there and empty, or as the seal.

    What is returned begins with ``raw``. Raises ``Refused`` when the document cannot or may not be signed so.
    """
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=field == SEAL,
        docmdp_permissions=MDPPerm.FILL_FORMS,
    )
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(raw), decode_limits=DecodeLimits.for_untrusted_input())
        output = io.BytesIO()
        _Signer(metadata, identity, at).sign_pdf(writer, existing_fields_only=field != SEAL, output=output)
    except (SigningError, PdfError) as error:
        raise Refused(
            f"cannot be signed as {field}",
            where=where,
            hint="It has no such field, the field is filled in, or the document was closed for it.",
        ) from error
    return output.getvalue()


def _simple_signer(identity: Identity) -> signers.SimpleSigner:
    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # theirs
    chain.register_multiple(map(x509.Certificate.load, identity.chain))
    return signers.SimpleSigner(
        signing_cert=x509.Certificate.load(identity.certificate),
        signing_key=keys.PrivateKeyInfo.load(identity.key),
        cert_registry=chain,
    )
