"""A challenge: files that both sides claim are asked for again, with a salt, when both manifests are there.

A host that only copied the other side's digests cannot answer: SHA-256 of the salt and the content after it is known to
nobody who does not read the content then. Which files are asked for follows from the salt and the manifests, so nobody
can pick them, and ``verify`` finds the same. Pure. Specification: ``docs/spec/report.md``, Challenge.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import zip_longest
from typing import Literal, NamedTuple, Self

import msgspec

from handover import paths, strict_json
from handover.comparison import Comparison, Doubt, Verdict
from handover.entries import Entry, HostStat
from handover.manifest_lines import Line
from handover.manifest_reader import Reader
from handover.strict_json import Count, Document, Hex256, Instant

TYPE: Literal["handover-challenge"] = "handover-challenge"
VERSION: Literal[1] = 1
SALT_BYTES = 32
#: They are asked for in one message, and kept in memory.
MAX_ASKED = 10_000


class State(StrEnum):
    """What one host answered for one file.

    ``contradicts``: the file is as it was, by size, times and inode, and its digest is not what the manifest says.
    ``moved``: it has changed, or gone, or become something else since it was read. ``silent``: the host broke off.
    """

    ANSWERED = "answered"
    CONTRADICTS = "contradicts"
    MOVED = "moved"
    UNREADABLE = "unreadable"
    SILENT = "silent"


class Answer(Document):
    """The answer of one host; ``salted`` is SHA-256 of the salt and the content after it, when the file was read."""

    state: State
    salted: Hex256 | None = None


class Asked(Document):
    """One file that was asked for, what both manifests claim of it, and what both hosts answered."""

    path: str | None = None
    path_b64: str | None = None
    size: Count
    digest: str
    source: Answer
    target: Answer


class ChallengeDocument(Document):
    """``PART.challenge.json``: a challenge with all answers; a failure is why a host broke off, as harmless text."""

    type: Literal["handover-challenge"]
    version: Literal[1]
    part: str
    salt: Hex256
    asked_at: Instant
    source_failure: str | None = None
    target_failure: str | None = None
    asked: tuple[Asked, ...]

    @classmethod
    def from_bytes(cls, raw: bytes, *, where: str) -> Self:
        """Parse the file, or raise ``MalformedInput``."""
        return strict_json.decode_document(cls, raw, where=where)

    def to_bytes(self) -> bytes:
        """Return the one form of this document."""
        return strict_json.encode_document(self)


class SideAnswers(Document):
    """How many answers of a host are of which state; ``failure`` is why it broke off."""

    answered: Count
    contradicts: Count
    moved: Count
    unreadable: Count
    silent: Count
    failure: str | None = None


class Challenge(Document):
    """What a report says of a challenge: ``asked`` of ``files`` that both sides claim, and how many agreed.

    ``differ``: both hosts answered, and not the same, so that one of them does not have what it claims.
    """

    salt: Hex256
    asked_at: Instant
    files: Count
    asked: Count
    bytes: Count
    agreed: Count
    differ: Count
    source: SideAnswers
    target: SideAnswers


class Claim(NamedTuple):
    """A file that both manifests have with one digest, and what each host said of it beside."""

    path: bytes
    size: int
    digest: str
    source: HostStat
    target: HostStat


class Choice(NamedTuple):
    """The files to ask for, in the order of their rank, among how many."""

    claims: tuple[Claim, ...]
    files: int


def file_name(part: str) -> str:
    """Return the name of a part's file in a bundle."""
    return f"{part}.challenge.json"


def choose(source: Reader, target: Reader, salt: bytes, count: int) -> Choice:
    """Choose ``count`` of the files that both manifests have with one digest: those whose rank is smallest.

    The rank of a file is SHA-256 of the salt and its path. Both readers are read to their ends.
    """
    files = 0

    def ranked() -> Iterator[tuple[bytes, Line, Line, Entry]]:
        nonlocal files
        for ours, theirs, entry in _claimed(source, target):
            files += 1
            yield hashlib.sha256(salt + ours.path).digest(), ours, theirs, entry

    chosen = heapq.nsmallest(count, ranked(), key=lambda one: one[0])
    claims = (
        Claim(ours.path, entry.size or 0, entry.digest or "", source.parse_host(ours), target.parse_host(theirs))
        for _, ours, theirs, entry in chosen
    )
    return Choice(tuple(claims), files)


def asked(claim: Claim, source: Answer, target: Answer) -> Asked:
    """Return what is recorded of one file."""
    path, path_b64 = paths.to_fields(claim.path)
    return Asked(path=path, path_b64=path_b64, size=claim.size, digest=claim.digest, source=source, target=target)


def problem(document: ChallengeDocument, choice: Choice) -> str | None:
    """Say why a record cannot be one of this choice; ``None`` when it can."""
    for one, claim in zip_longest(document.asked, choice.claims):
        if one is None or claim is None or asked(claim, one.source, one.target) != one:
            return "the files that were asked for are not those that the salt and the manifests give"
        for answer in (one.source, one.target):
            if (answer.salted is None) == (answer.state in _READ):
                return "an answer that does not fit what is said of it"
    return None


def summary(document: ChallengeDocument, files: int) -> Challenge:
    """Return what a report says of a challenge, among ``files`` that both sides claim."""
    both = [one for one in document.asked if one.source.state is one.target.state is State.ANSWERED]
    agreed = sum(one.source.salted == one.target.salted for one in both)
    return Challenge(
        salt=document.salt,
        asked_at=document.asked_at,
        files=files,
        asked=len(document.asked),
        bytes=sum(one.size for one in document.asked),
        agreed=agreed,
        differ=len(both) - agreed,
        source=_side((one.source for one in document.asked), document.source_failure),
        target=_side((one.target for one in document.asked), document.target_failure),
    )


def doubted(comparison: Comparison, challenge: Challenge) -> Comparison:
    """Return a comparison as a challenge leaves it: what is not confirmed is a doubt, and never proves a loss."""
    if challenge.agreed == challenge.asked or comparison.verdict is Verdict.NOT_COMPLETE:
        return comparison
    because = (*comparison.because, Doubt.CHALLENGE)
    return msgspec.structs.replace(comparison, verdict=Verdict.UNDETERMINED, because=because)


_READ = (State.ANSWERED, State.CONTRADICTS)


def _side(answers: Iterable[Answer], failure: str | None) -> SideAnswers:
    states = [answer.state for answer in answers]
    return SideAnswers(
        answered=states.count(State.ANSWERED),
        contradicts=states.count(State.CONTRADICTS),
        moved=states.count(State.MOVED),
        unreadable=states.count(State.UNREADABLE),
        silent=states.count(State.SILENT),
        failure=failure,
    )


def _claimed(source: Reader, target: Reader) -> Iterator[tuple[Line, Line, Entry]]:
    """Yield each file that both have with one size and digest, with both lines."""
    ours, theirs = source.lines(), target.lines()
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.key < other.key):
            one = next(ours, None)
        elif one is None or other.key < one.key:
            other = next(theirs, None)
        else:
            entry = source.parse(one)
            same = entry if one.content == other.content else target.parse(other)
            # Only a file that was fully read has a digest.
            if entry.digest is not None and (entry.size, entry.digest) == (same.size, same.digest):
                yield one, other, entry
            one, other = next(ours, None), next(theirs, None)
