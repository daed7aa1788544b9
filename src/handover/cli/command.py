"""How commands are declared, and their help: plain text, with each panel of options under a heading of its own.

typer draws boxes with rich for it, whose import takes longer than all the rest of ``handover --help``.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Protocol

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from handover.cli.values import commands, parameters

_MOST_WIDTH: Final = 100
#: What is wider leaves the rest of its line empty.
_MOST_NAME: Final = 24
#: How every help begins.
USAGE: Final = "Usage: "
_HELP_ROW: Final = ("-h, --help", "Show this message and exit.")

EXIT_CODES: Final = (
    "Exit codes:\n"
    "  0 complete · 1 not complete · 2 usage or terms · 3 undetermined · 4 not verified\n"
    "  5 malformed file · 6 remote host · 7 local disk · 8 refused · 9 waiting · 70 bug"
)

#: What is typed, and what it does.
Row = tuple[str, str]


class Called(Protocol):
    """What the help needs to know of the call: the words that lead to the command."""

    @property
    def command_path(self) -> str:
        """The program and the names of the commands."""


class Command(TyperCommand):
    """One command."""

    def get_help(self, ctx: Called) -> str:
        """Return the help: usage, what the command does, arguments, options by panel, the end."""
        arguments = [
            (each.metavar or each.name.upper(), each.help or "")
            for each in parameters(self)
            if isinstance(each, TyperArgument)
        ]
        panels: dict[str, list[Row]] = {"Arguments": arguments, "Options": []}
        for each in parameters(self):
            if isinstance(each, TyperOption):
                panels.setdefault(each.rich_help_panel or "Options", []).append(_option(each))
        panels["Options"].append(_HELP_ROW)
        usage = " ".join([ctx.command_path, "[OPTIONS]", *(name for name, _ in arguments)])
        return _page(usage, self.help, panels, self.epilog)


class Group(TyperGroup):
    """Several commands under one name."""

    def get_help(self, ctx: Called) -> str:
        """Return the help: usage, what the commands are for, options, the commands, the end."""
        options = [_option(each) for each in parameters(self) if isinstance(each, TyperOption)]
        below = [(each.name or "", _paragraphs(each.help)[0]) for each in commands(self)]
        panels = {"Options": [*options, _HELP_ROW], "Commands": below}
        return _page(f"{ctx.command_path} [OPTIONS] COMMAND", self.help, panels, self.epilog)


def add(app: typer.Typer, name: str, function: Callable[..., Any], *examples: str) -> None:
    """Add a command; its help ends with the examples and with what the exit codes mean."""
    lines = "\n".join(f"  {example}" for example in examples)
    app.command(name, cls=Command, epilog=f"Examples:\n{lines}\n\n{EXIT_CODES}")(function)


def _option(option: TyperOption) -> Row:
    names = ", ".join(sorted(option.opts, key=len))
    if option.is_flag:
        return names, option.help or ""
    default = "" if option.default is None else f" [default: {option.default}]"
    required = " [required]" if option.required else ""
    return f"{names} {option.metavar or 'N'}", f"{option.help or ''}{default}{required}"


def _page(usage: str, text: str | None, panels: dict[str, list[Row]], end: str | None) -> str:
    width = min(shutil.get_terminal_size().columns, _MOST_WIDTH)
    blocks = [f"{USAGE}{usage}", *(textwrap.fill(each, width) for each in _paragraphs(text))]
    rows = [name for panel in panels.values() for name, _ in panel if len(name) <= _MOST_NAME]
    indent = 2 + max(map(len, rows)) + 2
    blocks += [f"{title}:\n" + "\n".join(_rows(panel, indent, width)) for title, panel in panels.items() if panel]
    for block in (end or "").split("\n\n"):
        # What has lines of its own keeps them: examples are copied.
        blocks.append(block if "\n" in block else textwrap.fill(block, width))
    return "\n\n".join(filter(None, blocks))


def _rows(rows: Iterable[Row], indent: int, width: int) -> Iterator[str]:
    for name, text in rows:
        lines = textwrap.wrap(text, max(width - indent, 20), break_on_hyphens=False)
        first = f"  {name}".ljust(indent)
        if len(name) > _MOST_NAME:
            yield first
            first = " " * indent
        yield (first + f"\n{' ' * indent}".join(lines)).rstrip()


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(each.split()) for each in (text or "").split("\n\n")]
