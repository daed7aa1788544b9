"""A manifest without its ordinary ``host`` objects is compared like the whole one, and hides nothing more."""

from __future__ import annotations

import hashlib
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import hostless
from handover.compare import Comparer
from handover.comparison import Comparison, Difference
from handover.entries import EntryType, GapKind, HostStat
from handover.errors import MalformedInput
from handover.manifest_reader import Reader, Seal
from handover.rules import RuleSet
from support.manifests import file, folder, gap, ignored, link, make_manifest, reader

STAT = HostStat(
    mtime_ns="1", ctime_ns="-2", dev="3", inode="4", mode="0644", uid=0, gid=0, user="root", group="www-data"
)
WHOLE = make_manifest(
    (folder("a"), STAT),
    (file("a/x", b"1"), msgspec.structs.replace(STAT, group=None)),
    (file("a/y", b"2"), HostStat(mtime_s=5)),
    file("b", b"3"),
    (gap("c", GapKind.UNREADABLE, EntryType.FILE, 1), STAT),
    (ignored("d", "d/**", 1, 2), STAT),
    (link("e", b"t"), STAT),
    (file("z", b"4"), STAT),
)
PLAIN = b',"host":{"mtime_ns":"1","ctime_ns":"-2","dev":"3","inode":"4","mode":"0644","uid":0,"gid":0,"user":"root"}}\n'


class Known:
    """What was read elsewhere."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def take(self, raw: bytes) -> None:
        pass

    def seal(self, _: bytes) -> Seal:
        return self._seal


def bare(raw: bytes) -> Reader:
    stripped = io.BytesIO()
    seal = Seal(*hostless.strip(io.BytesIO(raw), stripped))
    return Reader(io.BytesIO(stripped.getvalue()), where="test.manifest", bytes_read=Known(seal))


def outcome(source: Reader, target: Reader) -> tuple[list[Difference], Comparison] | None:
    """Return what a comparison finds; nothing when it refuses."""
    comparer = Comparer(source, target, RuleSet())
    try:
        return list(comparer.differences()), comparer.result()
    except MalformedInput:
        return None


def resealed(body: bytes, trailer: bytes) -> bytes:
    """Return a manifest whose trailer names other lines, as a forger would make it."""
    old = hashlib.sha256(WHOLE[: -len(trailer)]).hexdigest().encode()
    return body + trailer.replace(old, hashlib.sha256(body).hexdigest().encode())


def test_ordinary_hosts_are_stripped_and_nothing_else():
    stripped = io.BytesIO()
    before, whole, length = hostless.strip(io.BytesIO(WHOLE), stripped)
    lines = WHOLE.splitlines(keepends=True)
    assert before == hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    assert (whole, length) == (hashlib.sha256(WHOLE).hexdigest(), len(WHOLE))
    left = stripped.getvalue().splitlines(keepends=True)
    changed = {new: old for old, new in zip(lines, left, strict=True) if new != old}
    assert len(changed) == 5
    assert {new: old.partition(b',"host":')[0] + b"}\n" for new, old in changed.items()} == {n: n for n in changed}


def test_a_comparison_without_hosts_finds_the_same():
    other = make_manifest((folder("a"), STAT), (file("a/x", b"2"), STAT), file("b", b"3"), (file("z", b"4"), STAT))
    for source, target in ((WHOLE, WHOLE), (WHOLE, other), (other, WHOLE)):
        found = outcome(reader(source), reader(target))
        assert found is not None
        assert outcome(reader(source), bare(target)) == found


@given(
    st.integers(0),
    st.sampled_from([b"", b"}", b"{", b'"', b"\n", b"0", b",", b"x", PLAIN[:-2], PLAIN, b"}\n"]),
    st.booleans(),
)
def test_what_is_refused_with_hosts_is_refused_without(place, piece, instead):
    trailer = WHOLE.splitlines(keepends=True)[-1]
    first, body = WHOLE.find(b"\n") + 1, WHOLE[: -len(trailer)]
    at = first + place % (len(body) - first)
    forged = resealed(body[:at] + piece + body[at + instead :], trailer)
    assert outcome(reader(WHOLE), bare(forged)) == outcome(reader(WHOLE), reader(forged))


@pytest.mark.parametrize("first", [PLAIN[:-2], b',"host":{}', b',"host":1', b',"host":{"mtime_ns":"1","more":1}'])
def test_a_second_host_does_not_stand_in_for_the_first(first):
    trailer = WHOLE.splitlines(keepends=True)[-1]
    body = WHOLE[: -len(trailer)]
    line = b'"path":"b",' + body.partition(b'"path":"b",')[2].partition(b"}\n")[0]
    forged = resealed(body.replace(line + b"}\n", line + first + PLAIN), trailer)
    assert forged != WHOLE
    assert outcome(reader(WHOLE), bare(forged)) is None


@pytest.mark.parametrize("number", [0, -1])
def test_a_host_of_header_or_trailer_is_not_taken_off(number):
    lines = WHOLE.splitlines(keepends=True)
    lines[number] = lines[number].removesuffix(b"}\n") + PLAIN
    body = b"".join(lines[:-1])
    old = hashlib.sha256(WHOLE[: -len(WHOLE.splitlines(keepends=True)[-1])]).hexdigest().encode()
    forged = body + lines[-1].replace(old, hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(MalformedInput, match="unknown field `host`"):
        list(Comparer(reader(WHOLE), bare(forged), RuleSet()).differences())


def test_lines_that_go_over_the_end_of_a_piece_are_stripped_whole():
    raw = b"{}\n" + b"".join(b'{"path":"%06d"' % number + PLAIN for number in range(5000))
    out = io.BytesIO()
    assert hostless.strip(io.BytesIO(raw), out)[1:] == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert out.getvalue() == b"{}\n" + b"".join(b'{"path":"%06d"}\n' % number for number in range(5000))
