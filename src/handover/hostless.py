"""The entry lines of a manifest without their ordinary ``host`` objects, and a program that strips them.

A comparison asks nothing of most hosts but that they are sound. To check them takes as long as to compare everything
else, so another process can do it: the program in this module reads a manifest on stdin and writes it to stdout, the
lines with a plain ``host`` without it and all others as they are. At the end it writes to stderr the SHA-256 of all
bytes before the last line, that of all bytes, and how many there were. It is run from its text alone: this module
imports nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import re
import sys
from typing import BinaryIO

HOST = b',"host":'

_BLOCK = 2**18
#: No line is longer; what is longer is passed on in pieces, for the reader to refuse.
_LONGEST = 2**23
_ENTRY = b'{"path'
_NANOSECONDS = rb'"(?:[1-9][0-9]{0,18}+|0|-[1-9][0-9]{0,18}+)"'
_DECIMAL = rb'"(?:[1-9][0-9]{0,19}+|0)"'
_SMALL = rb"(?:0|[1-9][0-9]{0,14}+)"
_OWNER = rb'"[ !#-\[\]-~]++"'
#: What a host that can be read with Python says of nearly every path.
HOST_OBJECT = rb'\{"mtime_ns":%b,"ctime_ns":%b,"dev":%b,"inode":%b,"mode":"[0-7]{4}","uid":%b,"gid":%b' % (
    _NANOSECONDS,
    _NANOSECONDS,
    _DECIMAL,
    _DECIMAL,
    _SMALL,
    _SMALL,
) + rb'(?:,"user":%b)?+(?:,"group":%b)?+(?:,"carried":true)?+\}' % (_OWNER, _OWNER)
#: The end of a line with such a ``host``.
# SECURITY: a second ``host`` after another object must stay, or the line would look as if it had one.
HOST_END = re.compile(HOST + rb"(?<!\}" + HOST + rb")" + HOST_OBJECT + rb"\}\n")


def strip(source: BinaryIO, target: BinaryIO) -> tuple[str, str, int]:
    """Copy a manifest without the ``host`` of plain lines; return both digests, in hex, and the number of bytes."""
    header = source.readline(_LONGEST)
    digest = before = hashlib.sha256(header)
    length = target.write(header)
    while raw := source.read(_BLOCK):
        if not raw.endswith(b"\n"):
            raw += source.readline(_LONGEST)
        last = raw.rfind(b"\n", 0, -1) + 1
        digest.update(memoryview(raw)[:last])
        before = digest.copy()
        digest.update(memoryview(raw)[last:])
        length += len(raw)
        # SECURITY: header and trailer have no ``host``. One that somebody gave them stays, for the reader to refuse.
        entries = len(raw) if raw.startswith(_ENTRY, last) else last
        target.write(HOST_END.sub(b"}\n", raw[:entries]) + raw[entries:])
    return before.hexdigest(), digest.hexdigest(), length


if __name__ == "__main__":
    seal = strip(sys.stdin.buffer, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    sys.stderr.write("{} {} {}\n".format(*seal))
