"""Where bundles are: a folder or one zip archive, neither of them trusted, both read in place.

Nothing is extracted, no link is followed, nothing special is opened, and every file is read as a stream.
Specification: ``docs/spec/bundle.md``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from handover.errors import LocalIOError, MalformedInput, UsageError
from handover.evidence import sums
from handover.evidence.bundle import MAX_FILES, Bundle, Listing
from handover.evidence.guarded import guarded
from handover.evidence.zip_bundle import ZipBundle
from handover.paths import shown

#: Opening must not follow a link or wait for a FIFO; Windows has neither flag, and needs the one for bytes.
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Yield the bundle at ``path``: a folder, or one zip archive.

    Raises ``UsageError`` when there is neither, ``MalformedInput`` for a broken zip, ``LocalIOError`` when the system
    does not let us read.
    """
    where = shown(os.fsencode(path))
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise UsageError(
            "there is no such bundle", where=where, hint="Name the folder of a round, or its zip."
        ) from error
    except OSError as error:
        raise _unreadable(error, where) from error
    if stat.S_ISDIR(mode):
        yield FolderBundle(path)
    elif stat.S_ISREG(mode):
        with _open(path.resolve(), where) as stream:
            yield ZipBundle(stream, where=where)
    else:
        raise UsageError("neither a folder nor a file", where=where)


class FolderBundle:
    """A folder with the files of one round in it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.where = shown(os.fsencode(path))
        self.listing = self._list()

    def open(self, name: str) -> BinaryIO:
        """Open one of the listed files."""
        if name not in self.listing.files:
            raise KeyError(name)
        return _open(self._path / name, f"{self.where}/{name}")

    def _list(self) -> Listing:
        files: dict[str, int] = {}
        problems: list[str] = []
        try:
            with os.scandir(self._path) as entries:
                for number, entry in enumerate(entries):
                    if number >= MAX_FILES:
                        raise MalformedInput(f"more than {MAX_FILES} files", where=self.where)
                    name = shown(os.fsencode(entry.name))
                    if not entry.is_file(follow_symlinks=False):
                        problems.append(f"{name} is a folder, a link or a special file")
                    elif not sums.is_safe(entry.name):
                        problems.append(f"{name} is a name that no bundle may have")
                    else:
                        files[entry.name] = entry.stat(follow_symlinks=False).st_size
        except OSError as error:
            raise _unreadable(error, self.where) from error
        return Listing(dict(sorted(files.items())), tuple(sorted(problems)))


def _open(path: Path, where: str) -> BinaryIO:
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as error:
        raise _unreadable(error, where) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MalformedInput("is no longer a regular file", where=where)
    return guarded(os.fdopen(descriptor, "rb", buffering=0), where)


def _unreadable(error: OSError, where: str) -> LocalIOError:
    return LocalIOError(f"cannot be read: {error.strerror or type(error).__name__}", where=where)
