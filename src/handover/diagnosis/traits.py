"""Traits of paths that programs, filesystems and scripts are known to stumble over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

#: Nearly all paths are plain and short, and have none of the traits.
_PLAIN = re.compile(
    rb"(?!(?:.*/)?(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:[./]|\Z))[A-Za-z0-9_/.-]{1,143}(?<![.])\Z", re.IGNORECASE
)
_PLAIN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/"
_DEVICE = re.compile(rb"/(?:con|prn|aux|nul|com[1-9]|lpt[1-9])[./]")
_WINDOWS = re.compile(
    rb"[<>:\"|?*\\]|[. ](?:/|\Z)|(?:\A|/)(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:[./]|\Z)", re.IGNORECASE
)
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
#: eCryptfs, as on many NAS devices, encrypts names and has room for 143 bytes; Windows programs take 259 characters.
_LONGEST_NAME, _LONGEST_PATH = 143, 259
#: Endings of what people and programs edit as text.
_TEXTS = frozenset(
    b".php .phtml .inc .html .htm .css .scss .less .js .mjs .ts .map .json .xml .xsl .txt .md .csv .ini .conf .cfg "
    b".yml .yaml .toml .env .sql .svg .po .pot .twig .tpl .htaccess .user.ini .sh .py .pl .rb .webmanifest".split()
)


class Trait(StrEnum):
    """One thing about a path that may be in its way."""

    NON_ASCII = "non_ascii"
    NOT_UTF8 = "not_utf8"
    CONTROL = "control"
    SPACE = "space"
    WINDOWS = "windows"
    LONG_NAME = "long_name"
    LONG_PATH = "long_path"
    EMPTY = "empty"


def traits(path: bytes, *, empty: bool) -> Iterator[Trait]:
    """Yield the traits of a path below the root; ``empty`` when it is a file without content."""
    if empty:
        yield Trait.EMPTY
    if _PLAIN.match(path) and b"./" not in path:
        return
    if not path.isascii():
        yield Trait.NON_ASCII if _is_utf8(path) else Trait.NOT_UTF8
    if b" " in path:
        yield Trait.SPACE
    if _CONTROL.search(path):
        yield Trait.CONTROL
    if _WINDOWS.search(path):
        yield Trait.WINDOWS
    if len(path) > _LONGEST_PATH:
        yield Trait.LONG_PATH
    if max(map(len, path.split(b"/"))) > _LONGEST_NAME:
        yield Trait.LONG_NAME


def is_text(name: bytes) -> bool:
    """Whether a file is a text, by its name."""
    _, dot, ending = name.lower().rpartition(b".")
    return dot + ending in _TEXTS


def are_plain(paths: Sequence[bytes], lowered: bytes) -> bool:
    """Whether surely none of some paths has a trait; ``lowered`` are they in lower case, each before and after a slash.

    ``False`` says nothing: then each has to be looked at.
    """
    return (
        max(map(len, paths)) <= _LONGEST_NAME
        and not lowered.translate(None, _PLAIN_BYTES)
        and b"./" not in lowered
        and _DEVICE.search(lowered) is None
    )


def _is_utf8(path: bytes) -> bool:
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True
