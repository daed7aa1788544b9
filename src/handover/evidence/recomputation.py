"""Steps 5 and 6 of a verification: the manifests are whole, and comparing them again gives the same report.

What does not fit in memory is hashed in the same read that parses it.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import BinaryIO

import msgspec

from handover import differences, manifest_reader, strict_json
from handover.comparison import Difference
from handover.errors import NotVerified
from handover.evidence import challenges
from handover.evidence.bases import check_bases
from handover.evidence.contents import Agreed, Vouched, sides
from handover.evidence.inventory import REPORT_NAME, RULES_NAME, is_rendering
from handover.evidence.policy import Policy, Redrawn
from handover.evidence.verification import Ledger, Step, counted
from handover.manifest import Role, manifest_name
from handover.manifest_reader import Reader
from handover.report import PartReport, Report, SideInput, SideReport, compare_part, scope_of, total
from handover.rules import RuleSet

_NEEDED = (Step.DIGESTS, Step.REPORT, Step.TERMS, Step.MANIFESTS)


def audit_manifests(files: Vouched, report: Report | None, policy: Policy, ledger: Ledger) -> None:
    """Step 5: each manifest is whole, every entry is sound, counts and roots add up, and so for its base."""
    if report is None:
        ledger.not_checked(Step.MANIFESTS, Step.REPORT)
        return
    read = [(part.name, role) for part in report.parts for role, side in sides(part) if side.manifest is not None]
    names = [manifest_name(part, role) for part, role in read]
    entries = [ledger.attempt(Step.MANIFESTS, _audit, files, name, policy) or 0 for name in names]
    manifests = counted(len(names), "manifest", "manifests")
    inside = counted(sum(entries), "entry", "entries")
    ledger.passed(Step.MANIFESTS, f"{manifests} with {inside}; counts and roots add up")


def compare_again(files: Vouched, report: Report | None, agreed: Agreed | None, policy: Policy, ledger: Ledger) -> None:
    """Step 6: comparing again gives these differences, this verdict, and what people are shown."""
    if report is None or agreed is None or ledger.failed_in(*_NEEDED):
        ledger.not_checked(Step.RECOMPUTATION, *_NEEDED)
        return
    rule_sets = agreed.rules.rule_sets(where=files.where(RULES_NAME))
    for part in report.parts:
        ledger.attempt(Step.RECOMPUTATION, _compare_part, files, part, rule_sets[part.name])
    told = (report.verdict, report.because, report.strength), report.scope
    if told != (total(report.parts), scope_of(report.parts, rule_sets)):
        ledger.failed(Step.RECOMPUTATION, "report.json: verdict, strength or scope do not follow from its parts")
    if not ledger.failed_in(Step.RECOMPUTATION):
        redrawn = ledger.attempt(Step.RECOMPUTATION, _check_renderings, files, report, policy) or Redrawn()
        for problem in redrawn.problems:
            ledger.failed(Step.RECOMPUTATION, problem)
        # SECURITY: whoever makes a bundle can name a version that nobody has; nobody may believe that it was judged.
        beside = f"; not judged: {', '.join(redrawn.not_judged)}" if redrawn.not_judged else ""
        ledger.passed(Step.RECOMPUTATION, f"comparing again gives the same: {report.verdict}{beside}")


def _audit(files: Vouched, name: str, policy: Policy) -> int:
    with files.open(name) as stream:
        header, trailer, sha256 = manifest_reader.audit(stream, where=files.where(name), scratch=policy.scratch)
    files.same(name, sha256)
    check_bases(partial(files.open, name), header, trailer, sha256, policy, files.where(name))
    return trailer.entries


def _check_renderings(files: Vouched, report: Report, policy: Policy) -> Redrawn:
    renderings = tuple(sorted(filter(is_rendering, files.refs)))
    return policy.check_renderings(report, renderings, files.open)


def _compare_part(files: Vouched, part: PartReport, rules: RuleSet) -> None:
    with ExitStack() as stack:
        source, target = (_side_input(files, part.name, role, side, stack) for role, side in sides(part))
        if source.reader is None and target.reader is None:
            again = compare_part(part.name, source, target, rules, _no_difference)
        else:
            recorded = _Recorded(part.name, files, stack)
            answered = None if part.challenge is None else challenges.recorded(files, part.name)
            again = compare_part(part.name, source, target, rules, recorded.take, answered)
            recorded.end()
    if not part.areas:
        again = msgspec.structs.replace(again, areas=())  # 0.1 did not tell them
    # The part tells the digests of its manifests, so this also finds one that changed since step 2.
    if again != part:
        raise NotVerified(f"what it says of {part.name} is not what the manifests say", where=files.where(REPORT_NAME))


def _side_input(files: Vouched, part: str, role: Role, side: SideReport, stack: ExitStack) -> SideInput:
    name = manifest_name(part, role)
    if side.manifest is None:
        return SideInput(side.location, name, None, side.failure, side.custody)
    reader = Reader(stack.enter_context(files.open(name)), where=files.where(name))
    return SideInput(side.location, name, reader, side.failure, side.custody)


class _Recorded:
    """The differences of a bundle and its list of what to send again, held against those that are computed again."""

    def __init__(self, part: str, files: Vouched, stack: ExitStack) -> None:
        name, again = differences.file_name(part), differences.missing_name(part)
        self._lines = _Expected(stack.enter_context(files.open(name)), files.where(name))
        # A bundle need not have the list; when it has one, people will do what it says.
        listed = again in files.refs
        self._again = _Expected(stack.enter_context(files.open(again)), files.where(again)) if listed else None
        header = differences.FileHeader(type=differences.TYPE, version=differences.VERSION, part=part)
        self._lines.take(strict_json.encode(header) + b"\n")

    def take(self, difference: Difference) -> None:
        """Compare the next one."""
        self._lines.take(strict_json.encode(difference) + b"\n")
        if self._again is not None:
            self._again.take(differences.send_again(difference))

    def end(self) -> None:
        """Make sure that there are no more."""
        self._lines.end()
        if self._again is not None:
            self._again.end()


class _Expected:
    """A file that has to be, byte for byte, what is computed again."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self._stream = stream
        self._where = where

    def take(self, raw: bytes) -> None:
        """Compare the next bytes."""
        if self._stream.read(len(raw)) != raw:
            raise self._other()

    def end(self) -> None:
        """Make sure that there are no more."""
        if self._stream.read(1):
            raise self._other()

    def _other(self) -> NotVerified:
        return NotVerified("these are not the differences between the manifests", where=self._where)


def _no_difference(_: Difference) -> None:
    """Take nothing: two sides that were not read differ in nothing that is known."""
