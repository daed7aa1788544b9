"""The verdict in whole sentences: what was found, how much of it, and where."""

from __future__ import annotations

from dataclasses import dataclass

from handover.comparison import Comparison, Doubt, Verdict
from handover.digests import Strength
from handover.manifest import GapCounts
from handover.render.wording.challenges import not_confirmed
from handover.render.wording.codes import VERDICTS, Sides, sides_of
from handover.render.wording.language import foreign, name, number, percent, plural, say, size
from handover.render.wording.site import of_site
from handover.report import PartReport, Report, verdict_of


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict in its short form, and the sentences that say it in full."""

    word: str
    sentences: tuple[str, ...]


def headline(report: Report) -> Headline:
    """Return what is said first: of each part that has the verdict of the whole, or of all when all is well."""
    sides = sides_of(report)
    alone = len(report.parts) == 1
    well = report.verdict in (Verdict.COMPLETE, Verdict.COMPLETE_AS_AGREED)
    told = [part for part in report.parts if well or verdict_of(part) is report.verdict]
    sentences = (
        of_part(part, text, alone=alone)
        for part in told
        for text in (*of_site(part, sides), *sentences_of(part, sides))
    )
    return Headline(VERDICTS[report.verdict], tuple(sentences))


def of_part(part: PartReport, sentence: str, *, alone: bool) -> str:
    """Return a sentence about one part; with the part's name unless it is ``alone``."""
    return sentence if alone else say("{part}: {sentence}", part=foreign(part.name), sentence=sentence)


def sentences_of(part: PartReport, sides: Sides) -> tuple[str, ...]:
    """Return the verdict of one part in sentences."""
    comparison = part.comparison
    if comparison is None:
        return (say("Neither side was read, so nothing can be said."),)
    match comparison.verdict:
        case Verdict.NOT_COMPLETE:
            return (*losses(part, comparison, sides), *_beside(comparison, sides))
        case Verdict.UNDETERMINED:
            return (*_doubts(part, comparison, sides), *_extra(comparison, sides))
        case Verdict.COMPLETE_AS_AGREED:
            return (*_as_agreed(comparison, sides), *_extra(comparison, sides))
        case Verdict.COMPLETE:
            return (_complete(comparison, sides), *_extra(comparison, sides))


def common_folder(part: PartReport) -> bytes | None:
    """Return the deepest folder that everything missing lies in; ``None`` when that is the root or not known."""
    if part.folders_total != len(part.folders):
        return None
    lost = [folder.path_bytes() for folder in part.folders if folder.missing]
    if not lost:
        return None
    common = lost[0].split(b"/")
    for path in lost[1:]:
        for depth, (here, there) in enumerate(zip(common, path.split(b"/"), strict=False)):
            if here != there:
                common = common[:depth]
                break
        common = common[: path.count(b"/") + 1]
    return b"/".join(common) or None


def losses(part: PartReport, comparison: Comparison, sides: Sides) -> list[str]:
    """Return what is missing on the target, and what is not as it has to be there."""
    counts = comparison.counts
    sentences = []
    if counts.missing:
        sentences.append(_missing(part, comparison, sides))
    if counts.changed:
        sentences.append(
            plural(
                counts.changed,
                "{n} file or link has other content on {host}.",
                "{n} files or links have other content on {host}.",
                host=sides.target_host,
            )
        )
    if counts.type_changed:
        sentences.append(
            plural(
                counts.type_changed,
                "{n} path is something else on {host}, such as a file in the place of a folder.",
                "{n} paths are something else on {host}, such as a file in the place of a folder.",
                host=sides.target_host,
            )
        )
    if counts.metadata:
        sentences.append(
            plural(
                counts.metadata,
                "{n} path differs in mode, owner or time, which has to be equal.",
                "{n} paths differ in mode, owner or time, which have to be equal.",
            )
        )
    return sentences or [say("There is more on {host} than was to be moved.", host=sides.target_host)]


def _missing(part: PartReport, comparison: Comparison, sides: Sides) -> str:
    missing = comparison.counts.missing
    total = part.source.counts.total if part.source.counts is not None else missing
    folder = common_folder(part)
    values = {"total": number(total), "size": size(comparison.bytes.missing), "host": sides.target_host}
    if folder is None:
        return plural(
            missing,
            "{n} of {total} files and folders ({size}) is missing on {host}.",
            "{n} of {total} files and folders ({size}) are missing on {host}.",
            **values,
        )
    return plural(
        missing,
        "{n} of {total} files and folders ({size}) is missing on {host}, in {folder}.",
        "{n} of {total} files and folders ({size}) are missing on {host}, all of them in {folder}.",
        folder=name(folder),
        **values,
    )


def _beside(comparison: Comparison, sides: Sides) -> list[str]:
    sentences = []
    if comparison.counts.not_checked:
        sentences.append(
            plural(
                comparison.counts.not_checked,
                "{n} more path could not be compared.",
                "{n} more paths could not be compared.",
            )
        )
    return [*sentences, *_extra(comparison, sides)]


def _extra(comparison: Comparison, sides: Sides) -> list[str]:
    return [extra(comparison, sides)] if comparison.counts.extra else []


def extra(comparison: Comparison, sides: Sides) -> str:
    """Return what there is on the target alone, and how much of it."""
    return plural(
        comparison.counts.extra,
        "{n} path ({size}) is only on {host}.",
        "{n} paths ({size}) are only on {host}.",
        size=size(comparison.bytes.extra),
        host=sides.target_host,
    )


def _doubts(part: PartReport, comparison: Comparison, sides: Sides) -> list[str]:
    # Where a whole side is unknown, single paths that were not compared are no news.
    because = (Doubt.ONE_SIDED,) if Doubt.ONE_SIDED in comparison.because else comparison.because
    return [_doubt(doubt, part, comparison, sides) for doubt in because]


def _doubt(doubt: Doubt, part: PartReport, comparison: Comparison, sides: Sides) -> str:
    match doubt:
        case Doubt.NOT_CHECKED:
            return _not_checked(part, comparison, sides)
        case Doubt.EXCLUDED:
            return say(
                "Rules leave out or agree to {share} of what the source has, which is more than the limit.",
                share=percent(comparison.excluded.share_bp),
            )
        case Doubt.LISTING:
            return say("Only names and sizes were compared: no loss was found, and completeness is not proven.")
        case Doubt.ONE_SIDED:
            return _one_sided(part, sides)
        case Doubt.CHALLENGE:
            # A comparison has this doubt from the challenge of its part alone.
            assert part.challenge is not None
            return not_confirmed(part, part.challenge, sides)


def _one_sided(part: PartReport, sides: Sides) -> str:
    unread, read, known = sides.target_host, sides.source_host, part.source
    if known.manifest is None:
        unread, read, known = read, unread, part.target
    if known.counts is None or known.bytes is None:
        return say("There is nothing to compare with, because {unread} was not read.", unread=unread)
    return plural(
        known.counts.total,
        "There is nothing to compare with, because {unread} was not read. On {read}: {n} entry ({size}).",
        "There is nothing to compare with, because {unread} was not read. On {read}: {n} entries ({size}).",
        unread=unread,
        read=read,
        size=size(known.bytes),
    )


def _not_checked(part: PartReport, comparison: Comparison, sides: Sides) -> str:
    count = comparison.counts.not_checked
    hosts = [
        host
        for host, gaps in ((sides.source_host, comparison.gaps.source), (sides.target_host, comparison.gaps.target))
        if _total(gaps)
    ]
    if len(hosts) == 1:
        return plural(
            count,
            "No loss was found, and {n} path could not be compared, because of what could not be read on {host}.",
            "No loss was found, and {n} paths could not be compared, because of what could not be read on {host}.",
            host=hosts[0],
        )
    if hosts:
        return plural(
            count,
            "No loss was found, and {n} path could not be compared, because of what could not be read on both hosts.",
            "No loss was found, and {n} paths could not be compared, because of what could not be read on both hosts.",
        )
    ignoring = [
        host
        for host, side in ((sides.source_host, part.source), (sides.target_host, part.target))
        if side.counts is not None and side.counts.ignored
    ]
    if len(ignoring) == 1:
        return plural(
            count,
            "No loss was found, and {n} path could not be compared, because of rules that only {host} was read with.",
            "No loss was found, and {n} paths could not be compared, because of rules that only {host} was read with.",
            host=ignoring[0],
        )
    return plural(
        count,
        "No loss was found, and {n} path could not be compared.",
        "No loss was found, and {n} paths could not be compared.",
    )


def _as_agreed(comparison: Comparison, sides: Sides) -> list[str]:
    counts = comparison.counts
    sentences = [
        plural(
            counts.same,
            "The {n} file or folder ({size}) that counts is on {host} with the same content.",
            "All {n} files and folders ({size}) that count are on {host} with the same content.",
            size=size(comparison.bytes.same),
            host=sides.target_host,
        )
    ]
    if counts.agreed:
        sentences.append(plural(counts.agreed, "{n} path differs as agreed.", "{n} paths differ as agreed."))
    if counts.ignored:
        sentences.append(
            plural(
                counts.ignored,
                "{n} path is left out by a rule, with everything in it.",
                "{n} paths are left out by rules, with everything in them.",
            )
        )
    return sentences


def _complete(comparison: Comparison, sides: Sides) -> str:
    how_much, host = size(comparison.bytes.same), sides.target_host
    if comparison.strength is Strength.ACCIDENTAL:
        return plural(
            comparison.counts.same,
            "The {n} file or folder of the source ({size}) is on {host}, without any accidental change.",
            "All {n} files and folders of the source ({size}) are on {host}, without any accidental change.",
            size=how_much,
            host=host,
        )
    return plural(
        comparison.counts.same,
        "The {n} file or folder of the source ({size}) is on {host} with the same content.",
        "All {n} files and folders of the source ({size}) are on {host} with the same content.",
        size=how_much,
        host=host,
    )


def _total(gaps: GapCounts) -> int:
    return gaps.unreadable + gaps.unstable + gaps.vanished + gaps.unsupported + gaps.boundary
