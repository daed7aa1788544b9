"""Files that the one who copied could not read, or that do not belong to the account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import number, plural, quoted, resend, say
from handover.entries import EntryType

_LEAST, _FEW, _ENOUGH = 2, 3, 5
_OWNERS = 64


class Owners(Cause):
    """Missing paths of another owner than the root folder's, and missing paths that others may not read."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.OWNERS | Aspect.FOLDERS

    def __init__(self) -> None:
        self._closed = 0
        self._first_closed = b""
        self._uids: dict[int, tuple[int, bytes]] = {}
        self._paths: Counter[int | None] = Counter()

    def add(self, seen: Observation) -> None:
        """Take one missing path; what is in a lost folder follows from that folder."""
        uid = seen.source_stat.uid
        if uid in self._paths or len(self._paths) < _OWNERS:
            self._paths[uid] += 1
        if not seen.is_unit:
            return
        if uid is not None and (uid in self._uids or len(self._uids) < _OWNERS):
            count, first = self._uids.get(uid, (0, seen.path))
            self._uids[uid] = count + 1, first
        if _closed(seen):
            self._closed += 1
            self._first_closed = self._first_closed or seen.path

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield foreign owners of whom nothing arrived, and closed files of which none arrived."""
        census = scene.census
        yield from self._foreign_owners(census, scene)
        folders = scene.folders
        closed = self._closed if not census.closed_files else 0
        shut = len(folders.shut) if not folders.shut_arrived else 0
        units, others = closed + shut, census.units - closed - (folders.shut_lost if shut else 0)
        sure = trust(chance(units, lost=others, arrived=census.files), enough=units >= (_FEW if shut else _ENOUGH))
        if units >= _LEAST and census.files and sure is not None:
            first = self._first_closed if closed else folders.first_shut
            yield Hypothesis(
                cause="unreadable_for_sender",
                weight=Weight.SEPARATED,
                confidence=sure,
                title=say("What only its owner may read is missing: another account (the web server's?) made the copy"),
                evidence=(
                    plural(
                        units,
                        "{n} path without permission to read for others is missing or came without its files, for "
                        "example {path}, and of {arrived} files that arrived not one is so.",
                        "{n} paths without permission to read for others are missing or came without their files, "
                        "for example {path}, and of {arrived} files that arrived not one is so.",
                        path=quoted(first),
                        arrived=number(census.files),
                    ),
                ),
                remedy=(
                    say("Copy as the owner of the files, or let others read them for the time of the copy:"),
                    "cd SOURCE && find . ! -perm -o=r -exec chmod o+rX {} +",
                    resend(scene.context.part),
                ),
                explains=_below_marked(
                    lambda seen: (bool(closed) and _closed(seen)) or (bool(shut) and seen.folder in folders.shut)
                ),
            )

    def _foreign_owners(self, census: Census, scene: Scene) -> Iterator[Hypothesis]:
        root = census.root.uid
        arrived = {int(uid): count.arrived for uid, count in census.owners.items() if uid}
        found = {uid: seen for uid, seen in self._uids.items() if uid != root and not arrived.get(uid)}
        units, whole = sum(count for count, _ in found.values()), sum(self._paths[uid] for uid in found)
        if root is None or whole < _FEW or not arrived.get(root):
            return
        sure = trust(chance(units, lost=census.units - units, arrived=census.files), enough=units >= _ENOUGH)
        if sure is None:
            return
        uids = frozenset(found)
        first = next(iter(found.values()))[1]
        yield Hypothesis(
            cause="not_owned_by_account",
            weight=Weight.SEPARATED,
            confidence=sure,
            title=say("What belongs to another owner than the account is missing: a panel's backup leaves it out"),
            evidence=(
                plural(
                    whole,
                    "{n} missing path belongs to another owner than the root folder, for example {path}; nothing of "
                    "that owner arrived.",
                    "{n} missing paths belong to another owner than the root folder, for example {path}; nothing of "
                    "that owner arrived.",
                    path=quoted(first),
                ),
            ),
            remedy=(
                say("Have the old host give the files to the account (chown -R ACCOUNT SOURCE), then send them:"),
                resend(scene.context.part),
            ),
            explains=_below_marked(lambda seen: seen.source_stat.uid in uids),
        )


def _closed(seen: Observation) -> bool:
    bits = seen.source_stat.bits
    needed = 0o005 if seen.is_folder else 0o004
    return bits is not None and seen.entry.type is not EntryType.LINK and bits & needed != needed


def _below_marked(marked: Callable[[Observation], bool]) -> Callable[[Observation], bool]:
    """Return whether a missing path is marked, or in a missing folder that is itself marked."""
    lost: dict[bytes, bool] = {}

    def explains(seen: Observation) -> bool:
        if seen.kind is not PathClass.MISSING:
            return False
        if seen.is_unit:
            # Paths come in order: what is in the last lost folder is all that can follow from it.
            lost.clear()
            lost[seen.path] = marked(seen)
        return lost.get(seen.whole or seen.path, False) or marked(seen)

    return explains
