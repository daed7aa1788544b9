"""The agent alone, exactly as the product would start it: the same command line, program and parameters.

What the product sends is caught by a host that starts nothing, so a change of the product needs no change here.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

from bench.measure import Command
from handover.agents.frames import FRAME, End, FrameType, parse_json
from handover.digests import Algorithm
from handover.errors import HandoverError, RemoteError
from handover.manifest import RanBy, Standing
from handover.scan import SYSTEM_CLOCK, Effort, ScanRequest
from handover.scan.session import Session

_NONCE = "be" * 16
_END = bytes([0xF7, FrameType.END])


class _Catcher:
    """A host and a channel that keep what they are given and do nothing."""

    shown = "nowhere"
    key_fingerprint = None

    def __init__(self) -> None:
        self.command = ""
        self.sent = b""

    def start(self, command: str) -> _Catcher:
        self.command = command
        return self

    def send(self, data: bytes) -> None:
        self.sent = data
        raise RemoteError("caught")

    def receive(self, timeout_s: float) -> bytes:
        raise TimeoutError(f"nothing comes within {timeout_s} s")

    def stderr_tail(self) -> bytes:
        return b""

    def exit_status(self, timeout_s: float) -> None:
        """Never ended."""

    def close(self) -> None:
        """Nothing is open."""


def agent(root: Path, digest: Algorithm, *, recheck: bool = False, polite: bool = False) -> Command:
    """Return the command of an agent that reads ``root``; its frames are drained and only the last one is read.

    ``polite``: as on somebody else's host, with the interpreter of the system.
    """
    request = ScanRequest(
        root=os.fsencode(root),
        location="the tree",
        part="web",
        ran_by=RanBy(standing=Standing.SELF_DECLARED),
        effort=Effort.polite_remote() if polite else Effort.local(),
        route="python" if polite else "local",
        digest=digest,
        recheck=recheck,
        allow_empty=True,
    )
    catcher = _Catcher()
    try:
        Session(catcher, request, replace(SYSTEM_CLOCK, nonce=lambda: _NONCE), lambda: None).close()
    except HandoverError:
        if not catcher.sent:
            raise
    words = shlex.split(catcher.command)
    return Command(tuple(words[1:] if words[0] == "exec" else words), sent=catcher.sent, believe=ended_well)


def ended_well(tail: bytes) -> bool:
    """Return whether a stream ends with the frame that only a whole scan has."""
    at = tail.rfind(_END)
    if at < 0:
        return False
    try:
        return parse_json(End, tail[at + FRAME.size :]).nonce == _NONCE
    except HandoverError:
        return False
