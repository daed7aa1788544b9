"""``handover trust host``: look at a host's key once, and remember it."""

from __future__ import annotations

from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.errors import ExitCode, RemoteError


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        cls=command.Group, no_args_is_help=True, help="Say which hosts are trusted.", rich_markup_mode=None
    )
    command.add(
        group,
        "host",
        trust_host,
        "handover trust host ssh://acme@old.example",
        "handover trust host ssh://acme@old.example --fingerprint SHA256:…   (no question is asked)",
    )
    app.add_typer(group, name="trust")


def trust_host(
    url: Annotated[str, typer.Argument(metavar="URL", help="ssh://user@host:port; a path is not needed.")],
    *,
    fingerprint: Annotated[
        str | None,
        typer.Option("--fingerprint", metavar="SHA256:…", help="Agree without a question if the key is this one."),
    ] = None,
    ssh_config: options.SshConfig = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Show the fingerprint of a host's key, ask whether it is the right one, and remember it in known_hosts.

    Compare the fingerprint with one that the hosting company published or told you by another way.
    """
    from handover.cli.world import person, ssh_options
    from handover.locations.ssh.address import SshAddress
    from handover.locations.ssh.askers import Kind, Question
    from handover.locations.ssh.trust import present_key, remember
    from handover.render import result
    from handover.render.wording.commands import trusted
    from handover.render.wording.language import speaking

    console = Console(json=json, quiet=quiet)
    asker = person(console)
    presented = present_key(SshAddress.parse_account(url), ssh_options(ssh_config), asker)
    if not presented.is_known:
        console.say(f"{presented.settings.shown} presents this {presented.type} key:\n\n  {presented.fingerprint}\n")
        if fingerprint is None:
            question = Question(Kind.ANSWER, url, "Is it the right one? Type yes to trust it", hidden=False)
            agreed = (asker.ask(question) or "").strip().lower() in ("yes", "y")
        else:
            agreed = fingerprint == presented.fingerprint
        if not agreed:
            raise RemoteError(
                f"the key {presented.fingerprint} of {presented.settings.shown} was not trusted",
                hint="Run it on a terminal and type yes, or give --fingerprint with the one that you know is right.",
            )
    added = remember(presented)
    host, fingerprint = presented.settings.shown, presented.fingerprint
    with speaking(language):
        if json:
            console.result(result.trusted_document(host, presented.type, fingerprint, added))
        else:
            console.result(trusted(host, f"{presented.type} {fingerprint}", added=added))
    return ExitCode.COMPLETE
