"""Which kind of site lies in a folder or is recorded in a manifest, by the files that only such a site has."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from handover import presets, strict_json
from handover.files import local_io
from handover.presets import Preset

_PANEL = "panel"


@dataclass(frozen=True, slots=True)
class Detected:
    """A preset, and the file that speaks for it."""

    preset: Preset
    mark: str


def panel() -> Preset:
    """Return what fits every hosting."""
    return presets.load(_PANEL)


def site_in_folder(root: Path) -> Detected | None:
    """Return the kind of site in a folder on this machine; ``None`` when none is known, or several are."""
    found = [Detected(preset, mark) for preset, mark in _marks() if (root / mark).is_file()]
    return _only(found)


def site_in_manifest(manifest: Path) -> Detected | None:
    """Return the kind of site that a manifest records; ``None`` when none is known, or several are."""
    # The bytes of an entry are fixed as far as its type, so a search in the file is exact, and takes no parsing.
    with (
        local_io(manifest),
        manifest.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as raw,
    ):
        return _only([Detected(preset, mark) for preset, mark in _marks() if raw.find(_entry(mark)) >= 0])


def _only(found: list[Detected]) -> Detected | None:
    return found[0] if len({one.preset.name for one in found}) == 1 else None


def _marks() -> Iterator[tuple[Preset, str]]:
    for name in presets.names():
        preset = presets.load(name)
        for mark in preset.marks:
            yield preset, mark


def _entry(mark: str) -> bytes:
    return b'\n{"path":' + strict_json.encode(mark) + b',"type":"file"'
