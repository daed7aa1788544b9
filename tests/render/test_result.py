"""What scripts get: the documents that the schemas promise, and the same numbers as the report."""

import json
from pathlib import Path

import jsonschema
import pytest

from handover import strict_json
from handover.errors import ExitCode
from handover.evidence import statement
from handover.render import result
from handover.render.documents import Result
from handover.render.wording.remarks import RemarkCode
from render.test_terminal import Done, verification_of
from render.worlds import FINDING, HOSTILE, Part, agreed, hostile, lost_uploads, make_world, same
from support.manifests import file
from support.schemas import SPEC

RESULT = json.loads((SPEC / "result.schema.json").read_text())
REPLIES = json.loads((SPEC / "replies.schema.json").read_text())


def document(*parts: Part, limit: int = 1000, folder: Path | None = None, **options) -> dict:
    world = make_world(*parts, **options)
    raw = result.round_document(world.report, world.differences, world.report.verdict.exit_code, folder, limit)
    strict_json.decode_document(Result, raw, where="result")
    parsed = json.loads(raw)
    jsonschema.validate(parsed, RESULT, cls=jsonschema.Draft202012Validator)
    return parsed


def test_it_says_what_the_design_promises():
    found = document(lost_uploads(), findings=(FINDING,), folder=Path("case/rounds/0001"))
    assert (found["type"], found["version"]) == ("handover-result", 1)
    assert (found["verdict"], found["exit_code"], found["strength"]) == ("not_complete", 1, "cryptographic")
    assert found["scope"] == [
        {"subject": "files", "part": "web", "state": "not_complete"},
        {"subject": "database", "part": "web", "state": "not_part"},
    ]
    (part,) = found["parts"]
    assert part["name"] == "web"
    assert part["counts"]["missing"] == 4
    assert part["bytes"]["missing"] == 2_100_000
    assert part["differences_total"] == len(part["differences"]) == 8
    assert part["differences"][0] == {"path": "error_log", "class": "extra", "why": ["absent"]}
    assert found["findings"][0]["share"] == "0.7500"
    assert found["bundle"] == "case/rounds/0001"
    assert {"code": "gaps", "part": "web", "side": "target"} in found["remarks"]


def test_the_share_of_what_is_excluded_is_a_fraction():
    found = document(agreed())
    assert found["excluded"] == {"files": 4, "bytes": 33, "share": "0.1209"}
    assert found["exit_code"] == 0


def test_differences_are_capped_and_the_total_is_told():
    found = document(Part([file(f"f{n}") for n in range(30)], [file("x")]), limit=10)
    (part,) = found["parts"]
    assert part["differences_total"] == 31
    assert len(part["differences"]) == 10
    assert {row["class"] for row in part["differences"]} == {"missing", "extra"}
    assert document(lost_uploads(), limit=0)["parts"][0]["differences"] == []


def test_a_name_that_is_not_text_comes_as_base64():
    rows = document(hostile())["parts"][0]["differences"]
    names = {row["path"] for row in rows if "path" in row}
    assert {name.decode() for name in HOSTILE if b"\xff" not in name} <= names
    assert "aW52YWxpZC3//i5iaW4=" in {row.get("path_b64") for row in rows}


def test_control_characters_never_stand_raw_in_the_document():
    world = make_world(hostile())
    raw = result.round_document(world.report, world.differences, ExitCode.NOT_COMPLETE, None, 1000)
    assert raw.replace(b"\n", b"").decode().isprintable()


def test_a_side_that_was_not_read_is_a_failure_with_its_code():
    found = document(Part(same(), None))
    assert found["because"] == ["not_checked", "one_sided"]
    assert found["failures"] == [
        {
            "part": "web",
            "side": "target",
            "code": 6,
            "what": "the connection was refused",
            "where": "ssh://acme@source.example",
            "hint": "Is sshd running?",
        }
    ]
    both = document(Part(None, None))["parts"][0]
    assert (both["verdict"], both["because"], both["differences_total"]) == ("undetermined", ["one_sided"], 0)


def test_every_remark_code_is_in_the_schema():
    assert set(RESULT["$defs"]["RemarkCode"]["enum"]) == set(RemarkCode)


@pytest.mark.parametrize(("bp", "text"), [(0, "0.0000"), (312, "0.0312"), (10_000, "1.0000"), (12_345, "1.2345")])
def test_shares_are_exact_fractions(bp, text):
    assert result.fraction(bp) == text


def test_an_error_has_all_four_fields():
    raw = result.error_document(ExitCode.REMOTE, "not reached", "old.example", "")
    parsed = json.loads(raw)
    jsonschema.validate(parsed, RESULT, cls=jsonschema.Draft202012Validator)
    assert parsed == {"error": {"code": 6, "what": "not reached", "where": "old.example", "hint": ""}}


class Signed:
    path = Path("1.sender.statement.json")
    signature = Path("1.sender.statement.json.sig")
    statement = statement.Statement(
        type="handover-statement",
        version=1,
        kind=statement.Kind.CUSTODY,
        role=statement.PartyRole.SENDER,
        party="Old Hosting",
        signer=statement.Signer(name="Anna"),
        public_key="ssh-ed25519 AAAA",
        subject=statement.Subject(name="web.manifest", sha256="0" * 64, length=1),
        signed_at="2026-11-29T10:00:00Z",
    )


class Prepared:
    folder = Path("answers")
    commands = ((statement.Decision.ACCEPT, "ssh-keygen -Y sign …"), (None, "ssh-keygen -Y sign …"))


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (result.scanned_document(Path("a.manifest"), Done(*same())), "handover-scanned"),
        (result.signed_document(Signed()), "handover-signed"),
        (result.prepared_document(Prepared()), "handover-prepared"),
        (result.started_document(Path("case/handover.yaml"), "0f8e", "static", ""), "handover-started"),
        (result.trusted_document("old.example", "ssh-ed25519", "SHA256:abc", True), "handover-trusted"),
    ],
)
def test_every_other_command_answers_with_its_own_document(raw, kind):
    parsed = json.loads(raw)
    jsonschema.validate(parsed, REPLIES, cls=jsonschema.Draft202012Validator)
    assert (parsed["type"], parsed["version"]) == (kind, 1)


def test_a_verification_is_printed_as_it_is():
    done = verification_of()
    assert json.loads(result.verified_document(done))["checks"][0] == {
        "step": 1,
        "name": "inventory",
        "passed": True,
        "detail": "fine",
    }


def test_a_path_that_is_not_utf_8_does_not_break_the_document():
    raw = result.started_document(Path(b"bad-\xff".decode("utf-8", "surrogateescape")), "0f8e", "", "")
    assert json.loads(raw)["terms"] == r"bad-\xff"
