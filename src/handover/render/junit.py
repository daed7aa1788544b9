"""A report as JUnit XML, for the pages where CI systems show test results.

A suite for each part; in it one case for the verdict and one for each class that counts against it. What is lost or
differs is a failure, what could not be looked at is an error. Control characters cannot stand in XML 1.0, escaped or
not: ``paths.shown`` has replaced them before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from handover.comparison import Comparison, Difference, PathClass, Verdict
from handover.render import Differences
from handover.render.wording import codes
from handover.render.wording.codes import Sides
from handover.render.wording.headline import sentences_of
from handover.render.wording.language import foreign, name, plain, say, speaking
from handover.render.wording.remarks import beside
from handover.report import PartReport, Report, verdict_of

#: How many paths each case names.
LIMIT: Final = 50

_JUDGED = (
    PathClass.MISSING,
    PathClass.CHANGED,
    PathClass.TYPE_CHANGED,
    PathClass.METADATA,
    PathClass.NOT_CHECKED,
)
_TAGS = {Verdict.NOT_COMPLETE: "failure", Verdict.UNDETERMINED: "error"}


def render(report: Report, differences: Differences, *, limit: int = LIMIT) -> str:
    """Return the XML document, which is for programs and English; each case names at most ``limit`` paths."""
    with speaking("en"):
        return _drawn(report, differences, limit)


def _drawn(report: Report, differences: Differences, limit: int) -> str:
    root = ET.Element("testsuites", {"name": plain(foreign(report.case.name))})
    for part in report.parts:
        root.append(_suite(report, part, differences, limit))
    for total in ("tests", "failures", "errors"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(report: Report, part: PartReport, differences: Differences, limit: int) -> ET.Element:
    sides = codes.sides_of(report)
    suite_name = plain(foreign(part.name))
    suite = ET.Element("testsuite", {"name": suite_name, "timestamp": report.created_at.rstrip("Z")})
    cases = [_verdict_case(suite_name, part, sides)]
    if part.comparison is not None:
        named = _first(differences(part.name), limit, sides)
        cases += [_class_case(suite_name, kind, part.comparison, named.get(kind, [])) for kind in _JUDGED]
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("skipped", "0")
    suite.set("time", "0")
    notes = ET.SubElement(suite, "system-out")
    notes.text = "\n".join(map(plain, (*codes.scope(report), codes.strength(report), *beside(report))))
    return suite


def _verdict_case(suite: str, part: PartReport, sides: Sides) -> ET.Element:
    verdict = verdict_of(part)
    case = _case(suite, "verdict")
    if verdict in _TAGS:
        said = plain(" ".join(sentences_of(part, sides)))
        problem = ET.SubElement(case, _TAGS[verdict], {"message": said, "type": verdict.value})
        problem.text = said
    return case


def _class_case(suite: str, kind: PathClass, comparison: Comparison, lines: list[str]) -> ET.Element:
    case = _case(suite, kind.value)
    count: int = msgspec.structs.asdict(comparison.counts)[kind.value]
    if count:
        tag = "error" if kind is PathClass.NOT_CHECKED else "failure"
        shown = codes.shown_of(len(lines), count)
        message = say("{label}: {shown}", label=codes.CLASSES[kind], shown=shown)
        ET.SubElement(case, tag, {"message": message, "type": kind.value}).text = "\n".join(lines)
    return case


def _case(suite: str, title: str) -> ET.Element:
    return ET.Element("testcase", {"classname": f"handover.{suite}", "name": title, "time": "0"})


def _first(differences: Iterator[Difference], limit: int, sides: Sides) -> dict[PathClass, list[str]]:
    """Return a line for each of the first differences of every class that is judged."""
    lines: dict[PathClass, list[str]] = {kind: [] for kind in _JUDGED}
    for difference in differences:
        named = lines.get(difference.kind)
        if named is not None and len(named) < limit:
            path, reasons = name(difference.path_bytes()), codes.reasons(difference, sides)
            named.append(plain(say("{path}: {reasons}", path=path, reasons=reasons)))
    return lines
