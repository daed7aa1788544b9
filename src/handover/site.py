"""What a preset knows of the website in a part, and what a comparison found of that; never part of a verdict.

In ``rules.json`` stands what the site needs, in the report what became of it, so that everybody can compute the one
from the other and the manifests. This module is pure.
"""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import Annotated

import msgspec

from handover.errors import MalformedInput
from handover.patterns import PatternError, translate
from handover.strict_json import Count, Document

_Most = msgspec.Meta(max_length=100)


class Site(Document):
    """A kind of site: ``needs`` are paths that it cannot work without, ``core`` patterns of the program's own files."""

    preset: str
    title: str
    needs: Annotated[tuple[str, ...], _Most]
    core: Annotated[tuple[str, ...], _Most] = ()

    def check(self, *, where: str) -> None:
        """Raise ``MalformedInput`` when a pattern is not valid."""
        try:
            self.core_paths()
        except PatternError as error:
            raise MalformedInput(error.what, where=where, hint=error.hint) from error

    def core_paths(self) -> re.Pattern[bytes]:
        """Return an expression that matches the whole path of each of the program's own files, and no other."""
        groups = itertools.count()
        return re.compile("|".join(translate(pattern, groups) for pattern in self.core).encode("ascii") or b"(?!)")


class Trouble(StrEnum):
    """Why a site cannot work."""

    MISSING = "missing"
    EMPTY = "empty"
    REPLACED = "replaced"
    UNREADABLE = "unreadable"


class SiteTrouble(Document):
    """One path that the site needs: on which side it is not as it has to be; the empty path is the part's root."""

    path: str
    what: Trouble
    side: Annotated[str, msgspec.Meta(pattern=r"\A(?:source|target)\Z")]


class SiteLoss(Document):
    """Paths that are missing, the bytes of the files among them, and paths with other content."""

    missing: Count = 0
    bytes: Count = 0
    changed: Count = 0


class SiteFacts(Document):
    """What the differences mean for the site: ``core`` can be got again from who makes the program, ``content`` not."""

    preset: str
    title: str
    troubles: tuple[SiteTrouble, ...] = ()
    core: SiteLoss = SiteLoss()
    content: SiteLoss = SiteLoss()
