"""``PART.differences.jsonl``: every difference of one part as codes, one a line, in the order of paths.

The first line says what the file is and of which part; there is no wording in it. The file has no end mark of its own:
``SHA256SUMS`` and ``report.json`` vouch for its bytes. ``PART.missing.files0`` has the paths among them that have to be
sent again, for ``rsync --from0 --files-from``. Specification: ``docs/spec/report.md``. This module is pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal

from handover import paths, strict_json
from handover.comparison import Difference, PathClass
from handover.errors import MalformedInput
from handover.strict_json import Document

TYPE: Literal["handover-differences"] = "handover-differences"
VERSION: Literal[1] = 1
_BLOCK = 2**18

_SENT_AGAIN = (PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED)


class FileHeader(Document):
    """First line of the file."""

    type: Literal["handover-differences"]
    version: Literal[1]
    part: str


def file_name(part: str) -> str:
    """Return the name of the file of one part."""
    return f"{part}.differences.jsonl"


def missing_name(part: str) -> str:
    """Return the name of the list of what has to be sent again of one part."""
    return f"{part}.missing.files0"


def send_again(difference: Difference) -> bytes:
    """Return a difference as an item of that list; nothing when sending it again does not mend it.

    ``./`` keeps a name from being taken for an option or, by rsync, for a comment.
    """
    if difference.kind not in _SENT_AGAIN:
        return b""
    return b"./" + difference.path_bytes() + b"\0"


class Writer:
    """Writes the file of one part: its first line at once, then one line for each difference that is added in order."""

    def __init__(self, stream: BinaryIO, part: str) -> None:
        self._stream = stream
        stream.write(strict_json.encode(FileHeader(type=TYPE, version=VERSION, part=part)) + b"\n")

    def add(self, difference: Difference) -> None:
        """Write one difference; the stream is left open."""
        self._stream.write(strict_json.encode(difference) + b"\n")


def read(stream: BinaryIO, where: str) -> Iterator[Difference]:
    """Yield the differences of the file, with a quarter of a megabyte, or one line, in memory at a time.

    Raises ``MalformedInput`` for a line that is not one, for paths out of order, and for a file that ends in a line.
    """
    raw = stream.readline(strict_json.MAX_LINE + 1)
    if not raw.endswith(b"\n"):
        raise _broken_off(raw, f"{where}:1")
    strict_json.decode(FileHeader, raw[:-1], where=f"{where}:1")
    number, last = 1, None
    for lines in _whole_lines(stream, where):
        for difference in strict_json.decode_lines(Difference, lines, where=where, number=number + 1):
            number += 1
            place = f"{where}:{number}"
            path = paths.from_fields(difference.path, difference.path_b64, where=place)
            key = paths.order_key(paths.check(path, where=place))
            if last is not None and key <= last:
                raise MalformedInput("paths are out of order or doubled", where=place)
            if difference.kind is PathClass.SAME or not difference.why:
                raise MalformedInput("not a difference", where=place)
            last = key
            yield difference


def _whole_lines(stream: BinaryIO, where: str) -> Iterator[bytes]:
    rest, number = b"", 1
    while data := stream.read(_BLOCK):
        end = data.rfind(b"\n") + 1
        lines, rest = (rest + data[:end], data[end:]) if end else (b"", rest + data)
        if lines:
            number += lines.count(b"\n")
            yield lines
        if len(rest) > strict_json.MAX_LINE:
            break
    if rest:
        raise _broken_off(rest, f"{where}:{number + 1}")


def _broken_off(raw: bytes, place: str) -> MalformedInput:
    if len(raw) > strict_json.MAX_LINE:
        return MalformedInput(f"a line longer than {strict_json.MAX_LINE} bytes", where=place)
    return MalformedInput(
        "the file ends too early",
        where=place,
        hint="A copy of the file broke off. Ask for the whole file, or compare the manifests again.",
    )
