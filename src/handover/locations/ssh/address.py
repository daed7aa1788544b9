"""``ssh://user@host:port/path``: who, where and what, checked before anything runs."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote_from_bytes, unquote_to_bytes

from handover.errors import UsageError
from handover.paths import shown

SCHEME = "ssh://"
DEFAULT_PORT = 22
_EXAMPLE = "Write it as ssh://user@host:port/path, for example ssh://acme@old.example/home/acme/public_html."
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}\Z")
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?\Z")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}\Z")
_PORT = re.compile(r"[1-9][0-9]{0,4}\Z")
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
#: What a path keeps when it is written as part of a URL; the rest of ASCII becomes ``%xx``.
_PLAIN_IN_PATH = b"/!$&'()*+,:;=@"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to be on which host; ``None`` leaves the user or the port to the settings of ssh.

    ``host`` is a name, an alias from the settings, or an IP address without brackets.
    """

    user: str | None
    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Account:
        """Parse ``user@host:port``; ``UsageError`` for anything that a shell or an option parser could misread."""
        user, at, place = text.rpartition("@")
        host, port = _split_port(place)
        return cls(check_user(_decoded_user(user)) if at else None, check_host(host), port)

    @property
    def shown(self) -> str:
        """``user@host:port`` for people, without the usual port; harmless because of what it is made of."""
        return self._written(self.user, None if self.port == DEFAULT_PORT else self.port)

    @property
    def authority(self) -> str:
        """The part of a URL between ``ssh://`` and the path."""
        return self._written(self.user and self.user.replace("@", "%40"), self.port)

    def _written(self, user: str | None, port: int | None) -> str:
        name = f"[{self.host.replace('%', '%25')}]" if ":" in self.host else self.host
        return f"{f'{user}@' if user else ''}{name}{f':{port}' if port else ''}"


@dataclass(frozen=True, slots=True)
class SshAddress:
    """A path on an account.

    A path that does not begin with ``/`` is below the login folder; ``b"."`` is that folder itself.
    """

    account: Account
    path: bytes

    @classmethod
    def parse(cls, text: str) -> SshAddress:
        """Parse ``ssh://user@host:port/path``; ``UsageError`` for anything else. ``/~/`` is the login folder.

        The path is percent-decoded to bytes. Text from the command line may hold bytes that are no UTF-8, in the form
        of PEP 383.
        """
        authority, slash, path = _after_scheme(text).partition("/")
        account = Account.parse(authority)
        if not slash:
            raise UsageError("the location has no path", where=shown(text), hint=_EXAMPLE)
        return cls(account, _decoded_path(f"/{path}", where=shown(text)))

    @classmethod
    def parse_account(cls, text: str) -> Account:
        """Parse a location of which only the account counts; the path may be missing."""
        authority, _, _ = _after_scheme(text).partition("/")
        return Account.parse(authority)

    def __str__(self) -> str:
        """Return the one way to write this address; parsing it gives the same address again."""
        return f"{SCHEME}{self.account.authority}{_encoded_path(self.path)}"

    @property
    def shown(self) -> str:
        """The address for people: letters stay readable, everything that could deceive is percent-encoded."""
        return str(self)


def check_user(user: str) -> str:
    """Return ``user`` when it is harmless in settings, commands and prompts, else raise ``UsageError``."""
    # SECURITY: ssh_config expands %r and %h into commands (Match exec, ProxyCommand); CVE-2023-51385.
    if not _USER.match(user):
        raise UsageError(
            f"{shown(user)!r} cannot be the name of an account; refused before anything runs",
            hint="Letters, digits and . _ - + @ are allowed, the first a letter, digit or _.",
        )
    return user


def check_host(host: str) -> str:
    """Return the name or IP address of a host when it is harmless everywhere, else raise ``UsageError``."""
    if not _NAME.match(host) and not _is_ipv6(host):
        hint = "Write a name, an IPv4 address, or an IPv6 address in brackets."
        if not host.isascii():
            hint += " Write a name with other letters in its ASCII form (xn--…)."
        raise UsageError(f"{shown(host)!r} cannot be the name of a host; refused before anything runs", hint=hint)
    return host


def _after_scheme(text: str) -> str:
    if not text.startswith(SCHEME):
        # SECURITY: not repeated, here and below: what was meant as a password may stand anywhere in it.
        raise UsageError("not an ssh:// location", hint=_EXAMPLE)
    return text.removeprefix(SCHEME)


def _decoded_user(text: str) -> str:
    if ":" in text or "%3a" in text.lower():
        raise UsageError(
            "a password does not belong into a location: it would be seen in the process list, logs and reports",
            hint="Leave it out: you are asked for it, or give --password-file.",
        )
    return text.replace("%40", "@")


def _split_port(place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise UsageError(f"{shown(place)!r} is not a host with a port", hint=_EXAMPLE)
        if "." not in host and ":" not in host:
            raise UsageError(f"{shown(host)!r} is not an IP address", hint=_EXAMPLE)
        return host.replace("%25", "%"), _port(rest[1:]) if rest else None
    host, colon, port = place.partition(":")
    return host, _port(port) if colon else None


def _port(text: str) -> int:
    if not _PORT.match(text) or int(text) > 0xFFFF:
        raise UsageError("what follows the colon is not a port: a number from 1 to 65535", hint=_EXAMPLE)
    return int(text)


def _is_ipv6(host: str) -> bool:
    literal, percent, zone = host.partition("%")
    try:
        ipaddress.IPv6Address(literal)
    except ValueError:
        return False
    return not percent or bool(_ZONE.match(zone))


def _decoded_path(text: str, *, where: str) -> bytes:
    if _CONTROL.search(text):
        raise UsageError("a control character in the path", where=where, hint="Write it as %xx, for example %0A.")
    if _BROKEN_PERCENT.search(text):
        raise UsageError("a % that is not followed by two hex digits", where=where, hint="Write % itself as %25.")
    home = text in {"/~", "/~/"}
    if not home and text.startswith("/~") and not text.startswith("/~/"):
        raise UsageError(
            "the login folder of another account is not looked up",
            where=where,
            hint="Write the full path, or %7E for a folder whose name begins with ~.",
        )
    path = unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
    if b"\0" in path:
        raise UsageError("no path holds a zero byte", where=where)
    if home:
        return b"."
    return path[3:].lstrip(b"/") or b"." if text.startswith("/~/") else path


def _encoded_path(path: bytes) -> str:
    if not path.startswith(b"/"):
        return "/~/" if path == b"." else "/~/" + _encoded(path)
    # A real folder whose name begins with ~ is told from the login folder by its encoding.
    return "/%7E" + _encoded(path[2:]) if path.startswith(b"/~") else _encoded(path)


def _encoded(path: bytes) -> str:
    parts = []
    for char in path.decode("utf-8", "surrogateescape"):
        readable = not char.isascii() and shown(char) == char
        parts.append(char if readable else quote_from_bytes(char.encode("utf-8", "surrogateescape"), _PLAIN_IN_PATH))
    return "".join(parts)
