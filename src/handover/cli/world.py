"""The real world, handed to the use cases: clock, randomness, the person at the terminal."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from pathlib import Path

from handover.cli.console import Console
from handover.locations.ssh.askers import Asker, Nobody, Terminal, askers
from handover.locations.ssh.options import SshOptions
from handover.workflow.surroundings import Surroundings


def world(console: Console) -> Surroundings:
    """Return clock, randomness and a way to talk."""
    return Surroundings(now=lambda: datetime.now(UTC), token=secrets.token_bytes, remark=console.say)


def ssh_options(config: Path | None) -> SshOptions:
    """Return how hosts are reached; what is not given comes from the user's settings of ssh."""
    return SshOptions(config_file=config)


def secrets_from(password_file: Path | None, console: Console) -> Asker:
    """Return who is asked for passwords of hosts: a file, the system's keyring, the person when there is one."""
    return askers(password_file, interactive=console.interactive)


def person(console: Console) -> Asker:
    """Return the person at the terminal, or nobody."""
    return Terminal() if console.interactive else Nobody()
