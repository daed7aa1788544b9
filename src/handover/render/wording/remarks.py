"""What must be said beside every verdict, so that nobody reads more into it than it proves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from handover.comparison import Comparison
from handover.digests import Strength
from handover.entries import GapKind
from handover.likeness import Likeness
from handover.manifest import Base, Carried, GapCounts, Standing
from handover.render.wording.challenges import challenge_sentences
from handover.render.wording.codes import Sides, sides_of
from handover.render.wording.headline import extra, headline, of_part
from handover.render.wording.language import (
    Labels,
    Plurals,
    duration,
    foreign,
    moment,
    number,
    percent,
    plural,
    say,
    size,
)
from handover.report import PartReport, Report, SideReport

#: How far a host's clock may be off without a remark, in milliseconds.
SKEW_LIMIT_MS = 60_000


class RemarkCode(StrEnum):
    """What a remark is about, for scripts."""

    ACCIDENTAL = "accidental"
    LISTING = "listing"
    NOT_READ = "not_read"
    GAPS = "gaps"
    EXCLUDED = "excluded"
    EXTRA = "extra"
    NOT_RECORDED = "not_recorded"
    SAME_ROOT = "same_root"
    SAME_MACHINE = "same_machine"
    PERHAPS_SAME_MACHINE = "perhaps_same_machine"
    NO_RECHECK = "no_recheck"
    CARRIED = "carried"
    IMPORTED = "imported"
    CLOCK = "clock"
    CHALLENGE = "challenge"


@dataclass(frozen=True, slots=True)
class Remark:
    """One remark; ``side`` is ``source``, ``target`` or empty, ``part`` is empty when it is about the whole."""

    code: RemarkCode
    text: str
    part: str = ""
    side: str = ""


_GAPS = Plurals(
    {
        GapKind.UNREADABLE: ("{n} path could not be read on {host}.", "{n} paths could not be read on {host}."),
        GapKind.UNSTABLE: (
            "{n} path changed or appeared on {host} while it was read.",
            "{n} paths changed or appeared on {host} while they were read.",
        ),
        GapKind.VANISHED: (
            "{n} path was listed on {host} and then gone.",
            "{n} paths were listed on {host} and then gone.",
        ),
        GapKind.UNSUPPORTED: (
            "{n} path on {host} is of a kind that could not be read.",
            "{n} paths on {host} are of a kind that could not be read.",
        ),
        GapKind.BOUNDARY: (
            "{n} path on {host} leads to another filesystem, which was not entered.",
            "{n} paths on {host} lead to another filesystem, which was not entered.",
        ),
    }
)
_LIKENESS = Labels(
    {
        Likeness.SAME_ROOT: "Both sides are the same folder on the same machine: it was compared with itself.",
        Likeness.SAME_MACHINE: (
            "Both sides are on one running machine. After a change of DNS the old name can lead to the new host."
        ),
        Likeness.PERHAPS: (
            "Both machines have the same machine id: they are clones, or one machine that was restarted in between."
        ),
    }
)
_LIKENESS_CODES = {
    Likeness.SAME_ROOT: RemarkCode.SAME_ROOT,
    Likeness.SAME_MACHINE: RemarkCode.SAME_MACHINE,
    Likeness.PERHAPS: RemarkCode.PERHAPS_SAME_MACHINE,
}


def remarks(report: Report) -> tuple[Remark, ...]:
    """Return all remarks, those on the whole first, then by part in the order of the report."""
    sides = sides_of(report)
    return (*_strength(report), *(remark for part in report.parts for remark in _of_part(part, sides)))


def beside(report: Report) -> tuple[str, ...]:
    """Return what the remarks say that the headline has not said already."""
    alone = len(report.parts) == 1
    parts = {part.name: part for part in report.parts}
    texts = (
        of_part(parts[remark.part], remark.text, alone=alone) if remark.part else remark.text
        for remark in remarks(report)
    )
    said = headline(report).sentences
    return tuple(text for text in texts if text not in said)


def gap_sentences(gaps: GapCounts | None, host: str) -> tuple[str, ...]:
    """Return one sentence for each kind of gap that a side has."""
    counts = {} if gaps is None else msgspec.structs.asdict(gaps)
    return tuple(_GAPS.say(kind, counts[kind], host=host) for kind in GapKind if counts.get(kind))


def carried(count: Carried, base: tuple[Base, ...], host: str) -> str:
    """Return how much of a side was not read, and from which scans it was taken."""
    return plural(
        count.files,
        "{n} file ({size}) on {host} was not read again: its size and times are those of the scan of {when}.",
        "{n} files ({size}) on {host} were not read again: their sizes and times are those of the scan of {when}.",
        size=size(count.bytes),
        host=host,
        when=", ".join(moment(one.started_at) for one in base),
    )


def excluded(comparison: Comparison) -> str:
    """Return how much of the source nothing is said about, because rules leave it out or agree to it."""
    out = comparison.excluded
    return say(
        "Rules leave out or agree to {files} of {total} files of the source ({size}, {share}).",
        files=number(out.files),
        total=number(out.source_files),
        size=size(out.bytes),
        share=percent(out.share_bp),
    )


def _strength(report: Report) -> Iterator[Remark]:
    if report.strength is Strength.ACCIDENTAL:
        yield Remark(
            RemarkCode.ACCIDENTAL, say("The digest that was used (xxh128) shows accidents. It does not show fraud.")
        )
    if report.strength is Strength.LISTING and any(part.comparison is not None for part in report.parts):
        yield Remark(
            RemarkCode.LISTING, say("No content was read. Names and sizes prove loss, and never completeness.")
        )


def _of_part(part: PartReport, sides: Sides) -> Iterator[Remark]:
    for side, side_report in (("source", part.source), ("target", part.target)):
        for code, text in _of_side(side_report, sides.host(side)):
            yield Remark(code, text, part.name, side)
    if part.comparison is not None:
        for code, text in _of_comparison(part.comparison, sides):
            yield Remark(code, text, part.name)
    if part.challenge is not None:
        for side, text in challenge_sentences(part, part.challenge, sides):
            yield Remark(RemarkCode.CHALLENGE, text, part.name, side)
    if part.likeness in _LIKENESS_CODES:
        here = part.likeness is Likeness.SAME_MACHINE and part.source.route == part.target.route == "local"
        both_here = say("Both sides are folders of the machine that compared them.")
        yield Remark(_LIKENESS_CODES[part.likeness], both_here if here else _LIKENESS[part.likeness], part.name)


def _of_side(side: SideReport, host: str) -> Iterator[tuple[RemarkCode, str]]:
    if side.failure is not None:
        what, where = foreign(side.failure.what), foreign(side.failure.where or side.location)
        yield (
            RemarkCode.NOT_READ,
            say("Nothing is known of {host}: {what} ({where}).", host=host, what=what, where=where),
        )
    for sentence in gap_sentences(side.gaps, host):
        yield RemarkCode.GAPS, sentence
    if side.recheck is False:
        yield (
            RemarkCode.NO_RECHECK,
            say("There was no second look at {host}: changes during the scan may be unnoticed.", host=host),
        )
    if side.carried is not None and side.carried.files:
        yield RemarkCode.CARRIED, carried(side.carried, side.base, host)
    if side.ran_by is not None and side.ran_by.standing is Standing.IMPORTED:
        yield (
            RemarkCode.IMPORTED,
            say("What {host} holds was taken from a list that another program made.", host=host),
        )
    skew_ms = None if side.clock is None else side.clock.skew_ms
    if skew_ms is not None and abs(skew_ms) > SKEW_LIMIT_MS:
        off = duration(abs(skew_ms) // 1000)
        if skew_ms > 0:
            yield RemarkCode.CLOCK, say("The clock of {host} is ahead by {off}.", host=host, off=off)
        else:
            yield RemarkCode.CLOCK, say("The clock of {host} is behind by {off}.", host=host, off=off)


def _of_comparison(comparison: Comparison, sides: Sides) -> Iterator[tuple[RemarkCode, str]]:
    counts = comparison.counts
    if counts.agreed or counts.ignored:
        yield RemarkCode.EXCLUDED, excluded(comparison)
    if counts.extra:
        yield RemarkCode.EXTRA, extra(comparison, sides)
    if counts.not_recorded:
        yield (
            RemarkCode.NOT_RECORDED,
            plural(
                counts.not_recorded,
                "{n} path cannot be in the list that was imported, and is not judged.",
                "{n} paths cannot be in the list that was imported, and are not judged.",
            ),
        )
