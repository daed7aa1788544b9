"""One sshd for the tests that only look at it, and a check that no test leaves anything behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.leftovers import nothing_is_left
from support.sshd import Sshd

__all__ = ["nothing_is_left", "sshd"]


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("shared"), host_key_kinds=("ed25519", "ecdsa", "rsa")) as server:
        yield server
