"""``handover run``: the next round of a case."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from handover.digests import sha256_hex
from handover.errors import UsageError
from handover.evidence.statement import TERMS_NAME, Kind
from handover.files import local_io, new_folder
from handover.manifest import Role, manifest_name
from handover.paths import shown
from handover.rules import RuleSet
from handover.terms import Location, Route, SshTransport
from handover.workflow.case import Case
from handover.workflow.custody import beside
from handover.workflow.history import history
from handover.workflow.outcome import Outcome
from handover.workflow.parts import PartPlan
from handover.workflow.reading import Reading, SidePlan, check_output, side_plan
from handover.workflow.rounds import RoundPlan, make_round
from handover.workflow.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Who runs the round, and what the command line adds to the rules of the terms.

    ``junit`` is a file that the caller will write beside it. ``previous``: what has not changed since the last round is
    not read again.
    """

    ran_by: str | None
    name: str | None
    given: RuleSet
    same_host: bool
    junit: Path | None
    previous: bool = False


def run_round(case: Case, request: RunRequest, reading: Reading, world: Surroundings) -> Outcome:
    """Make the next round; a side that cannot be read leaves a one-sided one. Raises what ``make_round`` raises."""
    rule_sets = case.terms.rule_sets(request.given.rules, request.given.require)
    with case.locked():
        number, previous = case.next_round()
        parts = tuple(
            PartPlan(
                part.name,
                _side(case, part.name, part.source, Role.SOURCE, request),
                _side(case, part.name, part.target, Role.TARGET, request),
                rule_sets[part.name],
            )
            for part in case.terms.parts
        )
        folder = case.round_folder(number)
        sides = [side for part in parts for side in (part.source, part.target)]
        for place in filter(None, (folder, request.junit)):
            check_output(place, *sides)
        plan = RoundPlan(
            number=number,
            previous=previous,
            history=history(case),
            terms=case.terms,
            raw_terms=case.raw_terms,
            parts=parts,
            one_sided=True,
            same_host=request.same_host,
            protocol=True,
            signed_terms=tuple(beside(case.folder, TERMS_NAME, Kind.TERMS, partial(sha256_hex, case.raw_terms))),
        )
        with local_io(folder.parent):
            folder.parent.mkdir(exist_ok=True)
        with new_folder(folder) as aside:
            report = make_round(aside, plan, reading, world)
    return Outcome(report, folder, kept=True)


def _side(case: Case, part: str, location: Location, role: Role, request: RunRequest) -> SidePlan:
    _refuse_unknown_ways(location)
    ran_by = request.ran_by or _usual_runner(case)
    return side_plan(
        location.text,
        case.folder,
        role,
        ran_by=ran_by,
        name=request.name,
        host_key=location.host_key,
        become=location.become,
        follow_root_link=location.follow_root_link,
        allow_empty=location.allow_empty,
        cross_mounts=location.cross_mounts,
        previous=_last_manifest(case, part, role) if request.previous else None,
    )


def _last_manifest(case: Case, part: str, role: Role) -> Path | None:
    """Return the manifest of the last round that read this side."""
    places = (case.round_folder(number) / manifest_name(part, role) for number in reversed(case.rounds()))
    return next((place for place in places if place.is_file()), None)


def _refuse_unknown_ways(location: Location) -> None:
    """Refuse a way of reading that the terms may name and this version does not have: never another one instead."""
    has_route = location.route in (None, Route.LOCAL, Route.PYTHON)
    if not has_route or location.transport not in (None, SshTransport.PARAMIKO):
        wanted = f"route {location.route}" if not has_route else f"transport {location.transport}"
        raise UsageError(
            f"this version of handover does not have the {wanted}",
            where=shown(location.text),
            hint="Leave it out of the terms: the location is then read with Python on its host, over SSH.",
        )


def _usual_runner(case: Case) -> str | None:
    """Return who runs rounds when nobody says it: the agency, else the client."""
    roles = [role.value for role in case.terms.parties]
    return next((role for role in ("agency", "client") if role in roles), None)
