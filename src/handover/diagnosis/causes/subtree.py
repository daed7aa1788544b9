"""Whole folders that are missing with everything in them, while what is beside them arrived."""

from __future__ import annotations

from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import argument, listed, plural, resend, size
from handover.report import Fact

_KEEP, _TOLD = 64, 20
_FEW, _ENOUGH = 3, 10


class Subtree(Cause):
    """The topmost missing folders with most in them."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.FOLDERS

    def __init__(self) -> None:
        self._roots: dict[bytes, tuple[int, int]] = {}
        self._total = self._files = self._bytes = 0
        self._last: bytes | None = None

    def add(self, seen: Observation) -> None:
        """Take one missing path; a folder counts once it has a file in it."""
        if seen.whole is None or not seen.is_file:
            return
        self._files += 1
        self._bytes += seen.size
        self._total += seen.whole != self._last
        self._last = seen.whole
        if seen.whole not in self._roots and len(self._roots) >= _KEEP:
            self._roots = dict(self._ranked()[: _KEEP // 2])
        files, total = self._roots.get(seen.whole, (0, 0))
        self._roots[seen.whole] = files + 1, total + seen.size

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the missing folders together; empty ones have another cause."""
        if self._files < _FEW or not scene.census.files:
            return
        names = [path for path, _ in self._ranked()][:_TOLD]
        hollow = scene.folders.hollow_missing
        yield Hypothesis(
            cause="subtree_missing",
            weight=Weight.SHAPED,
            confidence="high" if self._files >= _ENOUGH and self._total <= _FEW else "medium",
            title=plural(
                self._total,
                "The folder {names} is missing with everything in it",
                "{n} folders are missing with everything in them: {names}",
                names=listed(names, self._total),
            ),
            evidence=(
                plural(
                    self._files,
                    "{n} file ({size}) is in them on the source; none of them arrived.",
                    "{n} files ({size}) are in them on the source; none of them arrived.",
                    size=size(self._bytes),
                ),
                plural(
                    scene.census.files,
                    "What is beside them arrived: {n} file.",
                    "What is beside them arrived: {n} files.",
                ),
            ),
            remedy=(tuple(_commands(names)) if self._total <= _FEW else ()) or (resend(scene.context.part),),
            explains=lambda seen: (
                seen.kind is PathClass.MISSING
                and seen.whole is not None
                and seen.whole not in hollow
                and not scene.pairs.moved(seen)
            ),
            facts=tuple(Fact(name="folder", value=paths.shown(path)) for path in names),
        )

    def _ranked(self) -> list[tuple[bytes, tuple[int, int]]]:
        return sorted(self._roots.items(), key=lambda item: (-item[1][0], item[0]))


def _commands(names: list[bytes]) -> Iterator[str]:
    for path in names:
        word, above = argument(path), argument(path.rpartition(b"/")[0] or b".")
        if word and above:
            yield f"rsync -a SOURCE/{word} TARGET/{above}/"
