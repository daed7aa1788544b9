"""After every scan nothing of it is left: no thread, no descriptor, no process, and the working folder is the same."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from support.processes import descendants, wait_until


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    threads, descriptors, here = set(threading.enumerate()), _descriptors(), os.getcwd()
    children = {one.pid for one in descendants(os.getpid())}
    yield
    assert os.getcwd() == here
    assert wait_until(lambda: set(threading.enumerate()) <= threads), threading.enumerate()
    assert wait_until(lambda: _descriptors() <= descriptors)
    assert wait_until(lambda: {one.pid for one in descendants(os.getpid())} <= children)
