"""Trees with everything that FAULTS.md names, and what is really in a tree, found without any code of ours."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

NAMES = [
    b"plain.txt", b"with space", b"new\nline", b"tab\there", b"esc\x1b[31mred", b"bell\x07",
    b'quote"double', b"quote'single", b"back\\slash", b"-rf", b"*", b"?", b"[a]", b"$(id)", b"`id`",
    b"<script>alert(1)<&sol;script>", b"=cmd()", b"{{7*7}}", b"END", b'{"type":"handover-manifest-end"}',
    b"\xff\xfeinvalid", b"half\xc3", "bidi\u202egnp.exe".encode(), "zero\u200bwidth".encode(),
    "\u00fc nfc".encode(), "u\u0308 nfd".encode(), b"Case", b"case", "stra\u00dfe".encode(), b"strasse",
    b"\x01\x02\x7f", "c1\u0085".encode(), b"...", b". ", b" lead", b"trail ", b"a", b"a-b", b"a.b", b"a0",
    b"%s%n", b"con", b"~", b"#", b"n" * 255, "\u0142\u00f3d\u017a".encode(),
]  # fmt: skip


def build(root: Path) -> Path:
    """Make the nasty tree at ``root``, which must not exist; returns it."""
    top = os.fsencode(root)
    os.mkdir(top)
    for number, name in enumerate(NAMES):
        write(os.path.join(top, name), b"content %d\n" % number)
    for name in (b"empty", b"a dir", b"new\ndir", b"\xffdir", b"-dir"):
        os.mkdir(os.path.join(top, name))
    write(os.path.join(top, b"a dir", b"x"), b"in a dir\n")
    write(os.path.join(top, b"\xffdir", b"\xfe"), b"")
    links = [
        (b"target", b"dangling"),
        (b"self", b"self"),
        (b"..", b"up"),
        (b"/etc", b"out"),
        (b"\xff\n\x1b", b"odd target"),
    ]
    links += [(b"loop-b", b"loop-a"), (b"loop-a", b"loop-b"), (b"plain.txt", b"to file"), (b"a dir", b"to dir")]
    for target, name in links:
        os.symlink(target, os.path.join(top, name))
    os.mkfifo(os.path.join(top, b"fifo"))
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(".", os.O_RDONLY)
        os.chdir(top)  # a socket's path may have 107 bytes at most
        server.bind(b"socket")
        os.fchdir(here)
        os.close(here)
    os.link(os.path.join(top, b"plain.txt"), os.path.join(top, b"a dir", b"hard link"))
    write(os.path.join(top, b"crlf.txt"), b"one\r\ntwo\r\r\nthree\rfour\r")
    write(os.path.join(top, b"crlf.bin"), b"one\r\ntwo\0")
    return root


def write(path: bytes | Path, data: bytes) -> None:
    with open(path, "xb") as stream:
        stream.write(data)


def deep(root: Path, levels: int, name: bytes = b"d") -> None:
    """Make a chain of folders far deeper than PATH_MAX, with one file at its end; end it with ``remove``."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(root)
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
        write(b"bottom", b"deep\n")
    finally:
        os.fchdir(here)
        os.close(here)


def remove(root: Path) -> None:
    """Remove a tree of any depth."""
    subprocess.run(["rm", "-rf", "--one-file-system", "--", root], check=True)


class Thing(NamedTuple):
    """One object as the system itself shows it."""

    type: str
    size: int | None = None
    sha256: str | None = None
    target: bytes | None = None


def truth(root: Path) -> dict[bytes, Thing]:
    """Return everything in a readable tree by path, found by the simplest means."""
    found = {b"": Thing("dir")}
    waiting = [b""]
    while waiting:
        folder = waiting.pop()
        for name in os.listdir(os.path.join(os.fsencode(root), folder)):
            path = folder + b"/" + name if folder else name
            found[path] = thing(os.path.join(os.fsencode(root), path))
            if found[path].type == "dir":
                waiting.append(path)
    return found


def thing(path: bytes) -> Thing:
    mode = os.lstat(path).st_mode
    if stat.S_ISDIR(mode):
        return Thing("dir")
    if stat.S_ISLNK(mode):
        return Thing("link", target=os.readlink(path))
    if not stat.S_ISREG(mode):
        return Thing("special")
    with open(path, "rb") as stream:
        data = stream.read()
    return Thing("file", len(data), hashlib.sha256(data).hexdigest())
