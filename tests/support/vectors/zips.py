"""Vectors of zipped bundles: one ``bundle.zip`` each around an honest round, and the list of keys beside it.

The archives are written byte by byte (PKWARE APPNOTE 6.3), because the defects are those that no library writes. Files
are stored; where one is packed, its deflate blocks are stored too, so that no version of zlib decides what comes out.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from support.vectors import Vector, rounds
from support.vectors.bundles import GOOD_KEYS
from support.vectors.forms import put
from support.vectors.rounds import AT

_LINK, _FOLDER, _FIFO = 0o120777 << 16, 0o040755 << 16, 0o010644 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive; what both headers say of it, and bytes that stand before and after its data."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = 0
    external: int = 0
    before: bytes = b""
    after: bytes = b""
    local_name: bytes | None = None
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    offset: int | None = None

    @property
    def body(self) -> bytes:
        """What stands in the archive."""
        if self.method != 8:
            return self.data
        blocks = [self.data[at : at + 65535] for at in range(0, max(1, len(self.data)), 65535)]
        heads = [struct.pack("<BHH", at == len(blocks) - 1, len(b), len(b) ^ 0xFFFF) for at, b in enumerate(blocks)]
        return b"".join(head + b for head, b in zip(heads, blocks, strict=True))

    @property
    def fields(self) -> bytes:
        """What both headers share: version, flags, method, time, check sum, sizes."""
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.body) if self.packed is None else self.packed
        size = len(self.data) if self.size is None else self.size
        return struct.pack("<HHHHHIII", 20, self.flags, self.method, 0, 0x5D7C, crc, packed, size)


def archive(members: Sequence[Member], *, comment: bytes = b"", before_directory: bytes = b"", count: int = 0) -> bytes:
    """Return a zip of these members; ``count`` is added to the number that its end tells."""
    raw, directory = b"", b""
    for member in members:
        raw += member.before
        at = len(raw) if member.offset is None else member.offset
        local = member.name if member.local_name is None else member.local_name
        raw += b"PK\x03\x04" + member.fields + struct.pack("<HH", len(local), 0) + local + member.body + member.after
        directory += b"PK\x01\x02" + struct.pack("<H", 0x0314) + member.fields
        directory += struct.pack("<HHHHHII", len(member.name), 0, 0, 0, 0, member.external, at) + member.name
    number = len(members) + count
    start = len(raw) + len(before_directory)
    end = struct.pack("<HHHHIIH", 0, 0, number, number, len(directory), start, len(comment))
    return raw + before_directory + directory + b"PK\x05\x06" + end + comment


def vectors() -> Iterator[Vector]:
    """Yield every vector of this kind."""
    good = rounds.complete().both_accept().files
    members = [Member(name.encode(), raw) for name, raw in sorted(good.items())]
    for group in (_valid, _malformed, _names):
        yield from group(good, members)


def _vector(name: str, expect: str, defect: str, raw: bytes, *steps: str) -> Vector:
    files = {"bundle.zip": raw, "allowed_signers": GOOD_KEYS}
    return Vector("zips", name, expect, defect, files, {"steps": list(steps), "at": AT})


def _with(members: Sequence[Member], name: str, **changes: object) -> list[Member]:
    """Return the members with one of them changed."""
    if name.encode() not in [member.name for member in members]:
        raise ValueError(name)
    return [replace(member, **changes) if member.name == name.encode() else member for member in members]


def _valid(good: Mapping[str, bytes], members: list[Member]) -> Iterator[Vector]:
    yield _vector("valid-stored", "valid", "", archive(members))
    yield _vector("valid-deflated", "valid", "", archive([replace(member, method=8) for member in members]))
    yield _vector("valid-other-order", "valid", "", archive(members[::-1]))
    yield _vector("valid-comment", "valid", "", archive(members, comment=b"from Anna"))
    yield _vector("valid-utf8-flag", "valid", "", archive([replace(member, flags=0x800) for member in members]))
    described = [
        replace(m, after=b"PK\x07\x08" + struct.pack("<III", zlib.crc32(m.data), len(m.data), len(m.data)))
        for m in members
    ]
    yield _vector("valid-descriptors", "valid", "", archive(described))


def _malformed(good: Mapping[str, bytes], members: list[Member]) -> Iterator[Vector]:
    """What makes two readers see two contents, and what makes one of them work for ever."""
    whole, page = members, "report.en.html"
    # What cannot be opened at all needs no round in it.
    members = [Member(page.encode(), good[page]), Member(b"terms.yaml", good["terms.yaml"])]
    raw = archive(members)
    hidden = archive([Member(b"hidden.txt", b"we reject\n")])[: 30 + 10 + 10]
    for name, defect, changed in (
        ("empty", "an empty file", b""),
        ("text", "a text", b"see the folder\n"),
        (
            "no-members",
            "an end without a directory that it tells",
            b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, 46, 0, 0),
        ),
        ("cut", "its second half is missing", raw[: len(raw) // 2]),
        ("end-cut", "its end is missing", raw[:-22]),
        ("bytes-after", "bytes after its end", raw + b"and we reject\n"),
        ("second-end", "a second end in the comment", archive(members, comment=archive([]))),
        ("comment-cut", "a comment that is shorter than its length", archive(members, comment=b"from Anna")[:-4]),
        ("count-less", "an end that counts fewer files", archive(members, count=-1)),
        ("count-more", "an end that counts more files", archive(members, count=1)),
        ("gzip", "packed by gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"),
        ("bytes-before", "bytes before the first file", b"#!/bin/sh\n" + raw),
        (
            "hidden-between",
            "a file between two others that the directory does not have",
            archive(_with(members, page, before=hidden)),
        ),
        (
            "hidden-before-the-directory",
            "a file behind the others that the directory does not have",
            archive(members, before_directory=hidden),
        ),
        (
            "hidden-in-the-first-place",
            "a file before all others that the directory does not have",
            archive([replace(members[0], before=hidden), *members[1:]]),
        ),
        ("overlap", "two files that share their bytes", archive([*members, replace(members[0], name=b"z", offset=0)])),
        ("offset-beyond", "a file that is beyond the end", archive(_with(members, page, offset=len(raw) + 100))),
        ("offset-inside", "a file whose place is inside of another", archive(_with(members, page, offset=7))),
        ("encrypted", "an encrypted file", archive(_with(members, page, flags=0x1))),
        ("strongly-encrypted", "a strongly encrypted file", archive(_with(members, page, flags=0x41))),
        ("masked", "masked headers", archive(_with(members, page, flags=0x2000))),
        ("patched", "a patch in place of a file", archive(_with(members, page, flags=0x20))),
        ("bzip2", "a file that is packed by bzip2", archive(_with(members, page, method=12))),
        ("lzma", "a file that is packed by LZMA", archive(_with(members, page, method=14))),
        ("unknown-method", "a file that is packed in an unknown way", archive(_with(members, page, method=99))),
        ("bomb", "a file that claims to unpack to 3 GB", archive(_with(members, page, method=8, size=3_000_000_000))),
        (
            "bombs",
            "files that claim to unpack to more than 32 GiB",
            archive([replace(member, method=8, size=4_000_000_000) for member in whole]),
        ),
    ):
        yield _vector(name, "malformed", defect, changed)
    for name, defect, changes in (
        ("check-sum", "a check sum that is not that of its file", {"crc": 1}),
        ("local-name", "another name in the file's own header", {"local_name": b"report.pl.html"}),
        ("size-less", "a size that is less than the file's", {"size": 3}),
    ):
        yield _vector(name, "malformed", defect, archive(_with(whole, page, **changes)), "digests")
    # The same bytes, said to be packed: they are no block of deflate.
    unpackable = put(archive(_with(whole, page, method=8)), Member(page.encode(), good[page], 8).body[:5], b"\xff" * 5)
    yield _vector("not-deflate", "malformed", "bytes that are not what deflate writes", unpackable, "digests")


def _names(good: Mapping[str, bytes], members: list[Member]) -> Iterator[Vector]:
    for name, defect, member in (
        ("parent", "a name that leads out", Member(b"../evil.txt", b"")),
        ("absolute", "an absolute name", Member(b"/etc/cron.d/x", b"")),
        ("folder", "a file in a folder", Member(b"sub/report.json", b"")),
        ("folder-alone", "an empty folder", Member(b"sub/", b"", external=_FOLDER)),
        ("backslash", "a name with a backslash", Member(b"sub\\report.json", b"")),
        ("drive", "a name with a drive", Member(b"C:evil.txt", b"")),
        ("hidden", "a name that begins with a dot", Member(b".htaccess", b"")),
        ("flag", "a name like a flag", Member(b"-rf", b"")),
        ("zero-byte", "a zero byte in a name", Member(b"x.tsr\0.txt", b"")),
        ("not-ascii", "a name in an old code page", Member(b"r\x88port.json", b"")),
        ("empty", "an empty name", Member(b"", b"")),
        ("link", "a link", Member(b"report.pl.html", b"/etc/passwd", external=_LINK)),
        ("fifo", "a pipe", Member(b"report.pl.html", b"", external=_FIFO)),
        ("twice", "a name that is there twice", replace(members[0])),
        ("twice-other-content", "a name that is there twice, with two contents", replace(members[0], data=b"{}")),
        ("not-listed", "a file that nobody listed", Member(b"notes.txt", b"")),
    ):
        yield _vector(f"name-{name}", "not_verified", defect, archive([*members, member]), "inventory")
    inside = [replace(member, name=b"0001/" + member.name) for member in members]
    yield _vector("name-all-in-a-folder", "not_verified", "everything in one folder", archive(inside), "inventory")
    gone = [member for member in members if member.name != b"rules.json"]
    yield _vector("file-missing", "not_verified", "a file is missing", archive(gone), "inventory", "terms")
    none = archive([])
    yield _vector("nothing", "not_verified", "no files at all", none, "inventory")
