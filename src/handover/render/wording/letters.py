"""What is written to each party: which words a text begins with, what is asked, by when, and how to answer."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from handover.differences import file_name, missing_name
from handover.evidence.sshsig import NAMESPACE
from handover.manifest import GapCounts
from handover.render.asks import Ask, cause_of, lost, side_of
from handover.render.wording.codes import CONFIDENCES, finding_texts
from handover.render.wording.language import Labels, agreed, foreign, number, plural, say
from handover.report import Finding, PartReport, Report, SideReport
from handover.sentences import english

#: The lines that a text begins with, so that whoever reads it knows at once what it is about.
HEAD = Labels(
    {
        "reference": "Your reference: {text}",
        "role": "Your role: {text}",
        "account": "Account: {text}",
        "location": "Location: {text}",
        "source": "Old hosting: {text}",
        "target": "New hosting: {text}",
        "case": "Case: {text}",
        "round": "Round: {text}",
        "part": "Part: {text}",
    }
)
_SIGNED = (Ask.SIGN, Ask.SEND_AGAIN, Ask.CONFIRM)


def greeting() -> str:
    """Return how every text begins to speak."""
    return say("Good day,")


def folder_of(side: SideReport) -> str:
    """Return the folder of a side as its host knows it."""
    try:
        parts = urlsplit(side.location)
    except ValueError:
        return foreign(side.location)
    return foreign(unquote(parts.path) if parts.netloc and parts.path else side.location)


def account_of(side: SideReport) -> str | None:
    """Return the account with which a side was read, if that is known."""
    user = None if side.machine is None else side.machine.user
    return None if user is None else foreign(user)


def question(ask: Ask, part: PartReport, role: str) -> str:
    """Return the one question of a text, about one part."""
    side = side_of(part, role)
    folder, gaps = folder_of(side), side.gaps
    match ask:
        case Ask.SEND_AGAIN:
            return plural(
                lost(part),
                "Please confirm that this path is in {folder} and send it again, or confirm that it is not there.",
                "Please confirm that these {n} paths are in {folder} and send them again, or confirm that they are not "
                "there.",
                folder=folder,
            )
        case Ask.CONFIRM:
            return _confirm(part, folder)
        case Ask.MEND:
            return say(
                "Please put this right in {folder} as it is said above, and answer when it is done.", folder=folder
            )
        case Ask.READ:
            return say("Please make {folder} readable over SSH for this account, and answer when it is.", folder=folder)
        case Ask.STILL:
            return say(
                "Please stop what writes to {folder} (maintenance mode) for the time of the next comparison, and "
                "answer when that can be.",
                folder=folder,
            )
        case Ask.ATTRIBUTES | Ask.REMOVE | Ask.SHOW if part.comparison is not None:
            return _about_paths(ask, part, folder)
        case Ask.READABLE | Ask.EXPLAIN if gaps is not None:
            return _about_gaps(ask, gaps, folder)
        case _:
            return of_the_whole(ask)


def of_the_whole(ask: Ask) -> str:
    """Return what is asked about all parts together."""
    if ask is Ask.SIGN:
        return say("Please confirm this result for your side with your signature.")
    return say("Nothing is asked of you now.")


def _confirm(part: PartReport, folder: str) -> str:
    counts = None if part.comparison is None else part.comparison.counts
    if counts is not None and counts.missing == lost(part):
        return plural(
            lost(part),
            "Please confirm that this path is not in {folder}.",
            "Please confirm that these {n} paths are not in {folder}.",
            folder=folder,
        )
    if counts is not None and not counts.missing:
        return plural(
            lost(part),
            "Please confirm that this path is in {folder} with other content than on the old hosting.",
            "Please confirm that these {n} paths are in {folder} with other content than on the old hosting.",
            folder=folder,
        )
    return plural(
        lost(part),
        "Please confirm that this path is not in {folder}, or is there with other content than on the old hosting.",
        "Please confirm that these {n} paths are not in {folder}, or are there with other content than on the old "
        "hosting.",
        folder=folder,
    )


def _about_paths(ask: Ask, part: PartReport, folder: str) -> str:
    comparison, challenge = part.comparison, part.challenge
    assert comparison is not None
    if ask is Ask.ATTRIBUTES:
        return plural(
            comparison.counts.metadata,
            "Please set mode, owner and time of this path in {folder} as they were on the old hosting.",
            "Please set mode, owner and time of these {n} paths in {folder} as they were on the old hosting.",
            folder=folder,
        )
    if ask is Ask.REMOVE:
        return plural(
            comparison.counts.extra,
            "Please remove this path from {folder}, or answer why it has to stay.",
            "Please remove these {n} paths from {folder}, or answer why they have to stay.",
            folder=folder,
        )
    return plural(
        0 if challenge is None else challenge.asked - challenge.agreed,
        "Please send us the file from {folder} that was not confirmed; {file} names it.",
        "Please send us the {n} files from {folder} that were not confirmed; {file} names them.",
        folder=folder,
        file=foreign(f"{part.name}.challenge.json"),
    )


def _about_gaps(ask: Ask, gaps: GapCounts, folder: str) -> str:
    if ask is Ask.READABLE:
        return plural(
            gaps.unreadable,
            "Please make this path in {folder} readable for this account, and answer when it is.",
            "Please make these {n} paths in {folder} readable for this account, and answer when they are.",
            folder=folder,
        )
    return plural(
        gaps.unsupported + gaps.boundary,
        "Please answer whether this path in {folder} belongs to the website, and how it can be read.",
        "Please answer whether these {n} paths in {folder} belong to the website, and how they can be read.",
        folder=folder,
    )


def in_one_folder() -> str:
    """Return what stands before the folder in which everything missing is."""
    return say("Everything that is missing is in this folder:")


def named_so() -> str:
    """Return what stands before names."""
    return say("By name:")


def more(part: PartReport, ask: Ask, count: int) -> str:
    """Return how many names follow those that are told, and which file has them all."""
    again = ask in (Ask.SEND_AGAIN, Ask.CONFIRM, Ask.MEND)
    file = missing_name(part.name) if again else file_name(part.name)
    return say("and {n} more in {file}", n=number(count), file=foreign(file))


def likely_cause(report: Report, part: PartReport) -> tuple[Finding, str] | None:
    """Return the likely cause of a part's loss with its sentence; an opinion, so how sure it is is said with it."""
    cause = cause_of(report, part)
    if cause is None:
        return None
    title = finding_texts(cause).title
    return cause, say("Cause ({sure}): {title}.", sure=CONFIDENCES[cause.confidence], title=title)


def remedies(cause: Finding) -> Iterator[tuple[str, bool]]:
    """Yield what helps, in order, and whether it is a command."""
    sentences = {english(sentence) for sentence in cause.sentences}
    for told, text in zip(finding_texts(cause).remedy, cause.remedy, strict=True):
        yield told, bool(sentences) and text not in sentences


def nothing_else() -> str:
    """Return that the question was all."""
    return say("Nothing else is asked.")


def by_when(report: Report) -> str | None:
    """Return by when an answer is needed, as the terms have it."""
    date = report.dates.complete_by
    if date is None:
        return None
    day, zone = agreed(date), foreign(report.timezone)
    # Both begin with a day of ISO 8601; a round of that very day is still in time.
    if date[:10] < report.created_at[:10]:
        return say("Agreed was {date} ({zone}), so please answer as soon as you can.", date=day, zone=zone)
    return say("Please answer by {date} ({zone}).", date=day, zone=zone)


def keep(report: Report) -> str:
    """Return what the sender has to leave as it is, and until when."""
    ends = report.dates.source_ends
    if ends is None:
        return say("Please delete nothing from this account until both companies have signed.")
    return say(
        "Please delete nothing from this account until both companies have signed, even if that is after {date}, when "
        "it is to end.",
        date=agreed(ends),
    )


def how_to_answer(ask: Ask) -> tuple[str, str | None]:
    """Return how to answer, and the command that signs an answer where there is something to sign."""
    command = f"ssh-keygen -Y sign -n {NAMESPACE} -f YOUR_KEY STATEMENT.json"
    if ask is Ask.SIGN:
        return (
            say(
                "To sign: ask for the prepared statements (handover sign --print-command makes them), choose the one "
                "that is true for you, sign it with OpenSSH, and send it back with its .sig file:"
            ),
            command,
        )
    if ask in _SIGNED:
        return (
            say(
                "A plain answer to this message is enough. A signed one proves more: ask for the prepared statements "
                "(handover sign --print-command makes them), and sign the one that is true for you:"
            ),
            command,
        )
    return say("A plain answer to this message is enough."), None


def send_these() -> str:
    """Return what stands before the list of texts and whom they are for."""
    return say("Please send each of these texts to its company:")


def send(file: str, contact: str | None, party: str) -> str:
    """Return one line of that list."""
    if contact is None:
        return say("{file} to {party}", file=foreign(file), party=foreign(party))
    return say("{file} to {contact} ({party})", file=foreign(file), contact=foreign(contact), party=foreign(party))


def with_list(file: str) -> str:
    """Return which file goes with a text."""
    return say("with the file {file}", file=foreign(file))


def sent_by(party: str) -> str:
    """Return who sends the texts instead of the reader."""
    return say("{party} sends the texts for the companies. Nothing is asked of you now.", party=foreign(party))


def run_again() -> str:
    """Return what comes after the answers."""
    return say("When they have answered, run the comparison again.")
