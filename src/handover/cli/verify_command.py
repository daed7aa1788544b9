"""``handover verify``: check a bundle offline."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    command.add(
        app,
        "verify",
        verify,
        "handover verify acme-shop/rounds/0001 --keys allowed_signers",
        "handover verify bundle.zip --require none   (is it intact? Who signed is not asked)",
    )


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder of a round, or its zip.")],
    *,
    keys: Annotated[
        Path | None,
        typer.Option("--keys", metavar="FILE", help="Keys that you trust, in the form of ssh's allowed_signers."),
    ] = None,
    require: Annotated[
        str | None,
        typer.Option("--require", metavar="ROLE,…", help="Whose signatures are needed; none: only that it is intact."),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", metavar="TIME", help="Judge the validity of keys at this time instead of now (UTC)."),
    ] = None,
    previous: Annotated[
        list[Path] | None,
        typer.Option(
            "--previous",
            metavar="PATH",
            help="A manifest, or the bundle of an earlier round, that files were carried over from. Repeatable.",
        ),
    ] = None,
    pdf_trust: Annotated[
        Path | None,
        typer.Option(
            "--pdf-trust", metavar="FILE", help="Certificates that you trust for signatures in PDFs, in PEM form."
        ),
    ] = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Check everything in a bundle without network: digests, counts, verdict and signatures are computed again.

    Keys are believed only when they come from outside, with --keys.
    """
    from handover.cli.world import world
    from handover.render.wording.language import speaking
    from handover.workflow.verifying import VerifyRequest, verify_bundle

    console = Console(json=json, quiet=quiet, no_color=no_color)
    request = VerifyRequest(bundle, keys, require, at, tuple(previous or ()), pdf_trust)
    with speaking(language):
        done = verify_bundle(request, world(console).now())
        if json:
            from handover.render import result

            console.result(result.verified_document(done))
        else:
            from handover.render import terminal

            console.result(terminal.verified(done, color=console.color, width=console.width))
    return done.exit_code
