"""Whole small rounds in memory, made with the real writers: what an honest run makes, and then what a forger does."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from evidence.tools import Party as Signatory
from handover import challenge, differences, report
from handover.challenge import Answer, Challenge, ChallengeDocument, State
from handover.digests import sha256_hex
from handover.errors import UsageError
from handover.evidence import sums
from handover.evidence.allowed_signers import AllowedSigners, ready_line
from handover.evidence.bundle import Listing
from handover.evidence.inventory import is_beside
from handover.evidence.policy import Agreement, OpenFile, Policy, Redrawn
from handover.evidence.signatures import custody_of
from handover.evidence.statement import (
    Author,
    Decision,
    Facts,
    FileName,
    Kind,
    PartyRole,
    Signer,
    Statement,
    Subject,
    build,
)
from handover.evidence.verification import Verification
from handover.evidence.verify import verify
from handover.manifest import CaseRef, Role
from handover.manifest_reader import Reader
from handover.rules import RulesDocument, RuleSet
from support.manifests import Item, make_manifest

TERMS = b"handover: 1\nid: 0f8e\n"
PART = "web"
AT = datetime(2026, 12, 1, tzinfo=UTC)
SIGNED_AT = "2026-11-30T12:00:00Z"
HTML = b"<!doctype html><p>complete"

SENDER, RECEIVER, AGENCY = (Signatory("ed25519", name) for name in ("sender", "receiver", "agency"))
BY_ROLE = {PartyRole.SENDER: SENDER, PartyRole.RECEIVER: RECEIVER, PartyRole.AGENCY: AGENCY}
NAMES = {PartyRole.SENDER: "Old Hosting", PartyRole.RECEIVER: "New Host", PartyRole.AGENCY: "Studio"}


class MemoryBundle:
    """A bundle that is a dictionary."""

    where = "round"

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        self.listing = Listing({name: len(files[name]) for name in sorted(files)}, ())

    def open(self, name: str) -> BinaryIO:
        return io.BytesIO(self._files[name])


@dataclass
class Terms:
    """What the terms of a round say, besides their bytes; the evidence itself never sees YAML."""

    parties: tuple[report.Party, ...] = (
        report.Party(role="sender", name=NAMES[PartyRole.SENDER], contact="bok@old.example"),
        report.Party(role="receiver", name=NAMES[PartyRole.RECEIVER], contact="support@new.example"),
        report.Party(role="agency", name=NAMES[PartyRole.AGENCY]),
    )
    required: tuple[PartyRole, ...] = (PartyRole.SENDER, PartyRole.RECEIVER)
    rules: RuleSet = field(default_factory=RuleSet)
    case: CaseRef = field(default_factory=lambda: CaseRef(id="0f8e", name="acme"))
    raw: bytes = TERMS

    def document(self) -> RulesDocument:
        return RulesDocument.of({PART: self.rules}, terms_sha256=sha256_hex(self.raw))

    def read(self, raw: bytes, recorded: RulesDocument) -> Agreement:
        if raw != self.raw:
            raise UsageError("unknown terms", where="terms.yaml")
        return Agreement(
            rules=self.document().to_bytes(),
            case=self.case,
            timezone="Europe/Warsaw",
            dates=report.Dates(complete_by="2026-12-01"),
            parties=self.parties,
            required_signatures=self.required,
        )


class Round:
    """The files of one round; ``answer`` adds statements as parties would, everything else is up to the test."""

    def __init__(
        self,
        source: Iterable[Item] | None,
        target: Iterable[Item] | None,
        *,
        terms: Terms | None = None,
        number: int = 1,
        more: Mapping[str, bytes] | None = None,
    ) -> None:
        self.terms = terms or Terms()
        self.number = number
        self.files: dict[str, bytes] = {"terms.yaml": self.terms.raw, "rules.json": self.terms.document().to_bytes()}
        self.files |= more or {}
        self.answered: Challenge | None = None
        if source is not None:
            self.files["web.source.manifest"] = make_manifest(*source)
        if target is not None:
            self.files["web.target.manifest"] = make_manifest(
                *target, role=Role.TARGET, location="ssh://acme@new.example/srv/www"
            )
        self.compare()

    def compare(self) -> None:
        """Compute differences and report from the manifests that are there, and seal them."""
        stream = io.BytesIO()
        writer = differences.Writer(stream, PART)
        sides = [self._side(role) for role in Role]
        part = report.compare_part(PART, sides[0], sides[1], self.terms.rules, writer.add, self.answered)
        if sides[0].reader is not None or sides[1].reader is not None:
            self.files[differences.file_name(PART)] = stream.getvalue()
        verdict, because, strength = report.total([part])
        agreed = self.terms.read(self.terms.raw, self.terms.document())
        names = [
            name for name in sorted(self.files) if not name.startswith(("report.", sums.NAME)) and not is_beside(name)
        ]
        self.report = report.Report(
            type=report.TYPE,
            version=1,
            tool="handover test",
            case=agreed.case,
            round=self.number,
            created_at=SIGNED_AT,
            timezone=agreed.timezone,
            dates=agreed.dates,
            parties=agreed.parties,
            required_signatures=agreed.required_signatures,
            verdict=verdict,
            because=because,
            strength=strength,
            scope=report.scope_of([part], {PART: self.terms.rules}),
            parts=(part,),
            findings=(),
            files=tuple(map(self.ref, names)),
        )
        self.files["report.json"] = self.report.to_bytes()
        self.files["report.en.html"] = HTML
        self.seal()

    def challenge(self, *salted: tuple[bytes, bytes], record: ChallengeDocument | None = None) -> Round:
        """Put a challenge on record, with what both sides answered for each file, and make the report anew."""
        salt, sides = b"\1" * 32, [io.BytesIO(self.files[f"{PART}.{role}.manifest"]) for role in Role]
        choice = challenge.choose(*(Reader(side, where="a manifest") for side in sides), salt, len(salted))
        answers = [
            [Answer(state=State.ANSWERED, salted=sha256_hex(said)) for said in both_said] for both_said in salted
        ]
        made = record or ChallengeDocument(
            type=challenge.TYPE,
            version=challenge.VERSION,
            part=PART,
            salt=salt.hex(),
            asked_at=SIGNED_AT,
            asked=tuple(challenge.asked(claim, *both) for claim, both in zip(choice.claims, answers, strict=True)),
        )
        self.files[challenge.file_name(PART)] = made.to_bytes()
        self.answered = challenge.summary(made, choice.files)
        self.compare()
        return self

    def ref(self, name: str) -> report.FileRef:
        return report.FileRef(name=name, sha256=sha256_hex(self.files[name]), length=len(self.files[name]))

    def seal(self) -> None:
        """Write ``SHA256SUMS`` over what is there."""
        self.files[sums.NAME] = sums.write(
            {name: sha256_hex(raw) for name, raw in self.files.items() if name != sums.NAME and not is_beside(name)}
        )

    def subject(self, name: str = sums.NAME) -> Subject:
        return Subject(name=name, sha256=sha256_hex(self.files[name]), length=len(self.files[name]))

    def statement(self, role: PartyRole, *, about: str = "", kind: Kind = Kind.ANSWER, **fields: object) -> Statement:
        """An honest statement of a role as the next in its row."""
        row = self.row(role, about)
        last = str(row[-1]) if row else None
        of_round = kind in (Kind.ANSWER, Kind.WITNESS) and not about
        defaults: dict[str, object] = {
            "subject": self.subject(about or sums.NAME),
            "signed_at": SIGNED_AT,
            "case_id": self.report.case.id,
            "round_number": self.number if of_round else None,
            "facts": Facts.CONFIRMED if kind in (Kind.ANSWER, Kind.WITNESS) else None,
            "decision": Decision.ACCEPT if kind in (Kind.ANSWER, Kind.TERMS) else None,
            "seen": [sha256_hex(self.files[str(name)]) for other in PartyRole for name in self.row(other, about)],
            "supersedes": None if last is None else sha256_hex(self.files[last]),
        }
        key = fields.pop("key", BY_ROLE[role].key)
        author = Author(role, str(fields.pop("party", NAMES[role])), Signer(name="Anna"), key)
        if kind is Kind.REVOCATION and last is not None:
            defaults["subject"] = self.subject(last)
        return build(kind, author, **(defaults | fields))

    def row(self, role: PartyRole, about: str = "") -> list[FileName]:
        """The statements of a role about one subject, in the order of their numbers."""
        names = (FileName.parse(name) for name in self.files)
        return sorted(
            (name for name in names if name is not None and (name.subject, name.role) == (about, role)),
            key=lambda name: name.number,
        )

    def answer(
        self,
        role: PartyRole,
        *,
        about: str = "",
        signatory: Signatory | None = None,
        statement: Statement | None = None,
        **fields: object,
    ) -> FileName:
        """Sign the next statement of a role and put both files into the round."""
        signatory = signatory or BY_ROLE[role]
        statement = statement or self.statement(role, about=about, key=signatory.key, **fields)
        taken = [
            n.number for n in map(FileName.parse, self.files) if n is not None and (n.subject, n.role) == (about, role)
        ]
        name = FileName(about, max(taken, default=0) + 1, role)
        self.files[str(name)] = statement.to_bytes()
        self.files[name.signature] = signatory.sign(statement.to_bytes())
        return name

    def both_accept(self) -> Round:
        self.answer(PartyRole.SENDER)
        self.answer(PartyRole.RECEIVER)
        return self

    def verify(
        self,
        *,
        keys: str | None = "",
        require: tuple[PartyRole, ...] | None = None,
        files: Mapping[str, bytes] | None = None,
    ) -> Verification:
        """Verify with the parties' own keys, unless others (or with ``None`` no keys) are given."""
        return verify(MemoryBundle(self.files if files is None else files), self.policy(keys=keys, require=require))

    def policy(self, *, keys: str | None = "", require: tuple[PartyRole, ...] | None = None) -> Policy:
        text = KEYS if keys == "" else keys
        return Policy(
            keys=None if text is None else AllowedSigners.parse(text.encode(), where="keys"),
            require=require,
            at=AT,
            read_terms=self.terms.read,
            scratch=tempfile.TemporaryFile,
            check_renderings=check_renderings,
        )

    def _side(self, role: Role) -> report.SideInput:
        name = f"{PART}.{role}.manifest"
        if name not in self.files:
            failure = report.Failure(code=6, what="not reached")
            return report.SideInput("ssh://acme@new.example/srv/www", name, None, failure)
        return report.SideInput("", name, Reader(io.BytesIO(self.files[name]), where=name), custody=self._custody(name))

    def _custody(self, manifest: str) -> tuple[report.Custody, ...]:
        names = [name for role in PartyRole for name in self.row(role, manifest)]
        return tuple(custody_of(name, self.files[str(name)], where=str(name)) for name in names)


KEYS = "\n".join(ready_line(role, party.key) for role, party in BY_ROLE.items() if role is not PartyRole.AGENCY)


def check_renderings(made: report.Report, renderings: tuple[str, ...], open_file: OpenFile) -> Redrawn:
    problems = [f"{name} is no page of this report" for name in renderings if not name.endswith(("en.html", ".pdf"))]
    with open_file("report.en.html") as stream:
        if stream.read() != HTML:
            problems.append("report.en.html does not show this report")
    return Redrawn(tuple(problems), tuple(name for name in renderings if name.endswith(".pdf")))
