"""A tree that moves while it is read gives gaps that say so, and always an end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from handover.agents import loader
from handover.digests import sha256_hex
from handover.scan import Effort
from support import trees
from support.processes import wait_until
from support.scans import Manifest, scan_tree

#: Where the agent waits in these tests: it has read everything and is about to look again.
_SEAM = b"            readable = root.tell(output, which)\n"
_WAIT_S = 30.0


@pytest.fixture
def scan_while(tmp_path, monkeypatch):
    """Return a function that scans a tree and changes it after everything was read and before the recheck."""
    arrived, go = tmp_path / "arrived", tmp_path / "go"
    hold = (
        f"            if which == RECHECK_PASS:\n"
        f"                open({str(arrived)!r}, 'w').close()\n"
        f"                for _ in range({int(_WAIT_S / 0.01)}):\n"
        f"                    if os.path.exists({str(go)!r}):\n"
        f"                        break\n"
        f"                    time.sleep(0.01)\n"
    )
    source = loader.program().source
    assert source.count(_SEAM) == 1
    source = source.replace(_SEAM, hold.encode() + _SEAM)
    monkeypatch.setattr(loader, "program", lambda: loader.Program(source, sha256_hex(source)))

    def scan_it(root: Path, change: Callable[[Path], object], **changes: object) -> Manifest:
        def act() -> None:
            assert wait_until(arrived.exists, _WAIT_S)
            change(root)
            go.touch()

        with ThreadPoolExecutor(1) as pool:
            acting = pool.submit(act)
            seen = scan_tree(root, **changes)
            acting.result()
        return seen

    return scan_it


#: Where the agent opens: small files, others, folders.
_OPENS = (b"open_file, fstat, read, close, is_regular = os.open,", b"return os.open(name,", b"descriptor = os.open(\n")
_SWAP = b"""
def swapping_open(name, flags, dir_fd=None):
    try:
        if name in (b"b", b"heavy") and stat.S_ISREG(os.lstat(name).st_mode):
            os.unlink(name)
            os.mkfifo(name)
        elif name == b"folder":
            os.rename(name, b"moved", src_dir_fd=dir_fd, dst_dir_fd=dir_fd)
            os.symlink(ELSEWHERE, name, dir_fd=dir_fd)
    except OSError:
        pass
    return os.open(name, flags, dir_fd=dir_fd)

"""


@pytest.fixture
def swapping(monkeypatch, tmp_path):
    """Let files become pipes, and a folder a link out of the tree, between their listing and their opening."""
    (tmp_path / "elsewhere").mkdir()
    trees.write(tmp_path / "elsewhere" / "secret", b"of somebody else")
    elsewhere = f"\nELSEWHERE = {os.fsencode(tmp_path / 'elsewhere')!r}\n".encode()
    source = loader.program().source
    for opening in _OPENS:
        assert opening in source
        source = source.replace(opening, opening.replace(b"os.open", b"swapping_open"))
    source = source.replace(b"\nOPEN_FILE = ", elsewhere + _SWAP + b"\nOPEN_FILE = ")
    monkeypatch.setattr(loader, "program", lambda: loader.Program(source, sha256_hex(source)))


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "folder" / "sub").mkdir(parents=True)
    for name in ("a", "b", "c", "folder/x", "folder/sub/y"):
        trees.write(root / name, b"12345")
    with (root / "heavy").open("xb") as stream:
        stream.truncate(9 * 2**20)  # read as a task of its own
    (root / "link").symlink_to("a")
    return root


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def rewrite_with_old_times(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"54321")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "gaps"),
    [
        (lambda root: (root / "b").write_bytes(b"123456"), {b"b": "unstable"}),
        (lambda root: (root / "b").write_bytes(b"1"), {b"b": "unstable"}),
        (lambda root: rewrite_with_old_times(root / "b"), {b"b": "unstable"}),
        (lambda root: (root / "b").unlink(), {b"b": "vanished"}),
        (lambda root: (root / "bb").write_bytes(b"new"), {b"bb": "unstable"}),
        (lambda root: (root / "0").write_bytes(b"new"), {b"0": "unstable"}),
        (lambda root: (root / "zz").mkdir(), {b"zz": "unstable"}),
        (lambda root: (root / "heavy").write_bytes(b"short"), {b"heavy": "unstable"}),
        (lambda root: os.utime(root / "heavy", (1, 1)), {b"heavy": "unstable"}),
        (lambda root: (root / "heavy").unlink(), {b"heavy": "vanished"}),
        (lambda root: replace(root / "b", os.mkfifo), {b"b": "unstable"}),
        (lambda root: replace(root / "b", lambda path: path.symlink_to("/etc/passwd")), {b"b": "unstable"}),
        (lambda root: replace(root / "b", lambda path: path.mkdir()), {b"b": "unstable"}),
        (lambda root: replace(root / "link", lambda path: path.symlink_to("b")), {b"link": "unstable"}),
        (
            lambda root: trees.remove(root / "folder"),
            dict.fromkeys((b"folder", b"folder/x", b"folder/sub", b"folder/sub/y"), "vanished"),
        ),
        (
            lambda root: ((root / "folder").rename(root / "moved"), (root / "folder").symlink_to("/etc")),
            {
                b"folder": "unstable",
                b"moved": "unstable",
                **dict.fromkeys((b"folder/x", b"folder/sub", b"folder/sub/y"), "unstable"),
            },
        ),
        (lambda root: (root / "folder" / "sub" / "y").write_bytes(b"other"), {b"folder/sub/y": "unstable"}),
        (lambda root: root.chmod(0o711), {}),
    ],
)  # fmt: skip
def test_what_changed_after_it_was_read_is_a_gap(tree, scan_while, change, gaps):
    seen = scan_while(tree, change)
    assert {path: kind for path, (kind, _) in seen.gaps().items()} == gaps
    assert seen.trailer.status == ("gaps" if gaps else "complete")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("effort", [Effort(1, polite=False), Effort(2, polite=False)], ids=["one", "two"])
def test_what_is_swapped_before_it_is_opened_is_neither_waited_for_nor_followed(tree, swapping, effort):
    seen = scan_tree(tree, effort=effort)
    assert (tree / "folder" / "secret").exists()
    assert (tree / "b").is_fifo()
    assert (tree / "heavy").is_fifo()
    for path in (b"b", b"heavy", b"folder"):
        entry = seen.entries[path]
        assert entry.digest is None
        assert entry.gap is not None or entry.type in ("special", "link"), path
    assert b"folder/secret" not in seen.entries
    assert seen.trailer.status == "gaps"


def test_one_process_notices_just_the_same(tree, scan_while):
    seen = scan_while(tree, lambda root: (root / "b").write_bytes(b"other"), effort=Effort(1, polite=False))
    assert seen.gaps() == {b"b": ("unstable", None)}


def test_a_root_that_is_replaced_meanwhile_is_no_tree_any_more(tree, scan_while, tmp_path):
    seen = scan_while(tree, lambda root: (root.rename(tmp_path / "elsewhere"), root.mkdir()))
    assert set(seen.gaps()) == set(seen.entries)
    assert {kind for kind, _ in seen.gaps().values()} == {"unstable"}


def test_a_root_that_is_removed_meanwhile_has_vanished(tree, scan_while):
    seen = scan_while(tree, trees.remove)
    assert {kind for kind, _ in seen.gaps().values()} == {"vanished"}
    assert set(seen.gaps()) == set(seen.entries)


def test_a_change_in_a_folder_of_many_chunks_is_found_by_name(tmp_path, scan_while):
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(5000):
        trees.write(root / f"{number}", b"x")

    def change(root: Path) -> None:
        (root / "17").unlink()
        (root / "4999").write_bytes(b"y")
        trees.write(root / "17.5", b"new")

    seen = scan_while(root, change)
    assert {path: kind for path, (kind, _) in seen.gaps().items()} == {
        b"17": "vanished",
        b"17.5": "unstable",
        b"4999": "unstable",
    }


def test_without_recheck_what_was_read_stands_and_the_header_says_so(tree):
    seen = scan_tree(tree, recheck=False)
    assert seen.header.options.recheck is False
    assert seen.trailer.status == "complete"


def test_a_log_that_grows_for_ever_ends_as_unstable(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"x" * 2**20)
    stop = threading.Event()

    def grow() -> None:
        with log.open("ab") as stream:
            while not stop.is_set():
                stream.write(b"line\n" * 100)
                stream.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        assert wait_until(lambda: log.stat().st_size > 2**20)
        seen = scan_tree(tmp_path)
    finally:
        stop.set()
        writer.join()
    assert seen.gaps() == {b"log": ("unstable", None)}


def test_a_folder_that_is_rewritten_all_the_time_ends_and_adds_up(tmp_path):
    for number in range(3000):
        trees.write(tmp_path / f"{number}", b"x")
    stop = threading.Event()

    def churn() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            path = tmp_path / str(turn % 3000)
            path.unlink(missing_ok=True)
            (tmp_path / f"new {turn % 500}").write_bytes(b"y")
            path.write_bytes(b"z")

    writer = threading.Thread(target=churn)
    writer.start()
    try:
        seen = scan_tree(tmp_path)
    finally:
        stop.set()
        writer.join()
    assert seen.gaps()
    assert {kind for kind, _ in seen.gaps().values()} <= {"unstable", "vanished"}
