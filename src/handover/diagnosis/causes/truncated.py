"""Files that end too early, and how far they are proven to be equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import is_text
from handover.diagnosis.words import number, plural, quoted, resend, say, size
from handover.entries import prefix_step
from handover.report import Fact

#: Programs write whole blocks; an edited file ends anywhere.
_BLOCK = 512
_SECOND_NS = 10**9
_FEW, _ENOUGH = 3, 5
_KEYS = 4096
#: Small files are of one size by chance.
_LEAST_END = 1024


class Truncated(Cause):
    """Changed files that are shorter on the target."""

    kinds = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._proven = self._possible = self._on_blocks = self._texts = self._grown = 0
        self._first_grown = b""
        self._example: tuple[bytes, int, int] | None = None
        self._ends: Counter[int] = Counter()

    def add(self, seen: Observation) -> None:
        """Take one changed file; one that was edited on the source since the copy may have grown there."""
        equal = equal_up_to(seen)
        if equal is None:
            return
        if is_older_there(seen):
            self._grown += 1
            self._first_grown = self._first_grown or seen.path
            return
        end = seen.target.size or 0 if seen.target is not None else 0
        if end >= _LEAST_END and (end in self._ends or len(self._ends) < _KEYS):
            self._ends[end] += 1
        if equal:
            self._proven += 1
            if self._example is None or seen.size > self._example[2]:
                self._example = seen.path, equal, seen.size
        elif looks_cut(seen):
            self._possible += 1
            self._texts += is_text(seen.name)
            self._on_blocks += _on_a_block(seen)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield those that are proven by their beginnings, and those that only look like it."""
        remedy = (resend(scene.context.part, checksum=True),)
        if self._example is not None:
            yield self._are_proven(remedy, *self._example)
        yield from self._at_one_size(remedy)
        if self._possible:
            yield self._look_cut(remedy)
        if self._grown:
            yield self._have_grown(scene)

    def _are_proven(self, remedy: tuple[str, ...], path: bytes, equal: int, whole: int) -> Hypothesis:
        return Hypothesis(
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
            explains=lambda seen: bool(equal_up_to(seen)) and not is_older_there(seen),
        )

    def _look_cut(self, remedy: tuple[str, ...]) -> Hypothesis:
        return Hypothesis(
            cause="truncated",
            weight=Weight.SHAPED,
            confidence="low" if self._texts else "medium",
            title=plural(
                self._possible,
                "A file is shorter on the target: it may be truncated",
                "{n} files are shorter on the target: they may be truncated",
            ),
            evidence=(
                plural(
                    self._on_blocks,
                    "The size of {n} of them is a multiple of {block} bytes there. The files are too small for "
                    "more evidence.",
                    "The sizes of {n} of them are multiples of {block} bytes there. The files are too small for "
                    "more evidence.",
                    block=number(_BLOCK),
                ),
            ),
            remedy=remedy,
            explains=lambda seen: equal_up_to(seen) == 0 and looks_cut(seen) and not is_older_there(seen),
        )

    def _have_grown(self, scene: Scene) -> Hypothesis:
        return Hypothesis(
            cause="grown_on_source",
            weight=Weight.SHAPED,
            confidence="medium",
            title=plural(
                self._grown,
                "A file grew on the source after it was copied",
                "{n} files grew on the source after they were copied",
            ),
            evidence=(
                say(
                    "The target's copy is shorter and older, and begins alike as far as is known, for example {path}.",
                    path=quoted(self._first_grown),
                ),
            ),
            remedy=(
                say("Send what is new once more; freeze the source first."),
                resend(scene.context.part),
            ),
            explains=lambda seen: equal_up_to(seen) is not None and is_older_there(seen),
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
            explains=lambda seen: (
                equal_up_to(seen) is not None
                and seen.target is not None
                and seen.target.size == end
                and not is_older_there(seen)
            ),
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


def is_older_there(seen: Observation) -> bool:
    """Whether a file of the target is older than that of the source: who cuts or damages one makes it newer."""
    ours, theirs = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    return ours is not None and theirs is not None and ours >= theirs + _SECOND_NS


def looks_cut(seen: Observation) -> bool:
    """Whether it ends on a whole block, or is of a kind that nobody edits."""
    return _on_a_block(seen) or not is_text(seen.name)


def _on_a_block(seen: Observation) -> bool:
    return seen.target is not None and bool(seen.target.size) and (seen.target.size or 0) % _BLOCK == 0
