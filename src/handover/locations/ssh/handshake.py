"""From an open connection to a host whose key is accepted: version, key exchange, host key. Nobody is logged in yet."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Callable, Iterable

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from handover.errors import RemoteError
from handover.locations.ssh.config import Settings
from handover.locations.ssh.known_hosts import HostKey, KnownHosts, Standing
from handover.locations.ssh.refusals import pin_refusal, refusal
from handover.paths import shown

#: What carries the bytes: a socket, or a channel through a jump host.
Stream = socket.socket | paramiko.Channel
Dial = Callable[[], Stream]

_JOIN_S = 5.0
#: paramiko knows these still; OpenSSH has not offered them for years.
_WEAK = {"ciphers": ["3des-cbc"], "macs": ["hmac-md5", "hmac-md5-96", "hmac-sha1-96"]}
_FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("ssh-rsa",),
)

# paramiko logs every failure as an error with a traceback, and Python prints what nobody handles. What matters is
# raised; a handler on the root logger still sees it all.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


def greet(
    dial: Dial, settings: Settings, types: Iterable[str], *, only: Iterable[str] = ()
) -> tuple[paramiko.Transport, HostKey]:
    """Exchange keys with the host and return the host key that it presented, which nobody has checked yet.

    ``types`` of keys are asked for first; those of ``only``, if any, and no others. ``RemoteError`` when the host does
    not speak SSH, or nothing that we speak.
    """
    stream = dial()
    transport: paramiko.Transport | None = None
    try:
        transport = paramiko.Transport(stream, disabled_algorithms=_WEAK)
        transport.banner_timeout = transport.handshake_timeout = settings.connect_timeout_s
        security = transport.get_security_options()
        wanted = [algorithm for kind in (only or types) for algorithm in _algorithms(kind)]
        ours = [algorithm for algorithm in wanted if algorithm in security.key_types]
        security.key_types = ours if only else list(dict.fromkeys([*ours, *security.key_types]))
        transport.start_client(timeout=settings.connect_timeout_s)
        key = transport.get_remote_server_key()
    except BaseException as error:
        hang_up(transport, stream)
        if isinstance(error, (paramiko.SSHException, EOFError, OSError)):
            raise _explained(error, settings) from error
        raise
    return transport, HostKey(key.get_name(), key.asbytes())


def hang_up(transport: paramiko.Transport | None, stream: Stream | None = None) -> None:
    """Close the connection and wait for its thread to end; never raises for what the network does."""
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        if transport is not None:
            with contextlib.suppress(OSError, EOFError):
                # Its thread looks up ten times a second whether it was closed; this wakes it.
                transport.sock.shutdown(socket.SHUT_RDWR)
            transport.close()
            if transport.is_alive():
                transport.join(_JOIN_S)
            transport.packetizer.complete_handshake()  # ends the timer of a handshake that was broken off
        if stream is not None:
            stream.close()


def secure(dial: Dial, settings: Settings, known: KnownHosts, pin: str | None) -> tuple[paramiko.Transport, HostKey]:
    """Return a transport to a host whose key is the pinned one, or else is known; ``RemoteError`` for any other key."""
    if pin is not None:
        return _pinned(dial, settings, known, pin)
    transport, key = greet(dial, settings, known_types(settings, known))
    judgement = known.judge(settings.known_as, settings.known_port, key)
    # SECURITY: the one place where a host key of known_hosts is accepted; nothing is sent before it.
    if judgement.standing is not Standing.KNOWN:
        hang_up(transport)
        raise refusal(settings, key, judgement)
    return transport, key


def known_types(settings: Settings, known: KnownHosts) -> tuple[str, ...]:
    """Return the types of keys to ask the host for, so that a host with several presents one that is known."""
    return known.types(settings.known_as, settings.known_port)


def _pinned(dial: Dial, settings: Settings, known: KnownHosts, pin: str) -> tuple[paramiko.Transport, HostKey]:
    # A fingerprint does not tell its type, so a host that has several keys is asked for each.
    presented: list[HostKey] = []
    for family in ((), *_FAMILIES):
        if any(key.type in family for key in presented):
            continue
        try:
            transport, key = greet(dial, settings, known_types(settings, known), only=family)
        except RemoteError:
            if not presented:
                raise
            continue
        # SECURITY: the one place where a pinned host key is accepted.
        if key.fingerprint == pin:
            return transport, key
        hang_up(transport)
        presented.append(key)
    raise pin_refusal(settings, presented, pin)


def _algorithms(kind: str) -> tuple[str, ...]:
    # RFC 8332: an ssh-rsa key signs with SHA-2 under another name; SHA-1 is gone.
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)


def _explained(error: Exception, settings: Settings) -> RemoteError:
    words = shown(str(error))[:300]
    if isinstance(error, IncompatiblePeer):
        return RemoteError(
            f"no algorithms in common with the host: {words}",
            where=settings.shown,
            hint="The host's SSH is too old or set too narrowly; ask the hoster for current algorithms.",
        )
    # paramiko waits for the banner by itself, and for the rest through us: two errors for one cause.
    if "No existing session" in words or isinstance(error.__context__, TimeoutError):
        return RemoteError(
            f"the host did not finish the SSH handshake within {settings.connect_timeout_s:g} s",
            where=settings.shown,
            hint="Is it an SSH port? Try again, or from another network.",
        )
    return RemoteError(
        f"the SSH handshake failed: {words or 'the host hung up'}",
        where=settings.shown,
        hint="Is it an SSH port, and does the host allow connections from your address?",
    )
