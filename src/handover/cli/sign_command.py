"""``handover sign`` and ``handover add``: answers and signed PDFs, made here or taken in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.errors import ExitCode
from handover.evidence.statement import Decision, Facts, PartyRole

_PDF = "The PDF of a round"


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command.add(
        app,
        "sign",
        sign,
        'handover sign acme-shop --as receiver --decision accept --facts confirmed --name "Aino Virtanen"',
        'handover sign old-site.manifest --as sender --name "Anna Nowak"     (this is what I had at that time)',
        "handover sign acme-shop --as receiver --print-command --public-key receiver.pub -o for-receiver",
        "handover sign acme-shop --as sender --pdf --pkcs12 anna.p12     (the protocol, beside the answer)",
    )
    command.add(
        app,
        "add",
        add,
        "handover add acme-shop for-receiver/accept.statement.json",
        "handover add acme-shop report.pl-signed.pdf",
    )


def sign(
    subject: Annotated[
        Path,
        typer.Argument(
            metavar="[SUBJECT]", help="A case (its last round), a round, a PDF of it, a manifest, or handover.yaml."
        ),
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
    pdf: Annotated[
        bool,
        typer.Option("--pdf", help="Sign the PDF of the round instead: its field of your role.", rich_help_panel=_PDF),
    ] = False,
    pkcs12: Annotated[
        Path | None,
        typer.Option("--pkcs12", metavar="FILE", help="Your key and certificate (.p12, .pfx).", rich_help_panel=_PDF),
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(
            "--password-file",
            metavar="FILE",
            help="Its password in the first line (mode 0600); asked for if not given.",
            rich_help_panel=_PDF,
        ),
    ] = None,
    seal: Annotated[
        bool,
        typer.Option(
            "--seal", help="Sign before the parties do: then nobody can add to it but signatures.", rich_help_panel=_PDF
        ),
    ] = False,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Sign a round, a manifest or the terms: a statement, and its signature beside it.

    With --pdf it is the PDF of a round, for readers of PDF. It stands beside an answer and replaces none.
    """
    from handover.render.wording.language import speaking

    if pdf or pkcs12 is not None or password_file is not None or seal:
        from handover.cli import pdf_answering

        said = (decision, facts, name, function, reference, remark, key, public_key, output)
        pdf_answering.check_words(pdf=pdf, key=pkcs12, others=(*said, supersede, accept_weak_digest, print_command))
        assert pkcs12 is not None
        with speaking(language):
            return pdf_answering.sign(subject, role, pkcs12, password_file, Console(json=json, quiet=quiet), seal=seal)
    from handover.cli import answering
    from handover.cli.world import world
    from handover.evidence.statement import Remark, Signer
    from handover.render import result
    from handover.render.wording.commands import prepared_text, signed_text
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
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…", help="Statements that came back, each with its .sig beside it; or signed PDFs."
        ),
    ],
    *,
    role: Annotated[
        PartyRole | None,
        typer.Option("--as", metavar="ROLE", help="Which party a PDF is from, when its signature does not tell."),
    ] = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Check what was signed elsewhere, statements or PDFs, and put it with what it is about."""
    from handover.cli import pdf_answering
    from handover.render import result
    from handover.render.wording.commands import signed_text
    from handover.render.wording.language import speaking
    from handover.workflow import signing, subjects

    console = Console(json=json, quiet=quiet)
    for file in files:
        with speaking(language):
            if file.suffix.lower() == ".pdf":
                pdf_answering.add(subject, file, role, console)
                continue
            signed = signing.take_in(subjects.find(subject), file)
            console.result(result.signed_document(signed) if json else signed_text(signed))
    return ExitCode.COMPLETE
