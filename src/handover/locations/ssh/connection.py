"""Reaching a host: settings, jump hosts, network, host key, login; then one connection for all commands."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import replace
from functools import partial
from typing import Self

import paramiko

from handover.errors import RemoteError
from handover.locations.ssh import channel
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Asker
from handover.locations.ssh.auth import authenticate
from handover.locations.ssh.config import Settings, resolve
from handover.locations.ssh.handshake import Dial, Stream, hang_up, secure
from handover.locations.ssh.known_hosts import HostKey, KnownHosts, check_fingerprint
from handover.locations.ssh.options import SshOptions
from handover.locations.ssh.proxy import ProxyProcess
from handover.paths import shown

_MAX_JUMPS = 8


class SshHost:
    """A host on which we are logged in: the ``Host`` of ``locations.channel``. Closing it closes the way to it too."""

    def __init__(
        self, transport: paramiko.Transport, key: HostKey, settings: Settings, way: contextlib.ExitStack
    ) -> None:
        self._transport = transport
        self._key = key
        self._settings = settings
        self._way = way

    @property
    def shown(self) -> str:
        """How the host is named to people, such as ``acme@old.example:2222``; already harmless text."""
        return self._settings.shown

    @property
    def key_fingerprint(self) -> str:
        """``SHA256:…`` of the host key as presented on this connection."""
        return self._key.fingerprint

    @property
    def user(self) -> str:
        """The account that we are logged in as."""
        return self._settings.user

    @property
    def is_open(self) -> bool:
        """Whether the connection is there, as far as it is known."""
        return self._transport.is_active()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of the settings, in sentences."""
        return self._settings.warnings

    def start(self, command: str) -> channel.SshChannel:
        """Start one command (a line for the account's login shell) and return its channel."""
        timeout_s = self._settings.connect_timeout_s
        return channel.start(self._transport, command, timeout_s=timeout_s, where=self.shown)

    def close(self) -> None:
        """Close the connection and those it went through; never raises, may be called twice."""
        self._way.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(address: SshAddress, options: SshOptions, asker: Asker) -> SshHost:
    """Return a host that proved its key and let us in.

    ``asker`` is asked in the calling thread, and only for what the host wants. ``RemoteError`` names the step that
    failed; ``UsageError`` what is wrong in the address or in the settings of ssh.
    """
    pin = check_fingerprint(options.host_key, where="host_key") if options.host_key else None
    settings = resolve(address.account, options)
    with contextlib.ExitStack() as way:
        transport, key = _log_in(settings, options, asker, pin, way)
        return SshHost(transport, key, settings, way.pop_all())


def way_to(
    settings: Settings, options: SshOptions, asker: Asker, way: contextlib.ExitStack, jumps_left: int = _MAX_JUMPS
) -> Dial:
    """Log in on the jump hosts, if any, and return what opens a stream to the host itself.

    Everything on the way is closed with ``way``. Each jump host has settings, known key and login of its own.
    """
    if not settings.jumps:
        return partial(_dial, settings, way)
    if not jumps_left:
        raise RemoteError(
            "too many jump hosts: do they go in a circle?",
            where=settings.shown,
            hint="Look at ProxyJump in your ssh_config; `Host * !jump.example` leaves the jump host itself out.",
        )
    *before, last = settings.jumps
    hop = resolve(last, options)
    if before:
        hop = replace(hop, jumps=tuple(before), proxy_command=None)
    transport, _ = _log_in(hop, options, asker, None, way, jumps_left - 1)
    return partial(_through, transport, hop, settings)


def _log_in(
    settings: Settings,
    options: SshOptions,
    asker: Asker,
    pin: str | None,
    way: contextlib.ExitStack,
    jumps_left: int = _MAX_JUMPS,
) -> tuple[paramiko.Transport, HostKey]:
    dial = way_to(settings, options, asker, way, jumps_left)
    known = KnownHosts.read((*settings.user_known_hosts, *settings.global_known_hosts))
    transport, key = secure(dial, settings, known, pin)
    way.callback(hang_up, transport)
    authenticate(transport, settings, asker)
    if settings.alive_interval_s:
        transport.set_keepalive(settings.alive_interval_s)
    return transport, key


def _dial(settings: Settings, way: contextlib.ExitStack) -> Stream:
    if settings.proxy_command is not None:
        process = ProxyProcess(settings.proxy_command, where=settings.shown)
        way.callback(process.close)
        return process.socket
    try:
        return socket.create_connection((settings.host, settings.port), settings.connect_timeout_s)
    except OSError as error:
        raise _unreachable(error, settings) from error


def _through(transport: paramiko.Transport, hop: Settings, settings: Settings) -> Stream:
    place = (settings.host, settings.port)
    try:
        return transport.open_channel("direct-tcpip", place, ("127.0.0.1", 0), timeout=settings.connect_timeout_s)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise RemoteError(
            f"the jump host {hop.shown} opens no way to it: {shown(str(error))[:200]}",
            where=settings.shown,
            hint="Can the jump host reach it, and does it allow forwarding (AllowTcpForwarding)?",
        ) from error


def _unreachable(error: OSError, settings: Settings) -> RemoteError:
    place = settings.host if settings.port == 22 else f"{settings.host} port {settings.port}"
    if isinstance(error, socket.gaierror):
        what, hint = f"the name {settings.host} is not known", "Is it spelt right, and is there a network?"
    elif isinstance(error, ConnectionRefusedError):
        what, hint = f"{place} refused the connection", "Is the port right? Hosters often use another one than 22."
    elif isinstance(error, TimeoutError):
        what = f"{place} did not answer within {settings.connect_timeout_s:g} s"
        hint = "Is the port right, and does a firewall allow your address?"
    else:
        what, hint = f"{place} cannot be reached: {error.strerror or error}", "Is there a network?"
    return RemoteError(what, where=settings.shown, hint=hint)
