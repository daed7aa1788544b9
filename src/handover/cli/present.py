"""Show the outcome of a round: on the terminal, as JSON, and as JUnit XML beside it."""

from __future__ import annotations

from pathlib import Path

from handover.cli.console import Console
from handover.files import new_file
from handover.workflow.outcome import Outcome

_SHOWN = 20


def present(outcome: Outcome, console: Console, *, limit: int, junit: Path | None) -> int:
    """Tell the outcome and return its exit code; text and code come from one report."""
    # Each rendering brings libraries of its own; only what is asked for is waited for.
    if junit is not None:
        from handover.render import junit as junit_xml

        with new_file(junit) as stream:
            stream.write(junit_xml.render(outcome.report, outcome.differences).encode())
    folder = outcome.folder if outcome.kept else None
    if console.json:
        from handover.render import result

        console.result(result.round_document(outcome.report, outcome.differences, outcome.exit_code, folder, limit))
    else:
        from handover.render import terminal

        console.result(
            terminal.render(
                outcome.report,
                outcome.differences,
                folder=folder,
                width=console.width,
                color=console.color,
                limit=_SHOWN,
            )
        )
    return outcome.exit_code
