"""Whatever a far host says, in thousands of ways that seeds decide: a documented error or a manifest that fits, soon.

A failure names its seed. ``HOSTILE_SEEDS=1234:1235 make test ARGS=tests/scan/test_hostile_host.py`` plays it again, and
a wide range looks further.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
import tracemalloc
from dataclasses import dataclass

import pytest

from handover.errors import ExitCode, HandoverError
from handover.scan import Listings, list_root
from support import counted
from support.far_host import RULES, Play, VirtualTime, grow, record_listing, record_scan, split
from support.hostile import Script, script
from support.scans import Hearer, request, scan_tree

_FIRST, _STOP = map(int, os.environ.get("HOSTILE_SEEDS", "0:2400").split(":"))
_SHARES = 8
_TREE = b"/srv/www"
_DEADLINE_S = 20.0
#: For a look at the clock: endless talk of small blocks meets its deadline after a few thousand of them.
_LOOK_S = 0.01
#: What one seed may take. Twice a frame of the greatest length and its expansion, and what they are sliced to.
_MOST_BYTES = 112 * 2**20
_MOST_CPU_S = 10.0
_DOCUMENTED = {ExitCode.REMOTE, ExitCode.REFUSED}
#: A host may say that there is no such root: an answer of its own, for which a script needs an ERROR frame.
_ROOT_IS_WRONG = ExitCode.USAGE
_CHANGES = {"rules": RULES, "durable": False, "idle_timeout_s": 3.0, "deadline_s": _DEADLINE_S}


@dataclass(frozen=True, slots=True)
class Recorded:
    """Two good conversations, and what comes out of them."""

    scan: bytes
    listing: bytes
    contents: list[bytes]
    look: object


@pytest.fixture(scope="module")
def recorded(tmp_path_factory) -> Recorded:
    root = tmp_path_factory.mktemp("recorded") / "tree"
    grow(root)
    scanned = record_scan(root, rules=RULES)
    with contextlib.closing(Listings(tempfile.TemporaryFile)) as listings:
        listed = record_listing(root, listings)
        look = listings.look(RULES)
    contents = scan_tree(_TREE, host=Play(scanned), clock=VirtualTime(0).clock, **_CHANGES).contents
    return Recorded(scanned, listed, contents, look)


def outcome(
    recorded: Recorded, play: Script, host: Play, passing: VirtualTime, *, listing: bool
) -> bool | HandoverError:
    """Return whether what came out of a script is what was recorded, or the error that it led to."""
    try:
        if not listing:
            return scan_tree(_TREE, host=host, clock=passing.clock, **_CHANGES).contents == recorded.contents
        with contextlib.closing(Listings(tempfile.TemporaryFile)) as listings:
            wanted = request(_TREE, listing=True, **_CHANGES)
            list_root(host, wanted, Hearer(), passing.clock, lambda payload: listings.add(0, payload))
            return listings.look(RULES) == recorded.look
    except HandoverError as error:
        return error


def judge(play: Script, found: bool | HandoverError) -> None:
    """Say what is wrong with an outcome."""
    if isinstance(found, HandoverError):
        assert not play.is_harmless, found
        allowed = _DOCUMENTED | ({_ROOT_IS_WRONG} if "error" in play.tricks else set())
        assert found.exit_code in allowed, found
        assert f"{found} {found.hint}".isprintable()
        assert len(f"{found}") < 20_000
    elif not found:
        assert play.has_books, "a manifest of something that nobody vouched for"
        assert not play.is_harmless


@pytest.mark.parametrize("share", range(_SHARES))
def test_no_script_of_a_far_host_is_more_than_a_documented_error(recorded, share):
    scanned, listed = split(recorded.scan), split(recorded.listing)
    played = 0
    tracemalloc.start()
    try:
        for seed in range(_FIRST + share, _STOP, _SHARES):
            listing = seed % 5 == 4
            ours, other = (listed, scanned) if listing else (scanned, listed)
            play = script(seed, ours, other[1])
            passing = VirtualTime(_LOOK_S)
            host = Play(more=play.wire, stderr=play.stderr, status=play.status, sleep=passing.sleep)
            tracemalloc.reset_peak()
            before, began_s = tracemalloc.get_traced_memory()[0], time.thread_time()
            try:
                judge(play, outcome(recorded, play, host, passing, listing=listing))
                assert tracemalloc.get_traced_memory()[1] - before < _MOST_BYTES
                assert time.thread_time() - began_s < _MOST_CPU_S
                assert passing.now_s < 2 * _DEADLINE_S
                assert host.closed
            except Exception as error:
                raise AssertionError(f"seed {seed} ({', '.join(play.tricks)}): {error!r}") from error
            played += 1
    finally:
        tracemalloc.stop()
    counted.add("hostile seeds", played)
