"""Step 11: signed PDFs stand beside the answers. A good one helps nobody to exit 0, an altered one fails."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from evidence.rounds import MemoryBundle, Round
from evidence.test_pades import append_page, edit_page, identity, sign, sign_elsewhere, swap_attachment, updated
from evidence.test_verify import LESS, TREE, failed_steps, refused
from handover import strict_json
from handover.errors import ExitCode, MalformedInput, Refused, UsageError
from handover.evidence import certificates, inventory, pades
from handover.evidence.pdf_findings import MAX_PDF, PdfName, PdfPolicy, PdfProblem, PdfState, ReportInside
from handover.evidence.statement import PartyRole
from handover.evidence.verification import Step, Verification
from handover.evidence.verify import verify
from support.pdfs import NOW, PASSWORD, Holder, protocol

S, R = PartyRole.SENDER, PartyRole.RECEIVER
CA = Holder("Root", authority=True)
SENDER, RECEIVER = Holder("Anna Nowak", CA), Holder("Aino Virtanen", CA)
PDF, SIGNED = "report.pl.pdf", "1.sender.report.pl.signed.pdf"
SPEC = Path(__file__).parents[2] / "docs/spec"


def with_pdf(round_: Round, name: str = PDF) -> Round:
    round_.files[name] = protocol(round_.files["report.json"])
    round_.seal()
    return round_


@pytest.fixture
def round_() -> Round:
    return with_pdf(Round(TREE, TREE)).both_accept()


def judged(
    round_: Round, *, trust: tuple[Holder, ...] | None = (CA,), installed: bool = True, **options: object
) -> Verification:
    anchors = None if trust is None else tuple(holder.anchor for holder in trust)
    pdf = PdfPolicy(pades.examine if installed else None, anchors)
    return verify(MemoryBundle(round_.files), replace(round_.policy(**options), pdf=pdf))


def test_a_round_without_signed_pdfs_has_ten_steps(round_):
    done = judged(round_)
    assert (len(done.checks), done.pdfs, done.exit_code) == (10, (), ExitCode.COMPLETE)
    assert b"pdfs" not in strict_json.encode_document(done)


def test_a_pdf_that_both_signed_is_shown_beside_their_answers(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    round_.files["1.receiver.report.pl.signed.pdf"] = sign(round_.files[SIGNED], "receiver", RECEIVER)
    done = judged(round_)
    assert (done.exit_code, done.verified, done.accepted) == (ExitCode.COMPLETE, True, True)
    receiver, sender = done.pdfs
    assert (sender.file, sender.about, sender.state, sender.report) == (SIGNED, PDF, PdfState.SIGNED, ReportInside.SAME)
    assert [each.role for each in receiver.signatures] == [S, R]
    assert all(each.intact and each.trusted for each in receiver.signatures)
    schema = json.loads((SPEC / "verification.schema.json").read_bytes())
    jsonschema.validate(json.loads(strict_json.encode_document(done)), schema)


def test_pdfs_that_both_signed_are_no_answers():
    round_ = with_pdf(Round(TREE, TREE))
    round_.files[SIGNED] = sign(sign(round_.files[PDF], "sender", SENDER), "receiver", RECEIVER)
    done = judged(round_)
    assert (done.verified, done.accepted, done.waiting_for) == (True, False, (S, R))
    assert done.exit_code == ExitCode.WAITING


def test_a_signed_pdf_makes_nothing_complete():
    round_ = with_pdf(Round(TREE, LESS)).both_accept()
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    assert judged(round_).exit_code == ExitCode.NOT_COMPLETE


def test_trust_is_said_and_changes_nothing(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    for trust, trusted in (((CA,), True), ((), False), (None, None)):
        done = judged(round_, trust=trust)
        assert done.pdfs[0].signatures[0].trusted is trusted
        assert (done.verified, done.exit_code) == (True, ExitCode.COMPLETE)


@pytest.mark.parametrize("change", [swap_attachment, edit_page, append_page])
def test_our_pdf_with_more_than_signatures_is_altered(round_, change):
    round_.files[SIGNED] = updated(sign(round_.files[PDF], "sender", SENDER), change)
    done = judged(round_)
    refused(done, Step.PDFS, f"{SIGNED} is not our PDF with good signatures: changed")
    assert done.pdfs[0].state is PdfState.ALTERED
    assert done.intact


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:-400], "unreadable"),
        (lambda raw: raw.replace(b"/Adobe.PPKLite", b"/Adobe.PPKLitf"), "misfit"),
        (lambda raw: raw + b"%", "trailing"),
    ],
    ids=["cut", "flipped", "longer"],
)
def test_our_pdf_that_is_damaged_fails(round_, damage, words):
    round_.files[SIGNED] = damage(sign(round_.files[PDF], "sender", SENDER))
    refused(judged(round_), Step.PDFS, words)


def test_our_pdf_under_the_name_of_a_signed_one_fails(round_):
    round_.files[SIGNED] = round_.files[PDF]
    refused(judged(round_), Step.PDFS, "unsigned")


def test_a_pdf_with_another_report_in_it_fails(round_):
    round_.files[PDF] = protocol(b'{"complete": true}\n')
    round_.seal()
    fresh = Round(TREE, TREE)
    fresh.files[PDF] = round_.files[PDF]
    fresh.seal()
    fresh.both_accept()
    fresh.files[SIGNED] = sign(fresh.files[PDF], "sender", SENDER)
    refused(judged(fresh), Step.PDFS, ": report")


def test_a_weak_signature_fails(round_):
    round_.files[SIGNED] = sign_elsewhere(round_.files[PDF], "sender", SENDER, "sha1")
    refused(judged(round_), Step.PDFS, "weak")


def test_a_box_that_a_service_draws_is_told_and_does_not_fail(round_):
    round_.files[SIGNED] = sign_elsewhere(round_.files[PDF], "Signature1", SENDER, box=(0, 0, 600, 800))
    done = judged(round_)
    assert (done.pdfs[0].state, done.exit_code) == (PdfState.MARKED, ExitCode.COMPLETE)


def test_one_certificate_in_the_fields_of_two_parties_is_found(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    round_.files["1.receiver.report.pl.signed.pdf"] = sign(round_.files[PDF], "receiver", SENDER)
    fingerprint = judged(round_).pdfs[0].signatures[0].certificate
    refused(judged(round_), Step.PDFS, f"the certificate {fingerprint} signed for receiver and sender")


def test_one_certificate_twice_for_one_party_is_its_right(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    round_.files["2.sender.report.pl.signed.pdf"] = sign(round_.files[PDF], "sender", SENDER)
    assert judged(round_).exit_code == ExitCode.COMPLETE


def test_a_document_from_elsewhere_is_shown_and_is_not_forged(round_):
    round_.files[SIGNED] = sign(protocol(b"their own"), "sender", SENDER)
    done = judged(round_)
    assert (done.exit_code, failed_steps(done)) == (ExitCode.COMPLETE, set())
    (found,) = done.pdfs
    assert (found.state, found.report) == (PdfState.EXTERNAL, ReportInside.OTHER)
    # Nobody reserved that field for the sender: whoever made the document called it so.
    assert [(each.field, each.role, each.intact) for each in found.signatures] == [("sender", None, True)]


@pytest.mark.parametrize("raw", [b"%PDF-1.4\nscanned", updated(protocol(b"x"), edit_page)], ids=["broken", "unsigned"])
def test_what_a_document_from_elsewhere_is_worth_is_not_ours_to_say(round_, raw):
    round_.files[SIGNED] = raw
    done = judged(round_)
    assert (done.pdfs[0].state, done.exit_code) == (PdfState.EXTERNAL, ExitCode.COMPLETE)


def test_a_change_in_our_own_bytes_makes_a_document_from_elsewhere_with_a_broken_signature(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER).replace(b"/CreationDate", b"/CreationDatf", 1)
    done = judged(round_)
    assert done.pdfs[0].state is PdfState.EXTERNAL
    assert not done.pdfs[0].signatures[0].intact


def test_what_is_no_pdf_is_malformed(round_):
    round_.files[SIGNED] = b"signed by hand"
    refused(judged(round_), Step.PDFS, "is no PDF", code=ExitCode.MALFORMED)


def test_a_pdf_is_looked_at_up_to_a_limit(round_, monkeypatch):
    monkeypatch.setattr("handover.evidence.pdfs.MAX_PDF", 100)
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    assert judged(round_).pdfs[0].why == (PdfProblem.TOO_LARGE,)
    assert MAX_PDF == 64 * 2**20


def test_without_the_extra_a_signed_pdf_is_not_judged_and_that_is_said(round_):
    round_.files[SIGNED] = b"anything"
    done = judged(round_, installed=False)
    assert (done.exit_code, done.pdfs[0].state) == (ExitCode.COMPLETE, PdfState.NOT_JUDGED)
    (told,) = [check for check in done.checks if check.step == Step.PDFS]
    assert told.passed
    assert told.detail == f"not judged, for want of handover-verifier[pades]: {SIGNED}"


def test_a_signed_pdf_is_not_judged_by_a_report_that_was_altered(round_):
    round_.files[SIGNED] = sign(round_.files[PDF], "sender", SENDER)
    round_.files["report.json"] += b" "
    done = judged(round_)
    refused(done, Step.PDFS, "not checked, because step 2 failed")
    assert done.pdfs == ()


def test_a_pdf_belongs_to_one_that_is_listed():
    round_ = Round(TREE, TREE).both_accept()
    round_.files[SIGNED] = b"no PDF at all"
    refused(judged(round_), Step.INVENTORY, f"{SIGNED} belongs to {PDF}, which is not in SHA256SUMS")


# Names


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("1.sender.report.pl.signed.pdf", PdfName("report.pl", 1, S)),
        ("12.receiver.report.en.signed.pdf", PdfName("report.en", 12, R)),
        ("report.pl.signed.pdf", PdfName("report.pl", 0, None)),
        ("0.sender.report.pl.signed.pdf", PdfName("0.sender.report.pl", 0, None)),
        ("1.nobody.report.pl.signed.pdf", PdfName("1.nobody.report.pl", 0, None)),
    ],
)
def test_the_name_of_a_signed_pdf_tells_what_it_is_of(name, parsed):
    assert PdfName.parse(name) == parsed
    assert str(parsed) == name


@pytest.mark.parametrize("name", ["report.pl.pdf", "report.pl.signed.pdf.sig", ".signed.pdf", "-x.signed.pdf"])
def test_other_names_are_none(name):
    assert PdfName.parse(name) is None


def test_a_signed_pdf_is_never_listed():
    taken = inventory.take(["SHA256SUMS", PDF, SIGNED], {PDF: "0" * 64, SIGNED: "0" * 64})
    assert taken.problems == (f"{SIGNED} is listed in SHA256SUMS, and may not be",)


# Certificates and keys from outside


def test_certificates_are_read_from_pem():
    assert certificates.anchors(CA.pem + SENDER.pem, where="roots.pem") == (CA.anchor, SENDER.anchor)


@pytest.mark.parametrize("raw", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_file_of_certificates_is_malformed(raw):
    with pytest.raises(MalformedInput):
        certificates.anchors(raw, where="roots.pem")


def test_a_file_of_certificates_has_a_limit():
    with pytest.raises(MalformedInput, match="longer"):
        certificates.anchors(CA.pem * 10_000, where="roots.pem")


def test_a_pkcs12_file_gives_key_certificate_and_chain():
    found = identity(SENDER)
    assert found.name == "Anna Nowak"
    assert (len(found.chain), found.certificate) == (1, SENDER.certificate.public_bytes(Encoding.DER))
    assert "key" not in repr(found)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (NameOID.ORGANIZATION_NAME, "Studio Ltd"),
        (NameOID.EMAIL_ADDRESS, "1.2.840.113549.1.9.1=Studio Ltd"),
    ],
    ids=["organization", "neither"],
)
def test_a_holder_without_a_common_name_is_called_by_what_there_is(kind, name):
    assert identity(Holder("Studio Ltd", kind=kind)).name == name


def test_a_password_is_asked_only_when_it_is_needed():
    def nobody() -> bytes:
        raise AssertionError("asked")

    raw = pkcs12.serialize_key_and_certificates(None, SENDER.key, SENDER.certificate, None, NoEncryption())
    assert certificates.identity(raw, nobody, where="key.p12", at=NOW).name == "Anna Nowak"


@pytest.mark.parametrize("raw", [b"", b"no key", SENDER.pkcs12()[:-9]], ids=["empty", "noise", "cut"])
def test_what_is_no_pkcs12_file_is_a_usage_error(raw):
    with pytest.raises(UsageError, match="PKCS #12"):
        certificates.identity(raw, lambda: PASSWORD, where="key.p12", at=NOW)


def test_a_wrong_password_is_a_usage_error():
    with pytest.raises(UsageError, match="another password"):
        certificates.identity(SENDER.pkcs12(), lambda: b"wrong", where="key.p12", at=NOW)


@pytest.mark.parametrize("parts", [(None, SENDER.certificate), (SENDER.key, None)], ids=["certificate", "key"])
def test_a_file_with_one_of_key_and_certificate_is_a_usage_error(parts):
    raw = pkcs12.serialize_key_and_certificates(None, *parts, None, NoEncryption())
    with pytest.raises(UsageError, match="not both"):
        certificates.identity(raw, lambda: PASSWORD, where="key.p12", at=NOW)


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65537, 1024),
        ec.generate_private_key(ec.SECP224R1()),
    ],
    ids=["rsa1024", "p224"],
)
def test_a_weak_key_signs_nothing(key):
    with pytest.raises(Refused, match="weak"):
        identity(Holder("Weak", key=key))


def test_a_certificate_signs_nothing_outside_of_its_time():
    for at in (NOW - timedelta(days=31), NOW + timedelta(days=301)):
        with pytest.raises(Refused, match="not valid now"):
            certificates.identity(SENDER.pkcs12(), lambda: PASSWORD, where="key.p12", at=at)
