"""What the terms of the vectors say: they are YAML in one layout, and the standard library reads no YAML."""

import hashlib
import re

KEYS = ("handover", "id", "case", "timezone", "dates", "parties", "required_signatures", "parts", "max_excluded")
PARTY = r"(?m)^  (\w+):\n    name: (.+)\n    contact: (.+)\n(?:    keys:\n      - (.+)\n)?"


def agreement(raw):
    """Return ``rules.json`` and what a report repeats, both as these terms give them."""
    terms = raw.decode()
    one = dict(re.findall(r"(?m)^(\w+):(?: (.+))?$", terms))
    if tuple(one) != KEYS:
        raise ValueError("terms in another layout")
    parties = [
        {"role": role, "name": name, "contact": contact, "language": "en", **({"keys": [key]} if key else {})}
        for role, name, contact, key in re.findall(PARTY, terms)
    ]
    rules = [
        {"kind": kind, "pattern": pattern, "reason": reason, "origin": "terms"}
        for kind, pattern, reason in re.findall(r"(?m)^      - (\w+): (.+)\n        reason: (.+)$", terms)
    ]
    share_bp = int(one["max_excluded"].removesuffix("%")) * 100
    part = {"name": "web", "rules": rules, "require": [], "max_excluded_bp": share_bp, "database": ""}
    digest = hashlib.sha256(raw).hexdigest()
    repeated = {
        "case": {"id": one["id"], "name": one["case"]},
        "timezone": one["timezone"],
        "dates": dict(re.findall(r"(?m)^  (complete_by): (.+)$", terms)),
        "parties": parties,
        "required_signatures": one["required_signatures"].strip("[]").split(", "),
    }
    return {"type": "handover-rules", "version": 1, "terms_sha256": digest, "parts": [part]}, repeated
