"""A far host that lies, hangs, dies or mixes things up gives ``RemoteError`` in bounded time and no manifest."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents import agent, frames
from handover.agents.blocks import _CHUNK, _HEAD, Block, Column
from handover.agents.chunks import Chunk
from handover.agents.frames import FRAME, FrameType
from handover.digests import Algorithm
from handover.errors import ExitCode, Refused, RemoteError
from handover.locations.local import LocalHost
from handover.scan import Effort
from support import counted, trees
from support.far_host import CLOCK, NONCE, RULES, Play, frame, grow, of_type, record_scan, renumbered, split
from support.processes import Process, descendants, end, wait_until
from support.scans import Manifest, WatchedHost, scan_tree
from support.schemas import build


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> bytes:
    """All bytes of one good scan, with a known nonce."""
    root = tmp_path_factory.mktemp("recorded") / "tree"
    (root / "folder" / "sub").mkdir(parents=True)
    for name in ("a", "b", "folder/c", "folder/sub/d"):
        trees.write(root / name, name.encode())
    with (root / "heavy").open("xb") as stream:
        stream.truncate(9 * 2**20)
    return record_scan(root)


def play(*blocks: bytes | float | Exception, stderr: bytes = b"", status: int | None = 0, **changes: object) -> str:
    """Let a scan run against these blocks; it must fail as the far host's fault, soon. Returns what is said."""
    host = Play(*blocks, stderr=stderr, status=status)
    began = time.monotonic()
    with pytest.raises(RemoteError) as caught:
        scan_tree(b"/srv/www", host=host, clock=CLOCK, route="python", **changes)
    assert caught.value.exit_code is ExitCode.REMOTE
    assert time.monotonic() - began < 10
    assert host.closed
    said = f"{caught.value} {caught.value.hint}"
    assert said.isprintable()
    return said


def test_the_documents_of_a_conversation_fit_their_schema(recorded):
    schema = json.loads(build("agent-protocol.schema.json"))
    _, parts = split(recorded)
    documents = {FrameType.HELLO: "Hello", FrameType.OWNERS: "Owners", FrameType.END: "End"}
    for kind, name in documents.items():
        only = {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]}
        jsonschema.validate(json.loads(parts[of_type(parts, kind)][FRAME.size :]), only)


def test_what_was_recorded_is_a_good_scan_in_any_blocks(recorded):
    whole = scan_tree(b"/srv/www", host=Play(recorded), clock=CLOCK)
    bytewise = scan_tree(b"/srv/www", host=Play(*(recorded[i : i + 1] for i in range(len(recorded)))), clock=CLOCK)
    assert whole.contents == bytewise.contents
    assert len(whole.contents) == 8


@pytest.mark.parametrize("noise", [b"Welcome!\r\n", b"\x01handover", bytes(range(256)) * 250, b"\n" * 65000])
def test_noise_before_the_greeting_is_skipped(recorded, noise):
    assert len(scan_tree(b"/srv/www", host=Play(noise, recorded), clock=CLOCK).contents) == 8


def test_an_endless_banner_is_not_waited_for():
    assert "talks without end" in play(*[b"\x1b[31mSPAM\n" * 1000] * 1000)


def test_a_banner_without_a_greeting_is_shown_harmlessly():
    said = play(b"This service allows sftp connections only.\r\n\x1b[0m", status=1)
    assert "sftp connections only" in said
    assert "\\x1b" in said


def test_a_wrapper_that_prints_and_ends_well_is_no_agent():
    assert "did not start (exit status 0)" in play(b"ok\n", status=0)


def test_every_place_of_an_interpreter_is_tried_before_giving_up():
    host = Play(status=127)
    with pytest.raises(RemoteError, match="no Python was found"):
        scan_tree(b"/srv/www", host=host, route="python", become="sudo -n")
    assert host.commands[0].startswith("exec sudo -n python3 -I -S -B -c '")
    assert any("/opt/alt/python311/bin/python3" in command for command in host.commands)


def test_a_python_that_is_too_old_is_named():
    assert "too old (python3, " in play(status=2, stderr=b"Unknown option: -I\nusage: python3 [option] ...")


def test_every_cut_is_noticed(recorded):
    for length in range(0, len(recorded), 7):
        play(recorded[:length], status=None)


@given(place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_every_flipped_bit_is_noticed(recorded, place, bit):
    # What END says of itself, how many workers there were in the end, is vouched for by the line alone.
    place %= recorded.rindex(b'"workers"')
    changed = bytearray(recorded)
    changed[place] ^= 1 << bit
    play(bytes(changed))


def test_every_frame_removed_doubled_or_swapped_is_noticed(recorded):
    greeting, parts = split(recorded)
    for i in range(len(parts)):
        play(greeting, *parts[:i], *parts[i + 1 :])
        play(greeting, *parts[: i + 1], *parts[i:])
        if i:
            play(greeting, *parts[: i - 1], parts[i], parts[i - 1], *parts[i + 1 :])


def test_noise_between_and_after_frames_is_noticed(recorded):
    greeting, parts = split(recorded)
    for i in range(1, len(parts)):
        assert "other text" in play(greeting, *parts[:i], b"PHP Warning: something long enough", *parts[i:])
    assert "after its end" in play(recorded, b"\n")
    assert "after its end" in play(recorded, parts[-1])


def test_a_replay_of_another_scan_is_noticed(recorded):
    other = NONCE[::-1]
    play(recorded.replace(NONCE.encode(), other.encode()))
    greeting, parts = split(recorded)
    play(greeting, *[part.replace(NONCE.encode(), other.encode()) for part in parts])


def test_a_liar_who_leaves_out_or_doubles_frames_is_noticed_by_the_books(recorded):
    greeting, parts = split(recorded)
    assert len(scan_tree(b"/srv/www", host=Play(greeting, *renumbered(parts)), clock=CLOCK).contents) == 8
    for kind in (FrameType.CHUNK, FrameType.FILE, FrameType.RECHECK, FrameType.OWNERS, FrameType.HELLO):
        i = of_type(parts, kind)
        play(greeting, *renumbered(parts[:i] + parts[i + 1 :]))
        play(greeting, *renumbered(parts[: i + 1] + parts[i:]))


@given(data=st.data())
def test_no_payload_whatever_is_more_than_a_remote_error(recorded, data):
    greeting, parts = split(recorded)
    i = data.draw(st.integers(0, len(parts) - 2))
    payload = bytearray(parts[i][FRAME.size :])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(payload) - 1))
        payload[at] = data.draw(st.sampled_from([0, 1, 2, 0x2F, 0x7F, 0x80, 0xFF]))
    cut = data.draw(st.integers(0, 3))
    changed = parts[i][: FRAME.size] + bytes(payload[: len(payload) - cut])
    with contextlib.suppress(RemoteError):
        scan_tree(b"/srv/www", host=Play(greeting, *renumbered([*parts[:i], changed, *parts[i + 1 :]])), clock=CLOCK)


def joined(chunks: list[Chunk], *, recheck: bool) -> bytes:
    """Return one block of chunks that came in others."""
    parts = [(chunk.block, chunk.first, chunk.stop) for chunk in chunks]
    heads = [chunk.head for chunk in chunks]
    errnos = b"".join(chunk.block.head.errno(chunk.place) for chunk in chunks)
    names = [name for block, first, stop in parts for name in block.names_of(first, stop)]
    children = [child for chunk in chunks for child in chunk.children]
    extras, start = b"", 0
    for block, first, stop in parts:
        for place in range(first, stop) if not recheck else ():
            for tag, data in block.extras.get(place, {}).items():
                extras += agent.EXTRA.pack(start + place - first, tag, len(data)) + data
        start += stop - first
    columns = list(zip(Column, "QqqQQIIII", strict=True))[: 4 if recheck else 9]
    return b"".join(
        [
            _HEAD.pack(len(chunks), len(names), len(children), len(errnos), len(extras)),
            *(_CHUNK.pack(*head) for head in heads),
            errnos,
            agent.column("Q", children),
            *(block.statuses[first:stop] for block, first, stop in parts),
            agent.column("H", list(map(len, names))),
            *names,
            *(block.kinds[first:stop] for block, first, stop in parts),
            *(
                agent.column(code, [number for block, *part in parts for number in block.column(column, *part)])
                for column, code in columns
            ),
            *(block.digests(first, stop) for block, first, stop in parts if not recheck),
            extras,
        ]
    )


def regrouped(parts: list[bytes], kind: FrameType, sizes: list[int]) -> list[bytes]:
    """Return frames in which the chunks of one pass are in blocks of these sizes, over and over."""
    recheck = kind is FrameType.RECHECK
    frames_of_kind = [part for part in parts if part[1] == kind]
    blocks = [Block(part[FRAME.size :], None if recheck else 32) for part in frames_of_kind]
    chunks = [Chunk(block, place) for block in blocks for place in range(len(block.head.chunks))]
    made, at = [], 0
    for size in itertools.chain([1], itertools.cycle(sizes)):  # the root is in a block of its own
        if at >= len(chunks):
            break
        payload = joined(chunks[at : at + size], recheck=recheck)
        made.append(FRAME.pack(0xF7, kind, 0, len(payload)) + payload)
        at += size
    first = parts.index(frames_of_kind[0])
    others = [part for part in parts[first:] if part[1] != kind]
    return [*parts[:first], *made, *others]


@pytest.fixture(scope="module")
def nasty(tmp_path_factory) -> tuple[bytes, Manifest]:
    """All bytes of one good scan of the nasty tree, and its manifest."""
    root, host = trees.build(tmp_path_factory.mktemp("nasty") / "tree"), WatchedHost()
    found = scan_tree(root, host=host, clock=CLOCK)
    return host.channels[0].received, found


@given(sizes=st.lists(st.integers(1, 30), min_size=1, max_size=5), again=st.lists(st.integers(1, 30), min_size=1))
def test_chunks_make_the_same_manifest_in_any_blocks(nasty, sizes, again):
    raw, found = nasty
    greeting, parts = split(raw)
    parts = regrouped(regrouped(parts, FrameType.CHUNK, sizes), FrameType.RECHECK, again)
    other = scan_tree(b"/srv/www", host=Play(greeting, *renumbered(parts)), clock=CLOCK)
    assert (other.contents, other.hosts) == (found.contents, found.hosts)


def lied(recorded: bytes, kind: FrameType, payload: bytes, **changes: object) -> str:
    """Let a host tell something else in one frame, and keep the books for it; return what is said."""
    greeting, parts = split(recorded)
    parts[of_type(parts, kind)] = frame(kind, payload)
    return play(greeting, *renumbered(parts), **changes)


def test_the_words_of_a_host_that_gives_up_are_not_shown_without_end(recorded):
    words = json.dumps({"code": "bug", "text": "\x1b[31m" * 2**20}).encode()
    assert len(lied(recorded, FrameType.OWNERS, b"x")) < 1000
    assert len(lied(recorded, FrameType.CHUNK, b"x")) < 1000
    greeting, parts = split(recorded)
    assert len(play(greeting, *renumbered([parts[0], frame(FrameType.ERROR, words)]))) < 50_000


def test_an_owner_with_thousands_of_digits_is_nobody(recorded):
    greeting, parts = split(recorded)
    parts[of_type(parts, FrameType.OWNERS)] = frame(
        FrameType.OWNERS, json.dumps({"groups": {}, "users": {"9" * 5000: "root"}}).encode()
    )
    hosts = scan_tree(b"/srv/www", host=Play(greeting, *renumbered(parts)), clock=CLOCK).hosts
    assert {host.user for host in hosts.values()} == {None}


@pytest.mark.parametrize(("files", "size"), [(2**53 + 1, 0), (0, 2**64 - 1)])
def test_more_than_a_manifest_can_say_is_not_written_down(tmp_path, files, size):
    grow(tmp_path / "tree")
    recorded = record_scan(tmp_path / "tree", rules=RULES)
    _, parts = split(recorded)
    tally = parts[of_type(parts, FrameType.TALLY)][FRAME.size : -16] + struct.pack(">QQ", files, size)
    assert "than there can be" in lied(recorded, FrameType.TALLY, tally, rules=RULES)


def test_sums_that_a_manifest_cannot_say_are_not_written_down(tmp_path):
    for name in ("one", "two"):
        trees.write(tmp_path / name, b"x")
    sizes, recorded = struct.pack(">QQ", 1, 1), record_scan(tmp_path, recheck=False)
    assert recorded.count(sizes) == 1
    greeting, parts = split(recorded.replace(sizes, struct.pack(">QQ", 2**53, 2**53)))
    assert "than there can be" in play(greeting, *renumbered(parts), recheck=False)


def test_a_frame_of_a_gigabyte_is_refused_before_it_is_kept(recorded):
    greeting, _ = split(recorded)
    assert "a frame of" in play(greeting, FRAME.pack(0xF7, FrameType.HELLO, 0, 2**30), *[b"x" * 2**20] * 100)


def test_silence_ends_within_the_idle_timeout(recorded):
    greeting, parts = split(recorded)
    assert "idle timeout" in play(greeting, *parts[:3], 60.0, idle_timeout_s=1.0)
    assert "idle timeout" in play(60.0, idle_timeout_s=1.0)


def test_single_bytes_now_and_then_are_silence(recorded):
    drops = [part for i in range(200) for part in (recorded[i : i + 1], 0.1)]
    assert "idle timeout" in play(*drops, idle_timeout_s=1.0)


def test_a_heart_that_beats_while_nothing_moves_is_given_up(recorded):
    greeting, parts = split(recorded)
    beat = frames._BEAT.pack(0, 5, 5, 5, 5)

    def beats() -> Iterator[bytes | float]:
        for number in range(3, 1000):
            yield FRAME.pack(0xF7, FrameType.BEAT, number, len(beat)) + beat
            yield 0.05

    assert "has read nothing" in play(greeting, *parts[:3], *beats(), idle_timeout_s=0.2)


def test_a_deadline_is_kept(recorded):
    greeting, parts = split(recorded)
    assert "--deadline" in play(greeting, *parts[:3], 60.0, deadline_s=1.0)


def test_a_broken_connection_keeps_its_words(recorded):
    assert "the line was cut" in play(recorded[:900], RemoteError("the line was cut"))


# The real agent, hurt


@pytest.fixture
def endless(tmp_path) -> Path:
    """A tree that takes longer than any test."""
    root = tmp_path / "endless"
    root.mkdir()
    for name in ("one", "two", "three"):
        with (root / name).open("xb") as stream:
            stream.truncate(2**40)
    return root


class Hurt:
    """Runs a scan of an endless tree, does something to its agent once it is at work, and keeps what became of it."""

    def __init__(self, root: Path, act: Callable[[Process, list[Process]], object], **changes: object) -> None:
        host = WatchedHost()
        self.error: BaseException | None = None
        thread = threading.Thread(target=self._scan, args=(root, host, changes))
        thread.start()
        try:
            assert wait_until(lambda: bool(host.channels) and len(host.channels[0].received) > 500)
            agent = next(one for one in descendants(os.getpid()) if one.pid == host.channels[0].pid)
            self.processes = [agent, *descendants(agent.pid)]
            began = time.monotonic()
            act(agent, self.processes[1:])
            thread.join(20)
            self.took_s = time.monotonic() - began
            assert not thread.is_alive()
            assert wait_until(lambda: not any(one.alive for one in self.processes), 5.0)
        finally:
            end(self.processes)
            thread.join()

    def _scan(self, root: Path, host: WatchedHost, changes: dict[str, object]) -> None:
        try:
            scan_tree(root, host=host, **changes)
        except BaseException as error:  # noqa: BLE001  looked at by the test
            self.error = error


def test_an_agent_that_is_killed_is_named(endless):
    hurt = Hurt(endless, lambda agent, workers: agent.send(signal.SIGKILL))
    assert isinstance(hurt.error, RemoteError)
    assert "killed by signal 9" in str(hurt.error)
    assert hurt.took_s < 5


def test_a_worker_that_is_killed_ends_the_scan(endless):
    hurt = Hurt(endless, lambda agent, workers: workers[0].send(signal.SIGKILL))
    assert "worker process ended" in str(hurt.error)
    assert hurt.took_s < 5


@pytest.mark.parametrize("which", [0, 1])
def test_an_agent_that_is_stopped_is_given_up(endless, which):
    def stop(agent: Process, workers: list[Process]) -> None:
        for one in [[agent], workers][which]:
            one.send(signal.SIGSTOP)

    hurt = Hurt(endless, stop, idle_timeout_s=1.2)
    assert isinstance(hurt.error, RemoteError)
    assert "heard from the agent" in str(hurt.error) or "has read nothing" in str(hurt.error)
    assert hurt.took_s < 15


@pytest.mark.parametrize("seed", range(6))
def test_a_real_agent_that_is_hurt_at_any_moment_is_a_remote_error(endless, seed):
    chance = random.Random(seed)
    number = chance.choice((signal.SIGSTOP, signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV))

    def hurt(agent: Process, workers: list[Process]) -> None:
        time.sleep(chance.random() / 2)
        chance.choice([agent, *workers]).send(number)

    # While one of two workers is stopped the other goes on with its terabytes, and only the deadline ends that.
    found = Hurt(endless, hurt, idle_timeout_s=1.2, deadline_s=4.0)
    assert isinstance(found.error, RemoteError), f"seed {seed}, {number!r}: {found.error!r}"
    assert found.took_s < 15, f"seed {seed}, {number!r}"
    counted.add("hostile seeds", 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_caller_who_has_enough_ends_everything_at_once(endless, workers):
    class Enough(Exception):
        pass

    called = threading.Event()

    def hear(stage: object, files: int) -> None:
        if called.is_set():
            raise Enough

    hurt = Hurt(endless, lambda *_: called.set(), progress=hear, effort=Effort(workers, polite=False))
    assert isinstance(hurt.error, Enough)
    assert hurt.took_s < 3


def test_a_near_side_that_is_killed_leaves_nothing_behind(endless, tmp_path):
    script = (
        "from pathlib import Path; from support.scans import request, Hearer; from handover.scan import scan;"
        "from handover.locations.local import LocalHost;"
        f"scan(LocalHost(), request({os.fsencode(endless)!r}), Path({str(tmp_path / 'out')!r}), Hearer())"
    )
    tests = str(Path(__file__).parents[1])
    near = subprocess.Popen([sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": tests})
    try:
        assert wait_until(lambda: len(descendants(near.pid)) >= 3)
        agents = descendants(near.pid)
    finally:
        near.kill()
        near.wait()
    assert wait_until(lambda: not any(one.alive for one in agents), 3.0)
    assert not (tmp_path / "out").exists()


def test_the_process_limit_of_a_shared_host_is_respected(tmp_path):
    trees.write(tmp_path / "file", b"")
    header = scan_tree(tmp_path, become="prlimit --nproc=20 --as=500000000", effort=Effort(8, polite=True)).header
    assert header.options.workers == 1
    assert {"NPROC=20", "AS=500000000"} <= set(header.machine.limits)


def test_a_host_without_the_digest_refuses(tmp_path):
    trees.write(tmp_path / "file", b"")
    script = 'for d in /usr/lib/*/libxxhash.so* ; do mount --bind /dev/null $d; done; exec "$@"'
    become = f"{'unshare -m' if os.geteuid() == 0 else 'unshare -rm'} sh -c '{script}' sh"
    with pytest.raises(Refused, match="xxhash") as caught:
        scan_tree(tmp_path, become=become, route="python", digest=Algorithm.XXH128, interpreters=("/usr/bin/python3",))
    assert "sha256" in caught.value.hint


def test_a_local_host_that_cannot_start_says_so(tmp_path):
    with pytest.raises(RemoteError, match="could not be started"):
        LocalHost().start("exec /does/not/exist")
