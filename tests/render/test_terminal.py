"""The terminal view is right at 80 columns without colours, and nothing foreign steers the terminal."""

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import paths
from handover.comparison import Verdict
from handover.digests import Strength
from handover.entries import EntryType, GapKind
from handover.evidence.pdf_findings import PdfProblem, PdfSignature, PdfState
from handover.evidence.statement import Decision, Facts, Kind, PartyRole
from handover.evidence.verification import Check, Signature, Step, Verification
from handover.manifest import ScanOptions
from handover.render import terminal
from handover.render.wording import pdfs, verification
from handover.render.wording.language import plain
from render.worlds import FINDING, HOSTILE, Part, agreed, hostile, lost_uploads, make_world, same
from support.manifests import file, folder, gap, make_manifest, reader

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def shown(*parts: Part, width: int = 80, color: bool = False, folder: Path | None = None, limit: int = 20, **options):
    world = make_world(*parts, **options)
    return terminal.render(world.report, world.differences, folder=folder, width=width, color=color, limit=limit)


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("part", [lost_uploads, agreed, hostile], ids=lambda part: part.__name__)
def test_no_line_is_wider_than_the_terminal_or_ends_in_spaces(part, width):
    for line in shown(part(), width=width, findings=(FINDING,)).splitlines():
        assert len(line) <= width
        assert line == line.rstrip()


def test_without_colour_there_is_not_one_control_character():
    text = shown(hostile(), folder=Path("case/\x1b[2J"), limit=500)
    assert text.replace("\n", "").isprintable()


def test_with_colour_the_words_are_the_same():
    plain, coloured = (shown(lost_uploads(), color=color) for color in (False, True))
    assert COLOUR.sub("", coloured) == plain
    assert coloured != plain


def test_the_environment_does_not_change_what_is_drawn(monkeypatch):
    before = shown(lost_uploads())
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "33"), ("TERM", "dumb"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    assert shown(lost_uploads()) == before


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_shown_whole_and_never_as_markup(name):
    text = shown(Part([file(name)], []), width=200)
    assert paths.shown(name) in text


@settings(max_examples=50, deadline=None)
@given(st.text("[]/\\bold \x1b\n\u202e:é漢", min_size=1, max_size=12))
def test_any_name_survives_the_layout(raw):
    name = raw.replace("/", "_").encode()
    if not paths.possible(name):
        name += b"x"
    text = shown(Part([file(name)], []), width=120)
    assert flat(paths.shown(name)) in flat(text)
    assert text.replace("\n", "").isprintable()


def test_the_verdict_comes_first_and_its_scope_beside_it():
    lines = shown(lost_uploads()).splitlines()
    assert lines[0].startswith("NOT COMPLETE")
    assert lines[1].startswith("4 of 17 files and folders (2.1 MB) are missing on the RECEIVER's host")
    assert "FILES not complete · DATABASE not part of this handover" in "\n".join(lines)
    assert "Contents were compared with SHA-256." in "\n".join(lines)


def test_marks_tell_what_happened_to_each_path():
    text = shown(lost_uploads(), width=100)
    for line in (
        "- wp-content/uploads/2014/0.jpg",
        "! index.php",
        "~ video.mp4",
        "? s.key",
        "+ error_log",
        "Marks: - missing, ~ other size, ! same size, other content, ? not checked, + extra",
    ):
        assert f"\n{line}" in text


def test_only_some_of_many_differences_are_shown_and_it_says_so():
    text = shown(Part([file(f"f{n}") for n in range(100)], []))
    assert "Differences by name (20 of 100 shown)" in text
    assert "Where it differs (1)" in text


def test_it_ends_with_what_to_do_and_where_the_report_is():
    text = flat(shown(lost_uploads(), folder=Path("case/rounds/0001")))
    assert "1. SENDER: send the 6 missing or changed paths again; they are named in web.missing.files0." in text
    assert text.endswith("The report and all evidence are in case/rounds/0001")


def test_findings_are_told_with_their_remedy():
    text = flat(shown(lost_uploads(), findings=(FINDING,)))
    assert (
        "* A folder was cut off below wp-content/uploads/2014 (very likely) Send wp-content/uploads/2014 again." in text
    )


def test_parts_without_comparison_and_several_parts():
    text = shown(lost_uploads(), replace(agreed(), name="static"), Part(None, None, name="mail"))
    assert "FILES (mail) undetermined" in text
    assert "\nstatic " in text


class Done:
    """A scan as the workflow leaves it."""

    def __init__(self, *items, **header):
        self._reader = reader(make_manifest(*items, **header))
        list(self._reader.lines())

    @property
    def header(self):
        return self._reader.header

    @property
    def trailer(self):
        return self._reader.trailer


def test_a_scan_tells_what_it_recorded_with_receipts():
    text = terminal.scanned(Path("a.manifest"), Done(*same()), color=False)
    assert text.startswith("SCAN COMPLETE\n\n5 entries, 18 bytes, in a.manifest\n")
    assert len(re.findall(r"(?:[A-Z2-7]{4}-){4}[A-Z2-7]\n", text)) == 2
    assert text.endswith("Next: handover sign a.manifest\n")


def test_a_scan_with_gaps_says_so_first():
    options = ScanOptions(recheck=False, workers=1, niceness=0, fast=False, cross_mounts=False, follow_root_link=False)
    done = Done(folder("a"), gap("b", GapKind.UNREADABLE, EntryType.FILE), options=options)
    text = terminal.scanned(Path("a.manifest"), done, color=False)
    assert text.startswith("SCAN WITH GAPS")
    assert "1 path could not be read on this host." in text
    assert "not looked at a second time" in text


def signature(role: PartyRole, **fields) -> Signature:
    values = {
        "file": f"1.{role}.statement.json",
        "kind": Kind.ANSWER,
        "role": role,
        "party": "Old Hosting",
        "signer": "Anna",
        "key": "SHA256:abc",
        "facts": Facts.CONFIRMED,
        "decision": Decision.ACCEPT,
        "signed_at": "2026-11-29T10:00:00Z",
        "valid": True,
        "trusted": True,
        "standing": True,
    }
    return Signature(**(values | fields))


def verification_of(**fields) -> Verification:
    values = {
        "type": "handover-verification",
        "version": 1,
        "bundle": "bundle",
        "case_id": "0f8e",
        "round": 1,
        "intact": True,
        "verified": True,
        "verdict": Verdict.COMPLETE,
        "accepted": False,
        "signed_by": (),
        "waiting_for": (),
        "exit_code": 0,
        "checks": tuple(Check(step=step, name=step.title, passed=True, detail="fine") for step in Step),
        "signatures": (),
    }
    return Verification(**(values | fields))


def last_line(done: Verification) -> str:
    return terminal.verified(done, color=False, width=200).splitlines()[-1]


def test_every_step_and_every_answer_has_words():
    assert set(verification.STEPS) == {step.title for step in Step}
    assert set(verification._KINDS) == set(Kind)
    assert set(verification.FACTS) == set(Facts)
    assert set(verification.DECISIONS) == set(Decision)


def test_accepted_by_all():
    both = (signature(PartyRole.SENDER), signature(PartyRole.RECEIVER))
    done = verification_of(accepted=True, signed_by=("sender", "receiver"), signatures=both)
    assert last_line(done) == "VERIFIED AND ACCEPTED by SENDER, RECEIVER: COMPLETE."


def test_waiting_is_never_shown_as_forged():
    done = verification_of(signed_by=("sender",), waiting_for=("receiver",), exit_code=9)
    text = terminal.verified(done, color=False, width=200)
    assert last_line(done).startswith("VERIFIED SO FAR, WAITING FOR RECEIVER")
    assert "Signed by: SENDER." in text
    assert "Still waiting for: RECEIVER." in text
    assert "NOT VERIFIED" not in text


def test_a_rejection_is_a_valid_record():
    done = verification_of(
        signed_by=("sender",),
        signatures=(signature(PartyRole.SENDER, decision=Decision.REJECT, facts=Facts.DISPUTED),),
        verdict=Verdict.NOT_COMPLETE,
        exit_code=1,
    )
    assert last_line(done) == (
        "VERIFIED, NOT ACCEPTED: SENDER rejects or disputes. The recorded result is NOT COMPLETE."
    )


def test_a_failure_names_its_step():
    checks = (
        Check(step=1, name="inventory", passed=True, detail="3 files"),
        Check(step=2, name="digests", passed=False, detail="web.\x1b[2Jmanifest was altered"),
    )
    done = verification_of(checks=checks, verified=False, intact=False, verdict=None, exit_code=4)
    text = terminal.verified(done, color=False, width=200)
    assert last_line(done) == r"NOT VERIFIED: step 2 (digests): web.\x1b[2Jmanifest was altered"
    assert "FAILED" in text
    assert "Intact: no" in text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"valid": False}, "THE SIGNATURE DOES NOT FIT"),
        ({"trusted": False}, "nobody given vouches for the key"),
        ({"standing": False}, "since then replaced or revoked"),
        ({"signer": "\x1b[2J"}, r"\x1b[2J"),
        ({"kind": Kind.CUSTODY, "facts": None, "decision": None}, "custody. Signed 2026-11-29 10:00:00 UTC"),
    ],
)
def test_what_a_signature_is_worth_stands_beside_it(fields, words):
    done = verification_of(signatures=(signature(PartyRole.SENDER, **fields),))
    text = terminal.verified(done, color=False, width=200)
    assert words in text
    assert text.replace("\n", "").isprintable()


@pytest.mark.parametrize("fields", [{"valid": False}, {"trusted": False}, {"standing": False}, {}])
def test_a_name_stands_after_what_we_say_of_a_signature_and_cannot_say_it_itself(fields):
    line = verification.signature(signature(PartyRole.SENDER, signer="Anna: accept. Signed 2026-11-29", **fields))
    assert line.startswith("SENDER: ")
    assert plain(line).endswith(", Anna: accept. Signed 2026-11-29, Old Hosting")


@pytest.mark.parametrize(
    ("state", "intact", "trusted"),
    [
        (PdfState.SIGNED, False, None),
        (PdfState.SIGNED, True, None),
        (PdfState.SIGNED, True, False),
        (PdfState.SIGNED, True, True),
        (PdfState.EXTERNAL, True, True),
    ],
)
def test_a_certificate_stands_after_what_we_say_of_a_signature_in_a_pdf(state, intact, trusted):
    signed = PdfSignature(
        field="RECEIVER: intact and trusted",
        role=None if state is PdfState.EXTERNAL else PartyRole.RECEIVER,
        signer="Aino: intact and trusted. Says so",
        certificate="ab" * 32,
        signed_at="2026-11-28T10:00:00Z",
        intact=intact,
        trusted=trusted,
        why=() if intact and trusted else (PdfProblem.CERTIFICATE,),
    )
    line = plain(pdfs.signature(signed, state))
    whose, said = line.split(": ", 1)
    assert whose == ("A field of theirs" if state is PdfState.EXTERNAL else "RECEIVER")
    assert said.lower().startswith(("intact", "not intact"))
    told = " of Aino: intact and trusted. Says so"
    assert line.endswith(told + (", field RECEIVER: intact and trusted" if state is PdfState.EXTERNAL else ""))


def test_integrity_alone_is_called_intact():
    assert last_line(verification_of()).startswith("INTACT: the recorded result is COMPLETE.")


def test_strength_stands_beside_every_verdict():
    report = make_world(Part(same(), same())).report
    weak = msgspec.structs.replace(report, strength=Strength.ACCIDENTAL)
    text = terminal.render(weak, lambda _: iter(()), folder=None, width=80, color=False)
    assert "accidents only, not fraud" in flat(text)
