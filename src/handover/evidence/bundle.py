"""A bundle as a flat set of named files to read from, wherever they are: the port that ``verify`` works on.

``handover.bundles`` opens folders and zip archives. Specification: ``docs/spec/bundle.md``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from handover.errors import MalformedInput

MAX_FILES = 10_000
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Listing:
    """What a bundle holds: length in bytes by name, and a sentence for each thing that no bundle may hold."""

    files: Mapping[str, int]
    problems: tuple[str, ...]


class Bundle(Protocol):
    """A flat set of named files."""

    @property
    def where(self) -> str:
        """How the bundle is named to people; already harmless text."""

    @property
    def listing(self) -> Listing:
        """What was there when the bundle was opened."""

    def open(self, name: str) -> BinaryIO:
        """Open one of the listed files; the caller closes it. Reading raises ``HandoverError`` and nothing else."""


def digest(bundle: Bundle, name: str) -> tuple[str, int]:
    """Return SHA-256 in hex and length of one file, read as a stream."""
    sha256 = hashlib.sha256()
    length = 0
    with bundle.open(name) as stream:
        while block := stream.read(_CHUNK):
            sha256.update(block)
            length += len(block)
    return sha256.hexdigest(), length


def read(bundle: Bundle, name: str, limit: int) -> bytes:
    """Return all bytes of one file; ``MalformedInput`` when there are more than ``limit``."""
    with bundle.open(name) as stream:
        raw = stream.read(limit + 1)
    if len(raw) > limit:
        raise MalformedInput(f"longer than the {limit} bytes that are allowed", where=f"{bundle.where}/{name}")
    return raw
