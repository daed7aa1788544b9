"""Modes, owners and times that the terms ask for and that the way did not keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import number, plural, quoted, say, text
from handover.report import Fact

_KEYS = 4096
#: Of several that leave the same of the modes that there are, the one that stands first is told: the most usual.
_MASKS = (0o022, 0o002, 0o077, 0o027, 0o007, 0o026, 0o037)
_FEW, _MANY = 3, 10


class Metadata(Cause):
    """Differences in modes that one umask explains, owners that were mapped, times that are those of the copy."""

    kinds = frozenset({PathClass.METADATA})

    def __init__(self) -> None:
        self._modes: Counter[tuple[int, int]] = Counter()
        self._owners: Counter[tuple[str, str]] = Counter()
        self._times = self._later = 0

    def add(self, seen: Observation) -> None:
        """Take one difference in what the terms require."""
        modes, owners = _modes(seen), (seen.source_stat.user or "", seen.target_stat.user or "")
        if modes is not None and (modes in self._modes or len(self._modes) < _KEYS):
            self._modes[modes] += 1
        if "owner" in seen.why and (owners in self._owners or len(self._owners) < _KEYS):
            self._owners[owners] += 1
        if "mtime" in seen.why:
            self._times += 1
            self._later += (seen.target_stat.modified_ns or 0) > (seen.source_stat.modified_ns or 0)

    def hypotheses(self, _: Scene, /) -> Iterator[Hypothesis]:
        """Yield a umask, a mapping of owners, and times that were not kept."""
        yield from self._umask()
        yield from self._mapping()
        if self._times and 10 * self._later >= 9 * self._times:
            yield Hypothesis(
                cause="times_not_kept",
                weight=Weight.SEPARATED,
                confidence="high" if self._times >= _FEW else "medium",
                title=say("Times were not kept: files carry the time of the copy"),
                evidence=(
                    plural(
                        self._later,
                        "{n} of {all} files is newer on the target, with equal content.",
                        "{n} of {all} files are newer on the target, with equal content.",
                        all=number(self._times),
                    ),
                ),
                remedy=(
                    say(
                        "Set them again from the source: {command}",
                        command=text("rsync -rt --existing SOURCE/ TARGET/"),
                    ),
                ),
                explains=lambda seen: seen.kind is PathClass.METADATA and seen.why == ("mtime",),
            )

    def _umask(self) -> Iterator[Hypothesis]:
        total = self._modes.total()
        counts = {mask: sum(n for modes, n in self._modes.items() if _masked(modes, mask)) for mask in _MASKS}
        mask, count = max(counts.items(), key=lambda item: item[1])
        if not count or 10 * count < 9 * total:
            yield from self._uniform(total)
            return
        (old, new), _ = next(item for item in self._modes.most_common() if _masked(item[0], mask))
        yield Hypothesis(
            cause="umask",
            weight=Weight.SEPARATED,
            confidence="high" if count >= _FEW else "medium",
            title=say(
                "Permissions were cut by a umask of {mask}: modes were not kept on the way", mask=text(f"{mask:03o}")
            ),
            evidence=(
                plural(
                    count,
                    "{n} path has on the target exactly what {mask} leaves of its mode, for example {new} for {old}.",
                    "{n} paths have on the target exactly what {mask} leaves of their mode, for example {new} for "
                    "{old}.",
                    mask=text(f"{mask:03o}"),
                    new=text(f"{new:04o}"),
                    old=text(f"{old:04o}"),
                ),
            ),
            remedy=(
                say(
                    "Copy with modes (rsync -a, cp -a, tar -p), or set them from the source: {command}",
                    command=text("rsync -rp --existing SOURCE/ TARGET/"),
                ),
            ),
            explains=lambda seen: (modes := _modes(seen)) is not None and _masked(modes, mask),
            facts=(Fact(name="umask", value=f"{mask:03o}"),),
        )

    def _uniform(self, total: int) -> Iterator[Hypothesis]:
        """Yield the modes that nearly all have on the target: one for files and one for folders, or one for both."""
        modes: Counter[int] = Counter()
        for (_, there), count in self._modes.items():
            modes[there] += count
        common = modes.most_common(2)
        if not total or 10 * sum(count for _, count in common) < 9 * total or total < _FEW:
            return
        known = frozenset(mode for mode, _ in common)
        yield Hypothesis(
            cause="modes_not_kept",
            weight=Weight.SEPARATED,
            confidence="high" if total >= _MANY else "medium",
            title=say(
                "Permissions were set anew on the target: nearly all have {modes}",
                modes=text(", ".join(f"{mode:04o}" for mode, _ in common)),
            ),
            evidence=(
                plural(
                    total,
                    "{n} path has other permissions than on the source.",
                    "{n} paths have other permissions than on the source.",
                ),
            ),
            remedy=(
                say("If the new ones are meant, do not require `mode`. Else set them from the source: {command}",
                    command=text("rsync -rp --existing SOURCE/ TARGET/")),
            ),
            explains=lambda seen: (modes := _modes(seen)) is not None and modes[1] in known,
            facts=tuple(Fact(name="mode", value=f"{mode:04o}") for mode, _ in common),
        )  # fmt: skip

    def _mapping(self) -> Iterator[Hypothesis]:
        if not self._owners:
            return
        (old, new), count = self._owners.most_common(1)[0]
        if 10 * count < 9 * self._owners.total():
            return
        yield Hypothesis(
            cause="owner_mapped",
            weight=Weight.SEPARATED,
            confidence="high" if count >= _FEW else "medium",
            title=say(
                "What belonged to {old} belongs to {new} on the target",
                old=quoted(old.encode()),
                new=quoted(new.encode()),
            ),
            evidence=(plural(count, "{n} path has that new owner.", "{n} paths have that new owner."),),
            remedy=(
                say("If accounts have other names on the new host, this is as it should be: do not require `owner`."),
            ),
            explains=lambda seen: (
                seen.kind is PathClass.METADATA
                and "owner" in seen.why
                and (seen.source_stat.user, seen.target_stat.user) == (old, new)
            ),
        )


def _modes(seen: Observation) -> tuple[int, int] | None:
    """Return both modes of a path, when they differ."""
    source, target = seen.source_stat.bits, seen.target_stat.bits
    if seen.kind is not PathClass.METADATA or "mode" not in seen.why or source is None or target is None:
        return None
    return source, target


def _masked(modes: tuple[int, int], mask: int) -> bool:
    """Whether the second mode is what a umask leaves of the first; the three special bits go in any copy."""
    source, target = modes
    return source & 0o777 & ~mask == target & 0o777 and target & ~0o777 & ~source == 0
