"""Every vector, through the functions that the commands use: what it says has to come of it is what comes of it."""

from __future__ import annotations

import io
import tempfile
from datetime import datetime
from pathlib import Path

import pytest

from evidence.tools import ssh_keygen, stock_accepts
from handover.errors import HandoverError, MalformedInput, NotVerified
from handover.evidence import sshsig
from handover.evidence.allowed_signers import AllowedSigners
from handover.evidence.keys import PublicKey
from handover.evidence.statement import Statement
from handover.evidence.verification import Step, Verification
from handover.manifest_reader import audit
from handover.report import Report
from handover.rules import RulesDocument
from handover.terms import TermsError, parse
from handover.workflow.verifying import VerifyRequest, verify_bundle
from support import counted
from support.vectors import ROOT, Stored, build, signers, stored

CONTACTS = {"sender": "bok@old.example", "receiver": "support@new.example"}


def cases(*kinds: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", [v for kind in kinds for v in stored(kind)], ids=lambda v: v.name)


def outcome(vector: Stored, action, *args, **kwargs) -> HandoverError | None:
    """Run ``action`` and hold its outcome against the vector; returns the error."""
    error = None
    try:
        action(*args, **kwargs)
    except HandoverError as caught:
        error = caught
    assert (0 if error is None else error.exit_code) == vector.about["exit_code"], (vector.about["defect"], error)
    assert all(words.isprintable() for words in str(error).split("\n")), "what is said is harmless to show"
    return error


# The vectors themselves


def test_the_builder_writes_every_vector_byte_for_byte():
    files = {str(path.relative_to(ROOT)): path for path in ROOT.glob("*/**/*") if path.is_file()}
    built = build.build()
    assert set(built) == set(files)
    assert [name for name, raw in built.items() if files[name].read_bytes() != raw] == []


def test_there_are_as_many_as_promised_small_and_each_with_one_defect_or_none():
    everything = stored()
    assert len(everything) >= 150
    counted.record("vectors", len(everything))
    assert sum(path.stat().st_size for path in ROOT.rglob("*") if path.is_file()) < 3 * 2**20
    assert build.count().startswith(f"vectors: {len(everything)} (")
    for vector in everything:
        assert bool(vector.about["defect"]) or vector.expect in {"valid", *build.OUTCOMES}, vector.name
    assert {vector.path.parent.name for vector in everything if vector.expect == "valid"} == {
        vector.path.parent.name for vector in everything
    }


# Bundles


def verify(vector: Stored, folder: Path) -> Verification:
    """What ``handover verify`` does with a bundle."""
    keys = vector.path / "allowed_signers"
    at = datetime.fromisoformat(str(vector.about["at"]))
    require = vector.about.get("require")
    return verify_bundle(VerifyRequest(vector.lay_out(folder), keys if keys.exists() else None, require, at), at)


@cases("bundles", "zips")
def test_a_bundle_is_verified_as_its_vector_says(vector, tmp_path):
    folder = tmp_path / "round"
    folder.mkdir()
    if vector.about["defect"] and not vector.about["steps"]:
        # What cannot be opened at all has no steps: a list of keys that is none, a zip that is none.
        with pytest.raises((NotVerified, MalformedInput)) as caught:
            verify(vector, folder)
        assert caught.value.exit_code == vector.about["exit_code"]
        assert str(caught.value).isprintable()
        return
    done = verify(vector, folder)
    failed = [check for check in done.checks if not check.passed]
    because = [check.name for check in failed if not check.detail.startswith("not checked")]
    assert done.exit_code == vector.about["exit_code"], failed
    assert list(dict.fromkeys(because)) == vector.about["steps"], failed
    assert all(check.detail.isprintable() for check in done.checks)
    if vector.expect in {"not_verified", "malformed", "waiting"} or vector.about.get("require") == "none":
        assert not done.accepted
    assert done.verified == (not failed)


def test_every_step_of_a_verification_but_the_last_has_vectors_that_fail_in_it_alone():
    alone = {str(v.about["steps"][0]) for v in stored("bundles") if len(v.about["steps"]) == 1}
    # Decisions cannot fail, and PDFs are made and judged by libraries: tests/evidence/test_signed_pdfs.py.
    assert alone == {step.title for step in Step if step not in (Step.DECISIONS, Step.PDFS)}


# Documents


@cases("manifests")
def test_a_manifest_is_read_as_its_vector_says(vector):
    raw = vector.read("manifest")
    outcome(vector, audit, io.BytesIO(raw), where="manifest", scratch=tempfile.TemporaryFile)


@cases("reports")
def test_a_report_is_read_as_its_vector_says(vector):
    outcome(vector, Report.from_bytes, vector.read("report.json"), where="report.json")


@cases("rules")
def test_rules_are_read_as_their_vector_says(vector):
    outcome(vector, RulesDocument.from_bytes, vector.read("rules.json"), where="rules.json")


@cases("statements")
def test_a_statement_is_read_as_its_vector_says(vector):
    def read() -> None:
        Statement.from_bytes(vector.read("statement.json"), where="statement.json").key(where="statement.json")

    outcome(vector, read)


@cases("terms")
def test_terms_are_read_as_their_vector_says(vector):
    error = outcome(vector, parse, vector.read("handover.yaml"), "handover.yaml")
    if isinstance(error, TermsError):
        assert str(error.problems[0].place) == vector.about["where"]


# Signatures and keys, beside the stock tool


def verify_signature(vector: Stored) -> None:
    """What a verification does with one signature; a key that may not sign is met in the signature itself."""
    line = vector.read("key.pub").decode("ascii").strip()
    signature, message = vector.read("message.sig"), vector.read("message")
    try:
        key = PublicKey.from_line(line, where="key.pub")
    except HandoverError:
        sshsig.Signature.from_armour(signature, where="message.sig")
        raise
    sshsig.verify(signature, message, key, where="message.sig")


@cases("signatures")
def test_a_signature_is_judged_as_its_vector_says(vector):
    outcome(vector, verify_signature, vector)


@cases("signatures")
def test_stock_ssh_keygen_judges_a_signature_as_its_vector_says(vector, tmp_path):
    accepted = stock_accepts(
        tmp_path, vector.read("message.sig"), vector.read("message"), f"sender {vector.read('key.pub').decode()}"
    )
    assert accepted == (vector.about["stock"] == "accepts")


@cases("allowed_signers")
def test_a_list_of_keys_is_trusted_as_its_vector_says(vector):
    refusal = None
    key = PublicKey.from_line(str(vector.about["key"]), where="key")
    try:
        keys = AllowedSigners.parse(vector.read("allowed_signers"), where="keys").by_role(CONTACTS)
        refusal = keys.refusal(str(vector.about["role"]), key, datetime.fromisoformat(str(vector.about["at"])))
        code = 4 if refusal else 0
    except HandoverError as error:
        code = int(error.exit_code)
    assert code == vector.about["exit_code"], (vector.about["defect"], refusal)


@cases("allowed_signers")
def test_stock_ssh_keygen_trusts_a_list_of_keys_as_its_vector_says(vector, tmp_path):
    signature = tmp_path / "sig"
    signature.write_bytes(signers.SENDER.sign(b"text"))
    done = ssh_keygen(
        *("-Y", "verify", "-n", "handover-statement-v1", "-I", vector.about["role"]),
        *("-f", vector.path / "allowed_signers", "-O", "verify-time=20261201000000Z", "-s", signature),
        stdin=b"text",
    )
    assert (done.returncode == 0) == (vector.about["stock"] == "accepts")


def test_the_laxities_of_the_stock_tool_are_known_and_each_is_refused_by_us():
    lax = [v for v in stored("signatures") + stored("allowed_signers") if v.about["stock"] == "accepts"]
    refused = [v.name.split("/")[1] for v in lax if v.expect != "valid"]
    for known in (
        *("text-after-footer", "second-block", "64-columns", "blob-version-0", "blob-reserved", "ed25519-s-plus-l"),
        *("ed25519-key-order-1", "hardware-untouched", "hardware-for-a-web-site", "sha256", "rsa-key-exponent-1"),
        *("ecdsa-needless-zero", "blob-algorithm-with-zero", "refused-star", "refused-two-roles"),
    ):
        assert known in refused
    stricter = [v for v in stored("signatures") if v.expect == "valid" and v.about["stock"] == "refuses"]
    assert stricter == [], "what we accept the stock tool accepts too"
