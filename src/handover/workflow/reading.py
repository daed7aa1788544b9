"""Reading one side: scan a folder here or on a host, or take the manifest that somebody made before."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, assert_never

from handover.challenge import Answer, Claim
from handover.digests import Algorithm
from handover.errors import Refused
from handover.files import local_io, new_file, refuse_existing
from handover.locations import location
from handover.locations.channel import Host
from handover.locations.location import LocalFolder, Location, ManifestFile, SshFolder
from handover.manifest import CaseRef, Header, RanBy, Role, Standing, Trailer
from handover.manifest_reader import Reader, audit
from handover.paths import shown
from handover.render.wording.talk import side_read
from handover.rules import RuleSet
from handover.scan import (
    Carry,
    Clock,
    CutScan,
    EarlierManifest,
    Effort,
    Progress,
    Question,
    ScanRequest,
    ask,
    cut_scans,
    list_root,
    scan,
)
from handover.workflow.hosts import Hosts
from handover.workflow.surroundings import Surroundings
from handover.workflow.turns import Turn, Turns

#: The limit of one scan is then that of the host; and its workers have all of it.
_SCANS_OF_A_LIMITED_HOST = 1
#: So that no core is idle while the manifest of the other is written here.
_SCANS_OF_A_HOST = 2

if TYPE_CHECKING:
    from handover.workflow.custody import StatementFile

_OWNER = {Role.SOURCE: "sender", Role.TARGET: "receiver"}


@dataclass(frozen=True, slots=True)
class SidePlan:
    """One side of a part before it is read: where it is, how it is reached, and who reads it.

    ``previous`` is a manifest of an earlier scan: what has not changed since is not read again.
    """

    role: Role | None
    location: Location
    ran_by: RanBy
    host_key: str | None = None
    become: str | None = None
    follow_root_link: bool = False
    allow_empty: bool = False
    cross_mounts: bool = False
    previous: Path | None = None
    custody: tuple[StatementFile, ...] = ()

    @property
    def shown(self) -> str:
        """The location as harmless text."""
        return location.show(self.location)


@dataclass(frozen=True, slots=True)
class Choices:
    """How the scans of a run are done."""

    algorithm: Algorithm
    recheck: bool = True
    fast: bool = False
    workers: int | None = None
    deadline_s: float | None = None
    idle_timeout_s: float = 60.0
    first_look: bool = False
    #: So many files of each part are asked for again, with a salt, when both sides are read; 0: no challenge.
    challenge: int = 0
    #: Bytes per second that each host reads and sends at most.
    rate: int | None = None
    #: Keep what was read when a scan is cut off, and go on from what an earlier one left.
    resume: bool = False


class Display(Progress, Protocol):
    """Progress of several sides at once, which can be told beforehand how much there is; told from several threads."""

    def begin(self, sides: Sequence[str]) -> None:
        """Take the names of all sides, in the order in which they are shown."""

    def expect(self, side: str, *, files: int, bytes: int) -> None:  # noqa: A002  what it is
        """Take how many files and bytes a side has, as a listing counted them; its contents come now."""

    def done(self, side: str, *, complete: bool) -> None:
        """Take that nothing more comes of a side, for now, and whether it came to its end."""

    def finish(self) -> None:
        """Show no more: what comes next is the result."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What all scans of a run share; ``keep``: the manifests stay as evidence, and are not only compared.

    ``several_parts``: talk has to say which part it is about.
    """

    choices: Choices
    hosts: Hosts
    progress: Display
    world: Surroundings
    case: CaseRef | None = None
    keep: bool = True
    several_parts: bool = False
    turns: Turns = field(default_factory=Turns)

    def named(self, part: str) -> str | None:
        """Return the name of a part if talk has to say it."""
        return part if self.several_parts else None


@dataclass(frozen=True, slots=True)
class Scanned:
    """A manifest that was written: its first and its last line, and how long it took once it was its turn."""

    header: Header
    trailer: Trailer
    took_s: float


def side_plan(
    text: str,
    base: Path,
    role: Role | None,
    *,
    ran_by: str | None = None,
    name: str | None = None,
    host_key: str | None = None,
    become: str | None = None,
    follow_root_link: bool = False,
    allow_empty: bool = False,
    cross_mounts: bool = False,
    previous: Path | None = None,
) -> SidePlan:
    """Return the plan for a location as text; ``UsageError`` when it is none.

    ``ran_by`` is the role of the party that reads. A party that reads its own host declares; any other one witnesses.
    """
    place = location.parse(text, base)
    return SidePlan(
        role=role,
        location=place,
        ran_by=RanBy(standing=_standing(ran_by, role), party=ran_by, name=name),
        host_key=host_key,
        become=become,
        follow_root_link=follow_root_link,
        allow_empty=allow_empty,
        cross_mounts=cross_mounts,
        previous=previous,
        custody=_custody(place.path) if isinstance(place, ManifestFile) else (),
    )


def _custody(manifest: Path) -> tuple[StatementFile, ...]:
    # What checks signatures takes its time to import, and most locations are no manifests.
    from handover.workflow.custody import custody_beside

    return tuple(custody_beside(manifest))


def check_output(output: Path, *sides: SidePlan) -> None:
    """Raise ``Refused`` when something is at ``output``, or when it would lie in a tree that is read.

    Asked before anything is read: nobody should wait an hour to hear it, and no scan should meet its own files.
    """
    refuse_existing(output)
    # os.path.realpath and not Path.resolve, which fails on links that go in a circle.
    place = Path(os.path.realpath(output))
    for side in sides:
        if isinstance(side.location, LocalFolder) and place.is_relative_to(os.path.realpath(side.location.path)):
            raise Refused(
                f"{shown(os.fsencode(output))} is inside the folder that is scanned",
                where=side.shown,
                hint="Nothing is written into what is read. Choose a place outside of it.",
            )


def read_side(part: str, side: SidePlan, rules: RuleSet, output: Path, reading: Reading, progress: Progress) -> None:
    """Put the manifest of one side at ``output``, which must not exist."""
    match side.location:
        case ManifestFile(path):
            _take(path, side, output, reading)
        case LocalFolder() | SshFolder():
            # It lies in a folder that is written to the disk as a whole, or not kept at all.
            done = scan_side(part, side, side.location, rules, output, reading, progress, durable=False)
            if side.role is not None and reading.choices.algorithm is not Algorithm.NONE:
                files, size = done.trailer.counts.file, done.trailer.bytes
                reading.world.remark(side_read(side.role.value, reading.named(part), files, size, done.took_s))
        case _:
            assert_never(side.location)


def scan_side(
    part: str,
    side: SidePlan,
    place: LocalFolder | SshFolder,
    rules: RuleSet,
    output: Path,
    reading: Reading,
    progress: Progress,
    *,
    durable: bool = True,
) -> Scanned:
    """Scan a folder and leave its manifest at ``output``, which must not exist; ``durable`` as in ``new_file``."""
    request = replace(_request(part, side, place, rules, reading), durable=durable)
    carry = Carry(_earlier(side, output, reading.choices))
    with _in_turn(side, place, request, reading) as (host, turn):
        header, trailer = scan(host, request, output, progress, _clock(reading.world), carry)
    if carry.refused is not None:
        reading.world.remark(f"{side.shown} was read completely, and nothing carried over: {carry.refused}")
    return Scanned(header, trailer, turn.passed_s)


def list_side(
    part: str, side: SidePlan, rules: RuleSet, take: Callable[[bytes], None], reading: Reading, progress: Progress
) -> Header:
    """List the names and sizes of a folder for a first look; return the header that its manifest would have."""
    place = side.location
    if isinstance(place, ManifestFile):
        raise TypeError("a manifest is not listed: it is there already")
    request = replace(_request(part, side, place, rules, reading), listing=True, digest=Algorithm.NONE)
    with _in_turn(side, place, request, reading) as (host, _):
        return list_root(host, request, progress, _clock(reading.world), take)


def ask_side(
    part: str,
    side: SidePlan,
    rules: RuleSet,
    claims: tuple[Claim, ...],
    salt: bytes,
    reading: Reading,
    progress: Progress,
) -> tuple[Answer, ...]:
    """Ask the host of a folder again for the files of these claims; return its answers."""
    place = side.location
    if isinstance(place, ManifestFile):
        raise TypeError("a manifest cannot answer")
    question = Question(salt, tuple(claim.path for claim in claims))
    request = replace(_request(part, side, place, rules, reading), question=question)
    with _in_turn(side, place, request, reading) as (host, _):
        return ask(host, request, claims, progress, _clock(reading.world))


@contextmanager
def _in_turn(
    side: SidePlan, place: LocalFolder | SshFolder, request: ScanRequest, reading: Reading
) -> Iterator[tuple[Host, Turn]]:
    """Yield the host of a side when its turn has come; what a host is limited to, it is limited to as a whole."""
    machine = reading.hosts.reach(place, side.host_key).key_fingerprint
    limited = request.effort.workers or request.rate
    turn = reading.turns.turn(machine, _SCANS_OF_A_LIMITED_HOST if limited else _SCANS_OF_A_HOST)
    with turn:
        # The connection may have been cut while this scan waited.
        yield reading.hosts.reach(place, side.host_key), turn


def _request(
    part: str, side: SidePlan, place: LocalFolder | SshFolder, rules: RuleSet, reading: Reading
) -> ScanRequest:
    choices = reading.choices
    local = isinstance(place, LocalFolder)
    return ScanRequest(
        root=os.fsencode(place.path) if isinstance(place, LocalFolder) else place.address.path,
        location=side.shown,
        part=part,
        ran_by=side.ran_by,
        effort=_effort(choices, local=local),
        role=side.role,
        case=reading.case,
        route="local" if local else "python",
        digest=choices.algorithm,
        rules=rules,
        recheck=choices.recheck,
        cross_mounts=side.cross_mounts,
        follow_root_link=side.follow_root_link,
        allow_empty=side.allow_empty,
        keep_cut=choices.resume and choices.algorithm is not Algorithm.NONE,
        become=side.become or "",
        idle_timeout_s=choices.idle_timeout_s,
        deadline_s=choices.deadline_s,
        rate=choices.rate,
    )


def _earlier(side: SidePlan, output: Path, choices: Choices) -> list[EarlierManifest] | list[CutScan]:
    """Return the scans from which this one takes what has not changed: those that were cut off, or the previous one."""
    if choices.algorithm is Algorithm.NONE:
        return []  # there is nothing to take: no digest is wanted
    if choices.resume:
        return cut_scans(output)
    return [] if side.previous is None else [EarlierManifest(side.previous)]


def _effort(choices: Choices, *, local: bool) -> Effort:
    if local:
        effort = Effort.local()
    elif choices.fast:
        effort = Effort.fast_remote()
    else:
        effort = Effort.polite_remote()
    return effort if choices.workers is None else Effort(choices.workers, polite=effort.polite)


def _take(path: Path, side: SidePlan, output: Path, reading: Reading) -> None:
    """Take a manifest that was made before: a checked copy when it is to be kept, else only the way to it."""
    where = shown(os.fsencode(path))
    if reading.keep:
        with local_io(path), path.open("rb") as original, new_file(output, durable=False) as stream:
            shutil.copyfileobj(original, stream, 2**20)
        with local_io(output), output.open("rb") as stream:
            audit(stream, where=where, scratch=tempfile.TemporaryFile)
    else:
        with local_io(output):
            output.symlink_to(path)
    with local_io(output), output.open("rb") as stream:
        made_as = Reader(stream, where=where).header.role
    if made_as is not None and side.role is not None and made_as is not side.role:
        reading.world.remark(f"{where} was made as the {made_as} and is used as the {side.role}")


def _standing(ran_by: str | None, role: Role | None) -> Standing:
    witness = ran_by is not None and role is not None and ran_by != _OWNER[role]
    return Standing.WITNESSED if witness else Standing.SELF_DECLARED


def _clock(world: Surroundings) -> Clock:
    return Clock(wall_ns=time.time_ns, monotonic_s=time.monotonic, nonce=lambda: world.token(16).hex())
