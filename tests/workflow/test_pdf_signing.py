"""``sign --pdf``, ``add`` for PDFs and ``verify`` as their users meet them."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evidence.test_pades import edit_page, sign_elsewhere, updated
from handover.digests import sha256_hex
from handover.evidence import sums
from handover.evidence.inventory import is_beside
from handover.evidence.pdf_findings import PdfProblem, Question
from handover.workflow import pdf_process
from support import pdfs
from support.cli import handover
from support.pdfs import PASSWORD, Holder, pdfsig, protocol

TERMS = """\
handover: 1
id: {id}
case: "a case"
parties:
  sender: {{name: "Old Hosting sp. z o.o.", contact: bok@old.example, language: pl}}
  receiver: {{name: "New Host Oy", contact: support@new.example, language: fi}}
  agency: {{name: "Studio WWW", contact: ewa@studio.example, language: pl}}
parts:
  - name: web
    source: {{location: "{source}"}}
    target: {{location: "{target}"}}
"""


@pytest.fixture(scope="module", autouse=True)
def today():
    """The command line has the clock of this machine, so certificates have to be valid now."""
    before, pdfs.NOW = pdfs.NOW, datetime.now(UTC)
    yield
    pdfs.NOW = before


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A case with one round, whose PDF is there in the languages of its parties."""
    folder = tmp_path_factory.mktemp("made")
    for name in ("source", "target"):
        (folder / name).mkdir()
        (folder / name / "index.html").write_text("hello")
    case = folder / "case"
    case.mkdir()
    (case / "handover.yaml").write_text(TERMS.format(id="0" * 32, source=folder / "source", target=folder / "target"))
    assert handover("run", case).code == 0
    return case


def seal(round_: Path) -> None:
    names = [path.name for path in round_.iterdir() if path.name != sums.NAME and not is_beside(path.name)]
    (round_ / sums.NAME).write_bytes(sums.write({name: sha256_hex((round_ / name).read_bytes()) for name in names}))


@pytest.fixture
def case(made, tmp_path):
    return Path(shutil.copytree(made, tmp_path / "case"))


@pytest.fixture
def round_(case):
    return case / "rounds" / "0001"


@pytest.fixture(scope="module")
def authority(today):
    return Holder("Root", authority=True)


@pytest.fixture
def keys(authority, tmp_path):
    """Write a key file and a password file for each role, and the certificate of their authority."""
    (tmp_path / "roots.pem").write_bytes(authority.pem)
    (tmp_path / "password").write_bytes(PASSWORD + b"\n")
    (tmp_path / "password").chmod(0o600)
    for role in ("sender", "receiver", "agency"):
        (tmp_path / f"{role}.p12").write_bytes(Holder(role.title(), authority).pkcs12())
    return tmp_path


def sign(place: Path, keys: Path, role: str, *flags: str):
    words = ("--as", role, "--pdf", "--pkcs12", keys / f"{role}.p12", "--password-file", keys / "password")
    return handover("sign", place, *words, *flags)


def signed_pdfs(round_: Path) -> list[str]:
    return sorted(path.name for path in round_.glob("*.signed.pdf"))


def test_one_after_the_other_signs_the_same_document(case, round_, keys):
    done = sign(case, keys, "agency", "--seal")
    assert done.code == 0, done.err
    for role in ("sender", "receiver"):
        done = sign(case, keys, role, "--json")
        assert done.code == 0, done.err
    assert done.json["type"] == "handover-pdf-signed"
    assert [each["field"] for each in done.json["pdf"]["signatures"]] == ["seal", "sender", "receiver"]
    assert signed_pdfs(round_) == [f"1.{role}.report.pl.signed.pdf" for role in ("agency", "receiver", "sender")]
    last = (round_ / "1.receiver.report.pl.signed.pdf").read_bytes()
    assert last.startswith((round_ / "1.sender.report.pl.signed.pdf").read_bytes())
    assert pdfsig(last) == ["Signature is Valid."] * 3

    checked = handover("verify", round_, "--require", "none", "--pdf-trust", keys / "roots.pem", "--json")
    assert checked.code == 0, checked.err
    assert {pdf["state"] for pdf in checked.json["pdfs"]} == {"signed"}
    assert all(each["intact"] and each["trusted"] for pdf in checked.json["pdfs"] for each in pdf["signatures"])


def test_what_was_signed_is_told(case, round_, keys):
    done = sign(case, keys, "sender")
    assert "1.sender.report.pl.signed.pdf: our PDF, and nothing but signatures was added to it." in done.out
    assert "SENDER: intact; whether it is trusted is not known" in done.out
    checked = handover("verify", round_, "--require", "none", "--pdf-trust", keys / "roots.pem")
    assert "SENDER: intact and trusted." in " ".join(checked.out.split())
    checked = handover("verify", round_)
    assert checked.code == 4
    assert "whether it is trusted is not known" in " ".join(checked.out.split())


def test_a_party_that_nobody_joined_signs_in_its_own_language(case, round_, keys):
    assert sign(case, keys, "receiver").code == 0
    assert signed_pdfs(round_) == ["1.receiver.report.fi.signed.pdf"]


def test_the_pdf_that_is_named_is_the_one_that_is_signed(case, round_, keys):
    assert sign(round_ / "report.fi.pdf", keys, "sender").code == 0
    assert sign(round_ / "1.sender.report.fi.signed.pdf", keys, "receiver").code == 0
    assert signed_pdfs(round_) == ["1.receiver.report.fi.signed.pdf", "1.sender.report.fi.signed.pdf"]


def test_nothing_is_signed_twice_and_nothing_sealed_too_late(case, round_, keys):
    assert sign(case, keys, "sender").code == 0
    before = signed_pdfs(round_)
    for role, flags, words in (
        ("sender", (), "has signed this PDF already"),
        ("agency", ("--seal",), "signed it already"),
    ):
        done = sign(case, keys, role, *flags)
        assert (done.code, words in done.err) == (8, True), done.err
    assert signed_pdfs(round_) == before


def test_an_altered_protocol_is_not_signed(case, round_, keys):
    with (round_ / "report.pl.pdf").open("ab") as stream:
        stream.write(b"%")
    assert sign(case, keys, "sender").code == 4
    assert signed_pdfs(round_) == []


@pytest.mark.parametrize("altered", ["report", "sums"])
def test_nothing_is_signed_beside_a_report_that_is_not_the_one_that_was_made(case, round_, keys, altered):
    if altered == "report":
        raw = (round_ / "report.json").read_bytes()
        (round_ / "report.json").write_bytes(raw.replace(b'"created_at": "20', b'"created_at": "21'))
        assert (round_ / "report.json").read_bytes() != raw
    else:
        lines = (round_ / "SHA256SUMS").read_text().splitlines(keepends=True)
        (round_ / "SHA256SUMS").write_text("".join(line for line in lines if "  report.json" not in line))
    done = sign(case, keys, "sender")
    assert (done.code, "report.json" in done.err) == (4, True), done.err
    assert signed_pdfs(round_) == []


def test_nothing_is_signed_on_top_of_what_was_altered(case, round_, keys):
    assert sign(case, keys, "sender").code == 0
    signed = round_ / "1.sender.report.pl.signed.pdf"
    signed.write_bytes(updated(signed.read_bytes(), edit_page))
    done = sign(case, keys, "receiver")
    assert done.code == 0, done.err
    last = (round_ / "1.receiver.report.pl.signed.pdf").read_bytes()
    assert pdfsig(last) == ["Signature is Valid."]
    assert sign(signed, keys, "agency").code == 4


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--pdf",), "--pkcs12"),
        (("--pkcs12", "x.p12"), "--pdf"),
        (("--seal",), "--pdf"),
        (("--password-file", "x"), "--pdf"),
        (("--pdf", "--pkcs12", "x.p12", "--decision", "accept"), "belong to the answer"),
        (("--pdf", "--pkcs12", "x.p12", "--supersede"), "belong to the answer"),
        (("--pdf", "--pkcs12", "missing.p12"), "no such file"),
    ],
)
def test_flags_that_do_not_fit_are_told(case, flags, words):
    done = handover("sign", case, "--as", "sender", *flags)
    assert (done.code, words in done.err) == (2, True), done.err


def test_a_password_that_nobody_tells_or_a_wrong_one_is_a_usage_error(case, keys, round_):
    done = handover("sign", case, "--as", "sender", "--pdf", "--pkcs12", keys / "sender.p12")
    assert (done.code, "nobody to ask" in done.err) == (2, True), done.err
    (keys / "password").write_text("wrong\n")
    done = sign(case, keys, "sender")
    assert (done.code, "another password" in done.err) == (2, True), done.err
    assert signed_pdfs(round_) == []


def test_the_terms_and_a_round_without_a_pdf_have_nothing_to_sign(case, round_, keys):
    assert sign(case / "handover.yaml", keys, "sender").code == 2
    for protocol_file in round_.glob("report.*.pdf"):
        protocol_file.unlink()
    seal(round_)
    done = sign(case, keys, "sender")
    assert (done.code, "has no PDF" in done.err) == (2, True), done.err


# Signed elsewhere


def test_a_pdf_that_a_company_signed_with_its_own_program_is_taken_in(case, round_, authority, keys, tmp_path):
    back = tmp_path / "report-podpisany.pdf"
    back.write_bytes(sign_elsewhere((round_ / "report.pl.pdf").read_bytes(), "sender", Holder("Anna", authority)))
    done = handover("add", case, back, "--json")
    assert done.code == 0, done.err
    assert done.json["pdf"]["state"] == "signed"
    assert signed_pdfs(round_) == ["1.sender.report.pl.signed.pdf"]
    assert (round_ / "1.sender.report.pl.signed.pdf").read_bytes() == back.read_bytes()
    again = handover("add", case, back)
    assert (again.code, "is there already, as 1.sender.report.pl.signed.pdf" in again.err) == (8, True), again.err
    assert sign(case, keys, "receiver").code == 0


def test_what_is_no_pdf_is_told_by_the_name_that_was_typed(case, round_, tmp_path):
    (tmp_path / "back.pdf").write_bytes(b"not at all")
    for flags in ((), ("--as", "receiver")):
        done = handover("add", case, tmp_path / "back.pdf", *flags)
        assert done.code == 5, done.err
        assert done.err.startswith(f"error: {tmp_path / 'back.pdf'}: is no PDF"), done.err
    assert signed_pdfs(round_) == []


def test_a_second_file_of_a_party_gets_the_next_number(case, round_, authority, tmp_path):
    for name in ("Anna", "Ewa"):
        (tmp_path / "back.pdf").write_bytes(
            sign_elsewhere((round_ / "report.pl.pdf").read_bytes(), "sender", Holder(name, authority))
        )
        assert handover("add", case, tmp_path / "back.pdf").code == 0
    assert signed_pdfs(round_) == [f"{number}.sender.report.pl.signed.pdf" for number in (1, 2)]


def test_a_pdf_in_which_more_was_done_than_signing_is_not_taken(case, round_, authority, tmp_path):
    altered = updated((round_ / "report.pl.pdf").read_bytes(), edit_page)
    for raw, words in (
        (sign_elsewhere(altered, "sender", Holder("Anna", authority)), "more was changed in it"),
        ((round_ / "report.pl.pdf").read_bytes(), "carries no signature"),
    ):
        (tmp_path / "back.pdf").write_bytes(raw)
        done = handover("add", case, tmp_path / "back.pdf")
        assert (done.code, words in done.err) == (4, True), done.err
    assert signed_pdfs(round_) == []


def test_a_document_from_elsewhere_is_taken_when_it_is_said_from_whom(case, round_, authority, tmp_path):
    back = tmp_path / "their-own.pdf"
    back.write_bytes(sign_elsewhere(protocol(b"theirs"), "Signature1", Holder("Aino", authority)))
    assert handover("add", case, back).code == 2
    done = handover("add", case, back, "--as", "receiver")
    assert done.code == 0, done.err
    assert "a document from elsewhere; the report.json attached to it is ANOTHER one." in done.out
    assert signed_pdfs(round_) == ["1.receiver.report.fi.signed.pdf"]
    checked = handover("verify", round_, "--require", "none", "--json")
    assert (checked.code, checked.json["pdfs"][0]["state"]) == (0, "external")


def test_what_is_no_pdf_or_not_there_is_told(case, tmp_path):
    (tmp_path / "back.pdf").write_text("hello")
    assert handover("add", case, tmp_path / "back.pdf", "--as", "sender").code == 5
    assert handover("add", case, tmp_path / "missing.pdf").code == 2


# Where the extra is not installed


@pytest.fixture
def without(tmp_path):
    """A sitecustomize that hides pyHanko from every process, as if it were not installed."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(
        "from importlib import util\n"
        "find_spec = util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name == 'pyhanko' else find_spec(name, package)\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "hidden"), os.environ.get("PYTHONPATH", "")])}


def test_without_the_extra_a_signed_pdf_is_not_judged(case, round_, keys, without):
    assert sign(case, keys, "sender").code == 0
    checked = handover("verify", round_, "--require", "none", "--json", **without)
    assert (checked.code, checked.json["pdfs"][0]["state"]) == (0, "not_judged")
    checked = handover("verify", round_, "--require", "none", **without)
    assert "handover-verifier[pades] is not installed" in " ".join(checked.out.split())
    for words in (
        ("sign", case, "--as", "receiver", "--pdf", "--pkcs12", keys / "receiver.p12"),
        ("add", case, round_ / "1.sender.report.pl.signed.pdf"),
        ("verify", round_, "--pdf-trust", keys / "roots.pem"),
    ):
        done = handover(*words, **without)
        assert (done.code, "pip install 'handover-verifier[pades]'" in done.err) == (2, True), done.err


# The other process


def test_the_other_process_says_what_this_one_would(made):
    raw = (made / "rounds/0001/report.pl.pdf").read_bytes()
    found = pdf_process.examine(raw, Question(ours=len(raw), report_sha256="0" * 64, anchors=(), at=0))
    assert found.why == (PdfProblem.UNSIGNED, PdfProblem.REPORT)


def test_a_pdf_that_takes_too_long_or_too_much_is_unreadable(made, monkeypatch):
    raw = (made / "rounds/0001/report.pl.pdf").read_bytes()
    question = Question(ours=None, report_sha256="0" * 64, anchors=None, at=0)
    monkeypatch.setattr(pdf_process, "_PROGRAM", "import time; time.sleep(60)")
    monkeypatch.setattr(pdf_process, "TIMEOUT_S", 1)
    assert pdf_process.examine(raw, question).why == (PdfProblem.UNREADABLE,)
    greedy = "import sys; sys.path[:] = sys.argv[1:]; from handover.workflow import pdf_process as here; here._limit()"
    monkeypatch.setattr(pdf_process, "_PROGRAM", f"{greedy}; b'x' * 2**32; print('{{}}', end='')")
    monkeypatch.setattr(pdf_process, "TIMEOUT_S", 60)
    assert pdf_process.examine(raw, question).why == (PdfProblem.UNREADABLE,)
