"""All parts of a round at the same time: every part is listed first, and each side is read as soon as it is listed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from pathlib import Path

from handover.errors import HandoverError
from handover.likeness import Likeness
from handover.locations.location import SshFolder
from handover.manifest import Role, manifest_name
from handover.rules import RuleSet
from handover.scan import Progress, Totals
from handover.workflow.crew import Crew
from handover.workflow.first_look import FirstLook, is_worth_it
from handover.workflow.reading import Display, Reading, SidePlan, read_side
from handover.workflow.turns import Turns


@dataclass(frozen=True, slots=True)
class PartPlan:
    """One part to read: where each side is, and under which rules."""

    name: str
    source: SidePlan
    target: SidePlan
    rules: RuleSet

    @property
    def sides(self) -> tuple[SidePlan, SidePlan]:
        """Both sides."""
        return self.source, self.target


#: What is done for one side, given its number; in a thread of the crew.
SideWork = Callable[[int, SidePlan, Reading, Progress], None]
#: Raises when a part cannot be used: given why each side could not be read, and how alike they are if that is known.
Judge = Callable[[PartPlan, Sequence[HandoverError | None], Likeness | None], None]


@dataclass(frozen=True, slots=True)
class Work:
    """What the parts of a round share; ``looks`` closes every first look, also that of a run that is interrupted."""

    crew: Crew
    looks: ExitStack
    reading: Reading
    folder: Path
    judge: Judge


class Part:
    """One part while it is listed and read. The main thread makes it and asks it; the crew does the work."""

    def __init__(self, plan: PartPlan, work: Work) -> None:
        self.plan = plan
        self.outputs = tuple(work.folder / manifest_name(plan.name, role) for role in Role)
        self.is_begun = False
        self.words: str | None = None
        self._work = work
        self.labels = tuple(label(plan.name, role, work.reading) for role in Role)
        self._unread = [0, 1]
        self._jobs: dict[int, _Job] = {}
        self._troubles: list[HandoverError | None] = [None, None]
        self._look: FirstLook | None = None
        if is_worth_it(plan.sides, work.reading.choices):
            self._look = work.looks.enter_context(closing(FirstLook(plan.name, plan.rules)))

    @property
    def waits_for(self) -> list[Future[None]]:
        """What is under way."""
        return [job.future for job in self._jobs.values() if not job.future.done()]

    def list_names(self) -> None:
        """Have both sides listed, when there is something to gain by it."""
        if self._look is not None:
            for number in self._unread:
                self._start(number, self._look.list_side)

    def advance(self) -> None:
        """Have each side read as soon as it is listed, and compare the listings once both are there.

        A side that could not even be listed is not tried a second time. Raises what the judge raises.
        """
        listed = [number for number in self._unread if number not in self._jobs or self._jobs[number].future.done()]
        for number in listed:
            self._take_trouble(number)
        if len(listed) == len(self._unread):
            self._take_look()
        for number in listed:
            self._unread.remove(number)
            if self._troubles[number] is None:
                self._start(number, self._read_side)

    def read(self) -> tuple[HandoverError | None, ...]:
        """Wait until both sides are read, and return why one could not be; raises what the judge raises."""
        for _, job in sorted(self._jobs.items()):
            Crew.wait([job.future])
            for remark in job.remarks:
                self._work.reading.world.remark(remark)
        for number in tuple(self._jobs):
            self._take_trouble(number)
        self._work.judge(self.plan, self._troubles, None)
        return tuple(self._troubles)

    def watched(self, number: int) -> Watched:
        """Return the progress of the source, side 0, or the target, side 1."""
        reading = self._work.reading
        return Watched(reading.progress, self.labels[number], reading.turns)

    def _start(self, number: int, work: SideWork) -> None:
        side = partial(work, number, self.plan.sides[number])
        self._jobs[number] = _Job.start(side, self._work.reading, self.watched(number), self._work.crew)

    def _read_side(self, number: int, side: SidePlan, reading: Reading, progress: Progress) -> None:
        if self._look is not None:
            files, size = self._look.amount(number)
            reading.progress.expect(self.labels[number], files=files, bytes=size)
        read_side(self.plan.name, side, self.plan.rules, self.outputs[number], reading, progress)

    def _take_trouble(self, number: int) -> None:
        if (job := self._jobs.pop(number, None)) is not None:
            self._troubles[number] = job.trouble()

    def _take_look(self) -> None:
        alike, look = None, self._look
        if look is not None:
            with closing(look):
                if not any(self._troubles):
                    alike = look.likeness
                    if alike is not Likeness.SAME_ROOT:
                        self.words = look.words(self._work.reading.named(self.plan.name))
        self._work.judge(self.plan, self._troubles, alike)
        self.is_begun = True


def begin(plans: Sequence[PartPlan], work: Work) -> list[Part]:
    """Look at all parts first, have the contents of each read as soon as that is done, and return them in order.

    What the looks tell is said in the order of the parts, whichever was done first.
    """
    parts = [Part(plan, work) for plan in plans]
    work.reading.progress.begin([side for part in parts for side in part.labels])
    if work.reading.hosts.may_ask:
        # A question needs this thread, where Ctrl-C reaches it, and questions come one after the other.
        _reach_first([side for plan in plans for side in plan.sides], work.reading)
    for part in parts:
        part.list_names()
    unsaid = list(parts)
    while unsaid:
        for part in parts:
            if not part.is_begun:
                part.advance()
        for part in list(takewhile(lambda part: part.is_begun, unsaid)):
            unsaid.remove(part)
            if part.words is not None:
                work.reading.world.remark(part.words)
        Crew.wait([future for part in unsaid for future in part.waits_for])
    return parts


def label(part: str, role: Role, reading: Reading) -> str:
    """Return how a side is named while it is read."""
    named = reading.named(part)
    return role.value if named is None else f"{named} {role.value}"


@dataclass(frozen=True, slots=True)
class _Job:
    """One side that is read; what it has to say waits until it is its turn to be told."""

    future: Future[None]
    remarks: list[str]

    @classmethod
    def start(cls, work: Callable[[Reading, Progress], None], reading: Reading, watched: Watched, crew: Crew) -> _Job:
        remarks: list[str] = []
        own = replace(reading, world=replace(reading.world, remark=remarks.append))

        def watched_work() -> None:
            complete = False
            try:
                work(own, watched)
                complete = True
            finally:
                watched.display.done(watched.side, complete=complete)

        return cls(crew.submit(watched_work), remarks)

    def trouble(self) -> HandoverError | None:
        error = self.future.exception()
        if error is None or isinstance(error, HandoverError):
            return error
        raise error


@dataclass(frozen=True, slots=True)
class Watched:
    """The progress of one side, under a name of its own; ends the scan that tells it when the run is over."""

    display: Display
    side: str
    turns: Turns

    def update(self, _: str, totals: Totals) -> None:
        """Pass it on, or end the scan."""
        self.turns.check()
        self.display.update(self.side, totals)


def _reach_first(sides: Sequence[SidePlan], reading: Reading) -> None:
    """Connect to each host before the scans start; why one was not reached is said when its scan is."""
    for side in sides:
        if isinstance(side.location, SshFolder):
            with suppress(HandoverError):
                reading.hosts.reach(side.location, side.host_key)
