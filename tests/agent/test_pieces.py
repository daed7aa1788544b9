"""Parts of the agent by themselves, where the faults are too rare to be made with a real host."""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents import agent, chunks, frames
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


@pytest.mark.parametrize("parse", [frames.parse_beat, frames.parse_tally, lambda raw: frames.parse_file(raw, 32)])
def test_parsers_raise_one_error_and_nothing_else(parse):
    @given(raw=st.binary(max_size=120))
    def check(raw: bytes) -> None:
        with contextlib.suppress(RemoteError):
            parse(raw)

    check()


@given(raw=st.lists(st.sampled_from([b"\0", b"\1", b"\2", b"\0\0\0", b"/", b".", b"\x80", b"\xff"])).map(b"".join))
def test_chunks_of_any_bytes_are_rows_or_a_remote_error(raw):
    head = chunks._HEAD.pack(5, 0, 2, 0, 1, 2, 0, 0, 0)
    for payload in (raw, head + raw):
        with contextlib.suppress(RemoteError):
            list(chunks.Chunk(payload).rows(4))


@pytest.mark.parametrize("name", [b"..", b".", b"", b"a/b", b"/", b"a\0b"])
def test_a_name_that_is_a_path_is_refused(name):
    chunk = agent.Chunk(7, 0)
    chunk.add(name, agent.SPECIAL, agent.OK, None)
    with pytest.raises(RemoteError, match="no file can have"):
        list(chunks.Chunk(chunk.pack(1)).rows(32))


def test_windows_of_rows_are_the_same_rows():
    chunk = agent.Chunk(7, 3)
    for number in range(100):
        kind = [agent.FILE, agent.DIR, agent.LINK][number % 3]
        chunk.add(b"%03d" % number, kind, agent.OK, Path(__file__).stat())
        if kind == agent.FILE:
            chunk.digests.append(b"%04d" % number)
        elif kind == agent.DIR:
            chunk.children.append(number + 2)
        else:
            chunk.extra(agent.EXTRA_TARGET, b"x" * number)
    payload = chunk.pack(100)
    whole = list(chunks.Chunk(payload).rows(4))
    assert [len(whole), whole[3].digest, whole[4].seen.child, whole[5].extras] == [
        100,
        b"0003",
        6,
        {Extra.TARGET: b"xxxxx"},
    ]
    for window in (1, 7, 64, 100, 101):
        assert list(chunks.Chunk(payload).rows(4, window)) == whole


def test_the_agent_stands_alone():
    source = Path(agent.__file__).read_text()
    imported = set(re.findall(r"^\s*(?:import|from) ([a-z_]+)", source, re.MULTILINE))
    assert "handover" not in imported
    assert imported - {"xxhash"} <= set(sys.stdlib_module_names)


def test_the_agent_runs_on_python_3_6_by_the_words_it_uses():
    vermin = Path(sys.executable).with_name("vermin")
    said = subprocess.run([vermin, "-t=3.6-", "--no-tips", agent.__file__], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
