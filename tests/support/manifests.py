"""Small manifests for tests, written by the real ``Writer`` and read by the real ``Reader``."""

from __future__ import annotations

import hashlib
import io
import tempfile
from collections.abc import Iterable

import msgspec

from handover import manifest, manifest_reader, paths
from handover.digests import Algorithm
from handover.entries import Entry, EntryType, GapKind, HostStat, Ignored
from handover.strict_json import base64_encode

NOW = "2026-11-28T21:00:00Z"
LATER = "2026-11-28T21:04:10Z"

Item = Entry | tuple[Entry, HostStat]


def file(path: bytes | str, content: bytes = b"", **fields: object) -> Entry:
    """A file that was read."""
    digest = hashlib.sha256(content).hexdigest()
    return _entry(path, type=EntryType.FILE, size=len(content), digest=digest, **fields)


def folder(path: bytes | str) -> Entry:
    return _entry(path, type=EntryType.DIR)


def link(path: bytes | str, target: bytes) -> Entry:
    text, b64 = paths.to_fields(target)
    return _entry(path, type=EntryType.LINK, target=text, target_b64=b64)


def special(path: bytes | str) -> Entry:
    return _entry(path, type=EntryType.SPECIAL)


def gap(path: bytes | str, kind: GapKind, type: EntryType | None = None, size: int | None = None) -> Entry:  # noqa: A002
    return _entry(path, type=type, size=size, gap=kind, errno="EACCES" if kind is GapKind.UNREADABLE else None)


def ignored(path: bytes | str, rule: str, files: int, size: int, type: EntryType = EntryType.DIR) -> Entry:  # noqa: A002
    return _entry(path, type=type, ignored=Ignored(rule=rule, files=files, bytes=size))


def listed(items: Iterable[Item]) -> list[Item]:
    """What a scan with ``--quick`` records of the same things."""
    return [msgspec.structs.replace(entry(item), digest=None) for item in items]


def entry(item: Item) -> Entry:
    return item[0] if isinstance(item, tuple) else item


def make_header(**fields: object) -> manifest.Header:
    defaults: dict[str, object] = {
        "type": manifest.HEADER_TYPE,
        "version": manifest.VERSION,
        "tool": "handover 0.1",
        "part": "web",
        "role": manifest.Role.SOURCE,
        "ran_by": manifest.RanBy(standing=manifest.Standing.SELF_DECLARED, party="sender", name="Anna"),
        "location": "ssh://acme@old.example/home/acme/public_html",
        "root": "/home/acme/public_html",
        "route": "python",
        "machine": manifest.Machine(boot_sha256="1" * 64, user="acme", os="Linux", interpreter="python 3.11"),
        "clock": manifest.Clock(here=NOW, there=NOW, skew_ms=0),
        "started_at": NOW,
        "rules": manifest.RulesRef(sha256="0" * 64),
        "digest": Algorithm.SHA256,
        "options": manifest.ScanOptions(
            recheck=True, workers=2, niceness=10, fast=False, cross_mounts=False, follow_root_link=False
        ),
        "nonce": "00" * 16,
    }
    return manifest.Header(**(defaults | fields))


def make_manifest(*items: Item, **header: object) -> bytes:
    """Return a manifest of the given entries in any order; the root is added when it is not among them."""
    stream = io.BytesIO()
    writer = manifest.Writer(stream, make_header(**header), tempfile.TemporaryFile)
    root = [] if any(entry(item).path == "" for item in items) else [folder("")]
    ordered = sorted([*root, *items], key=lambda item: paths.order_key(entry(item).path_bytes()))
    for item in ordered:
        writer.add(*(item if isinstance(item, tuple) else (item, None)))
    writer.finish(LATER)
    return stream.getvalue()


def reader(raw: bytes) -> manifest_reader.Reader:
    return manifest_reader.Reader(io.BytesIO(raw), where="test.manifest")


def path_fields(path: bytes | str) -> dict[str, str]:
    raw = path.encode() if isinstance(path, str) else path
    try:
        return {"path": raw.decode()}
    except UnicodeDecodeError:
        return {"path_b64": base64_encode(raw)}


def _entry(path: bytes | str, **fields: object) -> Entry:
    return Entry(**path_fields(path), **fields)
