"""The command line that starts the agent, and what is sent to it: nothing is installed on the host.

The command is one line for whatever login shell an account has (bash, dash, tcsh, fish, busybox): plain words and one
single-quoted text without ``!``, backslash, quote or line feed. The loader in it reads a length line and that many
bytes from stdin, checks their SHA-256 and runs them. ``-I -S -B``: nothing that lies in the login folder or in the
environment is imported, and nothing is written.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from handover.digests import sha256_hex

#: What the loader says on stderr before it gives up; its status is 1 then.
TOO_OLD = b"handover-agent: this Python is too old"
DAMAGED = b"handover-agent: the program arrived damaged"
#: What an interpreter before 3.4 says to ``-I``.
_ANCIENT = b"Unknown option: -I"

# Valid in every Python 2 and 3, so that an old one can say that it is too old.
_LOADER = (
    "import sys;"
    f'v=sys.version_info;v<(3,6)and sys.exit("{TOO_OLD.decode()} (%d.%d)"%v[:2]);'
    "import hashlib;i=sys.stdin.buffer;n=int(i.readline(20));p=i.read(n);"
    f'len(p)==n and hashlib.sha256(p).hexdigest()==sys.argv[1]or sys.exit("{DAMAGED.decode()}");'
    'exec(compile(p,"handover-agent","exec"),{"__name__":"__main__"})'
)

_MINORS = range(13, 5, -1)
#: Where a far host may have a Python, most likely first; each is tried with one exec until one greets.
INTERPRETERS = (
    "python3",
    "/usr/libexec/platform-python",
    *(f"python3.{minor}" for minor in _MINORS),
    "/usr/local/bin/python3",
    # CloudLinux keeps its own beside the system's, also inside its cages.
    *(f"/opt/alt/python3{minor}/bin/python3" for minor in _MINORS),
    "pypy3",
)


@dataclass(frozen=True, slots=True)
class Program:
    """The text of the agent and its SHA-256."""

    source: bytes
    sha256: str


class Parameters(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent is asked to do; bytes travel as text in which each character is one byte (Latin-1)."""

    root: str
    digest: str
    workers: int
    polite: bool
    recheck: bool
    follow_root_link: bool
    cross_mounts: bool
    allow_empty: bool
    #: Names, kinds and sizes alone.
    listing: bool = False
    #: Answer a challenge instead: for these files, what SHA-256 gives for the salt (in hex) and the content after it.
    salt: str = ""
    asked: tuple[str, ...] = ()
    #: Bytes per second that are read and sent; 0: as many as it can.
    rate: int = 0
    #: Whether frames may be compressed when the line turns out to be slow.
    compress: bool = False
    #: In the order in which they are tried: whether it is an ignore rule, its regular expression, its pattern.
    rules: tuple[tuple[bool, str, str], ...] = ()
    #: In the order in which they are applied: a regular expression, the markers of a block, pairs of old and new.
    effects: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = ()
    #: Folders in which the agent may look for the module xxhash.
    extra_paths: tuple[str, ...] = ()
    #: Length in bytes of the table of known files, which follows.
    known: int = 0


@cache
def program() -> Program:
    """Return the agent as it is shipped with this version."""
    source = files(__package__).joinpath("agent.py").read_bytes()
    return Program(source, sha256_hex(source))


def command(interpreter: str, nonce: str, become: str = "") -> str:
    """Return the line that starts the loader; ``become`` is put before it, such as ``sudo -n``."""
    words = [interpreter, "-I", "-S", "-B", "-c", _LOADER, program().sha256, nonce]
    return " ".join(filter(None, ["exec", become, *map(_quoted, words)]))


def first_input(parameters: Parameters, known: bytes = b"") -> bytes:
    """Return what goes to stdin: program and parameters, each after its length on a line of its own, and the table."""
    asked = msgspec.json.encode(msgspec.structs.replace(parameters, known=len(known)))
    source = program().source
    return b"%d\n%b%d\n%b%b" % (len(source), source, len(asked), asked, known)


def is_too_old(stderr: bytes) -> bool:
    """Return whether an interpreter ended because it is older than the agent can use."""
    return TOO_OLD in stderr or _ANCIENT in stderr


def _quoted(word: str) -> str:
    # fish reads a backslash inside single quotes, csh a ! and a line feed: none of them may come.
    if not set(word).isdisjoint("'!\\\n"):
        raise ValueError(f"cannot be quoted for every shell: {word!r}")
    return shlex.quote(word)
