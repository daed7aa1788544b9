"""A transfer that broke off: everything after one point of its order is missing."""

from __future__ import annotations

from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.causes.truncated import equal_up_to, is_older_there, looks_cut
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.folders import Partial
from handover.diagnosis.hypothesis import Cause, Confidence, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation, is_emptied
from handover.diagnosis.words import number, plural, quoted, resend, say
from handover.report import Fact
from handover.sentences import Sentence

_ENOUGH, _FEW, _LEAST = 10, 3, 2
#: So many files a program sends at the same time.
_AT_ONCE = 10
#: Clocks of files go in ticks, and programs set times and owners a little after the content.
_TICK_NS = 20 * 10**6
_MANY_FOLDERS = 4


class CutOff(Cause):
    """Missing files behind one point, in the order of names or in that of a walk through the folders.

    Every program that copies a tree goes into one folder at a time. So when it stops, each folder is whole or missing,
    except for those on the one way from the root to the last file: whatever order the names had. Where the target tells
    when files came, the one that came last is on that way.
    """

    kinds = frozenset({PathClass.CHANGED})
    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.NAMES | Aspect.FOLDERS | Aspect.COMING

    def __init__(self) -> None:
        self._cut: list[tuple[bytes, int | None]] = []

    def add(self, seen: Observation) -> None:
        """Take one changed file."""
        if len(self._cut) <= _AT_ONCE and _is_cut(seen):
            self._cut.append((seen.path, seen.target_stat.ctime_ns))

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield a cut in the order of names, or one in another order."""
        census = scene.census
        if not census.missing or not census.files:
            return
        torn = self._torn(census)
        if census.last_file is not None and census.tail_units >= _FEW and census.tail_lost >= _ENOUGH:
            yield _by_name(census.last_file, torn, scene)
        way = _one_way(scene)
        if way is not None:
            yield from _by_walk(way, torn, scene)

    def _torn(self, census: Census) -> tuple[bytes, ...]:
        """Return the files that the transfer was at when it stopped: cut, and later than all that are whole."""
        latest_ns = census.latest[0] if census.latest else None
        if not 0 < len(self._cut) <= _AT_ONCE:
            return ()
        late = [came is None or latest_ns is None or came >= latest_ns - _TICK_NS for _, came in self._cut]
        return tuple(path for path, _ in self._cut) if all(late) else ()


def _by_name(last: bytes, torn: tuple[bytes, ...], scene: Scene) -> Hypothesis:
    census = scene.census
    key, lost = paths.order_key(last), census.tail_lost
    likely = chance(census.tail_units, lost=census.units - census.tail_units, arrived=census.files)
    agrees = census.latest is None or last in (census.latest[1], *torn)
    broken = (say("That one is cut itself."),) if last in torn else ()
    return Hypothesis(
        cause="cut_off",
        weight=Weight.SEPARATED,
        confidence=(trust(likely) or "low") if agrees else "medium",
        title=say("The transfer broke off after {path}", path=quoted(last)),
        evidence=(
            plural(
                lost,
                "In the order of names, the last {n} file is missing, and {before} files before it are there.",
                "In the order of names, all of the last {n} files are missing, and {before} files before them are "
                "there.",
                before=number(census.files),
            ),
            *broken,
        ),
        remedy=_remedy(scene),
        explains=lambda seen: _lost(seen) and paths.order_key(seen.path) >= key,
        facts=(Fact(name="last", value=paths.shown(last)),),
    )


def _by_walk(way: Partial, torn: tuple[bytes, ...], scene: Scene) -> Iterator[Hypothesis]:
    latest = scene.census.latest
    confidence = _confidence(way, torn, scene)
    if confidence is None:
        return
    last = (say("The file that came last, {path}, is in it.", path=quoted(latest[1])),) if latest and way.path else ()
    broken = (say("{path} in it is cut itself.", path=quoted(torn[0])),) if torn else last
    yield Hypothesis(
        cause="cut_off",
        weight=Weight.SEPARATED,
        confidence=confidence,
        title=say("The transfer broke off while it was in {folder}", folder=quoted(way.path)),
        evidence=(
            say(
                "Every folder is there as a whole or missing as a whole, except those on the way to this one: so "
                "ends a copy that goes through one folder after the other."
            ),
            *broken,
        ),
        remedy=_remedy(scene),
        explains=_lost,
        facts=(Fact(name="folder", value=paths.shown(way.path)),),
    )


def _confidence(way: Partial, torn: tuple[bytes, ...], scene: Scene) -> Confidence | None:
    """Return how sure it is that a walk ended in a folder; ``None`` when other losses look as much like that."""
    census, levels = scene.census, scene.folders.levels
    if not torn and census.latest is not None and not paths.is_below(census.latest[1], way.path):
        return None
    if any(path.rpartition(b"/")[0] == way.path for path in torn):
        return "high" if census.missing >= _FEW else "medium"
    if torn and not any(paths.is_below(path, way.path) for path in torn):
        return None
    if torn and levels < _LEAST and way.lost_files >= _LEAST:
        return "medium"
    if levels >= _LEAST:
        if census.missing < _ENOUGH:
            return None
        last_is_there = census.latest is not None and census.latest[1].rpartition(b"/")[0] == way.path
        likely = scene.folders.likelihood(lost=census.missing, arrived=census.files)
        return trust(likely, enough=levels >= _FEW or bool(torn) or last_is_there)
    # Some folders that are missing from one place were left out as likely as not.
    several = way.lost_folders >= _MANY_FOLDERS or (way.lost_folders and way.lost_files >= _LEAST)
    return "medium" if several and census.missing >= _ENOUGH else None


def _remedy(scene: Scene) -> tuple[Sentence | str, ...]:
    return (
        say(
            "See first whether the target is full: `df -h`, `df -i`, `quota`. Then start the transfer again; it goes "
            "on where it stopped:"
        ),
        resend(scene.context.part),
    )


def _one_way(scene: Scene) -> Partial | None:
    """Return the innermost folder of which a part is lost, when all others like it are above it."""
    folders = scene.folders
    if not folders.levels or folders.partial_total > len(folders.partial):
        return None
    inner = max(folders.partial, key=lambda each: each.path.count(b"/") + bool(each.path))
    return inner if all(paths.is_below(inner.path, each.path) for each in folders.partial) else None


def _lost(seen: Observation) -> bool:
    return seen.kind is PathClass.MISSING or _is_cut(seen)


def _is_cut(seen: Observation) -> bool:
    """Whether a transfer may have stopped in this file; a text of any length is as likely one that was edited since."""
    if is_emptied(seen):
        return True
    equal = equal_up_to(seen)
    return equal is not None and not is_older_there(seen) and (equal > 0 or looks_cut(seen))
