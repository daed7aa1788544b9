"""After every test nothing of it is left: no thread, no descriptor, no process, and the working folder is the same.

A folder of tests takes part by importing ``nothing_is_left`` into its ``conftest.py``.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import pytest

from support.processes import descendants, wait_until


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    here, before = os.getcwd(), _what_there_is()
    yield
    assert os.getcwd() == here
    wait_until(lambda: _what_there_is() <= before)
    assert not _what_there_is() - before


def _what_there_is() -> set[str]:
    return _threads() | _descriptors() | _processes()


def _threads() -> set[str]:
    return {f"thread {thread.ident} {thread.name}" for thread in threading.enumerate()}


def _descriptors() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the listing itself
            found.add(f"descriptor {number} {os.readlink(f'/proc/self/fd/{number}')}")
    return found


def _processes() -> set[str]:
    return {f"process {one.pid} {one.name}" for one in descendants(os.getpid())}
