"""Write what each preset says into ``docs/how-to/presets.md``, from the presets themselves.

``python tests/support/preset_tables.py`` writes it; a test wants what is written to be what the presets say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from handover import presets
from handover.presets import Preset
from handover.rules import Rule

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "presets.md"
BEGIN = "<!-- from here on written by tests/support/preset_tables.py -->\n"


def tables() -> str:
    """Return the chapter of every preset."""
    panel = presets.load("panel")
    named = [panel, *(preset for name in presets.names() if (preset := presets.load(name)).name != panel.name)]
    return "\n".join(line for preset in named for line in _chapter(preset))


def page(written: str) -> str:
    """Return the whole page: what a person wrote, and the chapters below it."""
    return written.partition(BEGIN)[0] + BEGIN + tables() + "\n"


def _chapter(preset: Preset) -> Iterator[str]:
    own = f"{presets.ORIGIN}{preset.name}"
    others = sorted({rule.origin for rule in preset.rules} - {own})
    yield f"\n## `{preset.name}`: {preset.title}"
    if preset.database:
        yield f"Database: {preset.database}, not part of the handover."
    if preset.marks:
        yield f"Told by {_names(preset.marks)}."
    if preset.site is not None:
        yield f"Cannot work without {_names(preset.site.needs)}."
    if preset.site is not None and preset.site.core:
        yield f"Comes with the program: {_names(preset.site.core)}."
    if others:
        yield f"Takes the rules of {', '.join(f'`{origin.removeprefix(presets.ORIGIN)}`' for origin in others)} along."
    yield ""
    rows = [_row(rule) for rule in preset.rules if rule.origin == own]
    if rows:
        yield from ("| kind | pattern | reason |", "| --- | --- | --- |", *rows)


def _row(rule: Rule) -> str:
    lines = f", from `{rule.begin}` to `{rule.end}`" if rule.begin else ""
    return f"| `{rule.kind}` | `{rule.pattern}`{lines} | {rule.reason} |"


def _names(paths: tuple[str, ...]) -> str:
    return ", ".join(f"`{path}`" for path in paths)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
