"""Private keys as paramiko signs with them: from files, and from an agent."""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.pkey import PublicBlob, UnknownKeyType

from handover.locations.ssh.agent import AgentError, SshAgent
from handover.locations.ssh.askers import Asker, Kind, Question
from handover.paths import shown

_MAGIC = b"openssh-key-v1\0"


class UnusableKey(Exception):
    """A key that is there and cannot be used, in words for people."""


class LockedKey(Exception):
    """A key that needs a passphrase."""


class AgentKey(paramiko.PKey):
    """A key (or certificate) whose private half stays in the agent; raises ``SSHException`` when it does not sign."""

    def __init__(self, agent: SshAgent, blob: bytes) -> None:
        super().__init__()
        self._agent = agent
        self._blob = blob
        self._name = paramiko.Message(blob).get_text()

    def get_name(self) -> str:
        """Return the type that the blob itself names."""
        return self._name

    def asbytes(self) -> bytes:
        """Return the public key."""
        return self._blob

    def sign_ssh_data(self, data: bytes, algorithm: str | None = None) -> bytes:  # type: ignore[override]
        """Return the agent's signature in bytes, which paramiko takes in place of the stubs' ``Message``."""
        try:
            return self._agent.sign(self._blob, data, algorithm or "")
        except AgentError as error:
            raise paramiko.SSHException(str(error)) from error


def agent_keys(agent: SshAgent) -> Iterator[tuple[AgentKey, str]]:
    """Yield the agent's keys with their comments for people; keys that name no type are passed over."""
    for identity in agent.identities():
        try:
            yield AgentKey(agent, identity.blob), shown(identity.comment)
        except (UnicodeDecodeError, paramiko.SSHException):
            continue


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A private key on disk, or the public half of one that an agent holds (``….pub``)."""

    path: Path

    @property
    def shown(self) -> str:
        """The path for people."""
        return shown(os.fsencode(self.path))

    @property
    def is_public(self) -> bool:
        """Whether the file only names a key that an agent holds."""
        return self.path.suffix == ".pub"

    def public(self) -> bytes | None:
        """Return the public half, as far as it can be told without a passphrase."""
        beside = self.path if self.is_public else self.path.with_name(f"{self.path.name}.pub")
        try:
            return PublicBlob.from_string(beside.read_text("ascii")).key_blob
        except (OSError, ValueError, paramiko.SSHException):
            return self._public_in_private()

    def load(self, passphrase: str | None = None) -> paramiko.PKey:
        """Return the key, with the certificate beside it (``…-cert.pub``).

        ``LockedKey`` when it needs a(nother) passphrase, ``UnusableKey``, or ``OSError``.
        """
        # SECURITY: as ssh does: a key that others can read is not used, so that the user hears of it.
        if os.name == "posix":
            status = self.path.stat()
            if status.st_uid == os.getuid() and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise UnusableKey(f"{self.shown}: others can read it (chmod 600 mends that)")
        secret = None if passphrase is None else passphrase.encode()
        try:
            # The stubs want str here; cryptography, to which it goes, wants bytes.
            return paramiko.PKey.from_path(self.path, secret)  # type: ignore[arg-type]
        except TypeError:
            raise LockedKey from None  # cryptography's way to say that a passphrase is missing
        except (UnknownKeyType, UnsupportedAlgorithm) as error:
            raise UnusableKey(f"{self.shown}: a key of this kind works from the agent only (ssh-add)") from error
        except (ValueError, paramiko.SSHException) as error:
            if secret is not None:
                raise LockedKey from None
            raise UnusableKey(f"{self.shown}: not a private key that can be read") from error

    def unlock(self, asker: Asker) -> paramiko.PKey:
        """Return the key, asking for its passphrase as often as ``asker`` answers; raises as ``load``."""
        attempt = 1
        prompt = f"Passphrase for {self.shown}"
        while (passphrase := asker.ask(Question(Kind.PASSPHRASE, self.shown, prompt, attempt))) is not None:
            try:
                return self.load(passphrase)
            except LockedKey:
                attempt += 1
        wrong = "its passphrase was wrong" if attempt > 1 else "it needs a passphrase and nobody could be asked"
        raise UnusableKey(f"{self.shown}: {wrong}")

    def _public_in_private(self) -> bytes | None:
        # PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, public key; none of it encrypted.
        try:
            lines = self.path.read_text("ascii").split("-----\n")
            raw = base64.b64decode(lines[1].partition("-----END")[0])
        except (OSError, ValueError, IndexError, binascii.Error):
            return None
        if not raw.startswith(_MAGIC):
            return None
        message = paramiko.Message(raw[len(_MAGIC) :])
        for _ in range(3):
            message.get_binary()
        return message.get_binary() if message.get_int() == 1 else None
