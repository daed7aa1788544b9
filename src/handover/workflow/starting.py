"""``handover init``: the terms of a new case, pre-filled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from handover.errors import UsageError
from handover.files import local_io, new_file
from handover.locations import location
from handover.paths import shown
from handover.terms import template
from handover.workflow.case import TERMS_NAME
from handover.workflow.surroundings import Surroundings

_ID_BYTES = 16
_SOURCE = "ssh://user@old.example/home/user/public_html"
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


def start(request: Start, world: Surroundings) -> tuple[Path, str]:
    """Write ``handover.yaml`` into the folder; return its path and the id of the case."""
    for text in filter(None, (request.source, request.target)):
        location.parse(text, Path.cwd())
    case_id = world.token(_ID_BYTES).hex()
    text = template(
        case_id=case_id,
        case=request.case or shown(request.folder.resolve().name),
        source=_absolute(request.source) or _SOURCE,
        target=_absolute(request.target) or _TARGET,
        timezone=request.timezone or local_timezone(),
        preset=request.preset or "",
    )
    with local_io(request.folder):
        request.folder.mkdir(parents=True, exist_ok=True)
    path = request.folder / TERMS_NAME
    with new_file(path) as stream:
        stream.write(text.encode())
    return path, case_id


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
