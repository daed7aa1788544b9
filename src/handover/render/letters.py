"""What is sent to whom: one short plain text for each party, ready for a mail or a ticket, with one question in it.

Lines have at most 72 columns, but for names, places and commands, which stand on lines of their own. SECURITY: what is
foreign in them is escaped and shortened, so that no name begins a line that it was not given.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

import msgspec

from handover.comparison import Difference, PathClass
from handover.differences import missing_name, send_again
from handover.evidence.inventory import letter_name
from handover.render import Differences, language_of
from handover.render.asks import SIDE_OF, WELL, Ask, Request, lost, request_of, side_of
from handover.render.wording import letters as wording
from handover.render.wording.codes import ROLES, Sides, sides_of
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import common_folder, headline, losses, of_part, sentences_of
from handover.render.wording.language import foreign, name, number, plain, speaking
from handover.render.wording.steps import next_steps
from handover.report import PartReport, Party, Report

WIDTH: Final = 72
#: Names of hosts and of terms can be as long as they like.
_LONGEST: Final = 200
_NAMES: Final = 10
_INDENT: Final = "    "
_OF_THE_WHOLE: Final = (Ask.SIGN, Ask.NOTHING)
_ABOUT_LOSS: Final = (Ask.SEND_AGAIN, Ask.CONFIRM, Ask.MEND)


def letters(report: Report, differences: Differences) -> Iterator[tuple[str, str]]:
    """Yield the name of the file and the text for each party of the case."""
    for party in report.parties:
        language = language_of(party)
        yield letter_name(party.role, language), render(report, differences, party, language=language)


def render(report: Report, differences: Differences, party: Party, *, language: str) -> str:
    """Return the text for one party."""
    with speaking(language):
        if party.role in SIDE_OF:
            request = request_of(report, party.role)
            blocks = (*_head(report, party, request.parts), *_to_company(report, differences, party.role, request))
        else:
            blocks = (*_head(report, party, report.parts), *_to_client(report, party))
        return "\n\n".join(blocks) + "\n"


def _head(report: Report, party: Party, parts: tuple[PartReport, ...]) -> Iterator[str]:
    """Yield the lines by which a desk finds its customer, and the greeting."""

    def line(key: str, text: str) -> str:
        return _cut(wording.HEAD.say(key, text=text))

    lines = [] if party.reference is None else [line("reference", foreign(party.reference))]
    lines.append(line("role", ROLES[party.role]))
    for part in parts:
        if party.role in SIDE_OF:
            side = side_of(part, party.role)
            account = wording.account_of(side)
            lines += [line("account", account)] if account is not None else []
            lines.append(line("location", foreign(side.location)))
        else:
            lines += [
                line(key, foreign(side.location)) for key, side in (("source", part.source), ("target", part.target))
            ]
        lines.append(line("part", foreign(part.name)))
    yield "\n".join([*lines, line("case", foreign(report.case.name)), line("round", number(report.round))])
    yield wording.greeting()


def _to_company(report: Report, differences: Differences, role: str, request: Request) -> Iterator[str]:
    sides, ask = sides_of(report), request.ask
    limit = max(_NAMES // len(request.parts), 1)
    for part in request.parts:
        yield from _facts(report, part, sides, ask)
        yield from _names(differences, part, role, ask, limit)
        yield from _cause(report, part, ask)
        if ask not in _OF_THE_WHOLE:
            yield _wrapped(_told(report, part, wording.question(ask, part, role)))
    if ask in _OF_THE_WHOLE:
        yield _wrapped(wording.of_the_whole(ask))
    yield from _end(report, role, ask)


def _end(report: Report, role: str, ask: Ask) -> Iterator[str]:
    """Yield by when an answer is needed, what has to stay as it is until then, and how to answer."""
    sentences = []
    if ask is not Ask.NOTHING:
        sentences += [wording.nothing_else(), *filter(None, [wording.by_when(report)])]
    if role == "sender":
        sentences.append(wording.keep(report))
    if sentences:
        yield _wrapped(*sentences)
    if ask is not Ask.NOTHING:
        how, command = wording.how_to_answer(ask)
        yield _wrapped(how)
        if command is not None:
            yield _INDENT + command


def _facts(report: Report, part: PartReport, sides: Sides, ask: Ask) -> Iterator[str]:
    """Yield what was found in a part; where the question is about a loss, no more than that."""
    bare, comparison = _bare(part), part.comparison
    if ask in _ABOUT_LOSS and comparison is not None:
        yield _wrapped(*(_told(report, part, sentence) for sentence in losses(bare, comparison, sides)))
        yield from _folder(part)
    else:
        yield _wrapped(*(_told(report, part, sentence) for sentence in sentences_of(bare, sides)))


def _bare(part: PartReport) -> PartReport:
    """Return a part whose sentences name no folder: a name has a line of its own here."""
    return msgspec.structs.replace(part, folders=(), folders_total=0)


def _folder(part: PartReport) -> Iterator[str]:
    """Yield the folder of the loss, when it has one and everything that was lost is missing."""
    folder = common_folder(part)
    if folder is not None and part.comparison is not None and part.comparison.counts.missing == lost(part):
        yield f"{_wrapped(wording.in_one_folder())}\n{_cut(_INDENT + name(folder))}"


def _names(differences: Differences, part: PartReport, role: str, ask: Ask, limit: int) -> Iterator[str]:
    """Yield the first names of what is asked about, and how many follow."""
    if ask is Ask.READ:
        failure = side_of(part, role).failure
        told = () if failure is None else (failure.what, failure.where, failure.hint)
        yield "\n".join(_cut(_INDENT + foreign(text)) for text in told if text)
    total = _count(part, role, ask)
    if not total:
        return
    wanted = _wanted(ask, SIDE_OF[role])
    first = islice((each for each in differences(part.name) if wanted(each)), min(limit, total))
    lines = [_cut(_INDENT + name(each.path_bytes())) for each in first]
    rest = [_INDENT + plain(wording.more(part, ask, total - len(lines)))] if total > len(lines) else []
    yield "\n".join([_wrapped(wording.named_so()), *lines, *rest])


def _count(part: PartReport, role: str, ask: Ask) -> int:
    """Return about how many paths a question is that has names with it; zero for one that has none."""
    gaps, comparison = side_of(part, role).gaps, part.comparison
    if comparison is None:
        return 0
    if ask in _ABOUT_LOSS:
        return lost(part)
    if ask is Ask.ATTRIBUTES:
        return comparison.counts.metadata
    if ask is Ask.REMOVE:
        return comparison.counts.extra
    if gaps is None:
        return 0
    return {Ask.READABLE: gaps.unreadable, Ask.EXPLAIN: gaps.unsupported + gaps.boundary}.get(ask, 0)


def _wanted(ask: Ask, side: str) -> Callable[[Difference], bool]:
    """Return whether a question is about a path."""
    kind = {Ask.ATTRIBUTES: PathClass.METADATA, Ask.REMOVE: PathClass.EXTRA}.get(ask)
    if kind is not None:
        return lambda difference: difference.kind is kind
    codes = {Ask.READABLE: {f"unreadable_{side}"}, Ask.EXPLAIN: {f"unsupported_{side}", f"boundary_{side}"}}.get(ask)
    if codes is not None:
        return lambda difference: not codes.isdisjoint(difference.why)
    return lambda difference: bool(send_again(difference))


def _cause(report: Report, part: PartReport, ask: Ask) -> Iterator[str]:
    """Yield the likely cause and what helps; the receiver, who only has to look, is not told what to think of it."""
    found = wording.likely_cause(report, part) if ask in (Ask.SEND_AGAIN, Ask.MEND) else None
    if found is None:
        return
    cause, sentence = found
    yield _wrapped(sentence)
    for told, is_command in wording.remedies(cause):
        yield _cut(_INDENT + told) if is_command else _wrapped(told)


def _to_client(report: Report, party: Party) -> Iterator[str]:
    """Yield the summary for who has the case in hand: what not to do first, then what to send to whom."""
    yield _wrapped(first_action(report))
    yield _wrapped(*headline(msgspec.structs.replace(report, parts=tuple(map(_bare, report.parts)))).sentences)
    for part in report.parts:
        yield from _folder(part)
        if (found := wording.likely_cause(report, part)) is not None:
            yield _wrapped(_told(report, part, found[1]))
    agency = next((other for other in report.parties if other.role == "agency"), None)
    sends = tuple(_sends(report))
    if sends and agency is not None and party.role == "client":
        yield _wrapped(wording.sent_by(agency.name))
    elif sends:
        yield "\n".join([_wrapped(wording.send_these()), *sends])
        if report.verdict not in WELL:
            yield _wrapped(wording.run_again())
    else:
        yield from (_wrapped(step) for step in next_steps(report, kept=True))
    if report.verdict in WELL and party.role in report.required_signatures:
        yield from _signing()


def _sends(report: Report) -> Iterator[str]:
    """Yield a line for each text that has to be sent, and for the lists that go with it."""
    for party in report.parties:
        if party.role not in SIDE_OF:
            continue
        request = request_of(report, party.role)
        if request.ask is Ask.NOTHING:
            continue
        file = letter_name(party.role, language_of(party))
        yield _cut(_INDENT + wording.send(file, party.contact, party.name))
        if request.ask in _ABOUT_LOSS:
            yield from (_cut(_INDENT * 2 + wording.with_list(missing_name(part.name))) for part in request.parts)


def _signing() -> Iterator[str]:
    how, command = wording.how_to_answer(Ask.SIGN)
    yield _wrapped(wording.of_the_whole(Ask.SIGN), how)
    if command is not None:
        yield _INDENT + command


def _told(report: Report, part: PartReport, sentence: str) -> str:
    return of_part(part, sentence, alone=len(report.parts) == 1)


def _wrapped(*sentences: str) -> str:
    """Return a paragraph. A name that is longer than a line stays whole, so that it can be copied."""
    text = plain(" ".join(sentences))
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _cut(line: str) -> str:
    """Return a line of its own, without its middle when it is very long."""
    text = plain(line)
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]}…{text[-half:]}"
