"""Comparing two locations with nothing prepared: the same round as in a case, under terms that are made for it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from handover.files import new_folder
from handover.paths import shown
from handover.rules import RuleSet
from handover.terms import parse, synthetic
from handover.workflow import drawing
from handover.workflow.outcome import Outcome
from handover.workflow.parts import PartPlan
from handover.workflow.reading import Reading, SidePlan, check_output
from handover.workflow.rounds import RoundPlan, make_round
from handover.workflow.surroundings import Surroundings

_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Request:
    """What to compare under which rules.

    ``output`` is the folder for the bundle, if it is to be kept; ``junit`` a file that the caller will write beside it.
    ``protocol``: the bundle has one in PDF.
    """

    source: SidePlan
    target: SidePlan
    rules: RuleSet
    same_host: bool
    output: Path | None
    junit: Path | None
    protocol: bool = False


@contextmanager
def compare(request: Request, reading: Reading, world: Surroundings) -> Iterator[Outcome]:
    """Make one round and yield its outcome; without ``output`` the bundle is gone when the block ends."""
    for place in filter(None, (request.output, request.junit)):
        check_output(place, request.source, request.target)
    if request.protocol:
        drawing.need_pdf()
    reading = replace(reading, keep=request.output is not None)
    plan = _plan(request, reading, world)
    if request.output is None:
        with tempfile.TemporaryDirectory(prefix="handover-") as scratch:
            folder = Path(scratch)
            yield Outcome(make_round(folder, plan, reading, world), folder, kept=False)
        return
    with new_folder(request.output) as folder:
        report = make_round(folder, plan, reading, world)
    yield Outcome(report, request.output, kept=True)


def _plan(request: Request, reading: Reading, world: Surroundings) -> RoundPlan:
    text = synthetic(
        case_id=world.token(_ID_BYTES).hex(),
        case=f"{request.source.shown} → {request.target.shown}",
        source=request.source.shown,
        target=request.target.shown,
        rules=request.rules,
        digest=reading.choices.algorithm,
    )
    terms = parse(text.encode(), shown(os.fsencode(request.output or "these terms")))
    (part,) = terms.parts
    return RoundPlan(
        number=1,
        previous=None,
        terms=terms,
        raw_terms=text.encode(),
        parts=(PartPlan(part.name, request.source, request.target, terms.rule_sets()[part.name]),),
        same_host=request.same_host,
        protocol=request.protocol,
    )
