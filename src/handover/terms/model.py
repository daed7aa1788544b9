"""The terms of a handover as values: who, what, under which rules and until when. Made only by ``terms.parse``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from handover.digests import Algorithm
from handover.evidence.statement import PartyRole
from handover.presets import Preset
from handover.rules import Requirement, Rule, RuleSet


class Language(StrEnum):
    """Languages of reports."""

    EN = "en"
    PL = "pl"
    FI = "fi"


class Route(StrEnum):
    """How a location is read."""

    LOCAL = "local"
    PYTHON = "python"
    PHP = "php"
    SH = "sh"
    SFTP = "sftp"
    FTP = "ftp"
    PROBE = "probe"
    ARCHIVE = "archive"
    IMPORT = "import"


class SshTransport(StrEnum):
    """What speaks SSH: the library, or the ``ssh`` program of this machine."""

    PARAMIKO = "paramiko"
    OPENSSH = "openssh"


@dataclass(frozen=True, slots=True)
class Location:
    """Where one side of a part is; ``text`` is a path, an ``ssh://`` URL or a manifest file, as it is written."""

    text: str
    host_key: str | None = None
    become: str | None = None
    transport: SshTransport | None = None
    route: Route | None = None
    follow_root_link: bool = False
    allow_empty: bool = False
    cross_mounts: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """One party; ``keys`` are the lines of its OpenSSH public keys, every one of them fit to sign."""

    role: PartyRole
    name: str
    contact: str
    language: Language = Language.EN
    keys: tuple[str, ...] = ()
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as it is written, and the instant that it means.

    A day without a time means its beginning for what starts then, and its end for what must be done by then.
    """

    text: str
    instant: datetime


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates of a case, all in its time zone."""

    complete_by: Moment | None = None
    frozen_from: Moment | None = None
    cutover_at: Moment | None = None
    source_ends: Moment | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is handed over. ``rules`` are its own ones, without those of the preset.

    ``database`` names the one that belongs to it and that this handover does not speak of; empty when there is none.
    """

    name: str
    source: Location
    target: Location
    preset: Preset | None = None
    database: str = ""
    rules: tuple[Rule, ...] = ()
    require: frozenset[Requirement] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """The content of ``handover.yaml``; ``max_excluded_bp`` is in basis points, 1/100 of a percent."""

    id: str
    case: str
    timezone: str
    dates: Dates
    parties: Mapping[PartyRole, Party]
    required_signatures: tuple[PartyRole, ...]
    parts: tuple[Part, ...]
    max_excluded_bp: int
    digest: Algorithm

    def rule_sets(
        self, flags: Sequence[Rule] = (), require: frozenset[Requirement] = frozenset()
    ) -> dict[str, RuleSet]:
        """Return the rules of each part by its name, in the order of the terms.

        The part's own rules come first, then its preset's, then those of ``flags``: what the parties wrote wins.
        """
        return {
            part.name: RuleSet(
                part.rules + (part.preset.rules if part.preset else ()) + tuple(flags),
                part.require | require,
                self.max_excluded_bp,
                part.database,
                part.preset.site if part.preset else None,
            )
            for part in self.parts
        }
