"""What is measured: the modules of the verifier and the parsers, and the tests that hold them to their promises."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).parents[2]
SOURCE: Final = TREE / "src"

_MODULES: Final = (
    "evidence/*.py",
    "terms/*.py",
    *(f"agents/{name}.py" for name in ("blocks", "chunks", "frames", "listing")),
    *(f"{name}.py" for name in ("bundles", "carrying", "digests", "effects", "entries", "hostless", "manifest")),
    *(f"{name}.py" for name in ("manifest_lines", "manifest_reader", "paths", "patterns", "proofs", "rules")),
    "strict_json.py",
)

#: All of them run in one process, without a server.
_TESTS: Final = (
    "tests/test_vectors.py",
    "tests/test_hostless.py",
    "tests/test_manifest.py",
    "tests/test_strict_json.py",
    "tests/test_paths.py",
    "tests/test_digests.py",
    "tests/test_terms.py",
    "tests/test_rules.py",
    "tests/test_proofs.py",
    "tests/test_carrying.py",
    "tests/test_differences.py",
    "tests/test_site.py",
    "tests/test_suggestions.py",
    "tests/evidence",
    "tests/agent/test_derived.py",
    "tests/agent/test_pieces.py",
    "tests/scan/test_listings.py",
)

#: They take seconds each, and tell nothing here that others do not tell.
_SLOW: Final = (
    "flipped_byte",
    "longest_file",
    "five_thousand_levels",
    "builder_writes_every_vector",
    "as_many_rules_as_are_allowed",
    "folder_in_many_pieces",
    "two_threads",
)

#: How pytest is called for them.
PYTEST: Final = (
    *("-q", "-p", "no:cacheprovider", "--hypothesis-profile=few", "-k", f"not ({' or '.join(_SLOW)})"),
    *(str(TREE / test) for test in _TESTS),
)


def modules() -> list[Path]:
    """Return the files of the modules, in the order of their names."""
    return sorted({path for pattern in _MODULES for path in (SOURCE / "handover").glob(pattern)})
