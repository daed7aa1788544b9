"""One host asked again: for some files, what SHA-256 gives for a salt and their content after it."""

from __future__ import annotations

from handover.agents.answers import Answer as Told
from handover.agents.answers import Held, parse_answer
from handover.agents.frames import FrameType, Status, broken
from handover.challenge import Answer, Claim, State
from handover.entries import HostStat
from handover.locations.channel import Host
from handover.manifest import Role
from handover.scan.request import Clock, Progress, ScanRequest
from handover.scan.scanner import told_of

_MOVED = (Status.VANISHED, Status.UNSTABLE)


def ask(
    host: Host, request: ScanRequest, claims: tuple[Claim, ...], progress: Progress, clock: Clock
) -> tuple[Answer, ...]:
    """Return the host's answer for each claim of its manifest; ``request`` has the question and the role of the host.

    Raises what ``scan`` raises for the host and its root.
    """
    told: dict[int, Told] = {}

    def take(payload: bytes) -> None:
        answer = parse_answer(payload, request.digest.size)
        if answer.number in told or answer.number >= len(claims):
            raise broken("an answer to what was not asked")
        told[answer.number] = answer

    told_of(FrameType.ANSWER, host, request, progress, clock, take)
    return tuple(_judged(told.get(number), claim, request.role) for number, claim in enumerate(claims))


def _judged(told: Told | None, claim: Claim, role: Role | None) -> Answer:
    """Hold what the host tells now against what its manifest says."""
    if told is None:
        return Answer(state=State.UNREADABLE)  # the root could not be entered
    was = claim.source if role is Role.SOURCE else claim.target
    if told.status in _MOVED or (told.held is not None and _moved(told.held, claim.size, was)):
        return Answer(state=State.MOVED)
    if told.status is not Status.OK:
        return Answer(state=State.UNREADABLE)
    state = State.ANSWERED if told.plain.hex() == claim.digest else State.CONTRADICTS
    return Answer(state=state, salted=told.salted.hex())


def _moved(held: Held, size: int, was: HostStat) -> bool:
    known = ((was.mtime_ns, held.mtime_ns), (was.ctime_ns, held.ctime_ns), (was.inode, held.inode))
    return held.size != size or any(then is not None and int(then) != now for then, now in known)
