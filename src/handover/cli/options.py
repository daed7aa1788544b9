"""The flags that several commands share, once, with the words of their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_OUT = "Output"
_SCAN = "Scanning"
_RULES = "Rules"
_SSH = "Reaching hosts"

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.", rich_help_panel=_OUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.", rich_help_panel=_OUT)]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours.", rich_help_panel=_OUT)]
Language = Annotated[
    str,
    typer.Option(
        "--language",
        metavar="CODE",
        help="Language of what is told: en, pl or fi. JSON, JUnit and errors stay English.",
        rich_help_panel=_OUT,
    ),
]
Junit = Annotated[
    Path | None,
    typer.Option("--junit", metavar="FILE", help="Also write JUnit XML for a CI job.", rich_help_panel=_OUT),
]
Limit = Annotated[
    int,
    typer.Option(
        "--limit", metavar="N", min=0, help="At most this many differences per part in --json.", rich_help_panel=_OUT
    ),
]

Digest = Annotated[
    str,
    typer.Option(
        "--digest",
        metavar="NAME",
        help="sha256 (proof) or xxh128 (fast, against accidents only).",
        rich_help_panel=_SCAN,
    ),
]
Quick = Annotated[
    bool,
    typer.Option("--quick", help="Names and sizes only: can prove loss, never completeness.", rich_help_panel=_SCAN),
]
NoRecheck = Annotated[
    bool, typer.Option("--no-recheck", help="Do not look at the end what changed meanwhile.", rich_help_panel=_SCAN)
]
Challenge = Annotated[
    int,
    typer.Option(
        "--challenge",
        metavar="N",
        min=0,
        max=10_000,
        help="Ask both hosts again for N files, with a salt: a host that only copied digests cannot answer.",
        rich_help_panel=_SCAN,
    ),
]
Fast = Annotated[
    bool,
    typer.Option(
        "--fast", help="Use the remote host fully: as many workers as cores, not niced.", rich_help_panel=_SCAN
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        min=1,
        max=64,
        help="How many processes read on each host, 64 at most.",
        rich_help_panel=_SCAN,
    ),
]
Rate = Annotated[
    str | None,
    typer.Option(
        "--rate",
        metavar="BYTES/S",
        help="Read and send no more per second on each host, such as 500k or 2M.",
        rich_help_panel=_SCAN,
    ),
]
CrossMounts = Annotated[
    bool, typer.Option("--cross-mounts", help="Also read other filesystems below the root.", rich_help_panel=_SCAN)
]
FollowRootLink = Annotated[
    bool, typer.Option("--follow-root-link", help="The root itself may be a symbolic link.", rich_help_panel=_SCAN)
]
AllowEmpty = Annotated[
    bool, typer.Option("--allow-empty", help="The root may be empty or not mounted.", rich_help_panel=_SCAN)
]
SameHost = Annotated[
    bool,
    typer.Option("--same-host", help="Allow the same folder on the same machine on both sides.", rich_help_panel=_SCAN),
]
Deadline = Annotated[
    float | None,
    typer.Option(
        "--deadline", min=1, metavar="SECONDS", help="Give up a scan that takes longer.", rich_help_panel=_SCAN
    ),
]
IdleTimeout = Annotated[
    float,
    typer.Option(
        "--idle-timeout",
        min=1,
        metavar="SECONDS",
        help="Give up a host that is silent for so long.",
        rich_help_panel=_SCAN,
    ),
]

Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="PATTERN",
        help="Ignore these paths; counted, not read. Repeatable.",
        rich_help_panel=_RULES,
    ),
]
RulesFile = Annotated[
    Path | None,
    typer.Option("--rules", metavar="FILE", help="More rules, as in handover.yaml.", rich_help_panel=_RULES),
]
Require = Annotated[
    list[str] | None,
    typer.Option(
        "--require",
        metavar="WHAT",
        help="Also count: no_extra, mode, owner, mtime. Repeatable.",
        rich_help_panel=_RULES,
    ),
]
MaxExcluded = Annotated[
    str | None,
    typer.Option(
        "--max-excluded",
        metavar="PERCENT",
        help="More ignored or agreed than this is undetermined (25%).",
        rich_help_panel=_RULES,
    ),
]

SshConfig = Annotated[
    Path | None,
    typer.Option("--ssh-config", metavar="FILE", help="Read this instead of ~/.ssh/config.", rich_help_panel=_SSH),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Take the password from the first line of this file (mode 0600).",
        rich_help_panel=_SSH,
    ),
]
As = Annotated[
    str | None, typer.Option("--as", metavar="ROLE", help="Who you are: sender, receiver, agency or client.")
]
