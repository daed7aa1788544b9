"""What differences mean for the website in a part, in a pass beside the comparison and in bounded memory; pure."""

from __future__ import annotations

from handover.comparison import Difference, PathClass
from handover.manifest_reader import Reader
from handover.site import Site, SiteFacts, SiteLoss, SiteTrouble, Trouble

_CHANGED = (PathClass.CHANGED, PathClass.TYPE_CHANGED)
_UNREADABLE = "unreadable_"


class SiteCheck:
    """Takes the differences of one part in the order of paths; ``facts`` when both manifests are at their ends."""

    def __init__(self, site: Site, target: Reader) -> None:
        self._site = site
        self._target = target
        self._needs = {path.encode(): path for path in site.needs} | {b"": ""}
        self._below = tuple(path + b"/" for path in self._needs if path)
        target.watch(self._below)
        self._core = site.core_paths()
        self._troubles: list[SiteTrouble] = []
        self._thinned: set[bytes] = set()
        self._losses = {True: [0, 0, 0], False: [0, 0, 0]}

    def add(self, difference: Difference) -> None:
        """Take the next difference."""
        path = difference.path_bytes()
        if path in self._needs:
            self._look_at(self._needs[path], difference)
        loss = self._losses[self._core.fullmatch(path) is not None]
        if difference.kind is PathClass.MISSING:
            loss[0] += 1
            loss[1] += difference.bytes
            if path.startswith(self._below):
                self._thinned.update(folder for folder in self._below if path.startswith(folder))
        elif difference.kind in _CHANGED:
            loss[2] += 1

    def facts(self) -> SiteFacts | None:
        """Return what was found; ``None`` when nothing of it concerns the site."""
        core, content = (
            SiteLoss(missing=missing, bytes=size, changed=changed)
            for missing, size, changed in (self._losses[True], self._losses[False])
        )
        troubles = (*self._troubles, *self._emptied())
        if not troubles and core == content == SiteLoss():
            return None
        return SiteFacts(
            preset=self._site.preset, title=self._site.title, troubles=troubles, core=core, content=content
        )

    def _look_at(self, path: str, difference: Difference) -> None:
        if any(path.startswith(f"{folder}/") for folder in self._gone()):
            return  # the folder that it is in is not there, which says it
        if difference.source is not None and difference.target is None:
            if difference.kind is not PathClass.NOT_CHECKED:
                self._troubles.append(SiteTrouble(path=path, what=Trouble.MISSING, side="target"))
        elif difference.kind is PathClass.TYPE_CHANGED:
            self._troubles.append(SiteTrouble(path=path, what=Trouble.REPLACED, side="target"))
        for code in difference.why:
            if code.startswith(_UNREADABLE):
                side = code.removeprefix(_UNREADABLE)
                self._troubles.append(SiteTrouble(path=path, what=Trouble.UNREADABLE, side=side))

    def _emptied(self) -> list[SiteTrouble]:
        """Return the folders of which something is missing and that are empty on the target."""
        gone = self._gone()
        return [
            SiteTrouble(path=path, what=Trouble.EMPTY, side="target")
            for path in self._site.needs
            if (folder := path.encode() + b"/") in self._thinned
            and not self._target.saw_below(folder)
            and not any(f"{path}/".startswith(f"{other}/") for other in gone)
        ]

    def _gone(self) -> list[str]:
        return [trouble.path for trouble in self._troubles if trouble.what in (Trouble.MISSING, Trouble.REPLACED)]
