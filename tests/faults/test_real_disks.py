"""Disks that are full, read-only, broken or mounted in between: real ones, made for the test (as root, as in CI)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from faults import disks
from support.cli import environment, handover

_KILLS = 25
_KILL_WITHIN_S = 0.9


@contextmanager
def mounted(place, *arguments):
    """Mount something at a place for as long as the block runs."""
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", *map(str, arguments), str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def loop_device(image):
    """Make a file a block device for as long as the block runs."""
    done = subprocess.run(["losetup", "--find", "--show", image], check=True, capture_output=True, text=True)
    try:
        yield done.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", done.stdout.strip()], check=True)


@pytest.mark.parametrize("work", ["scan", "compare", "run", "sign", "add", "prepare", "init"])
def test_a_disk_of_any_size_that_fills(template, tmp_path, work):
    task = disks.WORKS[work]
    outcomes = set()
    size = sum(path.stat().st_size // 4096 + 2 for path in template.rglob("*"))
    for free in (0, 1, 2, 3, 4, 6, 8, 12, 64):
        with mounted(tmp_path / "small", "-t", "tmpfs", "-o", f"size={(size + 200) * 4096}", "small") as small:
            (small / "run").mkdir()
            disk = disks.Disk(template, small / "run")
            with open(small / "filler", "wb") as filler:
                left = os.statvfs(small)
                filler.write(bytes(max(0, left.f_bavail - free) * left.f_frsize))
            done = handover(*task.arguments, cwd=disk.root, TMPDIR=str(disk.root / "tmp"), HOME=str(disk.root / "home"))
            outcomes.add(done.code)
            assert done.code in (7, task.code), done.err
            assert "Traceback" not in done.err
            there = disk.check(task, may_leave_hidden=False, may_be_cut=False)
            assert there == (done.code == task.code)
    assert outcomes == {7, task.code}


@pytest.mark.parametrize("work", disks.WORKS)
def test_a_disk_that_is_mounted_read_only(template, tmp_path, work):
    task = disks.WORKS[work]
    (tmp_path / "run").mkdir()
    disk = disks.Disk(template, tmp_path / "run")
    with mounted(disk.root, "--bind", "-o", "ro", disk.root):
        done = handover(*task.arguments, cwd=disk.root, HOME=str(disk.root / "home"))
        assert done.code == (7 if task.made else task.code), done.err
        assert "Traceback" not in done.err
        assert not disk.check(task, may_leave_hidden=False, may_be_cut=False) or not task.made


def test_a_device_that_has_lost_a_part_of_itself(tmp_path):
    """Blocks beyond the end of a loop device's file are EIO: a file on them is a gap, all others are as they are."""
    image = tmp_path / "image"
    with open(image, "xb") as stream:
        stream.truncate(24 * 2**20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", image], check=True)
    with loop_device(image) as device:
        with mounted(tmp_path / "disk", device) as disk:
            # Blocks are given out from the front: the later a file, the further behind.
            (disk / "early").write_bytes(b"early")
            with open(disk / "between", "wb") as stream:
                stream.write(os.urandom(15 * 2**20))
                os.fsync(stream.fileno())
            (disk / "late").write_bytes(os.urandom(2**20))
        assert handover("scan", tmp_path / "disk", "-o", tmp_path / "x").code == 8, "still mounted"
        with mounted(tmp_path / "disk", "-o", "ro", device) as disk:
            assert handover("scan", disk, "-o", tmp_path / "whole").code == 0
        os.truncate(image, 14 * 2**20)
        subprocess.run(["blockdev", "--flushbufs", device], check=True)
        with mounted(tmp_path / "disk", "-o", "ro", device) as disk:
            broken = handover("scan", disk, "-o", tmp_path / "broken")
    assert broken.code == 3, broken.err
    text = (tmp_path / "broken").read_text()
    assert '"gap":"unreadable","errno":"EIO"' in text
    assert '{"path":"early","type":"file","size":5,"digest"' in text
    compared = handover("compare", tmp_path / "whole", tmp_path / "broken", "--same-host", "--json")
    counts = compared.json["parts"][0]["counts"]
    assert (compared.code, compared.json["verdict"]) == (3, "undetermined")
    assert counts["missing"] == counts["changed"] == counts["extra"] == 0
    assert counts["not_checked"] >= 1


def test_a_device_that_takes_writes_and_loses_them(template, tmp_path):
    """What is behind the device is full: write() does well, and only fsync tells. That is exit 7, and no evidence."""
    task = disks.WORKS["compare"]
    with mounted(tmp_path / "behind", "-t", "tmpfs", "-o", "size=2m", "behind") as behind:
        image = behind / "image"
        with open(image, "xb") as stream:
            stream.truncate(64 * 2**20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-O", "^has_journal", image], check=True)
        with loop_device(image) as device, mounted(tmp_path / "disk", device) as place:
            (place / "run").mkdir()
            disk = disks.Disk(template, place / "run")
            os.sync()
            with open(behind / "filler", "wb", buffering=0) as filler:
                left = os.statvfs(behind)
                filler.write(bytes(left.f_bavail * left.f_frsize))
            done = handover(*task.arguments, cwd=disk.root, TMPDIR=str(tmp_path))
            assert done.code == 7, (done.out, done.err)
            assert "Traceback" not in done.err
            assert not disk.check(task, may_leave_hidden=True, may_be_cut=True)


def test_a_mount_below_the_root_is_a_boundary_and_crossing_it_is_a_choice(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.php").write_text("<?php")
    with mounted(site / "uploads", "-t", "tmpfs", "uploads") as uploads:
        (uploads / "a").write_text("a")
        assert handover("scan", site, "-o", tmp_path / "m").code == 3
        assert handover("scan", site, "-o", tmp_path / "crossed", "--cross-mounts").code == 0
    assert '"gap":"boundary"' in (tmp_path / "m").read_text()
    assert '"path":"uploads/a"' not in (tmp_path / "m").read_text()
    compared = handover("compare", tmp_path / "crossed", tmp_path / "m", "--same-host", "--json")
    assert compared.code == 3
    assert compared.json["parts"][0]["counts"]["missing"] == 0


@pytest.mark.parametrize("seed", range(_KILLS))
def test_killed_at_a_random_moment(template, tmp_path, seed):
    """A real process, from its start to its end, and whatever it was just doing."""
    choice = random.Random(seed)
    task = disks.WORKS[choice.choice(list(disks.WORKS))]
    disk = disks.Disk(template, tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "handover", *task.arguments],
        cwd=disk.root,
        env=environment(TMPDIR=str(disk.root / "tmp"), HOME=str(disk.root / "home")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    time.sleep(choice.uniform(0, _KILL_WITHIN_S))
    process.send_signal(signal.SIGKILL)
    assert process.wait() in (-signal.SIGKILL, task.code)
    disk.check(task, may_leave_hidden=True, may_be_cut=True)
    again = handover(*task.arguments, cwd=disk.root, TMPDIR=str(disk.root / "tmp"), HOME=str(disk.root / "home"))
    assert again.code in (task.code, 8), again.err
