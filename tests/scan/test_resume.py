"""A scan that was cut off goes on from what it had read, and takes from that only what is still as it was."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from handover.agents.frames import Extra
from handover.effects import Replacement
from handover.entries import EntryType
from handover.errors import MalformedInput, RemoteError
from handover.locations.channel import Channel
from handover.locations.local import LocalHost
from handover.proofs import ProofRules
from handover.rules import Rule, RuleKind, RuleSet
from handover.scan import Carry, CutScan, cut_scans, scan
from support.cli import handover
from support.rounds_of_scans import scan_to
from support.scans import Hearer, Manifest, request
from support.trees import build, truth

MIB = 2**20
#: As an agent sends them: what a rule hid, and tag and length of what is attached to an entry.
HIDDEN, EXTRA_HEAD = struct.Struct(">IQQ"), struct.Struct(">BI")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree of some hundred files in forty folders, with odd names, text and a file that is read apart."""
    root = build(tmp_path / "tree")
    for folder in range(40):
        (root / f"folder {folder:02d}").mkdir()
        for number in range(20):
            (root / f"folder {folder:02d}" / f"file {number:02d}").write_bytes(b"%d\r\n%d" % (folder, number))
    (root / "big").write_bytes(b"0123456789abcdef" * (MIB // 16 * 9))
    return root


@pytest.fixture(autouse=True)
def no_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files be as young as a test makes them; the guard itself is tested with manifests."""
    monkeypatch.setattr("handover.carrying.GUARD_NS", -(10**13))


class CutChannel:
    """A channel that breaks after so many bytes."""

    def __init__(self, channel: Channel, limit: int) -> None:
        self._channel = channel
        self._left = limit

    def receive(self, timeout_s: float) -> bytes:
        if self._left <= 0:
            raise RemoteError("the connection was lost")
        data = self._channel.receive(timeout_s)[: self._left]
        self._left -= len(data)
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self._channel, name)


class CutHost(LocalHost):
    """This machine behind a line that breaks after so many bytes; ``left`` is negative how many came of none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def start(self, command: str) -> Channel:
        self.channel = CutChannel(super().start(command), self._limit)
        return self.channel


def cut_after(limit: int, output: Path, root: Path, carry: Carry | None = None) -> list[CutScan]:
    """Scan until the line breaks, and return what is left to resume from."""
    with pytest.raises(RemoteError):
        scan(CutHost(limit), request(root, keep_cut=True), output, Hearer(), carry=carry)
    assert not output.exists()
    return cut_scans(output)


def wire_length(root: Path, folder: Path) -> int:
    """Return about how many bytes an agent sends for the first pass over this tree."""
    host = CutHost(2**40)
    scan_to(folder / "counted", root, host=host, recheck=False)
    return 2**40 - host.channel._left


def carried(found: Manifest) -> set[bytes]:
    return {path for path, host in found.hosts.items() if host.carried}


def right(found: Manifest, root: Path) -> None:
    """Every digest in the manifest is that of the file as it is now."""
    for path, thing in truth(root).items():
        if thing.type == "file":
            assert (found.entries[path].size, found.entries[path].digest) == (thing.size, thing.sha256), path


@pytest.mark.parametrize(("share", "at_least"), [(0.2, 0.02), (0.6, 0.3), (0.95, 0.7)])
def test_what_was_read_before_the_cut_is_not_read_again(
    tree: Path, tmp_path: Path, share: float, at_least: float
) -> None:
    full = scan_to(tmp_path / "full", tree)
    cuts = cut_after(int(share * wire_length(tree, tmp_path)), tmp_path / "out", tree)
    resumed = scan_to(tmp_path / "out", tree, Carry(cuts), keep_cut=True)
    assert resumed.contents == full.contents
    (base,) = resumed.header.base
    assert (base.kind, base.sha256) == ("spool", None)
    assert resumed.trailer.carried is not None
    assert resumed.trailer.carried.files == len(carried(resumed))
    files = sum(entry.type is EntryType.FILE for entry in full.entries.values())
    assert at_least * files < len(carried(resumed)) < files
    assert cut_scans(tmp_path / "out") == []


def test_it_can_be_cut_again_and_again(tree: Path, tmp_path: Path) -> None:
    length = wire_length(tree, tmp_path)
    first = cut_after(length // 3, tmp_path / "out", tree)
    known = {key for files in first[0].files(ProofRules(())) for key in files.keys}
    # Names and stats come again, and folders in any order: only near the end something new has surely come.
    both = cut_after(int(0.9 * length), tmp_path / "out", tree, Carry(first))
    assert len(both) == 2
    resumed = scan_to(tmp_path / "out", tree, Carry(both), keep_cut=True)
    assert {path.replace(b"/", b"\0") for path in carried(resumed)} > known
    assert len(resumed.header.base) == 2
    right(resumed, tree)


def test_of_two_cut_scans_the_later_one_is_believed(tree: Path, tmp_path: Path) -> None:
    limit = int(0.95 * wire_length(tree, tmp_path))
    first = cut_after(limit, tmp_path / "out", tree)
    for place in tree.glob("folder */file *"):
        place.write_bytes(b"changed")
    both = cut_after(limit, tmp_path / "out", tree, Carry(first))
    later = {key.replace(b"\0", b"/") for files in both[-1].files(ProofRules(())) for key in files.keys}
    resumed = scan_to(tmp_path / "out", tree, Carry(both))
    assert later
    assert later <= carried(resumed)
    right(resumed, tree)


def test_under_other_rules_that_keep_proof_files_are_read_again(tree: Path, tmp_path: Path) -> None:
    cuts = cut_after(int(0.95 * wire_length(tree, tmp_path)), tmp_path / "out", tree)
    replaced = (Replacement(old="\r\n", new="\n"),)
    rules = RuleSet((Rule(RuleKind.EQUAL_AFTER, "folder */**", "text", "terms", replace=replaced),))
    resumed = scan_to(tmp_path / "out", tree, Carry(cuts), keep_cut=True, rules=rules)
    spoken_of = {path for path, entry in resumed.entries.items() if entry.after is not None}
    assert len(spoken_of) == len([*tree.glob("folder */file *")])
    assert carried(resumed)
    assert not carried(resumed) & spoken_of


@pytest.mark.parametrize(
    ("told", "lie"),
    [
        (HIDDEN.pack(0, 1, 2), HIDDEN.pack(1, 1, 2)),
        (HIDDEN.pack(0, 1, 2), HIDDEN.pack(0, 3, 2)),
        (HIDDEN.pack(0, 1, 2), HIDDEN.pack(0, 1, 2**20)),
        (EXTRA_HEAD.pack(Extra.TEXT_DIGEST, 32), EXTRA_HEAD.pack(Extra.PREFIXES, 32)),
    ],
    ids=["another rule", "more often than bytes", "more than the file has", "prefixes of a small file"],
)
def test_a_host_that_told_what_cannot_be_before_the_cut_is_not_believed_after_it(
    tree: Path, tmp_path: Path, told: bytes, lie: bytes
) -> None:
    replaced = (Replacement(old="\r\n", new="\n"),)
    patterns = ("folder */**", "elsewhere")
    rules = RuleSet(tuple(Rule(RuleKind.EQUAL_AFTER, each, "text", "terms", replace=replaced) for each in patterns))
    with pytest.raises(RemoteError):
        scan(CutHost(100_000), request(tree, keep_cut=True, rules=rules), tmp_path / "out", Hearer())
    (place,) = tmp_path.glob(".out.*.cut")
    kept = place.read_bytes()[:-32]
    assert told in kept
    lied = kept.replace(told, lie)
    place.write_bytes(lied + hashlib.sha256(lied).digest())
    with pytest.raises(MalformedInput, match="is not what a scan left"):
        scan_to(tmp_path / "out", tree, Carry(cut_scans(tmp_path / "out")), rules=rules)
    assert not (tmp_path / "out").exists()


def test_what_changed_after_the_cut_is_read_again(tree: Path, tmp_path: Path) -> None:
    cuts = cut_after(int(0.9 * wire_length(tree, tmp_path)), tmp_path / "out", tree)
    for folder in range(40):
        place = tree / f"folder {folder:02d}" / "file 03"
        before = place.stat()
        place.write_bytes(b"!" * before.st_size)
        os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    resumed = scan_to(tmp_path / "out", tree, Carry(cuts))
    assert carried(resumed)
    right(resumed, tree)


@pytest.mark.parametrize("step", range(1, 13))
def test_cut_anywhere_it_resumes_to_the_same_manifest(tmp_path: Path, step: int) -> None:
    root = build(tmp_path / "tree")
    full = scan_to(tmp_path / "full", root)
    cuts = cut_after(wire_length(root, tmp_path) * step // 12 - 7, tmp_path / "out", root)
    assert scan_to(tmp_path / "out", root, Carry(cuts)).contents == full.contents


def test_a_big_file_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "big").write_bytes(os.urandom(MIB) * 9)
    cuts = cut_after(wire_length(root, tmp_path) - 30, tmp_path / "out", root)
    resumed = scan_to(tmp_path / "out", root, Carry(cuts))
    assert carried(resumed) == {b"folder/big"}
    assert resumed.entries[b"folder/big"].prefixes is not None
    right(resumed, root)


def test_without_being_asked_a_cut_scan_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(RemoteError):
        scan(CutHost(20_000), request(tree), tmp_path / "folder" / "out", Hearer())
    assert os.listdir(tmp_path / "folder") == []


def test_an_answer_that_broke_the_protocol_leaves_nothing(tree: Path, tmp_path: Path) -> None:
    class Lying(CutChannel):
        def receive(self, timeout_s: float) -> bytes:
            return self._channel.receive(timeout_s).replace(b"file 07", b"file/07")

    class LyingHost(LocalHost):
        def start(self, command: str) -> Channel:
            return Lying(super().start(command), 0)

    (tmp_path / "folder").mkdir()
    with pytest.raises(RemoteError, match="not to be trusted"):
        scan(LyingHost(), request(tree, keep_cut=True), tmp_path / "folder" / "out", Hearer())
    assert os.listdir(tmp_path / "folder") == []


def _altered(raw: bytes) -> bytes:
    return raw[:5000] + bytes([raw[5000] ^ 1]) + raw[5001:]


@pytest.mark.parametrize("damage", [_altered, lambda raw: raw[:-1], lambda raw: raw[:20], lambda _: b""])
def test_a_kept_spool_that_is_not_what_was_kept_is_refused(
    tree: Path, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    cut_after(40_000, tmp_path / "out", tree)
    (place,) = tmp_path.glob(".out.*.cut")
    place.write_bytes(damage(place.read_bytes()))
    with pytest.raises(MalformedInput, match="is not what a scan left"):
        cut_scans(tmp_path / "out")


def test_a_kept_spool_is_no_manifest(tree: Path, tmp_path: Path) -> None:
    cut_after(40_000, tmp_path / "out", tree)
    (place,) = tmp_path.glob(".out.*.cut")
    assert handover("compare", place, tree).code == 2
    assert handover("scan", tree, "-o", tmp_path / "other", "--previous", place).code == 5


def test_a_cut_scan_of_another_folder_is_not_used(tree: Path, tmp_path: Path) -> None:
    carry = Carry(cut_after(40_000, tmp_path / "out", tree))
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "plain.txt").write_text("other")
    found = scan_to(tmp_path / "out", other, carry)
    assert carry.refused == "it is of another folder"
    assert found.header.base == ()
    right(found, other)


def test_outputs_beside_one_another_do_not_take_each_others_spools(tree: Path, tmp_path: Path) -> None:
    cut_after(40_000, tmp_path / "out.x", tree)
    assert cut_scans(tmp_path / "out") == []
    assert len(cut_scans(tmp_path / "out.x")) == 1


def test_a_scan_that_met_its_deadline_is_resumed_through_the_command(tmp_path: Path) -> None:
    root = tmp_path / "site"
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "a.txt").write_text("a")
    with open(root / "huge", "xb") as stream:
        stream.truncate(2**36)
    output = tmp_path / "out"
    done = handover("scan", root, "-o", output, "--resume", "--deadline", "2")
    assert done.code == 6
    assert [place.suffix for place in tmp_path.iterdir() if place.name.startswith(".out")] == [".cut"]
    os.truncate(root / "huge", 5)
    done = handover("scan", root, "-o", output, "--resume", "--json")
    assert (done.code, done.json["entries"]) == (0, 4)
    assert [place.name for place in tmp_path.iterdir() if place.name.startswith(".out")] == []


def test_resume_and_previous_exclude_each_other(tmp_path: Path) -> None:
    done = handover("scan", tmp_path, "-o", tmp_path / "out", "--resume", "--previous", tmp_path / "x")
    assert done.code == 2


def test_the_error_says_that_what_was_read_is_kept(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(RemoteError) as caught:
        scan(CutHost(40_000), request(tree, keep_cut=True), tmp_path / "out", Hearer())
    assert caught.value.hint.endswith("What was read is kept: the same command goes on from there.")


def test_when_nothing_can_be_kept_the_error_is_the_same_and_says_nothing_of_it(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(RemoteError) as caught:
        scan(CutHost(40_000), request(tree, keep_cut=True), tmp_path / "out", Hearer())
    assert "is kept" not in caught.value.hint
    assert list(tmp_path.glob(".out*")) == []
