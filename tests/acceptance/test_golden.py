"""What a past version wrote and two parties signed is verified by this one, with the same answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from handover import __version__
from support.cli import handover

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = [
    (path.parent, case) for path in sorted(GOLDEN.glob("*/expected.json")) for case in json.loads(path.read_text())
]


@pytest.mark.parametrize(("folder", "case"), CASES, ids=[f"{f.name}-{c['bundle']}" for f, c in CASES])
def test_a_bundle_of_a_past_version_verifies_for_ever(folder, case):
    done = handover("verify", folder / case["bundle"], "--keys", folder / case["keys"])
    assert done.code == case["code"], done.out + done.err
    assert " ".join(done.out.split()).endswith(case["last"])


def test_no_version_that_is_still_being_written_is_frozen():
    assert CASES
    assert __version__ not in {folder.name for folder, _ in CASES}
