"""What the user's ssh_config says about one host, asked of ``ssh -G`` itself wherever there is an ssh program.

``ssh -G`` prints every setting for a host, one ``name value`` a line, with Include, Match and defaults resolved
(ssh(1), ssh_config(5)); it connects nowhere. Without the program a small part of the file is read, with a warning.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from handover.errors import UsageError
from handover.locations.ssh.address import DEFAULT_PORT, Account, check_host, check_user
from handover.locations.ssh.options import SshOptions
from handover.paths import shown

Raw = Mapping[str, list[str]]

_ASK_TIMEOUT_S = 30.0
_METHODS = ("publickey", "keyboard-interactive", "password")
_KEY_NAMES = ("id_rsa", "id_ecdsa", "id_ed25519")
_ABSOLUTE = re.compile(r"/|~|[A-Za-z]:[\\/]")
_NUMBER = re.compile(r"[0-9]{1,9}")
_MAX_PORT = 65535
_BLOCK = re.compile(r"\s*(host|match|include)[\s=]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """One host, resolved: where it is, who we are there, which keys count; files are absolute paths.

    ``account`` is what the user asked for and what errors name; ``known_as`` is the name in known_hosts.
    ``agent_socket`` is ``None`` when no agent is to be asked. ``warnings`` are sentences for the user.
    """

    account: Account
    host: str
    port: int
    user: str
    known_as: str
    known_port: int
    user_known_hosts: tuple[Path, ...]
    global_known_hosts: tuple[Path, ...]
    hash_known_hosts: bool
    identity_files: tuple[Path, ...]
    identities_only: bool
    agent_socket: Path | None
    methods: tuple[str, ...]
    jumps: tuple[Account, ...]
    proxy_command: str | None
    connect_timeout_s: float
    alive_interval_s: int
    warnings: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """``user@host:port`` for people: as asked for, with the user that it comes to."""
        return replace(self.account, user=self.account.user or self.user).shown


def resolve(account: Account, options: SshOptions, *, ssh: str | None = None) -> Settings:
    """Return the settings for ``account``, which was checked by ``Account.parse``; ``ssh`` is the program to ask.

    ``UsageError`` when the settings cannot be read or name something that is refused.
    """
    program = shutil.which(ssh or "ssh")
    if program:
        return _settings(account, options, _ask(program, account, options.config_file), ())
    raw, warnings = _read_without_ssh(account, options.config_file)
    return _settings(account, options, raw, warnings)


def home() -> Path:
    """Return the folder that ssh takes for ``~``: the one of the account, whatever ``$HOME`` says."""
    try:
        import pwd
    except ImportError:  # Windows
        return Path.home()
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return Path.home()


def _ask(program: str, account: Account, config: Path | None) -> Raw:
    # SECURITY: user and host matched strict patterns before; a list without a shell, and -- before the host. -T keeps
    # ssh from talking about terminals.
    command = [program, "-G", "-T"]
    command += ["-F", os.fspath(config)] if config else []
    command += ["-l", account.user] if account.user else []
    command += ["-p", str(account.port)] if account.port else []
    try:
        answer = subprocess.run(
            [*command, "--", account.host], stdin=subprocess.DEVNULL, capture_output=True, timeout=_ASK_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"ssh could not be asked for its settings: {error}", where=account.shown) from error
    if answer.returncode != 0:
        raise UsageError(
            f"ssh does not accept its settings: {shown(answer.stderr.strip())}",
            where=account.shown,
            hint="Try `ssh -G` with the same host, and mend the file that it names.",
        )
    raw: dict[str, list[str]] = {}
    for line in answer.stdout.decode("utf-8", "surrogateescape").splitlines():
        name, _, value = line.partition(" ")
        raw.setdefault(name.lower(), []).append(value)
    return raw


def _read_without_ssh(account: Account, config: Path | None) -> tuple[Raw, tuple[str, ...]]:
    from paramiko import SSHConfig, SSHException

    file = config or home() / ".ssh" / "config"
    try:
        text = file.read_text("utf-8", "surrogateescape")
    except FileNotFoundError as error:
        if config:
            raise UsageError("there is no such file", where=shown(os.fsencode(config))) from error
        return {}, ()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=shown(os.fsencode(file))) from error
    kept, dropped = _only_host_blocks(text)
    # What the location says comes first and wins, and is what %r and %p in later lines stand for.
    given = (f"User {account.user}\n" if account.user else "") + (f"Port {account.port}\n" if account.port else "")
    try:
        found = SSHConfig.from_text(given + kept).lookup(account.host)
    except (SSHException, KeyError, ValueError) as error:
        raise UsageError(f"not understood: {shown(str(error))}", where=shown(os.fsencode(file))) from error
    raw = {name: _listed(value) for name, value in found.items()}
    warning = f"without an ssh program, Match and Include in {shown(os.fsencode(file))} are not read"
    return raw, (warning,) if dropped else ()


def _listed(value: object) -> list[str]:
    # paramiko's stubs say str for every value; for IdentityFile it is a list.
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _only_host_blocks(text: str) -> tuple[str, bool]:
    # paramiko takes a Match that it does not know for one that matched (its issue 2632), and passes over Include in
    # silence; leaving both out is the only reading that cannot turn a setting round.
    kept: list[str] = []
    dropped = inside_match = False
    for line in text.splitlines():
        word = block[1].lower() if (block := _BLOCK.match(line)) else ""
        if word in {"host", "match"}:
            inside_match = word == "match"
        if inside_match or word == "include":
            dropped = True
        else:
            kept.append(line)
    return "\n".join(kept), dropped


def _settings(account: Account, options: SshOptions, raw: Raw, warnings: tuple[str, ...]) -> Settings:
    where = account.shown
    user = check_user(account.user or _one(raw, "user") or getpass.getuser())
    host = check_host((_one(raw, "hostname") or account.host).strip("[]"))
    port = account.port or _number(raw, "port", where, _MAX_PORT) or DEFAULT_PORT
    alias = _one(raw, "hostkeyalias")
    tokens = {"h": host, "n": account.host, "p": str(port), "r": user, "d": str(home()), "k": alias or host, "%": "%"}
    tokens["u"] = getpass.getuser()
    # ssh -G prints the files of one line without quotes, so a piece that begins no path goes on with the one before.
    system = _rejoined(_one(raw, "globalknownhostsfile") or "/etc/ssh/ssh_known_hosts")
    own = _rejoined(_one(raw, "userknownhostsfile") or "~/.ssh/known_hosts")
    identities = raw.get("identityfile") or [f"~/.ssh/{name}" for name in _KEY_NAMES]
    jump = _one(raw, "proxyjump")
    proxy = _one(raw, "proxycommand")
    if revoked := _one(raw, "revokedhostkeys"):
        warnings += (f"RevokedHostKeys {shown(revoked)} is not read; @revoked lines in known_hosts are",)
    timeout_s = _number(raw, "connecttimeout", where)
    return Settings(
        account=account,
        host=host,
        port=port,
        user=user,
        known_as=check_host(alias) if alias else host,
        known_port=DEFAULT_PORT if alias else port,
        user_known_hosts=options.known_hosts or _paths(own, tokens, where),
        global_known_hosts=() if options.known_hosts else _paths(system, tokens, where),
        hash_known_hosts=_one(raw, "hashknownhosts") == "yes",
        identity_files=(*options.identity_files, *_paths(identities, tokens, where)),
        identities_only=_one(raw, "identitiesonly") == "yes",
        agent_socket=_agent_socket(raw, tokens, where),
        methods=_methods(raw),
        jumps=tuple(map(_jump, jump.split(","))) if jump else (),
        proxy_command=_expanded(proxy, tokens, where) if proxy and not jump else None,
        connect_timeout_s=min(timeout_s, options.connect_timeout_s) if timeout_s > 0 else options.connect_timeout_s,
        alive_interval_s=_number(raw, "serveraliveinterval", where),
        warnings=warnings,
    )


def _one(raw: Raw, name: str) -> str | None:
    value = raw.get(name, [""])[0].strip()
    return None if value.lower() in {"", "none"} else value


def _number(raw: Raw, name: str, where: str, most: int = 10**9) -> int:
    """Return a setting that is a whole number, of seconds or a port; 0 when it is not set. Else ``UsageError``."""
    value = _one(raw, name) or "0"
    if not _NUMBER.fullmatch(value) or int(value) > most:
        raise UsageError(
            f"{name} {shown(value)} in the settings of ssh is no whole number up to {most}",
            where=where,
            hint="Write it without a unit in your ssh_config.",
        )
    return int(value)


def _rejoined(line: str) -> list[str]:
    paths: list[str] = []
    for quoted, piece in re.findall(r'"([^"]*)"|(\S+)', line):
        if quoted:
            paths.append(quoted)
        elif paths and not _ABSOLUTE.match(piece):
            paths[-1] += f" {piece}"
        else:
            paths.append(piece)
    return paths


def _paths(values: Iterable[str], tokens: Mapping[str, str], where: str) -> tuple[Path, ...]:
    wanted = (value for value in values if value.lower() != "none")
    return tuple(_under_home(_expanded(value, tokens, where)) for value in wanted)


def _under_home(text: str) -> Path:
    return home() / text[2:] if text.startswith(("~/", "~\\")) else Path(text)


def _expanded(text: str, tokens: Mapping[str, str], where: str) -> str:
    def value(match: re.Match[str]) -> str:
        try:
            return tokens[match[1]] if match[1] else os.environ[match[2]]
        except KeyError:
            raise UsageError(f"{shown(match[0])} in the settings of ssh is not supported", where=where) from None

    return re.sub(r"%(.)|\$\{(\w+)\}", value, text)


def _agent_socket(raw: Raw, tokens: Mapping[str, str], where: str) -> Path | None:
    wanted = raw.get("identityagent", ["SSH_AUTH_SOCK"])[0].strip()
    if wanted.lower() == "none":
        return None
    if wanted == "SSH_AUTH_SOCK" or (wanted.startswith("$") and not wanted.startswith("${")):
        found = os.environ.get(wanted.lstrip("$"))
        return Path(found) if found else None
    return _under_home(_expanded(wanted, tokens, where))


def _methods(raw: Raw) -> tuple[str, ...]:
    wanted = _one(raw, "preferredauthentications")
    switches = {
        "publickey": _one(raw, "pubkeyauthentication") not in {"no", "false"},
        "keyboard-interactive": _one(raw, "kbdinteractiveauthentication") not in {"no", "false"},
        "password": _one(raw, "passwordauthentication") not in {"no", "false"},
    }
    order = [name.strip() for name in wanted.split(",")] if wanted else _METHODS
    return tuple(name for name in order if switches.get(name, False))


def _jump(text: str) -> Account:
    return Account.parse(text.strip().removeprefix("ssh://").rstrip("/"))
