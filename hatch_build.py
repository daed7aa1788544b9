"""Compiles the catalogues when the package is built: for the wheel, from the sdist, and in place for a working copy."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Catalogues(BuildHookInterface[Any]):
    """The one step beside what hatchling does."""

    def initialize(self, _version: str, _build_data: dict[str, Any]) -> None:
        """Compile what the wheel takes along."""
        tool = importlib.util.spec_from_file_location("catalogues", Path(self.root) / "tools/catalogues.py")
        assert tool is not None
        assert tool.loader is not None
        catalogues = importlib.util.module_from_spec(tool)
        tool.loader.exec_module(catalogues)
        catalogues.compile_all(Path(self.root))
