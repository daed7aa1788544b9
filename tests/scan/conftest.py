"""No scan leaves anything behind."""

from __future__ import annotations

from support.leftovers import nothing_is_left

__all__ = ["nothing_is_left"]
