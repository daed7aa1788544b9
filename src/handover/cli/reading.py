"""What every command needs that reads hosts: the hosts, who is asked for secrets, and the progress.

Imported inside those commands: it brings half of the program along, for which ``--help`` should not wait.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from handover.cli.console import Console
from handover.cli.progress import progress
from handover.cli.world import secrets_from, ssh_options, world
from handover.workflow.hosts import Hosts
from handover.workflow.reading import Choices, Reading


@contextmanager
def reading(
    console: Console, choices: Choices, ssh_config: Path | None, password_file: Path | None
) -> Iterator[Reading]:
    """Yield what the scans of a run share; every connection is closed when the block ends."""
    secrets, interactive = secrets_from(password_file, console), console.interactive
    with (
        Hosts(ssh_options(ssh_config), secrets, console.say, may_ask=interactive) as hosts,
        progress(console) as bar,
    ):
        yield Reading(choices, hosts, bar, world(console))
