"""The tools that people use today: where each comes from, which version it is, and how it is run at its best.

``sh -c LINE PROGRAM TREE CORES BATCH``: the line finds the program as ``$0``, the tree as ``$1``, the number of cores
as ``$2``, and as ``$3`` how many files one call of a hash tool takes (one where files are few and big).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Command
from bench.trees import Tree, with_copy

_INSTALL_S = 600
_FEW_FILES = 1000
_BATCH = 128
_FIND = 'find "$1" -type f -print0 | xargs -0 -r -P "$2" -n "$3"'


@dataclass(frozen=True, slots=True)
class Peer:
    """One tool. ``package`` is Debian's, or PyPI's when ``from_pypi``.

    ``undo`` puts a tree back as it was, for the tools that write into what they read.
    """

    name: str
    program: str
    package: str
    line: str
    version: str = "--version"
    from_pypi: bool = False
    undo: Callable[[Path], None] | None = None

    def command(self, program: Path, tree: Tree) -> Command:
        """Return how it reads a whole tree; a tool that writes into it is lent the second copy."""
        batch = 1 if tree.files < _FEW_FILES else _BATCH
        words = (
            "sh",
            "-c",
            self.line,
            str(program),
            str(tree.lent if self.undo else tree.path),
            str(cores()),
            str(batch),
        )
        environment = {"LC_ALL": "C.UTF-8"}
        if self.undo is None:
            return Command(words, environment=environment)
        lent = _Lent(tree, self.undo)
        return Command(words, environment=environment, before=lent.out, after=lent.back)


class _Lent:
    """The second copy of a tree, in the hands of somebody who changes it."""

    def __init__(self, tree: Tree, undo: Callable[[Path], None]) -> None:
        self._tree = tree
        self._undo = undo

    def out(self) -> None:
        """Give it away."""
        with_copy(self._tree).copy.rename(self._tree.lent)

    def back(self) -> None:
        """Take it back as it was; one that cannot be mended is made anew when it is needed."""
        with contextlib.suppress(OSError):
            self._undo(self._tree.lent)
            self._tree.lent.rename(self._tree.copy)


def _undo_bagit(tree: Path) -> None:
    """Take a bag apart: its files lie in ``data``, everything beside it is the bag's own."""
    data = tree / "data"
    (tree / "bagit.txt").stat()  # half a bag cannot be mended
    for own in list(tree.iterdir()):
        if own != data:
            own.unlink()
    data = data.rename(tree / f"bag-{os.getpid()}")
    for moved in list(data.iterdir()):
        moved.rename(tree / moved.name)
    data.rmdir()


def _undo_ascmhl(tree: Path) -> None:
    shutil.rmtree(tree / "ascmhl", ignore_errors=True)


XXHSUM = Peer("xxhsum", "xxhsum", "xxhash", f'{_FIND} "$0" -H2 -q')
SHA256SUM = Peer("sha256sum", "sha256sum", "coreutils", f'{_FIND} "$0"')
B3SUM = Peer("b3sum", "b3sum", "b3sum", f'{_FIND} "$0"')
HASHDEEP = Peer("hashdeep", "hashdeep", "hashdeep", '"$0" -r -l -c sha256 "$1"', version="-V")
RHASH = Peer("rhash", "rhash", "rhash", '"$0" -r --sha256 "$1"')
RCLONE = Peer("rclone", "rclone", "rclone", '"$0" hashsum SHA256 "$1" --config "" --checkers 8', version="version")
BAGIT = Peer(
    "bagit-python", "bagit.py", "bagit", '"$0" --quiet --sha256 --processes "$2" "$1"', from_pypi=True, undo=_undo_bagit
)
# It cannot do SHA-256; xxh128 is the fastest that it can.
ASCMHL = Peer("ascmhl", "ascmhl", "ascmhl", '"$0" create -h xxh128 -n "$1"', from_pypi=True, undo=_undo_ascmhl)
RSYNC = Peer("rsync", "rsync", "rsync", "")
PEERS = (XXHSUM, SHA256SUM, B3SUM, HASHDEEP, RHASH, RCLONE, BAGIT, ASCMHL, RSYNC)


@dataclass(frozen=True, slots=True)
class Found:
    """A peer that can be run."""

    program: Path
    version: str


def cores() -> int:
    """Return how many processes a peer is given."""
    return os.cpu_count() or 1


def find(peer: Peer, home: Path, *, install: bool) -> Found | str:
    """Return where a peer is, installed when allowed and needed; a sentence when it cannot be had."""
    venv = home / "venv"
    places = f"{venv / 'bin'}" if peer.from_pypi else None
    program = shutil.which(peer.program, path=places)
    if program is None and install:
        if not (_install_pypi(venv, peer.package) if peer.from_pypi else install_debian(peer.package)):
            return f"{peer.name} could not be installed"
        program = shutil.which(peer.program, path=places)
    if program is None:
        return f"{peer.name} is not installed"
    return Found(Path(program), _version(peer, program))


def install_debian(package: str) -> bool:
    """Install a Debian package when this account may; return whether it is there now."""
    step = ["apt-get", "install", "-y", "-q", "--no-install-recommends", package]
    return os.geteuid() == 0 and _quiet(step) == 0


def _install_pypi(venv: Path, package: str) -> bool:
    make = [] if venv.exists() else [[sys.executable, "-m", "venv", str(venv)]]
    return not any(map(_quiet, [*make, [str(venv / "bin/python"), "-m", "pip", "install", "--quiet", package]]))


def _quiet(words: list[str]) -> int:
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=_INSTALL_S).returncode
    except (OSError, subprocess.TimeoutExpired):
        return 127


def _version(peer: Peer, program: str) -> str:
    if peer is BAGIT:
        said = subprocess.run([program, "--help"], capture_output=True, text=True).stdout
        return next((line for line in said.splitlines() if "version" in line), "bagit-python")
    done = subprocess.run([program, peer.version], capture_output=True, text=True)
    first = (done.stdout or done.stderr).strip().splitlines()[0]
    if peer is SHA256SUM:
        linked = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
        return f"{first}, {'with' if 'libcrypto' in linked else 'without'} libcrypto"
    return f"{peer.name} {first}" if peer is HASHDEEP else first
