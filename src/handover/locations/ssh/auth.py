"""Logging in: the methods that the host offers, in the order of ssh, until one is accepted.

Methods: RFC 4252 (publickey, password, several in a row), RFC 4256 (keyboard-interactive). Keys come first, those of
the agent before those in files, files without a passphrase before files with one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import paramiko

from handover.errors import RemoteError
from handover.locations.ssh.agent import AgentError, SshAgent
from handover.locations.ssh.askers import Asker, Kind, Question
from handover.locations.ssh.config import Settings, home
from handover.locations.ssh.interactive import Dialogue
from handover.locations.ssh.keys import KeyFile, LockedKey, UnusableKey, agent_keys
from handover.paths import shown

#: What one answer of the host may take; an agent's key may wait for a touch meanwhile.
ANSWER_TIMEOUT_S = 100.0
#: A host may ask for several methods one after the other, but not for ever.
_MAX_STAGES = 5
_MAX_ANSWERS = 3

#: A try at one method: its name for people, and the call, which returns the methods that are still wanted.
Attempt = tuple[str, Callable[[], list[str]]]


def authenticate(transport: paramiko.Transport, settings: Settings, asker: Asker) -> None:
    """Log in on a transport whose host key was accepted; ``RemoteError`` names what was offered, tried and passed over.

    Asks ``asker`` in the calling thread, and only for what the host wants.
    """
    # SECURITY: auth.py sends secrets; the only callers are behind the check of the host key.
    transport.auth_timeout = ANSWER_TIMEOUT_S
    with contextlib.ExitStack() as stack:
        _Login(transport, settings, asker, stack).run()


@dataclass(slots=True)
class _Login:
    transport: paramiko.Transport
    settings: Settings
    asker: Asker
    stack: contextlib.ExitStack
    offered: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    used: set[bytes] = field(default_factory=set)

    def run(self) -> None:
        wanted = self._attempt("none", partial(self.transport.auth_none, self.settings.user))
        if wanted is None:
            wanted = self.offered
        for _ in range(_MAX_STAGES):
            if self.transport.is_authenticated():
                return
            self.offered = wanted
            further = self._stage()
            if further is None:
                break
            wanted = further
        raise self._failed()

    def _stage(self) -> list[str] | None:
        """Try every method that is offered; the methods wanted next, or ``None`` when none was accepted."""
        attempts = {
            "publickey": self._keys,
            "keyboard-interactive": self._dialogues,
            "password": self._passwords,
        }
        for method in self.settings.methods:
            if method not in self.offered:
                continue
            for name, call in attempts[method]():
                self.tried.append(name)
                if (further := self._attempt(name, call)) is not None:
                    return further
        return None

    def _attempt(self, name: str, call: Callable[[], list[str]]) -> list[str] | None:
        started = time.monotonic()
        try:
            return call()
        except paramiko.BadAuthenticationType as error:
            self.offered = error.allowed_types
        except paramiko.AuthenticationException as error:
            if time.monotonic() - started >= ANSWER_TIMEOUT_S:
                raise RemoteError("the host did not answer to the login", where=self.settings.shown) from error
            if not self.transport.is_active():
                raise self._hung_up(name) from error
        except (paramiko.SSHException, EOFError, OSError) as error:
            if not self.transport.is_active():
                raise self._hung_up(name) from error
            self.passed_over.append(f"{name}: {shown(str(error))}")
        return None

    def _keys(self) -> Iterator[Attempt]:
        files = [KeyFile(path) for path in self.settings.identity_files]
        yield from self._agent_keys(files)
        locked: list[KeyFile] = []
        for file in files:
            if not file.is_public:
                try:
                    yield from self._file_key(file, file.load)
                except LockedKey:
                    locked.append(file)
        for file in locked:
            if file.public() not in self.used:
                yield from self._file_key(file, partial(file.unlock, self.asker))

    def _agent_keys(self, files: list[KeyFile]) -> Iterator[Attempt]:
        if self.settings.agent_socket is None:
            return
        try:
            agent = self.stack.enter_context(SshAgent(self.settings.agent_socket))
            held = list(agent_keys(agent))
        except AgentError as error:
            self.passed_over.append(f"agent: {error}")
            return
        configured = {blob for file in files if (blob := file.public())}
        # Keys that the settings name come first, as in ssh: a host gives up after a few.
        held.sort(key=lambda entry: entry[0].asbytes() not in configured)
        for key, comment in held:
            if key.asbytes() in configured or not self.settings.identities_only:
                yield from self._once(key, f"agent key {comment}")

    def _file_key(self, file: KeyFile, load: Callable[[], paramiko.PKey]) -> Iterator[Attempt]:
        try:
            key = load()
        except OSError as error:
            # The keys that ssh looks for on its own account need not be there.
            if not isinstance(error, FileNotFoundError) or file.path.parent != home() / ".ssh":
                self.passed_over.append(f"{file.shown}: {error.strerror}")
        except UnusableKey as error:
            self.passed_over.append(str(error))
        else:
            yield from self._once(key, f"key {file.shown}")

    def _once(self, key: paramiko.PKey, name: str) -> Iterator[Attempt]:
        if key.asbytes() not in self.used:
            self.used.add(key.asbytes())
            yield name, partial(self.transport.auth_publickey, self.settings.user, key)

    def _dialogues(self) -> Iterator[Attempt]:
        for number in range(1, _MAX_ANSWERS + 1):
            dialogue = Dialogue(self.transport, self.settings, self.asker, number)
            yield "keyboard-interactive", dialogue.run
            if dialogue.unanswered:
                self.passed_over.append("keyboard-interactive: the host asks something that nobody could answer")
                return

    def _passwords(self) -> Iterator[Attempt]:
        for number in range(1, _MAX_ANSWERS + 1):
            question = Question(Kind.PASSWORD, self.settings.shown, f"Password for {self.settings.shown}", number)
            password = self.asker.ask(question)
            if password is None:
                if number == 1:
                    self.passed_over.append("password: none given and nobody could be asked")
                return
            yield "password", partial(self.transport.auth_password, self.settings.user, password, fallback=False)

    def _hung_up(self, name: str) -> RemoteError:
        return RemoteError(
            f"the host hung up during the login (at {name}, after {len(self.tried)} attempts)",
            where=self.settings.shown,
            hint="Most hosts hang up after six keys: name the right one with IdentityFile and set IdentitiesOnly yes.",
        )

    def _failed(self) -> RemoteError:
        tried = ", ".join(dict.fromkeys(self.tried)) or "nothing"
        parts = [f"not let in; the host offers {shown(', '.join(self.offered))}", f"tried: {tried}"]
        if self.passed_over:
            parts.append(f"passed over: {', '.join(dict.fromkeys(self.passed_over))}")
        return RemoteError(
            "; ".join(parts),
            where=self.settings.shown,
            hint="Give a key (ssh-add, IdentityFile), run it on a terminal to be asked, or give --password-file.",
        )
