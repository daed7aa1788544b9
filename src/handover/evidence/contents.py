"""Steps 1 to 4 of a verification: which files there are, that they are whole, and what report and terms say.

Nothing in a file is believed before its digest matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from handover import challenge, differences, strict_json
from handover.digests import sha256_hex
from handover.errors import MalformedInput, NotVerified
from handover.evidence import bundle as bundles
from handover.evidence import history, inventory, sums
from handover.evidence.bundle import Bundle
from handover.evidence.inventory import RENDERING_PREFIX, REPORT_NAME, RULES_NAME, SUGGESTED_NAME, Inventory
from handover.evidence.policy import Agreement, OtherRound, Policy
from handover.evidence.statement import TERMS_NAME
from handover.evidence.verification import Ledger, Step, counted
from handover.manifest import Role, manifest_name
from handover.report import FileRef, PartReport, Report, SideReport
from handover.rules import FLAG_ORIGIN, RulesDocument

_MAX_TERMS = 2**20


@dataclass(frozen=True, slots=True)
class Table:
    """What step 1 gives: the bytes of ``SHA256SUMS``, its digests by name, and the other files."""

    raw: bytes
    listed: Mapping[str, str]
    inventory: Inventory


@dataclass(frozen=True, slots=True)
class Vouched:
    """What step 2 gives: the files of a bundle that are what ``SHA256SUMS`` says; no other is ever opened again."""

    bundle: Bundle
    refs: Mapping[str, FileRef]

    def where(self, name: str) -> str:
        """Return how a file is named to people."""
        return f"{self.bundle.where}/{name}"

    def open(self, name: str) -> BinaryIO:
        """Open a file; what is read has to be hashed again and given to ``same``."""
        if name not in self.refs:
            raise NotVerified("is missing or was altered", where=self.where(name))
        return self.bundle.open(name)

    def same(self, name: str, sha256: str) -> None:
        """Make sure that what was read just now is what was hashed in step 2."""
        if sha256 != self.refs[name].sha256:
            raise NotVerified("changed while it was verified", where=self.where(name))

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file; ``MalformedInput`` when there are more than ``limit``."""
        with self.open(name) as stream:
            raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise MalformedInput(f"longer than the {limit} bytes that are allowed", where=self.where(name))
        self.same(name, sha256_hex(raw))
        return raw


@dataclass(frozen=True, slots=True)
class Agreed:
    """What step 4 gives: the rules of this bundle and the agreement that they come from."""

    rules: RulesDocument
    agreement: Agreement


def take_inventory(bundle: Bundle, ledger: Ledger) -> Table | None:
    """Step 1: ``SHA256SUMS`` can be read and lists every file but the later ones, and nothing else is there."""
    raw = ledger.attempt(Step.INVENTORY, _read_sums, bundle)
    listed = None if raw is None else ledger.attempt(Step.INVENTORY, sums.parse, raw, where=_sums_place(bundle))
    if raw is None or listed is None:
        return None
    taken = inventory.take(bundle.listing.files, listed)
    for problem in (*bundle.listing.problems, *taken.problems):
        ledger.failed(Step.INVENTORY, problem)
    beside = f"; not judged: {', '.join(taken.not_judged)}" if taken.not_judged else ""
    files = counted(len(listed), "file", "files")
    statements = counted(len(taken.statements), "statement", "statements")
    ledger.passed(Step.INVENTORY, f"{files}, {statements}{beside}")
    return Table(raw, listed, taken)


def check_digests(bundle: Bundle, table: Table, ledger: Ledger) -> Vouched:
    """Step 2: every listed file has the digest that ``SHA256SUMS`` names."""
    refs: dict[str, FileRef] = {}
    for name, expected in table.listed.items():
        if name not in bundle.listing.files or inventory.is_beside(name):
            continue  # named in step 1
        found = ledger.attempt(Step.DIGESTS, bundles.digest, bundle, name)
        if found is None:
            continue
        sha256, length = found
        if sha256 == expected:
            refs[name] = FileRef(name=name, sha256=sha256, length=length)
        else:
            ledger.failed(Step.DIGESTS, f"{name} is not the file that {sums.NAME} names: it was altered")
    ledger.passed(Step.DIGESTS, f"{counted(len(refs), 'file is', 'files are')} what {sums.NAME} names")
    return Vouched(bundle, refs)


def read_report(files: Vouched, table: Table, policy: Policy, ledger: Ledger) -> Report | None:
    """Step 3: the report is strict, its list of files is that of ``SHA256SUMS``, and it fits the other rounds."""
    report = ledger.attempt(Step.REPORT, _report, files, table.listed)
    if report is not None:
        for other in policy.find_rounds():
            if problem := _chain_problem(report, sha256_hex(table.raw), other) or history.contradiction(report, other):
                ledger.failed(Step.REPORT, problem)
        ledger.passed(Step.REPORT, f"round {report.round}, and it lists the same files")
    return report


def read_terms(files: Vouched, report: Report | None, policy: Policy, ledger: Ledger) -> Agreed | None:
    """Step 4: the rules, and what the report repeats, are what the terms say."""
    if report is None:
        ledger.not_checked(Step.TERMS, Step.REPORT)
        return None
    agreed = ledger.attempt(Step.TERMS, _terms, files, report, policy)
    if agreed is not None:
        rules = [rule for part in agreed.rules.parts for rule in part.rules]
        flags = sum(rule.origin.startswith(FLAG_ORIGIN) for rule in rules)
        given = counted(flags, "that was given by a flag", "that were given by flags")
        beyond = f", and {given} and not by the terms" if flags else ""
        parts = counted(len(agreed.rules.parts), "part", "parts")
        told = f"{parts} and {counted(len(rules) - flags, 'rule', 'rules')}, as {TERMS_NAME} says{beyond}"
        ledger.passed(Step.TERMS, told)
    return agreed


def sides(part: PartReport) -> tuple[tuple[Role, SideReport], tuple[Role, SideReport]]:
    """Return both sides of a part with their roles, source first."""
    return (Role.SOURCE, part.source), (Role.TARGET, part.target)


def _read_sums(bundle: Bundle) -> bytes:
    if sums.NAME not in bundle.listing.files:
        raise NotVerified(f"there is no {sums.NAME}", where=bundle.where)
    return bundles.read(bundle, sums.NAME, sums.MAX_SUMS)


def _sums_place(bundle: Bundle) -> str:
    return f"{bundle.where}/{sums.NAME}"


def _report(files: Vouched, listed: Mapping[str, str]) -> Report:
    where = files.where(REPORT_NAME)
    report = Report.from_bytes(files.read(REPORT_NAME, strict_json.MAX_DOCUMENT), where=where)
    told = {ref.name: ref for ref in report.files}
    # The report and what is drawn from it cannot be in the report's own list of files.
    wanted = {name for name in listed if not name.startswith(RENDERING_PREFIX)}
    if len(told) != len(report.files) or set(told) != wanted:
        raise NotVerified(f"the files in its list are not those of {sums.NAME}", where=where)
    for name, ref in told.items():
        # What failed step 2 was named there; of such a file only the digests are held against one another.
        if listed[name] != ref.sha256 or files.refs.get(name, ref) != ref:
            raise NotVerified(f"{name} has another digest or length there than in {sums.NAME}", where=where)
    names = [part.name for part in report.parts]
    if len(set(names)) != len(names):
        raise MalformedInput("a part is there twice", where=where)
    if problem := history.disorder(report):
        raise NotVerified(problem, where=where)
    _check_evidence(report, told, where)
    return report


def _chain_problem(report: Report, sha256: str, other: OtherRound) -> str | None:
    """Say why this round and another one of the case cannot both be what was made; ``None`` when they can."""
    theirs, number = other.report, report.round
    if theirs.case.id != report.case.id:
        return None
    if theirs.round == number and other.sha256 != sha256:
        return f"{other.where} is another round {number} of this case: there are two"
    before, after = report.previous, theirs.previous
    if before is not None and (theirs.round == before.round) != (other.sha256 == before.sha256):
        return f"it was made after another round {before.round} than {other.where}"
    if after is not None and after.round == number and after.sha256 != sha256:
        return f"{other.where} was made after another round {number} than this one"
    return None


def _check_evidence(report: Report, told: Mapping[str, FileRef], where: str) -> None:
    """Make sure that each part has its manifests, differences and challenge, and that there are no other files."""
    expected = {TERMS_NAME, RULES_NAME}
    possible = {SUGGESTED_NAME}
    for part in report.parts:
        for role, side in sides(part):
            if side.manifest is None:
                continue
            name = manifest_name(part.name, role)
            if told.get(name) != side.manifest:
                raise NotVerified(f"the {role} manifest of {part.name} is not the file {name}", where=where)
            expected |= {name, differences.file_name(part.name)}
            possible.add(differences.missing_name(part.name))
        if part.challenge is not None:
            expected.add(challenge.file_name(part.name))
    if missing := sorted(expected - set(told)):
        raise NotVerified(f"{missing[0]} is not in {sums.NAME}", where=where)
    # SECURITY: nobody looks at any other file, and under everybody's signatures it could say that all is complete.
    if more := sorted(set(told) - expected - possible):
        raise NotVerified(f"{more[0]} belongs to no part of the report", where=where)


def _terms(files: Vouched, report: Report, policy: Policy) -> Agreed:
    raw_rules = files.read(RULES_NAME, strict_json.MAX_DOCUMENT)
    rules = RulesDocument.from_bytes(raw_rules, where=files.where(RULES_NAME))
    terms = files.read(TERMS_NAME, _MAX_TERMS)
    agreement = policy.read_terms(terms, rules)
    if rules.terms_sha256 != sha256_hex(terms) or agreement.rules != raw_rules:
        raise NotVerified(f"these are not the rules that {TERMS_NAME} gives", where=files.where(RULES_NAME))
    repeated = {
        "case": (report.case, agreement.case),
        "time zone": (report.timezone, agreement.timezone),
        "dates": (report.dates, agreement.dates),
        "parties": (report.parties, agreement.parties),
        "required signatures": (report.required_signatures, agreement.required_signatures),
        "parts": ([part.name for part in report.parts], [part.name for part in rules.parts]),
    }
    for what, (told, agreed) in repeated.items():
        if told != agreed:
            raise NotVerified(f"{what}: not as {TERMS_NAME} says", where=files.where(REPORT_NAME))
    return Agreed(rules, agreement)
