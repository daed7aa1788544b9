"""What the terms of the vectors say: they are YAML in one layout, and the standard library reads no YAML."""

import hashlib
import re

KEYS = ("handover", "id", "case", "timezone", "dates", "parties", "required_signatures", "parts", "max_excluded")
PARTY = r"(?m)^  (\w+):\n    name: (.+)\n    contact: (.+)\n(?:    keys:\n      - (.+)\n)?"


BLOCK = r'\{path: (?P<path>.+), begin: "(?P<begin>.+)", end: "(?P<end>.+)"\}$'
REPLACE = r"\{path: (?P<path>.+), replace: \{(?P<replace>.+)\}\}$"
PLAIN = r"(?P<path>.+)$"


def without_path(said):
    """Return what a rule says of a file."""
    if "replace" not in said:
        return {key: text for key, text in said.items() if key != "path"}
    return {
        "replace": [dict(zip(("old", "new"), pair.split(": "), strict=True)) for pair in said["replace"].split(", ")]
    }


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
        {"kind": kind, "pattern": said["path"], "reason": reason, "origin": "terms"} | without_path(said)
        for kind, text, reason in re.findall(r"(?m)^      - (\w+): (.+)\n        reason: (.+)$", terms)
        for said in [(re.match(BLOCK, text) or re.match(REPLACE, text) or re.match(PLAIN, text)).groupdict()]
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
