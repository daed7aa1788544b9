"""How hard a host is worked: rates are kept, a slow line is noticed, a host in trouble is left alone."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents import agent, frames, loader
from handover.cli.rates import parse_rate
from handover.digests import Algorithm
from handover.errors import RemoteError, UsageError
from handover.locations.local import LocalChannel, LocalHost
from handover.scan import Effort
from support.scans import scan_tree

PACKED = bytes([0xF7, frames.FrameType.PACKED])


class SlowChannel(LocalChannel):
    """A line that lets 400 kB through in a second; its pipe is read here and not ahead."""

    def __init__(self, arguments: list[str], heard: bytearray) -> None:
        self._heard = heard
        super().__init__(arguments)

    def _drain_stdout(self) -> None:
        assert self._process.stdout is not None
        while block := os.read(self._process.stdout.fileno(), 8192):
            time.sleep(0.02)
            self._heard += block
            self._put(block)
        self._put(b"")


class SlowHost(LocalHost):
    """This machine behind a slow line; ``heard`` is all that came over it."""

    def __init__(self) -> None:
        self.heard = bytearray()

    def start(self, command: str) -> SlowChannel:
        return SlowChannel(shlex.split(command)[1:], self.heard)


@pytest.fixture(scope="module")
def many_names(tmp_path_factory):
    root = tmp_path_factory.mktemp("many")
    for folder in range(60):
        (root / f"folder {folder}").mkdir()
        for name in range(300):
            (root / f"folder {folder}" / f"name {name}").touch()
    return root


def test_frames_are_compressed_when_the_line_is_slow_and_say_the_same(many_names):
    slow = SlowHost()
    told = scan_tree(many_names, host=slow, route="python", recheck=False, interpreters=(_python(),))
    assert bytes(slow.heard).count(PACKED) > 1
    assert len(slow.heard) < 70 * len(told.entries)
    assert told.contents == scan_tree(many_names, recheck=False).contents


def test_nothing_is_compressed_on_the_same_machine_however_slow(many_names):
    slow = SlowHost()
    scan_tree(many_names, host=slow, recheck=False)
    assert PACKED not in slow.heard


@pytest.mark.parametrize("workers", [1, 2])
def test_a_rate_is_kept_and_said(tmp_path, workers):
    for number in range(30):
        (tmp_path / str(number)).write_bytes(bytes(50_000))
    (tmp_path / "big").write_bytes(bytes(1_500_000))
    begun = time.monotonic()
    seen = scan_tree(tmp_path, rate=1_000_000, recheck=False, effort=Effort(workers, polite=False))
    # A quarter of a second's worth is free at the start, and each worker may be one step ahead.
    assert 1.9 < time.monotonic() - begun < 6
    assert seen.header.options.rate == 1_000_000
    assert seen.trailer.bytes == 3_000_000


def test_a_polite_scan_of_a_host_that_gets_slow_still_ends(tmp_path, monkeypatch):
    for folder in range(8):
        (tmp_path / f"{folder}").mkdir()
        for number in range(20):
            (tmp_path / f"{folder}" / f"{number}").write_bytes(bytes(40_000))
    text = loader.program().source
    # Every window is a collapse, and the windows are short.
    for old, new in (
        (b"if rate >= self._best / 3:", b"if False:"),
        (b"COLLAPSE_WINDOW_SECONDS = 1.0", b"COLLAPSE_WINDOW_SECONDS = 0.1"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    hurt = loader.Program(text, hashlib.sha256(text).hexdigest())
    monkeypatch.setattr(loader, "program", lambda: hurt)
    seen = scan_tree(tmp_path, rate=2_000_000, recheck=False, effort=Effort(2, polite=True))
    assert seen.trailer.counts.file == 160


def test_the_header_says_how_many_workers_there_were_when_the_host_chose(tmp_path):
    (tmp_path / "file").touch()
    seen = scan_tree(tmp_path, effort=Effort.local())
    assert 1 <= seen.header.options.workers <= min(16, 8 * (os.cpu_count() or 1))


def test_workers_that_wait_for_the_disk_get_company_at_once(tmp_path, monkeypatch):
    for folder in range(60):
        (tmp_path / f"{folder}").mkdir()
        for number in range(4):
            (tmp_path / f"{folder}" / f"{number}").touch()
    text = loader.program().source
    reading = b"                    data = read(descriptor, size + 1)\n"
    assert text.count(reading) == 1
    text = text.replace(reading, reading + b"                    time.sleep(0.01)\n")
    waiting = loader.Program(text, hashlib.sha256(text).hexdigest())
    monkeypatch.setattr(loader, "program", lambda: waiting)
    seen = scan_tree(tmp_path, recheck=False, effort=Effort.local())
    assert seen.header.options.workers == min(16, 8 * len(os.sched_getaffinity(0)))


def test_an_evidence_step_is_met_whatever_the_rate(tmp_path):
    (tmp_path / "big").write_bytes(os.urandom(3 * 2**20 + 5))
    limited = scan_tree(tmp_path, rate=9_999_999, digest=Algorithm.SHA256)
    assert limited.contents == scan_tree(tmp_path).contents
    assert len(limited.entries[b"big"].prefixes or ()) == 3


def test_a_third_of_the_best_is_a_collapse_and_a_hard_stretch_is_none_for_ever():
    seen = agent.Collapse()
    work, rested = 0, []
    for second in range(60):
        work += 1000 if second < 10 else 100
        if seen.is_seen(float(second), work):
            rested.append(second)
    assert rested[0] == 10
    assert len(rested) > 3
    assert rested[-1] < 40
    seen.start_pass()
    assert not any(seen.is_seen(100.0 + second, second) for second in range(10))


@given(moves=st.lists(st.tuples(st.floats(0.01, 2), st.integers(0, 5000)), max_size=50))
def test_a_bucket_never_lets_more_through_than_its_rate_and_one_step(moves):
    now, moved = [0.0], [0]
    bucket = agent.Bucket(1000, lambda: moved[0], lambda: now[0])
    allowed = 1000 * agent.PACE_SECONDS
    for seconds, amount in moves:
        now[0] += seconds
        wait = bucket.wait_seconds()
        if wait > 0:
            now[0] += wait
        assert moved[0] <= allowed + 1000 * now[0] + 1e-6
        moved[0] += amount


@given(whole=st.binary(min_size=1, max_size=3000), cut=st.integers(0, 50), more=st.binary(max_size=3))
def test_a_compressed_frame_is_what_was_packed_or_refused(whole, cut, more):
    packed = len(whole).to_bytes(4, "big") + zlib.compress(whole, 1)
    assert frames.unpacked(packed) == whole
    changed = packed[: len(packed) - cut] + more
    if changed != packed:
        with pytest.raises(RemoteError):
            frames.unpacked(changed)


@pytest.mark.parametrize("told", [0, 1, 99_999, 100_001, frames.MAX_PAYLOAD, frames.MAX_PAYLOAD + 1, 2**32 - 1])
def test_a_compressed_frame_that_lies_about_its_length_is_refused(told):
    with pytest.raises(RemoteError):
        frames.unpacked(told.to_bytes(4, "big") + zlib.compress(bytes(100_000), 1))


def test_a_bomb_is_not_expanded():
    bomb = (1000).to_bytes(4, "big") + zlib.compress(bytes(2**28), 9)
    begun = time.process_time()
    with pytest.raises(RemoteError):
        frames.unpacked(bomb)
    assert time.process_time() - begun < 0.1


def test_packing_keeps_number_and_bytes(monkeypatch):
    written = bytearray()
    monkeypatch.setattr(agent, "write_all", lambda _, data: written.extend(data))
    output = agent.Output()
    output._packs = True
    output.frame(agent.CHUNK, b"a" * 400)
    output.frame(agent.FILE_RESULT, b"b" * 400)
    output.flush()
    magic, kind, number, length = frames.FRAME.unpack_from(written)
    assert (magic, kind, number, length) == (0xF7, agent.PACKED, 0, len(written) - frames.FRAME.size)
    inner = frames.unpacked(bytes(written[frames.FRAME.size :]))
    assert inner == (
        frames.FRAME.pack(0xF7, agent.CHUNK, 0, 400)
        + b"a" * 400
        + frames.FRAME.pack(0xF7, agent.FILE_RESULT, 1, 400)
        + b"b" * 400
    )
    assert output.digest() == hashlib.sha256(written).hexdigest()


@pytest.mark.parametrize(
    ("text", "rate"), [(None, None), ("1000", 1000), ("500k", 500_000), ("2M", 2_000_000), ("1G", 10**9)]
)
def test_rates_as_people_write_them(text, rate):
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0", "999", "-5M", "1.5M", "2m", "M", "9999999G", "٣M", "2 M"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(UsageError):
        parse_rate(text)


def _python() -> str:
    return subprocess.check_output(["sh", "-c", "command -v python3"], text=True).strip()
