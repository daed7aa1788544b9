"""A report, a scan and a verification as text for a terminal, with colours or without.

Pure: a value goes in, a string comes out. Foreign strings reach ``rich`` only inside ``Text``, never as markup, and
only after ``paths.shown``: it would pass escape sequences through to the terminal.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from handover.comparison import PathClass, Verdict
from handover.evidence.pdf_findings import PdfState, SignedPdf
from handover.evidence.verification import Check, Signature, Verification
from handover.render import Differences, Scanned, page, sampling, side_facts
from handover.render.wording import codes, pdfs, verification
from handover.render.wording.arrived import arrived
from handover.render.wording.causes import unexplained
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS
from handover.render.wording.language import foreign, name, noun, number, plain, say, size
from handover.render.wording.remarks import beside, carried, gap_sentences
from handover.render.wording.steps import next_steps
from handover.report import PartReport, Report

#: How many differences by name are shown, and how many folders.
LIMIT: Final = 20
_FOLDERS: Final = 8

#: Spaces at the end of a line, with the colour codes among them.
_TAIL = re.compile(r"(?: |\x1b\[[0-9;]*m)+\Z")
_VERDICT_STYLE = {
    Verdict.NOT_COMPLETE: "bold red",
    Verdict.UNDETERMINED: "bold yellow",
    Verdict.COMPLETE_AS_AGREED: "bold green",
    Verdict.COMPLETE: "bold green",
}
_MARK_STYLE = {"-": "red", "~": "magenta", "!": "magenta", "T": "magenta", "m": "magenta", "?": "yellow", "+": "cyan"}


def render(
    report: Report,
    differences: Differences,
    *,
    folder: Path | None,
    width: int,
    color: bool,
    limit: int = LIMIT,
) -> str:
    """Return the report as text; ``folder`` is where its bundle is, when it is kept."""
    blocks = [_verdict(report), _scope(report), *_remarks(report)]
    for part in report.parts:
        blocks += _part(report, part, differences, limit // max(1, len(report.parts)))
    blocks += _findings(report)
    blocks.append(_steps(report, kept=folder is not None))
    if folder is not None:
        blocks.append(_text(say("The report and all evidence are in {folder}", folder=name(os.fsencode(folder)))))
    return _drawn(blocks, width=width, color=color)


def scanned(output: Path, done: Scanned, *, color: bool, width: int = 80) -> str:
    """Return what a scan recorded, and where."""
    trailer = done.trailer
    total = say(
        "{entries} entries, {size}, in {file}",
        entries=number(trailer.counts.total),
        size=size(trailer.bytes),
        file=name(os.fsencode(output)),
    )
    whole = trailer.status == "complete"
    title = LABELS["scan_complete"] if whole else LABELS["scan_gaps"]
    facts = _grid()
    if trailer.content_root is not None:
        facts.add_row(_label("content_receipt"), _text(side_facts.receipt(trailer.content_root)))
    if trailer.structure_root is not None:
        facts.add_row(_label("structure_receipt"), _text(side_facts.receipt(trailer.structure_root)))
    blocks: list[RenderableType] = [_text(title, "bold green" if whole else "bold yellow"), _text(total)]
    blocks += [_bullet("!", gap, "yellow") for gap in gap_sentences(trailer.gaps, noun("this host"))]
    if not done.header.options.recheck:
        blocks.append(_bullet("!", LABELS["scan_no_recheck"], "yellow"))
    if trailer.carried is not None and trailer.carried.files:
        blocks.append(_bullet("!", carried(trailer.carried, done.header.base, noun("this host")), "yellow"))
    blocks += [facts, _text(say("Next: handover sign {file}", file=name(os.fsencode(output))))]
    return _drawn(blocks, width=width, color=color)


def verified(done: Verification, *, color: bool, width: int) -> str:
    """Return each step of a verification, each signature, and the outcome in one clear last line."""
    steps = _grid()
    for check in done.checks:
        steps.add_row(_passed(check), _text(f"{check.step}"), _text(verification.STEPS[check.name]), _detail(check))
    blocks: list[RenderableType] = [steps]
    if done.signatures:
        blocks.append(Group(_title(LABELS["signatures"]), *map(_signature, done.signatures)))
    if done.pdfs:
        blocks.append(Group(_title(LABELS["pdfs"]), *(line for pdf in done.pdfs for line in _pdf(pdf))))
    style = "bold green" if done.exit_code == 0 else "bold yellow" if done.verified else "bold red"
    blocks.append(Group(*map(_text, verification.said_apart(done)), _text(verification.last_line(done), style)))
    return _drawn(blocks, width=width, color=color)


def _drawn(blocks: list[RenderableType], *, width: int, color: bool) -> str:
    """Return the blocks with an empty line between them, and without spaces at the ends of lines."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        markup=False,
        emoji=False,
        highlight=False,
        legacy_windows=False,
        # The environment must not change what is drawn: the caller has looked at it.
        _environ={},
    )
    with console.capture() as captured:
        for number_of, block in enumerate(blocks):
            if number_of:
                console.print()
            console.print(block)
    return "".join(f"{_TAIL.sub(_codes_only, line)}\n" for line in captured.get().splitlines())


def _codes_only(tail: re.Match[str]) -> str:
    return tail[0].replace(" ", "")


def _text(words: str, style: str = "") -> Text:
    return Text(plain(words), style=style, overflow="fold")


def _title(words: str) -> Text:
    return _text(words, "bold")


def _label(key: str) -> Text:
    return _text(LABELS[key], "dim")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.show_edge = False
    return grid


def _bullet(mark: str, words: str, style: str = "") -> Table:
    grid = _grid()
    grid.add_column(width=max(1, len(mark)))
    grid.add_column(overflow="fold")
    grid.add_row(Text(mark, style=style), _text(words))
    return grid


def _verdict(report: Report) -> RenderableType:
    said = headline(report)
    title = Text.assemble(
        (said.word, _VERDICT_STYLE[report.verdict]),
        (plain(say("   {case}, round {round}", case=foreign(report.case.name), round=number(report.round))), "dim"),
        overflow="fold",
    )
    return Group(title, *map(_text, (*said.sentences, *arrived(report))), _text(first_action(report), "bold"))


def _scope(report: Report) -> RenderableType:
    grid = _grid()
    grid.add_row(_label("scope_short"), _text(" · ".join(codes.scope(report)), "bold"))
    grid.add_row(_label("strength"), _text(codes.strength(report)))
    return grid


def _remarks(report: Report) -> Iterator[RenderableType]:
    remarks = beside(report)
    if remarks:
        yield Group(*(_bullet("!", remark, "yellow") for remark in remarks))


def _part(report: Report, part: PartReport, differences: Differences, limit: int) -> Iterator[RenderableType]:
    if part.comparison is None:
        return
    yield _numbers(part)
    if part.folders:
        yield _where(part)
    total = sampling.total(part.comparison)
    if total and limit:
        sides = codes.sides_of(report)
        rows = [page.row(found, sides) for found in sampling.first(part.comparison, differences(part.name), limit)]
        title = say("{label} ({shown})", label=LABELS["names"], shown=codes.shown_of(len(rows), total))
        yield Group(_title(title), _names(rows), *_legend(rows))


def _numbers(part: PartReport) -> RenderableType:
    assert part.comparison is not None
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(Text(plain(foreign(part.name)), style="bold"), min_width=24)
    table.add_column(LABELS["paths"], justify="right", no_wrap=True)
    table.add_column(LABELS["size"], justify="right", no_wrap=True)
    for row in page.class_sums(part.comparison):
        mark = codes.class_mark(row.kind)
        style = "green" if row.kind is PathClass.SAME else _MARK_STYLE.get(mark, "")
        table.add_row(Text(f"{mark} {row.label}", style=style), _text(row.paths), _text(row.size))
    return table


def _where(part: PartReport) -> RenderableType:
    folders = page.folders(part)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    shown = folders.rows[:_FOLDERS]
    title = say("{label} ({shown})", label=LABELS["where"], shown=codes.shown_of(len(shown), folders.total))
    # With all columns a line has no room for more: their names are long in other languages.
    table.add_column(LABELS["folder"], overflow="fold", min_width=24 if len(folders.columns) < 4 else 12)
    for column in (*folders.columns, LABELS["size"]):
        table.add_column(column, justify="right", no_wrap=True)
    for folder in shown:
        words = say("{folder} ({whole})", folder=folder.name, whole=LABELS["whole"]) if folder.whole else folder.name
        table.add_row(_text(words), *map(_text, folder.numbers), _text(folder.size))
    return Group(_title(title), table)


def _names(rows: list[page.Row]) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(width=1)
    table.add_column(overflow="fold", ratio=3)
    table.add_column(overflow="fold", ratio=2, style="dim")
    table.expand = True
    for row in rows:
        table.add_row(Text(row.mark, style=_MARK_STYLE.get(row.mark, "dim")), _text(row.path), _text(row.reasons))
    return table


def _legend(rows: list[page.Row]) -> Iterator[RenderableType]:
    seen = {row.mark for row in rows}
    used = (say("{mark} {words}", mark=mark, words=words) for mark, words in codes.MARKS.items() if mark in seen)
    yield _text(say("Marks: {marks}", marks=codes.listing(used)), "dim")


def _findings(report: Report) -> Iterator[RenderableType]:
    rest = unexplained(report)
    if report.findings or rest:
        lines: list[RenderableType] = [_title(LABELS["causes"])]
        for finding in report.findings:
            texts = codes.finding_texts(finding)
            words = say("{title} ({sure})", title=texts.title, sure=codes.CONFIDENCES[finding.confidence])
            lines.append(_bullet("*", words))
            lines += [Padding(_text(remedy, "dim"), (0, 0, 0, 3)) for remedy in texts.remedy]
        lines += [_bullet("?", sentence, "yellow") for sentence in rest]
        yield Group(*lines)


def _steps(report: Report, *, kept: bool) -> RenderableType:
    lines = (_bullet(f"{place}.", step) for place, step in enumerate(next_steps(report, kept=kept), start=1))
    return Group(_title(LABELS["next"]), *lines)


def _passed(check: Check) -> Text:
    return Text(LABELS["passed"], style="green") if check.passed else Text(LABELS["failed"], style="bold red")


def _detail(check: Check) -> Text:
    return _text(foreign(check.detail), "" if check.passed else "red")


def _signature(signature: Signature) -> RenderableType:
    good = signature.valid and signature.trusted
    return _bullet("+" if good else "!", verification.signature(signature), "green" if good else "yellow")


def _pdf(pdf: SignedPdf) -> Iterator[RenderableType]:
    good = pdf.state is PdfState.SIGNED
    yield _bullet("+" if good else "!", pdfs.document(pdf), "" if good else "yellow")
    for signed in pdf.signatures:
        yield Padding(_text(pdfs.signature(signed, pdf.state), "" if signed.intact else "red"), (0, 0, 0, 3))
