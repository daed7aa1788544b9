"""A statement: what one party says about a round, a manifest or the terms, and the names of the files it lives in.

The bytes of the file are what is signed; ``sshsig`` signs them, ``verify`` reads them. Specification:
``docs/spec/statement.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from handover import strict_json
from handover.errors import MalformedInput, UsageError
from handover.evidence import sums
from handover.strict_json import Count, Document, Hex256, Instant

if TYPE_CHECKING:
    from handover.evidence.keys import PublicKey

VERSION: Literal[1] = 1
TYPE: Literal["handover-statement"] = "handover-statement"
MAX_STATEMENT = 2**20

TERMS_NAME = "terms.yaml"

RoundNumber = Annotated[int, msgspec.Meta(ge=1, le=9999)]
Day = Annotated[str, msgspec.Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=10_000)]


class PartyRole(StrEnum):
    """Who a party is in a case."""

    SENDER = "sender"
    RECEIVER = "receiver"
    AGENCY = "agency"
    CLIENT = "client"


class Kind(StrEnum):
    """What a statement is about.

    ``answer``: a party's answer to a round. ``custody``: this manifest is what I had at that time. ``terms``: a party's
    answer to the terms. ``witness``: what somebody saw who does not decide. ``revocation``: an earlier one of mine no
    longer holds.
    """

    ANSWER = "answer"
    CUSTODY = "custody"
    TERMS = "terms"
    WITNESS = "witness"
    REVOCATION = "revocation"


class Facts(StrEnum):
    """What a party says of the facts that were recorded."""

    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    NOT_EXAMINED = "not_examined"


class Decision(StrEnum):
    """What a party decides; ``none`` is an answer that leaves the decision open."""

    ACCEPT = "accept"
    ACCEPT_WITH_REMARKS = "accept_with_remarks"
    REJECT = "reject"
    NONE = "none"


class Signer(Document):
    """The person who signs, and in which function."""

    name: Text
    function: Text | None = None


class Subject(Document):
    """The file that the statement is about, by its bytes."""

    name: Text
    sha256: Hex256
    length: Count


class Remark(Document):
    """One point that a party wants on record; ``about`` names a part, a path or a finding."""

    about: Text | None = None
    text: Text
    position: Facts | None = None
    remedy: Text | None = None
    by_date: Day | None = None


class Statement(Document):
    """What one party says. ``signed_at`` is what the signer's clock said, and proves nothing.

    ``seen`` are the digests of the statements that were there already; ``supersedes`` is the digest of the one that
    this one takes the place of.
    """

    type: Literal["handover-statement"]
    version: Literal[1]
    kind: Kind
    role: PartyRole
    party: Text
    signer: Signer
    reference: Text | None = None
    public_key: Text
    case_id: Text | None = None
    round: RoundNumber | None = None
    subject: Subject
    facts: Facts | None = None
    decision: Decision | None = None
    remarks: tuple[Remark, ...] = ()
    signed_at: Instant
    seen: tuple[Hex256, ...] = ()
    supersedes: Hex256 | None = None

    @classmethod
    def from_bytes(cls, raw: bytes, *, where: str) -> Statement:
        """Read a statement in its one form and with all fields that its kind needs, or raise ``MalformedInput``."""
        if len(raw) > MAX_STATEMENT:
            raise MalformedInput(f"longer than the {MAX_STATEMENT} bytes of any statement", where=where)
        statement = strict_json.decode_document(cls, raw, where=where)
        problem = _problem(statement)
        if problem:
            raise MalformedInput(problem, where=where)
        return statement

    def to_bytes(self) -> bytes:
        """Return the bytes that are signed."""
        return strict_json.encode_document(self)

    def key(self, *, where: str) -> PublicKey:
        """Return the key that the statement says it is signed with; raises what ``PublicKey`` raises."""
        from handover.evidence.keys import PublicKey  # cryptography with it: only for those who check signatures

        key = PublicKey.from_line(self.public_key, where=where)
        if key.line != self.public_key:
            raise MalformedInput("public_key is not TYPE BASE64 alone", where=where)
        return key


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a statement: the party, the person, and the key that will sign."""

    role: PartyRole
    party: str
    signer: Signer
    key: PublicKey
    reference: str | None = None


def build(
    kind: Kind,
    author: Author,
    subject: Subject,
    *,
    signed_at: str,
    case_id: str | None = None,
    round_number: int | None = None,
    facts: Facts | None = None,
    decision: Decision | None = None,
    remarks: tuple[Remark, ...] = (),
    seen: Iterable[str] = (),
    supersedes: str | None = None,
) -> Statement:
    """Return a statement; ``UsageError`` when its kind needs other fields than the given ones."""
    statement = Statement(
        type=TYPE,
        version=VERSION,
        kind=kind,
        role=author.role,
        party=author.party,
        signer=author.signer,
        reference=author.reference,
        public_key=author.key.line,
        case_id=case_id,
        round=round_number,
        subject=subject,
        facts=facts,
        decision=decision,
        remarks=remarks,
        signed_at=signed_at,
        seen=tuple(sorted(set(seen))),
        supersedes=supersedes,
    )
    try:
        return Statement.from_bytes(statement.to_bytes(), where="the new statement")
    except MalformedInput as error:
        raise UsageError(error.what, where=error.where) from error


@dataclass(frozen=True, slots=True)
class FileName:
    """The name of a statement's file: ``N.ROLE.statement.json``, for a single file ``FILE.N.ROLE.statement.json``.

    ``subject`` is that single file's name, empty for statements about a whole round. ``number`` counts the statements
    of one role about one subject, from 1.
    """

    subject: str
    number: int
    role: PartyRole

    @classmethod
    def parse(cls, name: str) -> FileName | None:
        """Return the parts of a statement's file name; ``None`` when it is no such name."""
        found = _FILE_NAME.fullmatch(name)
        return None if found is None else cls(found[1] or "", int(found[2]), PartyRole(found[3]))

    def __str__(self) -> str:
        subject = f"{self.subject}." if self.subject else ""
        return f"{subject}{self.number}.{self.role}.statement.json"

    @property
    def signature(self) -> str:
        """The name of the file with the signature."""
        return f"{self}.sig"


_FILE_NAME = re.compile(r"(?:(.+)\.)?([1-9][0-9]{0,3})\.(sender|receiver|agency|client)\.statement\.json")


def subject_name(name: FileName) -> str:
    """Return the name of the file in a bundle that statements of this name are about."""
    return name.subject or sums.NAME


def _problem(statement: Statement) -> str | None:
    """Return what a statement of its kind lacks or must not have; ``None`` when all is right."""
    for rule in (_round_problem, _words_problem, _chain_problem, _time_problem):
        problem = rule(statement)
        if problem:
            return f"{statement.kind} statement: {problem}"
    return None


def _round_problem(statement: Statement) -> str | None:
    name = statement.subject.name
    about_statement = FileName.parse(name) is not None
    about_manifest = name not in (sums.NAME, TERMS_NAME) and not about_statement
    allowed = {
        Kind.ANSWER: name == sums.NAME,
        Kind.WITNESS: name == sums.NAME or about_manifest,
        Kind.CUSTODY: about_manifest,
        Kind.TERMS: name == TERMS_NAME,
        Kind.REVOCATION: about_statement,
    }
    if not allowed[statement.kind]:
        return "it cannot be about this file"
    about_round = name == sums.NAME or (statement.kind is Kind.REVOCATION and statement.round is not None)
    if about_round != (statement.round is not None):
        return "a round is named if and only if it is about a round"
    if statement.case_id is None and not about_manifest:
        return "it names no case"
    return None


def _words_problem(statement: Statement) -> str | None:
    facts, decision = statement.facts, statement.decision
    if (facts is not None) != (statement.kind in (Kind.ANSWER, Kind.WITNESS)):
        return "facts are stated in an answer and by a witness, and nowhere else"
    if (decision is not None) != (statement.kind in (Kind.ANSWER, Kind.TERMS)):
        return "a decision is stated in an answer and on terms, and nowhere else"
    if statement.kind is Kind.TERMS and decision is Decision.NONE:
        return "terms are accepted or rejected"
    return None


def _chain_problem(statement: Statement) -> str | None:
    if list(statement.seen) != sorted(set(statement.seen)):
        return "the digests that it has seen are not in order"
    if statement.kind is Kind.REVOCATION and statement.supersedes != statement.subject.sha256:
        return "it takes the place of another statement than the one it revokes"
    return None


def _time_problem(statement: Statement) -> str | None:
    try:
        datetime.fromisoformat(statement.signed_at)
        for remark in statement.remarks:
            if remark.by_date is not None:
                date.fromisoformat(remark.by_date)
    except ValueError:
        return "a day or time that does not exist"
    return None
