"""Output is there whole or not at all, and never in the place of something that is there."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest

from handover import files
from handover.errors import LocalIOError, Refused
from handover.files import new_file, new_files, new_folder


def names(folder) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "web.manifest"
    with new_file(path) as stream:
        stream.write(b"first\n")
        stream.flush()
        assert not path.exists()
        assert all(name.startswith(".") for name in names(tmp_path))
    assert path.read_bytes() == b"first\n"
    assert names(tmp_path) == ["web.manifest"]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "rounds" / "0001"
    with new_folder(path) as inside:
        (inside / "report.json").write_bytes(b"{}")
        assert not path.exists()
    assert names(path) == ["report.json"]
    assert names(path.parent) == ["0001"]


def writing_file(path):
    with new_file(path) as stream:
        stream.write(b"new")


def writing_folder(path):
    with new_folder(path) as inside:
        (inside / "a").write_bytes(b"new")


def writing_pair(path):
    with new_files(path.with_name("beside"), path, outside=True) as (beside, stream):
        beside.write(b"new")
        stream.write(b"new")


BOTH = pytest.mark.parametrize("write", [writing_file, writing_folder])


def make_file(path):
    path.write_bytes(b"old")


def make_folder(path):
    path.mkdir()
    (path / "a").write_bytes(b"old")


def make_dangling_link(path):
    path.symlink_to("nowhere")


@BOTH
@pytest.mark.parametrize("make", [make_file, make_folder, make_dangling_link])
def test_what_is_there_is_never_touched(tmp_path, write, make):
    path = tmp_path / "out"
    make(path)
    before = snapshot(tmp_path)
    with pytest.raises(Refused, match="there already"):
        write(path)
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("make", [make_file, make_folder, make_dangling_link])
def test_what_appeared_meanwhile_is_never_touched(tmp_path, make):
    path = tmp_path / "out"

    def write() -> None:
        with new_file(path) as stream:
            stream.write(b"new")
            make(path)
            before.extend(snapshot(path))

    before: list[tuple[str, object]] = []
    with pytest.raises(Refused):
        write()
    assert snapshot(path) == before
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("manager", [new_file, new_folder])
def test_a_block_that_fails_leaves_nothing(tmp_path, manager, error):
    with pytest.raises(error), manager(tmp_path / "out"):
        raise error
    assert names(tmp_path) == []


@BOTH
@pytest.mark.parametrize("call", ["fsync", "link", "rename", "open"])
def test_whatever_call_fails_there_is_an_error_of_ours_and_nothing_with_the_final_name(
    tmp_path, monkeypatch, write, call
):
    path = tmp_path / "out"
    for number in range(1, 6):
        failing = Failing(getattr(os, call), number)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                write(path)
            except LocalIOError as error:
                assert error.where  # noqa: PT017 - whether it raises depends on how often the call is made
        if failing.failed:
            # The last call of all, the fsync of the parent, can fail when the file is there already: whole.
            assert names(tmp_path) in ([], ["out"])
            assert not path.is_file() or path.read_bytes() == b"new"
        if path.is_dir():
            (path / "a").unlink()
            path.rmdir()
        path.unlink(missing_ok=True)


class Failing:
    """A system call whose n-th use fails."""

    def __init__(self, real, number):
        self.real, self.left, self.failed = real, number, False

    def __call__(self, *arguments, **named):
        self.left -= 1
        if self.left == 0:
            self.failed = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self.real(*arguments, **named)


@pytest.mark.parametrize("call", ["fsync", "link", "open"])
def test_of_files_that_belong_together_none_is_there_without_the_other(tmp_path, monkeypatch, call):
    folder = tmp_path / "bundle"
    for number in range(1, 5):
        folder.mkdir()
        failing = Failing(getattr(os, call), number)
        with monkeypatch.context() as patch:
            patch.setattr(os, call, failing)
            try:
                writing_pair(folder / "out")
            except LocalIOError:
                assert failing.failed
        assert names(folder) in ([], ["beside", "out"])
        assert names(tmp_path) == ["bundle"]
        shutil.rmtree(folder)


def test_until_they_have_their_names_files_can_be_outside_of_their_folder(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    with new_files(folder / "a", folder / "b", outside=True):
        assert names(folder) == []
        assert len(names(tmp_path)) == 3
    assert names(folder) == ["a", "b"]
    assert names(tmp_path) == ["bundle"]


def test_a_name_that_appeared_meanwhile_takes_the_other_one_back(tmp_path):
    with pytest.raises(Refused), new_files(tmp_path / "a", tmp_path / "b"):
        (tmp_path / "b").write_bytes(b"old")
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_bytes() == b"old"


def test_without_hard_links_the_file_still_arrives_and_still_replaces_nothing(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EOPNOTSUPP, "no")

    monkeypatch.setattr(os, "link", no_links)
    writing_file(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"new"
    with pytest.raises(Refused):
        writing_file(tmp_path / "out")


@pytest.fixture
def synced(monkeypatch):
    """Return the inodes that were written through to the disk, in order."""
    inodes: list[int] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        inodes.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return inodes


def test_a_file_is_on_the_disk_before_its_name_is(tmp_path, synced):
    with new_file(tmp_path / "web.manifest") as stream:
        stream.write(b"first\n")
    assert synced == [(tmp_path / "web.manifest").stat().st_ino, tmp_path.stat().st_ino]


def test_what_is_in_a_folder_is_on_the_disk_before_the_folder_has_its_name(tmp_path, synced):
    path = tmp_path / "0001"
    with new_folder(path) as inside, new_file(inside / "web.manifest", durable=False) as stream:
        stream.write(b"first\n")
        assert synced == []
    file, folder = (path / "web.manifest").stat().st_ino, path.stat().st_ino
    assert synced == [file, folder, tmp_path.stat().st_ino]


def test_what_is_thrown_away_is_not_waited_for(tmp_path, synced):
    with new_file(tmp_path / "listing", durable=False) as stream:
        stream.write(b"first\n")
    assert (tmp_path / "listing").read_bytes() == b"first\n"
    assert synced == []


def test_a_folder_that_is_not_there_is_said_in_words(tmp_path):
    with pytest.raises(LocalIOError, match="No such file") as caught:
        writing_file(tmp_path / "no" / "out")
    assert caught.value.where.endswith("out")


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from handover.errors import LocalIOError
from handover.files import new_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with new_file(Path(sys.argv[1])) as stream:
        for _ in range(100):
            stream.write(b"x" * 10_000)
except LocalIOError as error:
    sys.exit(int(error.exit_code))
"""


def test_no_room_is_exit_7_and_leaves_nothing(tmp_path):
    assert subprocess.run([sys.executable, "-c", _LIMITED, tmp_path / "out"]).returncode == 7
    assert names(tmp_path) == []


_SLOW = """
import sys
from pathlib import Path
from handover.files import new_file
with new_file(Path(sys.argv[1])) as stream:
    for _ in range(int(sys.argv[2])):
        stream.write(b"line\\n")
        stream.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("lines", [0, 1, 1000])
def test_killed_at_any_write_nothing_has_the_final_name(tmp_path, lines):
    command = [sys.executable, "-c", _SLOW, tmp_path / "out", str(lines)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"written\n"
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert [name for name in names(tmp_path) if not name.startswith(".")] == []


def test_the_words_for_a_full_disk_say_that_nothing_else_changed(tmp_path):
    with pytest.raises(LocalIOError) as caught, files.local_io(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "nothing that was there before has changed" in caught.value.hint


def test_a_hostile_name_is_shown_harmless(tmp_path):
    path = tmp_path / "a\x1b[31m\nb"
    path.write_bytes(b"")
    with pytest.raises(Refused) as caught:
        files.refuse_existing(path)
    assert caught.value.where.endswith("a\\x1b[31m\\nb")


def snapshot(path) -> list[tuple[str, object]]:
    if path.is_symlink():
        return [(path.name, os.readlink(path))]
    if path.is_dir():
        return [(path.name, sorted(each for inner in path.iterdir() for each in snapshot(inner)))]
    return [(path.name, path.read_bytes())]
