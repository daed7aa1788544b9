"""Two SSH hosts on the loopback of this machine: the real sshd when it is installed, else a small server of our own.

Nothing of the account's own SSH settings is used or changed: keys, known_hosts and an ``ssh_config`` that names both
hosts lie in the demo's folder, and the product reaches the hosts by its normal, strict way. Each connection is a child
of this process, so that the end of the demo is the end of both hosts.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from handover.demo.server import make_key, serve
from handover.errors import UsageError
from handover.paths import shown

OLD, NEW = "old.example", "new.example"
_SEPARATION = Path("/run/sshd")
_SHADOW = Path("/etc/shadow")
_END_S = 5.0
_Handler = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Hosts:
    """Both hosts while they run. ``sshd`` is the program that serves them; ``None`` for the server of our own."""

    ssh_config: Path
    sshd: str | None


def installed_sshd() -> str | None:
    """Return the path of an sshd that can let this account in, or ``None``."""
    path = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return None if path is None or _locked() else path


@contextmanager
def two_hosts(folder: Path, sshd: str | None) -> Iterator[Hosts]:
    """Run ``old.example`` and ``new.example`` until the block ends; ``folder`` is new and gets their keys and settings.

    ``sshd`` is a path from ``installed_sshd``. Raises ``UsageError`` where root without its special rights could not
    reach the folder.
    """
    folder.mkdir(parents=True)
    prefix = _as_ordinary_account(folder)
    client = folder / "client_key"
    account_key = make_key(client)
    blocks, known = [], []
    with ExitStack() as stack:
        if sshd is not None:
            stack.enter_context(_separation_folder())
        for name in (OLD, NEW):
            host_key = folder / f"{name}.host_key"
            public = make_key(host_key)
            if sshd is None:
                handler = _embedded(host_key, account_key, prefix, folder)
            else:
                handler = _real([*prefix, sshd], _sshd_config(folder, name, host_key, account_key), folder)
            port = stack.enter_context(_listening(handler))
            known.append(f"[127.0.0.1]:{port} {public}\n")
            blocks.append(f"Host {name}\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n")
        (folder / "known_hosts").write_text("".join(known))
        config = folder / "config"
        config.write_text("".join(blocks) + _for_both(folder, client))
        yield Hosts(config, sshd)


def _for_both(folder: Path, client: Path) -> str:
    known = folder / "known_hosts"
    lines = [f'IdentityFile "{client}"', f'UserKnownHostsFile "{known}"', "GlobalKnownHostsFile /dev/null"]
    lines += ["IdentitiesOnly yes", "IdentityAgent none"]
    return "Host *\n" + "".join(f"  {line}\n" for line in lines)


def _sshd_config(folder: Path, name: str, host_key: Path, account_key: str) -> Path:
    authorized = folder / "authorized_keys"
    authorized.write_text(f"{account_key}\n")
    lines = [
        f'HostKey "{host_key}"',
        f'AuthorizedKeysFile "{authorized}"',
        "PidFile none",
        "StrictModes no",
        # A bash that is not the first shell leaves ~/.bashrc alone: what is in there is no part of the show.
        "SetEnv SHLVL=1",
        "UsePAM no",
    ]
    lines += ["PermitRootLogin yes", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PrintMotd no"]
    path = folder / f"{name}.sshd_config"
    path.write_text("\n".join(lines) + "\n")
    return path


def _real(command: list[str], config: Path, folder: Path) -> _Handler:
    """Return what serves a connection by one sshd of its own, in the mode that inetd uses."""

    def handle(connection: socket.socket) -> None:
        with (folder / "sshd.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-i", "-e", "-f", str(config)],
                stdin=connection.fileno(),
                stdout=connection.fileno(),
                stderr=log,
            )
        try:
            process.wait()
        finally:
            process.kill()

    return handle


def _embedded(host_key: Path, account_key: str, prefix: Sequence[str], folder: Path) -> _Handler:
    return lambda connection: serve(connection, host_key, account_key, prefix, folder)


@contextmanager
def _listening(handler: _Handler) -> Iterator[int]:
    """Give every connection to a free port of 127.0.0.1 to ``handler`` in a thread, and yield the port."""
    threads: list[threading.Thread] = []
    connections: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            threads.append(threading.Thread(target=handler, args=(connection,), daemon=True))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield listener.getsockname()[1]
        finally:
            for each in (listener, *connections):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
            for thread in (acceptor, *threads):
                thread.join(_END_S)
            for connection in connections:
                connection.close()


def _as_ordinary_account(folder: Path) -> list[str]:
    """Return what to put before a command so that it may not read everything, as nobody on a shared host may.

    Only root has that right, and only Linux can take it away from root.
    """
    setpriv = shutil.which("setpriv")
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or setpriv is None:
        return []
    without = "-dac_override,-dac_read_search"
    prefix = [setpriv, f"--bounding-set={without}", f"--inh-caps={without}"]
    if subprocess.run([*prefix, "test", "-r", folder, "-a", "-x", folder], check=False).returncode != 0:
        raise UsageError(
            "root cannot show an unreadable file in a folder that belongs to somebody else",
            where=shown(os.fsencode(folder)),
            hint="Run the demo as yourself, without sudo, or in a folder of root's own.",
        )
    return prefix


def _locked() -> bool:
    """Return whether sshd without PAM would refuse root because its password is locked, as on Ubuntu."""
    if os.geteuid() != 0:
        return False
    with suppress(OSError):
        lines = _SHADOW.read_text(errors="replace").splitlines()
        return any(line.startswith("root:!") for line in lines)
    return False


@contextmanager
def _separation_folder() -> Iterator[None]:
    """Make the empty folder that sshd wants when root runs it, where the system has not, and take it away again."""
    made = os.geteuid() == 0 and not _SEPARATION.exists() and _SEPARATION.parent.is_dir()
    if made:
        _SEPARATION.mkdir(mode=0o755)
    try:
        yield
    finally:
        if made:
            with suppress(OSError):
                _SEPARATION.rmdir()
