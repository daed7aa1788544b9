"""A real sshd on loopback for tests, as root or as an ordinary user, that leaves no process behind.

    with Sshd(tmp_path) as server:
        location = server.url("/var/www")          # ssh://me@127.0.0.1:40123/var/www
        handover("scan", location, "--ssh-config", str(server.ssh_config))

Nothing depends on the home of the account: key, known_hosts and an ssh_config that names both lie in the given folder.
"""

from __future__ import annotations

import getpass
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from support.processes import Process, descendants, end, wait_until

SSHD = "/usr/sbin/sshd"
_START_S = 10.0
_SESSION_NAMES = {"sshd", "sshd-session", "sshd-auth"}


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "", bits: int | None = None) -> Path:
    """Write a key pair with stock ssh-keygen and return the path of the private key."""
    size = ["-b", str(bits)] if bits else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", f"test {kind}", "-f", path],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return path


def public_key(path: Path) -> str:
    """Return ``type base64`` of a key pair."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


def free_port(address: str = "127.0.0.1") -> int:
    """Return a port on which nobody listens just now."""
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])


class Sshd:
    """One sshd, running from ``start`` (or ``with``) to ``close``.

    ``drop_dac``: as root, take the capabilities away that make root read everything, so that chmod 000 means it.
    ``login_shell``: the program that runs the client's commands, instead of the shell of the account.
    ``force_command``: what runs instead of any command; the wish of the client is in ``$SSH_ORIGINAL_COMMAND``.
    ``sftp_only``: an account as hosters sell it: ``ForceCommand internal-sftp``.
    ``authorized_keys``: further lines beside the client's key. ``options``: further lines for sshd_config, tried first.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        addresses: Sequence[str] = ("127.0.0.1",),
        drop_dac: bool = False,
        login_shell: str | None = None,
        force_command: str | None = None,
        sftp_only: bool = False,
        host_key_kinds: Sequence[str] = ("ed25519",),
        authorized_keys: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> None:
        self.folder = Path(folder) / "sshd"
        for count in range(2, 1000):
            if not self.folder.exists():
                break
            self.folder = Path(folder) / f"sshd{count}"
        self.folder.mkdir(parents=True)
        self.user = getpass.getuser()
        self.addresses = tuple(addresses)
        self.address = self.addresses[0]
        self.port = port or free_port(self.address)
        self._fixed_port = bool(port)
        self._drop_dac = drop_dac and os.geteuid() == 0
        if login_shell is not None:
            # The account's own shell starts this one; $SSH_ORIGINAL_COMMAND is handed on untouched.
            force_command = f'exec {login_shell} -c "$SSH_ORIGINAL_COMMAND"'
        self._force_command = "internal-sftp" if sftp_only else force_command
        self._options = tuple(options)
        self.host_keys = [make_key(self.folder / f"host_{kind}", kind=kind) for kind in host_key_kinds]
        self.client_key = make_key(self.folder / "client")
        self.authorized_keys = self.folder / "authorized_keys"
        self.authorized_keys.write_text("\n".join([public_key(self.client_key), *authorized_keys]) + "\n")
        self.known_hosts = self.folder / "known_hosts"
        self.ssh_config = self.folder / "ssh_config"
        self._process: subprocess.Popen[bytes] | None = None
        self._seen: set[Process] = set()

    # Where it is.

    @property
    def pid(self) -> int:
        """Process id of the listening sshd."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` of the first host key, as ssh-keygen says it."""
        line = subprocess.run(["ssh-keygen", "-lf", self.host_keys[0]], check=True, capture_output=True, text=True)
        return line.stdout.split()[1]

    def account(self, address: str | None = None) -> str:
        """Return ``user@address:port``."""
        return f"{self.user}@{address or self.address}:{self.port}"

    def url(self, path: str | os.PathLike[str] | bytes = "/", *, address: str | None = None) -> str:
        """Return the ``ssh://`` location of a path; a relative one is below the login folder."""
        raw = os.fsencode(path)
        tail = raw if raw.startswith(b"/") else b"/~/" + raw
        return f"ssh://{self.account(address)}{quote(tail)}"

    def known_hosts_line(self, address: str | None = None, *, key: Path | None = None) -> str:
        """Return the line that makes this server's (first) host key known."""
        return f"[{address or self.address}]:{self.port} {public_key(key or self.host_keys[0])}\n"

    # Its life.

    def start(self) -> Sshd:
        """Start sshd and wait until it answers; another port is tried when somebody took the first."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
        for _ in range(5):
            self._write_files()
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
                )
            if self._answers():
                return self
            self.close()
            if self._fixed_port:
                break
            self.port = free_port(self.address)
        raise RuntimeError(f"sshd did not start:\n{self.log()}")

    def stop_accepting(self) -> None:
        """End the listener; connections that are open go on."""
        if self._process is not None and self._process.poll() is None:
            self._remember()
            self._process.kill()
            self._process.wait()

    def processes(self) -> list[Process]:
        """Return every process below this sshd: its sessions, the commands they run, and theirs."""
        self._remember()
        return [process for process in self._seen if process.alive]

    def commands(self) -> list[Process]:
        """Return what clients run on this host just now, without the sshd processes themselves."""
        return [process for process in self.processes() if process.name not in _SESSION_NAMES]

    def kill_sessions(self) -> None:
        """Kill the sshd processes of all open connections, as an OOM killer would; their commands are left alone."""
        for process in self.processes():
            if process.name in _SESSION_NAMES:
                process.send(signal.SIGKILL)

    def close(self) -> None:
        """End the listener, every session and every command below them."""
        self._remember()
        self.stop_accepting()
        end(self._seen)
        self._seen.clear()

    kill = close

    def log(self) -> str:
        """Return what sshd wrote so far."""
        return (self.folder / "log").read_text(errors="replace")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # How it is made.

    def _remember(self) -> None:
        if self._process is None:
            return
        below = descendants(self._process.pid)
        for process in list(self._seen):
            # Commands of a killed session belong to init now; what they start is still ours.
            below += descendants(process.pid)
        self._seen -= set(below)  # what is known of them is older
        self._seen.update(below)

    def _write_files(self) -> None:
        self.known_hosts.write_text("".join(self.known_hosts_line(address) for address in self.addresses))
        write_ssh_config(self.ssh_config, self)
        lines = [
            *self._options,
            *(f"ListenAddress {address}:{self.port}" for address in self.addresses),
            *(f'HostKey "{key}"' for key in self.host_keys),
            f'AuthorizedKeysFile "{self.authorized_keys}"',
            f'PidFile "{self.folder / "pid"}"',
            # bash that sshd starts reads ~/.bashrc unless it is told that it is not the first shell: what the developer
            # has there (a pyenv that waits a minute for a lock) is no part of a test.
            "SetEnv SHLVL=1",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PrintMotd no",
            "UseDNS no",
            "MaxStartups 100",
            "LogLevel VERBOSE",
            "Subsystem sftp internal-sftp",
            *([f"ForceCommand {self._force_command}"] if self._force_command else []),
        ]
        (self.folder / "sshd_config").write_text("\n".join(lines) + "\n")

    def _command(self) -> list[str]:
        without = "-dac_override,-dac_read_search"
        drop = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"] if self._drop_dac else []
        return [*drop, SSHD, "-D", "-e", "-f", str(self.folder / "sshd_config")]

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection((self.address, self.port), timeout=_START_S) as probe:
                    return probe.recv(4) == b"SSH-"
            except OSError:
                time.sleep(0.02)
        return False


def write_ssh_config(path: Path, *servers: Sshd, aliases: dict[str, Sshd] | None = None, extra: str = "") -> Path:
    """Write an ssh_config with which the servers are reached, and nothing of the account's own settings is used.

    ``aliases``: host names of the test's choice; each gets address, port and user of its server. ``extra``: lines tried
    first.
    """
    named = aliases or {}
    known = path.with_name(f"{path.name}.known_hosts")
    everyone = [*servers, *named.values()]
    known.write_text("".join(server.known_hosts_line(name) for server in everyone for name in server.addresses))
    blocks = [extra]
    for name, server in named.items():
        blocks.append(f"Host {name}\n  HostName {server.address}\n  Port {server.port}\n  User {server.user}")
    keys = dict.fromkeys(server.client_key for server in everyone)
    blocks += ["Host *", *(f'  IdentityFile "{key}"' for key in keys)]
    blocks += [f'  UserKnownHostsFile "{known}"', "  GlobalKnownHostsFile /dev/null"]
    blocks += ["  IdentitiesOnly yes", "  IdentityAgent none"]
    path.write_text("\n".join(blocks) + "\n")
    return path


__all__ = ["Sshd", "free_port", "make_key", "public_key", "wait_until", "write_ssh_config"]
