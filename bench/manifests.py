"""Manifests of any length for the rows of ``compare``: every rule of the format is kept, only no file was ever read.

Lines are put together from text, because the product's writer, which checks each entry, would need minutes. The
``.lines`` beside a manifest are its entries alone, in an order that is also that of ``LC_ALL=C``, for ``comm``.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from handover import strict_json
from handover.digests import Algorithm, ContentRoot
from handover.manifest import TRAILER_TYPE, Counts, GapCounts, Machine, Role, Trailer
from support.manifests import LATER, make_header

_PER_FOLDER = 99
_MTIME_NS = 1_700_000_000_000_000_000
_NO_GAPS = GapCounts(unreadable=0, unstable=0, vanished=0, unsupported=0, boundary=0)


class Kind(StrEnum):
    """What a manifest is: the source, the same again, every time stamp different, one file in a hundred different.

    ``MIXED``: of three files one has another content, one has another name, and one is as it was, so that there are
    about as many differences as entries: changed, missing and extra, a third each.
    """

    SOURCE = "source"
    EQUAL = "equal"
    MTIME = "mtime"
    CONTENT = "content"
    MIXED = "mixed"


def build(kind: Kind, entries: int, home: Path) -> Path:
    """Return a manifest of about ``entries`` entries (whole folders, and the root), made when it is not there yet."""
    path = home / f"{kind}-{entries}.manifest"
    if not path.exists():
        half = path.with_suffix(".new")
        _write(half, kind, max(1, entries // (_PER_FOLDER + 1)))
        half.rename(path)
    return path


def lines(path: Path) -> Path:
    """Return the entry lines of a manifest alone."""
    alone = path.with_suffix(".lines")
    if not alone.exists():
        with path.open("rb") as whole, alone.open("wb") as stream:
            whole.readline()
            stream.writelines(line for line in whole if line.startswith(b'{"path"'))
    return alone


def _write(path: Path, kind: Kind, folders: int) -> None:
    digest, structure = hashlib.sha256(), hashlib.sha256()
    contents = ContentRoot(Algorithm.SHA256, tempfile.TemporaryFile)
    machine = Machine(boot_sha256=hashlib.sha256(kind.encode()).hexdigest(), user="acme", root_inode="2", root_dev="1")
    role = Role.SOURCE if kind is Kind.SOURCE else Role.TARGET
    with path.open("wb") as stream:

        def put(data: bytes) -> None:
            digest.update(data)
            stream.write(data)

        put(strict_json.encode(make_header(machine=machine, role=role, part="main")) + b"\n")
        size = 0
        for number in range(-1, folders):
            block, inner, digests, more = _folder(number, kind)
            put(block)
            structure.update(inner)
            size += more
            for one in digests:
                contents.add(one.hex())
        files = folders * _PER_FOLDER
        trailer = Trailer(
            type=TRAILER_TYPE,
            status="complete",
            entries=files + folders + 1,
            counts=Counts(file=files, dir=folders + 1, link=0, special=0, gap=0, ignored=0),
            bytes=size,
            gaps=_NO_GAPS,
            content_root=contents.hexdigest(),
            structure_root=structure.hexdigest(),
            ended_at=LATER,
            sha256=digest.hexdigest(),
        )
        stream.write(strict_json.encode(trailer) + b"\n")


def _folder(number: int, kind: Kind) -> tuple[bytes, bytes, list[bytes], int]:
    """Return all lines of a folder, the same without ``host``, its files' digests and bytes; -1 is the root itself."""
    whole, inner, digests, size = [], [], [], 0
    for content, host, digest, length in _entries(number, kind):
        whole.append(f"{content},{host}}}\n")
        inner.append(content + "\n")
        size += length
        if digest:
            digests.append(digest)
    return "".join(whole).encode(), "".join(inner).encode(), digests, size


def _entries(number: int, kind: Kind) -> Iterator[tuple[str, str, bytes, int]]:
    name = "" if number < 0 else f"d{number:07d}"
    shift = 1_000_000_000 if kind is Kind.MTIME else 0
    yield f'{{"path":"{name}","type":"dir"', _host(number * 100, shift, "0755"), b"", 0
    for place in range(_PER_FOLDER if number >= 0 else 0):
        index = number * 100 + place
        other = (kind is Kind.CONTENT and index % 100 == 50) or (kind is Kind.MIXED and index % 3 == 1)
        digest = hashlib.sha256(b"%d %d" % (index, other)).digest()
        length = index % 20_000
        renamed = kind is Kind.MIXED and index % 3 == 2
        path = f"{name}/file-{place:03d}.php{'.old' if renamed else ''}"
        content = f'{{"path":"{path}","type":"file","size":{length},"digest":"{digest.hex()}"'
        yield content, _host(index, shift, "0644"), digest, length


def _host(index: int, shift: int, mode: str) -> str:
    changed = _MTIME_NS + index * 1_000_003 + shift
    return (
        f'"host":{{"mtime_ns":"{changed}","ctime_ns":"{changed + 77}","dev":"64768","inode":"{index + 1000}",'
        f'"mode":"{mode}","uid":1000,"gid":1000,"user":"acme","group":"acme"}}'
    )
