"""One round: read both sides of every part, compare, report, and leave one folder in which everything is named.

Every stage reads the files of the stage before, so what is compared is what the bundle holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from handover import __version__, differences
from handover.challenge import Challenge
from handover.compare import required_of_hosts
from handover.comparison import Difference, PathClass
from handover.digests import sha256_hex
from handover.errors import HandoverError, Refused, RemoteError, UsageError, worst
from handover.evidence import sums
from handover.evidence.inventory import REPORT_NAME, RULES_NAME, SUGGESTED_NAME, is_beside
from handover.evidence.statement import TERMS_NAME, FileName
from handover.files import local_io
from handover.likeness import Likeness, likeness
from handover.manifest import CaseRef
from handover.manifest_reader import Reader
from handover.report import (
    TYPE,
    VERSION,
    Custody,
    EarlierRound,
    Failure,
    FileRef,
    PartReport,
    Previous,
    Report,
    SideInput,
    compare_part,
    scope_of,
    total,
)
from handover.rules import RulesDocument
from handover.terms import Terms
from handover.workflow import challenging, drawing
from handover.workflow.crew import Crew
from handover.workflow.custody import StatementFile
from handover.workflow.diagnosing import findings_of, kinds_of
from handover.workflow.parts import Part, PartPlan, Work, begin
from handover.workflow.reading import Reading, SidePlan
from handover.workflow.second_process import reader_without_hosts
from handover.workflow.surroundings import Surroundings
from handover.workflow.terms_facts import dates_of, parties_of

#: Trouble with one side that a one-sided round can still report; trouble with our own output ends the run.
_SIDE_TROUBLE = (RemoteError, UsageError, Refused)


#: Classes that need no rule, or have one.
_SETTLED = frozenset({PathClass.AGREED, PathClass.IGNORED, PathClass.NOT_RECORDED})


@dataclass(frozen=True, slots=True)
class RoundPlan:
    """All that decides a round before anything is read.

    ``one_sided``: a side that cannot be read is reported instead of ending the run. ``same_host``: the same root on the
    same machine may be compared with itself. ``protocol``: the round has one in PDF, for the parties to sign.
    ``signed_terms`` are statements about the terms, taken along. ``history`` are the rounds before this one.
    """

    number: int
    previous: Previous | None
    terms: Terms
    raw_terms: bytes
    parts: tuple[PartPlan, ...]
    one_sided: bool = False
    same_host: bool = False
    protocol: bool = False
    signed_terms: tuple[StatementFile, ...] = ()
    history: tuple[EarlierRound, ...] = ()


def make_round(folder: Path, plan: RoundPlan, reading: Reading, world: Surroundings) -> Report:
    """Fill the empty ``folder`` with the bundle of one round and return its report.

    Raises the side's own error when a side cannot be read and the plan is not ``one_sided``, or when nothing at all
    could be read; ``Refused`` when a part would be compared with itself. What is not to be kept is no bundle: it has
    only what the report was made from.
    """
    challenging.check(plan.parts, reading)
    _write(folder / TERMS_NAME, plan.raw_terms)
    rule_sets = {part.name: part.rules for part in plan.parts}
    rules = RulesDocument.of(rule_sets, terms_sha256=sha256_hex(plan.raw_terms))
    _write(folder / RULES_NAME, rules.to_bytes())
    lost: list[HandoverError] = []
    parts = _parts(folder, plan, replace(reading, several_parts=len(plan.parts) > 1), lost)
    if len(lost) == 2 * len(parts):
        raise _worst(lost)
    if reading.keep:
        _suggest(folder, plan, parts)
    report = _report(folder, plan, parts, world)
    if not reading.keep:
        return report
    _write(folder / REPORT_NAME, report.to_bytes())
    for name, raw in drawing.draw(report, partial(read_differences, folder), world.remark, protocol=plan.protocol):
        _write(folder / name, raw)
    named = {path.name: file_ref(path).sha256 for path in folder.iterdir() if not is_beside(path.name)}
    _write(folder / sums.NAME, sums.write(named))
    return report


def _suggest(folder: Path, plan: RoundPlan, parts: tuple[PartReport, ...]) -> None:
    if not any(kinds_of(part) - _SETTLED for part in parts):
        return
    from handover.workflow.suggesting import suggested_rules  # with what the causes need

    text = suggested_rules(folder, parts, {part.name: part.rules for part in plan.parts}, plan.terms)
    if text:
        _write(folder / SUGGESTED_NAME, text.encode())


def read_differences(folder: Path, part: str) -> Iterator[Difference]:
    """Yield the differences of one part of a bundle; none when it was not compared."""
    path = folder / differences.file_name(part)
    if path.exists():
        with local_io(path), path.open("rb") as stream:
            yield from differences.read(stream, where=path.name)


def file_ref(path: Path) -> FileRef:
    """Return name, digest and length of a file by reading it."""
    with local_io(path), path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return FileRef(name=path.name, sha256=digest, length=stream.tell())


def _parts(folder: Path, plan: RoundPlan, reading: Reading, lost: list[HandoverError]) -> tuple[PartReport, ...]:
    """Read all parts side by side, and compare them here in order; why a side could not be read goes to ``lost``."""
    with ExitStack() as looks, Crew(reading.turns) as crew:
        work = Work(crew, looks, reading, folder, partial(_judge, plan))
        parts = begin(plan.parts, work)
        return tuple(_part(part, plan, lost, work) for part in parts)


def _part(part: Part, plan: RoundPlan, lost: list[HandoverError], work: Work) -> PartReport:
    """Compare one part once it is read, and both sides were asked again if that is wanted."""
    troubles = part.read()
    lost += filter(None, troubles)
    failures = tuple(None if trouble is None else _failure(trouble) for trouble in troubles)
    opened = _reader if required_of_hosts(part.plan.rules) else reader_without_hosts
    with ExitStack() as files:
        inputs = []
        for side, output, failure in zip(part.plan.sides, part.outputs, failures, strict=True):
            reader = files.enter_context(opened(output)) if failure is None else None
            inputs.append(SideInput(side.shown, output.name, reader, failure, _custody(work.folder, side, output)))
        source, target = inputs
        if source.reader is not None and target.reader is not None:
            _guard(part.plan, plan, likeness(source.reader.header, target.reader.header))
        wanted = work.reading.choices.challenge and source.reader is not None and target.reader is not None
        answered = challenging.challenge_part(part, work.crew, work.reading) if wanted else None
        return _compare(work.folder, part.plan, source, target, answered)


@contextmanager
def _reader(manifest: Path) -> Iterator[Reader]:
    with local_io(manifest), manifest.open("rb") as stream:
        yield Reader(stream, where=manifest.name)


def _compare(
    folder: Path, part: PartPlan, source: SideInput, target: SideInput, answered: Challenge | None
) -> PartReport:
    """Compare one part; leave its differences, and the list of what has to be sent again when there is any."""
    if source.reader is None and target.reader is None:
        return compare_part(part.name, source, target, part.rules, _no_difference)
    path, again = folder / differences.file_name(part.name), folder / differences.missing_name(part.name)
    with local_io(path), path.open("xb") as stream, again.open("xb") as names:
        writer = differences.Writer(stream, part.name)

        def take(difference: Difference) -> None:
            writer.add(difference)
            names.write(differences.send_again(difference))

        report = compare_part(part.name, source, target, part.rules, take, answered)
        empty = not names.tell()
    if empty:
        again.unlink()
    return report


def _no_difference(_: Difference) -> None:
    """Two sides that were not read differ in nothing."""


def _judge(plan: RoundPlan, part: PartPlan, troubles: Sequence[HandoverError | None], alike: Likeness | None) -> None:
    """Raise the worst of the troubles unless the plan can do without the side, or that a part is its own copy."""
    if any(trouble is not None and not (plan.one_sided and isinstance(trouble, _SIDE_TROUBLE)) for trouble in troubles):
        raise _worst(troubles)
    _guard(part, plan, alike)


def _worst(troubles: Sequence[HandoverError | None]) -> HandoverError:
    found = [trouble for trouble in troubles if trouble is not None]
    code = worst(trouble.exit_code for trouble in found)
    return next(trouble for trouble in found if trouble.exit_code is code)


def _guard(part: PartPlan, plan: RoundPlan, alike: Likeness | None) -> None:
    """Refuse to compare a folder with itself: after a DNS switch the old name is the new host."""
    if alike is Likeness.SAME_ROOT and not plan.same_host:
        raise Refused(
            f"source and target of {part.name} are the same folder on the same machine",
            where=f"{part.source.shown} and {part.target.shown}",
            hint="Has the DNS switched? Then name the old host by its address. To compare all the same: --same-host.",
        )


def _custody(folder: Path, side: SidePlan, manifest: Path) -> tuple[Custody, ...]:
    """Copy the statements that came with a manifest into the bundle, and return what the report says of them."""
    found = []
    for statement in side.custody:
        name = FileName(manifest.name, statement.name.number, statement.name.role)
        statement.copy_to(folder, name)
        found.append(statement.as_custody())
    return tuple(found)


def _report(folder: Path, plan: RoundPlan, parts: tuple[PartReport, ...], world: Surroundings) -> Report:
    for statement in plan.signed_terms:
        statement.copy_to(folder, FileName(TERMS_NAME, statement.name.number, statement.name.role))
    verdict, because, strength = total(parts)
    # A manifest was read to its end for the comparison; the report names the bytes that were compared.
    compared = {
        side.manifest.name: side.manifest for part in parts for side in (part.source, part.target) if side.manifest
    }
    evidence = (path for path in sorted(folder.iterdir()) if not is_beside(path.name))
    return Report(
        type=TYPE,
        version=VERSION,
        tool=f"handover {__version__}",
        case=CaseRef(id=plan.terms.id, name=plan.terms.case),
        round=plan.number,
        previous=plan.previous,
        history=plan.history,
        created_at=world.instant(),
        timezone=plan.terms.timezone,
        dates=dates_of(plan.terms),
        parties=parties_of(plan.terms),
        required_signatures=tuple(plan.terms.required_signatures),
        verdict=verdict,
        because=because,
        strength=strength,
        scope=scope_of(parts, {part.name: part.rules for part in plan.parts}),
        parts=parts,
        findings=findings_of(folder, parts, plan.terms),
        files=tuple(compared.get(path.name) or file_ref(path) for path in evidence),
    )


def _failure(error: HandoverError) -> Failure:
    return Failure(code=error.exit_code, what=error.what, where=error.where, hint=error.hint)


def _write(path: Path, raw: bytes) -> None:
    with local_io(path), path.open("xb") as stream:
        stream.write(raw)
