"""A site that is in use: what was written on the target after it went live, by the target's own clock."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import is_text
from handover.patterns import literal
from handover.rules import Requirement, Rule, RuleKind
from handover.suggestions.replaced import ending
from handover.suggestions.source import ORIGIN, Ground, Source

#: So many files by name; where more were written, a person has to say which folders are meant.
_MOST = 100
#: What people upload: a program puts no other content into it, but a disk, a transfer or an optimizer does.
_UPLOADED = frozenset(
    b".jpg .jpeg .png .gif .webp .avif .heic .bmp .tif .tiff .ico .psd .mp4 .m4v .mov .avi .mkv .webm .mp3 .m4a .wav "
    b".ogg .flac .pdf .doc .docx .xls .xlsx .ppt .pptx .odt .ods .odp .rtf .epub .zip .rar .7z .tar .gz .tgz .bz2 "
    b".xz".split()
)


class Live(Source):
    """Files changed or made on the target after cutover, each by its own name: nothing beside it is agreed to."""

    def __init__(self, ground: Ground) -> None:
        self._since_ns = ground.cutover_ns
        self._takes_extras = Requirement.NO_EXTRA in ground.rules.require
        self._rules: list[Rule] = []

    def rules_for(self, seen: Observation, /) -> tuple[Rule, ...]:
        """Return a rule for one file that the live site wrote."""
        kind = self._kind(seen)
        if kind is None or len(self._rules) >= _MOST:
            return ()
        pattern = literal(seen.path)
        if pattern is None:
            return ()
        what = "written" if kind is RuleKind.MAY_DIFFER else "made"
        rule = Rule(kind, pattern, f"{what} on the new host since it went live", ORIGIN)
        self._rules.append(rule)
        return (rule,)

    def rules(self) -> Iterator[Rule]:
        """Yield them in the order of paths."""
        yield from self._rules

    def _kind(self, seen: Observation) -> RuleKind | None:
        if self._since_ns is None or not self._is_later(seen):
            return None
        if seen.kind is PathClass.EXTRA and self._takes_extras:
            return RuleKind.MAY_BE_EXTRA
        if seen.kind is PathClass.CHANGED and _is_no_damage(seen):
            return RuleKind.MAY_DIFFER
        return None

    def _is_later(self, seen: Observation) -> bool:
        assert self._since_ns is not None
        written_ns = seen.target_stat.modified_ns
        return seen.target is not None and written_ns is not None and written_ns >= self._since_ns


def _is_no_damage(seen: Observation) -> bool:
    """Whether a program may have written this: what became smaller and is no text was cut off."""
    if seen.source is None or seen.target is None or not seen.is_file or not seen.target.size:
        return False
    if ending(seen.path).lower() in _UPLOADED:
        return False
    return is_text(seen.name) or seen.target.size >= (seen.source.size or 0)
