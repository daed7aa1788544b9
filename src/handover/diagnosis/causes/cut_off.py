"""A transfer that broke off: everything after one point of its order is missing."""

from __future__ import annotations

from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.causes.truncated import equal_up_to
from handover.diagnosis.causes.zeroed import is_emptied
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import number, plural, quoted, resend, say
from handover.report import Fact
from handover.sentences import Sentence

_ENOUGH = 10
_FEW_UNITS = 3


class CutOff(Cause):
    """Missing files behind one point, in the order of names or in that of a walk through the folders.

    Every program that copies a tree goes into one folder at a time. So when it stops, each folder is whole or missing,
    except for those on the one way from the root to the last file: whatever order the names had.
    """

    kinds = frozenset({PathClass.CHANGED})
    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.NAMES | Aspect.FOLDERS

    def __init__(self) -> None:
        self._cut: list[bytes] = []

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        if len(self._cut) < 2 and _is_cut(seen):
            self._cut.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield a cut in the order of names, or one in another order."""
        census, last = scene.census, scene.census.last_file
        if census.missing < _ENOUGH or not census.files:
            return
        if last is not None and census.tail_units >= _FEW_UNITS and census.tail_lost >= _ENOUGH:
            yield self._by_name(last, scene)
        way = _one_way(scene)
        if way is not None:
            yield self._by_walk(way, scene)

    def _by_name(self, last: bytes, scene: Scene) -> Hypothesis:
        key, lost = paths.order_key(last), scene.census.tail_lost
        broken = (say("That one is cut itself."),) if last in self._cut else ()
        return Hypothesis(
            cause="cut_off",
            weight=Weight.SEPARATED,
            confidence="high",
            title=say("The transfer broke off after {path}", path=quoted(last)),
            evidence=(
                plural(
                    lost,
                    "In the order of names, the last {n} file is missing, and {before} files before it are there.",
                    "In the order of names, all of the last {n} files are missing, and {before} files before them are "
                    "there.",
                    before=number(scene.census.files),
                ),
                *broken,
            ),
            remedy=_remedy(scene),
            explains=lambda seen: _lost(seen) and paths.order_key(seen.path) >= key,
            facts=(Fact(name="last", value=paths.shown(last)),),
        )

    def _by_walk(self, way: bytes, scene: Scene) -> Hypothesis:
        levels = scene.folders.levels
        # When no name with a dot arrived in the root, that has a reason of its own (``dotfiles``).
        hidden = not scene.census.top_dots
        proven = len(self._cut) == 1 and paths.is_below(self._cut[0].rpartition(b"/")[0], way)
        broken = (say("{path} in it is cut itself.", path=quoted(self._cut[0])),) if proven else ()
        return Hypothesis(
            cause="cut_off",
            weight=Weight.SEPARATED,
            confidence="high" if proven or levels >= _FEW_UNITS else "medium",
            title=say("The transfer broke off while it was in {folder}", folder=quoted(way)),
            evidence=(
                say(
                    "Every folder is there as a whole or missing as a whole, except those on the way to this one: so "
                    "ends a copy that goes through one folder after the other."
                ),
                *broken,
            ),
            remedy=_remedy(scene),
            explains=lambda seen: _lost(seen) and not (hidden and _is_hidden_in_the_root(seen)),
            facts=(Fact(name="folder", value=paths.shown(way)),),
        )


def _remedy(scene: Scene) -> tuple[Sentence | str, ...]:
    return (
        say(
            "See first whether the target is full: `df -h`, `df -i`, `quota`. Then start the transfer again; it goes "
            "on where it stopped:"
        ),
        resend(scene.context.part),
    )


def _one_way(scene: Scene) -> bytes | None:
    """Return the innermost folder of which a part is lost, when all others like it are above it."""
    folders = scene.folders
    if folders.levels < 2 or folders.partial_total > len(folders.partial):
        return None
    inner = max(folders.partial, key=lambda path: path.count(b"/") + bool(path))
    return inner if all(paths.is_below(inner, path) for path in folders.partial) else None


def _lost(seen: Observation) -> bool:
    return seen.kind is PathClass.MISSING or _is_cut(seen)


def _is_hidden_in_the_root(seen: Observation) -> bool:
    return b"/" not in seen.path and seen.path.startswith(b".")


def _is_cut(seen: Observation) -> bool:
    return is_emptied(seen) or equal_up_to(seen) is not None
