"""``handover scan``: one location, one manifest, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from handover.errors import UsageError
from handover.locations.location import ManifestFile
from handover.rules import RuleSet
from handover.workflow.reading import Reading, Scanned, SidePlan, check_output, scan_side


def scan_to(output: Path, part: str, side: SidePlan, rules: RuleSet, reading: Reading) -> Scanned:
    """Scan one side into ``output``; raises ``Refused`` before anything is read when it cannot be written there."""
    if isinstance(side.location, ManifestFile):
        raise UsageError("is a manifest already", where=side.shown, hint="Scan the folder that it was made of.")
    check_output(output, side)
    return scan_side(part, side, side.location, rules, output, reading, reading.progress)
