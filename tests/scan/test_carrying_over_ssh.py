"""What is carried over from an earlier scan, over a real sshd and on every Python that is here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from handover.digests import Algorithm
from handover.entries import EntryType
from handover.errors import RemoteError
from handover.locations.channel import Host
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.connection import connect
from handover.locations.ssh.options import SshOptions
from handover.scan import Carry, Effort, Stage, cut_scans, scan
from support import pythons, trees
from support.relay import Relay
from support.rounds_of_scans import knowing, made_later, scan_to
from support.scans import Hearer, Manifest, request
from support.sshd import Sshd

PYTHONS = pythons.found()
FAR = {"route": "python", "effort": Effort.polite_remote()}


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = trees.build(tmp_path_factory.mktemp("trees") / "tree")
    (root / "many").mkdir()
    for number in range(2500):
        trees.write(root / "many" / f"file {number}", b"%d\r\n" % number)
    trees.write(root / "large", bytes(range(256)) * 40_000)
    return root


def reach(server: Sshd, port: int | None = None) -> Host:
    options = SshOptions(config_file=server.ssh_config, host_key=server.fingerprint)
    return connect(SshAddress.parse(f"ssh://{server.user}@127.0.0.1:{port or server.port}/"), options, Nobody())


def files(found: Manifest) -> set[bytes]:
    return {path for path, entry in found.entries.items() if entry.type is EntryType.FILE}


def carried(found: Manifest) -> set[bytes]:
    return {path for path, host in found.hosts.items() if host.carried}


def test_a_second_round_over_ssh_reads_only_what_changed(sshd: Sshd, tmp_path: Path) -> None:
    root = trees.build(tmp_path / "tree")
    host = reach(sshd)
    scan_to(tmp_path / "1", root, host=host, **FAR)
    (root / "a dir" / "x").write_bytes(b"changed\n")
    second = scan_to(tmp_path / "2", root, knowing(made_later(tmp_path / "1")), host=host, **FAR)
    full = scan_to(tmp_path / "3", root, host=host, **FAR)
    host.close()
    assert second.contents == full.contents
    assert carried(second) == files(full) - {b"a dir/x"}


def test_what_was_scanned_here_is_no_base_for_the_same_folder_over_ssh(sshd: Sshd, tree: Path, tmp_path: Path) -> None:
    scan_to(tmp_path / "1", tree)
    carry = knowing(made_later(tmp_path / "1"))
    host = reach(sshd)
    found = scan_to(tmp_path / "2", tree, carry, host=host, **FAR)
    host.close()
    assert carry.refused == "it is of another machine"
    assert not carried(found)


def test_the_same_folder_behind_another_host_key_is_another_machine(sshd: Sshd, tree: Path, tmp_path: Path) -> None:
    host = reach(sshd)
    scan_to(tmp_path / "1", tree, host=host, **FAR)
    host.close()
    carry = knowing(made_later(tmp_path / "1"))
    with Sshd(tmp_path / "other") as other:
        host = reach(other)
        assert not carried(scan_to(tmp_path / "2", tree, carry, host=host, **FAR))
        host.close()
    assert carry.refused == "it is of another machine"


def test_a_scan_over_a_line_that_broke_is_resumed(sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handover.carrying.GUARD_NS", -(10**13))  # the files are as young as the test
    slow = tmp_path / "slow"
    os.mkdir(slow)
    for folder in range(30):
        os.mkdir(slow / f"{folder}")
        for number in range(20):
            trees.write(slow / f"{folder}" / f"{number}", b"%d" % number * 1000)
    with open(slow / "huge", "xb") as stream:
        stream.truncate(2**38)
    with Relay(("127.0.0.1", sshd.port)) as relay:

        def cut(stage: Stage, seen: int) -> None:
            if stage is Stage.CONTENTS and seen >= 600:
                relay.cut()

        host = reach(sshd, relay.port)
        with pytest.raises(RemoteError):
            scan(host, request(slow, keep_cut=True, **FAR), tmp_path / "out", Hearer(cut))
        host.close()
    (slow / "huge").unlink()
    host = reach(sshd)
    resumed = scan_to(tmp_path / "out", slow, Carry(cut_scans(tmp_path / "out")), host=host, **FAR)
    host.close()
    assert carried(resumed) > {b"%d/%d" % (folder, 7) for folder in range(25)}


@pytest.mark.parametrize("algorithm", [Algorithm.SHA256, Algorithm.XXH128])
@pytest.mark.parametrize("python", PYTHONS)
def test_every_interpreter_recognises_what_another_one_read(
    tree: Path, tmp_path: Path, python: str, algorithm: Algorithm
) -> None:
    first = scan_to(tmp_path / "1", tree, digest=algorithm)
    carry = knowing(made_later(tmp_path / "1"))
    second = scan_to(tmp_path / "2", tree, carry, digest=algorithm, interpreters=(PYTHONS[python],))
    assert second.contents == first.contents
    assert carried(second) == files(first)
