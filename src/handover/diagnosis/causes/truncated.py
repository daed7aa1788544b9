"""Files that end too early, and how far they are proven to be equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import number, plural, quoted, resend, say, size
from handover.entries import prefix_step
from handover.report import Fact

#: Programs write whole blocks; an edited file ends anywhere.
_BLOCK = 512
_FEW, _ENOUGH = 3, 5
_KEYS = 4096
#: Small files are of one size by chance.
_LEAST_END = 1024


class Truncated(Cause):
    """Changed files that are shorter on the target."""

    kinds = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._proven = self._possible = 0
        self._example: tuple[bytes, int, int] | None = None
        self._ends: Counter[int] = Counter()

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        equal = equal_up_to(seen)
        end = seen.target.size or 0 if equal is not None and seen.target is not None else 0
        if end >= _LEAST_END and (end in self._ends or len(self._ends) < _KEYS):
            self._ends[end] += 1
        if equal:
            self._proven += 1
            if self._example is None or seen.size > self._example[2]:
                self._example = seen.path, equal, seen.size
        elif equal == 0:
            self._possible += _on_a_block(seen)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield those that are proven by their beginnings, and those that only look like it."""
        remedy = (resend(scene.context.part, checksum=True),)
        if self._example is not None:
            path, equal, whole = self._example
            yield Hypothesis(
                cause="truncated",
                weight=Weight.PROVEN,
                confidence="high",
                title=plural(
                    self._proven,
                    "A file ends too early: its transfer was broken off",
                    "{n} files end too early: their transfer was broken off",
                ),
                evidence=(
                    plural(
                        whole - equal,
                        "{path} is identical up to {equal} bytes; the last {n} byte ({size}) is not proven, and the "
                        "target's copy is shorter.",
                        "{path} is identical up to {equal} bytes; the last {n} bytes ({size}) are not proven, and the "
                        "target's copy is shorter.",
                        path=quoted(path),
                        equal=number(equal),
                        size=size(whole - equal),
                    ),
                ),
                remedy=remedy,
                explains=lambda seen: bool(equal_up_to(seen)),
            )
        yield from self._at_one_size(remedy)
        if self._possible:
            yield Hypothesis(
                cause="truncated",
                weight=Weight.SHAPED,
                confidence="low",
                title=plural(
                    self._possible,
                    "A file is shorter on the target and ends on a whole block: it may be truncated",
                    "{n} files are shorter on the target and end on whole blocks: they may be truncated",
                ),
                evidence=(
                    say(
                        "Sizes on the target are multiples of {block} bytes. The files are too small for more "
                        "evidence.",
                        block=number(_BLOCK),
                    ),
                ),
                remedy=remedy,
                explains=lambda seen: equal_up_to(seen) == 0 and _on_a_block(seen),
            )

    def _at_one_size(self, remedy: tuple[str, ...]) -> Iterator[Hypothesis]:
        """Yield the size at which many files end: nobody edits them all to that."""
        end, count = self._ends.most_common(1)[0] if self._ends else (0, 0)
        if count < _FEW:
            return
        yield Hypothesis(
            cause="truncated",
            weight=Weight.PROVEN,
            confidence="high" if count >= _ENOUGH else "medium",
            title=plural(end, "Files were cut at {n} byte", "Files were cut at {n} bytes"),
            evidence=(
                plural(
                    count,
                    "{n} file that is longer on the source has exactly that size on the target.",
                    "{n} files that are longer on the source have exactly that size on the target.",
                ),
            ),
            remedy=(say("Look for a limit of uploads or of the program that wrote them."), *remedy),
            explains=lambda seen: equal_up_to(seen) is not None and seen.target is not None and seen.target.size == end,
            facts=(Fact(name="end_bytes", value=str(end)),),
        )


def equal_up_to(seen: Observation) -> int | None:
    """Return up to which byte a shorter file is proven to be the beginning of the whole one.

    0 when nothing is known; ``None`` when it is not shorter, has nothing in it, or begins otherwise.
    """
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or source is None or target is None:
        return None
    if not source.size or not target.size or target.size >= source.size:
        return None
    if not source.prefixes or not target.prefixes:
        return 0
    steps = prefix_step(source.size), prefix_step(target.size)
    step = max(steps)
    ours, theirs = (
        prefixes[step // each - 1 :: step // each]
        for prefixes, each in zip((source.prefixes, target.prefixes), steps, strict=True)
    )
    common = list(zip(ours, theirs, strict=False))
    if any(left != right for left, right in common):
        return None
    return len(common) * step


def _on_a_block(seen: Observation) -> bool:
    return seen.target is not None and bool(seen.target.size) and (seen.target.size or 0) % _BLOCK == 0
