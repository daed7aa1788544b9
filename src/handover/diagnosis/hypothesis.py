"""What a cause is to the diagnosis: it watches the differences go by, and then says what may explain them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Literal

from handover.comparison import PathClass
from handover.diagnosis.census import Aspect, Census
from handover.diagnosis.folders import Folders
from handover.diagnosis.observation import CAUSED, Observation
from handover.diagnosis.pairs import Pairs
from handover.report import Fact
from handover.sentences import Sentence

Confidence = Literal["high", "medium", "low"]


class Weight(IntEnum):
    """How much one explained difference counts for a cause against other causes that explain it too.

    ``NAMED``: the name alone suggests it. ``SHAPED``: where the differences lie suggests it. ``ALIKE``: what is
    lost is named alike, and nothing of that name arrived. ``SEPARATED``: a property
    parts what is lost from what arrived. ``PROVEN``: the contents themselves show it, path by path. ``WHOLE``: one
    mechanism that is proven explains what would else be several facts.
    """

    NAMED = 1
    SHAPED = 2
    ALIKE = 3
    SEPARATED = 4
    PROVEN = 8
    WHOLE = 10


@dataclass(frozen=True, slots=True)
class Context:
    """What the terms say about time, in nanoseconds since 1970; ``part`` names the part.

    ``kinds`` are those of which there may be differences: what only others want to know is not looked at.
    """

    part: str
    frozen_from_ns: int | None = None
    cutover_at_ns: int | None = None
    kinds: frozenset[PathClass] = CAUSED


@dataclass(frozen=True, slots=True)
class Scene:
    """What was counted of the whole part, for every cause to weigh its evidence against.

    ``source_ahead_ns`` and ``target_ahead_ns`` are how far the clocks of the hosts are ahead of ours: times of both
    hosts, and of the terms, are held against one another only after taking that off.
    """

    context: Context
    source_ahead_ns: int
    target_ahead_ns: int
    census: Census
    folders: Folders
    pairs: Pairs


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One possible explanation: its sentences, and which differences it would explain.

    What is plain text in ``remedy`` is a command, the same in every language.
    """

    cause: str
    weight: Weight
    confidence: Confidence
    title: Sentence
    evidence: tuple[Sentence, ...]
    remedy: tuple[Sentence | str, ...]
    explains: Callable[[Observation], bool]
    facts: tuple[Fact, ...] = ()


class Cause(ABC):
    """A family of causes. It gets the differences of its ``kinds`` once, in order, and keeps little of them.

    It has nothing to say of a part without any difference of the kinds ``only_with``, by default ``kinds``. ``wants``
    is what it has to know of all that arrived.
    """

    kinds: ClassVar[frozenset[PathClass]] = frozenset()
    only_with: ClassVar[frozenset[PathClass]] = frozenset()
    wants: ClassVar[Aspect] = Aspect(0)

    @classmethod
    def is_open(cls, kinds: frozenset[PathClass]) -> bool:
        """Whether it may have something to say of a part with differences of these kinds."""
        return bool(kinds & (cls.only_with or cls.kinds))

    def add(self, seen: Observation) -> None:  # noqa: B027  a cause that lives from what all share has nothing to do
        """Take one difference of ``kinds``."""

    @abstractmethod
    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield what may explain the differences, once all of them were seen; nothing without evidence."""
