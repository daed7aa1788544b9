"""A bundle in one zip archive: read in place, checked for everything that makes two readers see two contents.

Format: PKWARE APPNOTE 6.3. A zip says everything twice, in local headers and in a central directory; tools differ in
which they believe. So both must agree, nothing may lie between or before the files, and sizes are bounded.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from handover.errors import MalformedInput
from handover.evidence import sums
from handover.evidence.bundle import MAX_FILES, Listing
from handover.evidence.guarded import guarded
from handover.paths import shown

MAX_TOTAL = 32 * 2**30
#: Above a size that does no harm, a file that shrinks more than this is a bomb and no evidence.
MAX_RATIO = 200
_HARMLESS = 16 * 2**20

_LOCAL_HEADER = 30
_END = 22
#: In place of a number that stands in the zip64 record.
_ELSEWHERE = 0xFFFF
#: Bit 0: encrypted; 5: patch data; 6: strong encryption; 13: masked headers.
_REFUSED_FLAGS = 0x1 | 0x20 | 0x40 | 0x2000
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, IndexError, RuntimeError, OverflowError)


class ZipBundle:
    """One zip archive with the files of one round at its top; the caller closes the stream it is read from."""

    def __init__(self, stream: BinaryIO, *, where: str) -> None:
        self.where = where
        self._stream = stream
        try:
            self._archive = zipfile.ZipFile(stream)
        except _BROKEN as error:
            raise self._broken("not a zip archive, or a broken one") from error
        self._members = self._check()
        self.listing = self._list()

    def open(self, name: str) -> BinaryIO:
        """Open one of the listed files; its check sum and both of its headers are checked while it is read."""
        if name not in self.listing.files:
            raise KeyError(name)
        member = next(member for member in self._members if member.filename == name)
        where = f"{self.where}/{name}"
        try:
            return guarded(self._archive.open(member), where, _BROKEN)
        except _BROKEN as error:
            raise MalformedInput("its two headers in the zip do not agree", where=where) from error

    def _check(self) -> list[zipfile.ZipInfo]:
        members = sorted(self._archive.infolist(), key=lambda member: member.header_offset)
        if len(members) > MAX_FILES or sum(member.file_size for member in members) > MAX_TOTAL:
            raise self._broken(f"more than {MAX_FILES} files or {MAX_TOTAL} bytes")
        for member in members:
            if member.flag_bits & _REFUSED_FLAGS or member.compress_type not in _METHODS:
                raise self._broken(f"{shown(member.filename[:200])} is encrypted or packed in an unusual way")
            # SECURITY: deflate shrinks at most 1032 times; what claims to grow that much fills memory and disks.
            if member.file_size > _HARMLESS and member.file_size > MAX_RATIO * member.compress_size:
                raise self._broken(f"{shown(member.filename[:200])} unpacks to more than {MAX_RATIO} times its size")
        self._check_layout(members)
        self._check_end(len(members))
        return members

    def _check_layout(self, members: list[zipfile.ZipInfo]) -> None:
        """Make sure that no byte belongs to two files, and that nothing fits before or between them.

        SECURITY: readers that go by local headers would find such hidden files, those that go by the directory not.
        """
        expected = 0
        for member in members:
            slack = member.header_offset - expected
            # After its data a file may have a descriptor of up to 24 bytes; a hidden local header needs 30.
            if slack < 0 or slack >= _LOCAL_HEADER or (expected == 0 and slack):
                raise self._broken("files that overlap, or bytes that belong to no file")
            self._stream.seek(member.header_offset)
            header = self._stream.read(_LOCAL_HEADER)
            if header[:4] != b"PK\x03\x04":
                raise self._broken("a file without a header")
            name_length, extra_length = struct.unpack("<HH", header[26:30])
            expected = member.header_offset + _LOCAL_HEADER + name_length + extra_length + member.compress_size
        if not 0 <= self._archive.start_dir - expected < _LOCAL_HEADER:
            raise self._broken("files that overlap, or bytes that belong to no file")

    def _check_end(self, count: int) -> None:
        """Make sure that the archive ends where its end record says so, and has as many files as that tells.

        SECURITY: readers differ in whether they count, and in which of two end records they believe.
        """
        self._stream.seek(-_END - len(self._archive.comment), io.SEEK_END)
        end = self._stream.read(_END)
        told, length = struct.unpack("<H", end[10:12])[0], struct.unpack("<H", end[20:22])[0]
        if end[:4] != b"PK\x05\x06" or length != len(self._archive.comment) or told not in (count, _ELSEWHERE):
            raise self._broken("an end that is not its last bytes, or that counts other files")

    def _list(self) -> Listing:
        files: dict[str, int] = {}
        problems: list[str] = []
        for member in self._members:
            name = shown(member.orig_filename)
            mode = member.external_attr >> 16
            # Not member.is_dir(): before Python 3.12 it fails for an empty name.
            if member.filename.endswith("/") or stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                problems.append(f"{name} is a folder, a link or a special file")
            elif not sums.is_safe(member.orig_filename):
                problems.append(f"{name} is a name that no bundle may have")
            elif member.filename in files:
                problems.append(f"{name} is there twice")
            else:
                files[member.filename] = member.file_size
        return Listing(dict(sorted(files.items())), tuple(sorted(problems)))

    def _broken(self, what: str) -> MalformedInput:
        return MalformedInput(what, where=self.where, hint="Ask for the zip again, or for the folder.")
