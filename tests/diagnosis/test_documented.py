"""The list of causes for people and the causes of the program are the same."""

from __future__ import annotations

import re
from pathlib import Path

from handover.diagnosis import causes
from handover.diagnosis.causes import CAUSES
from handover.diagnosis.causes.gaps import _TITLES as GAPS
from handover.diagnosis.causes.names import _TITLES as NAMES
from handover.diagnosis.causes.transforms import transforms
from handover.diagnosis.traits import Trait

DOC = Path(__file__).parents[2] / "docs/how-to/causes.md"


def test_every_cause_that_can_be_told_is_documented_and_no_other():
    sources = "".join(path.read_text() for path in Path(causes.__file__).parent.glob("*.py"))
    told = set(re.findall(r'cause="([a-z_]+)"', sources)) | set(
        re.findall(r'^ +"((?:older|edited)_\w+)",$', sources, re.MULTILINE)
    )
    told |= {f"names_{kind}" for kind in NAMES}
    told |= {f"refused_{trait}" for trait in Trait}
    told |= {f"{group}_on_{side}" for group in GAPS for side in ("source", "target")}
    rows = [line.split(" | ")[0] for line in DOC.read_text().splitlines() if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([a-z0-9_]+)`", row)} - {"high", "medium", "low"}
    assert documented == told


def test_every_module_of_a_cause_is_in_the_list():
    modules = {path.stem for path in Path(causes.__file__).parent.glob("*.py")} - {"__init__", "transforms"}
    assert {cause.__module__.rpartition(".")[2] for cause in CAUSES} == modules
    assert {transform.kind for transform in transforms()} == set(NAMES)
