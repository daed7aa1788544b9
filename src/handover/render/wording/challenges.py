"""What a challenge showed, in sentences: how much was asked for, what agreed, and of whom there is more to be said."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

from handover.challenge import Challenge, SideAnswers, State
from handover.render.wording.codes import Sides
from handover.render.wording.language import Plurals, foreign, noun, number, percent, plural, say, size
from handover.report import PartReport

_STATES = Plurals(
    {
        State.CONTRADICTS: (
            (
                "{n} file on {host} has other content than its manifest says, although nothing changed: that was not "
                "true."
            ),
            (
                "{n} files on {host} have other content than its manifest says, although nothing changed: that was "
                "not true."
            ),
        ),
        State.MOVED: (
            "{n} file on {host} changed or vanished after it was read, and could not be asked for.",
            "{n} files on {host} changed or vanished after they were read, and could not be asked for.",
        ),
        State.UNREADABLE: (
            "{n} file on {host} could not be read any more when it was asked for.",
            "{n} files on {host} could not be read any more when they were asked for.",
        ),
    }
)


def challenge_sentences(part: PartReport, challenge: Challenge, sides: Sides) -> Iterator[tuple[str, str]]:
    """Yield all that is to be said beside the verdict, each with its side, or none when it is about both."""
    yield "", _sample(challenge)
    if challenge.asked and challenge.agreed == challenge.asked:
        yield "", _chance(challenge)
    for side, answers in (("source", challenge.source), ("target", challenge.target)):
        for sentence in _of_side(answers, sides.host(side)):
            yield side, sentence
    if challenge.differ:
        yield _differing(part, challenge, sides)


def not_confirmed(part: PartReport, challenge: Challenge, sides: Sides) -> str:
    """Return the doubt that a challenge leaves, with the side that it is to be attributed to."""
    hosts = [sides.host(side) for side in doubted(part, challenge)]
    return plural(
        challenge.asked - challenge.agreed,
        "{n} of {asked} files that were asked for again was not confirmed, because of {host}.",
        "{n} of {asked} files that were asked for again were not confirmed, because of {host}.",
        asked=number(challenge.asked),
        host=hosts[0] if len(hosts) == 1 else noun("one or both hosts"),
    )


def _sample(challenge: Challenge) -> str:
    return plural(
        challenge.asked,
        "{n} of {total} files that both sides claim ({size}), chosen at random when both had been read, was asked for "
        "again with a salt: {agreed} confirmed by both.",
        "{n} of {total} files that both sides claim ({size}), chosen at random when both had been read, were asked for "
        "again with a salt: {agreed} confirmed by both.",
        total=number(challenge.files),
        size=size(challenge.bytes),
        agreed=number(challenge.agreed),
    )


def _chance(challenge: Challenge) -> str:
    """Return how likely it was to find a host that lacks one file in a hundred, exactly, rounded down."""
    lacking = -(-challenge.files // 100)
    missed = comb(challenge.files - lacking, challenge.asked) / comb(challenge.files, challenge.asked)
    return plural(
        lacking,
        "Had a host lacked {n} of these {total} files, this would have shown it with a chance of {chance}.",
        "Had a host lacked {n} of these {total} files, this would have shown it with a chance of {chance}.",
        total=number(challenge.files),
        chance=percent(int(10_000 * (1 - missed))),
    )


def _of_side(answers: SideAnswers, host: str) -> Iterator[str]:
    counts = {
        State.CONTRADICTS: answers.contradicts,
        State.MOVED: answers.moved,
        State.UNREADABLE: answers.unreadable,
    }
    for state, count in counts.items():
        if count:
            yield _STATES.say(state, count, host=host)
    if answers.failure is not None:
        yield say("When it was asked again, {host} did not answer: {why}.", host=host, why=foreign(answers.failure))


def _differing(part: PartReport, challenge: Challenge, sides: Sides) -> tuple[str, str]:
    liar = _only_remote(part)
    if liar is not None:
        return liar, plural(
            challenge.differ,
            "For {n} file {host} gave another answer than the machine that asked, which has the file: {host} does not "
            "have the content that it claims.",
            "For {n} files {host} gave other answers than the machine that asked, which has the files: {host} does not "
            "have the contents that it claims.",
            host=sides.host(liar),
        )
    return "", plural(
        challenge.differ,
        "For {n} file the hosts gave different answers: at least one of them does not have the content that it claims. "
        "The one that has the file can show it, and its answer is then right.",
        "For {n} files the hosts gave different answers: at least one does not have the contents that it claims. "
        "The one that has the files can show them, and its answers are then right.",
    )


def doubted(part: PartReport, challenge: Challenge) -> list[str]:
    """Return the sides that a challenge leaves in doubt."""
    sides = {"source": challenge.source, "target": challenge.target}
    found = {side for side, answers in sides.items() if answers.answered < challenge.asked}
    if challenge.differ:
        liar = _only_remote(part)
        found |= set(sides) if liar is None else {liar}
    return sorted(found)


def _only_remote(part: PartReport) -> str | None:
    """Return the side that is on another host when the other one is a folder of the machine that asked."""
    local = (part.source.route == "local", part.target.route == "local")
    return {(True, False): "target", (False, True): "source"}.get(local)
