"""Where ``verify`` looks for manifests that files were carried over from: what was named, and the rounds beside."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO

from handover.bundles import open_bundle
from handover.errors import HandoverError, MalformedInput, UsageError
from handover.evidence.history import other_round
from handover.evidence.policy import OtherRound
from handover.files import local_io
from handover.locations.location import is_manifest
from handover.manifest import Base
from handover.manifest_reader import Reader
from handover.paths import shown

_ROUND = re.compile(r"[0-9]{4}\Z")
_SUFFIX = ".manifest"

Opener = Callable[[], BinaryIO]


class Bases:
    """The manifests around a bundle. What is opened for them is closed with ``opened``.

    ``UsageError`` when there is nothing at one of the places that were named.
    """

    def __init__(self, bundle: Path, named: Sequence[Path], opened: ExitStack) -> None:
        for place in named:
            if not place.exists():
                raise UsageError("there is no such manifest or bundle", where=shown(os.fsencode(place)))
        self._places = (*named, *_rounds_beside(bundle))
        self._opened = opened

    def find(self, base: Base) -> Opener | None:
        """Return what opens the manifest of that scan. It goes by the nonce; its digest then tells whether it is it."""
        return next((opener for place in self._places for opener in self._manifests(place) if _is(opener, base)), None)

    def rounds(self) -> Iterator[OtherRound]:
        """Yield the other rounds; one that cannot be read is not what is verified, and says nothing."""
        for place in self._places:
            if place.is_file() and is_manifest(place):
                continue
            with suppress(HandoverError):
                bundle = self._opened.enter_context(open_bundle(place))
                yield other_round(bundle)

    def _manifests(self, place: Path) -> Iterator[Opener]:
        if place.is_file() and is_manifest(place):
            yield partial(_open, place)
            return
        bundle = self._opened.enter_context(open_bundle(place))
        for name in bundle.listing.files:
            if name.endswith(_SUFFIX):
                yield partial(bundle.open, name)


def _rounds_beside(bundle: Path) -> list[Path]:
    """Return the other rounds of the same case, the latest first, when the bundle is the folder of a round."""
    folder = bundle.resolve()
    if not _ROUND.match(folder.name) or not folder.is_dir():
        return []
    rounds = (place for place in folder.parent.iterdir() if _ROUND.match(place.name) and place.is_dir())
    return sorted((place for place in rounds if place != folder), reverse=True)


def _open(path: Path) -> BinaryIO:
    with local_io(path):
        return path.open("rb")


def _is(opener: Opener, base: Base) -> bool:
    try:
        with opener() as stream:
            return Reader(stream, where="an earlier round").header.nonce == base.nonce
    except MalformedInput:
        return False
