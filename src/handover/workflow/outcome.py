"""What a round leaves to its caller."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handover.comparison import Difference
from handover.errors import ExitCode, worst
from handover.report import Report, exit_codes
from handover.workflow.rounds import read_differences


@dataclass(frozen=True, slots=True)
class Outcome:
    """A report with the folder of its bundle; ``kept`` unless that folder goes away with the run."""

    report: Report
    folder: Path
    kept: bool

    def differences(self, part: str) -> Iterator[Difference]:
        """Yield the differences of one part, from the bundle."""
        return read_differences(self.folder, part)

    @property
    def exit_code(self) -> ExitCode:
        """The one code of the run that made this round."""
        return worst(exit_codes(self.report))
