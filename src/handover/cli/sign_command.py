"""``handover sign`` and ``handover add``: answers, made here or taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.errors import ExitCode
from handover.evidence.statement import Decision, Facts, PartyRole


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command.add(
        app,
        "sign",
        sign,
        'handover sign acme-shop --as receiver --decision accept --facts confirmed --name "Aino Virtanen"',
        'handover sign old-site.manifest --as sender --name "Anna Nowak"     (this is what I had at that time)',
        "handover sign acme-shop --as receiver --print-command --public-key receiver.pub -o for-receiver",
    )
    command.add(app, "add", add, "handover add acme-shop for-receiver/accept.statement.json")


def sign(
    subject: Annotated[
        Path,
        typer.Argument(metavar="[SUBJECT]", help="A case (its last round), a round, a manifest, or handover.yaml."),
    ] = Path(),
    *,
    role: Annotated[
        PartyRole, typer.Option("--as", metavar="ROLE", help="Who signs: sender, receiver, agency or client.")
    ],
    decision: Annotated[
        Decision | None, typer.Option("--decision", metavar="WHAT", help="accept, accept_with_remarks or reject.")
    ] = None,
    facts: Annotated[
        Facts | None,
        typer.Option("--facts", metavar="WHAT", help="The recorded facts are confirmed, disputed or not_examined."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="TEXT", help="Your name; asked for if not given.")
    ] = None,
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
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Sign a round, a manifest or the terms: a statement, and its signature beside it."""
    from handover.cli import answering
    from handover.cli.world import world
    from handover.evidence.statement import Remark, Signer
    from handover.render import result
    from handover.render.wording.commands import prepared_text, signed_text
    from handover.render.wording.language import speaking
    from handover.workflow import signing, subjects

    console = Console(json=json, quiet=quiet)
    found = subjects.find(subject)
    answer = signing.Answer(
        role=role,
        signer=Signer(name=answering.signer(name, role, found, console), function=function),
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
        with speaking(language):
            console.result(result.prepared_document(prepared) if json else prepared_text(prepared, subject))
        return ExitCode.COMPLETE
    answering.check_words(found, decision, facts)
    signed = signing.sign(found, answer, answering.key_file(key), lambda: answering.passphrase(key, console), here)
    with speaking(language):
        console.result(result.signed_document(signed) if json else signed_text(signed))
    return ExitCode.COMPLETE


def add(
    subject: Annotated[Path, typer.Argument(metavar="SUBJECT", help="The case, round, manifest or terms it is about.")],
    statements: Annotated[
        list[Path],
        typer.Argument(metavar="STATEMENT…", help="Statements that came back, each with its .sig beside it."),
    ],
    *,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check statements that were signed elsewhere, and put them with what they are about."""
    from handover.render import result
    from handover.render.wording.commands import signed_text
    from handover.render.wording.language import speaking
    from handover.workflow import signing, subjects

    console = Console(json=json, quiet=quiet)
    for statement in statements:
        signed = signing.take_in(subjects.find(subject), statement)
        with speaking(language):
            console.result(result.signed_document(signed) if json else signed_text(signed))
    return ExitCode.COMPLETE
