"""Pieces that transfer programs leave behind when they are interrupted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.tables import HashSet
from handover.diagnosis.words import plural, quoted, resend, say

#: WinSCP, browsers and many others; rsync and its --partial-dir; lftp and ProFTPD's HiddenStores; PureFTPd.
_ENDING = re.compile(rb"(?s)(.+)\.(?:filepart|part|partial|crdownload|download|tmp-upload)\Z")
_RSYNC = re.compile(rb"(?s)\.(.+)\.[A-Za-z0-9]{6}\Z")
_HIDDEN_STORE = re.compile(rb"(?s)\.in\.(.+)\.\Z")
_PURE_FTPD = re.compile(rb"\.pureftpd-upload\.[0-9a-f.]+\Z")
_FOLDERS = (b".rsync-partial", b".~tmp~")
_KEEP = 4096


class Leftovers(Cause):
    """Extra files with the names of such pieces; the file that a piece was to become explains itself with it."""

    kinds = frozenset({PathClass.MISSING, PathClass.CHANGED, PathClass.EXTRA})
    only_with = frozenset({PathClass.EXTRA})

    def __init__(self) -> None:
        self._lost = HashSet()
        self._pieces: list[tuple[bytes, bytes | None, bool]] = []

    def add(self, seen: Observation) -> None:
        """Take one difference."""
        if seen.kind is not PathClass.EXTRA:
            self._lost.add(seen.path)
            return
        found = _piece(seen)
        if found is not None and len(self._pieces) < _KEEP:
            self._pieces.append((seen.path, *found))

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the pieces; a name that could be anybody's counts only when the file that it was to become is lost."""
        pieces = [
            (path, whole)
            for path, whole, certain in self._pieces
            if certain or (whole is not None and whole in self._lost)
        ]
        if not pieces:
            return
        known = frozenset(path for path, _ in pieces)
        wanted = frozenset(whole for _, whole in pieces if whole is not None and whole in self._lost)
        unfinished = plural(
            len(wanted),
            "{n} of the files that they were to become is missing or not whole.",
            "{n} of the files that they were to become are missing or not whole.",
        )
        yield Hypothesis(
            cause="transfer_leftovers",
            weight=Weight.PROVEN if wanted else Weight.SHAPED,
            confidence="high" if wanted else "medium",
            title=say("A transfer was interrupted and left its unfinished pieces behind"),
            evidence=(
                plural(
                    len(known),
                    "{n} such piece, for example {path}.",
                    "{n} such pieces, for example {path}.",
                    path=quoted(pieces[0][0]),
                ),
                *((unfinished,) if wanted else ()),
            ),
            remedy=(say("Send the files again, then remove the pieces on the target:"), resend(scene.context.part)),
            explains=lambda seen: seen.path in known if seen.kind is PathClass.EXTRA else seen.path in wanted,
        )


def _piece(seen: Observation) -> tuple[bytes | None, bool] | None:
    """Return the path that a piece was to become, if its name tells, and whether nobody else uses such names."""
    folder = seen.folder
    before = folder + b"/" if folder else b""
    if folder.rpartition(b"/")[2] in _FOLDERS:
        outer = folder.rpartition(b"/")[0]
        return (outer + b"/" if outer else b"") + seen.name, True
    if seen.name in _FOLDERS or _PURE_FTPD.match(seen.name):
        return None, True
    if not seen.is_file:
        return None
    for pattern, certain in ((_ENDING, False), (_HIDDEN_STORE, True), (_RSYNC, False)):
        if match := pattern.match(seen.name):
            return before + match[1], certain or seen.name.endswith((b".filepart", b".crdownload"))
    return None
