"""Test vectors: one folder for each case in ``tests/vectors``, with one defect and what has to come of it.

``vector.json`` in each folder says what is wrong (``defect``), what has to happen (``expect``, ``exit_code``) and what
a reader needs besides the files. Nothing here uses the product: the documents are written from their specifications, so
the vectors hold the product against ``docs/spec`` and not against itself. ``build.py`` writes the same bytes each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2] / "vectors"
ABOUT = "vector.json"

#: What comes of a vector, and the exit code that says so.
EXIT_CODES = {
    "valid": 0,
    "not_complete": 1,
    "usage": 2,
    "undetermined": 3,
    "not_verified": 4,
    "malformed": 5,
    "refused": 8,
    "waiting": 9,
}


@dataclass(frozen=True, slots=True)
class Vector:
    """One case: files by their names below its folder, and what has to come of them.

    ``round`` are the files of a bundle. Most of them are in many cases, so they are kept once, under their digest.
    """

    kind: str
    name: str
    expect: str
    defect: str
    files: Mapping[str, bytes]
    facts: Mapping[str, object] = field(default_factory=dict)
    round: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def about(self) -> bytes:
        """The bytes of ``vector.json``."""
        told = {"expect": self.expect, "exit_code": EXIT_CODES[self.expect], "defect": self.defect, **self.facts}
        if self.round:
            told["round"] = {name: kept_as(raw) for name, raw in sorted(self.round.items())}
        return json.dumps(told, indent=2, ensure_ascii=True).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Stored:
    """One case as it is checked in."""

    path: Path
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The kind and the name, such as ``zips/valid``."""
        return f"{self.path.parent.name}/{self.path.name}"

    @property
    def expect(self) -> str:
        """What has to come of it."""
        return str(self.about["expect"])

    def read(self, name: str) -> bytes:
        """Return the bytes of one of its files."""
        return (self.path / name).read_bytes()

    def lay_out(self, folder: Path) -> Path:
        """Write the bundle of a case into ``folder`` and return where it is."""
        if "round" not in self.about:
            return self.path / "bundle.zip"
        for name, kept in self.about["round"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / kept).read_bytes())
        return folder


def kept_as(raw: bytes) -> str:
    """Return where a file that several cases share is kept below ``tests/vectors``."""
    return f"files/{hashlib.sha256(raw).hexdigest()[:16]}"


def stored(kind: str = "*") -> list[Stored]:
    """Return the cases of one kind, or all, in the order of their names."""
    return [Stored(about.parent, json.loads(about.read_bytes())) for about in sorted(ROOT.glob(f"{kind}/*/{ABOUT}"))]


def files_of(vectors: Iterable[Vector]) -> dict[str, bytes]:
    """Return the content of ``tests/vectors`` by path; no two vectors may share a name."""
    files: dict[str, bytes] = {}
    for vector in vectors:
        for name, raw in ({ABOUT: vector.about} | dict(vector.files)).items():
            path = f"{vector.kind}/{vector.name}/{name}"
            if path in files:
                raise ValueError(f"{path} is there twice")
            files[path] = raw
        files |= {kept_as(raw): raw for raw in vector.round.values()}
    return files
