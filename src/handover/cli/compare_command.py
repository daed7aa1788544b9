"""``handover compare``: two locations, nothing prepared."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command, options
from handover.cli.console import Console
from handover.cli.rates import parse_rate
from handover.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    command.add(
        app,
        "compare",
        compare,
        "handover compare ssh://acme@old.example/var/www ssh://acme@new.example/srv/www",
        "handover compare old-site.manifest ./new-site -o report",
    )


def compare(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="Where the data came from: folder, ssh:// or manifest.")
    ],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Where it should have arrived.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Keep everything as a bundle in this new folder."),
    ] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="With -o: a protocol in PDF too, to print or to attach.")] = False,
    digest: options.Digest = "sha256",
    quick: options.Quick = False,
    no_recheck: options.NoRecheck = False,
    challenge: options.Challenge = 0,
    fast: options.Fast = False,
    workers: options.Workers = None,
    rate: options.Rate = None,
    cross_mounts: options.CrossMounts = False,
    follow_root_link: options.FollowRootLink = False,
    allow_empty: options.AllowEmpty = False,
    same_host: options.SameHost = False,
    exclude: options.Exclude = None,
    rules: options.RulesFile = None,
    require: options.Require = None,
    max_excluded: options.MaxExcluded = None,
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
    """Compare two locations and say what is missing.

    Both are read completely, side by side, and nothing is written on them. Each may be a local folder, an ssh://
    location or a manifest file.
    """
    from handover.cli.present import present
    from handover.cli.reading import reading
    from handover.digests import parse_algorithm
    from handover.manifest import Role
    from handover.render.wording.language import speaking
    from handover.workflow import adhoc
    from handover.workflow.reading import Choices, side_plan
    from handover.workflow.rules_given import rules_given

    console = Console(json=json, quiet=quiet, no_color=no_color)
    if pdf and output is None:
        raise UsageError("--pdf needs a folder to write to", hint="Add -o DIR.")
    choices = Choices(
        algorithm=parse_algorithm("none" if quick else digest),
        recheck=not no_recheck,
        fast=fast,
        workers=workers,
        rate=parse_rate(rate),
        deadline_s=deadline,
        idle_timeout_s=idle_timeout,
        first_look=not quiet,
        challenge=challenge,
    )
    plan = partial(
        side_plan,
        base=Path.cwd(),
        cross_mounts=cross_mounts,
        follow_root_link=follow_root_link,
        allow_empty=allow_empty,
    )
    with speaking(language), reading(console, choices, ssh_config, password_file) as shared:
        request = adhoc.Request(
            source=plan(source, role=Role.SOURCE),
            target=plan(target, role=Role.TARGET),
            rules=rules_given(exclude or (), rules, require or (), max_excluded),
            same_host=same_host,
            output=output,
            junit=junit,
            protocol=pdf,
        )
        with adhoc.compare(request, shared, shared.world) as outcome:
            shared.progress.finish()
            return present(outcome, console, limit=limit, junit=junit)
