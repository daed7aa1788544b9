"""The schemas in the specification are those of the code, and real documents fit them."""

import io
import json
import re

import jsonschema
import msgspec
import pytest

from handover import differences
from handover.comparison import Doubt, PathClass, Verdict
from handover.digests import Strength
from handover.render.documents import Result
from handover.render.wording import codes
from handover.render.wording.remarks import RemarkCode
from handover.report import Report
from render.worlds import FINDING, Part, agreed, hostile, lost_uploads, make_world, same
from support.schemas import BUILT, SPEC, build

WORLDS = {
    "lost": lambda: make_world(lost_uploads(), findings=(FINDING,)),
    "agreed": lambda: make_world(agreed()),
    "hostile": lambda: make_world(hostile()),
    "one sided": lambda: make_world(Part(same(), None), parties=False),
}


@pytest.mark.parametrize("name", BUILT)
def test_the_schema_in_the_specification_is_the_one_of_the_code(name):
    assert (SPEC / name).read_text(encoding="utf-8") == build(name), "run: python tests/support/schemas.py"
    jsonschema.Draft202012Validator.check_schema(json.loads(build(name)))


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_reports_fit_their_schema_and_can_be_read_again(make):
    report = make().report
    raw = report.to_bytes()
    jsonschema.validate(json.loads(raw), json.loads(build("report.schema.json")))
    assert Report.from_bytes(raw, where="report.json") == report


@pytest.mark.parametrize("make", WORLDS.values(), ids=WORLDS)
def test_every_line_of_differences_fits_its_schema(make):
    world = make()
    validator = jsonschema.Draft202012Validator(json.loads(build("differences.schema.json")))
    stream = io.BytesIO()
    writer = differences.Writer(stream, "web")
    for difference in world.differences("web"):
        writer.add(difference)
    for line in stream.getvalue().splitlines():
        validator.validate(json.loads(line))


def test_the_schemas_refuse_what_is_not_known():
    parsed = json.loads(make_world(agreed()).report.to_bytes())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(parsed | {"more": 1}, json.loads(build("report.schema.json")))


def codes_in(document: str, section: str) -> set[str]:
    """The codes in the first column of a section's table."""
    text = (SPEC / document).read_text(encoding="utf-8").split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`([a-z_]+)`", row)}


def test_every_code_is_in_the_specification_and_no_other():
    sided = {f"{kind}_{side}" for kind in codes._WHY_SIDE for side in ("source", "target")}
    assert codes_in("report.md", "Reasons") == {"absent", *codes._WHY, *sided}
    assert codes_in("report.md", "Classes") == set(PathClass)
    assert codes_in("report.md", "Verdict") == {*Verdict, *Doubt, *Strength}
    assert codes_in("result.md", "handover-result") == set(RemarkCode)


def test_the_example_of_a_result_has_the_fields_of_a_result():
    text = (SPEC / "result.md").read_text(encoding="utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    assert list(example) == [field.encode_name for field in msgspec.structs.fields(Result)]
