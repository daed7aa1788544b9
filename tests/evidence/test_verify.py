"""Verification: ten steps, each of which some forgery fails; never exit 0 for what is not whole, signed and trusted."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import jsonschema
import msgspec
import pytest

from evidence.rounds import AGENCY, KEYS, RECEIVER, SENDER, MemoryBundle, Round, Terms
from evidence.tools import NAMESPACE, Party, block, ssh_keygen, stock_signature
from handover import report as reports
from handover import strict_json
from handover.areas import Share
from handover.bundles import open_bundle
from handover.comparison import Verdict
from handover.digests import sha256_hex
from handover.entries import GapKind
from handover.errors import ExitCode, LocalIOError
from handover.evidence.allowed_signers import ready_line
from handover.evidence.statement import Decision, Facts, Kind, PartyRole, Subject
from handover.evidence.verification import Step, Verification
from handover.evidence.verify import verify
from handover.rules import Rule, RuleKind, RuleSet
from support.manifests import file, folder, gap, make_manifest

S, R, A = PartyRole.SENDER, PartyRole.RECEIVER, PartyRole.AGENCY
TREE = (file("index.php", b"<?php"), folder("img"), file("img/a.png", b"png"))
LESS = TREE[:2]
SPEC = Path(__file__).parents[2] / "docs/spec"


@pytest.fixture
def good() -> Round:
    return Round(TREE, TREE).both_accept()


def failed_steps(done: Verification) -> set[Step]:
    return {Step(check.step) for check in done.checks if not check.passed}


def refused(done: Verification, step: Step, *words: str, code: ExitCode = ExitCode.NOT_VERIFIED) -> None:
    """The verification failed in this step, says why, and exits so."""
    details = [check.detail for check in done.checks if check.step == step and not check.passed]
    assert details, done.checks
    for word in words:
        assert any(word in detail for detail in details), details
    assert all(detail.isprintable() for detail in details)
    assert not done.verified
    assert not done.accepted
    assert done.exit_code == code


# What is good


def test_a_complete_round_that_both_accept_is_verified_in_ten_steps(good):
    done = good.verify()
    assert [check.step for check in done.checks] == list(range(1, 11))
    assert failed_steps(done) == set()
    assert (done.intact, done.verified, done.accepted) == (True, True, True)
    assert (done.verdict, done.exit_code) == (Verdict.COMPLETE, ExitCode.COMPLETE)
    assert (done.signed_by, done.waiting_for) == ((S, R), ())
    assert all(signature.valid and signature.trusted and signature.standing for signature in done.signatures)
    assert (done.case_id, done.round) == ("0f8e", 1)


def test_numbers_in_the_details_have_the_noun_that_fits_them():
    alone = Round(TREE, TREE, terms=Terms(rules=RuleSet(rules=(Rule(RuleKind.IGNORE, "x", "not ours", "terms"),))))
    alone.answer(S)
    said = {Step(check.step): check.detail for check in alone.verify().checks}
    assert said[Step.INVENTORY] == f"{len(alone.files) - 3} files, 1 statement"
    assert said[Step.TERMS] == "1 part and 1 rule, as terms.yaml says"
    assert said[Step.MANIFESTS] == "2 manifests with 8 entries; counts and roots add up"
    assert said[Step.STATEMENTS] == "1 statement is about this bundle"
    assert said[Step.SIGNATURES] == "1 signature fits its statement"
    assert said[Step.KEYS] == "1 signature by a trusted key"
    both = {Step(check.step): check.detail for check in Round(TREE, TREE).both_accept().verify().checks}
    assert both[Step.TERMS] == "1 part and 0 rules, as terms.yaml says"
    assert both[Step.STATEMENTS] == "2 statements are about this bundle"
    assert both[Step.SIGNATURES] == "2 signatures fit their statements"
    assert both[Step.KEYS] == "2 signatures by trusted keys"


def test_folder_and_zip_verify_alike(good, tmp_path):
    place = tmp_path / "0001"
    place.mkdir()
    for name, raw in good.files.items():
        (place / name).write_bytes(raw)
    subprocess.run(["python3", "-m", "zipfile", "-c", "../r.zip", *good.files], cwd=place, check=True)
    for path in (place, tmp_path / "r.zip"):
        with open_bundle(path) as bundle:
            done = verify(bundle, good.policy())
        assert done.exit_code == ExitCode.COMPLETE
        assert done.accepted


def test_stock_tools_alone_say_the_same(good, tmp_path):
    for name, raw in good.files.items():
        (tmp_path / name).write_bytes(raw)
    (tmp_path / "keys").write_text(KEYS)
    subprocess.run(["sha256sum", "-c", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True, capture_output=True)
    for role in (S, R):
        name = f"1.{role}.statement.json"
        done = ssh_keygen(
            "-Y", "verify", "-f", tmp_path / "keys", "-I", role, "-n", NAMESPACE, "-s", tmp_path / f"{name}.sig",
            stdin=good.files[name],
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def test_a_signature_by_stock_ssh_keygen_counts(tmp_path):
    round_ = Round(TREE, TREE)
    round_.answer(S)
    statement = round_.statement(R)
    round_.files["1.receiver.statement.json"] = statement.to_bytes()
    round_.files["1.receiver.statement.json.sig"] = stock_signature(tmp_path, RECEIVER.file, statement.to_bytes())
    assert round_.verify().exit_code == ExitCode.COMPLETE


def test_integrity_only_needs_no_keys_and_no_answers():
    done = Round(TREE, TREE).verify(keys=None, require=())
    assert (done.verified, done.accepted, done.exit_code) == (True, False, ExitCode.COMPLETE)


# What is a valid record of something else than acceptance


def test_a_missing_answer_is_waited_for_and_nothing_is_said_to_be_forged():
    round_ = Round(TREE, TREE)
    round_.answer(S)
    done = round_.verify()
    assert (done.exit_code, done.verified, done.accepted) == (ExitCode.WAITING, True, False)
    assert (done.signed_by, done.waiting_for) == ((S,), (R,))
    assert failed_steps(done) == set()


@pytest.mark.parametrize(
    "fields",
    [{"decision": Decision.REJECT}, {"facts": Facts.DISPUTED}, {"facts": Facts.DISPUTED, "decision": Decision.REJECT}],
)
def test_a_rejection_or_dispute_is_a_valid_record_and_no_acceptance(fields):
    round_ = Round(TREE, TREE)
    round_.answer(S)
    round_.answer(R, **fields)
    done = round_.verify()
    assert (done.exit_code, done.verified, done.accepted) == (ExitCode.NOT_COMPLETE, True, False)
    assert done.signed_by == (S, R)
    assert done.waiting_for == ()


def test_an_open_decision_is_waited_for():
    round_ = Round(TREE, TREE)
    round_.answer(S)
    round_.answer(R, decision=Decision.NONE)
    done = round_.verify()
    assert (done.exit_code, done.signed_by, done.waiting_for) == (ExitCode.WAITING, (S, R), (R,))


def test_accepting_with_remarks_is_accepting():
    round_ = Round(TREE, TREE)
    round_.answer(S)
    round_.answer(R, decision=Decision.ACCEPT_WITH_REMARKS, facts=Facts.NOT_EXAMINED)
    assert round_.verify().exit_code == ExitCode.COMPLETE


def test_accepting_an_incomplete_round_does_not_make_it_complete():
    done = Round(TREE, LESS).both_accept().verify()
    assert (done.exit_code, done.verified, done.accepted) == (ExitCode.NOT_COMPLETE, True, True)
    assert done.verdict is Verdict.NOT_COMPLETE


def test_a_round_with_a_gap_or_without_a_side_is_undetermined():
    gaps = (*LESS, gap("img/a.png", GapKind.UNREADABLE))
    for source, target in ((TREE, gaps), (TREE, None), (None, None)):
        done = Round(source, target).both_accept().verify()
        assert (done.exit_code, done.verdict, done.verified) == (ExitCode.UNDETERMINED, Verdict.UNDETERMINED, True)


def test_rejection_of_the_terms_by_a_trusted_party_is_no_acceptance(good):
    good.answer(S, about="terms.yaml", kind=Kind.TERMS, decision=Decision.REJECT)
    assert good.verify().exit_code == ExitCode.NOT_COMPLETE


def test_a_newer_answer_that_supersedes_the_older_one_counts(good):
    good.answer(R, decision=Decision.REJECT)
    done = good.verify()
    assert done.exit_code == ExitCode.NOT_COMPLETE
    assert [(s.file, s.standing) for s in done.signatures if s.role is R] == [
        ("1.receiver.statement.json", False),
        ("2.receiver.statement.json", True),
    ]


def test_a_revoked_answer_is_waited_for(good):
    good.answer(R, kind=Kind.REVOCATION)
    done = good.verify()
    assert (done.exit_code, done.signed_by, done.waiting_for) == (ExitCode.WAITING, (S,), (R,))


def test_a_witness_does_not_answer():
    round_ = Round(TREE, TREE)
    round_.answer(S)
    round_.answer(R, kind=Kind.WITNESS)
    assert round_.verify().waiting_for == (R,)


@pytest.mark.parametrize(
    ("require", "waiting"), [((S,), ()), ((S, A), (A,)), ((A,), (A,)), (None, (R,))], ids=["S", "SA", "A", "terms"]
)
def test_the_verifier_says_who_has_to_sign(require, waiting):
    round_ = Round(TREE, TREE)
    round_.answer(S)
    done = round_.verify(require=require)
    assert done.waiting_for == waiting
    assert done.exit_code == (ExitCode.WAITING if waiting else ExitCode.COMPLETE)


def test_without_terms_about_it_sender_and_receiver_have_to_sign():
    assert Round(TREE, TREE, terms=Terms(parties=(), required=())).verify().waiting_for == (S, R)


# Every byte, every file


SIGNED = Round(TREE, TREE).both_accept()


@pytest.mark.parametrize("name", sorted(SIGNED.files))
def test_no_flipped_byte_of_any_file_is_survived(name):
    policy, raw = SIGNED.policy(), SIGNED.files[name]
    survived = []
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1 << place % 8
        done = verify(MemoryBundle({**SIGNED.files, name: bytes(flipped)}), policy)
        if done.exit_code not in (ExitCode.NOT_VERIFIED, ExitCode.MALFORMED) or done.verified or done.accepted:
            survived.append((place, done.exit_code))
    assert survived == []


def test_no_missing_file_is_survived(good):
    for name in good.files:
        done = good.verify(files={other: raw for other, raw in good.files.items() if other != name})
        assert done.exit_code == ExitCode.NOT_VERIFIED, name
        assert not done.verified


def test_both_files_of_an_answer_that_somebody_has_seen_cannot_be_removed(good):
    left = {name: raw for name, raw in good.files.items() if not name.startswith("1.sender")}
    refused(good.verify(files=left), Step.STATEMENTS, "missing now")


@pytest.mark.parametrize(
    "name", ["note.txt", "report.pl.html", "web.missing.files0", "1.sender.statement.json.sig.txt"]
)
def test_no_added_file_is_survived(good, name):
    refused(good.verify(files={**good.files, name: b"x"}), Step.INVENTORY, name)


def test_no_added_statement_is_survived(good):
    files = {**good.files, "2.sender.statement.json": b"x"}
    refused(good.verify(files=files), Step.INVENTORY, "has no signature", code=ExitCode.MALFORMED)
    refused(good.verify(files={**files, "2.sender.statement.json.sig": b"x"}), Step.STATEMENTS, code=ExitCode.MALFORMED)


def test_every_bad_file_is_named_in_one_run(good):
    files = {**good.files, "terms.yaml": b"", "web.source.manifest": b"", "note.txt": b""}
    done = good.verify(files=files)
    said = " ".join(check.detail for check in done.checks)
    assert all(name in said for name in ("terms.yaml", "web.source.manifest", "note.txt"))
    assert done.signed_by == (S, R)


@pytest.mark.parametrize("name", ["rules.suggested.yaml", "report.pl.pdf"])
def test_a_listed_file_that_no_other_step_reads_is_held_against_its_digest(name):
    round_ = Round(TREE, TREE, more={name: b"index.php\0"} if name.startswith("rules") else None)
    resealed(round_, name, b"index.php\0").both_accept()
    assert round_.verify().exit_code == ExitCode.COMPLETE
    refused(round_.verify(files={**round_.files, name: b"nothing\0"}), Step.DIGESTS, name)


def test_a_rendering_that_could_not_be_drawn_again_is_named_as_not_judged(good):
    with_pdf = resealed(Round(TREE, TREE), "report.pl.pdf", b"all is complete").both_accept()
    for done, said in ((good.verify(), "complete"), (with_pdf.verify(), "complete; not judged: report.pl.pdf")):
        assert done.verified
        (detail,) = [check.detail for check in done.checks if check.step is Step.RECOMPUTATION]
        assert detail == f"comparing again gives the same: {said}"


# 1 to 3. Inventory, digests, report


def test_no_sums_is_no_bundle():
    done = Round(TREE, TREE).verify(files={"report.json": b"{}"})
    refused(done, Step.INVENTORY, "SHA256SUMS")
    assert (done.intact, done.verdict) == (False, None)


def resealed(round_: Round, name: str, raw: bytes) -> Round:
    """What a forger does who can write SHA256SUMS, and sign for nobody."""
    round_.files[name] = raw
    round_.seal()
    return round_


def test_sums_that_were_made_again_are_not_those_that_were_signed(good):
    done = resealed(good, "report.en.html", b"<p>all fine").verify()
    refused(done, Step.STATEMENTS, "another SHA256SUMS")


def forged(good: Round, **changes: object) -> Round:
    """A report that says something else, sealed and signed anew by both: they agree on something untrue."""
    good.report = msgspec.structs.replace(good.report, **changes)
    for name in [name for name in good.files if "statement" in name]:
        del good.files[name]
    return resealed(good, "report.json", good.report.to_bytes()).both_accept()


def test_a_report_that_both_signed_is_still_computed_again():
    round_ = Round(TREE, LESS)
    part = round_.report.parts[0]
    comparison = msgspec.structs.replace(part.comparison, verdict=Verdict.COMPLETE)
    parts = (msgspec.structs.replace(part, comparison=comparison),)
    scope = (msgspec.structs.replace(round_.report.scope[0], state=Verdict.COMPLETE),)
    done = forged(round_, verdict=Verdict.COMPLETE, parts=parts, scope=scope).verify()
    refused(done, Step.RECOMPUTATION, "web is not what the manifests say")
    assert done.verdict is None


@pytest.mark.parametrize("field", ["verdict", "because", "strength", "scope"])
def test_a_headline_that_does_not_follow_from_the_parts_is_found(field):
    values = {"verdict": Verdict.COMPLETE_AS_AGREED, "because": ("listing",), "strength": "accidental", "scope": ()}
    refused(forged(Round(TREE, TREE), **{field: values[field]}).verify(), Step.RECOMPUTATION, "do not follow")


@pytest.mark.parametrize("field", ["location", "route", "bytes", "content_root", "machine", "recheck", "started_at"])
def test_what_the_report_says_of_a_side_is_what_its_manifest_says(field):
    round_ = Round(TREE, TREE)
    part = round_.report.parts[0]
    values = {
        "location": "ssh://acme@other.example/", "route": "sftp", "bytes": 1, "content_root": "0" * 64,
        "machine": msgspec.structs.replace(part.target.machine, boot_sha256="2" * 64), "recheck": False,
        "started_at": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    target = msgspec.structs.replace(part.target, **{field: values[field]})
    parts = (msgspec.structs.replace(part, target=target),)
    refused(forged(round_, parts=parts).verify(), Step.RECOMPUTATION)


@pytest.mark.parametrize("told", ["nothing", "less lost"])
def test_what_became_of_each_folder_is_computed_again_unless_it_is_not_told(told):
    round_ = Round(TREE, LESS)
    part = round_.report.parts[0]
    areas = () if told == "nothing" else (msgspec.structs.replace(part.areas[-1], paths=Share(same=9)),)
    done = forged(round_, parts=(msgspec.structs.replace(part, areas=areas),)).verify()
    assert done.intact == (told == "nothing")
    assert failed_steps(done) == (set() if told == "nothing" else {Step.RECOMPUTATION})


def test_differences_are_computed_again():
    round_ = Round(TREE, LESS)
    lines = round_.files["web.differences.jsonl"].splitlines(keepends=True)
    for other in (lines[:-1], [*lines, lines[-1]], [lines[0], lines[1].replace(b"absent", b"absenT")]):
        round_.files["web.differences.jsonl"] = b"".join(other)
        files = tuple(round_.ref(ref.name) for ref in round_.report.files)
        refused(forged(round_, files=files).verify(), Step.RECOMPUTATION, "not the differences")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda refs: refs[:-1], "not those of SHA256SUMS"),
        (lambda refs: (*refs, msgspec.structs.replace(refs[0], name="more.txt")), "not those of SHA256SUMS"),
        (lambda refs: (*refs, refs[0]), "not those of SHA256SUMS"),
        (lambda refs: (msgspec.structs.replace(refs[0], sha256="0" * 64), *refs[1:]), "another digest"),
        (lambda refs: (msgspec.structs.replace(refs[0], length=1), *refs[1:]), "another digest or length"),
    ],
)
def test_the_list_of_files_in_the_report_is_that_of_the_sums(change, word):
    round_ = Round(TREE, TREE)
    refused(forged(round_, files=change(round_.report.files)).verify(), Step.REPORT, word)


def test_the_report_is_held_against_the_sums_for_a_file_that_was_altered_too(good):
    good.files["report.json"] = good.report.to_bytes()
    good.files["web.source.manifest"] += b"\n"
    good.seal()
    good.files["web.source.manifest"] += b"\n"
    done = good.verify()
    assert {Step.DIGESTS, Step.REPORT} <= failed_steps(done)
    assert any("web.source.manifest has another digest" in check.detail for check in done.checks)


def test_an_extra_manifest_that_no_part_has_is_found():
    round_ = Round(TREE, TREE, more={"shop.source.manifest": make_manifest()}).both_accept()
    refused(round_.verify(), Step.REPORT, "shop.source.manifest belongs to no part")


@pytest.mark.parametrize("name", ["acceptance.html", "web.remedy.sh", "READ-ME-FIRST"])
def test_a_file_that_no_round_has_is_found_although_all_sums_name_it(name):
    round_ = Round(TREE, TREE, more={name: b"all is complete"}).both_accept()
    refused(round_.verify(), Step.REPORT, f"{name} belongs to no part")


def test_a_list_of_what_to_send_for_a_part_that_nobody_read_is_found():
    round_ = Round(None, None, more={"web.missing.files0": b"./secret\0"})
    refused(round_.verify(), Step.REPORT, "web.missing.files0 belongs to no part")


def test_rules_that_were_suggested_may_be_there():
    assert Round(TREE, TREE, more={"rules.suggested.yaml": b"rules: []"}).both_accept().verify().verified


def test_a_one_sided_report_cannot_hide_the_other_manifest():
    round_ = Round(TREE, None)
    round_.files["web.target.manifest"] = make_manifest(*TREE)
    files = tuple(map(round_.ref, sorted([*(ref.name for ref in round_.report.files), "web.target.manifest"])))
    refused(forged(round_, files=files).verify(), Step.REPORT, "belongs to no part")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": "web.target.manifest"}, "is not the file web.source.manifest"),
        ({"length": 1}, "is not the file web.source.manifest"),
    ],
)
def test_a_side_names_its_own_manifest(changes, word):
    round_ = Round(TREE, TREE)
    part = round_.report.parts[0]
    assert part.source.manifest is not None
    source = msgspec.structs.replace(part.source, manifest=msgspec.structs.replace(part.source.manifest, **changes))
    refused(forged(round_, parts=(msgspec.structs.replace(part, source=source),)).verify(), Step.REPORT, word)


@pytest.mark.parametrize("name", ["terms.yaml", "rules.json", "web.differences.jsonl"])
def test_a_bundle_made_without_one_of_its_files_is_found(name):
    round_ = Round(TREE, TREE)
    del round_.files[name]
    files = tuple(ref for ref in round_.report.files if ref.name != name)
    refused(forged(round_, files=files).verify(), Step.REPORT, f"{name} is not in SHA256SUMS")


def test_a_part_that_is_told_twice_is_malformed():
    round_ = Round(TREE, TREE)
    done = forged(round_, parts=round_.report.parts * 2).verify()
    refused(done, Step.REPORT, "twice", code=ExitCode.MALFORMED)


def test_parts_that_the_rules_do_not_have_are_found():
    round_ = Round(TREE, TREE)
    refused(forged(round_, parts=()).verify(), Step.REPORT, "belongs to no part")


def test_terms_longer_than_any_are_malformed():
    round_ = Round(TREE, TREE, terms=Terms(raw=b"#" * (2**20 + 1)))
    refused(round_.verify(), Step.TERMS, "longer than", code=ExitCode.MALFORMED)


def test_a_report_that_is_malformed_behind_a_right_digest_is_malformed(good):
    done = resealed(good, "report.json", good.files["report.json"].replace(b"  ", b"    ", 1)).verify()
    refused(done, Step.REPORT, "one form", code=ExitCode.MALFORMED)
    assert {Step.TERMS, Step.MANIFESTS, Step.RECOMPUTATION} <= failed_steps(done)


# 4. Terms


def test_other_terms_with_their_own_rules_are_found():
    swapped = Terms(rules=RuleSet((Rule(RuleKind.IGNORE, "img/**", "no need", "terms"),)))
    round_ = Round(TREE, LESS)
    forged_terms = Round(TREE, LESS, terms=swapped)
    forged_terms.terms = round_.terms
    done = forged_terms.both_accept().verify()
    refused(done, Step.TERMS, "not the rules that terms.yaml gives")


def test_terms_that_nobody_can_read_are_malformed():
    round_ = Round(TREE, TREE, terms=Terms(raw=b"other"))
    round_.both_accept().terms = Terms()
    refused(round_.verify(), Step.TERMS, "unknown terms", code=ExitCode.MALFORMED)


@pytest.mark.parametrize(
    "changes",
    [
        {"required_signatures": ()},
        {"parties": ()},
        {"timezone": "UTC"},
        {"dates": reports.Dates()},
        {"case": reports.CaseRef(id="0f8e", name="another")},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_the_report_repeats_of_the_terms_is_compared(changes):
    refused(forged(Round(TREE, TREE), **changes).verify(), Step.TERMS, "not as terms.yaml says")


# 5. Manifests


def test_a_manifest_with_a_wrong_root_is_malformed_although_report_and_signatures_fit():
    round_ = Round(TREE, TREE)
    raw = round_.files["web.target.manifest"]
    root = raw.index(b'"structure_root":"') + len(b'"structure_root":"')
    other = b"0" if raw[root : root + 1] != b"0" else b"1"
    round_.files["web.target.manifest"] = raw[:root] + other + raw[root + 1 :]
    assert round_.files["web.target.manifest"] != raw
    round_.compare()
    refused(round_.both_accept().verify(), Step.MANIFESTS, "totals", code=ExitCode.MALFORMED)


# 6. Renderings


def test_a_page_that_shows_something_else_is_found():
    round_ = Round(TREE, TREE)
    resealed(round_, "report.en.html", b"<p>nothing is missing").both_accept()
    refused(round_.verify(), Step.RECOMPUTATION, "report.en.html does not show this report")


def test_a_rendering_that_nobody_asked_for_is_looked_at():
    round_ = Round(TREE, TREE)
    resealed(round_, "report.de.html", b"<p>all is there").both_accept()
    refused(round_.verify(), Step.RECOMPUTATION, "report.de.html is no page of this report")


# 7. Statements


def test_an_answer_to_an_older_round_is_no_answer_to_this_one():
    old = Round(TREE, LESS, number=1).both_accept()
    new = Round(TREE, TREE, number=2)
    new.files |= {name: raw for name, raw in old.files.items() if "statement" in name}
    done = new.verify()
    refused(done, Step.STATEMENTS, "another SHA256SUMS", "belongs to round 1")
    assert (done.signed_by, done.waiting_for) == ((), ())


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"case_id": "other"}, "another case"),
        ({"round_number": 2}, "belongs to round 2"),
        ({"party": "Somebody else"}, "has another sender"),
        ({"subject": Subject(name="SHA256SUMS", sha256="0" * 64, length=1)}, "another SHA256SUMS"),
        ({"seen": ["0" * 64]}, "missing now"),
        ({"supersedes": "0" * 64}, "does not supersede exactly"),
        ({"kind": Kind.CUSTODY, "subject": Subject(name="x.manifest", sha256="0" * 64, length=1),
          "facts": None, "decision": None, "round_number": None}, "is not about SHA256SUMS"),
    ],
)  # fmt: skip
def test_a_statement_that_belongs_elsewhere_is_found(fields, word):
    round_ = Round(TREE, TREE)
    round_.answer(R)
    round_.answer(S, **fields)
    done = round_.verify()
    refused(done, Step.STATEMENTS, word)
    assert done.signed_by == (R,)


def test_a_length_that_is_not_that_of_the_sums_is_found():
    round_ = Round(TREE, TREE)
    subject = round_.subject()
    round_.answer(S, subject=msgspec.structs.replace(subject, length=subject.length + 1))
    refused(round_.verify(), Step.STATEMENTS, "another SHA256SUMS")


def test_a_second_answer_that_does_not_supersede_is_found(good):
    good.answer(R, supersedes=None)
    refused(good.verify(), Step.STATEMENTS, "does not supersede")


def test_a_row_of_answers_without_its_first_is_found(good):
    good.answer(S, decision=Decision.ACCEPT_WITH_REMARKS)
    left = {name: raw for name, raw in good.files.items() if not name.startswith("1.sender")}
    refused(good.verify(files=left), Step.STATEMENTS, "number 1 is missing")


def test_roles_that_were_swapped_are_found(good):
    files = dict(good.files)
    for end in ("", ".sig"):
        one, other = f"1.sender.statement.json{end}", f"1.receiver.statement.json{end}"
        files[one], files[other] = files[other], files[one]
    refused(good.verify(files=files), Step.STATEMENTS, "a statement of the receiver")


def test_a_revocation_of_something_else_is_found(good):
    first = good.files["1.sender.statement.json"]
    subject = Subject(name="1.sender.statement.json", sha256=sha256_hex(first), length=len(first))
    good.answer(R, kind=Kind.REVOCATION, subject=subject, supersedes=subject.sha256)
    refused(good.verify(), Step.STATEMENTS, "revokes another")


def test_a_revocation_of_nothing_is_found():
    round_ = Round(TREE, TREE)
    round_.compare()
    round_.answer(S)
    subject = Subject(name="1.sender.statement.json", sha256="0" * 64, length=1)
    round_.answer(R, kind=Kind.REVOCATION, subject=subject, supersedes=subject.sha256)
    refused(round_.verify(), Step.STATEMENTS, "revokes another")


def test_a_role_that_is_no_party_of_the_case_is_found():
    terms = Terms()
    round_ = Round(TREE, TREE, terms=replace(terms, parties=terms.parties[:2])).both_accept()
    round_.answer(A)
    refused(round_.verify(), Step.STATEMENTS, "has another agency, or none")


def test_custody_that_the_report_tells_of_is_checked():
    round_ = Round(TREE, TREE)
    name = round_.answer(S, about="web.source.manifest", kind=Kind.CUSTODY, case_id=None)
    round_.compare()
    assert round_.report.parts[0].source.custody[0].role == "sender"
    round_.both_accept()
    assert round_.verify().exit_code == ExitCode.COMPLETE
    left = {key: raw for key, raw in round_.files.items() if not key.startswith(str(name))}
    refused(round_.verify(files=left), Step.STATEMENTS, "custody statement of the sender")


@pytest.mark.parametrize("target", [TREE, None])
def test_custody_that_the_report_tells_of_the_wrong_side_is_found(target):
    round_ = Round(TREE, target)
    round_.answer(S, about="web.source.manifest", kind=Kind.CUSTODY, case_id=None)
    round_.compare()
    (part,) = round_.report.parts
    moved = msgspec.structs.replace(part, target=msgspec.structs.replace(part.target, custody=part.source.custody))
    custody = {name: raw for name, raw in round_.files.items() if name.startswith("web.source.manifest.")}
    resealed(round_, "report.json", msgspec.structs.replace(round_.report, parts=(moved,)).to_bytes())
    done = round_.verify(files={**round_.files, **custody})
    refused(done, Step.STATEMENTS, "the custody statement of the sender about web is not here")


def test_custody_of_another_manifest_is_found():
    round_ = Round(TREE, TREE)
    round_.answer(S, about="web.source.manifest", kind=Kind.CUSTODY, subject=round_.subject("web.target.manifest"))
    refused(round_.verify(), Step.STATEMENTS, "another web.source.manifest")


def test_custody_of_a_manifest_that_was_altered_is_no_custody_of_it():
    round_ = Round(TREE, TREE)
    round_.answer(S, about="web.source.manifest", kind=Kind.CUSTODY)
    done = round_.verify(files={**round_.files, "web.source.manifest": b""})
    refused(done, Step.STATEMENTS, "web.source.manifest is missing or was altered")


def test_custody_that_the_report_words_otherwise_is_found():
    round_ = Round(TREE, TREE)
    round_.answer(S, about="web.source.manifest", kind=Kind.CUSTODY)
    round_.compare()
    part = round_.report.parts[0]
    custody = (msgspec.structs.replace(part.source.custody[0], party="Somebody else"),)
    source = msgspec.structs.replace(part.source, custody=custody)
    parts = (msgspec.structs.replace(part, source=source),)
    round_.report = msgspec.structs.replace(round_.report, parts=parts)
    resealed(round_, "report.json", round_.report.to_bytes()).both_accept()
    refused(round_.verify(), Step.STATEMENTS, "says something else")


# 8. Signatures


def with_signature(good: Round, signature: bytes) -> Verification:
    return good.verify(files={**good.files, "1.sender.statement.json.sig": signature})


def test_a_signature_for_another_purpose_is_found(good, tmp_path):
    statement = good.files["1.sender.statement.json"]
    signature = stock_signature(tmp_path, SENDER.file, statement, namespace="file")
    refused(with_signature(good, signature), Step.SIGNATURES, "purpose file")


def test_a_signature_by_somebody_else_is_found(good):
    refused(
        with_signature(good, AGENCY.sign(good.files["1.sender.statement.json"])), Step.SIGNATURES, "signed by SHA256"
    )


@pytest.mark.parametrize("change", [
    lambda raw: raw.replace(b"\n", b"\r\n"),
    lambda raw: raw + b"we reject\n",
    lambda raw: raw * 2,
    lambda raw: b"",
    lambda raw: raw[:-1],
])  # fmt: skip
def test_a_signature_in_another_form_is_malformed(good, change):
    done = with_signature(good, change(good.files["1.sender.statement.json.sig"]))
    refused(done, Step.SIGNATURES, code=ExitCode.MALFORMED)
    assert (done.signed_by, done.waiting_for) == ((R,), ())


def test_a_small_order_key_in_statement_and_signature_does_not_sign(good):
    # SECURITY: whoever could put such a key into a statement could sign it; the key alone is refused.
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    statement = good.files["1.sender.statement.json"].replace(SENDER.key.line.encode(), key.encode())
    refused(good.verify(files={**good.files, "1.sender.statement.json": statement}), Step.STATEMENTS, "small order")
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20\x01" + bytes(31)
    inner = b"\0\0\0\x0bssh-ed25519\0\0\0\x40\x01" + bytes(63)
    refused(with_signature(good, block(blob, inner)), Step.SIGNATURES, "small order")


def test_a_bad_answer_is_never_shown_as_waiting(good):
    for name in ("1.sender.statement.json", "1.sender.statement.json.sig"):
        done = good.verify(files={**good.files, name: b"broken"})
        assert done.exit_code == ExitCode.MALFORMED
        assert done.waiting_for == ()
        assert S not in done.signed_by


# 9. Keys


def test_without_keys_nothing_is_verified(good):
    done = good.verify(keys=None)
    refused(done, Step.KEYS, "no keys were given")
    assert (done.intact, done.signed_by) == (True, ())


@pytest.mark.parametrize(
    "keys",
    [
        ready_line(S, SENDER.key),
        "\n".join([ready_line(S, SENDER.key), ready_line(R, AGENCY.key)]),
        "\n".join([ready_line(S, RECEIVER.key), ready_line(R, SENDER.key)]),
        "\n".join([ready_line(S, SENDER.key), f'receiver namespaces="git" {RECEIVER.key.line}']),
        "\n".join([ready_line(S, SENDER.key), f'receiver valid-before="20201231Z" {RECEIVER.key.line}']),
        "# none",
    ],
)
def test_a_key_that_is_not_trusted_for_its_role_fails(good, keys):
    refused(good.verify(keys=keys), Step.KEYS)


def test_contacts_of_the_terms_are_principals_too(good):
    keys = f"bok@old.example {SENDER.key.line}\nsupport@new.example {RECEIVER.key.line}"
    assert good.verify(keys=keys).exit_code == ExitCode.COMPLETE


def test_one_key_for_two_roles_fails_in_the_list_and_in_the_bundle():
    round_ = Round(TREE, TREE)
    round_.answer(S)
    round_.answer(R, signatory=SENDER)
    refused(round_.verify(keys=f"sender,receiver {SENDER.key.line}"), Step.KEYS, "receiver and sender")
    refused(round_.verify(), Step.KEYS, "signed for receiver and sender")
    refused(round_.verify(keys=None, require=()), Step.KEYS, "signed for receiver and sender")


def test_a_role_with_keys_in_the_terms_must_use_one_of_them():
    terms = Terms()
    sender = msgspec.structs.replace(terms.parties[0], keys=(AGENCY.key.line + " anna",))
    round_ = Round(TREE, TREE, terms=replace(terms, parties=(sender, *terms.parties[1:]))).both_accept()
    refused(round_.verify(), Step.KEYS, "not a key that the terms name for the sender")
    sender = msgspec.structs.replace(sender, keys=(AGENCY.key.line, SENDER.key.line + " anna"))
    round_ = Round(TREE, TREE, terms=replace(terms, parties=(sender, *terms.parties[1:]))).both_accept()
    assert round_.verify().exit_code == ExitCode.COMPLETE


def test_a_role_that_nobody_asked_for_and_nobody_knows_neither_helps_nor_harms(good):
    good.answer(A, decision=Decision.REJECT)
    done = good.verify()
    assert done.exit_code == ExitCode.COMPLETE
    assert done.signed_by == (S, R)
    assert any("not counted" in check.detail and "agency" in check.detail for check in done.checks)
    assert good.verify(keys=f"{KEYS}\n{ready_line(A, AGENCY.key)}").exit_code == ExitCode.NOT_COMPLETE
    refused(good.verify(keys=f"{KEYS}\n{ready_line(A, Party('ed25519', 'x').key)}"), Step.KEYS, "agency")
    refused(good.verify(require=(S, R, A)), Step.KEYS, "no key for agency")


def test_keys_are_judged_at_the_time_of_the_policy(good):
    keys = "\n".join([ready_line(S, SENDER.key), f'receiver valid-after="20261202Z" {RECEIVER.key.line}'])
    refused(good.verify(keys=keys), Step.KEYS, "only from")
    policy = good.policy(keys=keys)
    later = replace(policy, at=policy.at + timedelta(days=2))
    assert verify(MemoryBundle(good.files), later).exit_code == ExitCode.COMPLETE


# Trouble that is not the bundle's


def test_a_file_that_this_machine_cannot_read_is_a_matter_of_this_machine(good):
    class Broken(MemoryBundle):
        def open(self, name):
            if name == "web.source.manifest":
                raise LocalIOError("cannot be read", where=name)
            return super().open(name)

    done = verify(Broken(good.files), good.policy())
    assert done.exit_code == ExitCode.LOCAL_IO
    assert not done.verified


class Changing(MemoryBundle):
    """Shows one file as it was signed for some reads, and another one afterwards."""

    def __init__(self, files: Mapping[str, bytes], name: str, later: bytes, reads: int) -> None:
        super().__init__(files)
        self._later = {name: later}
        self._left = reads

    def open(self, name: str) -> BinaryIO:
        if name in self._later:
            self._left -= 1
            if self._left < 0:
                return MemoryBundle(self._later).open(name)
        return super().open(name)


@pytest.mark.parametrize("reads", [1, 2])
def test_a_manifest_that_changes_between_two_reads_is_found(good, reads):
    later = Round(LESS, TREE).files["web.source.manifest"]
    done = verify(Changing(good.files, "web.source.manifest", later, reads), good.policy())
    refused(done, Step.MANIFESTS if reads == 1 else Step.RECOMPUTATION)


@pytest.mark.parametrize("name", ["report.json", "rules.json", "terms.yaml"])
def test_a_document_that_changes_between_two_reads_is_found(good, name):
    done = verify(Changing(good.files, name, good.files[name] + b" ", 1), good.policy())
    refused(done, Step.REPORT if name == "report.json" else Step.TERMS, "changed while")


def test_the_steps_have_the_numbers_and_names_of_the_specification():
    text = (SPEC / "bundle.md").read_text()
    assert [(int(n), name.lower()) for n, name in re.findall(r"^([0-9]+)\. \*\*(\w+)\.\*\*", text, re.MULTILINE)] == [
        (step.value, step.title) for step in Step
    ]


@pytest.mark.parametrize("broken", [None, "report.json", "SHA256SUMS", "1.sender.statement.json.sig"])
def test_the_result_is_a_document_of_its_own(good, broken):
    done = good.verify(files={**good.files, broken: b"x"} if broken else None)
    jsonschema.validate(
        json.loads(strict_json.encode(done)),
        json.loads((SPEC / "verification.schema.json").read_text()),
        jsonschema.Draft202012Validator,
    )
    assert strict_json.decode_document(Verification, strict_json.encode_document(done), where="result") == done
