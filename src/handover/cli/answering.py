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
