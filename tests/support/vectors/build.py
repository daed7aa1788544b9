"""Write ``tests/vectors`` anew, or count what is there.

``python tests/support/vectors/build.py`` writes; with ``--count`` it prints the number of cases of each kind, and with
``--lay-out DIR`` it makes a folder of each bundle, to be looked at with ``handover verify DIR/NAME``.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from support.vectors import ROOT, bundles, documents, files_of, manifests, signatures, signers, stored, terms, zips

_KINDS = (manifests, documents, signatures, signers, terms, bundles, zips)

#: What comes of a vector without a defect, when it is neither accepted nor refused.
OUTCOMES = ("not_complete", "undetermined", "waiting")


def build() -> dict[str, bytes]:
    """Return the content of ``tests/vectors`` by path."""
    return files_of(vector for kind in _KINDS for vector in kind.vectors())


def write() -> None:
    """Make ``tests/vectors`` what ``build`` returns, and nothing else."""
    files = build()
    for path in sorted(ROOT.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and path.parent != ROOT and str(path.relative_to(ROOT)) not in files:
            path.unlink()
    for name, raw in files.items():
        (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / name).write_bytes(raw)


def count() -> str:
    """Return how many cases are checked in, in all and of each kind."""
    kinds = Counter(vector.path.parent.name for vector in stored())
    told = ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    return f"vectors: {kinds.total()} ({told})"


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            write()
        case ["--lay-out", folder]:
            for vector in stored("bundles"):
                vector.lay_out(Path(folder) / vector.path.name)
    print(count())  # noqa: T201  # a script for people
