"""What is to be scanned and how, and what the caller is told meanwhile: values and ports, nothing that acts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Protocol, Self

from handover.digests import Algorithm
from handover.manifest import CaseRef, RanBy, Role
from handover.rules import Rule, RuleSet

MAX_WORKERS = 64
#: The most that an agent starts when it is left to it.
_MAX_AUTO_WORKERS = 16
#: Shared hosting allows few processes, and the site must go on working.
_POLITE_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard the host is worked: number of processes, and whether they take the lowest priority.

    With 0 workers the agent takes as many as suit the host and its disk.
    """

    workers: int
    polite: bool

    @property
    def most_workers(self) -> int:
        """How many there can be."""
        return self.workers or _MAX_AUTO_WORKERS

    @classmethod
    def local(cls) -> Self:
        """Return what suits this machine: all of it."""
        return cls(0, polite=False)

    @classmethod
    def fast_remote(cls) -> Self:
        """Return what suits somebody else's machine that nobody else needs now."""
        return cls(0, polite=False)

    @classmethod
    def polite_remote(cls) -> Self:
        """Return what suits somebody else's machine: two niced processes at most."""
        return cls(_POLITE_WORKERS, polite=True)


@dataclass(frozen=True, slots=True)
class Question:
    """A challenge as a host hears it: which files, as paths below the root, and the salt that goes before each."""

    salt: bytes
    paths: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """One scan of one root. ``root`` is a path on the scanned host; a relative one starts at the login folder."""

    root: bytes
    #: How the location is named to people; harmless text.
    location: str
    part: str
    ran_by: RanBy
    effort: Effort
    role: Role | None = None
    case: CaseRef | None = None
    #: ``local`` or ``python``: how the location is read.
    route: str = "python"
    digest: Algorithm = Algorithm.SHA256
    rules: RuleSet = field(default_factory=RuleSet)
    recheck: bool = True
    #: Names, kinds and sizes alone, for a first look: nothing that a manifest could be made of.
    listing: bool = False
    #: Instead of a scan: answers for some files, nothing that a manifest could be made of.
    question: Question | None = None
    cross_mounts: bool = False
    follow_root_link: bool = False
    allow_empty: bool = False
    #: Whether the manifest survives a power cut as soon as it is there.
    durable: bool = True
    #: Keep what was read when the scan is cut off.
    keep_cut: bool = False
    #: Put before the interpreter, such as ``sudo -n``.
    become: str = ""
    #: Which interpreters are tried; none: those that are usual for the route.
    interpreters: tuple[str, ...] = ()
    #: A host that sends nothing whole for so long is given up.
    idle_timeout_s: float = 60.0
    deadline_s: float | None = None
    #: Bytes per second that the host reads and sends for it, at most.
    rate: int | None = None

    @property
    def proofs(self) -> tuple[Rule, ...]:
        """The rules that keep proof, as far as they apply on this side."""
        return self.rules.proofs(on_target=self.role is Role.TARGET)


class Stage(StrEnum):
    """Which pass over the tree is under way."""

    CONTENTS = "contents"
    RECHECK = "recheck"


class Totals(NamedTuple):
    """How far a scan is; the counts of folders are those of the stage, the others of the whole scan."""

    stage: Stage
    files: int
    bytes: int
    folders_done: int
    folders_known: int


class Progress(Protocol):
    """Hears how far a scan is, at least every second. An exception that it raises ends the scan."""

    def update(self, side: str, totals: Totals) -> None:
        """Take what is known of a side so far."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and randomness, handed in: nanoseconds since 1970, seconds that only go forwards, random hex."""

    wall_ns: Callable[[], int]
    monotonic_s: Callable[[], float]
    nonce: Callable[[], str]
