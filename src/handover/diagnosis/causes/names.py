"""Names that changed on the way by one rule: another encoding, another composition, escapes, replaced letters, case."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.causes.transforms import Transform, transforms
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.pairs import Pairs
from handover.diagnosis.words import number, plural, quoted
from handover.report import Fact

_LOOKED_AT = 256
_AT_MOST = 3
_FEW, _ENOUGH = 2, 3
_FOLDERS = 4096
_TITLES = {
    "encoding": "Names were re-encoded: {}",
    "composition": "Accented letters in names are written otherwise: {}",
    "percent": "Names were escaped or unescaped: {}",
    "case": "Names changed their case: {}",
    "replaced": "Letters in names were lost: {}",
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
            title=_TITLES[transform.kind].format(transform.words),
            evidence=(
                plural(len(matched), "{n} file was found", "{n} files were looked at that were found")
                + f" under the changed name with the same content, for example {quoted(source)} as {quoted(target)}.",
                f"{number(kept)} names of that kind arrived as they were.",
            ),
            remedy=(
                *((transform.remedy,) if transform.remedy else ()),
                "Or send them again with a program that keeps the bytes of names, such as rsync.",
            ),
            explains=lambda seen: _explains(seen, transform, scene.pairs, images),
            facts=(Fact(name="rule", value=transform.words),),
        )


def _best(pairs: list[tuple[bytes, bytes]]) -> tuple[Transform, list[tuple[bytes, bytes]]] | None:
    best: tuple[Transform, list[tuple[bytes, bytes]]] | None = None
    for transform in transforms():
        matched = [pair for pair in pairs if transform.apply(pair[0]) == pair[1]]
        if matched and (best is None or len(matched) > len(best[1])):
            best = transform, matched
    return best if best is not None and len(best[1]) >= min(_FEW, len(pairs)) else None


def _kept(transform: Transform, census: Census) -> int:
    """Return how many names arrived that the rule should have changed as well."""
    if transform.kind == "case":
        return census.upper_case
    return 0 if transform.kind == "percent" else census.non_ascii


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
