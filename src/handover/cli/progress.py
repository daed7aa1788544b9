"""Progress on stderr: two live lines on a terminal, a plain line now and then elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from handover.cli.console import Console
from handover.render.wording.language import number, size
from handover.scan import Stage, Totals

_PLAIN_EVERY_S = 10.0
_LIVE_EVERY_S = 0.2


_NOTHING = Totals(Stage.CONTENTS, files=0, bytes=0, folders_done=0, folders_known=0)


@dataclass(slots=True)
class _Side:
    totals: Totals = _NOTHING
    started_s: float = field(default_factory=time.monotonic)
    expected_files: int | None = None
    expected_bytes: int | None = None


class Bar:
    """The progress of all scans of one run; may be told from several threads."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._on = not console.quiet
        self._live = self._on and sys.stderr.isatty()
        self._sides: dict[str, _Side] = {}
        self._lock = threading.Lock()
        self._shown_s = time.monotonic()
        self._lines = 0

    def update(self, side: str, totals: Totals) -> None:
        """Take the totals of one side and show them when it is time."""
        with self._lock:
            self._sides.setdefault(side, _Side()).totals = totals
            now = time.monotonic()
            if self._on and now - self._shown_s >= (_LIVE_EVERY_S if self._live else _PLAIN_EVERY_S):
                self._shown_s = now
                self._show(now)

    def expect(self, side: str, *, files: int, bytes: int) -> None:  # noqa: A002  what it is
        """Take how much there is to read; what was counted so far was only a listing."""
        with self._lock:
            self._sides[side] = _Side(expected_files=files, expected_bytes=bytes)

    def say(self, text: str) -> None:
        """Say something above the live lines."""
        with self._lock:
            self._erase()
            self._console.say(text)

    def finish(self) -> None:
        """Take the live lines away; what comes next is the result."""
        with self._lock:
            self._erase()
            self._on = False

    def _show(self, now: float) -> None:
        lines = [_line(name, side, now) for name, side in sorted(self._sides.items(), key=lambda item: item[0])]
        if self._live:
            self._erase()
            self._lines = len(lines)
            # A line that wraps would be two to go back over.
            lines = [line[: _columns() - 1] for line in lines]
        _write("".join(f"{line}\n" for line in lines))

    def _erase(self) -> None:
        if self._live and self._lines:
            _write(f"\x1b[{self._lines}A\x1b[J")
            self._lines = 0


@contextmanager
def progress(console: Console) -> Iterator[Bar]:
    """Yield a bar that is gone when the block ends, however it ends."""
    bar = Bar(console)
    try:
        yield bar
    finally:
        bar.finish()


def _line(name: str, side: _Side, now: float) -> str:
    totals, passed = side.totals, max(now - side.started_s, 0.001)
    if not totals.folders_known:
        return f"  {name:<8} starting"
    rate = f"{size(int(totals.bytes / passed))}/s"
    doing = "reading" if totals.stage is Stage.CONTENTS else "checking what changed"
    files, read = number(totals.files), size(totals.bytes)
    folders = f"{number(totals.folders_done)} of {number(totals.folders_known)} folders, "
    if totals.stage is Stage.CONTENTS and side.expected_files is not None and side.expected_bytes is not None:
        files, read = f"{files} of {number(side.expected_files)}", f"{read} of {size(side.expected_bytes)}"
        folders = ""
    return f"  {name:<8} {doing}: {files} files, {read}, {folders}{rate}{_remaining(side, passed)}"


def _remaining(side: _Side, passed: float) -> str:
    """Say how long it may take: by bytes when their sum is known, else by folders once enough of them are known."""
    totals = side.totals
    if totals.stage is Stage.CONTENTS and side.expected_bytes and totals.bytes:
        share = min(totals.bytes / side.expected_bytes, 1.0)
    elif totals.folders_known >= 20 and totals.folders_done * 5 >= totals.folders_known:
        share = totals.folders_done / totals.folders_known
    else:
        return ""
    seconds = passed * (1 - share) / share
    return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


def _columns() -> int:
    try:
        return max(os.get_terminal_size(sys.stderr.fileno()).columns, 20)
    except (OSError, ValueError):
        return 80


def _write(text: str) -> None:
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        return
