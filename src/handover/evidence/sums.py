"""``SHA256SUMS``: the one file that names all others, in the format of GNU ``sha256sum``.

One line per file, ``DIGEST``, two spaces, ``NAME``, LF; in the order of names as bytes. Our names are plain, so the
escapes of the GNU format never occur and are refused. Specification: ``docs/spec/bundle.md``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from handover.errors import MalformedInput
from handover.paths import shown

NAME = "SHA256SUMS"
MAX_SUMS = 2**20

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


def is_safe(name: str) -> bool:
    """Whether ``name`` may be a file of a bundle: plain ASCII, no folder, no leading dot or dash."""
    return _SAFE.fullmatch(name) is not None


def write(digests: Mapping[str, str]) -> bytes:
    """Return the file for digests in hex by name. ``ValueError`` for a name that no bundle may have: a bug."""
    if not all(map(is_safe, digests)):
        raise ValueError("a name that no bundle may have")
    return "".join(f"{digests[name]}  {name}\n" for name in sorted(digests)).encode("ascii")


def parse(raw: bytes, *, where: str) -> dict[str, str]:
    """Return digests in hex by name, in the order of the file, or raise ``MalformedInput``."""
    if len(raw) > MAX_SUMS:
        raise MalformedInput(f"longer than {MAX_SUMS} bytes", where=where)
    if not raw.endswith(b"\n"):
        raise MalformedInput("does not end with a line feed", where=where)
    digests: dict[str, str] = {}
    last = ""
    for number, line in enumerate(raw.decode("ascii", "replace").split("\n")[:-1], start=1):
        place = f"{where}:{number}"
        found = _LINE.fullmatch(line)
        if found is None:
            raise MalformedInput("not a line of the form: DIGEST, two spaces, NAME", where=place)
        digest, name = found.groups()
        if not is_safe(name):
            raise MalformedInput(f"a file name that no bundle may have: {shown(name[:200])}", where=place)
        if name <= last:
            raise MalformedInput("names are doubled or not in order", where=place)
        digests[name] = digest
        last = name
    return digests
