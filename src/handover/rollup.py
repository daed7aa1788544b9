"""Where the differences are: counts by folder, from the stream of differences, in bounded memory.

A folder that is missing, extra or unread as a whole is one line for all below it; other differences count for the
folder that they are in.
"""

from __future__ import annotations

import builtins

import msgspec

from handover import paths
from handover.comparison import Difference, PathClass
from handover.entries import EntryType
from handover.strict_json import Count, Document

#: How many folders are kept while streaming, and how many are told.
_KEEP = 4096
TOLD = 200

_COUNTED = {
    PathClass.MISSING: "missing",
    PathClass.EXTRA: "extra",
    PathClass.CHANGED: "changed",
    PathClass.TYPE_CHANGED: "changed",
    PathClass.METADATA: "changed",
    PathClass.NOT_CHECKED: "not_checked",
}
_WHOLE = (PathClass.MISSING, PathClass.EXTRA, PathClass.NOT_CHECKED)


class FolderSummary(Document):
    """Differences in one folder; with ``whole`` the folder itself is missing, extra or unread, and all below it counts.

    Numbers are paths of every type; ``bytes`` are of the files among them.
    """

    path: str | None = None
    path_b64: str | None = None
    whole: bool = False
    missing: Count = 0
    changed: Count = 0
    extra: Count = 0
    not_checked: Count = 0
    bytes: Count = 0

    def path_bytes(self) -> builtins.bytes:
        """Return the folder's path below the part's root."""
        return paths.from_fields(self.path, self.path_b64, where="folder")


class Rollup:
    """Takes differences in the order of paths; ``folders`` are those with most loss first."""

    def __init__(self) -> None:
        self._folders: dict[tuple[bytes, bool], dict[str, int]] = {}
        self._whole: tuple[bytes, PathClass] | None = None
        self._dropped = 0

    def add(self, difference: Difference) -> None:
        """Count one difference; those that are agreed or ignored are no loss."""
        if difference.kind not in _COUNTED:
            return
        path = difference.path_bytes()
        counts = self._folder(path, difference)
        name = _COUNTED[difference.kind]
        counts[name] = counts.get(name, 0) + 1
        counts["bytes"] = counts.get("bytes", 0) + difference.bytes

    def folders(self) -> tuple[FolderSummary, ...]:
        """Return at most ``TOLD`` folders: missing and changed first, then unchecked, then extra."""
        return tuple(_summary(path, counts, whole=whole) for (path, whole), counts in self._ranked()[:TOLD])

    @property
    def total(self) -> int:
        """How many folders have differences at all."""
        return len(self._folders) + self._dropped

    def _folder(self, path: bytes, difference: Difference) -> dict[str, int]:
        if self._whole is not None and self._whole[1] is difference.kind and path.startswith(self._whole[0]):
            return self._folders.setdefault((self._whole[0][:-1], True), {})
        entry = difference.source or difference.target
        if difference.kind in _WHOLE and entry is not None and entry.type is EntryType.DIR:
            self._whole = (path + b"/" if path else b"", difference.kind)
            return self._at(path, whole=True)
        return self._at(path.rpartition(b"/")[0], whole=False)

    def _at(self, path: bytes, *, whole: bool) -> dict[str, int]:
        if (path, whole) not in self._folders and len(self._folders) >= _KEEP:
            self._prune(path)
        return self._folders.setdefault((path, whole), {})

    def _prune(self, path: bytes) -> None:
        """Forget the folders with least loss, but none that is still being counted: those above ``path``."""
        ranked = self._ranked()
        kept = ranked[: _KEEP // 2] + [item for item in ranked[_KEEP // 2 :] if paths.is_below(path, item[0][0])]
        self._dropped += len(ranked) - len(kept)
        self._folders = dict(kept)

    def _ranked(self) -> list[tuple[tuple[bytes, bool], dict[str, int]]]:
        def rank(item: tuple[tuple[bytes, bool], dict[str, int]]) -> tuple[int, int, int, bytes]:
            (path, _), counts = item
            lost = counts.get("missing", 0) + counts.get("changed", 0)
            return -lost, -counts.get("not_checked", 0), -counts.get("extra", 0), paths.order_key(path)

        return sorted(self._folders.items(), key=rank)


def _summary(path: bytes, counts: dict[str, int], *, whole: bool) -> FolderSummary:
    text, b64 = paths.to_fields(path)
    return msgspec.convert({"path": text, "path_b64": b64, "whole": whole, **counts}, FolderSummary)
