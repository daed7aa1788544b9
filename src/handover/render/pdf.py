"""The acceptance protocol as a PDF: PDF/A-3a with the report attached, PDF/UA-1, and a field for each signature.

The same report gives the same bytes, by the same version of typst: no clock, no font of the machine, no network.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Final

import msgspec
import typst

from handover.render import glyphs, pdf_fields
from handover.render.protocol import LIMIT, protocol
from handover.render.sampling import Excerpts
from handover.report import Report

#: More than any protocol has; a page takes 30 kB and the annex is capped.
MAX_PDF: Final = 64 * 2**20
_DRAWN_BY = re.compile(rb"/Creator\(([^()]*)\)")
_STANDARDS: Final[list[typst.PDFStandard]] = ["a-3a", "ua-1"]


class NotDrawnError(Exception):
    """What draws the PDF refused, or wrote something that we do not know: no input of ours should do that."""


def render(report: Report, excerpts: Excerpts, *, language: str, limit: int = LIMIT) -> bytes:
    """Return the PDF in ``language``, with at most ``limit`` differences by name.

    Raises ``NotDrawnError``.
    """
    content = protocol(report, excerpts, language=language, limit=limit)
    # SECURITY: names are values of the template and never part of its source; what they are made of is text.
    values = {
        "protocol": msgspec.json.encode(_printable(msgspec.to_builtins(content))).decode(),
        "report": report.to_bytes().decode(),
        "font": glyphs.FAMILY,
    }
    names = {box.role: glyphs.printable(box.alternative) for box in content.boxes}
    try:
        compiler = typst.Compiler(_template(), font_paths=_fonts(), ignore_system_fonts=True, sys_inputs=values)
        drawn = compiler.compile(
            format="pdf", pdf_standards=_STANDARDS, timestamp=datetime.fromisoformat(report.created_at)
        )
        assert isinstance(drawn, bytes)
        return pdf_fields.add(drawn, names)
    except (typst.TypstError, pdf_fields.OtherFormError) as error:
        raise NotDrawnError(str(error)) from error


def drawn_by(raw: bytes) -> bytes:
    """Return the program and version that a PDF says it was drawn by; only the same one can draw the same bytes."""
    found = _DRAWN_BY.search(raw)
    return b"" if found is None else found[1]


def _printable(value: object) -> object:
    """Return a value with every text in it such that the font can show it."""
    match value:
        case str():
            return glyphs.printable(value)
        case list() | tuple():
            return [_printable(item) for item in value]
        case dict():
            return {key: _printable(item) for key, item in value.items()}
        case _:
            return value


@cache
def _template() -> bytes:
    return (resources.files("handover.render") / "templates" / "protocol.typ").read_bytes()


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[glyphs.FOLDER])
