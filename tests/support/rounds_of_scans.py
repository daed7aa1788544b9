"""Scans of one tree after another, each knowing what the one before it read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from handover.locations.channel import Host
from handover.locations.local import LocalHost
from handover.scan import Carry, EarlierManifest, Stage, scan
from support.scans import Hearer, Manifest, read, request

_INSTANT = re.compile(r'("(?:here|there|started_at)":")([^"]+)(")')


def scan_to(
    output: Path,
    root: Path,
    carry: Carry | None = None,
    *,
    host: Host | None = None,
    progress: Callable[[Stage, int], None] | None = None,
    **changes: object,
) -> Manifest:
    """Scan a tree into a file and return what was written, audited."""
    header, trailer = scan(host or LocalHost(), request(root, **changes), output, Hearer(progress), carry=carry)
    return read(output, header, trailer)


def knowing(*manifests: Path) -> Carry:
    """What a scan may take from these manifests."""
    return Carry(tuple(EarlierManifest(path) for path in manifests))


def made_later(path: Path, **by: float) -> Path:
    """Pretend that a manifest was made an hour later than it was, so that its files are no longer too young for it.

    Nobody can set a ctime, and waiting for the guard to pass would take every test some seconds.
    """
    delta = timedelta(**(by or {"hours": 1}))

    def moved(match: re.Match[str]) -> str:
        return match[1] + (datetime.fromisoformat(match[2]) + delta).strftime("%Y-%m-%dT%H:%M:%SZ") + match[3]

    header, _, rest = path.read_text(encoding="utf-8").partition("\n")
    return sealed(path, _INSTANT.sub(moved, header) + "\n" + rest)


def sealed(path: Path, text: str) -> Path:
    """Write a manifest that was edited, with the digest in its last line made to fit."""
    body, _, trailer = text.rstrip("\n").rpartition("\n")
    body += "\n"
    trailer = re.sub(r'"sha256":"[0-9a-f]{64}"', f'"sha256":"{hashlib.sha256(body.encode()).hexdigest()}"', trailer)
    path.write_text(body + trailer + "\n", encoding="utf-8")
    return path
