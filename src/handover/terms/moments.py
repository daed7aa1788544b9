"""Dates and times of the terms: local time of the case, each one instant or refused."""

from __future__ import annotations

import re
import zoneinfo
from datetime import UTC, datetime, time, timedelta, tzinfo
from difflib import get_close_matches
from typing import Final

from handover.errors import UsageError
from handover.paths import shown
from handover.terms.model import Moment

#: Dates until which something holds: without a time of day they mean the end of that day.
UNTIL: Final = ("complete_by", "source_ends")
#: Names that the database has; not files beside it, which mean another thing on each machine.
_ZONE = re.compile(
    r"(?!localtime\b|posixrules\b|posix/|right/)[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}", re.ASCII
)
_MOMENT = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?", re.ASCII)
_EXAMPLES: Final = "Write 2026-12-01, or 2026-11-28T22:00 in the time zone of the case."


def is_utc(name: str) -> bool:
    """Whether a time zone of this name is UTC itself, by one of the names that it mostly has."""
    return name in ("UTC", "Etc/UTC")


def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name, or raise ``UsageError``."""
    if is_utc(name):
        return UTC
    try:
        if _ZONE.fullmatch(name):
            return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    near = get_close_matches(name[:40], zoneinfo.available_timezones(), n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(f"there is no time zone {shown(name[:80])}", hint=f"{guess}Write it like Europe/Warsaw, or UTC.")


def moment_of(text: str, zone: tzinfo, *, whole_day: bool) -> Moment:
    """Return the instant that ``text`` means in ``zone``; with ``whole_day`` a date without a time is its end."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise UsageError(f"a date cannot be {shown(text[:80])}", hint=_EXAMPLES)
    try:
        day = datetime.fromisoformat(found[1])
        clock = time.fromisoformat(found[2] or "00:00")
    except ValueError:
        raise UsageError(f"there is no such date or time as {shown(text)}", hint=_EXAMPLES) from None
    if found[2] is None:
        midnight = day + timedelta(days=1) if whole_day else day
        return Moment(text, midnight.replace(tzinfo=zone).astimezone(UTC))
    return Moment(text, _instant(datetime.combine(day, clock), zone, text))


def _instant(local: datetime, zone: tzinfo, text: str) -> datetime:
    """Return the one instant at which clocks in ``zone`` show ``local``."""
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    times = "never" if first.astimezone(zone).replace(tzinfo=None) != local else "twice"
    raise UsageError(
        f"clocks in {zone} show {text} {times}, because they are put forward or back then",
        hint="Write a time that is there once, or set timezone to UTC.",
    )
