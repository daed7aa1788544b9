"""The JUnit XML is well-formed whatever the names are, and its sums add up."""

import re
from xml.etree import ElementTree as ET

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import paths
from handover.render import junit
from render.worlds import REQUIRE_NO_EXTRA, Part, agreed, hostile, lost_uploads, make_world, same
from support.manifests import file


def suites(*parts: Part, limit: int = 50, **fields) -> ET.Element:
    world = make_world(*parts).but(**fields)
    text = junit.render(world.report, world.differences, limit=limit)
    assert not re.search(r"[^\n\t\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    root = ET.fromstring(text.encode())
    assert_schema(root)
    return root


def assert_schema(root: ET.Element) -> None:
    """The common form of JUnit XML that CI systems agree on."""
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert set(suite.attrib) == {"name", "timestamp", "tests", "failures", "errors", "skipped", "time"}
        *cases, notes = suite
        assert notes.tag == "system-out"
        for case in cases:
            assert case.tag == "testcase"
            assert set(case.attrib) == {"classname", "name", "time"}
            assert [child.tag for child in case] in ([], ["failure"], ["error"])
            assert all(set(child.attrib) == {"message", "type"} and child.text for child in case)
        assert suite.attrib["tests"] == str(len(cases))
        for tag in ("failure", "error"):
            assert suite.attrib[f"{tag}s"] == str(len(suite.findall(f"testcase/{tag}")))
    for total in ("tests", "failures", "errors"):
        assert int(root.attrib[total]) == sum(int(suite.attrib[total]) for suite in root)


def problems(root: ET.Element) -> dict[str, str]:
    return {case.attrib["name"]: case[0].tag for case in root.iter("testcase") if len(case)}


def test_a_good_handover_passes():
    assert problems(suites(Part(same(), same()))) == {}
    assert problems(suites(agreed())) == {}


def test_loss_is_a_failure_and_doubt_an_error_with_the_paths_named():
    root = suites(lost_uploads())
    assert problems(root) == {
        "verdict": "failure",
        "missing": "failure",
        "changed": "failure",
        "not_checked": "error",
    }
    missing = root.find("testsuite/testcase[@name='missing']/failure")
    assert missing.attrib["message"] == "missing: 4"
    assert "wp-content/uploads/2014/0.jpg: is not on the RECEIVER's host" in missing.text


def test_undetermined_is_an_error():
    assert problems(suites(Part(same(), None))) == {"verdict": "error", "not_checked": "error"}
    assert problems(suites(Part(None, None))) == {"verdict": "error"}


def test_forbidden_extras_fail_the_verdict():
    assert problems(suites(Part(same(), [*same(), file("x")], REQUIRE_NO_EXTRA))) == {"verdict": "failure"}


def test_only_the_first_paths_are_named_and_it_says_so():
    root = suites(Part([file(f"f{n}") for n in range(9)], []), limit=3)
    failure = root.find("testsuite/testcase[@name='missing']/failure")
    assert failure.attrib["message"] == "missing: 3 of 9 shown"
    assert len(failure.text.splitlines()) == 3


def test_each_part_is_a_suite():
    root = suites(lost_uploads(), msgspec_named("static"))
    assert [suite.attrib["name"] for suite in root] == ["web", "static"]


def msgspec_named(name: str) -> Part:
    return Part(same(), same(), name=name)


def test_scope_and_strength_stand_beside_the_cases():
    notes = suites(lost_uploads()).find("testsuite/system-out").text
    assert "DATABASE not part of this handover" in notes
    assert "Contents were compared with SHA-256." in notes


def test_hostile_names_are_escaped():
    suites(hostile())
    suites(lost_uploads(), case=msgspec.structs.replace(make_world(lost_uploads()).report.case, name="\x00<]]>\x1b"))


@settings(max_examples=50, deadline=None)
@given(st.text("<>&\"']\x01\x1b\n\r\u0085\u202e\ufffe\\é", min_size=1, max_size=12))
def test_any_name_is_named_exactly(raw):
    name = raw.encode()
    failure = suites(Part([file(name)], [])).find("testsuite/testcase[@name='missing']/failure")
    assert f"{paths.shown(name)}: is not on" in failure.text
