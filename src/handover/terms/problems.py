"""What is wrong with a file that a person wrote: every problem at once, each with its line and column."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handover.errors import UsageError

_SHOWN_AT_MOST = 30


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something begins in a file; both count from 1, columns in characters."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that is wrong, and what to do about it; both are harmless text."""

    place: Place
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.what}. {self.hint}" if self.hint else self.what


class TermsError(UsageError):
    """Terms that cannot be used; ``problems`` in the order of the file."""

    def __init__(self, problems: Iterable[Problem], *, where: str) -> None:
        self.problems = tuple(sorted(set(problems)))
        first, *others = self.problems
        if not others:
            super().__init__(first.what, where=f"{where}:{first.place}", hint=first.hint)
            return
        listed = [f"{where}:{problem.place}: {problem}" for problem in self.problems[:_SHOWN_AT_MOST]]
        if len(self.problems) > len(listed):
            listed.append(f"and {len(self.problems) - len(listed)} more")
        super().__init__("\n".join([f"{len(self.problems)} problems", *listed]), where=where)
