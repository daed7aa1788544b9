"""What is in a tree is in its manifest, exactly: every name, type, size, digest and link target."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from handover.digests import Algorithm
from handover.errors import ExitCode, Refused, UsageError
from handover.rules import Rule, RuleKind, RuleSet, excluded_by_flag
from handover.scan import Effort
from support import trees
from support.scans import powerless, scan_tree

MIB = 2**20
FULL_CHECK = "unshare -m" if os.geteuid() == 0 else "unshare -rm"


def test_every_object_of_the_nasty_tree_is_found_exactly(tmp_path):
    root = trees.build(tmp_path / "tree")
    seen = scan_tree(root)
    found = {
        path: trees.Thing(
            entry.type.value,
            entry.size,
            entry.digest,
            entry.target_bytes() if entry.type.value == "link" else None,
        )
        for path, entry in seen.entries.items()
    }
    assert found == trees.truth(root)
    assert seen.trailer.status == "complete"
    assert len(seen.trailer.content_root) == 64


def test_only_invalid_names_are_in_base64(tmp_path):
    root = trees.build(tmp_path / "tree")
    for path, entry in scan_tree(root).entries.items():
        try:
            assert entry.path == path.decode()
        except UnicodeDecodeError:
            assert entry.path_b64


def test_the_host_facts_of_a_path_are_those_of_lstat(tmp_path):
    root = trees.build(tmp_path / "tree")
    for path, host in scan_tree(root).hosts.items():
        there = os.lstat(os.path.join(os.fsencode(root), path)) if path else os.lstat(root)
        assert (host.mtime_ns, host.ctime_ns) == (str(there.st_mtime_ns), str(there.st_ctime_ns))
        assert (host.dev, host.inode) == (str(there.st_dev), str(there.st_ino))
        assert (host.mode, host.uid, host.gid) == (f"{there.st_mode & 0o7777:04o}", there.st_uid, there.st_gid)


def test_hard_links_are_named_by_their_first_path(tmp_path):
    root = trees.build(tmp_path / "tree")
    hosts = scan_tree(root).hosts
    assert hosts[b"a dir/hard link"].nlink == hosts[b"plain.txt"].nlink == "a dir/hard link"
    assert hosts[b"case"].nlink is None


SIZES = [0, 1, 4095, 4096, 3 * MIB + 7, 33 * MIB + 5]
SIZES += [edge + step for edge in (256 * 1024, MIB, 8 * MIB) for step in (-1, 0, 1)]


@pytest.mark.parametrize("algorithm", [Algorithm.SHA256, Algorithm.XXH128])
def test_digests_and_prefixes_are_right_around_every_buffer(tmp_path, algorithm):
    data = os.urandom(max(SIZES))
    for size in SIZES:
        (tmp_path / f"f{size}").write_bytes(data[:size])
    tool = ["sha256sum"] if algorithm is Algorithm.SHA256 else ["xxhsum", "-H2"]
    names = [f"f{size}" for size in SIZES]
    said = subprocess.run([*tool, *names], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    expected = {name: digest for digest, name in (line.split() for line in said.splitlines())}
    entries = scan_tree(tmp_path, digest=algorithm).entries
    assert {name: entries[name.encode()].digest for name in names} == expected
    if algorithm is Algorithm.SHA256:
        for size in SIZES:
            step = next(s for s in (MIB << i for i in range(20)) if size // s <= 32)
            wanted = tuple(hashlib.sha256(data[:end]).hexdigest()[:16] for end in range(step, size + 1, step))
            assert (entries[b"f%d" % size].prefixes or ()) == wanted


TEXTS = {
    "crlf": b"one\r\ntwo\r\n",
    "many cr": b"a\r\r\r\nb\r",
    "bare cr": b"a\rb\rc",
    "only cr": b"\r" * 3 * MIB,
    "cr over blocks": b"x" * (MIB - 1) + b"\r\nend",
    "cr run over blocks": b"x" * (MIB - 3) + b"\r" * (MIB + 9) + b"\nend\r",
    "cr run that stays": b"x" * (MIB - 3) + b"\r" * 9 + b"y" * MIB + b"\r\n",
    "late cr": b"x\n" * MIB + b"\r\n",
    "lines": b"0123456789\r\n" * 300_000,
}
NOT_TEXTS = {
    "lf": b"one\ntwo\n",
    "nul": b"one\r\n\0",
    "late nul": b"x\r\n" * MIB + b"\0",
    "nul after the head": b"a\r\n" * 2000 + b"\0" + b"x" * MIB,
    "empty": b"",
}


def test_text_digest_is_that_of_the_same_text_with_unix_line_ends(tmp_path):
    for name, data in {**TEXTS, **NOT_TEXTS}.items():
        (tmp_path / name).write_bytes(data)
    entries = scan_tree(tmp_path).entries
    for name, data in TEXTS.items():
        unix = b"\n".join(line.rstrip(b"\r") for line in data.split(b"\n")[:-1])
        unix = (unix + b"\n" if b"\n" in data else b"") + data.rpartition(b"\n")[2]
        assert entries[name.encode()].text_digest == hashlib.sha256(unix).hexdigest(), name
    assert {name: entries[name.encode()].text_digest for name in NOT_TEXTS} == dict.fromkeys(NOT_TEXTS)


def test_a_sparse_file_over_four_gib_has_its_right_digest_without_memory(tmp_path):
    with (tmp_path / "sparse").open("wb") as stream:
        stream.truncate(2**32 + 5)
    entry = scan_tree(tmp_path, digest=Algorithm.XXH128, recheck=False).entries[b"sparse"]
    said = subprocess.run(["xxhsum", "-H2", tmp_path / "sparse"], capture_output=True, text=True, check=True).stdout
    assert entry.digest == said.split()[0]
    assert entry.size == 2**32 + 5
    assert len(entry.prefixes) == 16 or len(entry.prefixes) == 32


def test_five_thousand_levels_are_read_to_the_bottom(tmp_path):
    trees.deep(tmp_path, 5000)
    try:
        seen = scan_tree(tmp_path)
    finally:
        trees.remove(tmp_path / "d")
    bottom = b"d/" * 5000 + b"bottom"
    assert seen.entries[bottom].digest == hashlib.sha256(b"deep\n").hexdigest()
    assert seen.trailer.counts.dir == 5001


def test_long_names_at_depth_are_exact(tmp_path):
    trees.deep(tmp_path, 60, b"n" * 255)
    try:
        seen = scan_tree(tmp_path)
    finally:
        trees.remove(tmp_path / ("n" * 255))
    assert (b"n" * 255 + b"/") * 60 + b"bottom" in seen.entries


def test_few_descriptors_are_enough_for_a_deep_tree(tmp_path):
    trees.deep(tmp_path, 300)
    seen = scan_tree(tmp_path, become="prlimit --nofile=24")
    assert seen.trailer.counts.dir == 301
    assert "NOFILE=24" in seen.header.machine.limits


def test_a_large_folder_comes_in_chunks_and_whole(tmp_path):
    for number in range(7001):
        trees.write(tmp_path / f"{number:x}-{number}", b"%d" % number)
    (tmp_path / "sub").mkdir()
    trees.write(tmp_path / "sub" / "file", b"")
    seen = scan_tree(tmp_path)
    assert set(seen.entries) == set(trees.truth(tmp_path))
    assert seen.gaps() == {}


def test_another_filesystem_below_the_root_is_a_boundary(tmp_path):
    for name in ("tmpfs", "bind"):
        (tmp_path / "tree" / name).mkdir(parents=True)
    (tmp_path / "bound").mkdir()
    trees.write(tmp_path / "bound" / "file", b"x")
    trees.write(tmp_path / "tree" / "file", b"x")
    trees.write(tmp_path / "tree" / "bound file", b"x")
    script = (
        f"mount -t tmpfs none {tmp_path}/tree/tmpfs && touch {tmp_path}/tree/tmpfs/f && "
        f"mount --bind {tmp_path}/bound {tmp_path}/tree/bind && "
        f'mount --bind {tmp_path}/tree/file "{tmp_path}/tree/bound file" && exec "$@"'
    )
    become = f"{FULL_CHECK} sh -c '{script}' sh"
    seen = scan_tree(tmp_path / "tree", become=become)
    assert seen.gaps() == {b"tmpfs": ("boundary", None), b"bind": ("boundary", None), b"bound file": ("boundary", None)}
    assert seen.entries[b"tmpfs"].type == "dir"
    crossed = scan_tree(tmp_path / "tree", become=become, cross_mounts=True)
    assert crossed.gaps() == {}
    assert {b"tmpfs/f", b"bind/file", b"bound file"} <= set(crossed.entries)


def test_ignored_paths_are_counted_and_not_read(tmp_path):
    for name in ("cache/a/b", "keep/cache", "logs"):
        (tmp_path / name).mkdir(parents=True)
    trees.write(tmp_path / "cache" / "one", b"1")
    trees.write(tmp_path / "cache" / "a" / "b" / "two", b"22")
    trees.write(tmp_path / "keep" / "cache" / "three", b"333")
    trees.write(tmp_path / "x.log", b"4444")
    trees.write(tmp_path / "important.log", b"55555")
    rules = RuleSet(
        (
            Rule(RuleKind.MAY_DIFFER, "important.log", "first match wins", "terms"),
            excluded_by_flag("cache/**"),
            excluded_by_flag("**/*.log"),
            excluded_by_flag("important.log"),
        )
    )
    seen = scan_tree(tmp_path, rules=rules)
    ignored = {path: entry.ignored for path, entry in seen.entries.items() if entry.ignored is not None}
    assert {path: (one.rule, one.files, one.bytes) for path, one in ignored.items()} == {
        b"cache": ("cache/**", 2, 3),
        b"x.log": ("**/*.log", 1, 4),
    }
    assert b"cache/one" not in seen.entries
    assert seen.entries[b"important.log"].digest is not None
    assert seen.entries[b"keep/cache/three"].digest is not None
    assert [rule.pattern for rule in seen.header.rules.ignore] == ["cache/**", "**/*.log"]


def test_a_listing_opens_no_file(tmp_path):
    trees.write(tmp_path / "secret", b"12345")
    (tmp_path / "secret").chmod(0)
    seen = scan_tree(tmp_path, digest=Algorithm.NONE, become=powerless())
    assert seen.gaps() == {}
    assert (seen.entries[b"secret"].size, seen.entries[b"secret"].digest) == (5, None)


def test_access_times_are_left_alone(tmp_path):
    trees.write(tmp_path / "file", b"x" * 300_000)
    os.utime(tmp_path / "file", ns=(10**18, 2 * 10**18))
    scan_tree(tmp_path)
    assert (tmp_path / "file").stat().st_atime_ns == 10**18


def test_times_outside_the_clock_of_nanoseconds_do_not_stop_a_scan(tmp_path):
    trees.write(tmp_path / "old", b"x")
    os.utime(tmp_path / "old", (-1000, -1000))
    assert scan_tree(tmp_path).hosts[b"old"].mtime_ns == "-1000000000000"


# The root


def test_a_root_that_is_missing_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="there is nothing at") as caught:
        scan_tree(tmp_path / "no\nwhere")
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in str(caught.value)


def test_a_root_that_is_a_file_is_a_usage_error(tmp_path):
    trees.write(tmp_path / "file", b"")
    with pytest.raises(UsageError, match="is not a folder"):
        scan_tree(tmp_path / "file")


def test_a_root_that_is_a_link_is_followed_only_when_asked(tmp_path):
    (tmp_path / "tree").mkdir()
    trees.write(tmp_path / "tree" / "file", b"")
    (tmp_path / "link").symlink_to("tree")
    for path in (tmp_path / "link", os.fsencode(tmp_path / "link") + b"/"):
        with pytest.raises(UsageError, match="symbolic link") as caught:
            scan_tree(path)
        assert "--follow-root-link" in caught.value.hint
    seen = scan_tree(tmp_path / "link", follow_root_link=True)
    assert set(seen.entries) == {b"", b"file"}
    assert seen.header.root == str(tmp_path / "tree")


def test_an_empty_root_is_refused_unless_it_may_be_empty(tmp_path):
    with pytest.raises(Refused, match="empty") as caught:
        scan_tree(tmp_path)
    assert "--allow-empty" in caught.value.hint
    assert set(scan_tree(tmp_path, allow_empty=True).entries) == {b""}


def test_a_root_that_cannot_be_read_is_one_gap(tmp_path):
    for mode, name in ((0o000, "none"), (0o300, "no list"), (0o100, "search")):
        root = tmp_path / name
        root.mkdir()
        trees.write(root / "file", b"")
        root.chmod(mode)
        seen = scan_tree(root, become=powerless())
        root.chmod(0o700)
        assert seen.gaps() == {b"": ("unreadable", "EACCES")}
        assert set(seen.entries) == {b""}


def test_a_root_below_an_unreadable_folder_is_one_gap(tmp_path):
    (tmp_path / "shut" / "root").mkdir(parents=True)
    (tmp_path / "shut").chmod(0)
    seen = scan_tree(tmp_path / "shut" / "root", become=powerless())
    (tmp_path / "shut").chmod(0o700)
    assert seen.gaps() == {b"": ("unreadable", "EACCES")}


@pytest.mark.parametrize("below", ["", "/sub"])
def test_a_root_over_a_mount_point_that_is_not_mounted_is_refused(tmp_path, below):
    (tmp_path / "mnt point" / "sub").mkdir(parents=True)
    trees.write(tmp_path / "mnt point" / "sub" / "stale", b"")
    fstab = tmp_path / "fstab"
    place = f"{tmp_path}/mnt point".replace(" ", "\\040")
    fstab.write_text(f"# comment\n/dev/x none swap sw 0 0\n/dev/y {place} ext4 defaults 0 2\n")
    become = f"{FULL_CHECK} sh -c 'mount --bind {fstab} /etc/fstab && exec \"$@\"' sh"
    root = f"{tmp_path}/mnt point{below}".encode()
    with pytest.raises(Refused, match="not mounted") as caught:
        scan_tree(root, become=become)
    assert "--allow-empty" in caught.value.hint
    assert b"" in scan_tree(root, become=become, allow_empty=True).entries


def test_relative_roots_start_where_the_agent_starts(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    trees.write(tmp_path / "site" / "file", b"")
    monkeypatch.chdir(tmp_path)
    for effort in (Effort(1, polite=False), Effort(2, polite=False)):
        assert scan_tree(b"site/", effort=effort).header.root == str(tmp_path / "site")
        assert b"site/file" in scan_tree(b".", effort=effort).entries


def test_the_header_says_who_where_and_how(tmp_path):
    trees.write(tmp_path / "file", b"")
    header = scan_tree(tmp_path, effort=Effort(2, polite=True)).header
    machine = header.machine
    assert (machine.root_dev, machine.root_inode) == (str(tmp_path.stat().st_dev), str(tmp_path.stat().st_ino))
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    assert machine.boot_sha256 == hashlib.sha256(boot).hexdigest()
    assert machine.uid == os.geteuid()
    assert abs(header.clock.skew_ms) < 5000
    assert (header.options.workers, header.options.niceness, header.options.fast) == (2, 10, False)
    assert re.fullmatch(r"[0-9a-f]{32}", header.nonce)
