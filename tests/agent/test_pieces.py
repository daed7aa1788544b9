"""Parts of the agent by themselves, where the faults are too rare to be made with a real host."""

from __future__ import annotations

import contextlib
import hashlib
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents import agent, frames
from handover.agents.blocks import _CHUNK, _HEAD, Block
from handover.agents.chunks import Chunk
from handover.agents.frames import Extra, Status
from handover.entries import prefix_step
from handover.errors import RemoteError


@given(blocks=st.lists(st.lists(st.sampled_from([b"\r", b"\n", b"a", b"\0", b"\r\n"])).map(b"".join)))
def test_text_digest_in_any_blocks_is_that_of_the_whole(blocks):
    text, hasher = agent.TextDigest(), hashlib.sha256()
    for block in blocks:
        text.feed(memoryview(block), hasher)
        hasher.update(block)
    data = b"".join(blocks)
    if b"\0" in data or b"\r" not in data:
        assert text.digest() is None
    else:
        assert text.digest() == hashlib.sha256(re.sub(rb"\r*\n", b"\n", data)).digest()


@given(data=st.lists(st.sampled_from([b"\r", b"\n", b"a"])).map(b"".join))
def test_unix_lines_takes_every_run_of_cr_before_lf(data):
    assert agent.unix_lines(data) == re.sub(rb"\r*\n", b"\n", data)


def test_hostile_runs_of_cr_cost_no_more_than_other_bytes():
    assert len(agent.unix_lines(b"\r" * 2**20 + b"\r\n" + b"\r" * 2**20)) == 2**20 + 1


@given(size=st.integers(0, 2**53))
def test_agent_and_manifest_agree_on_the_steps_of_prefixes(size):
    assert agent.prefix_step(size) == prefix_step(size)
    assert size // prefix_step(size) <= 32


def test_the_two_ends_agree_on_every_number():
    assert {kind.name: int(kind) for kind in frames.Kind} == {
        name: getattr(agent, name) for name in ("UNKNOWN", "FILE", "DIR", "LINK", "SPECIAL")
    }
    assert {status.name: int(status) for status in Status} == {
        status.name: getattr(agent, status.name) for status in Status
    }
    assert {extra.name: int(extra) for extra in Extra} == {
        extra.name: getattr(agent, f"EXTRA_{extra.name}") for extra in Extra
    }
    assert tuple(frames.FrameType) == tuple(agent.FRAME_TYPES)
    assert (frames.PROTOCOL, frames.NO_STAT, frames.ROOT, frames.FIRST_FOLDER) == (
        agent.PROTOCOL,
        agent.NO_STAT,
        agent.ROOT_FOLDER,
        agent.FIRST_FOLDER,
    )


@pytest.mark.parametrize(
    "parse",
    [frames.parse_beat, frames.parse_tally, frames.parse_rule, lambda raw: frames.parse_file(raw, 32), frames.unpacked],
)
def test_parsers_raise_one_error_and_nothing_else(parse):
    @given(raw=st.binary(max_size=120))
    def check(raw: bytes) -> None:
        with contextlib.suppress(RemoteError):
            parse(raw)

    check()


def compressed(data: bytes, told: int | None = None) -> bytes:
    return struct.pack(">I", len(data) if told is None else told) + zlib.compress(data)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0\0\0\1",
        compressed(b""),
        compressed(b"frames", 5),
        compressed(b"frames", 7),
        compressed(b"frames")[:-4],
        compressed(b"frames") + b"more",
        compressed(bytes(frames.MAX_PAYLOAD + 1)),
        struct.pack(">I", 6) + b"frames",
    ],
    ids=["empty", "bare", "nothing", "more", "less", "cut", "followed", "huge", "loose"],
)
def test_a_compressed_frame_gives_what_it_announces_or_nothing(payload):
    assert frames.unpacked(compressed(b"frames")) == b"frames"
    with pytest.raises(RemoteError, match="a compressed frame"):
        frames.unpacked(payload)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ((0xF6, 3, 7, 9), "other text"),
        ((0xF7, 0, 7, 9), "other text"),
        ((0xF7, max(frames.FrameType) + 1, 7, 9), "other text"),
        ((0xF7, 3, 8, 9), "frame 4294967303 was expected"),
        ((0xF7, 3, 7, frames.MAX_PAYLOAD + 1), "a frame of"),
    ],
)
def test_a_frame_begins_as_one_and_comes_in_its_turn(fields, said):
    assert frames.frame_header(frames.FRAME.pack(0xF7, 3, 7, 9), 2**32 + 7) == (frames.FrameType.FILE, 9)
    with pytest.raises(RemoteError, match=said):
        frames.frame_header(frames.FRAME.pack(*fields), 2**32 + 7)


FILE_FRAME = struct.pack(">QIIBQqqQ", 1, 2, 3, Status.OK, 4, 5, 6, 7) + b"dige"


@pytest.mark.parametrize("raw", [FILE_FRAME[:-5], FILE_FRAME[:-1], FILE_FRAME + struct.pack(">IBI", 4, 2, 3) + b"EIO"])
def test_the_result_of_a_file_is_whole_and_of_that_file(raw):
    told = frames.parse_file(FILE_FRAME + struct.pack(">IBI", 3, 2, 3) + b"EIO", 4)
    assert (told.index, told.status, told.digest, told.extras) == (3, Status.OK, b"dige", {Extra.ERRNO: b"EIO"})
    with pytest.raises(RemoteError, match="a file's"):
        frames.parse_file(raw, 4)


def test_a_file_that_was_not_read_has_no_digest():
    raw = struct.pack(">QIIBQqqQ", 1, 2, 3, Status.VANISHED | frames.NO_STAT, 0, 0, 0, 0)
    told = frames.parse_file(raw + struct.pack(">IBI", 3, 2, 6) + b"ENOENT", 4)
    assert (told.status, told.stat, told.digest, told.extras) == (Status.VANISHED, None, b"", {Extra.ERRNO: b"ENOENT"})


def test_a_heartbeat_tells_how_far_it_is():
    raw = struct.pack(">BQQQQ", 1, 2, 3, 4, 5)
    assert frames.parse_beat(raw) == frames.Beat(recheck=True, files=2, bytes=3, folders_done=4, folders_known=5)
    for other in (raw[:-1], raw + b"\0"):
        with pytest.raises(RemoteError, match="a heartbeat"):
            frames.parse_beat(other)


@pytest.mark.parametrize("status", [9, 0x7F, 0x80 | 9])
def test_a_status_that_does_not_exist_is_refused(status):
    with pytest.raises(RemoteError, match="a status that does not exist"):
        frames.parse_status(status)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'{"frames":{}}', b"\xff", b'{"groups":{},"users":{},"more":{}}'])
def test_a_frame_of_json_is_one_of_its_kind(raw):
    assert frames.parse_json(frames.Owners, b'{"groups":{},"users":{}}') == frames.Owners({}, {})
    with pytest.raises(RemoteError, match="cannot be parsed"):
        frames.parse_json(frames.Owners, raw)


def rows_of(payload: bytes, digest_size: int = 4, window: int = 64):
    block = Block(payload, digest_size)
    return [list(Chunk(block, place).rows(window)) for place in range(len(block.head.chunks))]


@given(raw=st.lists(st.sampled_from([b"\0", b"\1", b"\2", b"\0\0\0", b"/", b".", b"\x80", b"\xff"])).map(b"".join))
def test_blocks_of_any_bytes_are_rows_or_a_remote_error(raw):
    heads = _CHUNK.pack(5, 0, 2, 0, 1, 2, 0, 0) + _CHUNK.pack(6, 0, 1, 0, 1, 1, 0, 0)
    for payload in (raw, _HEAD.pack(2, 3, 0, 0, 0) + heads + raw):
        with contextlib.suppress(RemoteError):
            rows_of(payload)


CANNOT_BE = "a block that cannot be"


def lies() -> dict[str, bytes]:
    chunk = [5, 0, 2, 0, 1, 2, 0, 0]
    return {
        "no chunk": _HEAD.pack(0, 0, 0, 0, 0),
        "more chunks than there can be": _HEAD.pack(2049, 0, 0, 0, 0) + _CHUNK.pack(5, 0, 0, 0, 1, 0, 0, 0) * 2049,
        "more names than there can be": _HEAD.pack(1, 2049, 0, 0, 0) + _CHUNK.pack(5, 0, 2049, 0, 1, 2049, 0, 0),
        "other names than its chunks": _HEAD.pack(1, 3, 0, 0, 0) + _CHUNK.pack(*chunk),
        "other folders than its chunks": _HEAD.pack(1, 2, 1, 0, 0) + _CHUNK.pack(*chunk),
        "other errno names than its chunks": _HEAD.pack(1, 2, 0, 1, 0) + _CHUNK.pack(*chunk),
        "more folders than names": _HEAD.pack(1, 2, 3, 0, 0) + _CHUNK.pack(5, 0, 2, 3, 1, 2, 0, 0),
        "an unknown flag": _HEAD.pack(1, 2, 0, 0, 0) + _CHUNK.pack(5, 0, 2, 0, 2, 2, 0, 0),
        "an unknown status": _HEAD.pack(1, 2, 0, 0, 0) + _CHUNK.pack(5, 0, 2, 0, 1, 2, 9, 0),
    }


@pytest.mark.parametrize("lie", lies())
def test_a_block_whose_head_cannot_be_is_refused(lie):
    with pytest.raises(RemoteError, match="a status that" if lie == "an unknown status" else CANNOT_BE):
        Block(lies()[lie] + bytes(2**18), 0)


@pytest.mark.parametrize("most", [2048, 2049])
def test_a_block_has_no_more_chunks_and_names_than_a_near_side_keeps(most):
    for chunks in ([chunk_of(7) for _ in range(most)], [chunk_of(7, *(b"%04d" % number for number in range(most)))]):
        payload = agent.packed(chunks)[0]
        if most == 2048:
            assert Block(payload, 0).head.names in (0, most)
            continue
        with pytest.raises(RemoteError, match=CANNOT_BE):
            Block(payload, 0)


@pytest.mark.parametrize("tag", [0, 7, 255])
def test_an_attachment_of_an_unknown_kind_is_refused(tag):
    with pytest.raises(RemoteError, match="an attachment"):
        list(frames.extras_from(struct.pack(">IBI", 0, tag, 0), 0))


@pytest.mark.parametrize("raw", [b"\0", struct.pack(">IBI", 0, 1, 1), struct.pack(">IBI", 0, 1, 2**32 - 1) + b"EIO"])
def test_an_attachment_that_is_cut_is_refused(raw):
    assert list(frames.extras_from(struct.pack(">IBI", 7, 2, 3) + b"EIO", 0)) == [(7, Extra.ERRNO, b"EIO")]
    with pytest.raises(RemoteError, match="an attachment"):
        list(frames.extras_from(raw, 0))


def chunk_of(folder: int, *names: bytes, kind: int = agent.SPECIAL) -> agent.Chunk:
    chunk = agent.Chunk(folder, 0)
    for name in names:
        chunk.add(name, kind, agent.OK, Path(__file__).stat())
    chunk.end(len(names))
    return chunk


def test_a_recheck_tells_the_same_only_when_every_stable_column_is_the_same():
    def told(changed: int) -> Chunk:
        chunk = chunk_of(7, b"a", b"b", kind=agent.DIR)
        chunk.children += [8, 9]
        chunk.stats[1] = (*chunk.stats[1][:7], chunk.stats[1][7] + changed, chunk.stats[1][8])
        return Chunk(Block(agent.packed([chunk], recheck=True)[0], None), 0)

    assert told(0).same_as(told(0))
    assert not told(0).same_as(told(1))
    assert told(0).entered() == [0, 1]


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"/", b"a\0b"])
def test_a_name_that_is_a_path_is_refused(name):
    for chunks in ([chunk_of(7, name)], [chunk_of(7, b"a"), chunk_of(0, name), chunk_of(8)]):
        block = Block(agent.packed(chunks)[0], 32)
        with pytest.raises(RemoteError, match="no file can have"):
            assert block.names
        with pytest.raises(RemoteError, match="no file can have"):
            rows_of(agent.packed(chunks)[0])


def test_only_the_root_has_no_name_and_it_has_no_other():
    assert Block(agent.packed([chunk_of(0, b"")])[0], 0).names == [b""]
    for names in ((b"..",), (b"a/b",), (b"", b"a/b")):
        with pytest.raises(RemoteError, match="no file can have"):
            assert Block(agent.packed([chunk_of(0, *names)])[0], 0).names


def test_a_block_that_is_cut_anywhere_is_refused():
    payload = agent.packed([mixed(7, 3)])[0]
    assert Block(payload, 4).extras
    for end in range(len(payload)):
        with pytest.raises(RemoteError):
            assert Block(payload[:end], 4).extras


def test_each_folder_of_a_block_has_its_own_errno_name():
    chunks = [chunk_of(7), chunk_of(8), chunk_of(9)]
    chunks[0].errno, chunks[2].errno = b"EACCES", b"EIO"
    head = Block(agent.packed(chunks)[0], 0).head
    assert [head.errno(place) for place in range(3)] == [b"EACCES", b"", b"EIO"]


def test_a_kind_that_does_not_exist_is_refused():
    payload = agent.packed([chunk_of(7, b"a", kind=5)])[0]
    with pytest.raises(RemoteError, match="a block that is cut"):
        Block(payload, 0)


def test_names_rise_within_a_chunk_and_only_there():
    assert Block(agent.packed([chunk_of(7, b"b", b"c"), chunk_of(8), chunk_of(9, b"a")])[0], 0).names == [
        b"b",
        b"c",
        b"a",
    ]
    for names in ((b"b", b"a"), (b"a", b"a")):
        payload = agent.packed([chunk_of(7, b"x"), chunk_of(8, *names)])[0]
        with pytest.raises(RemoteError, match="out of order"):
            assert Block(payload, 0).names
        with pytest.raises(RemoteError, match="out of order"):
            rows_of(payload)


def test_a_folder_without_a_number_is_refused():
    with pytest.raises(RemoteError, match="without a number"):
        Block(agent.packed([chunk_of(7, b"below", kind=agent.DIR)])[0], 0)


def test_an_entry_that_is_well_has_a_stat():
    chunk = agent.Chunk(7, 0)
    chunk.add(b"a", agent.SPECIAL, agent.OK, None)
    with pytest.raises(RemoteError, match="was not looked at"):
        Block(agent.packed([chunk])[0], 0)


@pytest.mark.parametrize("place", [1, 2**32 - 1])
def test_what_is_attached_to_an_entry_that_is_not_there_is_refused(place):
    chunk = chunk_of(7, b"a")
    chunk.extras.append((place, agent.EXTRA_ERRNO, b"EIO"))
    with pytest.raises(RemoteError, match="do not fit together"):
        assert Block(agent.packed([chunk])[0], 0).extras


def test_what_is_attached_stands_in_the_order_of_the_entries():
    chunk = chunk_of(7, b"a", b"b")
    chunk.extras += [(1, agent.EXTRA_ERRNO, b"EIO"), (0, agent.EXTRA_ERRNO, b"EIO")]
    with pytest.raises(RemoteError, match="do not fit together"):
        assert Block(agent.packed([chunk])[0], 0).extras


def mixed(folder: int, count: int) -> agent.Chunk:
    """Return a chunk with files, folders and links."""
    chunk = agent.Chunk(folder, 3)
    for number in range(count):
        kind = [agent.FILE, agent.DIR, agent.LINK][number % 3]
        chunk.add(b"%03d" % number, kind, agent.OK, Path(__file__).stat())
        if kind == agent.FILE:
            chunk.digests.append(b"%04d" % number)
        elif kind == agent.DIR:
            chunk.children.append(number + 2)
        else:
            chunk.extra(agent.EXTRA_TARGET, b"x" * number)
    chunk.end(count)
    return chunk


def test_windows_of_rows_are_the_same_rows():
    payload = agent.packed([mixed(7, 100)])[0]
    (whole,) = rows_of(payload)
    assert [len(whole), whole[3].digest, whole[4].seen.child, whole[5].extras] == [
        100,
        b"0003",
        6,
        {Extra.TARGET: b"xxxxx"},
    ]
    for window in (1, 7, 64, 100, 101):
        assert rows_of(payload, window=window) == [whole]


@given(counts=st.lists(st.integers(0, 7), min_size=1, max_size=9))
def test_chunks_in_one_block_have_the_rows_that_they_have_alone(counts):
    chunks = [mixed(number, count) for number, count in enumerate(counts, 2)]
    alone = [rows_of(agent.packed([chunk])[0])[0] for chunk in chunks]
    payload, owners = agent.packed(chunks)
    assert rows_of(payload) == alone
    assert owners == {(row.host.uid, row.host.gid) for rows in alone for row in rows}
    block = Block(payload, 4)
    for place, rows in enumerate(alone):
        chunk = Chunk(block, place)
        assert [chunk.row(chunk.first + row.seen.place, row.seen.child) for row in rows] == rows
        assert list(chunk.children) == [row.seen.child for row in rows if row.seen.child]


@given(first=st.lists(st.integers(0, 4), min_size=1), second=st.lists(st.integers(0, 4), min_size=1))
def test_a_chunk_that_is_told_again_is_the_same_in_any_block(first, second):
    one = Block(agent.packed([mixed(7, count) for count in first])[0], 4)
    two = Block(agent.packed([mixed(9, count) for count in second], recheck=True)[0], None)
    for i, here in enumerate(first):
        for j, there in enumerate(second):
            assert Chunk(one, i).same_as(Chunk(two, j)) == (here == there)


def folders(*statuses: int, recheck: bool) -> Chunk:
    """Return a chunk of folders that look alike, of which those with status OK are entered."""
    chunk = agent.Chunk(7, 0)
    for number, status in enumerate(statuses):
        chunk.add(b"%d" % number, agent.DIR, status, Path(__file__).stat())
        if status == agent.OK:
            chunk.children.append(number + 2)
    chunk.end(len(statuses))
    return Chunk(Block(agent.packed([chunk], recheck=recheck)[0], None if recheck else 4), 0)


def test_a_chunk_in_which_other_folders_were_entered_is_not_the_same():
    told = folders(agent.OK, agent.UNREADABLE, recheck=False)
    for again, same in (
        ((agent.OK, agent.UNREADABLE), True),
        ((agent.UNREADABLE, agent.OK), False),
        ((agent.OK, agent.OK), False),
        ((agent.UNREADABLE, agent.UNREADABLE), False),
    ):
        assert told.same_as(folders(*again, recheck=True)) is same
    assert not folders(agent.UNREADABLE, recheck=False).same_as(folders(agent.OK, recheck=True))
    assert not folders(agent.OK, agent.OK, recheck=False).same_as(folders(agent.OK, agent.UNREADABLE, recheck=True))


@given(numbers=st.lists(st.integers(-(2**70), 2**70)), code=st.sampled_from("QqIH"))
def test_a_number_that_does_not_fit_becomes_the_nearest_that_does(numbers, code):
    low, high = (-(2**63), 2**63 - 1) if code == "q" else (0, 2 ** (8 * struct.calcsize(f">{code}")) - 1)
    raw = agent.column(code, numbers)
    assert list(struct.unpack(f">{len(numbers)}{code}", raw)) == [max(low, min(high, number)) for number in numbers]


def test_the_agent_stands_alone():
    source = Path(agent.__file__).read_text()
    imported = set(re.findall(r"^\s*(?:import|from) ([a-z_]+)", source, re.MULTILINE))
    assert "handover" not in imported
    assert imported - {"xxhash"} <= set(sys.stdlib_module_names)


def test_the_agent_runs_on_python_3_6_by_the_words_it_uses():
    vermin = Path(sys.executable).with_name("vermin")
    said = subprocess.run([vermin, "-t=3.6-", "--no-tips", agent.__file__], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
