"""Which files may stand in a bundle: those that ``SHA256SUMS`` lists, what was signed about them, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from handover.evidence import sums
from handover.evidence.pdf_findings import SUFFIX, PdfName
from handover.evidence.statement import FileName, subject_name

REPORT_NAME = "report.json"
RULES_NAME = "rules.json"
SUGGESTED_NAME = "rules.suggested.yaml"
RENDERING_PREFIX = "report."
_PDF = ".pdf"
_SIGNATURE = ".sig"
_TIME_STAMP = ".tsr"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Files of a bundle by what they are; ``problems`` name each that is missing or does not belong."""

    statements: tuple[FileName, ...]
    signed_pdfs: tuple[PdfName, ...]
    not_judged: tuple[str, ...]
    problems: tuple[str, ...]


def take(files: Collection[str], listed: Mapping[str, str]) -> Inventory:
    """Compare the names that are there with those that ``SHA256SUMS`` lists.

    Time stamps may be there; nothing is concluded from them, so they are ``not_judged``.
    """
    beside = sorted(set(files) - set(listed) - {sums.NAME})
    statements = [name for name in map(FileName.parse, beside) if name is not None]
    return Inventory(
        statements=tuple(sorted(statements, key=lambda name: (name.subject, name.role, name.number))),
        signed_pdfs=tuple(pdf for pdf in map(PdfName.parse, beside) if pdf is not None and pdf.original in listed),
        not_judged=tuple(name for name in beside if name.endswith(_TIME_STAMP)),
        problems=tuple(_problems(set(files), beside, listed)),
    )


def _problems(files: set[str], beside: list[str], listed: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({sums.NAME, *listed} - files):
        yield f"{name} is missing"
    for name in listed:
        if name == sums.NAME or is_beside(name):
            yield f"{name} is listed in {sums.NAME}, and may not be"
    for name in beside:
        problem = _beside_problem(name, files, listed)
        if problem:
            yield f"{name} {problem}"


def page_name(language: str) -> str:
    """Return the name of the page of a report in a language."""
    return f"{RENDERING_PREFIX}{language}.html"


def letter_name(role: str, language: str) -> str:
    """Return the name of the text for one party, in that party's language."""
    return f"{RENDERING_PREFIX}{role}.{language}.txt"


def is_rendering(name: str) -> bool:
    """Whether a file of this name shows the report to people."""
    return name.startswith(RENDERING_PREFIX) and name != REPORT_NAME


def protocol_name(language: str) -> str:
    """Return the name of the protocol of a round in a language."""
    return f"{RENDERING_PREFIX}{language}{_PDF}"


def is_beside(name: str) -> bool:
    """Whether a file of this name comes into a bundle after ``SHA256SUMS`` was made, and so is never listed there."""
    signature_of = FileName.parse(name.removesuffix(_SIGNATURE))
    return signature_of is not None or name.endswith((_TIME_STAMP, SUFFIX))


def _beside_problem(name: str, files: set[str], listed: Mapping[str, str]) -> str | None:
    if (statement := FileName.parse(name)) is not None:
        if statement.signature not in files:
            return "has no signature"
        about = subject_name(statement)
        return None if about == sums.NAME or about in listed else f"is about {about}, which is not in {sums.NAME}"
    if is_beside(name):
        if (signed := PdfName.parse(name)) is not None:
            return None if signed.original in listed else f"belongs to {signed.original}, which is not in {sums.NAME}"
        base = name.removesuffix(_SIGNATURE).removesuffix(_TIME_STAMP)
        return None if base in files else f"belongs to {base}, which is missing"
    return f"is not in {sums.NAME}"
