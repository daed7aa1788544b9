"""Codes of reports and differences in words: verdicts, classes, reasons, sides, what a side recorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handover.comparison import Difference, PathClass, Verdict
from handover.digests import Strength
from handover.entries import After, Entry, EntryType, HostStat
from handover.manifest import RanBy, Standing
from handover.render.wording.language import (
    Labels,
    Nouns,
    exact_size,
    foreign,
    name,
    noun,
    number,
    percent,
    plural,
    say,
    size,
    timestamp,
    told,
)
from handover.report import Finding, Report, ScopeItem, ScopeState
from handover.rollup import FolderSummary
from handover.sentences import english


@dataclass(frozen=True, slots=True)
class FindingTexts:
    """What a finding says."""

    title: str
    evidence: tuple[str, ...]
    remedy: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """How the two sides are named: a person is asked as ``source``, a host is meant by ``source_host``."""

    source: str
    source_host: str
    target: str
    target_host: str

    def host(self, side: str) -> str:
        """Return the name of the host of ``source`` or ``target``."""
        return self.source_host if side == "source" else self.target_host

    def actor(self, side: str) -> str:
        """Return who is asked to act on ``source`` or ``target``."""
        return self.source if side == "source" else self.target


VERDICTS = Labels(
    {
        Verdict.NOT_COMPLETE: "NOT COMPLETE",
        Verdict.UNDETERMINED: "UNDETERMINED",
        Verdict.COMPLETE_AS_AGREED: "COMPLETE AS AGREED",
        Verdict.COMPLETE: "COMPLETE",
    }
)
_STATES = Labels(
    {
        ScopeState.NOT_COMPLETE: "{subject} not complete",
        ScopeState.UNDETERMINED: "{subject} undetermined",
        ScopeState.COMPLETE_AS_AGREED: "{subject} complete as agreed",
        ScopeState.COMPLETE: "{subject} complete",
        ScopeState.NOT_PART: "{subject} not part of this handover",
    }
)
_SUBJECTS = Labels({"files": "FILES", "database": "DATABASE"})
ROLES = Nouns({"sender": "SENDER", "receiver": "RECEIVER", "agency": "AGENCY", "client": "CLIENT"})
STRENGTHS = Labels(
    {
        Strength.CRYPTOGRAPHIC: "Contents were compared with SHA-256.",
        Strength.ACCIDENTAL: "Contents were compared with xxh128: this shows accidents only, not fraud.",
        Strength.LISTING: "Only names and sizes were compared: this proves loss, never completeness.",
    }
)
CLASSES = Labels(
    {
        PathClass.SAME: "same",
        PathClass.MISSING: "missing",
        PathClass.CHANGED: "changed",
        PathClass.TYPE_CHANGED: "of another type",
        PathClass.METADATA: "other mode, owner or time",
        PathClass.NOT_CHECKED: "not checked",
        PathClass.EXTRA: "extra",
        PathClass.AGREED: "agreed",
        PathClass.IGNORED: "ignored",
        PathClass.NOT_RECORDED: "not recorded",
    }
)
#: What each class means, for the one who reads it for the first time.
MEANINGS = Labels(
    {
        PathClass.SAME: "on both sides, with the same content",
        PathClass.MISSING: "on the source and not on the target",
        PathClass.CHANGED: "on both sides, with other content",
        PathClass.TYPE_CHANGED: "on both sides, such as a file here and a folder there",
        PathClass.METADATA: "same content, but what the terms require is not the same",
        PathClass.NOT_CHECKED: "nothing can be said: not seen on one side or on both",
        PathClass.EXTRA: "on the target and not on the source",
        PathClass.AGREED: "differs, and a rule agrees to it",
        PathClass.IGNORED: "left out by a rule on both sides, not read",
        PathClass.NOT_RECORDED: "cannot be in the list that was imported",
    }
)
#: Classes in the order in which a reader needs them; ``same`` is first in sums only.
WORST_FIRST = (
    PathClass.MISSING,
    PathClass.CHANGED,
    PathClass.TYPE_CHANGED,
    PathClass.METADATA,
    PathClass.NOT_CHECKED,
    PathClass.EXTRA,
    PathClass.AGREED,
    PathClass.IGNORED,
    PathClass.NOT_RECORDED,
)
MARKS = Labels(
    {
        "-": "missing",
        "~": "other size",
        "!": "same size, other content",
        "T": "other type",
        "m": "other mode, owner or time",
        "?": "not checked",
        "+": "extra",
        "=": "differs as agreed",
        ".": "ignored by a rule",
        "o": "not recorded",
    }
)
_MARK_OF = {
    PathClass.SAME: " ",
    PathClass.MISSING: "-",
    PathClass.CHANGED: "!",
    PathClass.TYPE_CHANGED: "T",
    PathClass.METADATA: "m",
    PathClass.NOT_CHECKED: "?",
    PathClass.EXTRA: "+",
    PathClass.AGREED: "=",
    PathClass.IGNORED: ".",
    PathClass.NOT_RECORDED: "o",
}
#: Reasons in ``Difference.why`` that mean the same whichever side it is.
_WHY = Labels(
    {
        "size": "has another size",
        "content": "has the same size and other content",
        "link_target": "the link points elsewhere",
        "type": "is of another type",
        "mode": "has another mode",
        "owner": "has another owner",
        "mtime": "has another modification time",
        "mode_unknown": "the mode is not known on both sides",
        "owner_unknown": "the owner is not known on both sides",
        "mtime_unknown": "the modification time is not known on both sides",
        "rule": "left out by a rule",
        "same_without_block": "is the same without the blocks that the rule names",
        "same_after_replacement": "is the same once the texts that the rule names are replaced",
        "beyond_rule": "differs beyond what a rule hides",
        "size_and_rule": "has another size, and a rule may agree to that; the content was not compared",
    }
)
#: Reasons that end in ``_source`` or ``_target``.
_WHY_SIDE = Labels(
    {
        "unreadable": "could not be read on {host}",
        "unstable": "did not hold still on {host}",
        "vanished": "was listed on {host} and then gone",
        "unsupported": "is of a kind that could not be read on {host}",
        "boundary": "another filesystem is mounted there on {host} and was not entered",
        "below_gap": "is below something that could not be seen on {host}",
        "ignored": "left out by a rule on {host} only",
        "not_read": "{host} was not read",
        "unclosed": "the block of a rule begins and does not end on {host}",
        "nested": "the block of a rule begins within another on {host}",
        "unopened": "the block of a rule ends without a beginning on {host}",
        "too_large": "is too large on {host} for a rule to be applied",
        "without_rule": "the scan of {host} was made without the rule that may agree to this",
    }
)
TYPES = Labels(
    {
        EntryType.FILE: "file",
        EntryType.DIR: "folder",
        EntryType.LINK: "link",
        EntryType.SPECIAL: "special file",
    }
)
_STANDINGS = Labels(
    {
        Standing.SELF_DECLARED: "self-declared: run by the one who answers for this host",
        Standing.WITNESSED: "witnessed: run by another party",
        Standing.IMPORTED: "imported from a list that another program made",
    }
)
CONFIDENCES = Labels({"high": "very likely", "medium": "likely", "low": "possible"})


def sides_of(report: Report) -> Sides:
    """Return how the sides are named: by the parties when the case has them."""
    roles = {party.role for party in report.parties}
    if {"sender", "receiver"} <= roles:
        return Sides(ROLES["sender"], noun("the SENDER's host"), ROLES["receiver"], noun("the RECEIVER's host"))
    return Sides(noun("SOURCE"), noun("the SOURCE"), noun("TARGET"), noun("the TARGET"))


def roles(codes: Iterable[str]) -> str:
    """Return the names of some roles, each once; what is no role of ours is a name like others."""
    return listing(ROLES[code] if code in ROLES else foreign(code) for code in dict.fromkeys(codes))


def scope_item(item: ScopeItem, *, alone: bool) -> str:
    """Return one item of the scope; a part's name is said when it is not ``alone``."""
    subject = _SUBJECTS[item.subject]
    if not alone:
        subject = say("{subject} ({part})", subject=subject, part=foreign(item.part))
    return _STATES.say(item.state, subject=subject)


def scope(report: Report) -> tuple[str, ...]:
    """Return what the report covers, item by item."""
    return tuple(scope_item(item, alone=len(report.parts) == 1) for item in report.scope)


def strength(report: Report) -> str:
    """Return what equal files prove in this report."""
    if not any(part.source.manifest and part.target.manifest for part in report.parts):
        return say("Nothing was compared.")
    return STRENGTHS[report.strength]


def mark(difference: Difference) -> str:
    """Return the one character that stands before the path."""
    if difference.kind is PathClass.CHANGED and "size" in difference.why:
        return "~"
    return _MARK_OF[difference.kind]


def class_mark(kind: PathClass) -> str:
    """Return the one character for a class as a whole."""
    return _MARK_OF[kind]


def why(code: str, sides: Sides, *, on: str = "source") -> str:
    """Return the words of one code of ``Difference.why``; ``on`` is the side that has the path."""
    if code == "absent":
        return say("is not on {host}", host=sides.target_host if on == "source" else sides.source_host)
    kind, _, side = code.rpartition("_")
    if kind in _WHY_SIDE and side in ("source", "target"):
        return _WHY_SIDE.say(kind, host=sides.host(side))
    # A report of a later version may know codes that we do not.
    return _WHY.get(code) or foreign(code)


def reasons(difference: Difference, sides: Sides) -> str:
    """Return all reasons of one difference, with the rule where there is one."""
    on = "source" if difference.source is not None else "target"
    words = listing(why(code, sides, on=on) for code in difference.why)
    if difference.rule is None:
        return words
    if difference.kind is PathClass.IGNORED:
        return say("left out by the rule {rule}", rule=name(difference.rule))
    return say("{reasons} (rule {rule})", reasons=words, rule=name(difference.rule))


def recorded(entry: Entry | None, host: HostStat | None = None) -> str:
    """Return what one side recorded of a path."""
    if entry is None:
        return say("nothing")
    words = [TYPES[entry.type] if entry.type is not None else say("unknown")]
    if entry.size is not None:
        words.append(exact_size(entry.size))
    if entry.type is EntryType.LINK and entry.clean:
        words.append(say("to {target}", target=name(entry.target_bytes())))
    if entry.ignored is not None:
        ignored = entry.ignored
        words.append(plural(ignored.files, "{n} file, {size}", "{n} files, {size}", size=size(ignored.bytes)))
    if entry.errno is not None:
        words.append(foreign(entry.errno))
    if entry.after is not None and entry.after.hidden:
        words.append(_hidden(entry.after))
    if host is not None:
        words += _host_words(host)
    return listing(words)


def ran_by(who: RanBy, roles: dict[str, str]) -> str:
    """Return who ran a scan and what that is worth; ``roles`` gives the name of a party by its role."""
    words = [foreign(text) for text in (who.name, roles.get(who.party or "", who.party)) if text]
    return listing([*words, _STANDINGS[who.standing]])


def folder_summary(folder: FolderSummary) -> str:
    """Return how many paths of a folder are in which class."""
    words = []
    if folder.missing:
        words.append(plural(folder.missing, "{n} missing", "{n} missing"))
    if folder.changed:
        words.append(plural(folder.changed, "{n} changed", "{n} changed"))
    if folder.not_checked:
        words.append(plural(folder.not_checked, "{n} not checked", "{n} not checked"))
    if folder.extra:
        words.append(plural(folder.extra, "{n} extra", "{n} extra"))
    return listing(words)


def explains(finding: Finding) -> str:
    """Return how much of a part's differences a finding explains."""
    return plural(
        finding.count,
        "Explains {n} difference of {part} ({share}).",
        "Explains {n} differences of {part} ({share}).",
        part=foreign(finding.part),
        share=percent(finding.share_bp),
    )


def finding_texts(finding: Finding) -> FindingTexts:
    """Return what a finding says in the language that is being spoken; commands stay as they are."""
    sentences = {english(sentence): sentence for sentence in finding.sentences}

    def tell(text: str) -> str:
        return told(sentences[text], text) if text in sentences else foreign(text)

    return FindingTexts(tell(finding.title), tuple(map(tell, finding.evidence)), tuple(map(tell, finding.remedy)))


def shown_of(shown: int, total: int) -> str:
    """Return how many of how many are shown."""
    if shown == total:
        return number(total)
    return say("{shown} of {total} shown", shown=number(shown), total=number(total))


def listing(words: Iterable[str]) -> str:
    """Return several short phrases in a row."""
    return ", ".join(words)


def _hidden(after: After) -> str:
    """Return how much rules that keep proof hide of a file."""
    return plural(
        sum(part.times for part in after.hidden),
        "{size} in {n} place hidden by a rule",
        "{size} in {n} places hidden by a rule",
        size=exact_size(sum(part.bytes for part in after.hidden)),
    )


def _host_words(host: HostStat) -> list[str]:
    owner = ":".join(foreign(text) for text in (host.user, host.group) if text is not None)
    words = []
    if host.mode is not None:
        words.append(say("mode {mode}", mode=host.mode))
    if owner:
        words.append(say("owner {owner}", owner=owner))
    if host.mtime_ns is not None:
        when = timestamp(int(host.mtime_ns) // 10**9, f".{int(host.mtime_ns) % 10**9:09d}")
        words.append(say("modified {when}", when=when))
    elif host.mtime_s is not None:
        words.append(say("modified {when}", when=timestamp(host.mtime_s)))
    return words
