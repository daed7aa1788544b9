"""``handover demo``: the whole job on this machine, for somebody who has no two hosts at hand."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from handover.cli import command
from handover.cli.console import Console

#: How the story starts the product again: by this interpreter, wherever the command was installed.
_SELF = (sys.executable, "-P", "-m", "handover")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    command.add(app, "demo", demo, "handover demo", "handover demo /tmp/first-look")


def demo(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="A new folder for it all; handover-demo if not given.")
    ] = None,
) -> int:
    """Show a whole case: two SSH hosts, a migration with real faults, the report, both signatures, the check.

    All of it happens on this machine; no host of yours and no network is needed.
    """
    # paramiko takes 0.3 s to import, which no other command should wait for.
    from handover.demo.hosts import installed_sshd
    from handover.demo.story import tell

    return tell(folder or _unused_folder(), _SELF, installed_sshd(), Console().result)


def _unused_folder() -> Path:
    names = itertools.chain(["handover-demo"], (f"handover-demo-{number}" for number in itertools.count(2)))
    return next(Path(name) for name in names if not os.path.lexists(name))
