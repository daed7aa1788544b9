"""Sign a PDF: PAdES baseline B-B (ETSI EN 319 142-1), as an incremental update: earlier signatures stay valid.

The one home of pyHanko's writing half. A seal is a certifying signature without a place on a page: after it nothing may
be done with the document but filling in its fields, and programs of signing services keep to that.
"""

from __future__ import annotations

import io
import logging
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import keys, x509
from fontTools.subset import Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from pyhanko.pdf_utils.decode_limits import DecodeLimits
from pyhanko.pdf_utils.font import FontEngine, FontEngineFactory
from pyhanko.pdf_utils.font.opentype import GlyphAccumulator
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import AxisAlignment, InnerScaling, Margins, SimpleBoxLayoutRule
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.text import TextBoxStyle
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.stamp import TextStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from handover.errors import Refused
from handover.evidence.certificates import Identity
from handover.evidence.pdf_findings import SEAL

#: What a font lacks is no news to anybody.
for _library in ("pyhanko", "fontTools"):
    logging.getLogger(_library).setLevel(logging.ERROR)

_UNITS = 1000
_SIZE_PT = 9
_MARGIN_PT = 6


@dataclass(frozen=True, slots=True)
class Mark:
    """What is drawn in the field: lines of text, and the OpenType font that has all their characters.

    The font becomes a part of the PDF, because PDF/A allows no other.
    """

    text: str
    font: bytes

    @property
    def style(self) -> TextStampStyle:
        """How pyHanko is told to draw it: at the left, in the middle of the height, without a border."""
        place = SimpleBoxLayoutRule(
            AxisAlignment.ALIGN_MIN,
            AxisAlignment.ALIGN_MID,
            Margins(_MARGIN_PT, _MARGIN_PT),
            InnerScaling.SHRINK_TO_FIT,
        )
        return TextStampStyle(
            border_width=0,
            stamp_text=self.text.replace("%", "%%"),
            inner_content_layout=place,
            text_box_style=TextBoxStyle(_Font(self.font, self.text), _SIZE_PT, leading=_SIZE_PT + 3),
        )


class _Font(FontEngineFactory):
    """Gives as much of a font as a text needs, in the units that pyHanko takes every font of this kind to have."""

    def __init__(self, font: bytes, text: str) -> None:
        whole = TTFont(io.BytesIO(font))
        needed = Subsetter()
        needed.populate(text=text)
        needed.subset(whole)
        scale_upem(whole, _UNITS)
        output = io.BytesIO()
        whole.save(output)
        self._font = output.getvalue()

    def create_font_engine(self, writer: BasePdfFileWriter, obj_stream: None = None) -> FontEngine:
        return GlyphAccumulator(writer, io.BytesIO(self._font), font_size=_SIZE_PT, obj_stream=obj_stream)


class _Signer(signers.PdfSigner):
    """Signs at the time that it is told; pyHanko asks the clock of this machine."""

    def __init__(self, metadata: signers.PdfSignatureMetadata, identity: Identity, at: datetime, mark: Mark) -> None:
        field = SigFieldSpec(SEAL, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True))
        super().__init__(
            metadata,
            _simple_signer(identity),
            stamp_style=mark.style,
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


def sign(raw: bytes, field: str, identity: Identity, at: datetime, mark: Mark, *, where: str) -> bytes:
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
        _Signer(metadata, identity, at, mark).sign_pdf(writer, existing_fields_only=field != SEAL, output=output)
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
