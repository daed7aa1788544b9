"""A real WordPress tree, and two real sshd that serve copies of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
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
    return sorted(Path(at) / name for at, _, names in os.walk(folder) for name in names if not (Path(at) / name).is_symlink())
