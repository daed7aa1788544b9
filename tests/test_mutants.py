"""The tool behind ``make mutants``: it finds what refuses, takes out that one thing, and sees what the tests say."""

from __future__ import annotations

import ast
import os
import time
from types import ModuleType

import pytest

from mutants.checks import checks, compiled
from mutants.running import forked, function_of

TEXT = """
class Reader:
    @classmethod
    def read(cls, raw, limit, pair):
        if not raw or len(raw) > limit or not 0 < raw[0] <= 9:
            raise ValueError("no")
        if pair != (1, 2) and (pair[0], limit) != (3, 4):
            raise ValueError("no")
        cls.check(raw)
        try:
            return bytes(raw).decode("ascii")
        except UnicodeDecodeError as error:
            raise ValueError("not ascii") from error

    @staticmethod
    def check(raw):
        if 7 in raw:
            return
        raise LookupError


def problem(value) -> str | None:
    return "too small" if value < 1 else None


def odd(value) -> bool:
    if value is None:
        return False
    return value % 2 == 1 and value != 13
"""


def module(chosen: int | None = None) -> ModuleType:
    made = ModuleType("made")
    exec(compile(TEXT, "made", "exec"), vars(made))
    if chosen is not None:
        install_into(made, chosen)
    return made


def install_into(made: ModuleType, chosen: int) -> None:
    code = compiled(TEXT, "made", chosen)
    for check in checks(ast.parse(TEXT)):
        function_of(made, check.function).__code__ = code(check.function)


def said(made: ModuleType) -> list[object]:
    """Return what comes of everything that is refused, and of something that is not."""
    reads = (
        *(([], 9, (1, 2)), ([7] * 10, 9, (1, 2)), ([0, 7], 9, (1, 2)), ([10, 7], 12, (1, 2)), ([1], 9, (1, 2))),
        *(([7], 4, (5, 6)), ([7], 5, (3, 6)), ([7], 4, (3, 6)), ([7, 200], 9, (1, 2)), ([7], 9, (1, 2))),
    )
    calls = [
        *[lambda read=read: made.Reader.read(*read) for read in reads],
        *[lambda value=value: made.odd(value) for value in (None, 13, 14)],
        lambda: made.problem(0),
    ]
    results: list[object] = []
    for call in calls:
        try:
            results.append(call())
        except (ValueError, LookupError, TypeError) as error:
            results.append(type(error))
    return results


def test_each_check_that_is_taken_out_shows_and_nothing_else_does():
    found = checks(ast.parse(TEXT))
    whole = said(module())
    assert {check.function for check in found} == {"Reader.read", "Reader.check", "problem", "odd"}
    for check in found:
        without = said(module(check.number))
        told = [place for place, (here, there) in enumerate(zip(whole, without, strict=True)) if here != there]
        assert told, check.change
        assert len(told) < len(whole) / 2, check.change
    assert said(module(len(found))) == whole


def test_checks_are_named_by_what_they_do():
    changes = [check.change for check in checks(ast.parse(TEXT))]
    for change in (
        "`not raw or len(raw) > limit or (not 0 < raw[0] <= 9)` without `not raw`",
        "`0 < raw[0] <= 9` without `0 < raw[0]`",
        "`(pair[0], limit) != (3, 4)` without limit",
        "without cls.check(raw)",
        "without turning UnicodeDecodeError into an error of ours",
        "`7 in raw` is always True",
        "`value < 1` is always False",
        "`value % 2 == 1 and value != 13` without `value != 13`",
    ):
        assert change in changes
    assert len(changes) == len(set(changes))


def test_work_in_processes_comes_back_and_what_ends_early_is_none():
    assert dict(forked([lambda: "done", lambda: os._exit(0), lambda: [0]], 2)) == {0: "done", 1: None, 2: [0]}
    for wrong, error in ((lambda: 1 // 0, ZeroDivisionError), (lambda: bytes(2**33), MemoryError)):
        with pytest.raises(error):
            list(forked([wrong], 1))


def test_what_a_process_leaves_behind_is_ended():
    def leave() -> int:
        pid = os.fork()
        if pid == 0:
            time.sleep(60)
            os._exit(0)
        return pid

    ((_, pid),) = forked([leave], 1)
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("it is still there")
