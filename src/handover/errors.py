"""Errors a user can act on, and the exit code that each one carries.

One exit code has one meaning (``docs/exit-codes.md``). It is an attribute of the error class or of the verdict, and
only ``handover.cli`` turns it into ``sys.exit``.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process says to scripts; the numbers are a public contract."""

    COMPLETE = 0
    NOT_COMPLETE = 1
    USAGE = 2
    UNDETERMINED = 3
    NOT_VERIFIED = 4
    MALFORMED = 5
    REMOTE = 6
    LOCAL_IO = 7
    REFUSED = 8
    WAITING = 9
    BUG = 70
    HANGUP = 129
    INTERRUPTED = 130
    TERMINATED = 143


_WORST_FIRST = (
    ExitCode.BUG,
    ExitCode.LOCAL_IO,
    ExitCode.REMOTE,
    ExitCode.MALFORMED,
    ExitCode.USAGE,
    ExitCode.REFUSED,
    ExitCode.NOT_VERIFIED,
    ExitCode.NOT_COMPLETE,
    ExitCode.UNDETERMINED,
    ExitCode.WAITING,
    ExitCode.COMPLETE,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the code that outranks the others; ``COMPLETE`` when there is none.

    Signals (129, 130, 143) end a run at once and never compete; one among the codes is returned as it is.
    """
    given = set(codes)
    for code in given - set(_WORST_FIRST):
        return code
    return next((code for code in _WORST_FIRST if code in given), ExitCode.COMPLETE)


class HandoverError(Exception):
    """Something that the user can understand and mend: what happened, where, and what to do.

    ``what`` and ``hint`` are sentences for a person; foreign strings in them went through ``paths.shown`` before.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" if self.where else self.what


class UsageError(HandoverError):
    """Wrong flags, wrong terms, a root that is missing or is not a folder."""

    exit_code = ExitCode.USAGE


class NotVerified(HandoverError):
    """A bundle or signature that was altered or forged, or that no given key vouches for."""

    exit_code = ExitCode.NOT_VERIFIED


class MalformedInput(HandoverError):
    """A file that is not what it claims to be; nothing of it was believed."""

    exit_code = ExitCode.MALFORMED


class RemoteError(HandoverError):
    """The far host was not reached, not trusted, did not let us in, or its agent broke."""

    exit_code = ExitCode.REMOTE


class LocalIOError(HandoverError):
    """Reading or writing on this machine failed."""

    exit_code = ExitCode.LOCAL_IO


class Refused(HandoverError):
    """The request is understood and possible, and a rule that protects the user forbids it."""

    exit_code = ExitCode.REFUSED
