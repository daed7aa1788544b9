"""The near side imports where there is no POSIX: only modules that say so may need it."""

import subprocess
import sys
from pathlib import Path

import handover

POSIX_ONLY = ["fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "posix", "select_epoll"]
PROGRAM = """
import importlib, pkgutil, sys
for name in {names!r}:
    if name != "posix": sys.modules[name] = None
import handover
for module in pkgutil.walk_packages(handover.__path__, "handover."):
    if module.name not in ("handover.__main__", "handover.agents.agent"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_imports_without_posix_only_modules():
    # getpass, filelock and others of third parties fall back by themselves; ours must not need them at all.
    ours = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=POSIX_ONLY)], capture_output=True, text=True, timeout=120
    )
    assert ours.returncode == 0, ours.stderr
    imported = set(ours.stdout.split())
    root = Path(handover.__file__).parent
    expected = {
        ".".join(("handover", *path.relative_to(root).with_suffix("").parts)).removesuffix(".__init__")
        for path in root.rglob("*.py")
        if path.name not in ("__main__.py", "agent.py") or "locations" in path.parts
    } - {"handover"}
    assert imported >= expected - {"handover.agents.agent"}
