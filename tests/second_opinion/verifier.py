"""A second verifier of bundles, written from ``docs/spec`` alone: standard library and cryptography, nothing of ours.

It knows what the vectors hold and refuses the rest: one part, Ed25519 keys, rules for single paths. Terms come in read.
"""

import base64
import hashlib
import json
import re
from collections import Counter
from itertools import groupby

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NAMESPACE, ORDER = b"handover-statement-v1", 2**252 + 27742317777372353535851937790883648493
NAME = re.compile(r"(?:(.+)\.)?([1-9][0-9]{0,3})\.(sender|receiver|agency|client)\.statement\.json")
HIDDEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")
ARMOUR = r"-----BEGIN SSH SIGNATURE-----\n((?:.{70}\n)*.{1,70}\n)-----END SSH SIGNATURE-----\n"
DIFFER = {"type": "type", "size": "size", "digest": "content", "target": "link_target"}
PROVES = {"ignore_block": "same_without_block", "equal_after": "same_after_replacement"}
EFFECT = ("begin", "end", "replace")
AGREE = {"missing": "may_be_missing", "extra": "may_be_extra", "changed": "may_differ"}
SAYS = {"answer": (True, True), "witness": (True, False), "terms": (False, True)}
ABOUT = {"SHA256SUMS": ("answer", "witness"), "terms.yaml": ("terms",)}


def need(*holds):
    if not all(holds):
        raise ValueError("refused")


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def string(*texts):
    return b"".join(len(text).to_bytes(4, "big") + text for text in texts)


def written(value, indent=None):
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode() + b"\n"


def trusted_keys(raw, contacts, at):
    roles = {}
    for line in raw.decode().splitlines():
        name, options, key = re.fullmatch(r"([^\s*?!]+) (?:(\S+=\S+) )?(ssh-ed25519 \S+)", line).groups()
        given = dict(re.findall(r'([a-z-]+)="([^"]*)"', options or ""))
        need(roles.setdefault(key, contacts.get(name, name)) == contacts.get(name, name))
        in_time = given.get("valid-after", "0") <= at <= given.get("valid-before", "9")
        roles[key] = roles[key] if in_time and given.get("namespaces", "").encode() in (b"", NAMESPACE) else "nobody"
    return roles


def check_signature(armour, message, line):
    encoded = re.fullmatch(ARMOUR, armour.decode())[1].replace("\n", "")
    blob, key = (base64.b64decode(text, validate=True) for text in (encoded, line.removeprefix("ssh-ed25519 ")))
    point, raw = key[-32:], blob[-64:]
    need(blob == b"SSHSIG\0\0\0\1" + string(key, NAMESPACE, b"", b"sha512", string(b"ssh-ed25519", raw)))
    need(key == string(b"ssh-ed25519", point), int.from_bytes(raw[32:], "little") < ORDER, any(point[1:31]))
    data = b"SSHSIG" + string(NAMESPACE, b"", b"sha512", hashlib.sha512(message).digest())
    Ed25519PublicKey.from_public_bytes(point).verify(raw, data)


def second(entry, had, wanted):
    """Return what an entry proves under rules that keep proof, and why it proves nothing; all are for single paths."""
    numbers = [n for n, one in enumerate(had) if one["pattern"] == entry["path"]]
    after = entry.get("after", {"digest": entry["digest"], "hidden": []})
    need({hid["rule"] for hid in after.get("hidden", ())} <= {*numbers}, "after" not in entry or numbers)
    if [[had[n].get(key) for key in EFFECT] for n in numbers] != [[one.get(key) for key in EFFECT] for one in wanted]:
        return None, "without_rule", ()
    return after.get("digest"), after.get("doubt"), [had[hid["rule"]]["kind"] for hid in after.get("hidden", ())]


def by_proof(there, rules, had):
    """Return class and further reasons of a file that has changed and that rules that keep proof speak of."""
    proofs = [rule for rule in rules if rule["kind"] in PROVES]
    wanted = {"source": proofs, "target": [rule for rule in proofs if rule["kind"] == "ignore_block"]}
    found = {side: second(entry, had[side], wanted[side]) for side, entry in there.items()}
    doubts = [f"{doubt}_{side}" for side, (_, doubt, _) in found.items() if doubt]
    if doubts or len({digest for digest, _, _ in found.values()}) > 1:
        return "changed", doubts or ["beyond_rule"]
    same = [PROVES[kind] for kind in PROVES if any(kind in kinds for _, _, kinds in found.values())]
    return "agreed" if same else "changed", same


def compared(source, target, rules, had):
    """Yield every path as the report tells it, with both entries; ``None`` is a side that was not read."""
    unread = "source" if source is None else "target" if target is None else None
    sides = [{entry["path"]: entry for entry in side or ()} for side in (source, target)]
    for path in sorted({*sides[0], *sides[1]}, key=lambda path: path.replace("/", "\0").encode()):
        there = {name: side[path] for name, side in zip(("source", "target"), sides, strict=True) if path in side}
        why = [f"not_read_{unread}"] if unread else [f"{e['gap']}_{name}" for name, e in there.items() if "gap" in e]
        kind = "not_checked"
        if len(there) == 1 and not unread:
            kind, why = "missing" if "source" in there else "extra", ["absent"]
        elif not why:
            why = [why for key, why in DIFFER.items() if len({e.get(key) for e in there.values()}) > 1][:1]
            kind = ("type_changed" if why == ["type"] else "changed") if why else "same"
        own = [rule for rule in rules if rule["pattern"] == path]
        if kind == "changed" and all("digest" in e for e in there.values()) and {r["kind"] for r in own} & {*PROVES}:
            kind, more = by_proof(there, own, had)
            why += more
        agreed = kind == "agreed" or (kind in AGREE and AGREE[kind] in {rule["kind"] for rule in own})
        told = {"path": path, "class": "agreed" if agreed else kind, "why": why} | ({"rule": path} if agreed else {})
        shown = {name: {k: v for k, v in e.items() if k not in ("path", "host")} for name, e in there.items()}
        yield told | shown, sides[0].get(path), sides[1].get(path)


class Bundle(dict):
    def ref(self, name):
        return {"name": name, "sha256": sha256(self[name]), "length": len(self[name])}

    def manifest(self, name):
        raw = self[name]
        header, *entries, end = lines = [json.loads(line) for line in raw.decode().split("\n")[:-1]]
        keys = [entry["path"].replace("/", "\0").encode() for entry in entries]
        folders = {key for key, entry in zip(keys, entries, strict=True) if entry.get("type", "dir") == "dir"}
        need(raw == b"".join(map(written, lines)), (header["type"], header["version"]) == ("handover-manifest", 1))
        need(keys[0] == b"", keys == sorted(set(keys)), all(key.rpartition(b"\0")[0] in folders for key in keys))
        clean, gaps = [e for e in entries if "gap" not in e], Counter(e["gap"] for e in entries if "gap" in e)
        counts = Counter(e["type"] for e in clean) + Counter(gap=gaps.total())
        bare = [written({key: e[key] for key in e if key not in ("after", "host")})[:-2] + b"\n" for e in entries]
        digests = "".join(sorted(f"{e['digest']}\n" for e in clean if "digest" in e))
        wanted = {"type": "handover-manifest-end", "status": "gaps" if gaps else "complete", "entries": len(entries)}
        wanted |= {"counts": {kind: counts[kind] for kind in ("file", "dir", "link", "special", "gap", "ignored")}}
        wanted |= {"bytes": sum(e.get("size", 0) for e in clean), "gaps": dict.fromkeys(end["gaps"], 0) | gaps}
        roots = {"structure_root": sha256(b"".join(bare)), "content_root": sha256(digests.encode())}
        wanted |= {key: roots[key] for key in roots if not gaps and (key, header["digest"]) != ("content_root", "none")}
        need(end == wanted | {"ended_at": end["ended_at"], "sha256": sha256(raw[: -len(written(end))])})
        return header, entries, end

    def recompute(self, report, rules):
        (part,), (rules,) = report["parts"], rules["parts"]
        told, name = part["comparison"], part["name"]
        read = {s: self.manifest(f"web.{s}.manifest") for s in ("source", "target") if "manifest" in part[s]}
        lists = [read[side][1] if side in read else None for side in ("source", "target")]
        had = {side: header["rules"].get("after", []) for side, (header, _, _) in read.items()}
        rows = list(compared(*lists, rules["rules"], had))
        found = [row for row, _, _ in rows if row["class"] != "same"]
        head = {"type": "handover-differences", "version": 1, "part": name}
        lost = [row["path"].encode() for row in found if row["class"] in ("missing", "changed", "type_changed")]
        again = b"".join(b"./" + path + b"\0" for path in lost)
        need(self["web.differences.jsonl"] == b"".join(map(written, (head, *found))))
        need(self.get("web.missing.files0", again) == again)
        counts = {kind: sum(row["class"] == kind for row, _, _ in rows) for kind in told["counts"]}
        sizes = {kind: sum((s or t).get("size", 0) for row, s, t in rows if row["class"] == kind) for kind in counts}
        own = [(row["class"] == "agreed", e.get("size", 0)) for row, e, _ in rows if e and e.get("type") == "file"]
        sums = [sum(n for n, _ in own), sum(n * size for n, size in own), len(own), sum(size for _, size in own)]
        share = max((-(-10_000 * sums[n] // sums[n + 2]) for n in (0, 1) if sums[n + 2]), default=0)
        need(told["counts"] == counts, told["bytes"] == sizes, [*told["excluded"].values()] == [*sums, share])
        listing = "none" in {header["digest"] for header, _, _ in read.values()}
        holds = (counts["not_checked"], share > rules["max_excluded_bp"], listing, None in lists)
        doubts = zip(("not_checked", "excluded", "listing", "one_sided"), holds, strict=True)
        because = [doubt for doubt, held in doubts if held and not lost]
        verdict = "undetermined" if because else "complete_as_agreed" if counts["agreed"] else "complete"
        verdict = "not_complete" if lost else verdict
        result = {"verdict": verdict, "because": because, "strength": "listing" if listing else "cryptographic"}
        need(result.items() <= told.items(), result.items() <= report.items())
        for side, (header, _, end) in read.items():
            need(told["gaps"][side] == end["gaps"], part[side]["manifest"] == self.ref(f"web.{side}.manifest"))
            said = {**part[side], **end, **header, "recheck": header["options"]["recheck"]}
            need(all(value == said[key] for key, value in part[side].items()))
        bad = [row["path"] for row in found if row["class"] != "agreed"]
        where = {"" if "" in bad else path.rpartition("/")[0] for path in bad}
        need(where == {folder["path"] for folder in part.get("folders", ())}, len(where) == part["folders_total"])
        need(report["scope"] == [{"subject": "files", "part": name, "state": verdict}])
        need(part.get("likeness", "different") == "different")
        return verdict

    def last_words(self, names, report):
        last, parties = {}, {(party["role"], party["name"]) for party in report["parties"]}
        order = sorted((a, r, int(n), name) for name in names for a, n, r in [NAME.fullmatch(name).groups("")])
        for (about, role), row in groupby(order, key=lambda item: item[:2]):
            before, subject = None, about or "SHA256SUMS"
            for number, (_, _, told, name) in enumerate(row, start=1):
                one = json.loads(self[name].decode())
                need(self[name] == written(one, 2), (one["type"], one["version"]) == ("handover-statement", 1))
                revokes = one["kind"] == "revocation" and before is not None
                need(revokes or one["kind"] in ABOUT.get(subject, ("custody", "witness")))
                need(("facts" in one, "decision" in one) == SAYS.get(one["kind"], (False, False)))
                need(one["subject"] == self.ref(before if revokes else subject), told == number, one["role"] == role)
                need(one.get("supersedes") == (before and sha256(self[before])))
                need(one["case_id"] == report["case"]["id"], one.get("round") == (None if about else report["round"]))
                need((role, one["party"]) in parties, set(one.get("seen", ())) <= {sha256(self[n]) for n in names})
                check_signature(self[f"{name}.sig"], self[name], one["public_key"])
                last[about, role], before = one, name
        return last

    def judge(self, keys, require, at, agreement):
        """Return accepted, not_complete, undetermined or waiting; raises for what is refused."""
        sums = self["SHA256SUMS"].decode("ascii")
        table = {name: digest for digest, name in re.findall(r"([0-9a-f]{64})  ([A-Za-z0-9][A-Za-z0-9._-]*)\n", sums)}
        statements = {name for name in self if NAME.fullmatch(name)}
        stamps = {name for name in self if name.endswith(".tsr") and name[:-4] in self}
        beside = stamps | {"SHA256SUMS"} | statements | {f"{name}.sig" for name in statements}
        need(sums == "".join(f"{table[name]}  {name}\n" for name in sorted(table)))
        need(self.keys() == beside | table.keys(), not beside & table.keys())
        need(all(sha256(self[name]) == digest for name, digest in table.items()))
        report, (rules, repeated) = json.loads(self["report.json"].decode()), agreement(self["terms.yaml"])
        need(self["rules.json"] == written(rules, 2), self["report.json"] == written(report, 2))
        need(report["type"] == "handover-report", report["version"] == 1, [*report][-1] == "files")
        need(report["files"] == [self.ref(name) for name in sorted(table) if not name.startswith("report.")])
        need(repeated.items() <= report.items())
        sides = [report["parts"][0][side] for side in ("source", "target")]
        told = {side["manifest"]["name"] for side in sides if "manifest" in side}
        told |= {"terms.yaml", "rules.json", "web.differences.jsonl"}
        there = {name for name in table if not name.startswith("report.")}
        need(told <= there <= told | {"web.missing.files0", "rules.suggested.yaml"})
        verdict, last = self.recompute(report, rules), self.last_words(statements, report)
        for side, custody in [(one, told) for one in sides for told in one.get("custody", ())]:
            one = last[side["manifest"]["name"], custody["role"]]
            key = base64.b64encode(hashlib.sha256(base64.b64decode(one["public_key"][12:])).digest()).decode()
            same = {name: one[name] for name in ("role", "party", "signed_at")} | {"key": f"SHA256:{key.rstrip('=')}"}
            digests = {"manifest_sha256": one["subject"]["sha256"], "statement_sha256": sha256(written(one, 2))}
            need(custody == same | digests)
        holders = {(one["public_key"], role) for (_, role), one in last.items()}
        need(len(holders) == len(dict(holders)))
        named = {p["role"]: {" ".join(k.split(" ")[:2]) for k in p["keys"]} for p in report["parties"] if "keys" in p}
        need(all(key in named.get(role, [key]) for key, role in holders))
        required = set(report["required_signatures"] if require is None else require.split(",")) - {"none"}
        roles = {} if keys is None else trusted_keys(keys, {p["contact"]: p["role"] for p in report["parties"]}, at)
        need(keys is not None or not required)
        need(all(roles.get(k) == role or role not in required | set(roles.values()) for k, role in holders))
        words = [one for (_, role), one in last.items() if roles.get(one["public_key"]) == role]
        against = [w for w in words if w.get("decision") == "reject" or w.get("facts") == "disputed"]
        answered = {word["role"] for word in words if word["kind"] == "answer" and word["decision"] != "none"}
        weighed = "waiting" if required - answered else "accepted"
        return "not_complete" if against else verdict if verdict in ("not_complete", "undetermined") else weighed
