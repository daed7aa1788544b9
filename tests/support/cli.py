"""The command line as its user meets it: a process of its own, stdout apart from stderr, and a limit on its time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of ``handover`` said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        """The one JSON document on stdout."""
        return json.loads(self.out)


def environment(**extra: str) -> dict[str, str]:
    """Return an environment without anything of the developer's, such as an ssh-agent."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START", "PYTHONPATH")
        if name in os.environ
    }
    return {**kept, "PYTHONWARNINGS": "error::ResourceWarning", **extra}


def handover(*arguments: object, cwd: Path | None = None, timeout_s: float = 120, **extra: str) -> Result:
    """Run ``handover`` and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "handover", *map(str, arguments)],
        cwd=cwd,
        env=environment(**extra),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=timeout_s,
    )
    return Result(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode(errors="replace"))
