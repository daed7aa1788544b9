"""Output that appears whole or not at all, and never in the place of something that is there; and files people name."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from handover.errors import LocalIOError, MalformedInput, Refused, UsageError
from handover.paths import shown

#: Errors that mean "this filesystem has no hard links".
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}


@contextmanager
def new_file(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a stream whose bytes are at ``path`` when the block ends well, and nowhere when it does not.

    What is ``durable`` survives a power cut from then on; a file in a ``new_folder`` need not be, nor one for a moment.
    Raises ``Refused`` when something is there already (at the start or at the end), ``LocalIOError`` when the system
    does not let us write. When that happens after the file got its name, it is there and whole.
    """
    with new_files(path, durable=durable) as (stream,):
        yield stream


@contextmanager
def new_files(*paths: Path, outside: bool = False, durable: bool = True) -> Iterator[tuple[BinaryIO, ...]]:
    """Do as ``new_file`` for files of one folder that belong together: all of them are there in the end, or none.

    They get their names in this order, at once after all of them are safely on the disk. ``outside``: until then they
    are beside their folder and not in it, for a folder in which nothing else may stand, whatever ends us.
    """
    for path in paths:
        refuse_existing(path)
    with local_io(paths[0]):
        asides = [_aside(path, outside=outside) for path in paths]
    try:
        with local_io(paths[0]), ExitStack() as opened:
            streams = tuple(opened.enter_context(aside.open("xb")) for aside in asides)
            yield streams
            if durable:
                for stream in streams:
                    stream.flush()
                    os.fsync(stream.fileno())
        _publish_together(asides, paths, durable=durable)
        # In a bundle a second name of the same file would be one file too many: that it cannot go is an error.
        with local_io(paths[0]):
            for aside in asides:
                aside.unlink(missing_ok=True)
    finally:
        for aside in asides:
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
        refuse_existing(path)
        with local_io(path):
            aside.rename(path)
            _sync(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def read_named(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that somebody named, ``limit`` at most.

    Raises ``UsageError`` when there is none, ``MalformedInput`` when it is longer, ``LocalIOError`` for all else.
    """
    where = shown(os.fsencode(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(limit + 1)
    except FileNotFoundError:
        raise UsageError("there is no such file", where=where) from None
    except IsADirectoryError:
        raise UsageError("is a folder", where=where) from None
    except OSError as error:
        raise LocalIOError(f"cannot be read: {error.strerror}", where=where) from error
    if len(raw) > limit:
        raise MalformedInput(f"longer than {limit} bytes", where=where)
    return raw


def refuse_existing(path: Path) -> None:
    """Raise ``Refused`` when there is anything at ``path``, a dangling link included."""
    if os.path.lexists(path):
        raise Refused(
            "is there already, and evidence is never overwritten",
            where=shown(os.fsencode(path)),
            hint="Give another name, or move the old one away.",
        )


def _publish_together(asides: Sequence[Path], paths: Sequence[Path], *, durable: bool) -> None:
    """Give finished files their names; when one cannot have its own, the others lose theirs again."""
    with local_io(paths[0]):
        ours = [aside.lstat() for aside in asides]
    try:
        for aside, path in zip(asides, paths, strict=True):
            _publish_file(aside, path)
    except BaseException:
        # A signal can come when a file just got its name: what is there tells, not how far we know to have come.
        for our, path in zip(ours, paths, strict=True):
            with suppress(OSError):
                if os.path.samestat(our, path.lstat()):
                    path.unlink()
        raise
    if durable:
        with local_io(paths[0]):
            _sync(paths[0].parent)


def _publish_file(aside: Path, path: Path) -> None:
    refuse_existing(path)
    with local_io(path):
        try:
            os.link(aside, path)
        except FileExistsError:
            refuse_existing(path)
            raise
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            aside.rename(path)


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


def _aside(path: Path, *, outside: bool = False) -> Path:
    folder = path.parent
    name = f".{path.name}.{secrets.token_hex(4)}.partial"
    if outside and folder.stat().st_dev == folder.parent.stat().st_dev:
        return folder.parent / f".{folder.name}{name}"
    return folder / name


def _sync(path: Path) -> None:
    # Folders cannot be opened for this on Windows; there the rename itself is as durable as it gets.
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
