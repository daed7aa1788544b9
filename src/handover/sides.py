"""One manifest during the merge of two: what its lines add up to, and the folders whose inside it cannot know."""

from __future__ import annotations

from handover.entries import Entry, HostStat
from handover.manifest import Counts, GapCounts
from handover.manifest_lines import Line
from handover.manifest_reader import Reader
from handover.pairs import Proof
from handover.proofs import ProofRules


class Side:
    """One manifest during the merge, with the folder whose inside it cannot know.

    ``proof_rules`` are those that are wanted of it.
    """

    def __init__(self, name: str, reader: Reader | None, proof_rules: ProofRules) -> None:
        self.name = name
        self.reader = reader
        self._proof_rules = proof_rules
        self._had = ProofRules(()) if reader is None else reader.proof_rules
        self._cover: tuple[bytes, str] | None = None if reader is not None else (b"", "not_read")
        self._states = dict.fromkeys(("file", "dir", "link", "special", "gap", "ignored"), 0)
        self._size = 0
        self._ignore = {rule.pattern for rule in reader.header.rules.ignore} if reader is not None else set()

    def parse(self, line: Line) -> Entry:
        """Return the entry of a line, and count it."""
        assert self.reader is not None
        entry = self.reader.parse(line)
        self._states["gap" if entry.gap else "ignored" if entry.ignored else entry.type or "gap"] += 1
        if entry.clean:
            self._size += entry.size or 0
        return entry

    def count_plain(self, files: int, folders: int, size: int) -> None:
        """Count lines that were not parsed."""
        self._states["file"] += files
        self._states["dir"] += folders
        self._size += size

    def check_totals(self) -> None:
        """Make sure that the trailer counts what was there."""
        if self.reader is not None:
            self.reader.check_totals(Counts(**self._states), self._size)

    def stat(self, line: Line) -> HostStat:
        """Return the ``host`` object of a line."""
        assert self.reader is not None
        return self.reader.parse_host(line)

    def proof(self, path: bytes) -> Proof:
        """Return the rules that keep proof of a path."""
        return Proof(self._proof_rules.of_path(path), self._had.of_path(path))

    def cover(self, line: Line, entry: Entry) -> None:
        """Remember what may be a folder and below which this side says nothing; one inside another adds nothing."""
        if not entry.clean and entry.may_be_folder and self.covers(line) is None:
            self._cover = (line.key + b"\0" if line.key else b"", "ignored" if entry.ignored else "below_gap")

    def covers(self, line: Line) -> str | None:
        """Return why this side cannot know a path that it does not list; ``None`` when it would have listed it."""
        if self._cover is None:
            return None
        prefix, why = self._cover
        if line.key.startswith(prefix):
            return why
        self._cover = None
        return None

    def made_under(self, rules_sha256: str) -> bool:
        """Whether this side was read, and under the rules that have this digest."""
        return self.reader is not None and self.reader.header.rules.sha256 == rules_sha256

    def ignores(self, pattern: str) -> bool:
        """Whether the same ignore rule was in force on this side."""
        return pattern in self._ignore

    def gaps(self) -> GapCounts:
        """Return the gaps that this side's own trailer counts."""
        if self.reader is None:
            return GapCounts(unreadable=0, unstable=0, vanished=0, unsupported=0, boundary=0)
        return self.reader.trailer.gaps
