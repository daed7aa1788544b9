"""``handover sign`` and ``handover add``: answers, made here or taken in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from handover.cli import options
from handover.cli.console import Console
from handover.cli.world import person, world
from handover.errors import ExitCode, UsageError
from handover.evidence.statement import Decision, Facts, Kind, PartyRole, Remark, Signer
from handover.locations.ssh.askers import Kind as QuestionKind
from handover.locations.ssh.askers import Question
from handover.paths import shown
from handover.render import result
from handover.workflow import signing, subjects
from handover.workflow.subjects import Signable

_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(
        "sign",
        epilog=options.epilog(
            'handover sign acme-shop --as receiver --decision accept --facts confirmed --name "Aino Virtanen"',
            'handover sign old-site.manifest --as sender --name "Anna Nowak"     (this is what I had at that time)',
            "handover sign acme-shop --as receiver --print-command --public-key receiver.pub -o for-receiver",
        ),
    )(sign)
    app.command("add", epilog=options.epilog("handover add acme-shop for-receiver/accept.statement.json"))(add)


def sign(
    subject: Annotated[
        Path,
        typer.Argument(metavar="[SUBJECT]", help="A case (its last round), a round, a manifest, or handover.yaml."),
    ] = Path(),
    *,
    role: Annotated[PartyRole, typer.Option("--as", help="Who signs.")],
    decision: Annotated[Decision | None, typer.Option("--decision", help="What you decide.")] = None,
    facts: Annotated[Facts | None, typer.Option("--facts", help="What you say of the recorded facts.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Your name.")] = None,
    function: Annotated[str | None, typer.Option("--function", metavar="TEXT", help="Your function.")] = None,
    reference: Annotated[str | None, typer.Option("--reference", metavar="TEXT", help="Your ticket number.")] = None,
    remark: Annotated[
        list[str] | None, typer.Option("--remark", metavar="TEXT", help="Put on record. Repeatable.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE", help="Your private key; ~/.ssh/id_ed25519 if not given.")
    ] = None,
    supersede: Annotated[bool, typer.Option("--supersede", help="Replace your earlier statement.")] = False,
    accept_weak_digest: Annotated[
        bool, typer.Option("--accept-weak-digest", help="Sign although contents were not compared by SHA-256.")
    ] = False,
    print_command: Annotated[
        bool, typer.Option("--print-command", help="Write statements for somebody who has only ssh-keygen.")
    ] = False,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", metavar="FILE", help="With --print-command: the key that will sign.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="With --print-command: a new folder for them.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Sign a round, a manifest or the terms: a statement, and its signature beside it."""
    console = Console(json=json, quiet=quiet)
    found = subjects.find(subject)
    answer = signing.Answer(
        role=role,
        signer=Signer(name=_signer(name, role, console), function=function),
        facts=facts,
        decision=decision,
        remarks=tuple(Remark(text=text) for text in remark or ()),
        reference=reference,
        supersede=supersede,
        accept_weak_digest=accept_weak_digest,
    )
    here = world(console)
    if print_command:
        folder = output or Path(f"answers-of-{role}")
        prepared = signing.prepare(found, answer, signing.public_key_of(found, role, public_key), folder, here)
        console.result(result.prepared_document(prepared) if json else _prepared_text(prepared, subject))
        return ExitCode.COMPLETE
    _check_words(found, decision, facts)
    signed = signing.sign(found, answer, _key_file(key), lambda: _passphrase(key, console), here)
    console.result(result.signed_document(signed) if json else _signed_text(signed))
    return ExitCode.COMPLETE


def add(
    subject: Annotated[Path, typer.Argument(metavar="SUBJECT", help="The case, round, manifest or terms it is about.")],
    statements: Annotated[
        list[Path],
        typer.Argument(metavar="STATEMENT…", help="Statements that came back, each with its .sig beside it."),
    ],
    *,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check statements that were signed elsewhere, and put them with what they are about."""
    console = Console(json=json, quiet=quiet)
    for statement in statements:
        signed = signing.take_in(subjects.find(subject), statement)
        console.result(result.signed_document(signed) if json else _signed_text(signed))
    return ExitCode.COMPLETE


def _check_words(found: Signable, decision: Decision | None, facts: Facts | None) -> None:
    if found.kind is Kind.ANSWER and (decision is None or facts is None):
        raise UsageError(
            "an answer to a round needs --facts and --decision",
            hint="For example  --facts confirmed --decision accept, or  --facts disputed --decision reject.",
        )
    if found.kind is Kind.TERMS and decision is None:
        raise UsageError("an answer to the terms needs --decision", hint="For example  --decision accept.")
    if found.kind is Kind.CUSTODY and (decision is not None or facts is not None):
        raise UsageError("a manifest is signed as what you had; there is nothing to decide", hint="Leave them out.")


def _signer(name: str | None, role: PartyRole, console: Console) -> str:
    if name:
        return name
    asked = person(console).ask(Question(QuestionKind.ANSWER, role, "Your name", hidden=False))
    if asked:
        return asked
    raise UsageError("a statement needs the name of the person who signs", hint='Give --name "First Last".')


def _key_file(given: Path | None) -> Path:
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


def _passphrase(key: Path | None, console: Console) -> bytes:
    subject = shown(os.fsencode(_key_file(key)))
    answer = person(console).ask(Question(QuestionKind.PASSPHRASE, subject, f"Passphrase of {subject}"))
    if answer is None:
        raise UsageError(
            "the key is encrypted, and there is nobody to ask for its passphrase",
            where=subject,
            hint="Run it on a terminal, or use --print-command and sign with ssh-keygen and your agent.",
        )
    return answer.encode()


def _signed_text(signed: signing.Signed) -> str:
    statement = signed.statement
    said = ", ".join(str(word) for word in (statement.decision, statement.facts) if word is not None)
    return (
        f"{statement.role} signed{f': {said}' if said else ''}\n"
        f"  {shown(os.fsencode(signed.path))}\n  {shown(os.fsencode(signed.signature))}\n\n"
        f"Next: give both files to the other party, or check all with\n"
        f"  handover verify {shown(os.fsencode(signed.path.parent))} --keys allowed_signers"
    )


def _prepared_text(prepared: signing.Prepared, subject: Path) -> str:
    folder = shown(os.fsencode(prepared.folder))
    lines = [f"Send the folder {folder} to whoever signs. One of these lines signs one answer:", ""]
    lines += [f"  {command}" for _, command in prepared.commands]
    lines += ["", "They send back the statement they chose and the .sig beside it. Then:", ""]
    lines.append(f"  handover add {shown(os.fsencode(subject))} {folder}/ANSWER.statement.json")
    return "\n".join(lines)
