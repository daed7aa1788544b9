"""Contents that changed while size and time stayed: nobody edited these files."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import plural, quoted, resend, say


class InPlace(Cause):
    """Changed files with equal sizes and equal times, to the second."""

    kinds = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._total = 0
        self._first = b""

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        if _is_altered(seen):
            self._total += 1
            self._first = self._first or seen.path

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the altered files."""
        if self._total:
            yield Hypothesis(
                cause="corrupted_in_place",
                weight=Weight.PROVEN,
                confidence="high",
                title=plural(
                    self._total,
                    "The content of a file changed while its size and its time stayed: it is damaged, or was "
                    "altered unseen",
                    "The content of {n} files changed while their sizes and times stayed: they are damaged, or "
                    "were altered unseen",
                ),
                evidence=(
                    say("For example {path}. Whoever edits a file gives it a new time.", path=quoted(self._first)),
                ),
                remedy=(
                    say(
                        "Check disk and memory of the target, and look for changes that nobody admits to. A copy by "
                        "size and time passes over these files: compare contents when you send them again."
                    ),
                    resend(scene.context.part, checksum=True),
                ),
                explains=_is_altered,
            )


def _is_altered(seen: Observation) -> bool:
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or "content" not in seen.why or source is None or target is None:
        return False
    ours, theirs = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    return ours is not None and theirs is not None and ours // 10**9 == theirs // 10**9
