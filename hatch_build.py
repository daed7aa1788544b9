"""Compiles the catalogues when the package is built: for the wheel, from the sdist, and in place for a working copy."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Catalogues(BuildHookInterface[Any]):
    """The one step beside what hatchling does."""

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        """Compile what the wheel takes along."""
        root = Path(self.root)
        runpy.run_path(str(root / "tools/catalogues.py"))["compile_all"](root)
