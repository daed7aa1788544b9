"""What was measured on: the numbers mean little without it."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

from bench import ROOT
from handover import __version__


def facts(home: Path) -> dict[str, str]:
    """Return the machine and the versions, as words."""
    cpu = _text("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.*)$", cpu, re.MULTILINE)
    flags = [
        name for flag, name in (("sha_ni", "SHA-NI"), ("avx2", "AVX2"), ("avx512f", "AVX-512")) if f" {flag}" in cpu
    ]
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    system = re.search(r'^PRETTY_NAME="(.*)"$', _text("/etc/os-release"), re.MULTILINE)
    return {
        "CPU": f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores ({', '.join(flags) or 'plain'})",
        "Memory": f"{int(memory[1]) / 2**20:.0f} GiB" if memory else "unknown",
        "System": f"{system[1] if system else platform.system()}, Linux {platform.release()}",
        "Disk": _said("findmnt", "-n", "-o", "FSTYPE,OPTIONS", "-T", str(home)),
        "Python": platform.python_version(),
        "OpenSSH": _said("ssh", "-V"),
        "handover": f"{__version__}, commit {_commit()}",
    }


def _commit() -> str:
    commit = _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD")
    changed = _said("git", "--no-optional-locks", "-C", str(ROOT), "status", "--porcelain", "--", "src")
    return f"{commit} with changes" if changed else commit


def _said(*words: str) -> str:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return " ".join((done.stdout or done.stderr).split())


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
