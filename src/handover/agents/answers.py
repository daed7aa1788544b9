"""Answers to a challenge, parsed. Layout: ``docs/spec/agent-protocol.md``, ANSWER."""

from __future__ import annotations

import struct
from typing import NamedTuple

from handover.agents.frames import NO_STAT, Status, broken, parse_status

_HEAD = struct.Struct(">IBQqqQ")
_SALTED_SIZE = 32


class Held(NamedTuple):
    """What a host says of a file that it was asked for now: as it was when it was read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class Answer(NamedTuple):
    """The answer for one file, by its number among those that were asked for.

    ``held`` is ``None`` when there was no stat. ``salted`` and ``plain`` are digests of the content, with the salt
    before it and without; both are empty unless the status is OK.
    """

    number: int
    status: Status
    held: Held | None
    salted: bytes
    plain: bytes


def parse_answer(payload: bytes, digest_size: int) -> Answer:
    """Parse an ANSWER frame; ``digest_size`` is that of the plain digest."""
    if len(payload) < _HEAD.size:
        raise broken("an answer that is cut")
    number, status, *held = _HEAD.unpack_from(payload)
    known, digests = parse_status(status), payload[_HEAD.size :]
    if len(digests) != (_SALTED_SIZE + digest_size if known is Status.OK else 0):
        raise broken("an answer whose digests do not fit its status")
    stat = None if status & NO_STAT else Held(*held)
    return Answer(number, known, stat, digests[:_SALTED_SIZE], digests[_SALTED_SIZE:])
