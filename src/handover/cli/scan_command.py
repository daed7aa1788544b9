"""``handover scan``: the manifest of one location."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.cli.rates import parse_rate
from handover.errors import ExitCode
from handover.manifest import Role


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    command.add(
        app,
        "scan",
        scan,
        "handover scan ssh://acme@old.example/home/acme/public_html -o old-site.manifest --role source",
        "handover scan /var/www/site -o site.manifest",
    )


def scan(
    location: Annotated[str, typer.Argument(metavar="LOCATION", help="A local folder or ssh://user@host/path.")],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Write the manifest here.")],
    role: Annotated[
        Role | None, typer.Option("--role", metavar="SIDE", help="Which side of the handover it is: source or target.")
    ] = None,
    part: Annotated[str, typer.Option("--part", metavar="NAME", help="Name of the part.")] = "main",
    ran_by: options.As = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Your name, for the record.")] = None,
    host_key: Annotated[
        str | None, typer.Option("--host-key", metavar="SHA256:…", help="The only host key to accept.")
    ] = None,
    become: Annotated[
        str | None, typer.Option("--become", metavar="'sudo -n'", help="Read with the rights of root.")
    ] = None,
    digest: options.Digest = "sha256",
    quick: options.Quick = False,
    no_recheck: options.NoRecheck = False,
    fast: options.Fast = False,
    workers: options.Workers = None,
    rate: options.Rate = None,
    cross_mounts: options.CrossMounts = False,
    follow_root_link: options.FollowRootLink = False,
    allow_empty: options.AllowEmpty = False,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="MANIFEST",
            help="Do not read again what has not changed since this manifest was made; it is counted.",
            rich_help_panel="Scanning",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="If the scan is cut off, keep what was read; go on from what an earlier scan into FILE kept.",
            rich_help_panel="Scanning",
        ),
    ] = False,
    exclude: options.Exclude = None,
    rules: options.RulesFile = None,
    deadline: options.Deadline = None,
    idle_timeout: options.IdleTimeout = 60.0,
    ssh_config: options.SshConfig = None,
    password_file: options.PasswordFile = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Record what one location holds: names, sizes, digests, and everything that could not be read.

    With gaps the manifest is written all the same, and the exit code is 3.
    """
    from handover.cli.reading import reading
    from handover.digests import parse_algorithm
    from handover.errors import UsageError
    from handover.render.wording.language import speaking
    from handover.workflow.reading import Choices, side_plan
    from handover.workflow.rules_given import rules_given
    from handover.workflow.scanning import scan_to

    console = Console(json=json, quiet=quiet, no_color=no_color)
    choices = Choices(
        algorithm=parse_algorithm("none" if quick else digest),
        recheck=not no_recheck,
        fast=fast,
        workers=workers,
        rate=parse_rate(rate),
        deadline_s=deadline,
        idle_timeout_s=idle_timeout,
        resume=resume,
    )
    if resume and previous is not None:
        raise UsageError(
            "--resume and --previous cannot be used together",
            hint="What a cut scan had read is the later of the two; scan with --resume.",
        )
    side = side_plan(
        location,
        Path.cwd(),
        role,
        ran_by=ran_by,
        name=name,
        host_key=host_key,
        become=become,
        cross_mounts=cross_mounts,
        follow_root_link=follow_root_link,
        allow_empty=allow_empty,
        previous=previous,
    )
    with speaking(language):
        with reading(console, choices, ssh_config, password_file) as shared:
            done = scan_to(output, part, side, rules_given(exclude or (), rules, (), None), shared)
            shared.progress.finish()
        if json:
            from handover.render import result

            console.result(result.scanned_document(output, done))
        else:
            from handover.render import terminal

            console.result(terminal.scanned(output, done, color=console.color, width=console.width))
    return ExitCode.UNDETERMINED if done.trailer.status == "gaps" else ExitCode.COMPLETE
