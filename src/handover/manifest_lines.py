"""The entry lines of a manifest in batches of some hundred: bytes, keys and sizes, in the order of the file.

Nearly every line is a folder or a read file with an ordinary name. One regular expression recognises such *plain* lines
whole: their JSON is in its one form, path, type, size, digest and ``host`` are sound, and nothing else is in them. So a
plain line needs no parser, and a million of them cost about a second. All others are left to the parser, one by one.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from handover.digests import Algorithm
from handover.hostless import HOST, HOST_END, HOST_OBJECT

_HEX = b"0123456789abcdef"
#: Bytes of a name that stand for themselves: ASCII without quote, backslash, slash and controls, and U+00C0 to U+017F.
_CHARACTERS = rb"(?:[ !#-.0-\[\]-~]++|[\xc3-\xc5][\x80-\xbf])++"
_COMPONENT = rb'(?!\.\.?+[/"])' + _CHARACTERS
_PATH = _COMPONENT + rb"(?:/" + _COMPONENT + rb")*+"
_PLAIN_NAMES = re.compile(rb"(?!\.\.?+(?:\n|\Z))" + _CHARACTERS + rb"(?:\n(?!\.\.?+(?:\n|\Z))" + _CHARACTERS + rb")*+")
#: It is the last of what is compared, and quotes inside of a path are escaped.
_AFTER = re.compile(rb',"after":\{[^\n]*')
_SIZE = rb"0|[1-9][0-9]{0,14}+"


class Line(NamedTuple):
    """One entry line: ``key`` orders it, ``content`` are its bytes before ``,"host":`` or its closing brace."""

    key: bytes
    content: bytes
    host: bytes | None

    @property
    def path(self) -> bytes:
        """The path below the root."""
        return self.key.replace(b"\0", b"/")


class Block(NamedTuple):
    """Whole lines as they are in the file: ``length`` of them, the first with this ``number``, from 1."""

    raw: bytes
    number: int
    length: int


@dataclass(slots=True)
class Batch:
    """Some consecutive lines; the lists are as long as one another.

    Two lines with equal ``contents`` agree. ``sizes`` has the size in decimal of a plain file, empty for a plain
    folder, ``None`` for a line that is not plain; the places of those are in ``odd``, in order. ``number`` is that of
    the first line in the file, from 1.
    """

    block: bytes
    number: int
    contents: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    sizes: list[bytes | None] = field(default_factory=list)
    odd: list[int] = field(default_factory=list)
    _lines: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.keys)

    def plain_from(self, at: int) -> int:
        """Return how many plain lines follow one another from ``at``."""
        place = bisect_left(self.odd, at)
        return (self.odd[place] if place < len(self.odd) else len(self.keys)) - at

    @property
    def lines(self) -> list[bytes]:
        """The lines as they are in the file, without their line ends."""
        if not self._lines:
            self._lines = self.block.split(b"\n")[:-1]
        return self._lines

    def line(self, at: int) -> Line:
        """Return one line with its ``host``."""
        return line_of(self.lines[at], self.contents[at], self.keys[at])


def split(block: Block, algorithm: Algorithm, other: Callable[[bytes, int], tuple[bytes, bytes]]) -> Batch:
    """Return whole lines as a batch; ``other`` gives content and key of a line that is not plain, and its errors."""
    batch = Batch(block.raw, block.number)
    # An expression that looks at every hex digit takes a quarter more time than this.
    found = _plain(algorithm, hexdigits=False).findall(block.raw)
    if len(found) == block.length:
        contents, names, sizes, digests = zip(*found, strict=True)
        if not b"".join(digests).translate(None, _HEX):
            batch.contents, batch.sizes = list(contents), list(sizes)
            # A plain name holds no line feed, so all of them can be changed at once.
            batch.keys = b"\n".join(names).replace(b"/", b"\0").split(b"\n")
            return batch
    for at, raw in enumerate(block.raw.split(b"\n")[:-1]):
        match = _plain(algorithm).match(raw + b"\n")
        if match is None:
            content, key = other(raw, block.number + at)
            batch.odd.append(at)
        else:
            content, key = match[1], match[2].replace(b"/", b"\0")
        batch.contents.append(content)
        batch.keys.append(key)
        batch.sizes.append(None if match is None else match[3] or b"")
    return batch


def contents_of(block: Block) -> Sequence[bytes | None]:
    """Return what stands before ``host`` in each line, whatever that is; ``None`` where no plain ``host`` follows."""
    found: list[bytes] = HOST_END.split(block.raw) if HOST in block.raw else block.raw.split(b"}\n")
    if len(found) == block.length + 1 and not found.pop():
        return found
    return [_content(raw) for raw in block.raw.split(b"\n")[:-1]]


def names_are_plain(names: list[bytes]) -> bool:
    """Return whether each of these names stands in JSON for itself and is one a plain line may have."""
    joined = b"\n".join(names)
    # A line feed inside of a name would make it look like two names.
    return joined.count(b"\n") == len(names) - 1 and _PLAIN_NAMES.fullmatch(joined) is not None


def without_after(contents: bytes) -> bytes:
    """Return contents, one a line, without what rules that keep proof make of the files."""
    return _AFTER.sub(b"", contents)


def line_of(raw: bytes, content: bytes, key: bytes) -> Line:
    """Return a line from its bytes without the line end, and what is known of it."""
    end = len(content)
    return Line(key, content, raw[end + len(HOST) : -1] if raw.startswith(HOST, end) else None)


def content_and_key(raw: bytes, algorithm: Algorithm) -> tuple[bytes, bytes] | None:
    """Return content and key of one line without its line end; ``None`` when it is not plain."""
    match = _plain(algorithm).match(raw + b"\n")
    return None if match is None else (match[1], match[2].replace(b"/", b"\0"))


def _content(raw: bytes) -> bytes | None:
    at = raw.find(HOST)
    if at < 0:
        return raw[:-1] if raw.endswith(b"}") else None
    return raw[:at] if HOST_END.fullmatch(raw + b"\n", at) else None


@cache
def _plain(algorithm: Algorithm, *, hexdigits: bool = True) -> re.Pattern[bytes]:
    """Return the expression for one plain line with its line end; groups: content, path, size, digest.

    Without ``hexdigits`` a digest is as many bytes of any kind.
    """
    length = 2 * algorithm.size
    hexadecimal = rb"[0-9a-f]{%d}+" % length
    digest = hexadecimal if hexdigits else rb'[^"\n]{%d}+' % length
    read = rb',"digest":"(' + digest + rb')"(?:,"text_digest":"' + hexadecimal + rb'")?+' if length else rb"()"
    content = rb'\{"path":"(' + _PATH + rb')","type":"(?:dir"|file","size":(' + _SIZE + rb")" + read + rb")"
    return re.compile(rb"(?m)^(" + content + rb")(?:" + HOST + HOST_OBJECT + rb")?+\}\n")
