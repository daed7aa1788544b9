"""Listings, parsed: the names, kinds and sizes of folders, each part with the path of its folder.

A frame holds parts one after the other, in any order; a folder of more than 2,048 names comes in several. Layout:
``docs/spec/agent-protocol.md``, LISTING.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from handover.agents.frames import Status, broken, parse_status

_HEAD = struct.Struct(">IBII")
_MAX_NAMES = 2048
#: Bytes of one entry after its name: kind and size.
_WIDTH = 1 + 8


class Listed(IntEnum):
    """What an entry is to a listing; what lies ``ELSEWHERE`` is another filesystem, and was not looked into."""

    UNKNOWN = 0
    FILE = 1
    DIR = 2
    LINK = 3
    SPECIAL = 4
    ELSEWHERE = 5


class Entry(NamedTuple):
    """One name in a folder; ``size`` in bytes of a file, else 0."""

    name: bytes
    kind: int
    size: int


class Part(NamedTuple):
    """Some names of one folder, in the order of their bytes. ``raw`` is all of it, as it was told."""

    path: bytes
    status: Status
    names: int
    raw: bytes

    @property
    def files(self) -> int:
        """How many regular files there are in it."""
        return self._kinds().count(Listed.FILE)

    @property
    def size(self) -> int:
        """How many bytes they have."""
        return sum(self._sizes())

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, in the order of their names."""
        if self.names:
            yield from map(Entry, self._names(), self._kinds(), self._sizes())

    def _names(self) -> list[bytes]:
        names = self.raw[_HEAD.size + len(self.path) : len(self.raw) - self.names * _WIDTH].split(b"/")
        if len(names) != self.names:
            raise broken("a listing whose names do not add up")
        return names

    def _kinds(self) -> bytes:
        end = len(self.raw) - 8 * self.names
        return self.raw[end - self.names : end]

    def _sizes(self) -> array[int]:
        sizes = array("Q", self.raw[len(self.raw) - 8 * self.names :])
        sizes.byteswap()
        return sizes


def parts(payload: bytes) -> Iterator[Part]:
    """Yield the parts of one LISTING frame."""
    at = 0
    while at < len(payload):
        if len(payload) - at < _HEAD.size:
            raise broken("a listing that is cut")
        path, status, count, names = _HEAD.unpack_from(payload, at)
        end = at + _HEAD.size + path + names + count * _WIDTH
        if end > len(payload) or count > _MAX_NAMES:
            raise broken("a listing that is cut")
        start = at + _HEAD.size
        yield Part(payload[start : start + path], parse_status(status), count, payload[at:end])
        at = end
