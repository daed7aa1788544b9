"""The product and a second verifier that shares no code with it say the same of every bundle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from second_opinion import verifier
from second_opinion.terms import agreement
from support.vectors import ROOT, Stored, stored

SAID = {"valid": "accepted", "malformed": "refused", "not_verified": "refused"}
BUNDLES = stored("bundles")


def opinion(vector: Stored) -> str:
    files = {name: (ROOT / kept).read_bytes() for name, kept in vector.about["round"].items()}
    keys = vector.path / "allowed_signers"
    at = str(vector.about["at"])[:10].replace("-", "")
    try:
        return verifier.Bundle(files).judge(
            keys.read_bytes() if keys.exists() else None, vector.about.get("require"), at, agreement
        )
    except (InvalidSignature, LookupError, TypeError, ValueError, AttributeError):
        return "refused"


@pytest.mark.parametrize("vector", BUNDLES, ids=lambda vector: vector.name)
def test_both_verifiers_say_the_same_of_a_bundle(vector):
    # tests/test_vectors.py holds the product against the same word.
    assert opinion(vector) == SAID.get(vector.expect, vector.expect), vector.about["defect"]


def test_the_second_verifier_is_short_and_shares_nothing_with_the_first():
    text = Path(verifier.__file__).read_text()
    assert len(text.splitlines()) <= 230
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}
    own = {"base64", "collections", "hashlib", "itertools", "json", "re"}
    assert {name.split(".")[0] for name in names} == own | {"cryptography"}
