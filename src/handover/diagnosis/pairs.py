"""Contents that left one path and are found at another: what is missing, held against what is extra."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from handover.comparison import PathClass
from handover.diagnosis.observation import Observation
from handover.diagnosis.tables import HashSet

_SAMPLE = 2048


class _Sample:
    """Paths by digest, for the digests below a limit that sinks: two samples keep the same digests, however many."""

    def __init__(self) -> None:
        self.limit = 2**32
        self._paths: dict[str, bytes | None] = {}

    def add(self, digest: str, path: bytes) -> None:
        if int(digest[:8], 16) >= self.limit:
            return
        # Of a content under several names nobody can say which one went where.
        self._paths[digest] = None if digest in self._paths else path
        while len(self._paths) > _SAMPLE:
            self.limit //= 2
            self._paths = {key: value for key, value in self._paths.items() if int(key[:8], 16) < self.limit}

    def items(self) -> Iterator[tuple[str, bytes]]:
        for digest, path in self._paths.items():
            if path is not None:
                yield digest, path

    def get(self, digest: str) -> bytes | None:
        return self._paths.get(digest)


class Pairs:
    """What is missing and what is extra, by path and by content; empty files say nothing. It wants both ``kinds``."""

    kinds: ClassVar = frozenset({PathClass.MISSING, PathClass.EXTRA})

    def __init__(self) -> None:
        self.missing_paths, self.extra_paths = HashSet(), HashSet()
        self.missing_contents, self.extra_contents = HashSet(), HashSet()
        self._missing, self._extra = _Sample(), _Sample()

    def add(self, seen: Observation) -> None:
        """Take one missing or extra path."""
        if seen.kind is PathClass.MISSING:
            paths, contents, sample = self.missing_paths, self.missing_contents, self._missing
        else:
            paths, contents, sample = self.extra_paths, self.extra_contents, self._extra
        paths.add(seen.path)
        if (digest := seen.entry.digest) is not None and seen.size:
            contents.add(digest)
            sample.add(digest, seen.path)

    def sample(self) -> list[tuple[bytes, bytes]]:
        """Return pairs of a missing and an extra path with one content, in the order of the former; at most 2,048.

        Which ones depends on the contents alone.
        """
        pairs = ((path, self._extra.get(digest)) for digest, path in self._missing.items())
        return sorted((path, other) for path, other in pairs if other is not None)

    def moved(self, seen: Observation) -> bool:
        """Whether the content of a missing or extra file is there under another path of the other side."""
        digest = seen.entry.digest
        if digest is None or not seen.size:
            return False
        if seen.kind is PathClass.MISSING:
            return digest in self.extra_contents
        return seen.kind is PathClass.EXTRA and digest in self.missing_contents
