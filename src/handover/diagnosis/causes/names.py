"""Names that changed on the way by one rule: another encoding, another composition, escapes, replaced letters, case."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from handover.comparison import PathClass
from handover.diagnosis.causes.transforms import Transform, transforms
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.pairs import Pairs
from handover.diagnosis.words import inner, plural, quoted, say
from handover.report import Fact
from handover.sentences import Sentence, Value, english

_LOOKED_AT = 256
_AT_MOST = 3
_FEW, _ENOUGH = 2, 3
_FOLDERS = 4096
_TITLES: dict[str, Callable[[Value], Sentence]] = {
    "encoding": lambda how: say("Names were re-encoded: {how}", how=how),
    "composition": lambda how: say("Accented letters in names are written otherwise: {how}", how=how),
    "percent": lambda how: say("Names were escaped or unescaped: {how}", how=how),
    "case": lambda how: say("Names changed their case: {how}", how=how),
    "replaced": lambda how: say("Letters in names were lost: {how}", how=how),
}


class Names(Cause):
    """Missing and extra files with one content, whose paths follow from one another by a known rule."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.NAMES

    def __init__(self) -> None:
        self._folders: list[bytes] = []

    def add(self, seen: Observation) -> None:
        """Take one missing path: folders have no content, so their names are kept, at most 4,096."""
        if seen.is_folder and len(self._folders) < _FOLDERS:
            self._folders.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the rules that explain most pairs."""
        pairs = [pair for pair in scene.pairs.sample() if pair[0].count(b"/") == pair[1].count(b"/")][:_LOOKED_AT]
        for _ in range(_AT_MOST):
            found = _best(pairs)
            if found is None:
                return
            transform, matched = found
            pairs = [pair for pair in pairs if pair not in matched]
            yield self._hypothesis(transform, matched, scene)

    def _hypothesis(self, transform: Transform, matched: list[tuple[bytes, bytes]], scene: Scene) -> Hypothesis:
        source, target = matched[0]
        kept = _kept(transform, scene.census)
        images = frozenset(filter(None, map(transform.apply, self._folders)))
        return Hypothesis(
            cause=f"names_{transform.kind}",
            weight=Weight.WHOLE,
            confidence="high" if len(matched) >= _ENOUGH and 10 * kept <= len(matched) else "medium",
            title=_TITLES[transform.kind](inner(transform.words)),
            evidence=(
                plural(
                    len(matched),
                    "{n} file was found under the changed name with the same content, for example {old} as {new}.",
                    "{n} files were looked at that were found under the changed name with the same content, for "
                    "example {old} as {new}.",
                    old=quoted(source),
                    new=quoted(target),
                ),
                plural(
                    kept,
                    "{n} name of that kind arrived as it was.",
                    "{n} names of that kind arrived as they were.",
                ),
            ),
            remedy=(
                *((transform.remedy,) if transform.remedy else ()),
                say("Or send them again with a program that keeps the bytes of names, such as rsync."),
            ),
            explains=lambda seen: _explains(seen, transform, scene.pairs, images),
            facts=(Fact(name="rule", value=english(transform.words)),),
        )


def _best(pairs: list[tuple[bytes, bytes]]) -> tuple[Transform, list[tuple[bytes, bytes]]] | None:
    best: tuple[Transform, list[tuple[bytes, bytes]]] | None = None
    for transform in transforms():
        matched = [pair for pair in pairs if transform.apply(pair[0]) == pair[1]]
        if matched and (best is None or len(matched) > len(best[1])):
            best = transform, matched
    return best if best is not None and len(best[1]) >= min(_FEW, len(pairs)) else None


def _kept(transform: Transform, census: Census) -> int:
    """Return how many names arrived that the rule should have changed as well, of those that are remembered."""
    return sum(transform.apply(path) is not None for path in census.spelled)


def _explains(seen: Observation, transform: Transform, pairs: Pairs, images: frozenset[bytes]) -> bool:
    if seen.kind is PathClass.MISSING:
        changed = transform.apply(seen.path)
        return changed is not None and changed in pairs.extra_paths
    if seen.kind is not PathClass.EXTRA:
        return False
    if transform.backward is not None:
        before = transform.undo(seen.path)
        return before is not None and before in pairs.missing_paths
    # What cannot be undone is known by its content, and folders by their names.
    return seen.path in images or (pairs.moved(seen) and transform.apply(seen.path) is None)
