"""``handover init`` and ``handover run``: a case, and its rounds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.cli.rates import parse_rate
from handover.errors import ExitCode


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    command.add(
        app,
        "init",
        init,
        "handover init acme-shop --source ssh://acme@old.example/www --target ssh://acme@new.example/www",
    )
    command.add(app, "run", run, "handover run acme-shop", "handover run acme-shop --junit handover.xml")


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[FOLDER]", help="The folder of the case; made if needed.")
    ] = Path(),
    *,
    case: Annotated[str | None, typer.Option("--case", metavar="TEXT", help="What is handed over, in words.")] = None,
    source: Annotated[str | None, typer.Option("--source", metavar="LOCATION", help="The old hosting.")] = None,
    target: Annotated[str | None, typer.Option("--target", metavar="LOCATION", help="The new hosting.")] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="NAME", help="Kind of site, such as wordpress or joomla.")
    ] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE", help="Such as Europe/Warsaw.")] = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> int:
    """Write handover.yaml, the terms of a case, pre-filled and with comments."""
    from handover.cli.world import world
    from handover.render import result
    from handover.render.wording.commands import case_written
    from handover.render.wording.language import speaking
    from handover.workflow.starting import Start, start

    console = Console(json=json, quiet=quiet)
    with speaking(language):
        started = start(Start(folder, case, source, target, preset, timezone), world(console))
        if json:
            console.result(result.started_document(started.terms, started.case_id, started.preset, started.mark))
        else:
            console.result(case_written(started.terms, folder, started.preset, started.mark))
    return ExitCode.COMPLETE


def run(
    case: Annotated[Path, typer.Argument(metavar="[CASE]", help="The folder with handover.yaml.")] = Path(),
    *,
    ran_by: options.As = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Your name, for the record.")] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", metavar="NAME", help="Instead of what the terms say: sha256 or xxh128.")
    ] = None,
    quick: options.Quick = False,
    no_recheck: options.NoRecheck = False,
    challenge: options.Challenge = 0,
    fast: options.Fast = False,
    workers: options.Workers = None,
    rate: options.Rate = None,
    same_host: options.SameHost = False,
    previous: Annotated[
        bool,
        typer.Option(
            "--previous",
            help="Do not read again what has not changed since the last round; it is counted beside the verdict.",
            rich_help_panel="Scanning",
        ),
    ] = False,
    exclude: options.Exclude = None,
    rules: options.RulesFile = None,
    require: options.Require = None,
    deadline: options.Deadline = None,
    idle_timeout: options.IdleTimeout = 60.0,
    ssh_config: options.SshConfig = None,
    password_file: options.PasswordFile = None,
    limit: options.Limit = 1000,
    junit: options.Junit = None,
    language: options.Language = "en",
    json: options.Json = False,
    quiet: options.Quiet = False,
    no_color: options.NoColor = False,
) -> int:
    """Make one round of a case: read both sides of every part, compare, and write the bundle that both parties sign.

    A side that cannot be read still leaves a one-sided round.
    """
    from handover.cli.present import present
    from handover.cli.reading import reading
    from handover.digests import Algorithm, parse_algorithm
    from handover.render.wording.language import speaking
    from handover.workflow.case import Case
    from handover.workflow.reading import Choices
    from handover.workflow.rules_given import rules_given
    from handover.workflow.running import RunRequest, run_round

    console = Console(json=json, quiet=quiet, no_color=no_color)
    opened = Case.open(case)
    algorithm = Algorithm.NONE if quick else parse_algorithm(digest or opened.terms.digest)
    choices = Choices(
        algorithm=algorithm,
        recheck=not no_recheck,
        fast=fast,
        workers=workers,
        rate=parse_rate(rate),
        deadline_s=deadline,
        idle_timeout_s=idle_timeout,
        first_look=not quiet,
        challenge=challenge,
    )
    given = rules_given(exclude or (), rules, require or (), None)
    request = RunRequest(ran_by, name, given, same_host, junit, previous)
    with speaking(language), reading(console, choices, ssh_config, password_file) as shared:
        outcome = run_round(opened, request, shared, shared.world)
        shared.progress.finish()
        return present(outcome, console, limit=limit, junit=junit)
