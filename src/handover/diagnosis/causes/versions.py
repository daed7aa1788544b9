"""Programs, plugins and themes that were updated on one side only: what they are made of differs all over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation, is_emptied
from handover.diagnosis.words import listed, number, plural, say
from handover.report import Fact

_LEAST, _ENOUGH = 2, 5
_TOLD = 3
_UNITS = 1024
_WORDPRESS = b"wp-includes/version.php"
#: Folders of programs, and the file in them, or beside them, in which their version stands.
_MARKS = {
    b"wp-includes": _WORDPRESS,
    b"wp-admin": _WORDPRESS,
    b"core": b"core/lib/Drupal.php",
    b"administrator": b"administrator/manifests/files/joomla.xml",
    b"libraries": b"administrator/manifests/files/joomla.xml",
    b"vendor": b"vendor/composer/installed.json",
}
_WORDPRESS_FILES = frozenset(
    b"index.php license.txt readme.html wp-activate.php wp-blog-header.php wp-comments-post.php wp-config-sample.php "
    b"wp-cron.php wp-links-opml.php wp-load.php wp-login.php wp-mail.php wp-settings.php wp-signup.php "
    b"wp-trackback.php xmlrpc.php".split()
)
_ADDED = (b"plugins", b"themes")
_KINDS = frozenset({PathClass.MISSING, PathClass.EXTRA, PathClass.CHANGED})


@dataclass(slots=True)
class _Unit:
    """What differs of one program; ``mark`` is the file with its version, once that was seen to differ."""

    mark: bytes = b""
    changed: int = 0
    missing: int = 0
    extra: int = 0

    @property
    def is_updated(self) -> bool:
        """Whether it may have another version."""
        return bool(self.mark) and self.changed >= _LEAST

    @property
    def has_others(self) -> bool:
        """Whether files came or went with the version: who edits, cuts or damages files makes none that are new."""
        return self.missing + self.extra >= _LEAST


class Versions(Cause):
    """Changed, missing and extra files of one program, with the file that holds its version among the changed."""

    kinds = _KINDS
    only_with = frozenset({PathClass.CHANGED})

    def __init__(self) -> None:
        self._units: dict[bytes, _Unit] = {}
        self._changed = 0

    def add(self, seen: Observation) -> None:
        """Take one difference."""
        self._changed += seen.kind is PathClass.CHANGED
        key = _unit_of(seen)
        if key is None or (key not in self._units and len(self._units) >= _UNITS):
            return
        unit = self._units.setdefault(key, _Unit())
        if seen.kind is PathClass.CHANGED:
            unit.changed += 1
            if not unit.mark and _is_mark(seen, key) and not is_emptied(seen):
                unit.mark = seen.path
        elif seen.kind is PathClass.MISSING:
            unit.missing += seen.is_file
        else:
            unit.extra += seen.is_file

    def hypotheses(self, _: Scene, /) -> Iterator[Hypothesis]:
        """Yield all that have another version together; where nothing else was changed, a few files are enough."""
        updated = {key: unit for key, unit in self._units.items() if unit.is_updated}
        alone = 10 * sum(unit.changed for unit in updated.values()) >= 9 * self._changed
        updated = {key: unit for key, unit in updated.items() if alone or unit.has_others}
        if not updated:
            return
        known = frozenset(updated)
        marks = sorted(unit.mark for unit in updated.values())
        changed = sum(unit.changed for unit in updated.values())
        missing = sum(unit.missing for unit in updated.values())
        extra = sum(unit.extra for unit in updated.values())
        sure = changed >= _ENOUGH and extra >= _LEAST
        yield Hypothesis(
            cause="other_version",
            weight=Weight.SEPARATED,
            confidence="high" if sure else "medium",
            title=say(
                "Programs have another version on the target: what holds the version differs, {names}",
                names=listed(marks),
            ),
            evidence=(
                plural(
                    changed,
                    "Of what they are made of, {n} file is changed, {missing} are missing and {extra} are only on the "
                    "target.",
                    "Of what they are made of, {n} files are changed, {missing} are missing and {extra} are only on "
                    "the target.",
                    missing=number(missing),
                    extra=number(extra),
                ),
            ),
            remedy=(
                say(
                    "If the update was meant, leave it; it comes from who makes the program. Else install the "
                    "version that the source has, or freeze updates on both sides and send the files again."
                ),
            ),
            explains=lambda seen: seen.kind in _KINDS and _unit_of(seen) in known,
            facts=tuple(Fact(name="mark", value=paths.shown(mark)) for mark in marks[:_TOLD]),
        )


def _unit_of(seen: Observation) -> bytes | None:
    """Return what a path belongs to: the path of the file with the version, or the folder of a plugin or theme."""
    if seen.name in _WORDPRESS_FILES and (not seen.folder or seen.name.startswith(b"wp-")):
        return seen.folder + b"/" + _WORDPRESS if seen.folder else _WORDPRESS
    return _unit_of_folder(seen.path if seen.is_folder else seen.folder)


@lru_cache(64)
def _unit_of_folder(folder: bytes) -> bytes | None:
    """Return the same for all files in a folder; one after the other is asked for many times."""
    names = folder.split(b"/")
    for depth, name in enumerate(names):
        if name == b"wp-content":
            added = len(names) > depth + 2 and names[depth + 1] in _ADDED
            return b"/".join(names[: depth + 3]) + b"/" if added else None
        if name in _MARKS:
            return b"/".join([*names[:depth], _MARKS[name]])
    return None


def _is_mark(seen: Observation, key: bytes) -> bool:
    """Whether a file holds the version of what it belongs to: a plugin's main file is named like its folder."""
    if not key.endswith(b"/"):
        return seen.path == key
    own = key[:-1].rpartition(b"/")[2]
    return seen.folder + b"/" == key and seen.name in (b"readme.txt", b"style.css", own + b".php")
