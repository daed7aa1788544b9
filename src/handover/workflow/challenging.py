"""``--challenge``: when both sides of a part are read, some files are asked for again, and the answers go on record."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from handover import challenge
from handover.challenge import Answer, Challenge, ChallengeDocument, Choice, State
from handover.digests import Algorithm
from handover.errors import HandoverError, Refused, RemoteError, UsageError
from handover.files import local_io
from handover.locations.location import ManifestFile
from handover.manifest_reader import Reader
from handover.paths import shown
from handover.workflow.crew import Crew
from handover.workflow.parts import Part, PartPlan
from handover.workflow.reading import Reading, SidePlan, ask_side

#: A host that cannot be asked any more has not answered; trouble on this side ends the run.
_NO_ANSWER = (RemoteError, UsageError, Refused)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one side answered, in the order of the claims; ``failure`` is why it broke off."""

    given: tuple[Answer, ...]
    failure: str | None = None


def check(parts: Iterable[PartPlan], reading: Reading) -> None:
    """Raise ``UsageError`` when a challenge is wanted that nobody can answer, before anything is read."""
    if not reading.choices.challenge:
        return
    if reading.choices.algorithm is Algorithm.NONE:
        raise UsageError(
            "names and sizes alone claim no content that could be asked for",
            hint="Leave out --quick or --challenge.",
        )
    for side in (side for part in parts for side in part.sides):
        if isinstance(side.location, ManifestFile):
            raise UsageError(
                "a manifest cannot be asked whether its files are there",
                where=side.shown,
                hint="Name the folder that it was made of, or leave out --challenge.",
            )


def challenge_part(part: Part, crew: Crew, reading: Reading) -> Challenge:
    """Ask both hosts of a part that was read, leave the answers beside its manifests, and return what they come to."""
    # SECURITY: the salt is made when both manifests are there; nobody could prepare for it, or choose files by it.
    salt = reading.world.token(challenge.SALT_BYTES)
    choice = _choose(part, salt, reading.choices.challenge)
    source, target = _both(part, choice, salt, crew, reading)
    document = ChallengeDocument(
        type=challenge.TYPE,
        version=challenge.VERSION,
        part=part.plan.name,
        salt=salt.hex(),
        asked_at=reading.world.instant(),
        source_failure=source.failure,
        target_failure=target.failure,
        asked=tuple(map(challenge.asked, choice.claims, source.given, target.given)),
    )
    path = part.outputs[0].with_name(challenge.file_name(part.plan.name))
    with local_io(path), path.open("xb") as stream:
        stream.write(document.to_bytes())
    return challenge.summary(document, choice.files)


def _choose(part: Part, salt: bytes, count: int) -> Choice:
    with ExitStack() as files:
        readers = []
        for manifest in part.outputs:
            files.enter_context(local_io(manifest))
            readers.append(Reader(files.enter_context(manifest.open("rb")), where=manifest.name))
        source, target = readers
        return challenge.choose(source, target, salt, count)


def _both(part: Part, choice: Choice, salt: bytes, crew: Crew, reading: Reading) -> list[_Answers]:
    """Ask both at the same time, so that neither has the time to ask the other."""
    plan = part.plan
    found: dict[int, tuple[Answer, ...]] = {}

    def ask(number: int, side: SidePlan) -> None:
        found[number] = ask_side(plan.name, side, plan.rules, choice.claims, salt, reading, part.watched(number))

    futures = [crew.submit(partial(ask, number, side)) for number, side in enumerate(plan.sides)]
    for future in futures:
        Crew.wait([future])
    answers = []
    for number, future in enumerate(futures):
        error = future.exception()
        if error is None:
            answers.append(_Answers(found[number]))
        elif isinstance(error, _NO_ANSWER):
            answers.append(_Answers((Answer(state=State.SILENT),) * len(choice.claims), _words(error)))
        else:
            raise error
    return answers


def _words(error: HandoverError) -> str:
    return shown(f"{error.what} ({error.where})" if error.where else error.what)
