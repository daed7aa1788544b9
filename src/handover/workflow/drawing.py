"""The protocol of a round in PDF: drawn when the round is made, and drawn again when it is verified.

typst, which draws it, is an extra. A round is whole without its PDF, and nothing that goes wrong here may cost a round.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from handover.errors import UsageError
from handover.evidence.inventory import protocol_name
from handover.evidence.policy import OpenFile
from handover.render import Differences
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


def protocols(
    report: Report, differences: Differences, languages: Iterable[str], remark: Callable[[str], None]
) -> Iterator[tuple[str, bytes]]:
    """Yield the protocol in each language with the name of its file; tell by ``remark`` why there is none."""
    if not can_draw():
        remark(wording.no_pdf(_HOW))
        return
    from handover.render import pdf  # typst with it

    for language in languages:
        try:
            yield protocol_name(language), pdf.render(report, differences, language=language)
        except pdf.NotDrawnError as error:
            remark(wording.pdf_failed(protocol_name(language), str(error)))


def check_protocols(
    report: Report, differences: Differences, recorded: Mapping[str, str], open_file: OpenFile
) -> Iterator[str]:
    """Yield a sentence for each recorded protocol that does not show this report; ``recorded`` gives its language.

    Only the version of typst that drew one can say so; where there is another, or none, nothing is said.
    """
    if not recorded or not can_draw():
        return
    from handover.render import pdf

    for name, language in recorded.items():
        with suppress(pdf.NotDrawnError):
            drawn = pdf.render(report, differences, language=language)
            with open_file(name) as stream:
                raw = stream.read(pdf.MAX_PDF)
            if raw != drawn and pdf.drawn_by(raw) == pdf.drawn_by(drawn):
                yield f"{name} does not show this report"
