"""What shows a report to people: drawn when the round is made, and drawn again when it is verified.

Pages and letters always; the protocol in PDF where typst, which is an extra, is installed. A round is whole without its
PDF, and nothing that goes wrong there may cost a round.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator

from handover.errors import UsageError
from handover.evidence.inventory import page_name, protocol_name
from handover.evidence.policy import OpenFile, Redrawn
from handover.paths import shown
from handover.render import Differences, languages_of
from handover.render.sampling import Excerpts
from handover.render.wording import protocols as wording
from handover.report import Report

_OTHER = "{} does not show this report"
_HOW = "Install it with the extra pdf:  pipx install '.[pdf]'"


def can_draw() -> bool:
    """Whether what draws a PDF is installed."""
    return importlib.util.find_spec("typst") is not None


def need_pdf() -> None:
    """Raise ``UsageError`` when a PDF is wanted that nothing can draw."""
    if not can_draw():
        raise UsageError("a PDF needs typst, which is not installed", hint=_HOW)


def draw(
    report: Report, differences: Differences, remark: Callable[[str], None], *, protocol: bool
) -> Iterator[tuple[str, bytes]]:
    """Yield everything with the name of its file; tell by ``remark`` why a wanted ``protocol`` is not there."""
    excerpts = Excerpts(differences)
    yield from _texts(report, differences, excerpts)
    if protocol:
        yield from _protocols(report, excerpts, remark)


def check(report: Report, differences: Differences, renderings: tuple[str, ...], open_file: OpenFile) -> Redrawn:
    """Draw ``renderings`` again: each that is none of this report, or does not show it, is a problem."""
    excerpts = Excerpts(differences)
    texts = dict(_texts(report, differences, excerpts))
    protocols = {protocol_name(language): language for language in languages_of(report)}
    # SECURITY: what stands beside the pages under the signatures, and was never drawn again, could say anything.
    problems = [f"{shown(name)} is no page of this report" for name in renderings if name not in {*texts, *protocols}]
    not_judged = []
    for name in (name for name in renderings if name in protocols):
        shows = _shows(report, excerpts, name, protocols[name], open_file)
        if shows is None:
            not_judged.append(name)
        elif not shows:
            problems.append(_OTHER.format(name))
    for name, text in texts.items():
        with open_file(name) as stream:
            if stream.read(len(text) + 1) != text:
                problems.append(_OTHER.format(name))
    return Redrawn(tuple(problems), tuple(not_judged))


def _texts(report: Report, differences: Differences, excerpts: Excerpts) -> Iterator[tuple[str, bytes]]:
    """Yield a page in each language, and a letter to each party."""
    from handover.render import html, letters  # jinja2 takes 0.1 s to import

    for language in languages_of(report):
        yield page_name(language), html.render(report, excerpts, language=language).encode()
    for name, letter in letters.letters(report, differences):
        yield name, letter.encode()


def _protocols(report: Report, excerpts: Excerpts, remark: Callable[[str], None]) -> Iterator[tuple[str, bytes]]:
    if not can_draw():
        remark(wording.no_pdf(_HOW))
        return
    from handover.render import pdf  # typst with it

    for language in languages_of(report):
        try:
            yield protocol_name(language), pdf.render(report, excerpts, language=language)
        except pdf.NotDrawnError as error:
            remark(wording.pdf_failed(protocol_name(language), str(error)))


def _shows(report: Report, excerpts: Excerpts, name: str, language: str, open_file: OpenFile) -> bool | None:
    """Whether a protocol shows this report; ``None`` when there is no typst, or not the version that could say so."""
    if not can_draw():
        return None
    from handover.render import pdf

    try:
        drawn = pdf.render(report, excerpts, language=language)
    except pdf.NotDrawnError:
        return None
    with open_file(name) as stream:
        raw = stream.read(pdf.MAX_PDF)
    return raw == drawn if pdf.drawn_by(raw) == pdf.drawn_by(drawn) else None
