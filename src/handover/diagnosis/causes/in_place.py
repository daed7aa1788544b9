"""Contents that changed while size and time stayed: damage, or a later copy that looked at sizes alone."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import plural, quoted, resend, say

_FEW = 3
_KEEP = 2**17


class InPlace(Cause):
    """Changed files with equal sizes and equal times, to the second.

    Those that were edited on the source after the target had its first file cannot have come as they are there: a
    second copy gave the new time to the old content.
    """

    kinds = frozenset({PathClass.CHANGED})
    wants = Aspect.COMING

    def __init__(self) -> None:
        self._total = 0
        self._edited_ns = array("q")
        self._oldest = self._newest = 0, b""

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        if not _is_altered(seen):
            return
        edited = seen.source_stat.modified_ns or 0
        self._oldest = min(self._oldest, (edited, seen.path)) if self._total else (edited, seen.path)
        self._newest = max(self._newest, (edited, seen.path))
        self._total += 1
        if len(self._edited_ns) < _KEEP:
            self._edited_ns.append(edited)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the altered files, and those that a second copy passed over."""
        first = scene.census.first_arrival_ns
        since_ns = None if first is None else first - scene.target_ahead_ns + scene.source_ahead_ns
        passed = 0 if since_ns is None else sum(edited >= since_ns for edited in self._edited_ns)
        if since_ns is not None and passed:
            yield self._passed_over(passed, since_ns, scene)
        if self._total > passed:
            yield self._altered(self._total - passed, since_ns if passed else None, scene)

    def _passed_over(self, count: int, since_ns: int, scene: Scene) -> Hypothesis:
        return Hypothesis(
            cause="sizes_compared_only",
            weight=Weight.PROVEN,
            confidence="high" if count >= _FEW else "medium",
            title=plural(
                count,
                "A file has its old content under its new time: a later copy looked at sizes alone and passed over it",
                "{n} files have their old content under their new times: a later copy looked at sizes alone and passed "
                "over them",
            ),
            evidence=(
                say(
                    "For example {path}: it was edited on the source after the target had its first files, and size "
                    "and time agree.",
                    path=quoted(self._newest[1]),
                ),
            ),
            remedy=(
                say("Send them again by content; `rsync --size-only` and many FTP programs leave such files out:"),
                resend(scene.context.part, checksum=True),
            ),
            explains=lambda seen: _is_altered(seen) and (seen.source_stat.modified_ns or 0) >= since_ns,
        )

    def _altered(self, count: int, until_ns: int | None, scene: Scene) -> Hypothesis:
        return Hypothesis(
            cause="corrupted_in_place",
            weight=Weight.PROVEN,
            confidence="high",
            title=plural(
                count,
                "The content of a file changed while its size and its time stayed: it is damaged, or was "
                "altered unseen",
                "The content of {n} files changed while their sizes and times stayed: they are damaged, or "
                "were altered unseen",
            ),
            evidence=(
                say("For example {path}. Whoever edits a file gives it a new time.", path=quoted(self._oldest[1])),
            ),
            remedy=(
                say(
                    "Check disk and memory of the target, and look for changes that nobody admits to. A copy by "
                    "size and time passes over these files: compare contents when you send them again."
                ),
                resend(scene.context.part, checksum=True),
            ),
            explains=lambda seen: (
                _is_altered(seen) and (until_ns is None or (seen.source_stat.modified_ns or 0) < until_ns)
            ),
        )


def _is_altered(seen: Observation) -> bool:
    source, target = seen.source, seen.target
    if seen.kind is not PathClass.CHANGED or "content" not in seen.why or source is None or target is None:
        return False
    ours, theirs = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    return ours is not None and theirs is not None and ours // 10**9 == theirs // 10**9
