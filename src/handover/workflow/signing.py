"""Signing: a statement and its signature, made here, or made elsewhere with stock ssh-keygen and taken in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from handover.digests import Strength
from handover.errors import MalformedInput, NotVerified, Refused, UsageError
from handover.evidence import private_keys, sshsig
from handover.evidence.keys import PublicKey
from handover.evidence.statement import (
    MAX_STATEMENT,
    Author,
    Decision,
    Facts,
    FileName,
    Kind,
    PartyRole,
    Remark,
    Signer,
    Statement,
    build,
)
from handover.files import local_io, new_files, new_folder, read_named
from handover.paths import shown
from handover.workflow.subjects import Signable
from handover.workflow.surroundings import Surroundings

_MAX_KEY_FILE = 2**16

#: What a party says of the facts when it only names its decision.
FACTS_OF = {
    Decision.ACCEPT: Facts.CONFIRMED,
    Decision.ACCEPT_WITH_REMARKS: Facts.CONFIRMED,
    Decision.REJECT: Facts.DISPUTED,
    Decision.NONE: Facts.NOT_EXAMINED,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a party wants to say, and who says it."""

    role: PartyRole
    signer: Signer
    facts: Facts | None
    decision: Decision | None
    remarks: tuple[Remark, ...] = ()
    reference: str | None = None
    supersede: bool = False
    accept_weak_digest: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement that is now on disk with its signature."""

    statement: Statement
    path: Path
    signature: Path


@dataclass(frozen=True, slots=True)
class Prepared:
    """Unsigned statements for somebody else to sign, and the command for each."""

    folder: Path
    commands: tuple[tuple[Decision | None, str], ...]


def sign(
    subject: Signable, answer: Answer, key_file: Path, passphrase: Callable[[], bytes], world: Surroundings
) -> Signed:
    """Write a statement and its signature beside what it is about.

    Raises ``Refused`` when the role has answered already and does not supersede, when the digest is weak, or when the
    terms name other keys; ``UsageError`` for a key file that is none or a wrong passphrase.
    """
    raw_key = _read_key(key_file)
    key, signer = private_keys.load(raw_key, passphrase, where=shown(os.fsencode(key_file)))
    statement = _statement(subject, answer, key, world)
    raw = statement.to_bytes()
    signature = sshsig.sign(raw, key, signer, where=shown(os.fsencode(key_file)))
    return _store(subject, statement, raw, signature)


def prepare(subject: Signable, answer: Answer, key: PublicKey, folder: Path, world: Surroundings) -> Prepared:
    """Write one unsigned statement for each possible decision into a new folder, with the commands that sign them."""
    decisions = (None,) if subject.kind is Kind.CUSTODY else _decisions(subject.kind)
    commands = []
    with new_folder(folder) as aside:
        for decision in decisions:
            facts = FACTS_OF[decision] if decision is not None and subject.kind is Kind.ANSWER else None
            one = Answer(
                answer.role,
                answer.signer,
                facts,
                decision,
                answer.remarks,
                answer.reference,
                answer.supersede,
                answer.accept_weak_digest,
            )
            name = f"{decision or subject.kind}.statement.json"
            with local_io(aside / name):
                (aside / name).write_bytes(_statement(subject, one, key, world).to_bytes())
            commands.append((decision, f"ssh-keygen -Y sign -n {sshsig.NAMESPACE} -f YOUR_KEY {name}"))
    return Prepared(folder, tuple(commands))


def take_in(subject: Signable, statement_file: Path) -> Signed:
    """Check a statement that came back with its ``.sig`` beside it, and store both with what it is about.

    Raises ``MalformedInput`` or ``NotVerified`` for one that is not what it claims; ``Refused`` as ``sign`` does.
    """
    where = shown(os.fsencode(statement_file))
    raw = read_named(statement_file, MAX_STATEMENT)
    signature_file = statement_file.with_name(f"{statement_file.name}.sig")
    if not signature_file.exists():
        raise UsageError(
            "has no signature beside it", where=where, hint=f"ssh-keygen -Y sign writes {shown(signature_file.name)}."
        )
    signature = read_named(signature_file, _MAX_KEY_FILE)
    statement = Statement.from_bytes(raw, where=where)
    if statement.subject.sha256 != subject.subject.sha256 or statement.round != subject.round_number:
        raise NotVerified(
            f"the statement is not about the {shown(subject.subject.name)} of {shown(os.fsencode(subject.folder))}",
            where=where,
            hint="It may answer another round. Name the round that it is about.",
        )
    key = statement.key(where=where)
    sshsig.verify(signature, raw, key, where=f"{where}.sig")
    _check_key(subject, statement.role, key)
    _check_supersedes(subject, statement.role, statement.supersedes)
    return _store(subject, statement, raw, signature)


def public_key_of(subject: Signable, role: PartyRole, file: Path | None) -> PublicKey:
    """Return the public key that a role will sign with: from a file, else the only one that the terms name."""
    if file is not None:
        where = shown(os.fsencode(file))
        line = read_named(file, _MAX_KEY_FILE).decode("ascii", "replace").strip()
        if line.startswith("-----BEGIN") or not line.isascii():
            raise UsageError("is not a public key", where=where, hint="Give the .pub file.")
        return PublicKey.from_line(line, where=where)
    party = subject.parties.get(role)
    if party is not None and len(party.keys) == 1:
        return PublicKey.from_line(party.keys[0], where="the terms")
    raise UsageError(
        f"it is not known with which key the {role} will sign",
        hint="Ask for the public key (ssh-keygen -t ed25519 makes a pair) and give it with --public-key FILE.",
    )


def _statement(subject: Signable, answer: Answer, key: PublicKey, world: Surroundings) -> Statement:
    if (
        subject.strength is not None
        and subject.strength is not Strength.CRYPTOGRAPHIC
        and not answer.accept_weak_digest
    ):
        raise Refused(
            "this round did not compare contents with a cryptographic digest, so its signature would promise too much",
            hint="Run again with sha256, or sign all the same with --accept-weak-digest.",
        )
    _check_key(subject, answer.role, key)
    party = subject.parties.get(answer.role)
    present = list(subject.statements())
    return build(
        subject.kind,
        Author(
            answer.role,
            party.name if party is not None else answer.signer.name,
            answer.signer,
            key,
            answer.reference or (party.reference if party is not None else None),
        ),
        subject.subject,
        signed_at=world.instant(),
        case_id=subject.case_id,
        round_number=subject.round_number,
        facts=answer.facts,
        decision=answer.decision,
        remarks=answer.remarks,
        seen=[digest for _, _, digest in present],
        supersedes=_superseded(subject, answer),
    )


def _superseded(subject: Signable, answer: Answer) -> str | None:
    last = _last_digest(subject, answer.role)
    if last is not None and not answer.supersede:
        raise Refused(
            f"the {answer.role} has signed this already",
            hint="To replace that statement by a new one, add --supersede. Both stay on record.",
        )
    return last


def _check_supersedes(subject: Signable, role: PartyRole, supersedes: str | None) -> None:
    if supersedes != _last_digest(subject, role):
        raise Refused(
            f"the {role} has signed this already, and the new statement does not supersede the last one",
            hint="Prepare it again with  handover sign --print-command --supersede.",
        )


def _last_digest(subject: Signable, role: PartyRole) -> str | None:
    digests = [digest for name, _, digest in subject.statements() if name.role is role]
    return digests[-1] if digests else None


def _check_key(subject: Signable, role: PartyRole, key: PublicKey) -> None:
    """Refuse a key that cannot be that party's: the terms name others, or another party has it."""
    for party in subject.parties.values():
        keys = {PublicKey.from_line(line, where="the terms") for line in party.keys}
        if party.role == role and keys and key not in keys:
            raise Refused(
                f"the terms name other keys for the {role} than {key.fingerprint}",
                hint="Sign with a key that the terms name.",
            )
        if party.role != role and key in keys:
            raise Refused(f"this key is the {party.role}'s in the terms", hint="Each party needs a key of its own.")
    for name, statement, _ in subject.statements():
        if name.role is not role and statement.key(where=shown(str(name))) == key:
            raise Refused(f"the {name.role} has signed with this very key", hint="Each party needs a key of its own.")


def _decisions(kind: Kind) -> tuple[Decision, ...]:
    return tuple(Decision) if kind is Kind.ANSWER else tuple(d for d in Decision if d is not Decision.NONE)


def _store(subject: Signable, statement: Statement, raw: bytes, signature: bytes) -> Signed:
    name: FileName = subject.next_name(statement.role)
    path, signature_path = subject.folder / str(name), subject.folder / name.signature
    # A statement without its signature would make the whole bundle fail: the statement gets its name last.
    with new_files(signature_path, path, outside=True) as (signature_stream, stream):
        signature_stream.write(signature)
        stream.write(raw)
    return Signed(statement, path, signature_path)


def _read_key(path: Path) -> bytes:
    try:
        return read_named(path, _MAX_KEY_FILE)
    except MalformedInput as error:
        raise UsageError("is too long for a key", where=error.where) from error
