"""Build the wheel, install it with the oldest libraries that pyproject.toml allows, and run tests against it.

The libraries that those need in turn are the newest there are, as pip chooses them for anybody. Everything is made anew
in build/lowest. Arguments are those of pytest.
"""

import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / "build" / "lowest"
BIN = HOME / "venv" / "bin"

#: What each library is used for once: documents, terms, digests, keys and signatures, SSH, pages, the terminal, locks.
TESTS = (
    "tests/test_strict_json.py", "tests/test_manifest.py", "tests/test_digests.py", "tests/test_terms.py",
    "tests/test_command_line.py", "tests/test_startup.py", "tests/evidence/test_keys.py",
    "tests/evidence/test_sshsig.py", "tests/evidence/test_verify.py", "tests/render",
    "tests/ssh/test_auth.py", "tests/ssh/test_connect.py", "tests/ssh/test_channel.py",
    "tests/acceptance/test_golden.py", "tests/acceptance/test_wordpress_over_ssh.py",
)  # fmt: skip


def lowest(requirement: str) -> str | None:
    """Return ``name==version`` for ``name>=version``, and None for what only bounds it from above or has no bound."""
    found = re.match(r"([A-Za-z0-9_.-]+)>=([0-9.]+)$", requirement)
    return f"{found[1]}=={found[2]}" if found else None


def run(*command: object) -> None:
    """Run a command that has to end well."""
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True)


def main(arguments: list[str]) -> int:
    """Make the environment and return the exit code of the tests in it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins = [pin for requirement in project["project"]["dependencies"] if (pin := lowest(requirement))]
    venv.create(HOME / "venv", clear=True, with_pip=True)
    pip = (BIN / "python", "-m", "pip", "--quiet", "--disable-pip-version-check")
    (HOME / "lowest.txt").write_text("".join(f"{pin}\n" for pin in pins))
    # --group needs pip 25.1.
    run(*pip, "install", "--upgrade", "pip>=25.1")
    run(*pip, "install", "--constraint", HOME / "lowest.txt", "--group", "test", ROOT)
    sys.stdout.write(f"testing with {' '.join(pins)}\n")
    tests = arguments or ["-q", "-n2", "--dist=loadfile", *TESTS]
    return subprocess.run([BIN / "python", "-m", "pytest", *tests], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
