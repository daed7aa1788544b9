"""Signed PDFs: what is only signed stays good for all who signed, and nothing else passes for it."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import io
import re
import subprocess
from datetime import timedelta

import pytest
from asn1crypto import cms
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.generic import (
    ArrayObject,
    DictionaryObject,
    NumberObject,
    StreamObject,
    pdf_name,
    pdf_string,
)
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from handover.digests import sha256_hex
from handover.errors import Refused
from handover.evidence import certificates, pades, pades_signing
from handover.evidence.pdf_findings import SEAL, Examined, PdfProblem, Question, ReportInside
from handover.evidence.statement import PartyRole
from handover.render import glyphs
from support.pdfs import NOW, PASSWORD, Holder, pdfsig, protocol

REPORT = b'{"a": 1}\n'
CA = Holder("Root", authority=True)
SENDER, RECEIVER, AGENCY = (Holder(name, CA) for name in ("Anna Nowak", "Aino Virtanen", "Studio"))
OURS = protocol(REPORT)


def identity(holder: Holder) -> certificates.Identity:
    return certificates.identity(holder.pkcs12(), lambda: PASSWORD, where="key.p12", at=NOW)


@functools.cache
def sign(raw: bytes, field: str, holder: Holder) -> bytes:
    mark = pades_signing.Mark(f"Signed 100 %\n{holder.name}", glyphs.fonts()[0])
    return pades_signing.sign(raw, field, identity(holder), NOW, mark, where="a PDF")


def signer(holder: Holder) -> signers.SimpleSigner:
    key = holder.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate = asn1_x509.Certificate.load(holder.certificate.public_bytes(Encoding.DER))
    return signers.SimpleSigner(certificate, asn1_keys.PrivateKeyInfo.load(key), SimpleCertificateStore())


def sign_elsewhere(raw: bytes, field: str, holder: Holder, digest: str = "sha256", **options: object) -> bytes:
    """Sign with another program, which does what it wants."""
    certify = bool(options.pop("certify", False))
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=digest,
        subfilter=SigSeedSubFilter.PADES,
        certify=certify,
        docmdp_permissions=options.pop("permissions", MDPPerm.FILL_FORMS),
    )
    box = options.pop("box", None)
    place = SigFieldSpec(field, box=box, combine_annotation=bool(options.pop("combine", True))) if box else None
    pdf_signer = signers.PdfSigner(metadata, signer(holder), new_field_spec=place)
    return pdf_signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(raw), strict=False)).getvalue()


def examine(
    raw: bytes, *, ours: bytes | None = OURS, trust: tuple[Holder, ...] | None = (CA,), later: timedelta = timedelta(0)
) -> Examined:
    anchors = None if trust is None else tuple(holder.anchor for holder in trust)
    length = None if ours is None else len(ours)
    question = Question(
        ours=length, report_sha256=sha256_hex(REPORT), anchors=anchors, at=int((NOW + later).timestamp())
    )
    return pades.examine(raw, question)


def updated(raw: bytes, change) -> bytes:
    """The PDF with an incremental update that nobody signed."""
    writer = IncrementalPdfFileWriter(io.BytesIO(raw))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def swap_attachment(writer: IncrementalPdfFileWriter) -> None:
    names = writer.root["/Names"]["/EmbeddedFiles"]
    while "/Kids" in names:
        names = names["/Kids"][0]
    stream = names["/Names"][1]["/EF"].raw_get("/F")
    other = StreamObject(stream_data=b'{"a": 2}\n')
    other["/Type"] = pdf_name("/EmbeddedFile")
    writer.objects[(stream.generation, stream.idnum)] = other


def edit_page(writer: IncrementalPdfFileWriter) -> None:
    page, _ = writer.find_page_for_modification(0)
    page = page.get_object()
    page["/Contents"] = writer.add_object(StreamObject(stream_data=b"BT (COMPLETE) Tj ET"))
    writer.update_container(page)


def append_page(writer: IncrementalPdfFileWriter) -> None:
    page = writer.find_page_for_modification(0)[0].get_object()
    copy = type(page)({key: page.raw_get(key) for key in page if key != "/Annots"})
    pages = writer.root["/Pages"]
    while "/Kids" in pages["/Kids"][0]:
        pages = pages["/Kids"][0]
    pages["/Kids"].append(writer.add_object(copy))
    pages["/Count"] = NumberObject(int(pages["/Count"]) + 1)
    writer.update_container(pages["/Kids"])


def move_field(writer: IncrementalPdfFileWriter) -> None:
    for field in writer.root["/AcroForm"]["/Fields"]:
        field.get_object()["/Rect"] = ArrayObject(map(NumberObject, (0, 0, 600, 800)))
        writer.update_container(field.get_object())


def open_elsewhere(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/OpenAction"] = pdf_name("/Elsewhere")
    writer.update_root()


def rename(writer: IncrementalPdfFileWriter) -> None:
    place = writer.trailer.raw_get("/Info")
    place.get_object()["/Title"] = pdf_string("ALL IS COMPLETE")
    writer.mark_update(place)


def rename_in_metadata(writer: IncrementalPdfFileWriter) -> None:
    said = writer.root["/Metadata"].data.replace(b"Protocol", b"COMPLETE")
    kind = {pdf_name("/Type"): pdf_name("/Metadata"), pdf_name("/Subtype"): pdf_name("/XML")}
    writer.root["/Metadata"] = writer.add_object(StreamObject(kind, stream_data=said))
    writer.update_root()


CHANGES = (swap_attachment, edit_page, append_page, move_field, open_elsewhere)
NAMES = (rename, rename_in_metadata)


@pytest.fixture(scope="module")
def both() -> bytes:
    return sign(sign(OURS, "sender", SENDER), "receiver", RECEIVER)


# What is good


def test_both_parties_sign_one_after_the_other_and_both_stay_valid(both):
    assert both.startswith(sign(OURS, "sender", SENDER))
    assert both.startswith(OURS)
    found = examine(both)
    assert (found.why, found.marked, found.report) == ((), False, ReportInside.SAME)
    assert [(each.role, each.intact, each.trusted, each.why) for each in found.signatures] == [
        (PartyRole.SENDER, True, True, ()),
        (PartyRole.RECEIVER, True, True, ()),
    ]
    assert [each.signer for each in found.signatures] == ["Common Name: Anna Nowak", "Common Name: Aino Virtanen"]
    assert {each.signed_at for each in found.signatures} == {"2026-11-30T12:00:00Z"}
    assert pdfsig(both) == ["Signature is Valid."] * 2


def test_openssl_alone_says_the_same(both, tmp_path):
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    for embedded in PdfFileReader(io.BytesIO(both)).embedded_signatures:
        _, first, second, length = map(int, embedded.byte_range)
        (tmp_path / "signed").write_bytes(both[:first] + both[second : second + length])
        (tmp_path / "signature").write_bytes(embedded.pkcs7_content)
        done = subprocess.run(
            ["openssl", "cms", "-verify", "-inform", "DER", "-in", "signature", "-content", "signed", "-binary",
             "-CAfile", "ca.pem", "-purpose", "any", "-attime", str(int(NOW.timestamp())), "-out", "out"],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_signature_is_pades_baseline(both):
    for embedded in PdfFileReader(io.BytesIO(both)).embedded_signatures:
        assert embedded.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        attributes = {each["type"].native for each in embedded.signer_info["signed_attrs"]}
        assert attributes >= {"content_type", "message_digest", "signing_certificate_v2"}
        assert "signing_time" not in attributes  # EN 319 142-1, 6.3: the time is in the dictionary of the PDF
        assert "/Cert" not in embedded.sig_object


def test_a_seal_comes_first_and_leaves_the_fields_of_the_parties_open():
    sealed = sign(OURS, SEAL, AGENCY)
    found = examine(sign(sign(sealed, "sender", SENDER), "receiver", RECEIVER))
    assert (found.why, found.marked) == ((), False)
    assert [(each.field, each.role, each.intact) for each in found.signatures] == [
        (SEAL, None, True),
        ("sender", PartyRole.SENDER, True),
        ("receiver", PartyRole.RECEIVER, True),
    ]


def test_a_service_may_sign_in_a_field_of_its_own_that_nobody_sees():
    found = examine(sign_elsewhere(OURS, "Signature1", RECEIVER))
    assert (found.why, found.marked) == ((), False)
    assert [(each.field, each.role, each.intact) for each in found.signatures] == [("Signature1", None, True)]


@pytest.mark.parametrize("combine", [True, False], ids=["in-the-field", "below-the-field"])
def test_a_service_that_draws_a_box_of_its_own_is_told_apart(combine):
    found = examine(sign_elsewhere(OURS, "Signature1", RECEIVER, box=(0, 0, 600, 800), combine=combine))
    assert found.marked
    assert found.signatures[0].intact


@pytest.mark.parametrize("box", [(0, 0, 600, 0), (0, 0, 0, 800)], ids=["no-height", "no-width"])
def test_a_box_without_an_area_hides_nothing(box):
    assert not examine(sign_elsewhere(OURS, "Signature1", RECEIVER, box=box)).marked


# Intact and trusted are two things


def test_without_certificates_nothing_is_known_of_trust(both):
    assert {(each.intact, each.trusted, each.why) for each in examine(both, trust=None).signatures} == {
        (True, None, ())
    }


def test_a_certificate_of_another_authority_is_not_trusted(both):
    for name, problem in (("Another", PdfProblem.NO_CHAIN), ("Root", PdfProblem.CERTIFICATE)):
        found = examine(both, trust=(Holder(name, authority=True),)).signatures
        assert [(each.intact, each.trusted, each.why) for each in found] == [(True, False, (problem,))] * 2


def test_a_certificate_that_vouches_for_itself_is_trusted_when_it_was_given():
    alone = Holder("Alone")
    raw = sign(OURS, "sender", alone)
    assert examine(raw).signatures[0].why == (PdfProblem.NO_CHAIN,)
    assert examine(raw, trust=(alone,)).signatures[0].trusted


@pytest.mark.parametrize(
    ("holder", "problem"),
    [
        (
            Holder("Critical", CA, extensions=(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),)),
            PdfProblem.CERTIFICATE,
        ),
        (Holder("May only encrypt", CA, may_sign=False), PdfProblem.CERTIFICATE),
        (Holder("Not an authority's", SENDER), PdfProblem.NO_CHAIN),
    ],
    ids=["unknown-critical", "key-usage", "issued-by-no-authority"],
)
def test_a_certificate_that_may_not_sign_is_intact_and_not_trusted(holder, problem):
    (found,) = examine(sign_elsewhere(OURS, "sender", holder)).signatures
    assert (found.intact, found.trusted, found.why) == (True, False, (problem,))


def test_an_expired_certificate_is_trusted_only_for_the_time_before():
    raw = sign(OURS, "sender", SENDER)
    assert examine(raw, later=timedelta(days=200)).signatures[0].trusted
    (found,) = examine(raw, later=timedelta(days=400)).signatures
    assert (found.intact, found.trusted, found.why) == (True, False, (PdfProblem.NOT_VALID_THEN,))
    assert examine(raw, later=timedelta(days=-40)).signatures[0].why == (PdfProblem.NOT_VALID_THEN,)


@pytest.mark.parametrize(
    ("holder", "digest"),
    [
        (SENDER, "sha1"),
        (Holder("Short", CA, key=rsa.generate_private_key(65537, 1024)), "sha256"),
        (Holder("Short", CA, key=ec.generate_private_key(ec.SECP224R1())), "sha256"),
        (Holder("Old", CA, key=dsa.generate_private_key(2048)), "sha256"),
    ],
    ids=["sha1", "rsa1024", "p224", "dsa"],
)
def test_a_weak_digest_or_key_is_no_signature(holder, digest):
    (found,) = examine(sign_elsewhere(OURS, "sender", holder, digest)).signatures
    assert (found.intact, found.trusted) == (False, False)
    assert PdfProblem.WEAK in found.why


def test_rsa_that_is_long_enough_is_one():
    holder = Holder("Long", CA, key=rsa.generate_private_key(65537, 2048))
    (found,) = examine(sign(OURS, "sender", holder)).signatures
    assert (found.intact, found.trusted, found.why) == (True, True, ())


def without_certificates(raw: bytes) -> bytes:
    """The PDF with the certificates taken out of its only signature."""
    (embedded,) = PdfFileReader(io.BytesIO(raw)).embedded_signatures
    _, first, second, _ = map(int, embedded.byte_range)
    message = cms.ContentInfo.load(embedded.pkcs7_content)
    message["content"]["certificates"] = []
    return raw[: first + 1] + message.dump(force=True).hex().ljust(second - first - 2, "0").encode() + raw[second - 1 :]


@pytest.mark.parametrize(("trust", "trusted"), [((CA,), False), (None, None)], ids=["asked", "not-asked"])
def test_a_signature_that_cannot_be_judged_does_not_fit_and_is_named_by_its_field(trust, trusted):
    (told,) = examine(without_certificates(sign(OURS, "sender", SENDER)), trust=trust).signatures
    assert (told.field, told.role, told.signer) == ("sender", PartyRole.SENDER, "")
    assert (told.intact, told.trusted, told.why) == (False, trusted, (PdfProblem.MISFIT,))


@pytest.mark.parametrize(
    "time", [b"/M (D:20261130120000)", b"/M (D:09991130120000Z)", b""], ids=["zone", "year", "none"]
)
def test_a_time_that_is_none_is_not_told(time):
    raw = sign(OURS, "sender", SENDER)
    (written,) = re.findall(rb"/M \(D[^)]*\)", raw[len(OURS) :])
    assert examine(raw).signatures[0].signed_at == "2026-11-30T12:00:00Z"
    found = examine(raw[: len(OURS)] + raw[len(OURS) :].replace(written, time.ljust(len(written))))
    assert found.signatures[0].signed_at is None


def test_more_signatures_than_any_protocol_has_are_not_read(both, monkeypatch):
    monkeypatch.setattr(pades, "MAX_SIGNATURES", 2)
    assert examine(both).why == ()
    monkeypatch.setattr(pades, "MAX_SIGNATURES", 1)
    assert examine(both) == Examined(why=(PdfProblem.UNREADABLE,))


# What was changed


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_after_signing_is_found(both, change):
    changed = updated(both, change)
    assert pdfsig(changed) == ["Signature is Valid."] * 2
    found = examine(changed)
    assert PdfProblem.CHANGED in found.why
    assert not any(each.intact for each in found.signatures)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_before_signing_is_found_too(change):
    found = examine(sign_elsewhere(updated(OURS, change), "sender", SENDER))
    assert PdfProblem.CHANGED in found.why
    assert [each.intact for each in found.signatures] == [True]


@pytest.mark.parametrize("change", NAMES)
def test_another_title_is_found_before_and_after_signing(both, change):
    assert b"Protocol" in PdfFileReader(io.BytesIO(OURS)).root["/Metadata"].data
    for raw in (updated(both, change), sign_elsewhere(updated(OURS, change), "sender", SENDER)):
        assert examine(raw).why == (PdfProblem.CHANGED,)


def test_what_is_changed_between_two_signatures_is_found():
    changed = updated(sign(OURS, "sender", SENDER), edit_page)
    found = examine(sign_elsewhere(changed, "receiver", RECEIVER))
    assert PdfProblem.CHANGED in found.why
    assert [each.intact for each in found.signatures] == [False, True]


def test_a_visible_field_after_a_seal_breaks_the_seal():
    found = examine(sign_elsewhere(sign(OURS, SEAL, AGENCY), "Signature1", RECEIVER, box=(0, 0, 600, 800)))
    assert [each.intact for each in found.signatures] == [False, True]


def new_field(*, below: bool = False, **entries: object):
    """Add a signature field without an area to the form and to the first page, itself or by a widget below it."""

    def change(writer: IncrementalPdfFileWriter) -> None:
        what = {"FT": pdf_name("/Sig"), "T": pdf_string("Signature1")}
        shown = writer.add_object(annotation(**entries) if below else annotation(**what, **entries))
        place = writer.add_object(annotation(**what, Kids=ArrayObject([shown]))) if below else shown
        fields = writer.root["/AcroForm"]["/Fields"]
        fields.append(place)
        writer.update_container(fields)
        writer.register_annotation(writer.find_page_for_modification(0)[0], shown)

    return change


def annotation(**entries: object) -> DictionaryObject:
    given = {"Type": pdf_name("/Annot"), "Rect": numbers(0, 700, 0, 700), **entries}
    return DictionaryObject({pdf_name(f"/{key}"): entry for key, entry in given.items()})


def numbers(*given: int) -> ArrayObject:
    return ArrayObject(map(NumberObject, given))


SCRIPT = DictionaryObject({pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): pdf_string("app.alert(1)")})
LINE = {
    "Subtype": pdf_name("/Line"),
    "L": numbers(0, 750, 600, 750),
    "C": numbers(1, 1, 1),
    "BS": DictionaryObject({pdf_name("/W"): NumberObject(300)}),
}
NO_FIELDS = {
    "line": LINE,
    "note": {"Subtype": pdf_name("/Text"), "Contents": pdf_string("All is complete")},
    "link": {"Subtype": pdf_name("/Widget"), "A": SCRIPT},
    "script": {"Subtype": pdf_name("/Widget"), "AA": DictionaryObject({pdf_name("/PO"): SCRIPT})},
}


@pytest.mark.parametrize("below", [False, True], ids=["itself", "below"])
@pytest.mark.parametrize("entries", NO_FIELDS.values(), ids=NO_FIELDS)
def test_what_only_says_that_it_is_a_field_is_found_before_and_after_signing_and_sealing(entries, below):
    add = new_field(below=below, **entries)
    assert examine(sign_elsewhere(updated(OURS, add), "sender", SENDER)).why == (PdfProblem.CHANGED,)
    for field in ("sender", SEAL):
        found = examine(updated(sign(OURS, field, SENDER), add))
        assert (found.why, found.signatures[0].why) == ((PdfProblem.CHANGED,), (PdfProblem.CHANGED,))


@pytest.mark.parametrize("below", [False, True], ids=["itself", "below"])
@pytest.mark.parametrize("entries", [{}, {"Subtype": pdf_name("/Widget")}], ids=["no-kind", "widget"])
def test_a_field_that_is_one_and_that_nobody_sees_may_be_added(entries, below):
    found = examine(updated(sign(OURS, "sender", SENDER), new_field(below=below, **entries)))
    assert (found.why, found.marked, found.signatures[0].intact) == ((), False, True)


@pytest.mark.parametrize(
    ("hidden", "why"),
    [
        (b"0 0 m", ()),
        (b"\n32 0 obj\n<</Length 0>>\nstream\n\nendstream\nendobj\n", (PdfProblem.CHANGED,)),
        (b"\n32%\n0\0obj<<>>endobj\n", (PdfProblem.CHANGED,)),
        (b"\ntrailer\n<</Root 1 0 R>>\n", (PdfProblem.CHANGED,)),
    ],
    ids=["nothing", "object", "object-in-other-words", "trailer"],
)
def test_what_a_program_would_find_that_repairs_the_file_is_a_change(hidden, why):
    assert examine(sign_elsewhere(updated(OURS, hiding(hidden)), "sender", SENDER)).why == why


def hiding(hidden: bytes):
    """Add a field that nobody sees, with these bytes for its look."""
    look = StreamObject({pdf_name("/Subtype"): pdf_name("/Form"), pdf_name("/BBox"): numbers(0, 0, 0, 0)}, hidden)

    def change(writer: IncrementalPdfFileWriter) -> None:
        looks = DictionaryObject({pdf_name("/N"): writer.add_object(look)})
        new_field(Subtype=pdf_name("/Widget"), AP=looks)(writer)

    return change


@pytest.mark.parametrize("before", [OURS, updated(OURS, hiding(b"trailer <<"))], ids=["alone", "with-a-trailer-for-it"])
def test_a_table_of_the_other_form_is_a_change(before):
    writer = IncrementalPdfFileWriter(io.BytesIO(before))
    writer.stream_xrefs = True
    metadata = signers.PdfSignatureMetadata(field_name="sender", subfilter=SigSeedSubFilter.PADES)
    found = examine(signers.PdfSigner(metadata, signer(SENDER)).sign_pdf(writer).getvalue())
    assert found.why == (PdfProblem.CHANGED,)


@pytest.mark.parametrize(("field", "why"), [(None, ()), ("receiver", (PdfProblem.CHANGED,))], ids=["own", "party"])
def test_a_time_stamp_fills_no_field_of_a_party(field, why):
    authority = signer(Holder("Clock", CA, key=rsa.generate_private_key(65537, 2048)))
    clock = DummyTimeStamper(authority.signing_cert, authority.signing_key, SimpleCertificateStore())
    writer = IncrementalPdfFileWriter(io.BytesIO(sign(OURS, "sender", SENDER)))
    found = examine(signers.PdfTimeStamper(clock, field_name=field).timestamp_pdf(writer, "sha256").getvalue())
    assert (found.why, [each.field for each in found.signatures]) == (why, ["sender"])


def test_a_revision_that_leaves_ours_out_is_found():
    output = io.BytesIO()
    copy_into_new_writer(PdfFileReader(io.BytesIO(OURS))).write(output)
    other = sign_elsewhere(output.getvalue(), "sender", SENDER)
    found = examine(OURS + other)
    assert found.why


def test_a_whole_document_after_ours_takes_its_place_and_is_found():
    output = io.BytesIO(OURS)
    output.seek(0, io.SEEK_END)
    copy_into_new_writer(PdfFileReader(io.BytesIO(OURS))).write(output)
    raw = sign_elsewhere(output.getvalue(), "sender", SENDER)
    assert raw.startswith(OURS)
    found = examine(raw)
    assert (found.why, found.report) == ((PdfProblem.CHANGED,), ReportInside.SAME)


@pytest.mark.parametrize("tail", [b"\n% more\n", b"\n%%EOF\n", b"\0", b" ", b"\nstartxref\n0\n%%EOF\n"])
def test_nothing_may_follow_the_end(both, tail):
    assert examine(both + tail).why


def test_line_ends_after_the_end_are_nothing(both):
    assert examine(both + b"\r\n").why == ()


def test_our_pdf_without_a_signature_is_none():
    assert examine(OURS).why == (PdfProblem.UNSIGNED,)


def test_a_pdf_that_was_made_with_another_report_is_found():
    made = protocol(b'{"a": 2}\n')
    found = examine(sign(made, "sender", SENDER), ours=made)
    assert (found.report, found.why) == (ReportInside.OTHER, (PdfProblem.REPORT,))
    assert found.signatures[0].intact


def test_a_cut_file_is_never_good(both):
    first = len(sign(OURS, "sender", SENDER))
    for length in [*range(len(OURS), len(both) - 1, 997), len(both) - 2, len(both) - 7]:
        found = examine(both[:length])
        assert found.why or length == first, length


def test_no_flipped_byte_of_what_was_signed_is_survived(both):
    gaps = [map(int, each.byte_range) for each in PdfFileReader(io.BytesIO(both)).embedded_signatures]
    contents = [range(first, second) for _, first, second, _ in gaps]
    places = {
        *range(0, len(both), 1013),
        *range(len(both) - 60, len(both) - 1, 7),
        *(gap.start + 1 for gap in contents),
    }
    for place in sorted(places):
        flipped = bytearray(both)
        flipped[place] ^= 0x10
        found = examine(bytes(flipped))
        good = not found.why and all(each.intact for each in found.signatures)
        # In the place of the signatures only what they sign, and certificates beside, may change unseen.
        assert not good or any(place in gap for gap in contents), place


def test_what_follows_a_signature_in_its_place_has_to_be_nothing(both):
    (embedded, _) = PdfFileReader(io.BytesIO(both)).embedded_signatures
    _, _, second, _ = map(int, embedded.byte_range)
    hidden = both[: second - 3] + b"41" + both[second - 1 :]
    assert len(hidden) == len(both)
    assert examine(hidden).signatures[0].why == (PdfProblem.COVERAGE,)


def test_what_is_signed_goes_on_right_behind_the_signature():
    raw = sign_elsewhere(OURS, "Signature1", SENDER)
    (embedded,) = PdfFileReader(io.BytesIO(raw)).embedded_signatures
    _, first, second, length = map(int, embedded.byte_range)
    for behind, why in ((second, ()), (second - 2, (PdfProblem.COVERAGE,))):
        start = raw.rindex(b"/ByteRange")
        end = raw.index(b"]", start)
        told = b"/ByteRange [0 %d %d %d" % (first, behind, length)
        other = raw[:start] + told.ljust(end - start) + raw[end:]
        digest = hashlib.sha256(other[:first] + other[behind : behind + length]).digest()
        message = asyncio.run(signer(SENDER).async_sign(digest, "sha256", use_pades=True)).dump()
        filled = other[: first + 1] + message.hex().ljust(second - first - 2, "0").encode() + other[second - 1 :]
        assert examine(filled).signatures[0].why == why


def test_a_signature_over_other_bytes_does_not_fit(both):
    (other,) = PdfFileReader(io.BytesIO(sign(protocol(b'{"a": 2}\n'), "sender", SENDER))).embedded_signatures
    (embedded, _) = PdfFileReader(io.BytesIO(both)).embedded_signatures
    _, first, second, _ = map(int, embedded.byte_range)
    moved = other.pkcs7_content.rstrip(b"\0").hex().ljust(second - first - 2, "0").encode()
    found = examine(both[: first + 1] + moved + both[second - 1 :])
    assert [each.intact for each in found.signatures] == [False, False]
    assert PdfProblem.MISFIT in found.signatures[0].why


# Documents from elsewhere


def test_a_document_from_elsewhere_is_read_and_never_altered():
    output = io.BytesIO()
    copy_into_new_writer(PdfFileReader(io.BytesIO(OURS))).write(output)
    found = examine(sign_elsewhere(output.getvalue(), "sender", SENDER), ours=None)
    assert (found.why, found.marked, found.report) == ((), False, ReportInside.SAME)
    assert found.signatures[0].intact


def test_what_is_attached_to_a_document_from_elsewhere_is_compared():
    assert examine(sign(protocol(b"other"), "sender", SENDER), ours=None).report is ReportInside.OTHER
    assert examine(sign_elsewhere(NO_ATTACHMENT, "sender", SENDER), ours=None).report is ReportInside.NONE
    assert examine(NO_ATTACHMENT, ours=None) == Examined(report=ReportInside.NONE)


NO_ATTACHMENT = b"""%PDF-1.4
1 0 obj
<</Type/Catalog/Pages 2 0 R>>
endobj
2 0 obj
<</Type/Pages/Kids[3 0 R]/Count 1>>
endobj
3 0 obj
<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>
endobj
xref
0 4
0000000000 65535 f \n\
0000000009 00000 n \n\
0000000054 00000 n \n\
0000000105 00000 n \n\
trailer
<</Size 4/Root 1 0 R>>
startxref
166
%%EOF
"""


def nested(opening: bytes, depth: int) -> bytes:
    return NO_ATTACHMENT.replace(b"/Pages 2 0 R>>", b"/Pages 2 0 R/X " + opening * depth + b">>")


@pytest.mark.parametrize(
    "raw",
    [
        b"%PDF-1.7\n",
        b"%PDF-1.7\nstartxref\n0\n%%EOF",
        b"%PDF-1.7\n" + b"startxref\n9\n%%EOF\n" * 1000,
        NO_ATTACHMENT.replace(b"startxref\n166", b"startxref\n99999999999"),
        NO_ATTACHMENT.replace(b"<</Size 4", b"<</Prev 166/Size 4"),
        NO_ATTACHMENT.replace(b"0 4\n", b"0 99999999\n"),
        nested(b"[", 100_000),
        nested(b"<</A", 100_000),
    ],
    ids=["nothing", "no-xref", "many-ends", "far", "loop", "many-objects", "arrays", "dictionaries"],
)
def test_whatever_the_bytes_are_it_is_a_result(raw):
    assert examine(raw, ours=None, trust=None).why == (PdfProblem.UNREADABLE,)


def named(*names: tuple[str, bytes], loop: bool = False) -> bytes:
    """A PDF with files of these names attached; in a loop, its name tree has no end."""

    def attach(writer: IncrementalPdfFileWriter) -> None:
        leaf = ArrayObject()
        for name, data in names:
            stream = writer.add_object(StreamObject(stream_data=data))
            file = DictionaryObject({pdf_name("/F"): pdf_string(name), pdf_name("/EF"): DictionaryObject()})
            file["/EF"]["/F"] = stream
            leaf += [pdf_string(name), writer.add_object(file)]
        tree = DictionaryObject({pdf_name("/Names"): leaf})
        reference = writer.add_object(tree)
        if loop:
            tree["/Kids"] = ArrayObject([reference])
        writer.root["/Names"] = DictionaryObject({pdf_name("/EmbeddedFiles"): reference})
        writer.update_root()

    return updated(NO_ATTACHMENT, attach)


def test_what_is_attached_under_another_name_is_not_the_report():
    assert examine(named(("report.txt", REPORT)), ours=None).report is ReportInside.NONE
    assert examine(named(("report.txt", b"x"), ("report.json", REPORT)), ours=None).report is ReportInside.SAME
    assert examine(named(("report.json", REPORT), ("report.json", b"x")), ours=None).report is ReportInside.OTHER


def test_a_name_tree_without_end_is_no_attachment():
    assert examine(named(("report.json", REPORT), loop=True), ours=None).why == (PdfProblem.UNREADABLE,)


# Signing


def test_a_field_is_signed_once_and_only_when_it_is_there():
    with pytest.raises(Refused):
        sign(sign(OURS, "sender", SENDER), "sender", SENDER)
    with pytest.raises(Refused):
        sign(OURS, "client", SENDER)


def test_a_seal_comes_before_all_signatures():
    with pytest.raises(Refused):
        sign(sign(OURS, "sender", SENDER), SEAL, AGENCY)


def test_what_cannot_be_read_is_not_signed():
    with pytest.raises(Refused):
        sign(OURS[:5000], "sender", SENDER)


def test_a_document_that_was_closed_is_not_signed():
    closed = sign_elsewhere(OURS, "Signature1", AGENCY, certify=True, permissions=MDPPerm.NO_CHANGES)
    with pytest.raises(Refused):
        sign(closed, "sender", SENDER)
