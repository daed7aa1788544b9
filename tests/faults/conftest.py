"""Warm servers behind the seam, and the disk that every run gets a copy of."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from faults import disks, seam


@pytest.fixture(scope="session")
def memory():
    """A folder in memory where there is one: thousands of runs are not to wait for a disk's fsync."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="handover-faults-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def servers(tmp_path_factory, template):
    folder = tmp_path_factory.mktemp("seam")
    disk = disks.Disk(template, folder / "rehearsal")
    with seam.servers(folder, [disk.command(work) for work in disks.WORKS.values()]) as warm:
        yield warm


@pytest.fixture(scope="session")
def template(memory):
    folder = memory / "template"
    folder.mkdir()
    return disks.make(folder)
