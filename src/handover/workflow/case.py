"""A case on disk: the folder with ``handover.yaml`` and its numbered rounds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from handover.digests import sha256_hex
from handover.errors import LocalIOError, Refused, UsageError
from handover.files import local_io
from handover.paths import shown
from handover.report import Previous
from handover.terms import Terms, parse

TERMS_NAME = "handover.yaml"
ROUNDS_NAME = "rounds"
_LOCK_NAME = ".handover.lock"
_NUMBER = re.compile(r"[0-9]{4}\Z")


@dataclass(frozen=True, slots=True)
class Case:
    """A case and its terms, with the exact bytes that they were parsed from."""

    folder: Path
    terms: Terms
    raw_terms: bytes

    @classmethod
    def open(cls, place: Path) -> Case:
        """Open the case in a folder, or the one whose ``handover.yaml`` is named; ``UsageError`` when there is none."""
        file = place if place.is_file() else place / TERMS_NAME
        try:
            raw = file.read_bytes()
        except FileNotFoundError:
            raise UsageError(
                f"there is no {TERMS_NAME}",
                where=shown(os.fsencode(place)),
                hint="Write one with  handover init, or name the folder of the case.",
            ) from None
        except OSError as error:
            raise LocalIOError(error.strerror or "cannot be read", where=shown(os.fsencode(file))) from error
        return cls(file.parent, parse(raw, shown(os.fsencode(file))), raw)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other runs out of this case while the block runs; ``Refused`` when one is at work."""
        from filelock import FileLock, Timeout  # verify asks only what a case is, and locks none

        lock = FileLock(self.folder / _LOCK_NAME, timeout=0)
        with local_io(self.folder):
            try:
                lock.acquire()
            except Timeout:
                raise Refused(
                    "another run is at work in this case",
                    where=shown(os.fsencode(self.folder)),
                    hint="Wait until it has ended.",
                ) from None
        try:
            yield
        finally:
            lock.release()

    def rounds(self) -> list[int]:
        """Return the numbers of the rounds that there are, in order."""
        folder = self.folder / ROUNDS_NAME
        if not folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in folder.iterdir() if _NUMBER.match(entry.name) and int(entry.name))

    def round_folder(self, number: int) -> Path:
        """Return where a round is, or will be."""
        return self.folder / ROUNDS_NAME / f"{number:04d}"

    def next_round(self) -> tuple[int, Previous | None]:
        """Return the number of the next round and what chains it to the last one."""
        numbers = self.rounds()
        if not numbers:
            return 1, None
        sums = self.round_folder(numbers[-1]) / "SHA256SUMS"
        with local_io(sums):
            return numbers[-1] + 1, Previous(round=numbers[-1], sha256=sha256_hex(sums.read_bytes()))
