"""Steps 7 to 9 of a verification: what was said about this bundle, by which keys, and whether these can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby

from handover.digests import sha256_hex
from handover.errors import HandoverError, NotVerified
from handover.evidence import bundle as bundles
from handover.evidence import sshsig, sums
from handover.evidence.contents import Agreed, Table, Vouched
from handover.evidence.keys import PublicKey
from handover.evidence.policy import Policy
from handover.evidence.statement import (
    MAX_STATEMENT,
    TERMS_NAME,
    FileName,
    Kind,
    PartyRole,
    Statement,
    subject_name,
)
from handover.evidence.verification import Ledger, Step, counted
from handover.report import Custody, Party, Report


@dataclass(frozen=True, slots=True)
class Signed:
    """One statement of a bundle that could be read, and what is known of it so far.

    ``sound``: it is about this bundle and in its place (step 7). ``standing``: the last word of its role on its
    subject. ``valid``: its signature fits (step 8). ``trusted``: so is its key (step 9).
    """

    name: FileName
    sha256: str
    raw: bytes
    statement: Statement
    key: PublicKey
    sound: bool = False
    standing: bool = False
    valid: bool = False
    trusted: bool = False


def read_statements(files: Vouched, table: Table, report: Report | None, ledger: Ledger) -> tuple[Signed, ...]:
    """Step 7: each statement is about this bundle, and takes its place in the row of its role."""
    read = (ledger.attempt(Step.STATEMENTS, _read, files, name) for name in table.inventory.statements)
    found = [signed for signed in read if signed is not None]
    there = {signed.sha256 for signed in found}
    judged: list[Signed] = []
    for _, row in groupby(found, key=lambda signed: (signed.name.subject, signed.name.role)):
        previous: Signed | None = None
        for signed in row:
            problems = [
                *_subject_problems(signed, previous, files, table),
                *_place_problems(signed, previous, there),
                *_case_problems(signed, report),
            ]
            for problem in problems:
                ledger.failed(Step.STATEMENTS, f"{signed.name}: {problem}")
            previous = signed
            judged.append(replace(signed, sound=not problems))
        if judged[-1].statement.kind is not Kind.REVOCATION:
            judged[-1] = replace(judged[-1], standing=True)
    for problem in () if report is None else _custody_problems(judged, report):
        ledger.failed(Step.STATEMENTS, problem)
    ledger.passed(Step.STATEMENTS, f"{counted(len(judged), 'statement is', 'statements are')} about this bundle")
    return tuple(judged)


def check_signatures(files: Vouched, found: tuple[Signed, ...], ledger: Ledger) -> tuple[Signed, ...]:
    """Step 8: each signature was made with the key that its statement names."""
    judged = tuple(
        replace(signed, valid=ledger.attempt(Step.SIGNATURES, _verify, files, signed) is True) for signed in found
    )
    told = counted(len(judged), "signature fits its statement", "signatures fit their statements")
    ledger.passed(Step.SIGNATURES, told)
    return judged


def check_keys(
    found: tuple[Signed, ...], agreed: Agreed | None, required: tuple[PartyRole, ...], policy: Policy, ledger: Ledger
) -> tuple[Signed, ...]:
    """Step 9: each key is its role's by the verifier's own list and by the terms, and no two roles share one."""
    parties = () if agreed is None else agreed.agreement.parties
    valid = [signed for signed in found if signed.valid]
    for problem in (*_shared_keys(valid), *_keys_beside_terms(valid, parties)):
        ledger.failed(Step.KEYS, problem)
    keys = policy.keys
    if keys is None:
        if required:
            ledger.failed(Step.KEYS, "no keys were given, and whose keys these are cannot be known from the bundle")
        ledger.passed(Step.KEYS, "not asked for: integrity only")
        return found
    trusted = ledger.attempt(Step.KEYS, keys.by_role, _contacts(parties))
    if trusted is None:
        return found
    judged: list[Signed] = []
    strangers: set[PartyRole] = set()
    for signed in found:
        role = signed.name.role
        refusal = trusted.refusal(role, signed.key, policy.at)
        if refusal is not None and role not in trusted.by_role and role not in required:
            # Nobody asked for this role, and nothing is known of its keys: it neither helps nor harms.
            strangers.add(role)
        elif refusal is not None:
            ledger.failed(Step.KEYS, f"{signed.name}: {refusal}")
        judged.append(replace(signed, trusted=signed.valid and refusal is None))
    not_counted = f"; not counted, for want of a key: {', '.join(sorted(strangers))}" if strangers else ""
    told = counted(sum(signed.trusted for signed in judged), "signature by a trusted key", "signatures by trusted keys")
    ledger.passed(Step.KEYS, f"{told}{not_counted}")
    return tuple(judged)


def custody_of(name: FileName, raw: bytes, *, where: str) -> Custody:
    """Return what a report says of a custody statement that came with a manifest, or raise ``MalformedInput``."""
    statement = Statement.from_bytes(raw, where=where)
    return Custody(
        role=name.role,
        party=statement.party,
        key=statement.key(where=where).fingerprint,
        signed_at=statement.signed_at,
        manifest_sha256=statement.subject.sha256,
        statement_sha256=sha256_hex(raw),
    )


def _read(files: Vouched, name: FileName) -> Signed:
    where = files.where(str(name))
    raw = bundles.read(files.bundle, str(name), MAX_STATEMENT)
    statement = Statement.from_bytes(raw, where=where)
    return Signed(name, sha256_hex(raw), raw, statement, statement.key(where=where))


def _subject_problems(signed: Signed, previous: Signed | None, files: Vouched, table: Table) -> Iterator[str]:
    statement, about = signed.statement, subject_name(signed.name)
    if statement.kind is Kind.REVOCATION:
        if previous is None or statement.subject.sha256 != previous.sha256:
            yield "it revokes another statement than the one before it"
        return
    if statement.kind not in _KINDS.get(about, (Kind.CUSTODY, Kind.WITNESS)):
        yield f"a statement of the kind {statement.kind} is not about {about}"
    if about == sums.NAME:
        here = (sha256_hex(table.raw), len(table.raw))
    elif about in files.refs:
        here = (files.refs[about].sha256, files.refs[about].length)
    else:
        yield f"{about} is missing or was altered"
        return
    if (statement.subject.sha256, statement.subject.length) != here:
        yield f"it is about another {about} than the one that is here"


def _place_problems(signed: Signed, previous: Signed | None, there: set[str]) -> Iterator[str]:
    statement = signed.statement
    if statement.role is not signed.name.role:
        yield f"it is a statement of the {statement.role}"
    number = 1 if previous is None else previous.name.number + 1
    if signed.name.number != number:
        yield f"number {number} is missing"
    if statement.supersedes != (None if previous is None else previous.sha256):
        yield "it does not supersede exactly the statement before it"
    if not set(statement.seen) <= there:
        yield "a statement that was there when it was signed is missing now"


def _case_problems(signed: Signed, report: Report | None) -> Iterator[str]:
    statement, role = signed.statement, signed.name.role
    if report is None:
        return
    # A manifest can be signed before there is a case, and terms before there is a round.
    if statement.case_id not in (report.case.id, None):
        yield "it belongs to another case"
    if statement.round not in (report.round, None):
        yield f"it belongs to round {statement.round}"
    if report.parties and not signed.name.subject:
        party = _party(report.parties, role)
        if party is None or party.name != statement.party:
            yield f"{TERMS_NAME} has another {role}, or none"


def _custody_problems(found: Iterable[Signed], report: Report) -> Iterator[str]:
    """Say where the custody that the report tells of is not that of the statements that are here."""
    here = {signed.sha256: signed for signed in found}
    for part in report.parts:
        for side in (part.source, part.target):
            for told in side.custody:
                signed = here.get(told.statement_sha256)
                if signed is None or side.manifest is None or signed.name.subject != side.manifest.name:
                    yield f"report.json: the custody statement of the {told.role} about {part.name} is not here"
                elif custody_of(signed.name, signed.raw, where=str(signed.name)) != told:
                    yield f"report.json: it says something else of {signed.name} than what stands there"


def _verify(files: Vouched, signed: Signed) -> bool:
    name = signed.name.signature
    if name not in files.bundle.listing.files:
        raise NotVerified("there is no signature", where=files.where(str(signed.name)))
    raw = bundles.read(files.bundle, name, sshsig.MAX_SIGNATURE)
    sshsig.verify(raw, signed.raw, signed.key, where=files.where(name))
    return True


def _shared_keys(valid: Iterable[Signed]) -> Iterator[str]:
    holders: dict[PublicKey, set[PartyRole]] = {}
    for signed in valid:
        holders.setdefault(signed.key, set()).add(signed.name.role)
    for key, roles in holders.items():
        if len(roles) > 1:
            yield f"the key {key.fingerprint} signed for {' and '.join(sorted(roles))}"


def _keys_beside_terms(valid: Iterable[Signed], parties: Iterable[Party]) -> Iterator[str]:
    by_role = {party.role: party for party in parties}
    for signed in valid:
        party = by_role.get(signed.name.role.value)
        if party is not None and party.keys and signed.key not in _keys_of(party):
            yield f"{signed.name}: {signed.key.fingerprint} is not a key that the terms name for the {party.role}"


def _keys_of(party: Party) -> set[PublicKey]:
    keys = set()
    for line in party.keys:
        # A key that is not acceptable vouches for nothing; whoever signs with it fails in step 7.
        with suppress(HandoverError):
            keys.add(PublicKey.from_line(line, where=f"terms, {party.role}"))
    return keys


def _contacts(parties: Iterable[Party]) -> Mapping[str, str]:
    return dict.fromkeys(PartyRole, "") | {party.role: party.contact or "" for party in parties}


def _party(parties: Iterable[Party], role: PartyRole) -> Party | None:
    return next((party for party in parties if party.role == role), None)


_KINDS = {sums.NAME: (Kind.ANSWER, Kind.WITNESS), TERMS_NAME: (Kind.TERMS,)}
