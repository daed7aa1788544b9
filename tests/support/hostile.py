"""Scripts for a hostile far host, each drawn from a seed: the same number is always the same conversation.

A script begins with a good recording. Tricks change its frames, then they are numbered as they should be or not, and
further tricks change the bytes on the wire and when they come.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from handover.agents.frames import FRAME, MAX_PAYLOAD, FrameType
from handover.errors import RemoteError
from support.far_host import frame, pack, renumbered
from support.mutation import mutated

Frames = list[bytes | list[bytes]]
Wire = Iterable[bytes | float | Exception]

_NASTY_VALUES = (
    *(None, True, -1, 0, 2**53, 2**64, 10**30, 0.5, [], {}, "", "0", "-1", "9" * 5000, "x" * 70000),
    *("\x1b[31m", "\u202e", "../../etc", "\0", "\U0010ffff", {"0": "root"}, {"9" * 5000: "x"}, {"0": 7}),
)
_NASTY_JSON = (
    b"[" * 100000,
    b'{"a":' * 50000,
    b"{}{}",
    b"\xff",
    b"1e999",
    b"NaN",
    b'{"nonce":1,"nonce":2}',
    b'"\\ud800"',
)
_CODES = (
    "missing",
    "not-a-folder",
    "link",
    "unmounted",
    "digest",
    "platform",
    "parameters",
    "worker",
    "bug",
    "",
    "\x1b[2J",
)
_ENDLESS = 10**9


@dataclass(slots=True)
class Script:
    """What is played; ``tricks`` names what was done, for the message of a failure."""

    greeting: bytes
    frames: Frames
    other: list[bytes]
    wire: Wire = ()
    tricks: list[str] = field(default_factory=list)
    status: int | None = 0
    stderr: bytes = b""
    #: Whether a good answer has to come out of it, as nothing was changed but when and how the bytes come.
    is_harmless: bool = True
    #: Whether numbers, counts and digest fit what is told, so that the near side cannot know that it is a lie.
    has_books: bool = True


def script(seed: int, recording: tuple[bytes, list[bytes]], other: list[bytes]) -> Script:
    """Return the script of one seed; ``other`` has the frames of another scan, from which some are mixed in."""
    chance = random.Random(seed)
    play = Script(recording[0], list(recording[1]), other)
    for trick in chance.choices(_ON_FRAMES, k=chance.choice((0, 0, 1, 1, 1, 2, 3))):
        play.is_harmless = False
        play.tricks.append(trick.__name__.strip("_"))
        trick(chance, play)
    if play.is_harmless or chance.random() < 0.7:
        if chance.random() < 0.4:
            _in_packs(chance, play)
        play.frames = list(renumbered(play.frames))
    else:
        play.has_books = False
        play.tricks.append("as they are")
    play.wire = [play.greeting, *play.frames]
    if play.is_harmless or chance.random() < 0.3:
        trick = chance.choice(_ON_WIRE)
        play.tricks.append(trick.__name__.strip("_"))
        trick(chance, play)
        if trick not in _HARMLESS:
            play.is_harmless = play.has_books = False
    play.wire = _in_blocks(chance, play.wire)
    play.status = chance.choice((0, 0, 1, 126, 127, -9, None))
    play.stderr = chance.choice((b"", b"Killed\n", b"\x1b[2Jwords\xff", b"x" * 4096))
    return play


# On frames


def _place(chance: random.Random, play: Script) -> int:
    return chance.randrange(len(play.frames))


def _left_out(chance: random.Random, play: Script) -> None:
    del play.frames[_place(chance, play)]


def _repeated(chance: random.Random, play: Script) -> None:
    play.frames.insert(_place(chance, play), chance.choice(play.frames))


def _reordered(chance: random.Random, play: Script) -> None:
    start = _place(chance, play)
    run = play.frames[start : start + chance.randint(2, 5)]
    chance.shuffle(run)
    play.frames[start : start + len(run)] = run


def _from_another_scan(chance: random.Random, play: Script) -> None:
    at = _place(chance, play)
    play.frames[at : at + chance.randrange(2)] = [chance.choice(play.other)]


def _other_nonce(chance: random.Random, play: Script) -> None:
    nonce = f"{chance.getrandbits(128):032x}".encode()
    play.greeting = play.greeting[: -len(nonce) - 1] + nonce + b"\n" if chance.random() < 0.3 else play.greeting
    at = chance.choice((0, len(play.frames) - 1))
    play.frames[at] = bytes(play.frames[at]).replace(b"0123456789abcdef" * 2, nonce)


def _other_type(chance: random.Random, play: Script) -> None:
    at = _place(chance, play)
    play.frames[at] = frame(chance.randrange(256), _payload(play.frames[at]))


def _lie(chance: random.Random, play: Script) -> None:
    """Change what one frame says: single bytes, whole numbers, or what a document holds."""
    at = _place(chance, play)
    raw = bytes(play.frames[at])
    payload = _payload(raw)
    if payload[:1] == b"{" and chance.random() < 0.9:
        payload = _other_document(chance, payload)
    else:
        payload = mutated(chance, payload, play.other)
    play.frames[at] = frame(raw[1], payload)


def _wrong_trailer(chance: random.Random, play: Script) -> None:
    """Change END, and leave the books as they are then."""
    raw = bytes(play.frames[-1])
    play.frames[-1] = frame(raw[1], _other_document(chance, _payload(raw)))


def _error(chance: random.Random, play: Script) -> None:
    words = {"code": chance.choice(_CODES), "text": chance.choice(("", "no", "\x1b[31m\u202e", "x" * 10**6))}
    play.frames.insert(_place(chance, play), frame(FrameType.ERROR, json.dumps(words).encode()))


def _bomb(chance: random.Random, play: Script) -> None:
    """Put in something compressed that is not what it says, or is far more than it looks."""
    inner = b"".join(bytes(part) for part in play.frames[1:3])
    beats = b"".join(frame(FrameType.BEAT, bytes(33), number) for number in range(1, 20000))
    payload = chance.choice(
        (
            lambda: pack(bytes(MAX_PAYLOAD)),
            lambda: pack(bytes(MAX_PAYLOAD * 4), MAX_PAYLOAD),
            lambda: pack(bytes(MAX_PAYLOAD * 4)),
            lambda: pack(bytes(100), 0),
            lambda: pack(inner, len(inner) + chance.choice((-1, 1))),
            lambda: pack(inner)[: chance.randrange(30)],
            lambda: pack(inner) + b"more",
            lambda: pack(frame(FrameType.PACKED, pack(inner), 1)),
            lambda: pack(frame(FrameType.CHUNK, bytes(MAX_PAYLOAD - FRAME.size), 1)),
            lambda: pack(beats),
            lambda: pack(b""),
        )
    )()
    play.frames.insert(_place(chance, play), frame(FrameType.PACKED, payload))


def _in_packs(chance: random.Random, play: Script) -> None:
    """Compress a run of frames, as an agent on a slow line does."""
    start = chance.randrange(1, max(2, len(play.frames) - 1))
    run = play.frames[start : start + chance.randint(1, 6)]
    if len(play.frames) > start + len(run) and all(part[1] != FrameType.PACKED for part in run):
        play.frames[start : start + len(run)] = [[bytes(part) for part in run]]
        play.tricks.append("packed")


def _payload(part: bytes | list[bytes]) -> bytes:
    return bytes(part)[FRAME.size :]


def _other_document(chance: random.Random, payload: bytes) -> bytes:
    try:
        document = json.loads(payload)
    except (ValueError, RecursionError):
        return payload
    if chance.random() < 0.2 or not isinstance(document, dict):
        return chance.choice(_NASTY_JSON)
    within = document
    key = chance.choice([*document, "more"])
    if isinstance(document.get(key), dict) and chance.random() < 0.6:
        within, key = document[key], chance.choice([*document[key], "9" * 5000, "x"])
    if chance.random() < 0.15:
        within.pop(key, None)
    else:
        within[key] = chance.choice(_NASTY_VALUES)
    return json.dumps(document).encode()


_ON_FRAMES: tuple[Callable[[random.Random, Script], None], ...] = (
    *(_left_out, _repeated, _reordered, _from_another_scan, _other_nonce, _other_type, _wrong_trailer, _error),
    *(_bomb, _lie, _lie, _lie, _lie, _lie, _lie),
)


# On the wire


def _joined(wire: Wire) -> bytes:
    return b"".join(part for part in wire if isinstance(part, bytes))


def _noise_before(chance: random.Random, play: Script) -> None:
    line = chance.choice((b"Welcome!\r\n", b"\x01handover", b"\x1b[31m\0\xff", b"Last login: today\n"))
    play.wire = [line * chance.randint(1, 64 * 1024 // len(line)), *play.wire]


def _noise_within(chance: random.Random, play: Script) -> None:
    raw = _joined(play.wire)
    at = chance.randint(1, len(raw))
    play.wire = [raw[:at], b"PHP Warning: something", raw[at:]]


def _flipped_bit(chance: random.Random, play: Script) -> None:
    raw = bytearray(_joined(play.wire))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    play.wire = [bytes(raw)]


def _giant(chance: random.Random, play: Script) -> None:
    """Announce more than follows, or more than may come."""
    at = _place(chance, play)
    raw = bytes(play.frames[at])
    length = chance.choice((len(raw), MAX_PAYLOAD, MAX_PAYLOAD + 1, 2**31, 2**32 - 1))
    changed = raw[: FRAME.size - 4] + length.to_bytes(4, "big") + raw[FRAME.size :]
    play.wire = [play.greeting, *play.frames[:at], changed, *play.frames[at + 1 :]]


def _cut(chance: random.Random, play: Script) -> None:
    raw = _joined(play.wire)
    ends: tuple[Wire, ...] = ((), (RemoteError("the line was cut"),), (1e9,))
    play.wire = [raw[: chance.randrange(len(raw))], *chance.choice(ends)]


def _more_after_the_end(chance: random.Random, play: Script) -> None:
    play.wire = [*play.wire, chance.choice((b"\n", bytes(part) if (part := play.wire[-1]) else b"x", b"\xf7" * 70000))]


def _drip(chance: random.Random, play: Script) -> None:
    """A byte or a few at a time, too slowly for anything whole to come in time."""
    raw, step = _joined(play.wire), chance.randint(1, 8)
    parts = [raw[at : at + step] for at in range(0, len(raw), step)]
    play.wire = [part for drop in parts for part in (drop, 4.0)]


def _slow(chance: random.Random, play: Script) -> None:
    """Frame by frame, each just in time."""
    play.wire = [part for whole in play.wire for part in (whole, chance.uniform(0.1, 0.4))]


def _endless_line(chance: random.Random, play: Script) -> None:
    raw = _joined(play.wire)
    line = chance.choice((b"x" * 9973, b"\n" * 8192, b"\x01handover-agent ", b"\xf7" * 4096))
    play.wire = itertools.chain(
        [raw[: chance.choice((0, chance.randrange(len(raw))))]], itertools.repeat(line, _ENDLESS)
    )


def _endless_frames(chance: random.Random, play: Script) -> None:
    """One more frame, again and again, each well numbered."""
    some = [bytes(part) for part in play.frames[1:-1] if isinstance(part, bytes) and part[1] != FrameType.PACKED]
    kept = chance.randint(1, max(1, len(some)))
    again = chance.choice([*some, frame(FrameType.BEAT, bytes(33))])
    play.wire = itertools.chain([play.greeting], _without_end([bytes(play.frames[0]), *some[:kept]], again, chance))


def _without_end(first: list[bytes], again: bytes, chance: random.Random) -> Iterator[bytes]:
    yield from renumbered(first)
    for number in itertools.count(len(first)):
        payload = _payload(again)
        if chance.random() < 0.5:
            payload = payload[:8] + number.to_bytes(8, "big") + payload[16:]
        yield frame(again[1], payload, number)


_HARMLESS = (_noise_before, _slow)
_ON_WIRE: tuple[Callable[[random.Random, Script], None], ...] = (
    *_HARMLESS,
    *(_noise_within, _flipped_bit, _giant, _cut, _more_after_the_end, _drip, _endless_line, _endless_frames),
)


def _in_blocks(chance: random.Random, wire: Wire) -> Wire:
    """Cut what comes at places of its own; a stream without end stays one."""
    if not isinstance(wire, list) or any(not isinstance(part, bytes) for part in wire):
        return wire
    raw = _joined(wire)
    most = chance.choice((64, 1000, 32 * 1024, 2**20))
    if len(raw) // most > 100:
        most = len(raw)
    return _cut_up(raw, most, chance)


def _cut_up(raw: bytes, most: int, chance: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(raw):
        length = chance.randint(1, most)
        yield raw[at : at + length]
        at += length
