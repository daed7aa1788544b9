"""The words and questions around the PDF of a round: with which key it is signed, and what became of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from handover.cli.console import Console
from handover.cli.world import secrets_from, world
from handover.errors import ExitCode, UsageError
from handover.evidence.statement import PartyRole
from handover.locations.ssh.askers import Kind, Question
from handover.paths import shown
from handover.render import result
from handover.render.wording import pdfs
from handover.render.wording.language import plain
from handover.workflow import pdf_signing


def check_words(*, pdf: bool, key: Path | None, others: Iterable[object]) -> None:
    """Refuse flags that are about a statement, and those about a PDF without ``--pdf``: none of them is ignored."""
    if not pdf:
        raise UsageError("--pkcs12, --password-file and --seal are about a PDF", hint="Add --pdf.")
    if key is None:
        raise UsageError(
            "a PDF is signed with a key that has a certificate", hint="Name its file: --pkcs12 FILE (.p12 or .pfx)."
        )
    if any(others):
        raise UsageError(
            "a signature in a PDF says nothing but that it is this document",
            hint="Facts, decision, remarks and the rest belong to the answer: sign that without --pdf.",
        )


def sign(
    subject: Path, role: PartyRole, key: Path, password_file: Path | None, console: Console, *, seal: bool
) -> ExitCode:
    """Sign the PDF of a round, and say where the new file is."""
    asker = secrets_from(password_file, console)
    where = shown(os.fsencode(key))

    def password() -> bytes:
        answer = asker.ask(Question(Kind.PASSWORD, where, f"Password of {where}"))
        if answer is None:
            raise UsageError(
                "needs a password, and there is nobody to ask",
                where=where,
                hint="Run it on a terminal, or use --password-file.",
            )
        return answer.encode()

    _tell(pdf_signing.sign(subject, role, key, password, world(console).now(), seal=seal), console)
    return ExitCode.COMPLETE


def add(subject: Path, file: Path, role: PartyRole | None, console: Console) -> None:
    """Take a PDF in that was signed elsewhere, and say what it is."""
    _tell(pdf_signing.take_in(subject, file, role, world(console).now()), console)


def _tell(signed: pdf_signing.PdfSigned, console: Console) -> None:
    if console.json:
        console.result(result.pdf_signed_document(signed.path, signed.found))
    else:
        console.result(plain("\n".join(pdfs.kept(signed.path, signed.found))))
