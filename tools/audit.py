"""Ask a vulnerability service about every library that the installed program loads, at the version that is installed.

Exit code 0: all were asked about and nothing is known against them. 1: something is known. 3: somebody was not asked
about, because the service does not answer or does not know it: that is no good news, and not bad news either.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

_PROJECT = "handover-verifier"


def libraries(name: str = _PROJECT) -> dict[str, str]:
    """Return what the project needs on this machine, directly or not, with the versions installed."""
    found: dict[str, str] = {}
    waiting = [name]
    while waiting:
        for text in metadata.requires(waiting.pop()) or ():
            need = Requirement(text)
            key = re.sub(r"[-_.]+", "-", need.name).lower()
            if key not in found and (need.marker is None or need.marker.evaluate({"extra": ""})):
                found[key] = metadata.version(need.name)
                waiting.append(need.name)
    return found


def ask(pins: dict[str, str]) -> list[dict]:
    """Return what the service says, a ``dict`` for each library; nothing when it does not answer at all."""
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "requirements.txt")
        listed.write_text("".join(f"{name}=={version}\n" for name, version in sorted(pins.items())))
        command = ["pip_audit", "--requirement", listed, "--no-deps", "--disable-pip", "--format", "json"]
        done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.stdout.startswith("{"):
        # What it says on stderr is left out: of libraries that it skipped it says that nothing is known against them.
        return json.loads(done.stdout)["dependencies"]
    sys.stderr.write(done.stderr[-1000:])
    return []


def judge(pins: dict[str, str], answers: list[dict]) -> tuple[int, str]:
    """Return the exit code and the words for it."""
    known = {one["name"]: one.get("vulns", []) for one in answers if "skip_reason" not in one}
    bad = [f"{name} {pins[name]}: {one['id']}" for name in sorted(pins) for one in known.get(name, ())]
    unasked = [f"{name} {pins[name]}" for name in sorted(pins) if name not in known]
    lines = [f"known against {line}" for line in bad]
    if unasked:
        lines.append(f"NOT ASKED about {len(unasked)} of {len(pins)}: {', '.join(unasked)}")
    if not lines:
        lines.append(f"nothing is known against {len(pins)} libraries")
    return (1 if bad else 3 if unasked else 0), "\n".join(lines)


def main() -> int:
    """Ask and tell."""
    pins = libraries()
    code, words = judge(pins, ask(pins))
    sys.stdout.write(words + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
