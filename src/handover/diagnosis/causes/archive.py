"""An archive that lies on the target and was never unpacked, while what it should hold is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import argument, plural, quoted, say, size, text
from handover.report import Fact
from handover.sentences import Sentence

_NAME = re.compile(rb"(?is)(.+?)\.(zip|tar|tar\.gz|tgz|tar\.bz2|tbz2?|tar\.xz|txz|tar\.zst|7z|rar|jpa|wpress)\Z")
_UNPACK = {b"zip": "unzip", b"7z": "7z x", b"rar": "unrar x"}
_FEW, _KEEP = 3, 16
_LARGE = 2**18


class Archive(Cause):
    """Extra archives on the target, held against the files that are missing."""

    kinds = frozenset({PathClass.MISSING, PathClass.EXTRA})
    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.FILES

    def __init__(self) -> None:
        self._archives: list[tuple[bytes, bytes, bytes, int]] = []
        self._roots: dict[bytes, int] = {}
        self._files = self._bytes = 0

    def add(self, seen: Observation) -> None:
        """Take one missing or extra path."""
        if seen.kind is PathClass.MISSING:
            self._files += seen.is_file
            self._bytes += seen.size
            if seen.whole is not None and (seen.whole in self._roots or len(self._roots) < 4096):
                self._roots[seen.whole] = self._roots.get(seen.whole, 0) + seen.is_file
        elif seen.is_file and len(self._archives) < _KEEP and (match := _NAME.match(seen.name)):
            before = seen.folder + b"/" if seen.folder else b""
            self._archives.append((seen.path, before + match[1], match[2].lower(), seen.size))

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the archive that is named for a missing folder, or that has the size for what is missing."""
        for path, stem, kind, length in self._archives:
            named = self._roots.get(stem, 0) >= _FEW
            # Pictures do not shrink in an archive, texts become a fifth.
            fits = self._files >= _FEW and self._bytes <= 12 * length and 4 * length <= 5 * self._bytes + 2**20
            if named or fits:
                yield self._unpacked_not(path, stem if named else None, kind, length, scene)

    def _unpacked_not(self, path: bytes, folder: bytes | None, kind: bytes, length: int, scene: Scene) -> Hypothesis:
        almost_nothing = 10 * scene.census.files <= self._files
        # Of one that is not small, this is no chance: it could as well be of any other size.
        fits_well = length >= _LARGE and length <= self._bytes + self._bytes // 8 and self._bytes <= 8 * length
        likely = folder is not None or almost_nothing or fits_well
        word = argument(path)
        unpack = text(f"{_UNPACK.get(kind, 'tar -xf')} {word}")
        command = (say("On the target: {command}", command=unpack),) if word else ()
        return Hypothesis(
            cause="archive_not_unpacked",
            weight=Weight.SEPARATED if likely else Weight.SHAPED,
            confidence="medium" if likely else "low",
            title=say(
                "The archive {path} lies on the target and may hold what is missing: it was not unpacked",
                path=quoted(path),
            ),
            evidence=(
                say("Only the target has it."),
                self._fitting(folder, length),
                say("What is in it was not looked at."),
            ),
            remedy=(*command, say("Then compare again.")),
            explains=lambda seen: (
                seen.path == path
                if seen.kind is PathClass.EXTRA
                else seen.kind is PathClass.MISSING and (folder is None or paths.is_below(seen.path, folder))
            ),
            facts=(Fact(name="archive", value=paths.shown(path)),),
        )

    def _fitting(self, folder: bytes | None, length: int) -> Sentence:
        if folder is not None:
            return plural(
                self._roots[folder],
                "A folder of that name is missing with {n} file.",
                "A folder of that name is missing with {n} files.",
            )
        return plural(
            self._files,
            "It has {length}; {n} file with {size} is missing.",
            "It has {length}; {n} files with {size} are missing.",
            length=size(length),
            size=size(self._bytes),
        )
