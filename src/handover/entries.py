"""One entry of a manifest: what was found at one path, and which combinations of fields can be true.

Specification: ``docs/spec/manifest.md``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from handover import paths
from handover.digests import Algorithm
from handover.strict_json import MAX_INTEGER, Count, Document, Nanoseconds, Whole

Decimal = Annotated[str, msgspec.Meta(pattern=r"\A(0|[1-9][0-9]{0,19})\Z")]

_MIB = 2**20
#: Larger files are not worked through a second time.
MAX_DERIVED_BYTES = 64 * _MIB
#: So many rules that keep proof a part can have: each of them may cost the host another look at the same bytes.
MAX_PROOF_RULES = 64
_HEX = frozenset("0123456789abcdef")


class EntryType(StrEnum):
    """What kind of object a path is; ``special`` is a FIFO, socket or device, which is never opened."""

    FILE = "file"
    DIR = "dir"
    LINK = "link"
    SPECIAL = "special"


class GapKind(StrEnum):
    """Why an entry is not fully known.

    ``unreadable``: the host refused. ``unstable``: it changed while it was read, or appeared during the scan.
    ``vanished``: it was listed and then gone. ``unsupported``: no route can express it. ``boundary``: another
    filesystem is mounted there and was not crossed.
    """

    UNREADABLE = "unreadable"
    UNSTABLE = "unstable"
    VANISHED = "vanished"
    UNSUPPORTED = "unsupported"
    BOUNDARY = "boundary"


class Ignored(Document):
    """The topmost path under an ignore rule: the rule's pattern, and what was counted there and not read."""

    rule: str
    files: Count
    bytes: Count


class DerivedDoubt(StrEnum):
    """Why nothing is known of a file under rules that keep proof.

    ``unclosed``: a block begins and does not end. ``nested``: one begins within another. ``unopened``: one ends that
    did not begin. ``too_large``: the file has more bytes than are worked through a second time.
    """

    UNCLOSED = "unclosed"
    NESTED = "nested"
    UNOPENED = "unopened"
    TOO_LARGE = "too_large"


class Hidden(Document):
    """What one rule that keeps proof took out of a file or replaced: how often, and how many bytes stood there.

    ``rule`` is its number in the header's list.
    """

    rule: Annotated[int, msgspec.Meta(ge=0, le=MAX_PROOF_RULES - 1)]
    times: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
    bytes: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]


class After(Document):
    """What rules that keep proof make of a file; it is there only when they hide something of it, or there is a doubt.

    ``digest`` is that of the content without what is ``hidden``.
    """

    digest: str | None = None
    hidden: tuple[Hidden, ...] = ()
    doubt: DerivedDoubt | None = None


class Entry(Document):
    """One path, without what only its host says of it; use ``Entry.check`` before believing one."""

    path: str | None = None
    path_b64: str | None = None
    type: EntryType | None = None
    size: Count | None = None
    digest: str | None = None
    target: str | None = None
    target_b64: str | None = None
    gap: GapKind | None = None
    errno: str | None = None
    ignored: Ignored | None = None
    text_digest: str | None = None
    prefixes: tuple[str, ...] | None = None
    after: After | None = None

    def path_bytes(self) -> bytes:
        """Return the path below the root; ``b""`` for the root itself."""
        return paths.from_fields(self.path, self.path_b64, where="manifest entry")

    def target_bytes(self) -> bytes:
        """Return where a link points, as it is stored in the link."""
        return paths.from_fields(self.target, self.target_b64, where="manifest entry")

    @property
    def may_be_folder(self) -> bool:
        """Whether there may be paths below this one."""
        return self.type is EntryType.DIR or self.type is None

    @property
    def is_open_folder(self) -> bool:
        """Whether the manifest can list paths below this one: nothing that is ignored is listed."""
        return self.may_be_folder and self.ignored is None

    @property
    def clean(self) -> bool:
        """Whether the entry is fully known: neither a gap nor ignored."""
        return self.gap is None and self.ignored is None


class HostStat(Document):
    """What the host says of one path; as far as the route knows. Compared only where the terms require it.

    ``dev`` and ``inode`` are decimal strings because they use all of 64 bits. ``nlink`` is the first path, in the order
    of the manifest, of the group of hard links that the file belongs to; left out for a file with one name.
    ``carried``: the file was not read, its digest is that of an earlier scan. It stands here because it says nothing of
    the content: two files are the same whether one of them was carried over or not.
    """

    mtime_ns: Nanoseconds | None = None
    mtime_s: Whole | None = None
    ctime_ns: Nanoseconds | None = None
    dev: Decimal | None = None
    inode: Decimal | None = None
    mode: Annotated[str, msgspec.Meta(pattern=r"\A[0-7]{4}\Z")] | None = None
    uid: Count | None = None
    gid: Count | None = None
    user: str | None = None
    group: str | None = None
    nlink: str | None = None
    nlink_b64: str | None = None
    carried: bool = False


def prefix_step(size: int) -> int:
    """Return the smallest power of two, at least 1 MiB, whose multiples up to ``size`` are at most 32."""
    step = _MIB
    while size // step > 32:
        step *= 2
    return step


def entry_problem(entry: Entry, algorithm: Algorithm) -> str | None:
    """Return why an entry is not one that a manifest of this algorithm can have; ``None`` when it is."""
    for rule in (_state_problem, _file_problem, _link_problem, _evidence_problem, _after_problem):
        problem = rule(entry, algorithm)
        if problem:
            return problem
    return None


def _state_problem(entry: Entry, _: Algorithm) -> str | None:
    if (entry.path is None) == (entry.path_b64 is None):
        return "needs either path or path_b64"
    if entry.gap is not None:
        return "a gap cannot be ignored" if entry.ignored is not None else None
    if entry.errno is not None:
        return "errno without a gap"
    if entry.type is None:
        return "has no type"
    return "a root that is not a folder" if entry.path == "" and not entry.is_open_folder else None


def _file_problem(entry: Entry, algorithm: Algorithm) -> str | None:
    if entry.type is not EntryType.FILE or entry.ignored is not None:
        if entry.digest is not None or entry.size is not None:
            return "size or digest on something that is not a file that was read"
        return None
    if entry.gap is not None:
        return "a gap with a digest" if entry.digest is not None else None
    if entry.size is None:
        return "a file without size"
    if (entry.digest is None) != (algorithm is Algorithm.NONE):
        return "a file needs a digest, and in a listing it has none"
    return _digest_problem(entry.digest, algorithm)


def _digest_problem(digest: str | None, algorithm: Algorithm) -> str | None:
    if digest is None:
        return None
    if len(digest) != 2 * algorithm.size or not set(digest) <= _HEX:
        return f"a digest that is not {algorithm.value} in lower-case hex"
    return None


def _link_problem(entry: Entry, _: Algorithm) -> str | None:
    given = (entry.target is not None) + (entry.target_b64 is not None)
    wanted = entry.type is EntryType.LINK and entry.clean
    if given != int(wanted):
        return "a link needs one target, and nothing else has one"
    if entry.target_b64 is not None:
        entry.target_bytes()
    return None


def _evidence_problem(entry: Entry, algorithm: Algorithm) -> str | None:
    if entry.text_digest is None and entry.prefixes is None:
        return None
    if entry.digest is None or entry.size is None:
        return "evidence for a file that was not read"
    if entry.prefixes is not None:
        wanted = entry.size // prefix_step(entry.size)
        if (
            not wanted
            or len(entry.prefixes) != wanted
            or not all(len(p) == 16 and set(p) <= _HEX for p in entry.prefixes)
        ):
            return "prefixes that do not fit the size"
    return _digest_problem(entry.text_digest, algorithm)


def _after_problem(entry: Entry, algorithm: Algorithm) -> str | None:
    after = entry.after
    if after is None:
        return None
    if entry.digest is None:
        return "a second digest for a file that was not read"
    size = entry.size or 0
    if (after.doubt is None) == (after.digest is None) or bool(after.hidden) != (after.digest is not None):
        return "needs either a second digest with what was hidden, or a doubt"
    if (after.doubt is DerivedDoubt.TOO_LARGE) != (size > MAX_DERIVED_BYTES):
        return "a second digest or a doubt that does not fit the size"
    numbers = [hidden.rule for hidden in after.hidden]
    if numbers != sorted(set(numbers)):
        return "what was hidden is not in the order of the rules"
    if after.hidden and after.hidden[0].bytes > size:
        return "more was hidden than there is"
    return _digest_problem(after.digest, algorithm)
