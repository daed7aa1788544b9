"""Progress on stderr: live lines on a terminal, plain lines now and then elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from handover.cli.console import Console
from handover.render.wording.language import number, say, size
from handover.scan import Stage, Totals

_PLAIN_EVERY_S = 10.0
_LIVE_EVERY_S = 0.2
#: With more sides than those of one part, one line more sums them up.
_FEW_SIDES = 2

_NOTHING = Totals(Stage.CONTENTS, files=0, bytes=0, folders_done=0, folders_known=0)


@dataclass(slots=True)
class _Side:
    """One side; ``started_s`` is when something was heard of it first, ``None`` while it waits for its turn."""

    totals: Totals = _NOTHING
    started_s: float | None = None
    expected_files: int | None = None
    expected_bytes: int | None = None
    is_done: bool = False

    @property
    def is_running(self) -> bool:
        return self.started_s is not None and not self.is_done


class Bar:
    """The progress of all scans of one run; may be told from several threads.

    What runs has a line of its own, in the order in which the sides were named first.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._on = not console.quiet
        self._live = self._on and sys.stderr.isatty()
        self._sides: dict[str, _Side] = {}
        self._lock = threading.Lock()
        self._shown_s = time.monotonic()
        self._lines = 0

    def begin(self, sides: Sequence[str]) -> None:
        """Take the names of all sides in the order of their lines."""
        with self._lock:
            self._sides = {side: _Side() for side in sides}

    def update(self, side: str, totals: Totals) -> None:
        """Take the totals of one side and show them when it is time."""
        with self._lock:
            now = time.monotonic()
            known = self._sides.setdefault(side, _Side())
            if not known.is_running:
                known.started_s, known.is_done = now, False
            known.totals = totals
            if self._on and now - self._shown_s >= (_LIVE_EVERY_S if self._live else _PLAIN_EVERY_S):
                self._shown_s = now
                self._show(now)

    def expect(self, side: str, *, files: int, bytes: int) -> None:  # noqa: A002  what it is
        """Take how much there is to read; what was counted so far was only a listing."""
        with self._lock:
            self._sides[side] = _Side(expected_files=files, expected_bytes=bytes)

    def done(self, side: str, *, complete: bool) -> None:
        """Take the line of a side away; the last that was heard of one that is complete was a little less than all."""
        with self._lock:
            known = self._sides[side]
            known.is_done = True
            if complete and known.expected_files is not None and known.expected_bytes is not None:
                known.totals = known.totals._replace(files=known.expected_files, bytes=known.expected_bytes)

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
        lines = _lines(self._sides, now)
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


def _lines(sides: dict[str, _Side], now: float) -> list[str]:
    """Return a line for each side that is read now, and one for all of them when there are many."""
    width = max(8, *map(len, sides))
    lines = [f"  {name:<{width}} {_told(side, now)}" for name, side in sides.items() if side.is_running]
    if len(sides) > _FEW_SIDES and (told := _told_in_all(sides.values(), now)):
        lines.append(f"  {say('in all'):<{width}} {told}")
    return lines


def _told(side: _Side, now: float) -> str:
    totals, passed = side.totals, _passed(side.started_s, now)
    if not totals.folders_known:
        return say("starting")
    values = {
        "files": number(totals.files),
        "read": size(totals.bytes),
        "rate": size(int(totals.bytes / passed)),
        "left": _remaining(side, passed),
    }
    if totals.stage is Stage.CONTENTS and side.expected_files is not None and side.expected_bytes is not None:
        values |= {"all_files": number(side.expected_files), "all": size(side.expected_bytes)}
        return say("reading: {files} of {all_files} files, {read} of {all}, {rate}/s{left}", **values)
    values |= {"folders": number(totals.folders_done), "all_folders": number(totals.folders_known)}
    if totals.stage is Stage.CONTENTS:
        return say("reading: {files} files, {read}, {folders} of {all_folders} folders, {rate}/s{left}", **values)
    return say(
        "checking what changed: {files} files, {read}, {folders} of {all_folders} folders, {rate}/s{left}", **values
    )


def _told_in_all(sides: Iterable[_Side], now: float) -> str:
    """Sum up the contents of all sides of which it is known how much there is; nothing before the first is read."""
    known = [side for side in sides if side.expected_bytes is not None]
    started = [side.started_s for side in known if side.started_s is not None]
    if not started:
        return ""
    passed = _passed(min(started), now)
    files, read = sum(side.totals.files for side in known), sum(side.totals.bytes for side in known)
    # What was expected of a side and did not come when it was done does not come any more.
    all_files = sum(side.totals.files if side.is_done else side.expected_files or 0 for side in known)
    all_bytes = sum(side.totals.bytes if side.is_done else side.expected_bytes or 0 for side in known)
    left = _time_left(read / all_bytes, passed) if read and all_bytes else ""
    return say(
        "{files} of {all_files} files, {read} of {all}, {rate}/s{left}",
        files=number(files),
        all_files=number(all_files),
        read=size(read),
        all=size(all_bytes),
        rate=size(int(read / passed)),
        left=left,
    )


def _remaining(side: _Side, passed: float) -> str:
    """Say how long it may take: by bytes when their sum is known, else by folders once enough of them are known."""
    totals = side.totals
    if totals.stage is Stage.CONTENTS and side.expected_bytes and totals.bytes:
        return _time_left(totals.bytes / side.expected_bytes, passed)
    if totals.folders_known >= 20 and totals.folders_done * 5 >= totals.folders_known:
        return _time_left(totals.folders_done / totals.folders_known, passed)
    return ""


def _time_left(share: float, passed: float) -> str:
    """Say how long the rest takes when ``share`` of the work took so many seconds."""
    seconds = passed * (1 / min(share, 1.0) - 1)
    if seconds < 90:
        return say(", about {n} s left", n=number(round(seconds)))
    return say(", about {n} min left", n=number(round(seconds / 60)))


def _passed(started_s: float | None, now: float) -> float:
    return max(now - (now if started_s is None else started_s), 0.001)


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
