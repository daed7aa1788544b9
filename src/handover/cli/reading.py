"""What every command needs that reads hosts: the hosts, who is asked for secrets, and the progress.

Imported inside those commands: it brings half of the program along, for which ``--help`` should not wait.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    # What was imported stays until the end: the collector, which reading sets off often, need not look at it each time.
    gc.freeze()
    secrets, interactive = secrets_from(password_file, console), console.interactive
    with (
        progress(console) as bar,
        Hosts(ssh_options(ssh_config), secrets, bar.say, may_ask=interactive) as hosts,
    ):
        # What is said meanwhile goes through the bar, which has lines of its own on the terminal.
        yield Reading(choices, hosts, bar, replace(world(console), remark=bar.say))
