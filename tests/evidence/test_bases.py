"""What was carried over is held against the manifest that it came from, entry by entry."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

import msgspec
import pytest

from handover import carrying, manifest_reader
from handover.digests import Algorithm
from handover.entries import HostStat
from handover.errors import MalformedInput, NotVerified
from handover.evidence.bases import check_bases
from handover.evidence.policy import FindBase, Policy, Redrawn
from handover.manifest import Base, Machine
from support.manifests import LATER, NOW, file, make_manifest, reader

MACHINE = Machine(machine_sha256="2" * 64, host_key="SHA256:key", root_dev="1", root_inode="2")
OLD = "1000000000000000000"
STAT = HostStat(mtime_ns=OLD, ctime_ns=OLD, dev="1", inode="7", mode="0644")
CARRIED = msgspec.structs.replace(STAT, carried=True)
FILES = [(file("a"), STAT), (file("b", b"text\r\n", text_digest="5" * 64), STAT)]
CALM = {"machine": MACHINE, "started_at": LATER}


def base_of(raw: bytes, **changes: object) -> Base:
    header = reader(raw).header
    sha256 = hashlib.sha256(raw).hexdigest()
    fields = {"kind": "manifest", "sha256": sha256, "nonce": header.nonce, "started_at": header.started_at}
    return Base(**(fields | changes))


BASE = make_manifest(*FILES, **CALM)


def later(*items: object, base: tuple[Base, ...] = (base_of(BASE),), **header: object) -> bytes:
    return make_manifest(*items, **(CALM | {"nonce": "11" * 16} | header), base=base)


def policy_with(find_base: FindBase) -> Policy:
    return Policy(
        keys=None,
        require=(),
        at=datetime.now(UTC),
        read_terms=lambda _, __: pytest.fail("no terms are needed"),
        scratch=tempfile.TemporaryFile,
        check_renderings=lambda *_: Redrawn(),
        find_base=find_base,
    )


def check(raw: bytes, *bases: bytes) -> None:
    found = {hashlib.sha256(one).hexdigest(): partial(io.BytesIO, one) for one in bases}
    anything = next(iter(found.values()), None)
    policy = policy_with(lambda base: found.get(base.sha256, anything))
    header, trailer, sha256 = manifest_reader.audit(io.BytesIO(raw), where="now", scratch=policy.scratch)
    check_bases(partial(io.BytesIO, raw), header, trailer, sha256, policy, "now")


def test_what_is_in_the_base_like_this_is_rightly_carried_over():
    check(later((FILES[0][0], CARRIED), (FILES[1][0], CARRIED), (file("c"), STAT)), BASE)


@pytest.mark.parametrize(
    "changed",
    [
        (file("a", b"other"), CARRIED),
        (file("z"), CARRIED),
        *(
            (file("a"), msgspec.structs.replace(CARRIED, **{name: "3"}))
            for name in ("mtime_ns", "ctime_ns", "dev", "inode")
        ),
        *((file("a"), msgspec.structs.replace(CARRIED, **{name: None})) for name in ("mtime_ns", "ctime_ns", "dev")),
        (file("b", b"text\r\n"), CARRIED),
    ],
)
def test_one_entry_that_the_base_does_not_have_like_this_is_found(changed):
    with pytest.raises(NotVerified, match="is carried over, and its base does not have it like this"):
        check(later(changed), BASE)


@pytest.mark.parametrize(
    "header",
    [
        {"machine": msgspec.structs.replace(MACHINE, host_key="SHA256:other")},
        {"machine": msgspec.structs.replace(MACHINE, machine_sha256="3" * 64)},
        {"machine": msgspec.structs.replace(MACHINE, root_inode="3")},
        {"machine": msgspec.structs.replace(MACHINE, root_dev="3")},
        {"root": "/elsewhere"},
        {"route": "local"},
    ],
)
def test_a_base_of_something_else_is_none(header):
    with pytest.raises(NotVerified, match="its base is no base for it"):
        check(later((FILES[0][0], CARRIED), **header), BASE)


def test_files_that_were_too_young_are_not_rightly_carried_over():
    second_before = str(int(carrying.limit_ns(reader(BASE).header)) + 10**9)
    young = msgspec.structs.replace(STAT, ctime_ns=second_before)
    base = make_manifest((file("a"), young), **CALM)
    with pytest.raises(NotVerified):
        check(later((file("a"), msgspec.structs.replace(young, carried=True)), base=(base_of(base),)), base)


def test_the_whole_chain_is_followed():
    second = later((FILES[0][0], CARRIED))
    third = later((FILES[0][0], CARRIED), base=(base_of(second),), nonce="22" * 16)
    check(third, second, BASE)
    forged = later((file("a", b"other"), CARRIED))
    with pytest.raises(NotVerified, match="the base of now: a is carried over"):
        check(later((file("a", b"other"), CARRIED), base=(base_of(forged),), nonce="22" * 16), forged, BASE)


def test_a_base_that_is_not_there_is_named():
    with pytest.raises(NotVerified, match=f"1 files .* scan of {LATER}.* {hashlib.sha256(BASE).hexdigest()}"):
        check(later((FILES[0][0], CARRIED)))


def test_another_manifest_does_not_stand_in_for_the_base():
    with pytest.raises(NotVerified, match="another manifest"):
        check(later((FILES[0][0], CARRIED)), make_manifest(*FILES, **(CALM | {"part": "other"})))


@pytest.mark.parametrize("lie", [{"nonce": "99" * 16}, {"started_at": NOW}])
def test_what_the_header_says_of_its_base_is_true(lie):
    with pytest.raises(NotVerified, match="another manifest"):
        check(later((FILES[0][0], CARRIED), base=(base_of(BASE, **lie),)), BASE)


def test_more_than_one_base_is_refused():
    with pytest.raises(NotVerified, match="more than one base"):
        check(later((FILES[0][0], CARRIED), base=(base_of(BASE), base_of(BASE))), BASE)


def test_without_anything_carried_over_no_base_is_needed():
    check(later((FILES[0][0], STAT)))


def test_an_entry_cannot_be_carried_over_from_nowhere():
    with pytest.raises(ValueError, match="does not say from where"):
        make_manifest((FILES[0][0], CARRIED), **CALM)
    raw = later((FILES[0][0], CARRIED))
    rest = raw.partition(b"\n")[2]
    cut = msgspec.json.encode(msgspec.structs.replace(reader(raw).header, base=())) + b"\n" + rest
    body, _, trailer = cut[:-1].rpartition(b"\n")
    old = reader_sha(raw)
    new = hashlib.sha256(body + b"\n").hexdigest().encode()
    with pytest.raises(MalformedInput, match="cannot be carried over"):
        manifest_reader.audit(
            io.BytesIO(body + b"\n" + trailer.replace(old, new) + b"\n"), where="x", scratch=io.BytesIO
        )


def reader_sha(raw: bytes) -> bytes:
    body, _, _ = raw[:-1].rpartition(b"\n")
    return hashlib.sha256(body + b"\n").hexdigest().encode()


def test_the_count_of_files_that_were_carried_over_has_to_be_right():
    raw = later((FILES[0][0], CARRIED), (FILES[1][0], CARRIED))
    assert b'"carried":{"files":2,"bytes":6}' in raw
    with pytest.raises(MalformedInput, match="totals"):
        manifest_reader.audit(io.BytesIO(raw.replace(b'{"files":2,', b'{"files":1,')), where="x", scratch=io.BytesIO)


def test_a_listing_or_another_algorithm_is_no_base():
    header = reader(BASE).header
    assert carrying.unfit(header, msgspec.structs.replace(header, digest=Algorithm.XXH128)) is not None
    listing = msgspec.structs.replace(header, digest=Algorithm.NONE)
    assert carrying.unfit(listing, listing) is not None


@pytest.mark.parametrize("machine", [Machine(root_dev="1", root_inode="2"), Machine(machine_sha256="2" * 64)])
def test_a_host_that_says_nothing_of_itself_or_its_root_is_no_base_for_itself(machine):
    header = msgspec.structs.replace(reader(BASE).header, machine=machine)
    assert carrying.unfit(header, header) is not None


def reads(*raws: bytes) -> Callable[[], BinaryIO]:
    """Return what opens another file each time."""
    left = list(raws)
    return lambda: io.BytesIO(left.pop(0))


@pytest.mark.parametrize("which", ["manifest", "base"])
def test_what_changes_between_two_reads_is_found(which):
    raw = later((FILES[0][0], CARRIED))
    header, trailer, sha256 = manifest_reader.audit(io.BytesIO(raw), where="now", scratch=tempfile.TemporaryFile)
    other = later((FILES[0][0], CARRIED), part="other") if which == "manifest" else raw
    other_base = make_manifest(*FILES, **(CALM | {"part": "other"})) if which == "base" else BASE
    found = reads(BASE, other_base)
    with pytest.raises(NotVerified, match="changed while it was verified"):
        check_bases(reads(other), header, trailer, sha256, policy_with(lambda _: found), "now")


def test_what_a_scan_that_was_cut_off_left_needs_no_base():
    spool = Base(kind="spool", nonce="1", started_at=NOW)
    check(later((FILES[0][0], CARRIED), base=(spool,)))
