"""What shows a report to people: drawn when the round is made, and drawn again when it is verified.

Pages and letters always; the protocol in PDF where typst, which is an extra, is installed. A round is whole without its
PDF, and nothing that goes wrong there may cost a round.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from contextlib import suppress

from handover.errors import UsageError
from handover.evidence.inventory import page_name, protocol_name
from handover.evidence.policy import OpenFile
from handover.paths import shown
from handover.render import Differences, languages_of
from handover.render.sampling import Excerpts
from handover.render.wording import protocols as wording
from handover.report import Report

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


def check(report: Report, differences: Differences, renderings: tuple[str, ...], open_file: OpenFile) -> Iterator[str]:
    """Yield a sentence for each of ``renderings`` that is none of this report, and for each that does not show it."""
    excerpts = Excerpts(differences)
    texts = dict(_texts(report, differences, excerpts))
    protocols = {protocol_name(language): language for language in languages_of(report)}
    # SECURITY: what stands beside the pages under the signatures, and was never drawn again, could say anything.
    yield from (f"{shown(name)} is no page of this report" for name in renderings if name not in {*texts, *protocols})
    there = {name: language for name, language in protocols.items() if name in renderings}
    yield from _check_protocols(report, excerpts, there, open_file)
    for name, text in texts.items():
        with open_file(name) as stream:
            if stream.read(len(text) + 1) != text:
                yield f"{name} does not show this report"


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


def _check_protocols(
    report: Report, excerpts: Excerpts, recorded: dict[str, str], open_file: OpenFile
) -> Iterator[str]:
    """Yield a sentence for each recorded protocol that does not show this report; ``recorded`` gives its language.

    Only the version of typst that drew one can say so; where there is another, or none, nothing is said.
    """
    if not recorded or not can_draw():
        return
    from handover.render import pdf

    for name, language in recorded.items():
        with suppress(pdf.NotDrawnError):
            drawn = pdf.render(report, excerpts, language=language)
            with open_file(name) as stream:
                raw = stream.read(pdf.MAX_PDF)
            if raw != drawn and pdf.drawn_by(raw) == pdf.drawn_by(drawn):
                yield f"{name} does not show this report"
