"""Names that begin with a dot: `cp src/*` leaves those of the root behind, many FTP servers hide all of them."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.chance import chance, trust
from handover.diagnosis.hypothesis import Cause, Confidence, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, resend, say, text
from handover.sentences import Sentence

_TOLD = 3
_FEW = 2


class Dotfiles(Cause):
    """Missing names with a dot, none of which arrived."""

    kinds = frozenset({PathClass.MISSING})
    wants = Aspect.FILES | Aspect.NAMES

    def __init__(self) -> None:
        self._top: list[bytes] = []
        self._top_total = self._inner_total = 0

    def add(self, seen: Observation) -> None:
        """Take one missing path."""
        if not seen.is_unit or not seen.name.startswith(b"."):
            return
        if b"/" in seen.path:
            self._inner_total += 1
            return
        self._top_total += 1
        if len(self._top) < _TOLD:
            self._top.append(seen.path)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the loss in the root, or on every level."""
        census = scene.census
        if census.top_dots or not census.files:
            return
        everywhere = self._inner_total and not census.inner_dots
        total = self._top_total + (self._inner_total if everywhere else 0)
        sure = trust(chance(total, lost=census.units - total, arrived=census.files), enough=total >= _FEW)
        if sure is None:
            return
        if everywhere:
            yield _everywhere(total, sure, scene)
        elif self._top_total:
            yield self._in_the_root(sure, scene)

    def _in_the_root(self, sure: Confidence, scene: Scene) -> Hypothesis:
        inner = scene.census.inner_dots
        return Hypothesis(
            cause="top_dotfiles_missing",
            weight=Weight.SEPARATED,
            confidence=sure,
            title=say(
                "The names in the root that begin with a dot are missing: copied with `*`, which does not mean them"
            ),
            evidence=(
                plural(
                    self._top_total,
                    "{n} is missing and none arrived: {names}.",
                    "All {n} are missing and none arrived: {names}.",
                    names=listed(self._top, self._top_total),
                ),
                *((_in_folders(inner),) if inner else ()),
            ),
            remedy=(
                say("Send them: {command} (with the dot), or:", command=text("cp -a SOURCE/. TARGET/")),
                resend(scene.context.part),
            ),
            explains=lambda seen: seen.kind is PathClass.MISSING and seen.path.startswith(b"."),
        )


def _in_folders(arrived: int) -> Sentence:
    return plural(arrived, "In folders, {n} such name arrived.", "In folders, {n} such names arrived.")


def _everywhere(total: int, sure: Confidence, scene: Scene) -> Hypothesis:
    return Hypothesis(
        cause="dotfiles_filtered",
        weight=Weight.SEPARATED,
        confidence=sure,
        title=say("Every name that begins with a dot is missing: the program or the FTP server hides them"),
        evidence=(
            plural(
                total,
                "{n} such name is missing, in the root and in folders, and not one arrived.",
                "{n} such names are missing, in the root and in folders, and not one arrived.",
            ),
        ),
        remedy=(
            say("Switch on hidden files in the FTP program (`LIST -a`), or use rsync or SFTP:"),
            resend(scene.context.part),
        ),
        explains=lambda seen: (
            seen.kind is PathClass.MISSING and any(name.startswith(b".") for name in seen.path.split(b"/"))
        ),
    )
