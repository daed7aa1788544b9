"""``handover init``: the terms of a new case, pre-filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handover.errors import UsageError
from handover.files import local_io, new_file
from handover.locations import location
from handover.locations.location import LocalFolder, ManifestFile
from handover.paths import shown
from handover.terms import template
from handover.workflow.case import TERMS_NAME
from handover.workflow.detecting import site_in_folder, site_in_manifest
from handover.workflow.surroundings import Surroundings

_ID_BYTES = 16
_SOURCE = "ssh://user@old.example/home/user/public_html"
#: The preset of a site of no known kind.
_OTHERWISE = "static"
_FOUND = "{mark} is there"
_NOTHING_FOUND = "no known kind of site is there: only what hosts add is left out"
_TARGET = "ssh://user@new.example/home/user/public_html"


@dataclass(frozen=True, slots=True)
class Start:
    """What is known of a new case; the rest is pre-filled with examples."""

    folder: Path
    case: str | None = None
    source: str | None = None
    target: str | None = None
    preset: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """The terms of a new case: where they are, its id, and the preset in them.

    ``mark`` is the file of the source that speaks for the preset; empty when it was given, or nothing spoke for one.
    """

    terms: Path
    case_id: str
    preset: str = ""
    mark: str = ""


def start(request: Start, world: Surroundings) -> Started:
    """Write ``handover.yaml`` into the folder; what lies at a source on this machine says which preset fits."""
    for text in filter(None, (request.source, request.target)):
        location.parse(text, Path.cwd())
    case_id = world.token(_ID_BYTES).hex()
    preset, mark = (request.preset, "") if request.preset else _preset_for(request.source)
    text = template(
        case_id=case_id,
        case=request.case or shown(request.folder.resolve().name),
        source=_absolute(request.source) or _SOURCE,
        target=_absolute(request.target) or _TARGET,
        timezone=request.timezone or local_timezone(),
        preset=preset,
        remark="" if request.preset else _FOUND.format(mark=mark) if mark else _NOTHING_FOUND,
    )
    with local_io(request.folder):
        request.folder.mkdir(parents=True, exist_ok=True)
    path = request.folder / TERMS_NAME
    with new_file(path) as stream:
        stream.write(text.encode())
    return Started(path, case_id, preset, mark)


def _preset_for(source: str | None) -> tuple[str, str]:
    """Return the preset that fits what lies at the source, and the file that says so; empty when it is not known.

    A host is not asked: the first round reads it anyway, and its suggested rules name what was found there.
    """
    match location.parse(source, Path.cwd()) if source else None:
        case LocalFolder(path):
            if not path.is_dir():
                return "", ""
            found = site_in_folder(path)
        case ManifestFile(path):
            found = site_in_manifest(path)
        case _:
            return "", ""
    return (_OTHERWISE, "") if found is None else (found.preset.name, found.mark)


def local_timezone() -> str:
    """Return the name of this machine's time zone, or UTC where it has none that others know."""
    try:
        link = str(Path("/etc/localtime").readlink())
    except OSError:
        return "UTC"
    _, found, zone = link.partition("zoneinfo/")
    return zone if found else "UTC"


def _absolute(text: str | None) -> str | None:
    """Return a location as it can stand in terms: paths on the command line are relative to where it was typed."""
    if text is None or "://" in text:
        return text
    if not text:
        raise UsageError("a location cannot be empty")
    return str(Path(text).expanduser().absolute())
