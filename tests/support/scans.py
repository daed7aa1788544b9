"""Scans of real trees by the real agent, and their manifests read back and audited."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from handover import manifest_reader
from handover.entries import Entry, HostStat
from handover.locations.channel import Channel, Host
from handover.locations.local import LocalChannel, LocalHost
from handover.manifest import Header, RanBy, Standing, Trailer
from handover.scan import Clock, Effort, ScanRequest, Stage, Totals, scan
from handover.scan.scanner import SYSTEM_CLOCK

#: As root nothing is unreadable; with these words before the interpreter chmod 000 means it.
DROPPED = "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search"


def powerless() -> str:
    """Return what makes the agent obey permissions."""
    return DROPPED if os.geteuid() == 0 else ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest that was audited, by path; ``contents`` are the bytes before ``host`` in order."""

    header: Header
    trailer: Trailer
    entries: dict[bytes, Entry]
    hosts: dict[bytes, HostStat]
    contents: list[bytes]

    def gaps(self) -> dict[bytes, tuple[str, str | None]]:
        """Return kind and errno of every gap."""
        return {path: (e.gap.value, e.errno) for path, e in self.entries.items() if e.gap is not None}


def request(root: Path | bytes, **changes: object) -> ScanRequest:
    """Return a request for a local scan with two workers."""
    path = os.fsencode(root)
    usual = ScanRequest(
        root=path,
        location="the tree",
        part="web",
        ran_by=RanBy(standing=Standing.SELF_DECLARED),
        effort=Effort(2, polite=False),
        route="local",
        idle_timeout_s=30.0,
    )
    return replace(usual, **changes)


def scan_tree(
    root: Path | bytes,
    *,
    host: Host | None = None,
    progress: Callable[[Stage, int], None] | None = None,
    clock: Clock = SYSTEM_CLOCK,
    **changes: object,
) -> Manifest:
    """Scan a tree and return its manifest; ``progress`` is called with stage and number of files."""
    folder = Path(tempfile.mkdtemp())
    try:
        output = folder / "out.manifest"
        try:
            header, trailer = scan(host or LocalHost(), request(root, **changes), output, Hearer(progress), clock)
        except BaseException:
            _assert_left(folder, set())
            raise
        _assert_left(folder, {output.name})
        return read(output, header, trailer)
    finally:
        shutil.rmtree(folder)


def _assert_left(folder: Path, names: set[str]) -> None:
    left = {path.name for path in folder.iterdir()}
    assert left == names, f"left behind: {left}"


def read(path: Path, header: Header, trailer: Trailer) -> Manifest:
    """Audit a manifest and return it."""
    with path.open("rb") as stream:
        audited = manifest_reader.audit(stream, where="test", scratch=tempfile.TemporaryFile)
    assert audited[:2] == (header, trailer)
    entries, hosts, contents = {}, {}, []
    with path.open("rb") as stream:
        reader = manifest_reader.Reader(stream, where="test")
        for line in reader.lines():
            entries[line.path] = reader.parse(line)
            hosts[line.path] = reader.parse_host(line)
            contents.append(line.content)
    return Manifest(header, trailer, entries, hosts, contents)


class Hearer:
    """Progress for a function."""

    def __init__(self, hear: Callable[[Stage, int], None] | None = None) -> None:
        self._hear = hear

    def update(self, side: str, totals: Totals) -> None:
        assert side
        if self._hear is not None:
            self._hear(totals.stage, totals.files)


class WatchedHost(LocalHost):
    """This machine, with the channels and what came through them kept."""

    def __init__(self) -> None:
        self.channels: list[WatchedChannel] = []

    def start(self, command: str) -> Channel:
        channel = WatchedChannel(super().start(command))
        self.channels.append(channel)
        return channel


class WatchedChannel:
    """A local channel that remembers."""

    def __init__(self, channel: LocalChannel) -> None:
        self._channel = channel
        self.received = b""
        self.pid = channel._process.pid

    def receive(self, timeout_s: float) -> bytes:
        data = self._channel.receive(timeout_s)
        self.received += data
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self._channel, name)
