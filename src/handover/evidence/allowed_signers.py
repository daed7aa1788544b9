"""The verifier's own list of trusted keys: an OpenSSH allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS), strictly.

One file serves ``handover verify --keys`` and stock ``ssh-keygen -Y verify -f``. A principal is a role, or the contact
of that party in the terms. Refused is what would trust more than is written there: wildcards, negations, certificate
authorities, and one key for two roles. Whatever cannot be read makes the whole file unusable: a list of keys of which
a part is skipped is not the list that its owner wrote. Specification: ``docs/spec/statement.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import NoReturn

from handover.errors import MalformedInput, NotVerified
from handover.evidence.keys import PublicKey, UnacceptableKey
from handover.evidence.sshsig import NAMESPACE
from handover.paths import shown

MAX_FILE = 2**20

_BLANK = " \t"
_NO_QUOTE = re.compile(r'[^\s"]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OPTION = re.compile(r'([A-Za-z-]+)(?:="((?:[^"\\]|\\.)*)")?')
_TIME = re.compile(r"([0-9]{8}|[0-9]{12}|[0-9]{14})(Z?)", re.ASCII)
_NO_TIME = "a time that is not YYYYMMDD[HHMM[SS]][Z]"
_TIME_FORMATS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True, slots=True)
class Line:
    """One trusted key: who may sign with it, for which purposes (empty: all), and in which time, ends included."""

    number: int
    principals: tuple[str, ...]
    key: PublicKey
    namespaces: tuple[str, ...] = ()
    valid_after: datetime | None = None
    valid_before: datetime | None = None

    def refusal(self, at: datetime) -> str | None:
        """Say why this line does not trust a signature of ours at that time; ``None`` when it does."""
        if self.namespaces and NAMESPACE not in self.namespaces:
            return f"line {self.number} trusts this key for other purposes only, not for {NAMESPACE}"
        if self.valid_after is not None and at < self.valid_after:
            return f"line {self.number} trusts this key only from {self.valid_after.isoformat()}"
        if self.valid_before is not None and at > self.valid_before:
            return f"line {self.number} trusts this key only until {self.valid_before.isoformat()}"
        return None


@dataclass(frozen=True, slots=True)
class AllowedSigners:
    """The trusted keys of one file, in its order."""

    lines: tuple[Line, ...]
    where: str

    @classmethod
    def parse(cls, raw: bytes, *, where: str, local_zone: tzinfo | None = None) -> AllowedSigners:
        """Read a whole file, LF or CRLF line ends.

        Times without ``Z`` are in ``local_zone``, by default the one of this machine, as ssh-keygen reads them.
        Raises ``MalformedInput`` for what has not the form, ``NotVerified`` for what we do not trust.
        """
        if len(raw) > MAX_FILE:
            raise MalformedInput(f"longer than {MAX_FILE} bytes", where=where)
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise MalformedInput("not UTF-8 text", where=where) from error
        if "\ufeff" in text:
            raise MalformedInput("a byte order mark", where=where, hint="Save the file as plain UTF-8.")
        lines = []
        for number, line in enumerate(text.split("\n"), start=1):
            content = line.removesuffix("\r").strip(_BLANK)
            if content and not content.startswith("#"):
                lines.append(_parse_line(content, number, f"{where}:{number}", local_zone))
        return cls(tuple(lines), where)

    def by_role(self, contacts: Mapping[str, str]) -> TrustedKeys:
        """Return these keys by role; ``contacts`` gives the contact of each party's role (may be empty text).

        Raises ``NotVerified`` when one key stands for two roles: nobody could say who signed.
        """
        holders: dict[PublicKey, set[str]] = {}
        by_role: dict[str, list[Line]] = {}
        for line in self.lines:
            for role, contact in contacts.items():
                if role in line.principals or (contact and contact in line.principals):
                    by_role.setdefault(role, []).append(line)
                    holders.setdefault(line.key, set()).add(role)
        for key, roles in holders.items():
            if len(roles) > 1:
                raise NotVerified(
                    f"the key {key.fingerprint} stands for {' and '.join(sorted(roles))}",
                    where=self.where,
                    hint="Each role needs a key of its own; otherwise nobody can say who signed.",
                )
        return TrustedKeys({role: tuple(lines) for role, lines in by_role.items()}, self.where)


@dataclass(frozen=True, slots=True)
class TrustedKeys:
    """Trusted keys by role; no key is there under two roles."""

    by_role: Mapping[str, tuple[Line, ...]]
    where: str

    def refusal(self, role: str, key: PublicKey, at: datetime) -> str | None:
        """Say why ``key`` is not trusted for ``role`` at that time; ``None`` when it is."""
        lines = self.by_role.get(role, ())
        if not lines:
            return f"{self.where} has no key for {role}"
        refusals = [line.refusal(at) for line in lines if line.key == key]
        if None in refusals:
            return None
        return refusals[0] if refusals else f"the key {key.fingerprint} is not one of {role} in {self.where}"


def ready_line(principal: str, key: PublicKey) -> str:
    """Return the line, without its line end, that trusts ``key`` for ``principal`` and for statements only.

    ``ValueError`` for a principal that cannot stand in such a file: the caller took it from unchecked input.
    """
    if _principal_problem(principal) or not principal.isprintable() or set(principal) & set('"\\,#'):
        raise ValueError("not a principal")
    name = f'"{principal}"' if " " in principal else principal
    return f'{name} namespaces="{NAMESPACE}" {key.line}'


def _parse_line(text: str, number: int, where: str, zone: tzinfo | None) -> Line:
    found = (_QUOTED if text.startswith('"') else _NO_QUOTE).match(text)
    if found is None or text[found.end() : found.end() + 1] not in _BLANK:
        _malformed("principals that do not end", where)
    principals = tuple((found[1] if text.startswith('"') else found[0]).split(","))
    for principal in principals:
        if problem := _principal_problem(principal):
            raise NotVerified(f"{problem} ({shown(principal[:80])})", where=where, hint="Write each name in full.")
    rest = text[found.end() :].strip(_BLANK)
    options: dict[str, str] = {}
    first = re.split(r"[ \t]", rest, maxsplit=1)[0]
    if "=" in first or "," in first or first.lower() == "cert-authority":
        options, rest = _parse_options(rest, where)
    after, before = (_parse_time(options.get(name), where, zone) for name in ("valid-after", "valid-before"))
    if after is not None and before is not None and before <= after:
        _malformed("valid-before is not later than valid-after", where)
    namespaces = tuple(options["namespaces"].split(",")) if "namespaces" in options else ()
    try:
        key = PublicKey.from_line(rest.replace("\t", " "), where=where)
    except UnacceptableKey as error:
        raise NotVerified(error.what, where=where, hint=error.hint) from error
    return Line(number, principals, key, namespaces, after, before)


def _principal_problem(name: str) -> str | None:
    if not name:
        return "an empty name"
    # SECURITY: stock ssh-keygen trusts such a key for names that its owner never thought of.
    if set(name) & set("*?!"):
        return "a pattern instead of a name"
    return None


def _parse_options(text: str, where: str) -> tuple[dict[str, str], str]:
    """Return the options by lower-case name, and what follows them."""
    options: dict[str, str] = {}
    at = 0
    while True:
        found = _OPTION.match(text, at)
        if found is None:
            _malformed("an option that cannot be read", where)
        name, value = found[1].lower(), found[2]
        if name == "cert-authority":
            raise NotVerified("a certificate authority, which could vouch for anybody", where=where)
        if name not in {"namespaces", "valid-after", "valid-before"} or value is None or name in options:
            _malformed(f"an unknown, doubled or empty option {shown(name[:80])}", where)
        options[name] = value
        at = found.end()
        if text[at : at + 1] != ",":
            break
        at += 1
    if text[at : at + 1] not in tuple(_BLANK):
        _malformed("options that do not end, or no key after them", where)
    _check_namespaces(options.get("namespaces", NAMESPACE), where)
    return options, text[at:].strip(_BLANK)


def _check_namespaces(value: str, where: str) -> None:
    for name in value.split(","):
        if not re.fullmatch(r"[!-~]+", name):
            _malformed("an empty or unreadable namespace", where)
        if problem := _principal_problem(name):
            raise NotVerified(f"{problem} as namespace ({shown(name[:80])})", where=where)


def _parse_time(text: str | None, where: str, zone: tzinfo | None) -> datetime | None:
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        _malformed(_NO_TIME, where)
    try:
        moment = datetime.strptime(found[1], _TIME_FORMATS[len(found[1])]).replace(tzinfo=UTC if found[2] else zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        _malformed(_NO_TIME, where)


def _malformed(what: str, where: str) -> NoReturn:
    raise MalformedInput(what, where=where, hint='The form is: ROLE namespaces="…" KEYTYPE KEY (see ssh-keygen(1)).')
