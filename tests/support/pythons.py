"""Every Python on this machine on which the agent must run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

_PROBE = "import sys; print(sys.implementation.name, '%d.%d.%d' % sys.version_info[:3])"


def found() -> dict[str, str]:
    """Return the path of one interpreter for each implementation and version from 3.6 on, oldest first."""
    candidates = [sys.executable, "/usr/bin/python3", shutil.which("pypy3")]
    candidates += [shutil.which(f"python3.{minor}") for minor in range(6, 16)]
    candidates += sorted(map(str, Path("/root/.pyenv/versions").glob("*/bin/python3")))
    known: dict[tuple[str, tuple[int, ...]], str] = {}
    for path in filter(None, candidates):
        said = subprocess.run([path, "-I", "-S", "-c", _PROBE], capture_output=True, text=True, check=False)
        if said.returncode:
            continue
        name, version = said.stdout.split()
        numbers = tuple(map(int, version.split(".")))
        if numbers >= (3, 6):
            known.setdefault((name, numbers), path)
    return {f"{name}-{'.'.join(map(str, numbers))}": path for (name, numbers), path in sorted(known.items())}
