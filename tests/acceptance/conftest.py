"""A real WordPress tree, and two real sshd that serve copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import unicodedata
from pathlib import Path

import pytest

from support.sshd import Sshd, write_ssh_config


@pytest.fixture(scope="session")
def wordpress(tmp_path_factory) -> Path:
    """Debian's wordpress package, unpacked; without apt the standard library of this Python, a tree of like size."""
    folder = tmp_path_factory.mktemp("wordpress")
    installed = Path("/usr/share/wordpress")
    if installed.is_dir():
        source = installed
    elif shutil.which("apt-get") and shutil.which("dpkg-deb"):
        done = subprocess.run(["apt-get", "download", "-qq", "wordpress"], cwd=folder, capture_output=True)
        packages = list(folder.glob("wordpress_*.deb"))
        if done.returncode == 0 and packages:
            subprocess.run(["dpkg-deb", "-x", packages[0], folder / "unpacked"], check=True)
            packages[0].unlink()
            source = folder / "unpacked" / "usr/share/wordpress"
        else:
            source = Path(sysconfig.get_path("stdlib"))
    else:
        source = Path(sysconfig.get_path("stdlib"))
    tree = folder / "site"
    ignored = shutil.ignore_patterns("site-packages", "__pycache__", "lib2to3", "config-*")
    shutil.copytree(source, tree, symlinks=True, ignore=ignored)
    return tree


@pytest.fixture
def copy(wordpress, tmp_path):
    """Make a copy of the tree that is equal in everything that rsync -a keeps."""

    def make(name: str) -> Path:
        target = tmp_path / name
        subprocess.run(["cp", "-a", wordpress, target], check=True)
        return target

    return make


@pytest.fixture
def hosts(tmp_path):
    """Two real sshd that cannot read what is forbidden, and the ssh_config that knows both."""
    with (
        Sshd(tmp_path / "old", drop_dac=True) as old,
        Sshd(tmp_path / "new", drop_dac=True, addresses=("127.0.0.2",)) as new,
    ):
        config = write_ssh_config(tmp_path / "ssh_config", old, new)
        yield old, new, config


def files_below(folder: Path) -> list[Path]:
    """Return all regular files, sorted."""
    found = (Path(at) / name for at, _, names in os.walk(folder) for name in names)
    return sorted(path for path in found if not path.is_symlink())


@pytest.fixture
def host(tmp_path):
    """One real sshd that cannot read what is forbidden, and the ssh_config that knows it."""
    with Sshd(tmp_path / "host", drop_dac=True) as server:
        yield server, server.ssh_config


@pytest.fixture
def slow(tmp_path):
    """A tree that takes long to read."""
    return make_slow(tmp_path / "site")


def make_slow(root: Path) -> Path:
    """Make a tree that takes long to read: a file of zeros that needs no room, and another file."""
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "a.txt").write_text("a")
    with open(root / "huge", "xb") as stream:
        stream.truncate(2**38)
    return root


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def snapshot(folder: Path) -> dict[bytes, tuple[int, ...]]:
    """Return what the system tells of every path of a tree, but for the time of the last access."""
    found = {}
    for at, folders, names in os.walk(os.fsencode(folder)):
        for path in (at, *(os.path.join(at, name) for name in (*folders, *names))):
            seen = os.lstat(path)
            found[path] = (seen.st_mode, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
    return found


def harmless(text: str) -> bool:
    """Whether a text has nothing in it that steers a terminal, turns or hides letters, or is no valid text."""
    return all(char == "\n" or not (unicodedata.category(char)[0] == "C" or char in "\u2028\u2029") for char in text)
