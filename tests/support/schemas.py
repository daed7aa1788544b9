"""Build the JSON Schemas (draft 2020-12) of documents from their types, so that the two cannot differ.

``python tests/support/schemas.py`` writes them into ``docs/spec``; a test wants the written ones to be the built ones.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from handover import differences, manifest
from handover.agents import frames
from handover.agents.loader import Parameters
from handover.challenge import ChallengeDocument
from handover.comparison import Difference
from handover.entries import Entry, HostStat
from handover.render import documents
from handover.report import Report

SPEC = Path(__file__).parents[2] / "docs" / "spec"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


class EntryLine(Entry):
    """One path; ``host`` stands last, and outside of what is compared."""

    host: HostStat | None = None


BUILT: dict[str, tuple[str, tuple[type, ...]]] = {
    "manifest.schema.json": (
        "One line of a manifest: the header, an entry, or the trailer",
        (manifest.Header, EntryLine, manifest.Trailer),
    ),
    "report.schema.json": ("report.json of a round", (Report,)),
    "differences.schema.json": (
        "One line of PART.differences.jsonl: the first line, or a difference",
        (differences.FileHeader, Difference),
    ),
    "challenge.schema.json": ("PART.challenge.json", (ChallengeDocument,)),
    "agent-protocol.schema.json": (
        "The JSON of the agent protocol: the parameters, and the frames HELLO, OWNERS, END and ERROR",
        (Parameters, frames.Hello, frames.Owners, frames.End, frames.Trouble),
    ),
    "result.schema.json": (
        "What --json prints for compare and run, or for a command that failed",
        (documents.Result, documents.ErrorResult),
    ),
    "replies.schema.json": (
        "What --json prints for the other commands",
        (
            documents.ScanResult,
            documents.SignedResult,
            documents.PdfSignedResult,
            documents.PreparedResult,
            documents.StartedResult,
            documents.TrustedResult,
        ),
    ),
}


def build(name: str) -> str:
    """Return the text of one schema."""
    title, kinds = BUILT[name]
    tops, definitions = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    top = tops[0] if len(tops) == 1 else {"oneOf": list(tops)}
    schema = {"$schema": _DRAFT, "title": title, **top, "$defs": definitions}
    return json.dumps(_portable(schema), indent=2, ensure_ascii=False) + "\n"


def _portable(node: Any) -> Any:
    """Say what msgspec says in the dialect of JSON Schema, and only what our documents can hold."""
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = dict(node)
    if isinstance(node.get("description"), str):
        node["description"] = " ".join(node["description"].split())
    if node.get("default", ...) is None and "anyOf" in node:
        # A field at its default is left out, so null is never written.
        kinds = [kind for kind in node.pop("anyOf") if kind != {"type": "null"}]
        del node["default"]
        node |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    if isinstance(node.get("pattern"), str):
        node["pattern"] = node["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
    return {key: _portable(value) for key, value in node.items()}


if __name__ == "__main__":
    for file_name in BUILT:
        (SPEC / file_name).write_text(build(file_name), encoding="utf-8")
