"""The demo's story: one case from the terms to the signed report, told by the commands that a user would type.

Every command is run as a process of its own and shows its own output; nothing is staged but the two hosts.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from handover.demo import site
from handover.demo.hosts import NEW, OLD, two_hosts
from handover.demo.server import make_key
from handover.errors import ExitCode
from handover.evidence.allowed_signers import ready_line
from handover.evidence.inventory import letter_name
from handover.evidence.keys import PublicKey
from handover.files import local_io, refuse_existing
from handover.paths import shown

_CASE = "acme-shop"
_ROUND = f"{_CASE}/rounds/0001"
_PARTIES = {
    "sender": ("Old Hosting sp. z o.o.", "bok@old.example", "Anna Nowak"),
    "receiver": ("New Host Oy", "support@new.example", "Aino Virtanen"),
}


@dataclass(frozen=True, slots=True)
class Teller:
    """Where the story happens, how the product is started there, and who listens.

    ``handover`` is the command line that starts the product; ``say`` gets plain lines for a person and lets them out at
    once, because the commands write to the same terminal.
    """

    folder: Path
    handover: Sequence[str]
    say: Callable[[str], None]

    def run(self, *arguments: str, expected: ExitCode, meaning: str) -> None:
        """Show and run one ``handover`` command; ``Unexpected`` when it does not end as it must."""
        self.say(f"\n$ {shlex.join(['handover', *arguments])}")
        code = subprocess.run([*self.handover, *arguments], cwd=self.folder, check=False).returncode
        self.say(f"[exit code {code}: {meaning if code == expected else 'unexpected'}]")
        if code != expected:
            raise Unexpected(code)


class Unexpected(Exception):
    """A command of the story ended otherwise than it must; carries its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def tell(folder: Path, handover: Sequence[str], sshd: str | None, say: Callable[[str], None]) -> int:
    """Tell the story in the new folder ``folder`` and return 0, or the exit code of the command that went wrong.

    ``sshd`` serves both hosts (``hosts.installed_sshd``); with ``None`` the small server does. Raises ``Refused`` when
    the folder is there already.
    """
    refuse_existing(folder)
    with local_io(folder):
        folder.mkdir(parents=True)
    teller = Teller(folder.resolve(), handover, say)
    try:
        _migration(teller)
        with two_hosts(teller.folder / "ssh", sshd):
            _both_hosts(sshd, say)
            _terms(teller)
            _round(teller)
        _letter(teller)
        _signatures(teller)
    except Unexpected as unexpected:
        return unexpected.code
    _farewell(folder, say)
    return ExitCode.COMPLETE


def _migration(teller: Teller) -> None:
    source, target = (teller.folder / host / "public_html" for host in (OLD, NEW))
    with local_io(teller.folder):
        site.build(source)
        site.migrate(source, target)
    teller.say(f"A small web shop was moved from {OLD} to {NEW}. On the way, and handover is not told:")
    for fault in site.FAULTS:
        teller.say(f"  - {fault.story}")


def _both_hosts(sshd: str | None, say: Callable[[str], None]) -> None:
    served = f"the real sshd ({sshd})" if sshd else "a small SSH server of handover's own, as no sshd can be used here"
    say(f"\nBoth hosts run on this machine, by {served}.")
    say("Keys, known_hosts and ssh_config are in the demo's folder; yours are neither read nor changed.")


def _terms(teller: Teller) -> None:
    teller.say("\nThe parties make their keys, and the terms of the case are written (`handover init` pre-fills them).")
    (teller.folder / "keys").mkdir()
    keys = {role: _signing_key(teller, role) for role in _PARTIES}
    (teller.folder / "allowed_signers").write_text(
        "".join(f"{ready_line(role, PublicKey.from_line(key, where=role))}\n" for role, key in keys.items())
    )
    terms = teller.folder / _CASE / "handover.yaml"
    terms.parent.mkdir()
    terms.write_text(_terms_text(teller.folder, keys))
    teller.say(f"\n$ cat {_CASE}/handover.yaml\n{terms.read_text()}")


def _signing_key(teller: Teller, role: str) -> str:
    """Make the key pair ``keys/ROLE`` and return the public half; by ssh-keygen where there is one."""
    path = teller.folder / "keys" / role
    if shutil.which("ssh-keygen") is None:
        path.with_suffix(".pub").write_text(f"{make_key(path)} {role}\n")
    else:
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", role, "-f", f"keys/{role}"]
        teller.say(f"$ {shlex.join(command)}")
        subprocess.run(command, cwd=teller.folder, stdin=subprocess.DEVNULL, check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


def _terms_text(folder: Path, keys: dict[str, str]) -> str:
    lines = ["handover: 1", f'id: "{secrets.token_hex(16)}"', "case: acme-shop.example to new hosting", "parties:"]
    for role, (company, contact, _) in _PARTIES.items():
        lines += [f"  {role}:", f"    name: {company}", f"    contact: {contact}", f"    keys: [{keys[role]} {role}]"]
    lines += ["parts:", "  - name: web"]
    for side, host in (("source", OLD), ("target", NEW)):
        path = quote(os.fsencode(folder / host / "public_html"))
        lines += [f"    {side}:", f"      location: ssh://{host}{path}"]
    return "\n".join([*lines, "    preset: wordpress", ""])


def _round(teller: Teller) -> None:
    teller.say("Read both hosts, compare, write the report:")
    command = ("run", _CASE, "--ssh-config", "ssh/config")
    teller.run(*command, expected=ExitCode.NOT_COMPLETE, meaning="not complete")


def _letter(teller: Teller) -> None:
    path = f"{_ROUND}/{letter_name('sender', 'en')}"
    teller.say("\nWhat each company is asked for stands in a text of its own, ready for a mail or a ticket:")
    teller.say(f"\n$ cat {path}\n{(teller.folder / path).read_text(encoding='utf-8')}")


def _signatures(teller: Teller) -> None:
    teller.say("\nBoth companies answer, each with its own key:")
    teller.run(
        *("sign", _CASE, "--as", "sender", "--key", "keys/sender", "--name", _PARTIES["sender"][2]),
        *("--facts", "confirmed", "--decision", "accept_with_remarks"),
        *("--remark", "The uploads of 2022 and the video will be sent again."),
        expected=ExitCode.COMPLETE,
        meaning="signed",
    )
    teller.run(
        *("sign", _CASE, "--as", "receiver", "--key", "keys/receiver", "--name", _PARTIES["receiver"][2]),
        *("--facts", "confirmed", "--decision", "reject"),
        expected=ExitCode.COMPLETE,
        meaning="signed",
    )
    teller.say("\nAnybody checks it, offline, years later, with keys that came another way than the report:")
    command = ("verify", _ROUND, "--keys", "allowed_signers")
    teller.run(*command, expected=ExitCode.NOT_COMPLETE, meaning="a true record of a handover that is not complete")


def _farewell(folder: Path, say: Callable[[str], None]) -> None:
    name = shown(os.fsencode(folder))
    say(f"\nThe report:  {name}/{_ROUND}/report.en.html   (open it in a browser)")
    say(f"Both hosts have ended. Everything is in {name}; delete it when you have seen enough.")
    say("\nNext, with your own two hosts:")
    say(f"  {_own_name()} compare ssh://you@old.example/path/to/site ssh://you@new.example/path/to/site")


def _own_name() -> str:
    """Return how the user can call this program: by its name where that leads to it, else by where it is installed."""
    installed = Path(sys.executable).with_name("handover")
    found = shutil.which("handover")
    if not installed.exists() or (found is not None and Path(found).samefile(installed)):
        return "handover"
    return shown(os.path.relpath(installed))
