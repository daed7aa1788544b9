"""Where passwords and passphrases come from: a file, the system's keyring, or the person at the terminal.

Never from arguments, the environment or the terms; never kept longer than an attempt needs it, and never in a ``repr``.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from handover.errors import LocalIOError, UsageError
from handover.paths import shown

KEYRING_SERVICE = "handover"
_MAX_BYTES = 4096


class Kind(StrEnum):
    """What is asked for."""

    PASSWORD = "password"  # noqa: S105 - the word, not a password
    PASSPHRASE = "passphrase"  # noqa: S105 - the word, not a passphrase
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that only the user knows.

    ``subject`` is what the secret belongs to: ``user@host:port`` or the path of a key. ``prompt`` is harmless text.
    ``attempt`` counts from 1. ``hidden``: do not show what is typed.
    """

    kind: Kind
    subject: str
    prompt: str
    attempt: int = 1
    hidden: bool = True


class Asker(Protocol):
    """Somebody who may know the answer; called from one thread at a time per host."""

    def ask(self, question: Question) -> str | None:
        """Return the answer, or ``None`` when there is none; an answer that was wrong once is not given again."""


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """Asks one after the other; the first who knows answers."""

    askers: tuple[Asker, ...]

    def ask(self, question: Question) -> str | None:
        """Return the first answer."""
        return next((answer for asker in self.askers if (answer := asker.ask(question)) is not None), None)


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """The password of an account, from the first line of a file that only its owner can read."""

    _password: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> PasswordFile:
        """Read the file, or a pipe such as ``<(pass show old-hosting)``; refused when others can read it."""
        where = shown(os.fsencode(path))
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                raw = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise LocalIOError(f"the password file cannot be read: {error.strerror}", where=where) from error
        # SECURITY: what others could read is no secret; the user has to know before it is used.
        if os.name == "posix" and stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError("others can read the password file", where=where, hint=f"chmod 600 {where}")
        line, _, _ = raw.partition(b"\n")
        try:
            password = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            raise UsageError("the password file is not UTF-8 text", where=where) from None
        if not password or len(raw) > _MAX_BYTES:
            raise UsageError("the password file needs the password in its first line, and little else", where=where)
        return cls(password)

    def ask(self, question: Question) -> str | None:
        """Return the password once; passphrases and other answers are not in the file."""
        return self._password if question.kind is Kind.PASSWORD and question.attempt == 1 else None


class Keyring:
    """The system's keyring, when the ``keyring`` package is installed: service ``handover``, name as in ``subject``."""

    def ask(self, question: Question) -> str | None:
        """Return what the keyring holds for the subject, once."""
        if question.kind is Kind.ANSWER or question.attempt > 1:
            return None
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            return None
        try:
            found: str | None = keyring.get_password(KEYRING_SERVICE, question.subject)
        except (KeyringError, RuntimeError, OSError):
            return None  # no keyring, or one that stays locked: as if it did not know
        return found


class Terminal:
    """The person at the terminal, up to three times; nobody when there is no terminal.

    Only the main thread asks: there is one question at a time, and Ctrl-C reaches no other thread.
    """

    _ATTEMPTS = 3

    def ask(self, question: Question) -> str | None:
        """Ask on the terminal; what is typed is not shown when the question is hidden."""
        if question.attempt > self._ATTEMPTS or not sys.stdin.isatty():
            return None
        if threading.current_thread() is not threading.main_thread():
            return None
        read: Callable[[str], str] = getpass.getpass if question.hidden else _read_shown
        try:
            return read(f"{question.prompt}: ")
        except EOFError:
            return None


class Nobody:
    """Knows nothing: for runs where nobody may be asked."""

    def ask(self, question: Question) -> str | None:  # noqa: ARG002 - the signature of the port
        """Return ``None``."""
        return None


def askers(password_file: Path | None, *, interactive: bool) -> Asker:
    """Return who is asked, in order: the file, the keyring, and the person when ``interactive``."""
    chain: list[Asker] = [PasswordFile.read(password_file)] if password_file else []
    chain.append(Keyring())
    if interactive:
        chain.append(Terminal())
    return FirstAnswer(tuple(chain))


def _read_shown(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line.rstrip("\n")
