"""A far host made of bytes: what a real agent told is recorded, taken apart, changed, and played to the near side."""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from handover.agents.frames import FRAME, FrameType
from handover.rules import Rule, RuleKind, RuleSet
from handover.scan import Clock, Listings, list_root
from support import trees
from support.scans import Hearer, WatchedHost, request, scan_tree

NONCE = "0123456789abcdef" * 2
CLOCK = Clock(wall_ns=time.time_ns, monotonic_s=time.monotonic, nonce=lambda: NONCE)
MAGIC = 0xF7


class Play:
    """A host that answers with given blocks; a number is a pause in seconds, an error is raised."""

    shown = "old.example"
    key_fingerprint = None

    def __init__(
        self,
        *blocks: bytes | float | Exception,
        more: Iterable[bytes | float | Exception] = (),
        stderr: bytes = b"",
        status: int | None = 0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``more`` follows the blocks; it may be endless."""
        self._blocks = (block for part in (blocks, more) for block in part)
        self._stderr, self._status = stderr, status
        self._sleep = sleep
        self._pause_s = 0.0
        self.closed = False
        self.commands: list[str] = []
        #: Bytes that were given out so far.
        self.told = 0

    def start(self, command: str) -> Play:
        self.commands.append(command)
        return self

    def send(self, data: bytes) -> None:
        assert data

    def receive(self, timeout_s: float) -> bytes:
        if self._pause_s <= 0:
            block = next(self._blocks, b"")
            if isinstance(block, Exception):
                raise block
            if isinstance(block, bytes):
                self.told += len(block)
                return block
            self._pause_s = block
        self._sleep(min(timeout_s, self._pause_s))
        self._pause_s -= timeout_s
        if self._pause_s <= 0:
            return self.receive(timeout_s)
        raise TimeoutError

    def stderr_tail(self) -> bytes:
        return self._stderr

    def exit_status(self, timeout_s: float) -> int | None:
        return self._status

    def close(self) -> None:
        self.closed = True


class VirtualTime:
    """Time that passes when somebody sleeps, and a little each time somebody looks."""

    def __init__(self, look_s: float) -> None:
        self.now_s = 0.0
        self._look_s = look_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    @property
    def clock(self) -> Clock:
        return Clock(wall_ns=lambda: 1_700_000_000 * 10**9, monotonic_s=self._monotonic_s, nonce=lambda: NONCE)

    def _monotonic_s(self) -> float:
        self.now_s += self._look_s
        return self.now_s


#: What is ignored in the tree that ``record_scan`` reads; who plays it has to ask for the same.
RULES = RuleSet(rules=(Rule(kind=RuleKind.IGNORE, pattern="cache/**", reason="made anew", origin="test"),))


def grow(root: Path) -> None:
    """Make a small tree of which an agent has something to tell in every type of frame but ERROR."""
    for name in ("folder/sub", "cache/deep", "empty"):
        (root / name).mkdir(parents=True)
    for name in ("a", "b", "folder/c", "folder/sub/d", "cache/deep/e", "cache/f"):
        trees.write(root / name, name.encode())
    trees.write(root / "windows.txt", b"one\r\ntwo\r\n")
    (root / "link").symlink_to("folder/c")
    (root / "folder" / "b\xff".encode("latin-1").decode("utf-8", "surrogateescape")).touch()
    with (root / "heavy").open("xb") as stream:
        stream.truncate(9 * 2**20)


def record_scan(root: Path, **changes: object) -> bytes:
    """Return all bytes of one good scan, with the known nonce."""
    host = WatchedHost()
    scan_tree(root, host=host, clock=CLOCK, **changes)
    return host.channels[0].received


def record_listing(root: Path, listings: Listings) -> bytes:
    """Return all bytes of one good listing, with the known nonce; ``listings`` gets it as the source."""
    host = WatchedHost()
    wanted = request(root, listing=True, rules=RULES)
    list_root(host, wanted, Hearer(), CLOCK, lambda payload: listings.add(0, payload))
    return host.channels[0].received


def split(raw: bytes) -> tuple[bytes, list[bytes]]:
    """Return the greeting and all frames."""
    at = raw.index(b"\n") + 1
    greeting, parts = raw[:at], []
    while at < len(raw):
        length = FRAME.unpack_from(raw, at)[3] + FRAME.size
        parts.append(raw[at : at + length])
        at += length
    return greeting, parts


def of_type(parts: list[bytes], kind: FrameType) -> int:
    return next(i for i, part in enumerate(parts) if part[1] == kind)


def frame(kind: int, payload: bytes, number: int = 0) -> bytes:
    return FRAME.pack(MAGIC, kind, number & 0xFFFFFFFF, len(payload)) + payload


def pack(inner: bytes, length: int | None = None) -> bytes:
    """Return the payload of a PACKED frame that says that it has ``length`` bytes, by default the truth."""
    return (len(inner) if length is None else length).to_bytes(4, "big") + zlib.compress(inner, 1)


def renumbered(parts: Iterable[bytes | list[bytes]]) -> list[bytes]:
    """Number frames anew and give END the digest and counts that fit, as a liar who knows the protocol would.

    A list among the parts is sent as one PACKED frame.
    """
    result, digest, counts = [], hashlib.sha256(), dict.fromkeys(FrameType, 0)
    known = frozenset(map(int, FrameType))
    number = 0

    def numbered(part: bytes) -> bytes:
        nonlocal number
        kind, payload = part[1], part[FRAME.size :]
        raw = frame(kind, payload, number)
        if kind in known:
            counts[FrameType(kind)] += 1
        number += kind != FrameType.PACKED
        return raw

    for part in parts:
        if isinstance(part, bytes) and part[1] == FrameType.END:
            raw = frame(FrameType.END, _books(part[FRAME.size :], digest, counts), number)
            number += 1
        elif isinstance(part, list):
            first = number
            raw = frame(FrameType.PACKED, pack(b"".join(map(numbered, part))), first)
            counts[FrameType.PACKED] += 1
            digest.update(raw)
        else:
            raw = numbered(part)
            digest.update(raw)
        result.append(raw)
    return result


def _books(payload: bytes, digest: hashlib._Hash, counts: dict[FrameType, int]) -> bytes:
    """Return what END has to say; as it is when it is not even JSON any more."""
    try:
        end_of = json.loads(payload)
        end_of["sha256"] = digest.hexdigest()
        end_of["frames"] = {str(int(k)): n for k, n in counts.items()}
        return json.dumps(end_of).encode()
    except (ValueError, TypeError, RecursionError):
        return payload
