"""Where words go: the result to stdout, talk to stderr, and a failure to write either is an error, not silence."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from handover.errors import LocalIOError

#: Name, mode, and how what stands in for it is opened; that a stdout cannot be written to is meant.
_STREAMS = (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))


@dataclass(frozen=True, slots=True)
class Console:
    """The two streams of one command, and what the user asked of them."""

    json: bool = False
    quiet: bool = False
    no_color: bool = False

    @property
    def color(self) -> bool:
        """Whether the result may be coloured: a terminal, and nobody said no (https://no-color.org)."""
        return sys.stdout.isatty() and not self.no_color and not os.environ.get("NO_COLOR")

    @property
    def width(self) -> int:
        """Columns of the result; 100 at most, 80 where there is no terminal."""
        try:
            return min(100, os.get_terminal_size(sys.stdout.fileno()).columns)
        except (OSError, ValueError):
            return 80

    @property
    def interactive(self) -> bool:
        """Whether somebody can answer a question."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def result(self, text: str | bytes) -> None:
        """Write the result to stdout, or raise ``LocalIOError``: a verdict that nobody saw is none."""
        raw = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(raw if raw.endswith(b"\n") else raw + b"\n")
            sys.stdout.flush()
        except OSError as error:
            silence(sys.stdout)
            raise LocalIOError(f"the result could not be written to stdout: {error.strerror}") from error

    def say(self, text: str) -> None:
        """Tell the user something beside the result; nothing with ``--quiet``."""
        if not self.quiet:
            complain(text)


def open_missing_streams() -> None:
    """Put something in the place of each standard stream that is closed, or else a file of ours would get its number.

    What is written to a stdout that was closed fails, as it must; what nobody can hear on stderr is lost.
    """
    for name, mode, flags in _STREAMS:
        if getattr(sys, name) is None:
            # The lowest number that is free is given: that of the stream itself, because those before it are there.
            setattr(sys, name, os.fdopen(os.open(os.devnull, flags), mode, closefd=False))


def complain(text: str) -> None:
    """Write to stderr, also with ``--quiet``; that nobody can read it is no further error."""
    try:
        print(text, file=sys.stderr, flush=True)
    except (OSError, ValueError, AttributeError):
        return


def silence(stream: object) -> None:
    """Point a broken stream at nothing, so that the interpreter's last flush does not speak of it again."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())  # type: ignore[attr-defined]  # whatever sys.stdout is by now
        os.close(null)
    except (OSError, ValueError, AttributeError):
        return
