"""keyboard-interactive (RFC 4256): the host asks, the user answers, as often as the host likes."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass

import paramiko

from handover.errors import RemoteError
from handover.locations.ssh.askers import Asker, Kind, Question
from handover.locations.ssh.config import Settings
from handover.paths import shown

#: How long the host may take to ask, or to judge an answer; the time of the user is not counted.
_HOST_TIMEOUT_S = 60.0
#: For paramiko's own clock, which does count the user's time.
_WHOLE_TIMEOUT_S = 1800.0
_MAX_ROUNDS = 16
_MAX_PROMPTS = 16


@dataclass(frozen=True, slots=True)
class _Asked:
    instructions: str
    prompts: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class _Ended:
    wanted: list[str]
    error: Exception | None


class Dialogue:
    """One keyboard-interactive login.

    paramiko calls back in the thread that reads the connection. The questions are handed over to the thread that
    called ``run``, so that Ctrl-C ends a prompt as any other, with the terminal put right again.
    """

    def __init__(self, transport: paramiko.Transport, settings: Settings, asker: Asker, attempt: int) -> None:
        self._transport = transport
        self._settings = settings
        self._asker = asker
        self._attempt = attempt
        self._events: queue.SimpleQueue[_Asked | _Ended] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
        self._password_given = False
        #: Whether the host asked something for which there was no answer.
        self.unanswered = False

    def run(self) -> list[str]:
        """Log in and return the methods that are still wanted; raises what ``Transport.auth_interactive`` raises."""
        before = self._transport.auth_timeout
        self._transport.auth_timeout = _WHOLE_TIMEOUT_S
        thread = threading.Thread(target=self._authenticate, name="keyboard-interactive", daemon=True)
        thread.start()
        try:
            ended = self._serve()
        except BaseException:
            # Nobody answers any more: without a connection and with an answer, both threads come to their end.
            self._transport.close()
            self._answers.put([])
            raise
        finally:
            thread.join(_HOST_TIMEOUT_S)
            self._transport.auth_timeout = before
        if ended.error is not None:
            raise ended.error
        return ended.wanted

    def _authenticate(self) -> None:
        try:
            wanted = self._transport.auth_interactive(self._settings.user, self._callback)
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._events.put(_Ended([], error))
        else:
            self._events.put(_Ended(wanted, None))

    def _callback(self, _title: str, instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
        self._events.put(_Asked(instructions, prompts))
        return self._answers.get()

    def _serve(self) -> _Ended:
        for _ in range(_MAX_ROUNDS):
            try:
                event = self._events.get(timeout=_HOST_TIMEOUT_S)
            except queue.Empty:
                raise RemoteError("the host did not go on with the login", where=self._settings.shown) from None
            if isinstance(event, _Ended):
                return event
            if len(event.prompts) > _MAX_PROMPTS:
                break
            self._answers.put([self._answer(event.instructions, *prompt) for prompt in event.prompts])
        raise RemoteError("the host asks without end", where=self._settings.shown)

    def _answer(self, instructions: str, prompt: str, echo: bool) -> str:  # noqa: FBT001 - a field of the protocol
        # The first hidden prompt is the password, whatever language it is in; what follows (a code, a new password)
        # must never be answered with it.
        first = not echo and not self._password_given
        self._password_given = self._password_given or first
        words = " ".join(shown(part.strip().rstrip(":")) for part in (instructions, prompt) if part.strip())
        question = Question(
            Kind.PASSWORD if first else Kind.ANSWER,
            self._settings.shown,
            f"{self._settings.shown} asks: {words}",
            self._attempt,
            hidden=not echo,
        )
        answer = self._asker.ask(question)
        self.unanswered = self.unanswered or answer is None
        return answer or ""
