"""What nobody could compare, because one side could not be read or did not hold still."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, say, text
from handover.report import Fact
from handover.sentences import Sentence

_TOLD = 3
_TITLES = {
    "unreadable": {
        "source": say("The account that read the source has no permission for a part of it"),
        "target": say("The account that read the target has no permission for a part of it"),
    },
    "moving": {
        "source": say("The source was in use while it was read"),
        "target": say("The target was in use while it was read"),
    },
    "boundary": {
        "source": say("Another filesystem is mounted on the source and was not read"),
        "target": say("Another filesystem is mounted on the target and was not read"),
    },
}
_REMEDIES = {
    "unreadable": (
        say("Read as the owner of the files or with `become: sudo -n`, or give the permission on that host:"),
        say(
            "{command} (as the owner; else {other} as root)",
            command=text("chmod -R u+rX FOLDER"),
            other=text("chown -R ACCOUNT FOLDER"),
        ),
    ),
    "moving": (say("Compare again when nobody works on the site, or leave its caches and logs out with rules."),),
    "boundary": (say("If it belongs to the site, set `cross_mounts: true` for that location and compare again."),),
}
_GROUPS = {"unreadable": "unreadable", "unstable": "moving", "vanished": "moving", "boundary": "boundary"}


class Gaps(Cause):
    """Paths that were not checked, by side and reason; what is below a gap follows from it."""

    kinds = frozenset({PathClass.NOT_CHECKED})

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], tuple[int, list[bytes]]] = {}

    def add(self, seen: Observation) -> None:
        """Take one path that was not checked."""
        for group, side in _reasons(seen):
            count, first = self._found.get((group, side), (0, []))
            self._found[group, side] = count + 1, first + [seen.path] * (len(first) < _TOLD)

    def hypotheses(self, _: Scene, /) -> Iterator[Hypothesis]:
        """Yield each reason with its side."""
        for (group, side), (count, first) in sorted(self._found.items()):
            yield Hypothesis(
                cause=f"{group}_on_{side}",
                weight=Weight.PROVEN,
                confidence="high",
                title=_TITLES[group][side],
                evidence=(_found(side, count, first),),
                remedy=_REMEDIES[group],
                explains=_explains(group, side),
                facts=tuple(Fact(name="path", value=paths.shown(path)) for path in first),
            )


def _found(side: str, count: int, first: list[bytes]) -> Sentence:
    names = listed(first, count)
    if side == "source":
        return plural(count, "{n} gap on the source: {names}.", "{n} gaps on the source: {names}.", names=names)
    return plural(count, "{n} gap on the target: {names}.", "{n} gaps on the target: {names}.", names=names)


def _reasons(seen: Observation) -> Iterator[tuple[str, str]]:
    for why in seen.why:
        kind, _, side = why.rpartition("_")
        if kind in _GROUPS:
            yield _GROUPS[kind], side


def _explains(group: str, side: str) -> Callable[[Observation], bool]:
    """Return whether a path is such a gap, or below the last one; paths come in their order."""
    above: list[bytes] = []

    def explains(seen: Observation) -> bool:
        if seen.kind is not PathClass.NOT_CHECKED:
            return False
        if (group, side) in _reasons(seen):
            above[:] = [seen.path]
            return True
        return f"below_gap_{side}" in seen.why and bool(above) and paths.is_below(seen.path, above[0])

    return explains
