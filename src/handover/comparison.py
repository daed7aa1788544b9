"""What comparing two manifests gives: classes, differences, counts and the verdict, as values.

Specification: ``docs/spec/report.md``.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from handover import paths
from handover.digests import Strength
from handover.entries import Entry, EntryType, HostStat
from handover.errors import ExitCode
from handover.manifest import GapCounts
from handover.strict_json import Count, Document


class PathClass(StrEnum):
    """What became of one path; each path of either side is in exactly one class."""

    SAME = "same"
    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"
    TYPE_CHANGED = "type_changed"
    METADATA = "metadata"
    NOT_CHECKED = "not_checked"
    AGREED = "agreed"
    IGNORED = "ignored"
    NOT_RECORDED = "not_recorded"


class Verdict(StrEnum):
    """What one may say of the handover; never shown without its scope."""

    NOT_COMPLETE = "not_complete"
    UNDETERMINED = "undetermined"
    COMPLETE_AS_AGREED = "complete_as_agreed"
    COMPLETE = "complete"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that says the same."""
        return _EXIT[self]


_EXIT = {
    Verdict.NOT_COMPLETE: ExitCode.NOT_COMPLETE,
    Verdict.UNDETERMINED: ExitCode.UNDETERMINED,
    Verdict.COMPLETE_AS_AGREED: ExitCode.COMPLETE,
    Verdict.COMPLETE: ExitCode.COMPLETE,
}
_WORST_FIRST = tuple(Verdict)


class Doubt(StrEnum):
    """Why a verdict is ``undetermined`` although no loss is proven."""

    NOT_CHECKED = "not_checked"
    EXCLUDED = "excluded"
    LISTING = "listing"
    ONE_SIDED = "one_sided"
    CHALLENGE = "challenge"


class Difference(Document):
    """One path that is not the same on both sides, in codes; ``source`` and ``target`` are what each side recorded.

    ``why`` says what differs or why nothing can be said. ``rule`` is the pattern that agreed or ignored it.
    """

    path: str | None = None
    path_b64: str | None = None
    kind: PathClass = msgspec.field(name="class")
    why: tuple[str, ...]
    rule: str | None = None
    source: Entry | None = None
    source_host: HostStat | None = None
    target: Entry | None = None
    target_host: HostStat | None = None

    def path_bytes(self) -> builtins.bytes:
        """Return the path below the part's root."""
        return paths.from_fields(self.path, self.path_b64, where="difference")

    @property
    def files(self) -> int:
        """How many files it stands for: those below an ignored path, else one for a file."""
        return weight(self.source or self.target)[0]

    @property
    def bytes(self) -> int:
        """How many bytes those files have on the source, or on the target when only that has them."""
        return weight(self.source or self.target)[1]


class PerClass(Document):
    """One number for each class; paths, or bytes of files."""

    same: Count
    missing: Count
    extra: Count
    changed: Count
    type_changed: Count
    metadata: Count
    not_checked: Count
    agreed: Count
    ignored: Count
    not_recorded: Count


class Excluded(Document):
    """How much of the source's files and bytes nothing is said about, because rules ignore or agree to it.

    ``share_bp`` is the larger of both shares in basis points (1/100 of a percent), rounded up.
    """

    files: Count
    bytes: Count
    source_files: Count
    source_bytes: Count
    share_bp: Count


class GapsBySide(Document):
    """Gaps of each side's own manifest."""

    source: GapCounts
    target: GapCounts


class Comparison(Document):
    """Result of comparing one part. ``gaps`` has zeros for a side that was not read."""

    verdict: Verdict
    because: tuple[Doubt, ...]
    strength: Strength
    counts: PerClass
    bytes: PerClass
    excluded: Excluded
    gaps: GapsBySide


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of a whole from those of its parts; ``undetermined`` when there are none."""
    given = set(verdicts)
    return next((verdict for verdict in _WORST_FIRST if verdict in given), Verdict.UNDETERMINED)


def weight(entry: Entry | None) -> tuple[int, int]:
    """Return for how many files and bytes an entry stands: those below an ignored path, else one file's."""
    if entry is None:
        return 0, 0
    if entry.ignored is not None:
        return entry.ignored.files, entry.ignored.bytes
    return int(entry.type is EntryType.FILE), entry.size or 0


def share_bp(part: int, whole: int) -> int:
    """Return ``part`` of ``whole`` in basis points, rounded up so that no exclusion looks smaller than it is."""
    return -(-10_000 * part // whole) if whole else 0
