"""Output that appears whole or not at all, and never in the place of something that is there."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from handover.errors import LocalIOError, Refused
from handover.paths import shown

#: Errors that mean "this filesystem has no hard links".
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


@contextmanager
def new_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a stream whose bytes are at ``path`` when the block ends well, and nowhere when it does not.

    What is ``durable`` survives a power cut from then on; a file in a ``new_folder`` need not be, nor one for a moment.
    Raises ``Refused`` when something is there already (at the start or at the end), ``LocalIOError`` when the system
    does not let us write.
    """
    refuse_existing(path)
    aside = _aside(path)
    try:
        with local_io(path):
            stream = aside.open("xb")
        with local_io(path), stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        publish(aside, path, durable=durable)
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that is at ``path`` when the block ends well, and nowhere when it does not."""
    refuse_existing(path)
    aside = _aside(path)
    try:
        with local_io(path):
            aside.mkdir(parents=True)
        yield aside
        with local_io(path):
            for file in aside.iterdir():
                _sync(file)
            _sync(aside)
        publish(aside, path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def refuse_existing(path: Path) -> None:
    """Raise ``Refused`` when there is anything at ``path``, a dangling link included."""
    if os.path.lexists(path):
        raise Refused(
            "is there already, and evidence is never overwritten",
            where=shown(os.fsencode(path)),
            hint="Give another name, or move the old one away.",
        )


def publish(aside: Path, path: Path, *, durable: bool = True) -> None:
    """Give a finished file or folder its final name, unless that name is taken."""
    refuse_existing(path)
    with local_io(path):
        if aside.is_dir():
            aside.rename(path)
        else:
            try:
                os.link(aside, path)
            except FileExistsError:
                refuse_existing(path)
                raise
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                aside.rename(path)
        if durable:
            _sync(path.parent)


@contextmanager
def local_io(path: Path) -> Iterator[None]:
    """Turn what the system says about our own files into ``LocalIOError``."""
    try:
        yield
    except OSError as error:
        raise LocalIOError(
            error.strerror or type(error).__name__,
            where=shown(os.fsencode(path)),
            hint=_HINTS.get(error.errno or 0, ""),
        ) from error


_HINTS = {
    errno.ENOSPC: "The disk is full. Free some space and run again; nothing that was there before has changed.",
    errno.EDQUOT: "The quota is used up. Free some space and run again; nothing that was there before has changed.",
    errno.EROFS: "The filesystem is read-only. Choose another place for the output.",
    errno.EACCES: "This account may not write there. Choose another place for the output.",
}


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def _sync(path: Path) -> None:
    # Folders cannot be opened for this on Windows; there the rename itself is as durable as it gets.
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
