"""Files that were edited on the target after they had come: paths and domains replaced, or the site in use."""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.traits import is_text
from handover.diagnosis.words import moment, plural, quoted, say
from handover.report import Fact
from handover.sentences import Sentence

_LEAST, _FEW, _ENOUGH = 2, 3, 5
_BURST_NS = 600 * 10**9


class Edited(Cause):
    """Changed files that are newer on the target than on the source."""

    kinds = frozenset({PathClass.CHANGED, PathClass.EXTRA})

    def __init__(self) -> None:
        self._texts = self._others = 0
        self._step = 0
        self._growths: set[int] = set()
        self._first = b""
        self._earliest_ns: int | None = None
        self._latest_ns = 0
        self._newest_extra = 0, b""

    def add(self, seen: Observation) -> None:
        """Take one changed or extra path."""
        if seen.kind is PathClass.EXTRA:
            made = seen.target_stat.modified_ns
            if made is not None and seen.is_file and made > self._newest_extra[0]:
                self._newest_extra = made, seen.path
            return
        if not _is_newer_there(seen) or seen.source is None or seen.target is None:
            return
        self._first = self._first or seen.path
        if is_text(seen.name):
            self._texts += 1
            grown = (seen.target.size or 0) - (seen.source.size or 0)
            self._step = gcd(self._step, grown)
            if len(self._growths) < _LEAST:
                self._growths.add(grown)
        else:
            self._others += 1
        edited = seen.target_stat.modified_ns
        if edited is not None:
            self._earliest_ns = edited if self._earliest_ns is None else min(edited, self._earliest_ns)
            self._latest_ns = max(edited, self._latest_ns)

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield a replacement all over the texts, edits of any kind, and what was made since the site went live."""
        cutover = scene.context.cutover_at_ns
        live_ns = None if cutover is None else cutover + scene.target_ahead_ns
        if live_ns is not None and self._newest_extra[0] >= live_ns:
            yield _made(live_ns, self._newest_extra[1])
        if self._earliest_ns is None:
            return
        burst = self._texts >= _ENOUGH and self._latest_ns - self._earliest_ns <= _BURST_NS
        stepped = self._texts >= _FEW and abs(self._step) != 1 and not self._others
        if stepped or (burst and self._others <= self._texts):
            yield self._replaced()
        yield self._edited(live_ns)

    def _edited(self, live_ns: int | None) -> Hypothesis:
        assert self._earliest_ns is not None
        in_use = live_ns is not None and self._earliest_ns >= live_ns
        return Hypothesis(
            cause="edited_on_target",
            weight=Weight.SHAPED,
            confidence="medium",
            title=say("Files were edited on the target since it went live")
            if in_use
            else say("Files are newer on the target: they were edited there after the copy"),
            evidence=(
                plural(
                    self._texts + self._others,
                    "{n} changed file is newer on the target, for example {path}; the first edit is of {moment}.",
                    "{n} changed files are newer on the target, for example {path}; the first edit is of {moment}.",
                    path=quoted(self._first),
                    moment=moment(self._earliest_ns),
                ),
            ),
            remedy=(
                say(
                    "If these edits are meant, agree to them with `may_differ`. Do not send the old ones over them "
                    "unseen."
                ),
            ),
            explains=_is_newer_there,
        )

    def _replaced(self) -> Hypothesis:
        step, everything = abs(self._step), bool(self._others)
        # Where each grew by the same, something may as well have been put into each of them.
        is_sure = self._texts >= _ENOUGH and step != 1 and not self._others and (not step or len(self._growths) > 1)
        return Hypothesis(
            cause="text_replaced",
            weight=Weight.SEPARATED,
            confidence="high" if is_sure else "medium",
            title=say(
                "A text was replaced all over the files on the target, such as a domain or the path of the account"
            ),
            evidence=(
                plural(
                    self._texts,
                    "{n} text is newer on the target, for example {path}.",
                    "{n} texts are newer on the target, for example {path}.",
                    path=quoted(self._first),
                ),
                _how(step),
                plural(
                    self._others,
                    "{n} other file, such as a picture, was written with them: that one is damaged.",
                    "{n} other files, such as pictures, were written with them: those are damaged.",
                )
                if everything
                else say("No picture and no archive changed."),
            ),
            remedy=(
                say("If the replacement is meant, agree to it with `may_differ` and the reason."),
                say("If nobody made it, have these files searched for code that was put in from outside."),
            ),
            explains=lambda seen: _is_newer_there(seen) and (everything or is_text(seen.name)),
            facts=(Fact(name="step_bytes", value=str(step)),),
        )


def _how(step: int) -> Sentence:
    if step > 1:
        return plural(
            step,
            "Their sizes differ by multiples of {n} byte, as when one text is replaced by another.",
            "Their sizes differ by multiples of {n} bytes, as when one text is replaced by another.",
        )
    if step:
        return say("They were all written within minutes.")
    return say("Their sizes stayed, as when one text is replaced by another of the same length.")


def _made(live_ns: int, newest: bytes) -> Hypothesis:
    return Hypothesis(
        cause="made_on_target",
        weight=Weight.SHAPED,
        confidence="medium",
        title=say("Files were made on the target since it went live"),
        evidence=(
            say(
                "They are newer than {moment}, by the target's clock; the newest is {path}.",
                moment=moment(live_ns),
                path=quoted(newest),
            ),
        ),
        remedy=(say("Nothing is lost by these. To have them agreed, write a rule `may_be_extra` with the reason."),),
        explains=lambda seen: (
            seen.kind is PathClass.EXTRA and seen.is_file and (seen.target_stat.modified_ns or 0) >= live_ns
        ),
    )


def _is_newer_there(seen: Observation) -> bool:
    source, target = seen.source_stat.modified_ns, seen.target_stat.modified_ns
    if seen.kind is not PathClass.CHANGED or source is None or target is None or "link_target" in seen.why:
        return False
    return target // 10**9 > source // 10**9 and bool(seen.target and seen.target.size)
