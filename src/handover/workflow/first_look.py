"""The first answer, in seconds: names and sizes of both sides, before any content is read.

It can prove loss and never completeness, so it is talk beside the result: the verdict comes from the full reading.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from handover.compare import Likeness
from handover.digests import Algorithm
from handover.errors import HandoverError
from handover.locations.location import ManifestFile
from handover.manifest_reader import Reader
from handover.render.wording.talk import first_look
from handover.report import PartReport, SideInput, compare_part
from handover.rules import RuleSet
from handover.workflow.reading import Reading, SidePlan, read_both


@dataclass(frozen=True, slots=True)
class Looked:
    """What the first look met: for each side why it could not be read, or ``None``; and how alike both sides are."""

    troubles: tuple[HandoverError | None, ...]
    likeness: Likeness | None = None


def look(part: str, sides: Sequence[SidePlan], rules: RuleSet, reading: Reading) -> Looked:
    """List both sides, tell what is missing already, and let the progress know how much there is to read.

    Nothing is done when there is nothing to gain: contents are not to be read, or a side is a manifest already.
    """
    unknown = Looked(tuple(None for _ in sides))
    if not reading.choices.first_look or reading.choices.algorithm is Algorithm.NONE:
        return unknown
    if any(isinstance(side.location, ManifestFile) for side in sides):
        return unknown
    choices = replace(reading.choices, algorithm=Algorithm.NONE, recheck=False)
    with tempfile.TemporaryDirectory(prefix="handover-") as scratch:
        outputs = [Path(scratch) / f"{number}.listing" for number, _ in enumerate(sides)]
        troubles = read_both(part, sides, rules, outputs, replace(reading, choices=choices))
        if any(troubles):
            return Looked(tuple(troubles))
        compared = _compared(part, outputs, rules, reading)
    if compared.comparison is not None and compared.likeness is not Likeness.SAME_ROOT:
        reading.world.remark(first_look(compared.comparison))
    return Looked(tuple(troubles), compared.likeness)


def _compared(part: str, outputs: Sequence[Path], rules: RuleSet, reading: Reading) -> PartReport:
    with ExitStack() as files:
        readers = [Reader(files.enter_context(path.open("rb")), where=path.name) for path in outputs]
        inputs = [SideInput("", path.name, reader) for path, reader in zip(outputs, readers, strict=True)]
        compared = compare_part(part, inputs[0], inputs[1], rules, lambda _: None)
        for reader in readers:
            role = reader.header.role
            if role is not None:
                reading.progress.expect(role.value, files=reader.trailer.counts.file, bytes=reader.trailer.bytes)
    return compared
