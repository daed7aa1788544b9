"""Symbolic links that were followed, left out, written out as texts, or now point elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.tables import HashSet
from handover.diagnosis.words import number, plural, quoted, resend, say
from handover.digests import sha256_hex
from handover.entries import EntryType
from handover.report import Fact

_FEW = 3
_KEYS = 256
_SHA256_HEX = 64


class Links(Cause):
    """Links of the source that the target does not have as they were."""

    kinds = frozenset({PathClass.MISSING, PathClass.CHANGED, PathClass.TYPE_CHANGED})
    wants = Aspect.FILES

    def __init__(self) -> None:
        self._followed = self._dropped = self._written_out = 0
        self._followed_folders = HashSet()
        self._rewrites: Counter[tuple[bytes, bytes]] = Counter()
        self._first = {"followed": b"", "dropped": b"", "retargeted": b"", "written_out": b""}

    def add(self, seen: Observation) -> None:
        """Take one link."""
        if _was_written_out(seen):
            self._written_out += 1
            self._first["written_out"] = self._first["written_out"] or seen.path
        elif _was_followed(seen):
            self._followed += 1
            self._first["followed"] = self._first["followed"] or seen.path
            if seen.target is not None and seen.target.type is EntryType.DIR:
                self._followed_folders.add(seen.path)
        elif _was_dropped(seen):
            self._dropped += seen.is_unit
            self._first["dropped"] = self._first["dropped"] or seen.path
        elif _was_retargeted(seen) and seen.source is not None and seen.target is not None:
            self._first["retargeted"] = self._first["retargeted"] or seen.path
            rewrite = _rewrite(seen.source.target_bytes(), seen.target.target_bytes())
            if len(self._rewrites) < _KEYS or rewrite in self._rewrites:
                self._rewrites[rewrite] += 1

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield what became of the links."""
        arrived = scene.census.links
        if self._followed:
            yield self._were_followed(arrived)
        if self._written_out:
            yield self._were_written_out(scene)
        if self._dropped and not arrived:
            yield self._were_dropped(scene)
        if self._rewrites:
            yield self._were_retargeted()

    def _were_followed(self, arrived: int) -> Hypothesis:
        return Hypothesis(
            cause="links_followed",
            weight=Weight.PROVEN,
            confidence="medium" if arrived > self._followed else "high",
            title=say("Links were followed: the target has copies of what they point to"),
            evidence=(
                plural(
                    self._followed,
                    "{n} link of the source is a file or a folder on the target, for example {path}; {arrived} are "
                    "still links.",
                    "{n} links of the source are files or folders on the target, for example {path}; {arrived} are "
                    "still links.",
                    path=quoted(self._first["followed"]),
                    arrived=number(arrived),
                ),
            ),
            remedy=(
                say(
                    "Copy links as links: rsync -a or cp -a; not scp -r, cp -rL, zip without -y, or most FTP programs."
                ),
            ),
            explains=lambda seen: (
                _was_followed(seen)
                or (seen.kind is PathClass.EXTRA and any(p in self._followed_folders for p in _above(seen.path)))
            ),
        )

    def _were_written_out(self, scene: Scene) -> Hypothesis:
        return Hypothesis(
            cause="links_written_out",
            weight=Weight.PROVEN,
            confidence="high",
            title=say("Links became files that hold the name of what they pointed to"),
            evidence=(
                plural(
                    self._written_out,
                    "{n} link of the source is a file with just that text on the target, for example {path}.",
                    "{n} links of the source are files with just that text on the target, for example {path}.",
                    path=quoted(self._first["written_out"]),
                ),
            ),
            remedy=(
                say(
                    "Copy links as links: rsync -a or cp -a; not Git with `core.symlinks=false`, and not over Windows "
                    "or a network share."
                ),
                resend(scene.context.part),
            ),
            explains=_was_written_out,
        )

    def _were_dropped(self, scene: Scene) -> Hypothesis:
        return Hypothesis(
            cause="links_dropped",
            weight=Weight.SEPARATED,
            confidence="high" if self._dropped >= _FEW else "medium",
            title=say("Links were left out: the program or the filesystem does not carry them"),
            evidence=(
                plural(
                    self._dropped,
                    "{n} link is missing and none arrived, for example {path}.",
                    "{n} links are missing and none arrived, for example {path}.",
                    path=quoted(self._first["dropped"]),
                ),
            ),
            remedy=(say("Use a program that carries links:"), resend(scene.context.part)),
            explains=_was_dropped,
        )

    def _were_retargeted(self) -> Hypothesis:
        (old, new), count = self._rewrites.most_common(1)[0]
        total = self._rewrites.total()
        one_way = count >= 2 and 2 * count > total
        return Hypothesis(
            cause="links_retargeted",
            weight=Weight.PROVEN,
            confidence="high",
            title=say("Links point elsewhere: {old} became {new}", old=quoted(old), new=quoted(new))
            if one_way
            else say("Links point elsewhere"),
            evidence=(
                plural(
                    total,
                    "{n} link has another target, for example {path}.",
                    "{n} links have other targets, for example {path}.",
                    path=quoted(self._first["retargeted"]),
                ),
            ),
            remedy=(
                say(
                    "If the new targets are meant, agree to them with `may_differ`. Else copy links as they are: "
                    "rsync -a."
                ),
            ),
            explains=_was_retargeted,
            facts=(Fact(name="from", value=paths.shown(old)), Fact(name="to", value=paths.shown(new))),
        )


def _was_followed(seen: Observation) -> bool:
    return _is_no_link_there(seen) and not _was_written_out(seen)


def _was_written_out(seen: Observation) -> bool:
    """Whether a file has the target of the link as its content, as far as the digest can tell."""
    source, target = seen.source, seen.target
    if not _is_no_link_there(seen) or source is None or target is None or target.type is not EntryType.FILE:
        return False
    pointed_to = source.target_bytes()
    if target.size != len(pointed_to):
        return False
    return len(target.digest or "") != _SHA256_HEX or target.digest == sha256_hex(pointed_to)


def _is_no_link_there(seen: Observation) -> bool:
    return seen.kind is PathClass.TYPE_CHANGED and seen.source is not None and seen.source.type is EntryType.LINK


def _was_dropped(seen: Observation) -> bool:
    return seen.kind is PathClass.MISSING and seen.entry.type is EntryType.LINK


def _was_retargeted(seen: Observation) -> bool:
    return seen.kind is PathClass.CHANGED and "link_target" in seen.why


def _above(path: bytes) -> Iterator[bytes]:
    while path:
        path = path.rpartition(b"/")[0]
        yield path


def _rewrite(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    """Return the beginnings of two targets before the components that both end with."""
    ours, theirs = old.split(b"/"), new.split(b"/")
    while len(ours) > 1 and len(theirs) > 1 and ours[-1] == theirs[-1]:
        ours.pop()
        theirs.pop()
    return b"/".join(ours), b"/".join(theirs)
