"""Everything is there, but under other paths: a folder level too many or too few, or files moved and renamed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.pairs import Pairs
from handover.diagnosis.words import argument, number, plural, quoted, say, text
from handover.report import Fact

_FEW = 3


class Moved(Cause):
    """Contents that are missing at one path and extra at another."""

    only_with = frozenset({PathClass.MISSING})

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield a shifted root, and files that were moved."""
        sample = scene.pairs.sample()
        if not sample:
            return
        moves = Counter(move_of(source, target) for source, target in sample)
        (origin, place), count = moves.most_common(1)[0]
        if (not origin or not place) and count >= _FEW and 10 * count >= 9 * len(sample):
            yield _shifted(origin, place, count, len(sample), scene)
        yield _moved(moves, sample, scene)


def move_of(source: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Return the folders that two paths are in before what they have in common at their ends.

    >>> move_of(b"uploads/a/x.jpg", b"files/a/x.jpg")
    (b'uploads', b'files')
    """
    ours, theirs = source.split(b"/"), target.split(b"/")
    while ours and theirs and ours[-1] == theirs[-1]:
        ours.pop()
        theirs.pop()
    return b"/".join(ours), b"/".join(theirs)


def _shifted(origin: bytes, place: bytes, count: int, total: int, scene: Scene) -> Hypothesis:
    deeper = bool(place)
    level = place if deeper else origin
    word = argument(level)
    there = f"TARGET/{word}/" if word and deeper else "TARGET"
    title = (
        say("The tree lies one level too deep on the target: in {folder}", folder=quoted(level))
        if deeper
        else say("What is in {folder} on the source lies directly in the root of the target", folder=quoted(level))
    )
    return Hypothesis(
        cause="root_shifted",
        weight=Weight.WHOLE,
        confidence="high",
        title=title,
        evidence=(
            plural(
                count,
                "{n} of {all} files that were looked at is there with the same content, and its path differs by "
                "{folder} alone.",
                "{n} of {all} files that were looked at are there with the same content, and their paths differ by "
                "{folder} alone.",
                all=number(total),
                folder=quoted(level),
            ),
        ),
        remedy=(
            say("Compare the right folders: name the inner one as the root of that side, and run again."),
            say(
                "Or move everything to where it belongs: {command}",
                command=text(f"mv {there}* {there}.[!.]* TARGET/"),
            )
            if deeper
            else say("Or move everything on the target into that folder."),
        ),
        explains=_shift(level, scene.pairs, deeper=deeper),
        facts=(
            Fact(name="folder", value=paths.shown(level)),
            Fact(name="deeper_on", value="target" if deeper else "source"),
        ),
    )


def _shift(level: bytes, pairs: Pairs, *, deeper: bool) -> Callable[[Observation], bool]:
    """Return whether a path has its counterpart one or more levels away; the levels themselves belong to it."""
    outer, inner = (PathClass.MISSING, PathClass.EXTRA) if deeper else (PathClass.EXTRA, PathClass.MISSING)
    known_outer = pairs.missing_paths if deeper else pairs.extra_paths
    known_inner = pairs.extra_paths if deeper else pairs.missing_paths
    prefix = level + b"/"

    def explains(seen: Observation) -> bool:
        if seen.kind is outer:
            return prefix + seen.path in known_inner
        if seen.kind is not inner:
            return False
        return paths.is_below(level, seen.path) or (
            seen.path.startswith(prefix) and seen.path[len(prefix) :] in known_outer
        )

    return explains


def _moved(moves: Counter[tuple[bytes, bytes]], sample: list[tuple[bytes, bytes]], scene: Scene) -> Hypothesis:
    (origin, place), count = moves.most_common(1)[0]
    source, target = sample[0]
    one_move = count >= _FEW and 2 * count > len(sample)
    title = (
        say("Moved on the target: {old} is in {new} there", old=quoted(origin), new=quoted(place))
        if one_move
        else say("Files are on the target under other names or in other folders")
    )
    known = frozenset(moves)
    return Hypothesis(
        cause="moved",
        weight=Weight.PROVEN,
        confidence="high" if len(sample) >= _FEW else "medium",
        title=title,
        evidence=(
            plural(
                len(sample),
                "{n} missing file is on the target with the same content under another path.",
                "{n} missing files were looked at that are on the target with the same content under another path.",
            ),
            say("For example {old} is {new} there.", old=quoted(source), new=quoted(target)),
        ),
        remedy=(
            say("Nothing has to be sent again. Move or rename it on the target, or agree that it stays where it is."),
        ),
        explains=lambda seen: scene.pairs.moved(seen) or (seen.is_folder and _folder_moved(seen, known, scene.pairs)),
        facts=(Fact(name="from", value=paths.shown(origin)), Fact(name="to", value=paths.shown(place))),
    )


def _folder_moved(seen: Observation, moves: frozenset[tuple[bytes, bytes]], pairs: Pairs) -> bool:
    """Whether a lost or new folder is one that files were moved out of or into."""
    missing = seen.kind is PathClass.MISSING
    if not missing and seen.kind is not PathClass.EXTRA:
        return False
    known = pairs.extra_paths if missing else pairs.missing_paths
    above = seen.path
    while True:
        for origin, place in ((o, p) if missing else (p, o) for o, p in moves if (o if missing else p) == above):
            other = place + seen.path[len(origin) :]
            if other in known or above == seen.path:
                return True
        if not above:
            return False
        above = above.rpartition(b"/")[0]
