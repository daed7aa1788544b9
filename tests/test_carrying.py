"""Which files of a manifest may be carried over: the fast way and the plain rule say the same."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.carrying import KnownFile, digests_of, facts_of, known_files, limit_ns, unfit
from handover.entries import Entry, EntryType, GapKind, HostStat
from handover.errors import MalformedInput
from handover.manifest import Base, Machine
from handover.proofs import ProofRules
from support.manifests import file, folder, gap, ignored, link, make_header, make_manifest, reader

LIMIT = limit_ns(make_header())
NAMES = st.sampled_from([b"a", b"b", b"c-d", b"e f", b"\xc5\x82", b"\xff", b'q"', b"back\\", b"line\n", b"host"])
PATHS = st.lists(NAMES, min_size=1, max_size=2).map(b"/".join)
TIMES = st.sampled_from([0, -5, 1, LIMIT - 1, LIMIT, LIMIT + 1, 10**18]).map(str)
NUMBERS = st.sampled_from(["0", "7", "18446744073709551615"])
HOSTS = st.builds(
    HostStat,
    mtime_ns=st.none() | TIMES,
    ctime_ns=st.none() | TIMES,
    dev=st.none() | NUMBERS,
    inode=st.none() | NUMBERS,
    mode=st.none() | st.just("0644"),
    carried=st.booleans(),
)


def plain(path: bytes) -> Entry:
    return file(path, b"content")


SETTLED = HostStat(mtime_ns="1", ctime_ns="2", dev="3", inode="4", mode="0644")
OTHERS = [folder, lambda path: link(path, b"to"), lambda path: gap(path, GapKind.UNREADABLE)]
OTHERS += [lambda path: ignored(path, "cache/**", 3, 4), lambda path: gap(path, GapKind.UNSTABLE)]
ENTRIES = st.sampled_from(
    [
        plain,
        lambda path: file(path, b"one\r\n", text_digest="1" * 64),
        lambda path: file(path, b"x" * 2**20, prefixes=("0" * 16,)),
        *OTHERS,
    ]
)
LISTS = st.dictionaries(PATHS, st.tuples(ENTRIES, HOSTS | st.just(SETTLED)), max_size=12)


NO_RULES = ProofRules(())


def naive(raw: bytes) -> list[KnownFile]:
    """The rule as it stands in the specification, by parsing everything."""
    source, found = reader(raw), []
    for line in source.lines():
        entry, host = source.parse(line), source.parse_host(line)
        numbers = (host.mtime_ns, host.ctime_ns, host.dev, host.inode)
        if entry.digest is None or None in numbers:
            continue
        if int(host.mtime_ns) < LIMIT and int(host.ctime_ns) < LIMIT:
            stamp = " ".join(map(str, (entry.size, *numbers))).encode()
            found.append(KnownFile(line.key, stamp, line.content))
    return found


def manifest_of(items: dict[bytes, tuple[object, HostStat]]) -> bytes:
    listed = [
        (make(path), host if make not in OTHERS else msgspec.structs.replace(host, carried=False))
        for path, (make, host) in items.items()
    ]
    base = Base(kind="manifest", nonce="1", started_at="2026-01-01T00:00:00Z")
    return make_manifest(*listed, base=(base,))


@given(LISTS)
def test_the_fast_way_knows_what_the_rule_knows(items):
    raw = manifest_of(items)
    assert [known for files in known_files(reader(raw), NO_RULES) for known in files.each()] == naive(raw)


@given(st.dictionaries(st.sampled_from([b"a", b"b", b"c-d", b"\xc5\x82"]), TIMES, min_size=1))
def test_one_young_file_keeps_only_itself_from_being_carried_over(times):
    for column in ("mtime_ns", "ctime_ns"):
        items = {path: (plain, msgspec.structs.replace(SETTLED, **{column: at})) for path, at in times.items()}
        raw = manifest_of(items)
        known = {known.key for files in known_files(reader(raw), NO_RULES) for known in files.each()}
        assert known == {path for path, at in times.items() if int(at) < LIMIT}


def test_digests_are_found_beside_names_that_look_like_them():
    odd = b'","type":"file","size":1,"digest":"' + b"f" * 64
    contents = [known.content for known in naive(make_manifest((file(odd, b"x"), SETTLED), (file("z", b"y"), SETTLED)))]
    assert digests_of(contents) == [file("z", b"x").digest, file("z", b"y").digest]


def test_a_machine_is_known_by_either_of_its_signs_and_not_without_one():
    for signs in ({"host_key": "SHA256:x"}, {"machine_sha256": "1" * 64}):
        here = make_header(machine=Machine(root_dev="1", root_inode="2", **signs))
        assert unfit(here, here) is None
    unknown = make_header(machine=Machine(root_dev="1", root_inode="2"))
    assert unfit(unknown, unknown) == "nothing tells whether it is of this machine"


def test_files_in_disorder_are_not_carried_over():
    lines = make_manifest((file("a", b"x"), SETTLED), (file("b", b"y"), SETTLED)).splitlines(keepends=True)
    lines[2], lines[3] = lines[3], lines[2]
    with pytest.raises(MalformedInput, match="out of order"):
        list(known_files(reader(b"".join(lines)), NO_RULES))


def test_only_a_file_that_was_read_and_that_its_host_knows_has_facts():
    assert facts_of(file("a", b"x"), SETTLED) is not None
    for entry, host in (
        (folder("a"), SETTLED),
        (gap("a", GapKind.UNREADABLE, EntryType.FILE, 1), SETTLED),
        (file("a", b"x"), msgspec.structs.replace(SETTLED, inode=None)),
    ):
        assert facts_of(entry, host) is None
