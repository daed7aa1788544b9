"""Files whose name arrived and whose content did not: of length zero, or filled with zero bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Protocol, Self

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation, is_emptied
from handover.diagnosis.words import plural, quoted, resend, say
from handover.entries import prefix_step

_PAGE = 4096
_LARGEST = 4 * 2**20
_SHA256_HEX, _PREFIX_HEX = 64, 16
_SIZES = 4096


class Hasher(Protocol):
    """A running digest that can be forked."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def copy(self) -> Self:
        """Return a fork."""

    def hexdigest(self) -> str:
        """Return the digest so far."""


class Zeroed(Cause):
    """Changed files without any content on the target."""

    kinds = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._empty, self._filled = 0, 0
        self._first_empty = self._first_filled = b""

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        if is_emptied(seen):
            self._empty += 1
            self._first_empty = self._first_empty or seen.path
        elif _is_filled(seen):
            self._filled += 1
            self._first_filled = self._first_filled or seen.path

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield both kinds."""
        remedy = (resend(scene.context.part, checksum=True),)
        if self._empty:
            yield Hypothesis(
                cause="zero_length",
                weight=Weight.PROVEN,
                confidence="high",
                title=plural(
                    self._empty,
                    "A file is empty on the target: it was created and never filled",
                    "{n} files are empty on the target: they were created and never filled",
                ),
                evidence=(say("For example {path} has 0 bytes there.", path=quoted(self._first_empty)),),
                remedy=(
                    say("Look whether the disk or the quota of the target was full: `df -h`, `df -i`, `quota`."),
                    *remedy,
                ),
                explains=is_emptied,
            )
        if self._filled:
            yield Hypothesis(
                cause="zero_filled",
                weight=Weight.PROVEN,
                confidence="high",
                title=plural(
                    self._filled,
                    "A file has the right size on the target and zero bytes in place of its content",
                    "{n} files have the right size on the target and zero bytes in place of their content",
                ),
                evidence=(
                    say(
                        "For example {path}: the digest there is that of zero bytes (of a large file, the digest of "
                        "its beginning). The space was reserved and never written, or lost in a crash.",
                        path=quoted(self._first_filled),
                    ),
                ),
                remedy=remedy,
                explains=_is_filled,
            )


def _is_filled(seen: Observation) -> bool:
    """Whether the digest of the target's file, or of the beginning of a large one, is that of zero bytes.

    Only for SHA-256; of the source's own file the same must not be true.
    """
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or source is None or target is None or not target.size:
        return False
    if target.size != source.size or len(target.digest or "") != _SHA256_HEX:
        return False
    if target.prefixes:
        step = prefix_step(target.size)
        zeros = _zeros_digest(step)[:_PREFIX_HEX] if step <= _LARGEST else None
        return target.prefixes[0] == zeros and source.prefixes is not None and source.prefixes[0] != zeros
    return target.size <= _LARGEST and target.digest == _zeros_digest(target.size)


@lru_cache(_SIZES)
def _zeros_digest(size: int) -> str:
    hasher = _states()[size // _PAGE].copy()
    hasher.update(bytes(size % _PAGE))
    return hasher.hexdigest()


@cache
def _states() -> list[Hasher]:
    """Return the states of a digest after each page of zeros: from there any size costs a page at most."""
    hasher: Hasher = hashlib.sha256()
    states: list[Hasher] = []
    for _ in range(_LARGEST // _PAGE + 1):
        states.append(hasher.copy())
        hasher.update(bytes(_PAGE))
    return states
