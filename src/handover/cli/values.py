"""The words of a command line become values: text, numbers, paths, times, and choices out of an enumeration.

typer does this with pydantic, whose import takes longer than all other imports of a scan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, get_args

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from handover.paths import shown

Parameter = TyperArgument | TyperOption

#: How a word is read, and what it is told to be when it is not.
_READERS: Final[dict[type, tuple[Callable[[str], object], str]]] = {
    str: (str, "a text"),
    Path: (Path, "a path"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    datetime: (datetime.fromisoformat, "a time such as 2026-11-29T06:00"),
}


#: The method of a parameter that typer calls for what reads it. A typer that calls another one is slower, and as right.
_ASKED: Final = "get_runtime_param"


@dataclass(frozen=True, slots=True)
class Values:
    """The values of one parameter: their type, and the bounds of a number."""

    kind: type
    least: float | None
    most: float | None

    @classmethod
    def of(cls, parameter: Parameter) -> Values:
        """Return what the annotation of a parameter asks for."""
        asked = parameter.type_descriptor
        kind = get_args(asked.annotation)[0] if asked.is_list else asked.annotation
        return cls(kind, parameter.min, parameter.max)

    def coerce(self, value: object, param: Parameter, ctx: typer.Context) -> object:
        """Return what the words mean, or raise ``typer.BadParameter``; named and called by typer."""
        try:
            if isinstance(value, (list, tuple)):
                return [self._one(each) for each in value]
            return value if value is None else self._one(value)
        except ValueError as error:
            raise typer.BadParameter(str(error), ctx=ctx, param=param) from error

    def _one(self, value: object) -> object:
        # A default is a value already.
        found = self._parsed(value) if isinstance(value, str) else value
        # Written so that it is true of no number, too.
        if self.least is not None and not (isinstance(found, (int, float)) and found >= self.least):
            raise ValueError(f"{shown(str(value))} is less than {self.least:g}")
        if self.most is not None and not (isinstance(found, (int, float)) and found <= self.most):
            raise ValueError(f"{shown(str(value))} is more than {self.most:g}")
        return found

    def _parsed(self, word: str) -> object:
        if issubclass(self.kind, StrEnum):
            if word in list(self.kind):
                return self.kind(word)
            raise ValueError(f"{shown(word)} is none of {', '.join(self.kind)}")
        read, kind = _READERS[self.kind]
        try:
            return read(word)
        except ValueError:
            raise ValueError(f"{shown(word)} is not {kind}") from None


def read_by_values() -> None:
    """Let typer read the parameters of all commands by ``Values``."""
    for kind in (TyperArgument, TyperOption):
        setattr(kind, _ASKED, _values)


def _values(parameter: Parameter) -> Values:
    return Values.of(parameter)


def parameters(command: TyperCommand | TyperGroup) -> Iterator[Parameter]:
    """Yield the parameters of a command, in the order of its help."""
    return (each for each in command.params if isinstance(each, (TyperArgument, TyperOption)))


def commands(group: TyperCommand | TyperGroup) -> Iterator[TyperCommand | TyperGroup]:
    """Yield the commands below a group."""
    below = group.commands.values() if isinstance(group, TyperGroup) else ()
    return (each for each in below if isinstance(each, (TyperCommand, TyperGroup)))
