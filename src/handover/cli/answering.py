"""The questions and words around a statement: who signs, with which key, and what was signed."""

from __future__ import annotations

import getpass
import os
from pathlib import Path

from handover.cli.console import Console
from handover.cli.world import person
from handover.errors import UsageError
from handover.evidence.statement import Decision, Facts, Kind, PartyRole
from handover.locations.ssh.askers import Kind as QuestionKind
from handover.locations.ssh.askers import Question
from handover.paths import shown
from handover.workflow.signing import Prepared, Signed
from handover.workflow.subjects import Signable

_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def check_words(found: Signable, decision: Decision | None, facts: Facts | None) -> None:
    """Refuse a statement that says too little or too much for what it is about."""
    if found.kind is Kind.ANSWER and (decision is None or facts is None):
        raise UsageError(
            "an answer to a round needs --facts and --decision",
            hint="For example  --facts confirmed --decision accept, or  --facts disputed --decision reject.",
        )
    if found.kind is Kind.TERMS and decision is None:
        raise UsageError("an answer to the terms needs --decision", hint="For example  --decision accept.")
    if found.kind is Kind.CUSTODY and (decision is not None or facts is not None):
        raise UsageError("a manifest is signed as what you had; there is nothing to decide", hint="Leave them out.")


def signer(name: str | None, role: PartyRole, found: Signable, console: Console) -> str:
    """Return the name of the person who signs: as given, or asked for, else the party's own name from the terms.

    Without any of them it is the account that signs: the statement then names no person, and the key still decides.
    """
    if name:
        return name
    asked = person(console).ask(Question(QuestionKind.ANSWER, role, "Your name", hidden=False))
    party = found.parties.get(role)
    return asked or (party.name if party is not None else getpass.getuser())


def key_file(given: Path | None) -> Path:
    """Return the private key file: as given, or the usual one of ssh."""
    if given is not None:
        return given.expanduser()
    for name in _KEYS:
        path = Path.home() / ".ssh" / name
        if path.is_file():
            return path
    raise UsageError(
        "there is no key to sign with",
        hint="Give --key FILE, or make one with  ssh-keygen -t ed25519.",
    )


def passphrase(key: Path | None, console: Console) -> bytes:
    """Ask for the passphrase of an encrypted key."""
    subject = shown(os.fsencode(key_file(key)))
    answer = person(console).ask(Question(QuestionKind.PASSPHRASE, subject, f"Passphrase of {subject}"))
    if answer is None:
        raise UsageError(
            "the key is encrypted, and there is nobody to ask for its passphrase",
            where=subject,
            hint="Run it on a terminal, or use --print-command and sign with ssh-keygen and your agent.",
        )
    return answer.encode()


def signed_text(signed: Signed) -> str:
    """Return what was signed and where it is now."""
    statement = signed.statement
    said = ", ".join(str(word) for word in (statement.decision, statement.facts) if word is not None)
    return (
        f"{statement.role} signed{f': {said}' if said else ''}\n"
        f"  {shown(os.fsencode(signed.path))}\n  {shown(os.fsencode(signed.signature))}\n\n"
        f"Next: give both files to the other party, or check all with\n"
        f"  handover verify {shown(os.fsencode(signed.path.parent))} --keys allowed_signers"
    )


def prepared_text(prepared: Prepared, subject: Path) -> str:
    """Return what to do with statements that somebody else signs."""
    folder = shown(os.fsencode(prepared.folder))
    lines = [f"Send the folder {folder} to whoever signs. One of these lines signs one answer:", ""]
    lines += [f"  {command}" for _, command in prepared.commands]
    lines += ["", "They send back the statement they chose and the .sig beside it. Then:", ""]
    lines.append(f"  handover add {shown(os.fsencode(subject))} {folder}/ANSWER.statement.json")
    return "\n".join(lines)
