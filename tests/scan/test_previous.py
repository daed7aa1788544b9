"""A second scan reads again what changed, and nothing that did not; and never carries a wrong digest."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover.digests import Algorithm
from handover.entries import EntryType
from handover.errors import MalformedInput, RemoteError
from handover.proofs import ProofRules
from handover.scan import Stage
from support.rounds_of_scans import knowing, made_later, scan_to, sealed
from support.scans import Manifest
from support.trees import build, truth

MIB = 2**20


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = build(tmp_path / "tree")
    (root / "folder").mkdir()
    for number in range(40):
        (root / "folder" / f"file {number:02d}").write_bytes(b"content %d" % number)
    (root / "folder" / "big").write_bytes(b"0123456789abcdef" * (MIB // 2))
    (root / "folder" / "big and text").write_bytes(b"a line\r\n" * (MIB // 4))
    return root


def contents_of(found: Manifest) -> list[bytes]:
    return found.contents


def carried(found: Manifest) -> set[bytes]:
    return {path for path, host in found.hosts.items() if host.carried}


def right(found: Manifest, root: Path) -> None:
    """Every digest in the manifest is that of the file as it is now."""
    for path, thing in truth(root).items():
        if thing.type == "file" and found.entries[path].gap is None:
            assert (found.entries[path].size, found.entries[path].digest) == (thing.size, thing.sha256), path


def test_nothing_that_is_unchanged_is_read_again(tree: Path, tmp_path: Path) -> None:
    first = scan_to(tmp_path / "1", tree)
    second = scan_to(tmp_path / "2", tree, knowing(made_later(tmp_path / "1")))
    files = {path for path, entry in first.entries.items() if entry.type is EntryType.FILE}
    assert carried(second) == files
    assert second.trailer.carried is not None
    assert (second.trailer.carried.files, second.trailer.carried.bytes) == (len(files), first.trailer.bytes)
    assert contents_of(second) == contents_of(first)
    assert (second.trailer.content_root, second.trailer.structure_root) == (
        first.trailer.content_root,
        first.trailer.structure_root,
    )
    (base,) = second.header.base
    assert (base.kind, base.nonce) == ("manifest", first.header.nonce)


def test_a_scan_that_was_not_asked_carries_nothing_over(tree: Path, tmp_path: Path) -> None:
    found = scan_to(tmp_path / "1", tree)
    assert not carried(found)
    assert found.header.base == ()
    assert found.trailer.carried is None


def test_what_changed_is_read_again_and_its_neighbours_are_not(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    (tree / "folder" / "file 07").write_bytes(b"CONTENT 7")
    (tree / "folder" / "new").write_bytes(b"new")
    (tree / "folder" / "file 09").unlink()
    second = scan_to(tmp_path / "2", tree, knowing(made_later(tmp_path / "1")))
    unread = {b"folder/file %02d" % number for number in range(40) if number not in {7, 9}}
    assert {path for path in carried(second) if path.startswith(b"folder/file")} == unread
    assert b"folder/new" not in carried(second)
    assert b"folder/file 09" not in second.entries
    right(second, tree)


def test_a_changed_file_whose_old_mtime_was_put_back_is_read_again(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    place = tree / "folder" / "file 07"
    before = place.stat()
    place.write_bytes(b"CONTENT 7")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (place.stat().st_size, place.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    second = scan_to(tmp_path / "2", tree, knowing(made_later(tmp_path / "1")))
    assert b"folder/file 07" not in carried(second)
    right(second, tree)


def test_a_file_that_is_younger_than_the_guard_is_read_again(tree: Path, tmp_path: Path) -> None:
    os.utime(tree / "folder" / "file 01", (1, 1))  # only its ctime is young now
    scan_to(tmp_path / "1", tree)
    second = scan_to(tmp_path / "2", tree, knowing(tmp_path / "1"))
    assert not carried(second)
    assert second.trailer.carried is not None
    assert second.trailer.carried.files == 0


def test_a_file_with_a_time_in_the_future_is_always_read(tree: Path, tmp_path: Path) -> None:
    os.utime(tree / "folder" / "file 01", (2**33, 2**33))
    scan_to(tmp_path / "1", tree)
    second = scan_to(tmp_path / "2", tree, knowing(made_later(tmp_path / "1")))
    assert b"folder/file 02" in carried(second)
    assert b"folder/file 01" not in carried(second)


@pytest.mark.parametrize("clock", ["here", "there", "started_at"])
def test_the_earlier_of_all_clocks_decides_what_is_too_young(tree: Path, tmp_path: Path, clock: str) -> None:
    scan_to(tmp_path / "1", tree)
    made_later(tmp_path / "1")
    text = re.sub(f'("{clock}":")[^"]+', r"\g<1>2001-01-01T00:00:00Z", (tmp_path / "1").read_text(), count=1)
    second = scan_to(tmp_path / "2", tree, knowing(sealed(tmp_path / "1", text)))
    assert not carried(second)


def test_it_goes_on_from_round_to_round(tree: Path, tmp_path: Path) -> None:
    first = scan_to(tmp_path / "1", tree)
    scan_to(tmp_path / "2", tree, knowing(made_later(tmp_path / "1")))
    third = scan_to(tmp_path / "3", tree, knowing(made_later(tmp_path / "2")))
    assert len(carried(third)) == first.trailer.counts.file
    assert contents_of(third) == contents_of(first)


def test_what_changes_while_it_is_carried_over_is_a_gap(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    made_later(tmp_path / "1")

    def edit(stage: Stage, _: int) -> None:
        if stage is Stage.CONTENTS:
            (tree / "folder" / "file 03").write_bytes(os.urandom(9))

    many = tree / "many"
    many.mkdir()
    for number in range(200):
        (many / str(number)).write_bytes(b"x" * 200_000)
    second = scan_to(tmp_path / "2", tree, knowing(tmp_path / "1"), progress=edit)
    entry = second.entries[b"folder/file 03"]
    assert entry.gap is not None or entry.digest is not None
    right(second, tree)


def test_gaps_are_read_again(tree: Path, tmp_path: Path) -> None:
    first = scan_to(tmp_path / "1", tree)
    text = (tmp_path / "1").read_text()
    digest = first.entries[b"folder/file 05"].digest
    cut = text.replace(f',"digest":"{digest}"', ',"gap":"unstable"')
    made_later(sealed(tmp_path / "1", cut))
    assert b"folder/file 05" not in carried(scan_to(tmp_path / "2", tree, knowing(tmp_path / "1")))


@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        (r'"machine_sha256":"[0-9a-f]{4}', '"machine_sha256":"0000'),
        (r'"root_inode":"[0-9]+', '"root_inode":"1'),
        (r'"root_dev":"[0-9]+', '"root_dev":"1'),
        (r'"root":"/[^"]+', '"root":"/elsewhere'),
        (r'"route":"local"', '"route":"python"'),
    ],
)
def test_a_scan_of_anything_else_is_no_base(tree: Path, tmp_path: Path, pattern: str, instead: str) -> None:
    first = scan_to(tmp_path / "1", tree)
    made_later(tmp_path / "1")
    text = (tmp_path / "1").read_text()
    sealed(tmp_path / "1", re.sub(pattern, instead, text, count=1))
    carry = knowing(tmp_path / "1")
    second = scan_to(tmp_path / "2", tree, carry)
    assert carry.refused is not None
    assert not carried(second)
    assert second.header.base == ()
    assert contents_of(second) == contents_of(first)


def test_another_algorithm_is_no_base(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    carry = knowing(made_later(tmp_path / "1"))
    second = scan_to(tmp_path / "2", tree, carry, digest=Algorithm.XXH128)
    assert carry.refused == "it was made with sha256, and this scan is made with xxh128"
    assert second.header.base == ()


def test_a_base_that_is_changed_while_it_is_used_leaves_no_manifest(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    made_later(tmp_path / "1")
    carry = knowing(tmp_path / "1")

    def swap(_: Stage, __: int) -> None:
        made_later(tmp_path / "1", seconds=1)

    with pytest.raises(MalformedInput, match="it changed while it was used"):
        scan_to(tmp_path / "2", tree, carry, progress=swap)
    assert not (tmp_path / "2").exists()


def test_a_base_with_an_altered_byte_is_refused_before_anything_is_read(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    raw = bytearray((tmp_path / "1").read_bytes())
    raw[raw.index(b'"digest":"', 3000) + 12] ^= 1
    (tmp_path / "1").write_bytes(raw)
    with pytest.raises(MalformedInput):
        scan_to(tmp_path / "2", tree, knowing(tmp_path / "1"))


def test_an_agent_that_carries_what_is_not_known_is_not_believed(tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    made_later(tmp_path / "1")
    carry = knowing(tmp_path / "1")
    honest = carry.table
    (tree / "folder" / "file 07").write_bytes(b"CONTENT 7")
    # The table that the agent gets names the changed file; the manifest that it is held against does not.
    scan_to(tmp_path / "1b", tree)
    made_later(tmp_path / "1b")
    lying = knowing(tmp_path / "1b").table(io.BytesIO(), ProofRules(()))
    assert lying != honest(io.BytesIO(), ProofRules(()))
    carry.table = lambda scratch, now: honest(scratch, now) and lying  # type: ignore[method-assign]
    with pytest.raises(RemoteError, match="not to be trusted"):
        scan_to(tmp_path / "2", tree, carry)


def test_a_table_that_is_too_long_is_not_sent(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan_to(tmp_path / "1", tree)
    carry = knowing(made_later(tmp_path / "1"))
    monkeypatch.setattr("handover.scan.carry.MAX_TABLE", 200)
    assert not carried(scan_to(tmp_path / "2", tree, carry))
    assert carry.refused == "it has more files than an agent can be told of"


NAMES = st.text(alphabet="a-.!0é\n", min_size=1, max_size=3).filter(lambda name: name not in {".", ".."})
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
TREES = st.dictionaries(PATHS, st.binary(max_size=3), min_size=1, max_size=8)
EDITS = st.lists(
    st.tuples(st.sampled_from(["write", "quietly", "rename", "link", "unlink", "touch", "chmod"]), PATHS, PATHS),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(TREES, EDITS, st.sampled_from([1, 2]))
def test_whatever_happens_between_two_rounds_no_digest_is_wrong(
    files: dict[str, bytes], edits: list[tuple[str, str, str]], workers: int
) -> None:
    from handover.scan import Effort

    folder = Path(tempfile.mkdtemp())
    try:
        root = folder / "tree"
        root.mkdir()
        for name, data in files.items():
            _edit(root, "write", name, "", data)
        effort = Effort(workers, polite=False)
        scan_to(folder / "1", root, allow_empty=True, effort=effort)
        for kind, one, other in edits:
            _edit(root, kind, one, other, b"xyz")
        second = scan_to(folder / "2", root, knowing(made_later(folder / "1")), allow_empty=True, effort=effort)
        full = scan_to(folder / "3", root, allow_empty=True, effort=effort)
        assert contents_of(second) == contents_of(full)
    finally:
        shutil.rmtree(folder)


def _edit(root: Path, kind: str, one: str, other: str, data: bytes) -> None:
    """Do something to the tree; what cannot be done there is left."""
    place = root / one
    try:
        if kind == "write":
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
        elif kind == "quietly":
            before = place.stat()
            place.write_bytes(data[: before.st_size].ljust(before.st_size, b"!"))
            os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
        elif kind == "rename":
            place.rename(root / other)
        elif kind == "link":
            (root / other).unlink(missing_ok=True)
            os.link(place, root / other)
        elif kind == "unlink":
            place.unlink()
        elif kind == "touch":
            os.utime(place)
        else:
            place.chmod(0o600)
    except OSError:
        return
