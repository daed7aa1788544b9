"""Small rounds, written from ``docs/spec``: what an honest run makes of two lists of entries, and what parties answer.

The comparison here knows as much as the vectors need: files, links, gaps without anything below, rules for one path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from support.vectors import keys
from support.vectors.forms import document, line, sha256, without
from support.vectors.keys import Ed25519
from support.vectors.manifests import HEADER, LATER, TREE, Entry, manifest, trailer

CASE_ID = "0f8e" * 8
SIGNED_AT = "2026-11-30T12:00:00Z"
AT = "2026-12-01T00:00:00Z"
NAMES = {"sender": "Old Hosting", "receiver": "New Host", "agency": "Studio"}
CONTACTS = {"sender": "bok@old.example", "receiver": "support@new.example", "agency": "ewa@studio.example"}
KEYS = {role: Ed25519(role) for role in NAMES}
HTML = b"<!doctype html><title>Report</title><p>see report.json\n"
LOCATIONS = {"source": "ssh://acme@old.example/srv/www", "target": "ssh://acme@new.example/srv/www"}
CLASSES = (
    *("same", "missing", "extra", "changed", "type_changed", "metadata", "not_checked", "agreed", "ignored"),
    "not_recorded",
)
_BESIDE = (".statement.json", ".statement.json.sig", ".tsr", ".signed.pdf")
_AGREES = {"missing": "may_be_missing", "extra": "may_be_extra", "changed": "may_differ"}

Document = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a round is about: the entries of both sides (``None``: not read), the terms, and what is changed on the way.

    ``change_files`` changes what the report is made over, ``change_report`` the report before ``SHA256SUMS`` is made.
    """

    source: Sequence[Entry] | None = TREE
    target: Sequence[Entry] | None = TREE
    number: int = 1
    rules: tuple[Mapping[str, object], ...] = ()
    #: Rules that keep proof under which a side was not read.
    unread: tuple[str, ...] = ()
    signers: tuple[str, ...] = ("sender", "receiver")
    party_keys: Mapping[str, str] = field(default_factory=dict)
    digest: str = "sha256"
    custody: bool = False
    change_files: Callable[[dict[str, bytes]], None] = lambda files: None
    change_report: Callable[[Document], None] = lambda report: None


class Round:
    """The files of one round; parties answer in the order of the calls."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.files: dict[str, bytes] = {"terms.yaml": terms(plan)}
        self.files["rules.json"] = rules(plan, self.files["terms.yaml"])
        for side, entries in (("source", plan.source), ("target", plan.target)):
            if entries is not None:
                self.files[f"web.{side}.manifest"] = manifest(entries, header(plan, side))
        found = compare(plan)
        if plan.source is not None or plan.target is not None:
            lines = [{"type": "handover-differences", "version": 1, "part": "web"}, *found]
            self.files["web.differences.jsonl"] = b"".join(line(item) + b"\n" for item in lines)
        again = b"".join(b"./" + str(d["path"]).encode() + b"\0" for d in found if d["class"] in ("missing", "changed"))
        if again:
            self.files["web.missing.files0"] = again
        if plan.custody:
            self.answer("sender", about="web.source.manifest", kind="custody")
        plan.change_files(self.files)
        report = self._report(found)
        plan.change_report(report)
        self.files["report.json"] = document(report)
        self.files["report.en.html"] = HTML
        self.seal()

    def seal(self) -> None:
        """Write ``SHA256SUMS`` over what is there."""
        listed = [name for name in sorted(self.files) if name != "SHA256SUMS" and not name.endswith(_BESIDE)]
        self.files["SHA256SUMS"] = b"".join(f"{sha256(self.files[name])}  {name}\n".encode() for name in listed)

    def subject(self, name: str) -> Document:
        """Return how a statement names a file."""
        return {"name": name, "sha256": sha256(self.files[name]), "length": len(self.files[name])}

    def statement(self, role: str, about: str = "", /, **changes: object) -> Document:
        """Return what an honest party says next; ``changes`` of a field to ``None`` drop it."""
        row = self._row(about, role)
        others = [name for other in NAMES for name in self._row(about, other)]
        answers = {"kind": "answer", "facts": "confirmed", "decision": "accept", "round": self.plan.number}
        told: Document = {
            "type": "handover-statement",
            "version": 1,
            "kind": "custody",
            "role": role,
            "party": NAMES[role],
            "signer": {"name": "Anna"},
            "public_key": keys.line(KEYS[role].blob),
            "case_id": CASE_ID,
            **({} if about else answers),
            "subject": self.subject(about or "SHA256SUMS"),
            "signed_at": SIGNED_AT,
            **({"seen": sorted(sha256(self.files[name]) for name in others)} if others else {}),
            **({"supersedes": sha256(self.files[row[-1]])} if row else {}),
            **changes,
        }
        return {key: told[key] for key in _STATEMENT if told.get(key) is not None}

    def answer(
        self, role: str, /, *, about: str = "", key: Ed25519 | None = None, name: str = "", **changes: object
    ) -> Round:
        """Put the next statement of a role and its signature into the round."""
        key = key or KEYS[role]
        changes.setdefault("public_key", keys.line(key.blob))
        raw = document(self.statement(role, about, **changes))
        prefix = f"{about}." if about else ""
        name = name or f"{prefix}{len(self._row(about, role)) + 1}.{role}.statement.json"
        self.files |= {name: raw, f"{name}.sig": key.sign(raw)}
        return self

    def both_accept(self) -> Round:
        """Let both parties accept."""
        return self.answer("sender").answer("receiver")

    def _row(self, about: str, role: str) -> list[str]:
        prefix = f"{about}." if about else ""
        return [name for n in range(1, 10) if (name := f"{prefix}{n}.{role}.statement.json") in self.files]

    def _report(self, found: list[Document]) -> Document:
        plan = self.plan
        listed = [name for name in sorted(self.files) if not name.endswith(_BESIDE)]
        part = self._part(found)
        verdict, because, strength = (part["comparison"][key] for key in ("verdict", "because", "strength"))
        previous = {"previous": {"round": plan.number - 1, "sha256": sha256(b"before")}} if plan.number > 1 else {}
        parties = [
            {"role": role, "name": NAMES[role], "contact": CONTACTS[role], "language": "en"}
            | ({"keys": [plan.party_keys[role]]} if role in plan.party_keys else {})
            for role in NAMES
        ]
        return {
            "type": "handover-report",
            "version": 1,
            "tool": "handover vectors",
            "case": {"id": CASE_ID, "name": "acme to new hosting"},
            "round": plan.number,
            **previous,
            "created_at": "2026-11-28T21:05:00Z",
            "timezone": "Europe/Warsaw",
            "dates": {"complete_by": "2026-12-01"},
            "parties": parties,
            "required_signatures": list(plan.signers),
            "verdict": verdict,
            "because": because,
            "strength": strength,
            "scope": [{"subject": "files", "part": "web", "state": verdict}],
            "parts": [part],
            "findings": [],
            "files": [self.subject(name) for name in listed],
        }

    def _part(self, found: list[Document]) -> Document:
        plan = self.plan
        both = plan.source is not None and plan.target is not None
        rolled = folders(found)
        return {
            "name": "web",
            **({"likeness": "different"} if both else {}),
            "source": self._side("source", plan.source),
            "target": self._side("target", plan.target),
            "comparison": comparison(plan, found),
            **({"folders": rolled} if rolled else {}),
            "folders_total": len(rolled),
        }

    def _side(self, side: str, entries: Sequence[Entry] | None) -> Document:
        if entries is None:
            failure = {"code": 6, "what": "not reached", "where": "new.example"}
            return {"location": LOCATIONS[side], "failure": failure}
        head = header(self.plan, side)
        end = trailer(head, entries)
        told = {
            "location": head["location"],
            "manifest": self.subject(f"web.{side}.manifest"),
            **{key: head[key] for key in ("route", "ran_by", "machine", "clock", "started_at")},
            "ended_at": LATER,
            "digest": head["digest"],
            "recheck": True,
            **{key: end[key] for key in ("counts", "bytes", "gaps", "content_root", "structure_root") if key in end},
        }
        name = "web.source.manifest.1.sender.statement.json"
        if side == "source" and name in self.files:
            told["custody"] = [self._custody(name)]
        return told

    def _custody(self, name: str) -> Document:
        key = KEYS["sender"].fingerprint
        manifest_sha256 = sha256(self.files["web.source.manifest"])
        digests = {"manifest_sha256": manifest_sha256, "statement_sha256": sha256(self.files[name])}
        return {"role": "sender", "party": NAMES["sender"], "key": key, "signed_at": SIGNED_AT, **digests}


_STATEMENT = (
    *("type", "version", "kind", "role", "party", "signer", "reference", "public_key", "case_id", "round", "subject"),
    *("facts", "decision", "remarks", "signed_at", "seen", "supersedes"),
)


def header(plan: Plan, side: str) -> Document:
    """Return the first line of the manifest of one side."""
    machine = {"boot_sha256": ("1" if side == "source" else "2") * 64}
    party = {"standing": "self-declared", "party": NAMES["sender" if side == "source" else "receiver"]}
    after = [row(rule) for rule in proofs(plan, side)] if side not in plan.unread else []
    named = {"rules": HEADER["rules"] | ({"after": after} if after else {})}
    here = named | {
        "role": side,
        "ran_by": party,
        "location": LOCATIONS[side],
        "machine": machine,
        "digest": plan.digest,
    }
    return HEADER | here


def terms(plan: Plan) -> bytes:
    """Return ``terms.yaml``."""
    parties = "".join(
        f"  {role}:\n    name: {NAMES[role]}\n    contact: {CONTACTS[role]}\n"
        + (f"    keys:\n      - {plan.party_keys[role]}\n" if role in plan.party_keys else "")
        for role in NAMES
    )
    ruled = "".join(
        f"      - {rule['kind']}: {_subject(rule)}\n        reason: {rule['reason']}\n" for rule in plan.rules
    )
    return f"""\
handover: 1
id: {CASE_ID}
case: acme to new hosting
timezone: Europe/Warsaw
dates:
  complete_by: 2026-12-01
parties:
{parties}required_signatures: [{", ".join(plan.signers)}]
parts:
  - name: web
    source: {{location: "{LOCATIONS["source"]}"}}
    target: {{location: "{LOCATIONS["target"]}"}}
{f"    rules:{chr(10)}{ruled}" if ruled else ""}max_excluded: 50%
""".encode()


def _subject(rule: Mapping[str, object]) -> str:
    """Return what a rule speaks of, as the terms write it."""
    if rule["kind"] == "ignore_block":
        return f'{{path: {rule["pattern"]}, begin: "{rule["begin"]}", end: "{rule["end"]}"}}'
    if rule["kind"] == "equal_after":
        pairs = ", ".join(f"{pair['old']}: {pair['new']}" for pair in rule["replace"])
        return f"{{path: {rule['pattern']}, replace: {{{pairs}}}}}"
    return str(rule["pattern"])


def row(rule: Mapping[str, object]) -> Document:
    """Return a rule as it is recorded."""
    told = {key: rule[key] for key in ("kind", "pattern", "reason")} | {"origin": "terms"}
    return told | {key: rule[key] for key in ("begin", "end", "replace") if key in rule}


def proofs(plan: Plan, side: str) -> list[Mapping[str, object]]:
    """Return the rules that keep proof of one side: what a source has is replaced, a target must have it."""
    kinds = ("ignore_block", "equal_after") if side == "source" else ("ignore_block",)
    return [rule for rule in plan.rules if rule["kind"] in kinds]


def rules(plan: Plan, raw_terms: bytes) -> bytes:
    """Return ``rules.json``."""
    rows = [row(rule) for rule in plan.rules]
    part = {"name": "web", "rules": rows, "require": [], "max_excluded_bp": 5000, "database": ""}
    return document({"type": "handover-rules", "version": 1, "terms_sha256": sha256(raw_terms), "parts": [part]})


def compare(plan: Plan) -> list[Document]:
    """Return the differences of a round in the order of paths."""
    sides = [{str(e["path"]): e for e in entries or ()} for entries in (plan.source, plan.target)]
    found = []
    for path in sorted({*sides[0], *sides[1]}, key=lambda path: path.replace("/", "\0")):
        source, target = (side.get(path) for side in sides)
        kind, why = _class(plan, source, target)
        named = None
        if source and target and "digest" in source and "digest" in target and kind == "changed":
            kind, why, named = _by_proof(plan, source, target, why)
        rule = next((r for r in plan.rules if r["pattern"] == path and r["kind"] == _AGREES.get(kind)), None)
        if rule is not None:
            kind, named = "agreed", str(rule["pattern"])
        told = {"path": path, "class": kind, "why": why} | ({} if named is None else {"rule": named})
        shown = {"source": source, "target": target}
        told |= {side: without(entry, "path", "host") for side, entry in shown.items() if entry is not None}
        if kind != "same":
            found.append(told)
    return found


def _by_proof(plan: Plan, source: Entry, target: Entry, why: list[str]) -> tuple[str, list[str], str | None]:
    """Judge a file that differs by the rules that keep proof; each of them is for one path."""
    kinds: set[object] = set()
    digests, doubts = [], []
    for side, entry in (("source", source), ("target", target)):
        wanted = [rule for rule in proofs(plan, side) if rule["pattern"] == entry["path"]]
        after = entry.get("after", {}) if wanted else {}
        if wanted and side in plan.unread:
            doubts.append(f"without_rule_{side}")
        elif "doubt" in after:
            doubts.append(f"{after['doubt']}_{side}")
        kinds |= {proofs(plan, side)[hidden["rule"]]["kind"] for hidden in after.get("hidden", ())}
        digests.append(after.get("digest", entry["digest"]))
    if not any(rule["pattern"] == source["path"] for rule in proofs(plan, "source")):
        return "changed", why, None
    if doubts:
        return "changed", [*why, *doubts], None
    if digests[0] != digests[1]:
        return "changed", [*why, "beyond_rule"], None
    if not kinds:
        return "changed", why, None
    same = {"ignore_block": "same_without_block", "equal_after": "same_after_replacement"}
    return "agreed", [*why, *(same[kind] for kind in same if kind in kinds)], str(source["path"])


def _class(plan: Plan, source: Entry | None, target: Entry | None) -> tuple[str, list[str]]:
    if plan.source is None or plan.target is None:
        return "not_checked", ["not_read_target" if plan.target is None else "not_read_source"]
    if source is None or target is None:
        return ("extra" if source is None else "missing"), ["absent"]
    gaps = [f"{entry['gap']}_{side}" for side, entry in (("source", source), ("target", target)) if "gap" in entry]
    if gaps:
        return "not_checked", gaps
    for key, kind, why in (
        ("type", "type_changed", "type"),
        ("size", "changed", "size"),
        ("digest", "changed", "content"),
    ):
        if source.get(key) != target.get(key):
            return kind, [why]
    return ("same", []) if source.get("target") == target.get("target") else ("changed", ["link_target"])


def comparison(plan: Plan, found: list[Document]) -> Document:
    """Return what the report says of the comparison as a whole."""
    classes = {str(item["path"]): str(item["class"]) for item in found}
    paths = {str(e["path"]): e for entries in (plan.target, plan.source) for e in entries or ()}
    counts, sizes = dict.fromkeys(CLASSES, 0), dict.fromkeys(CLASSES, 0)
    for path, entry in paths.items():
        counts[classes.get(path, "same")] += 1
        sizes[classes.get(path, "same")] += int(entry.get("size", 0))
    files = [entry for entry in plan.source or () if entry.get("type") == "file"]
    agreed = [entry for entry in files if classes.get(str(entry["path"])) == "agreed"]
    told = {"files": len(agreed), "bytes": _bytes(agreed), "source_files": len(files), "source_bytes": _bytes(files)}
    shares = [
        -(-10_000 * part // whole)
        for part, whole in ((len(agreed), len(files)), (told["bytes"], told["source_bytes"]))
        if whole
    ]
    share = max(shares, default=0)
    one_sided = plan.source is None or plan.target is None
    doubts = {
        "not_checked": counts["not_checked"] > 0,
        "excluded": share > 5000,
        "listing": plan.digest == "none",
        "one_sided": one_sided,
    }
    because = [doubt for doubt, holds in doubts.items() if holds]
    lost = counts["missing"] + counts["changed"] + counts["type_changed"] > 0
    agreeing = "complete_as_agreed" if counts["agreed"] else "complete"
    gaps = {
        side: trailer(HEADER, entries or ())["gaps"]
        for side, entries in (("source", plan.source), ("target", plan.target))
    }
    strength = {"sha256": "cryptographic", "xxh128": "accidental", "none": "listing"}[plan.digest]
    return {
        "verdict": "not_complete" if lost else "undetermined" if because else agreeing,
        "because": [] if lost else because,
        "strength": strength,
        "counts": counts,
        "bytes": sizes,
        "excluded": {**told, "share_bp": share},
        "gaps": gaps,
    }


def folders(found: list[Document]) -> list[Document]:
    """Return differences by folder; a folder that was not read as a whole stands for all below it."""
    rolled: dict[str, Document] = {}
    whole = any(item["path"] == "" for item in found)
    for item in found:
        kind = {"type_changed": "changed"}.get(str(item["class"]), str(item["class"]))
        if kind not in ("missing", "changed", "extra", "not_checked"):
            continue
        path = "" if whole else str(item["path"]).rpartition("/")[0]
        told = rolled.setdefault(path, {})
        told[kind] = int(told.get(kind, 0)) + 1
        entry = item.get("source") or item.get("target") or {}
        told["bytes"] = int(told.get("bytes", 0)) + int(entry.get("size", 0))
    order = ("missing", "changed", "extra", "not_checked", "bytes")
    rows = [
        {"path": path, **({"whole": True} if whole else {}), **{key: told[key] for key in order if told.get(key)}}
        for path, told in rolled.items()
    ]
    return sorted(rows, key=lambda row: (-int(row.get("missing", 0)) - int(row.get("changed", 0)), str(row["path"])))


def _bytes(entries: Sequence[Entry]) -> int:
    return sum(int(entry.get("size", 0)) for entry in entries)


def complete() -> Round:
    """Return a round in which everything arrived."""
    return Round(Plan())


def lossy(**changes: object) -> Round:
    """Return a round in which a file is missing."""
    return Round(Plan(target=LESS, **changes))


def one_sided() -> Round:
    """Return a round whose target was not reached."""
    return Round(Plan(target=None))


#: Without the logo.
LESS = (*TREE[:3], TREE[4])
