"""One sshd for the tests that only look at it, and a check that no test leaves a thread, descriptor or process."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator

import pytest

from support.processes import descendants, wait_until
from support.sshd import Sshd


def _descriptors() -> set[str]:
    found = set()
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the listing itself
            found.add(f"{number} {os.readlink(f'/proc/self/fd/{number}')}")
    return found


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    threads, descriptors = set(threading.enumerate()), _descriptors()
    children = {process.pid for process in descendants(os.getpid())}
    yield
    assert wait_until(lambda: set(threading.enumerate()) <= threads), threading.enumerate()
    assert wait_until(lambda: _descriptors() <= descriptors), _descriptors() - descriptors
    assert wait_until(lambda: {process.pid for process in descendants(os.getpid())} <= children)


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("shared"), host_key_kinds=("ed25519", "ecdsa", "rsa")) as server:
        yield server
