"""A manifest that a process of its own reads, hashes and frees of what a comparison does not look at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import BinaryIO

from handover.errors import LocalIOError
from handover.files import local_io
from handover.manifest_reader import Reader, Seal
from handover.paths import shown

#: From this size on, in bytes, a process of its own saves more time than its start takes.
WORTH = 2**25

#: Bytes that wait in the pipe: with fewer, both processes mostly wait for one another.
_AHEAD = 2**20

_SEAL = re.compile(r"([0-9a-f]{64}) ([0-9a-f]{64}) ([0-9]+)\n")


@contextmanager
def reader_without_hosts(path: Path) -> Iterator[Reader]:
    """Yield a reader of a manifest whose ordinary ``host`` objects are checked, and not there any more.

    A large manifest is read by a second process, which ends with the block. Raises what ``Reader`` raises, and
    ``LocalIOError``.
    """
    with local_io(path), path.open("rb") as file:
        if os.fstat(file.fileno()).st_size < WORTH or os.cpu_count() == 1:
            yield Reader(file, where=path.name)
            return
        with _started(file) as process:
            assert process.stdout is not None
            yield Reader(process.stdout, where=path.name, bytes_read=_ReadThere(process, path))


@contextmanager
def _started(file: BinaryIO) -> Iterator[subprocess.Popen[bytes]]:
    program = files("handover").joinpath("hostless.py").read_text()
    words = [sys.executable, "-I", "-S", "-B", "-c", program]
    with subprocess.Popen(
        words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pipesize=_AHEAD
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class _ReadThere:
    """Knows the bytes of the file by what the second process says of them."""

    def __init__(self, process: subprocess.Popen[bytes], path: Path) -> None:
        self._process = process
        self._path = path

    def take(self, raw: bytes) -> None:
        """Do nothing: the other process has counted and hashed what was in the file."""

    def seal(self, _: bytes) -> Seal:
        """Return what the other process found, after its last line; ``LocalIOError`` when it came to grief."""
        assert self._process.stderr is not None
        said = _SEAL.fullmatch(self._process.stderr.read().decode("ascii", "replace"))
        if self._process.wait() or said is None:
            raise LocalIOError(
                f"the process that reads it ended with status {self._process.returncode}",
                where=shown(os.fsencode(self._path)),
            )
        return Seal(before=said[1], whole=said[2], length=int(said[3]))
