"""Vectors of bundles: the files of a round and the verifier's own list of keys, ``allowed_signers``.

``steps`` are the steps of ``docs/spec/bundle.md`` that fail because of the defect; steps that could not be done because
of it are not among them. What an attacker would do to hide a defect is done: digests fit, and both parties signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from support.vectors import Vector, keys, manifests
from support.vectors.forms import document, put, sha256, without
from support.vectors.keys import Ed25519, armour, block, string
from support.vectors.manifests import TREE, Entry, file, folder, manifest
from support.vectors.rounds import AT, KEYS, LESS, Document, Plan, Round, header, terms

STRANGER = Ed25519("stranger")
GAP = (
    *TREE[:3],
    {"path": "wp-content/logo.png", "type": "file", "size": 3, "gap": "unreadable", "errno": "EACCES"},
    TREE[4],
)
LOGO_MAY_MISS = ({"kind": "may_be_missing", "pattern": "wp-content/logo.png", "reason": "the old one"},)


def signers(**changes: str) -> bytes:
    """Return the list of keys of an honest verifier; ``changes`` are other lines by role, empty for none."""
    lines = {role: f"{role} {keys.line(key.blob)}" for role, key in KEYS.items()} | changes
    return "".join(f"{line}\n" for line in lines.values() if line).encode()


GOOD_KEYS = signers()
Files = dict[str, bytes]


def vectors() -> Iterator[Vector]:
    """Yield every vector of this kind."""
    groups = (
        _valid,
        _inventory,
        _digests,
        _report,
        _terms,
        _manifests,
        _recomputation,
        _statements,
        _signatures,
        _keys,
    )
    for group in groups:
        yield from group()


def _vector(
    name: str,
    expect: str,
    defect: str,
    files: Round | Mapping[str, bytes],
    *steps: str,
    trusted: bytes | None = GOOD_KEYS,
    require: str | None = None,
) -> Vector:
    inside = files.files if isinstance(files, Round) else files
    stored = {} if trusted is None else {"allowed_signers": trusted}
    facts = {"steps": list(steps), "at": AT} | ({} if require is None else {"require": require})
    return Vector("bundles", name, expect, defect, stored, facts, inside)


#: A block of the panel in one file, and the path of the account in another.
PROOF = (
    {"kind": "ignore_block", "pattern": ".htaccess", "reason": "the panel's own", "begin": "# BEGIN", "end": "# END"},
    {
        "kind": "equal_after",
        "pattern": "wp-content/path.php",
        "reason": "the account",
        "replace": [{"old": "/home/old", "new": "/home/new"}],
    },
)


def _proven(*, source: bool, text: str = "own", after: Document | None = None) -> list[Entry]:
    """Return a tree of one side; ``text`` is what people wrote in .htaccess, ``after`` what is told of it."""
    own, panel = f"{text}\n".encode(), b"# BEGIN\nphp 8.1\n# END\n" if source else b"# BEGIN\nphp 8.3 here\n# END\n"
    told = {"digest": sha256(own), "hidden": [{"rule": 0, "times": 1, "bytes": len(panel)}]} if after is None else after
    account = b"/home/old/acme" if source else b"/home/new/acme"
    replaced = {"digest": sha256(b"/home/new/acme"), "hidden": [{"rule": 1, "times": 1, "bytes": 9}]}
    path = file("wp-content/path.php", account, **({"after": replaced} if source and after is None else {}))
    plenty = file("wp-content/video", bytes(900))
    return [*TREE[:1], file(".htaccess", own + panel, **({"after": told} if told else {})), *TREE[1:], path, plenty]


BY_PROOF = {"source": _proven(source=True), "target": _proven(source=False), "rules": PROOF}


def _complete(**plan: object) -> Round:
    return Round(Plan(**plan)).both_accept()


def _valid() -> Iterator[Vector]:
    """Nothing is wrong with these; the exit code says what the parties and the verdict come to."""
    yield _vector("valid-complete", "valid", "", _complete())
    yield _vector("valid-agreed", "valid", "", _complete(target=LESS, rules=LOGO_MAY_MISS))
    yield _vector("valid-agreed-by-proof", "valid", "", _complete(**BY_PROOF))
    yield _vector("valid-extra", "valid", "", _complete(source=LESS, target=TREE))
    yield _vector("valid-custody", "valid", "", _complete(custody=True))
    yield _vector("valid-second-round", "valid", "", _complete(number=2))
    yield _vector(
        "valid-three-signers", "valid", "", _complete(signers=("sender", "receiver", "agency")).answer("agency")
    )
    remarks = [{"about": "web", "text": "one logo is old\u202e", "position": "disputed", "remedy": "send it"}]
    with_remarks = Round(Plan()).answer("sender").answer("receiver", decision="accept_with_remarks", remarks=remarks)
    yield _vector("valid-remarks", "valid", "", with_remarks)
    yield _vector("valid-superseded", "valid", "", Round(Plan()).answer("sender", decision="reject").both_accept())
    contacts = signers(sender=f"bok@old.example {keys.line(KEYS['sender'].blob)}")
    yield _vector("valid-contact", "valid", "", _complete(), trusted=contacts)
    named = {"sender": keys.line(KEYS["sender"].blob) + " anna@old.example"}
    yield _vector("valid-key-of-the-terms", "valid", "", _complete(party_keys=named))
    yield _vector(
        "valid-stranger-not-counted",
        "valid",
        "",
        _complete().answer("agency", decision="reject"),
        trusted=signers(agency=""),
    )
    yield _vector("valid-integrity-only", "valid", "", Round(Plan()), trusted=None, require="none")
    yield _vector("valid-one-signer", "valid", "", Round(Plan()).answer("sender"), require="sender")
    stamped = _complete()
    stamped.files["1.sender.statement.json.sig.tsr"] = b"a time stamp"
    yield _vector("valid-time-stamp", "valid", "", stamped)
    terms_signed = _complete().answer("receiver", about="terms.yaml", kind="terms", decision="accept")
    yield _vector("valid-terms-signed", "valid", "", terms_signed)
    yield from _not_accepted()


def _not_accepted() -> Iterator[Vector]:
    unhidden = _proven(source=True, after={})
    for name, plan in (
        ("beyond", {"target": _proven(source=False, text="other")}),
        ("doubtful", {"target": _proven(source=False, after={"doubt": "unclosed"})}),
        ("without", {"target": _proven(source=False, after={}), "unread": ("target",)}),
        (
            "both-without",
            {
                "source": _proven(source=True, after={}),
                "target": _proven(source=False, after={}),
                "unread": ("source", "target"),
            },
        ),
        ("two-sizes-and-no", {"source": unhidden, "target": [unhidden[0], unhidden[1] | {"size": 1}, *unhidden[2:]]}),
    ):
        yield _vector(f"not-complete-{name}-proof", "not_complete", "", _complete(**(BY_PROOF | plan)))
    yield _vector("not-complete", "not_complete", "", _complete(target=LESS))
    changed = (*TREE[:3], file("wp-content/logo.png", b"PNG"), TREE[4])
    yield _vector("not-complete-changed", "not_complete", "", _complete(target=changed))
    for name, answer in (("rejected", {"decision": "reject"}), ("disputed", {"facts": "disputed"})):
        yield _vector(name, "not_complete", "", Round(Plan()).answer("sender").answer("receiver", **answer))
    witness = _complete().answer("agency", kind="witness", facts="disputed", decision=None)
    yield _vector("disputed-by-a-witness", "not_complete", "", witness)
    refused = _complete().answer("receiver", about="terms.yaml", kind="terms", decision="reject")
    yield _vector("terms-rejected", "not_complete", "", refused)
    yield _vector("rejected-and-waiting", "not_complete", "", Round(Plan()).answer("receiver", decision="reject"))
    yield _vector("not-read", "undetermined", "", _complete(target=GAP))
    yield _vector("one-sided", "undetermined", "", _complete(target=None))
    large = ({**LOGO_MAY_MISS[0], "pattern": "index.php"},)
    yield _vector("too-much-agreed", "undetermined", "", _complete(target=(TREE[0], *TREE[2:]), rules=large))
    listing = [without(entry, "digest") for entry in TREE]
    yield _vector("listing", "undetermined", "", _complete(source=listing, target=listing, digest="none"))
    yield _vector("waiting-for-both", "waiting", "", Round(Plan()))
    yield _vector("waiting-for-the-receiver", "waiting", "", Round(Plan()).answer("sender"))
    yield _vector("waiting-for-the-sender", "waiting", "", Round(Plan()).answer("receiver"))
    yield _vector("waiting-for-the-agency", "waiting", "", _complete(signers=("sender", "receiver", "agency")))
    yield _vector("waiting-as-asked", "waiting", "", _complete(), require="sender,receiver,client")
    opened = Round(Plan()).answer("sender").answer("receiver", facts="not_examined", decision="none")
    yield _vector("waiting-for-a-decision", "waiting", "", opened)
    yield _vector("waiting-after-a-revocation", "waiting", "", _revoked())
    witnessed = Round(Plan()).answer("sender").answer("receiver", kind="witness", decision=None)
    yield _vector("waiting-although-witnessed", "waiting", "", witnessed)


def _revoked(**changes: object) -> Round:
    made = _complete()
    name = "1.receiver.statement.json"
    told = {"kind": "revocation", "facts": None, "decision": None, "subject": made.subject(name)}
    return made.answer("receiver", **(told | changes))


def _inventory() -> Iterator[Vector]:
    good = _complete(target=LESS).files
    for name in (
        "report.json",
        "rules.json",
        "terms.yaml",
        "web.source.manifest",
        "web.differences.jsonl",
        "report.en.html",
        "web.missing.files0",
    ):
        later = {
            "report.json": ["report"],
            "rules.json": ["terms"],
            "terms.yaml": ["terms"],
            "web.source.manifest": ["manifests"],
            "web.differences.jsonl": ["recomputation"],
        }.get(name, [])
        yield _vector(
            f"without-{_plain(name)}", "not_verified", f"{name} is missing", without(good, name), "inventory", *later
        )
    yield _vector("without-sums", "not_verified", "SHA256SUMS is missing", without(good, "SHA256SUMS"), "inventory")
    yield _vector(
        "without-a-signature",
        "not_verified",
        "a statement without its signature",
        without(good, "1.sender.statement.json.sig"),
        "inventory",
        "signatures",
    )
    yield _vector(
        "without-a-statement",
        "not_verified",
        "a signature without its statement",
        without(good, "1.receiver.statement.json"),
        "inventory",
    )
    for name, raw, defect in (
        ("notes.txt", b"all is well\n", "a file that nobody listed"),
        (".htaccess", b"", "a file that ls does not show"),
        ("sub/report.json", b"{}", "a folder inside"),
        ("2.sender.statement.json.sig", b"", "a signature of nothing"),
        ("x.tsr", b"", "a time stamp of nothing"),
        ("report.en.signed.pdf", b"", "a signed form of a page that is not there"),
        ("report.pl.html", b"", "a page that nobody listed"),
        ("1.owner.statement.json", b"{}", "a statement of an unknown role"),
        ("01.sender.statement.json", b"{}", "a statement with a zero before its number"),
        ("web.source.manifest~", b"", "what an editor left"),
    ):
        yield _vector(f"with-{_plain(name)}", "not_verified", defect, {**good, name: raw}, "inventory")
    yield from _sums(good)


def _plain(name: str) -> str:
    return name.strip(".~").replace(".", "-").replace("/", "-")


def _sums(good: Mapping[str, bytes]) -> Iterator[Vector]:
    """``SHA256SUMS`` in other forms, which the same digests would fit."""
    raw = good["SHA256SUMS"]
    lines = raw.splitlines(keepends=True)
    for name, defect, changed in (
        ("empty", "an empty list", b""),
        ("crlf", "Windows line ends", raw.replace(b"\n", b"\r\n")),
        ("no-line-feed", "no line feed at the end", raw[:-1]),
        ("upper-case", "a digest in upper case", raw[:64].upper() + raw[64:]),
        ("binary-mark", "the star of binary mode", raw.replace(b"  ", b" *", 1)),
        ("one-space", "one space in place of two", raw.replace(b"  ", b" ", 1)),
        ("unsorted", "names out of order", b"".join([lines[1], lines[0], *lines[2:]])),
        ("doubled", "a name twice", b"".join([lines[0], *lines])),
        ("path", "a path in place of a name", raw + b"0" * 64 + b"  web/../../etc/passwd\n"),
        ("hidden", "a name that begins with a dot", b"0" * 64 + b"  .x\n" + raw),
        ("escaped", "an escaped name", raw + b"\\" + b"0" * 64 + b"  x\\ny\n"),
        ("remark", "a remark", b"# ours\n" + raw),
        ("bsd", "the form of BSD", raw + b"SHA256 (x) = " + b"0" * 64 + b"\n"),
        ("sha512", "a digest of another algorithm", raw + b"0" * 128 + b"  x\n"),
        ("byte-order-mark", "a byte order mark", b"\xef\xbb\xbf" + raw),
        ("not-ascii", "a name that is not ASCII", raw + b"0" * 64 + "  ż\n".encode()),
    ):
        yield _vector(f"sums-{name}", "malformed", defect, {**good, "SHA256SUMS": changed}, "inventory")
    listing = {
        "SHA256SUMS": ("inventory", "digests", "report"),
        "1.sender.statement.json": ("inventory", "report", "statements"),
        "1.sender.statement.json.sig": ("inventory", "report"),
    }
    for name, steps in listing.items():
        listed = dict(line.decode().split()[::-1] for line in lines) | {name: sha256(good.get(name, b""))}
        changed = "".join(f"{listed[key]}  {key}\n" for key in sorted(listed)).encode()
        forged = Round(Plan(target=LESS))
        forged.files["SHA256SUMS"] = changed
        yield _vector(
            f"sums-list-{_plain(name).lower()}",
            "not_verified",
            f"{name} is listed, and may not be",
            forged.both_accept(),
            *steps,
        )


def _digests() -> Iterator[Vector]:
    """One byte changed after both parties signed."""
    good = _complete(target=LESS).files
    for name, old, new, later in (
        ("terms.yaml", b"max_excluded: 50%", b"max_excluded: 60%", ["terms"]),
        ("rules.json", b'"max_excluded_bp": 5000', b'"max_excluded_bp": 6000', ["terms"]),
        ("web.target.manifest", b"index.php", b"index.phq", ["manifests"]),
        ("web.differences.jsonl", b"absent", b"ABSENT", []),
        ("web.missing.files0", b"logo", b"lego", []),
        ("report.json", b'"round": 1', b'"round": 2', ["report"]),
        ("report.en.html", b"see", b"sea", []),
    ):
        changed = {**good, name: put(good[name], old, new)}
        yield _vector(
            f"byte-of-{_plain(name)}", "not_verified", f"one byte of {name} is another", changed, "digests", *later
        )
    yield _vector(
        "byte-more",
        "not_verified",
        "a byte after the page",
        {**good, "report.en.html": good["report.en.html"] + b"\n"},
        "digests",
    )
    swapped = {
        **good,
        "web.source.manifest": good["web.target.manifest"],
        "web.target.manifest": good["web.source.manifest"],
    }
    yield _vector(
        "manifests-swapped", "not_verified", "the manifests of both sides swapped", swapped, "digests", "manifests"
    )
    tidy = Round(Plan(source=LESS, target=LESS)).files["web.source.manifest"]
    yield _vector(
        "manifest-tidied",
        "not_verified",
        "a source manifest without what was lost",
        {**_complete(target=LESS).files, "web.source.manifest": tidy},
        "digests",
        "manifests",
    )
    resealed = _complete()
    resealed.files |= Round(Plan(source=LESS, target=LESS)).files
    yield _vector("round-replaced", "not_verified", "another round under the old signatures", resealed, "statements")


def _reported(change: Callable[[Document], None], **plan: object) -> Round:
    """Return a round that both signed, although the report was changed before."""
    return _complete(change_report=change, **plan)


def _set(*path: str | int, to: object) -> Callable[[Document], None]:
    """Return what sets one place of a report."""

    def change(report: Document) -> None:
        place: object = report
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to

    return change


def _report() -> Iterator[Vector]:
    for name, defect, change in (
        ("file-missing", "its list of files lacks one", lambda report: report["files"].pop(0)),
        (
            "file-more",
            "its list of files has one more",
            lambda report: report["files"].append({"name": "x", "sha256": "0" * 64, "length": 0}),
        ),
        ("file-twice", "its list of files has one twice", lambda report: report["files"].append(report["files"][0])),
        ("file-digest", "another digest of a file", _set("files", 0, "sha256", to="0" * 64)),
        ("file-length", "another length of a file", _set("files", 0, "length", to=1)),
        (
            "side-hidden",
            "a side that was read is told as not reached",
            _set("parts", 0, "target", to={"location": "x", "failure": {"code": 6, "what": "not reached"}}),
        ),
        ("side-of-the-other", "both sides name one manifest", _copy_side),
        ("part-renamed", "a part of another name", _set("parts", 0, "name", to="mail")),
        ("no-parts", "no parts", _set("parts", to=[])),
    ):
        yield _vector(f"report-{name}", "not_verified", defect, _reported(change), "report")
    twice = _reported(lambda report: report["parts"].append(report["parts"][0]))
    yield _vector("report-part-twice", "malformed", "a part twice", twice, "report")
    for name, defect, change in (
        ("unknown-key", "an unknown key", lambda report: report.update(approved=True)),
        ("unknown-verdict", "an unknown verdict", _set("verdict", to="fine")),
        ("other-type", "the type of another document", _set("type", to="handover-result")),
        ("version-2", "an unknown version", _set("version", to=2)),
    ):
        yield _vector(f"report-{name}", "malformed", defect, _reported(change), "report")
    for name, file_name in (
        ("manifest", "mail.source.manifest"),
        ("differences", "mail.differences.jsonl"),
        ("list", "mail.missing.files0"),
        ("page", "acceptance.html"),
    ):
        more = _complete(change_files=lambda files, file_name=file_name: files.update({file_name: b"x"}))
        yield _vector(f"report-{name}-of-no-part", "not_verified", "a file that belongs to no part", more, "report")
    without_list = _complete(change_files=lambda files: files.pop("web.differences.jsonl"))
    yield _vector("report-no-differences", "not_verified", "made without its differences", without_list, "report")
    without_rules = _complete(change_files=lambda files: files.pop("rules.json"))
    yield _vector("report-no-rules", "not_verified", "made without its rules", without_rules, "report")


def _copy_side(report: Document) -> None:
    report["parts"][0]["target"] = report["parts"][0]["source"]


def _terms() -> Iterator[Vector]:
    for name, defect, change in (
        ("case", "another name of the case", _set("case", "name", to="another")),
        ("time-zone", "another time zone", _set("timezone", to="UTC")),
        ("dates", "another date", _set("dates", to={"complete_by": "2027-12-01"})),
        ("no-dates", "no dates", _set("dates", to={})),
        ("party-name", "another name of a party", _set("parties", 2, "name", to="Agency")),
        ("party-contact", "another contact", _set("parties", 2, "contact", to="x@new.example")),
        ("party-missing", "a party is not told", lambda report: report["parties"].pop()),
        ("signers-less", "fewer have to sign than the terms say", _set("required_signatures", to=["sender"])),
        (
            "signers-more",
            "more have to sign than the terms say",
            _set("required_signatures", to=["sender", "receiver", "agency"]),
        ),
    ):
        yield _vector(f"terms-{name}", "not_verified", f"the report says: {defect}", _reported(change), "terms")
    rule = {**LOGO_MAY_MISS[0], "origin": "terms"}
    for name, defect, change_rules in (
        (
            "rule-more",
            "a rule that swallows the loss and is not in the terms",
            lambda d: d["parts"][0]["rules"].append(rule),
        ),
        ("share", "more may be excluded than the terms say", lambda d: d["parts"][0].update(max_excluded_bp=10_000)),
        ("database", "a database that is not in the terms", lambda d: d["parts"][0].update(database="MySQL")),
        ("digest", "the rules of other terms", lambda d: d.update(terms_sha256="0" * 64)),
        (
            "part-more",
            "rules for a part that is not in the terms",
            lambda d: d["parts"].append({**d["parts"][0], "name": "x"}),
        ),
    ):
        forged = _complete(change_files=_in_document("rules.json", change_rules))
        yield _vector(f"rules-{name}", "not_verified", defect, forged, "terms")
    fewer = _complete(
        rules=LOGO_MAY_MISS, change_files=_in_document("rules.json", lambda d: d["parts"][0]["rules"].pop())
    )
    yield _vector("rules-rule-less", "not_verified", "a rule of the terms is not in the rules", fewer, "terms")
    other = _complete(change_files=lambda files: files.update({"terms.yaml": terms(Plan(signers=("sender",)))}))
    yield _vector("terms-swapped", "not_verified", "other terms than those of the rules", other, "terms")
    broken = _complete(change_files=lambda files: _with_terms(files, files["terms.yaml"] + b"sign: here\n"))
    yield _vector("terms-unreadable", "malformed", "terms with an unknown key", broken, "terms")
    crlf = _complete(change_files=_in_text("rules.json", b"\n", b"\r\n"))
    yield _vector("rules-crlf", "malformed", "rules with Windows line ends", crlf, "terms")
    pattern = _complete(
        change_files=_in_document("rules.json", lambda d: d["parts"][0]["rules"].append({**rule, "pattern": "/"}))
    )
    yield _vector("rules-pattern", "malformed", "rules with a pattern that is none", pattern, "terms")


def _with_terms(files: Files, raw: bytes) -> None:
    files["terms.yaml"] = raw
    _in_document("rules.json", lambda told: told.update(terms_sha256=sha256(raw)))(files)


def _in_document(name: str, change: Callable[[Document], object]) -> Callable[[Files], None]:
    def changed(files: Files) -> None:
        value = json.loads(files[name])
        change(value)
        files[name] = document(value)

    return changed


def _in_text(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({name: files[name].replace(old, new)})


def _manifests() -> Iterator[Vector]:
    """A manifest that cannot be, although report, digests and signatures fit it."""
    head = header(Plan(), "source")
    lines = manifest(TREE, head).splitlines()
    end = manifests.trailer(head, TREE)
    for name, defect, raw in (
        ("cut", "a manifest that is cut short", manifest(TREE, head)[:-20]),
        ("line-removed", "a line is missing", manifests.seal([*lines[:4], lines[5]], end)),
        (
            "lines-swapped",
            "two lines in the other order",
            manifests.seal([*lines[:2], lines[3], lines[2], *lines[4:-1]], end),
        ),
        ("bytes", "a sum of bytes that is not that of the entries", manifest(TREE, head, bytes=11)),
        (
            "counts",
            "counts that are not those of the entries",
            manifest(TREE, head, counts={**end["counts"], "file": 1, "dir": 3}),
        ),
        ("content-root", "a root that is not that of the entries", manifest(TREE, head, content_root="0" * 64)),
        ("structure-root", "a root that is not that of the lines", manifest(TREE, head, structure_root="0" * 64)),
        ("below-a-file", "a path below a file", manifest([folder(""), file("a"), file("a/b")], head)),
        ("version", "an unknown version", manifest(TREE, {**head, "version": 2})),
        (
            "report-in-its-place",
            "a report in the place of a manifest",
            document({"type": "handover-report", "version": 1}),
        ),
    ):
        forged = _complete(change_files=lambda files, raw=raw: files.update({"web.source.manifest": raw}))
        yield _vector(f"manifest-{name}", "malformed", defect, forged, "manifests")
    base = [{"kind": "manifest", "sha256": "2" * 64, "nonce": "11" * 16, "started_at": manifests.NOW}]
    keys_before, keys_after = list(head)[:-1], list(head)[-1:]
    carried = {**{key: head[key] for key in keys_before}, "base": base, **{key: head[key] for key in keys_after}}
    entries = [folder(""), file("a", b"a", host={"carried": True})]
    unproven = _complete(change_files=lambda files: files.update({"web.source.manifest": manifest(entries, carried)}))
    yield _vector(
        "manifest-carried-from-nowhere",
        "not_verified",
        "files carried over from a manifest that is not here",
        unproven,
        "manifests",
    )


def _recomputation() -> Iterator[Vector]:
    """Reports that both signed and that do not follow from their manifests."""

    def hide(report: Document) -> None:
        """Say complete, wherever a report says it."""
        report |= {"verdict": "complete", "because": []}
        report["scope"][0]["state"] = "complete"

    def hide_wholly(report: Document) -> None:
        hide(report)
        part = report["parts"][0]
        told = part["comparison"]
        told["verdict"] = "complete"
        for numbers in (told["counts"], told["bytes"]):
            numbers["same"] += numbers["missing"]
            numbers["missing"] = 0
        part["folders_total"] = 0
        del part["folders"]

    lossy = {"target": LESS}
    first = ("parts", 0)
    for name, defect, change, plan in (
        ("verdict", "a verdict that does not follow from its part", hide, lossy),
        ("verdict-and-counts", "complete, and the manifests say otherwise", hide_wholly, lossy),
        ("verdict-worse", "not complete, and the manifests say otherwise", _set("verdict", to="not_complete"), {}),
        ("verdict-of-a-gap", "complete in spite of a gap", hide, {"target": GAP}),
        ("because", "a doubt that there is not", _set("because", to=["excluded"]), {}),
        ("strength", "a strength that there is not", _set("strength", to="accidental"), {}),
        (
            "strength-of-a-listing",
            "names and sizes told as proof",
            _set("strength", to="cryptographic"),
            {
                "source": [without(e, "digest") for e in TREE],
                "target": [without(e, "digest") for e in TREE],
                "digest": "none",
            },
        ),
        (
            "scope-more",
            "a database told as part of it",
            lambda report: report["scope"].append({"subject": "database", "part": "web", "state": "complete"}),
            {},
        ),
        ("scope-empty", "no scope", _set("scope", to=[]), {}),
        ("counts", "a count that is not that of the manifests", _set(*first, "comparison", "counts", "same", to=6), {}),
        ("bytes", "bytes that are not those of the manifests", _set(*first, "comparison", "bytes", "same", to=8), {}),
        (
            "excluded",
            "less excluded than was agreed",
            _set(*first, "comparison", "excluded", "share_bp", to=0),
            {"target": LESS, "rules": LOGO_MAY_MISS},
        ),
        (
            "gaps",
            "a gap that is not told",
            _set(*first, "comparison", "gaps", "target", "unreadable", to=0),
            {"target": GAP},
        ),
        ("folders", "another folder with loss", _set(*first, "folders", 0, "path", to="x"), lossy),
        ("likeness", "the same machine told", _set(*first, "likeness", to="same_machine"), {}),
        (
            "location",
            "another place of the source",
            _set(*first, "source", "location", to="ssh://acme@old.example/x"),
            {},
        ),
        ("machine", "another machine", _set(*first, "source", "machine", to={"boot_sha256": "3" * 64}), {}),
        ("standing", "a witness who was not there", _set(*first, "source", "ran_by", "standing", to="witnessed"), {}),
        ("recheck", "no second look told", _set(*first, "source", "recheck", to=False), {}),
        ("started", "another start", _set(*first, "source", "started_at", to="2026-11-01T00:00:00Z"), {}),
        ("root", "another root", _set(*first, "source", "content_root", to="0" * 64), {}),
        ("one-sided-complete", "complete although one side was not read", hide, {"target": None}),
    ):
        yield _vector(f"recomputed-{name}", "not_verified", defect, _reported(change, **plan), "recomputation")
    agreed = {**BY_PROOF, "target": _proven(source=False, text="other")}
    yield _vector(
        "recomputed-proof", "not_verified", "agreed beyond the rule", _reported(hide, **agreed), "recomputation"
    )
    yield from _recomputed_files()


def _recomputed_files() -> Iterator[Vector]:
    name, again = "web.differences.jsonl", "web.missing.files0"
    for told, defect, change in (
        (
            "differences-less",
            "a difference is missing",
            lambda files: files.update({name: files[name].split(b"\n")[0] + b"\n"}),
        ),
        (
            "differences-twice",
            "a difference twice",
            lambda files: files.update({name: files[name] + files[name].split(b"\n")[1] + b"\n"}),
        ),
        ("differences-class", "another class of a difference", _in_text(name, b'"missing"', b'"agreed"')),
        ("differences-header", "the differences of another part", _in_text(name, b'"part":"web"', b'"part":"www"')),
        ("differences-form", "a difference in another form", _in_text(name, b'"size":3', b'"size": 3')),
        (
            "differences-cut",
            "the differences without their last line feed",
            lambda files: files.update({name: files[name][:-1]}),
        ),
        ("again-less", "nothing to send again", lambda files: files.update({again: b""})),
        ("again-more", "something else to send again", lambda files: files.update({again: files[again] + b"./../x\0"})),
        ("again-other", "another file to send again", _in_text(again, b"logo.png", b"logo.gif")),
    ):
        forged = _complete(target=LESS, change_files=change)
        yield _vector(f"recomputed-{told}", "not_verified", defect, forged, "recomputation")
    other = manifest(TREE[:3], header(Plan(), "target"))
    swapped = _complete(change_files=lambda files: files.update({"web.target.manifest": other}))
    yield _vector(
        "recomputed-other-manifest", "not_verified", "complete over a manifest that has less", swapped, "recomputation"
    )


def _statements() -> Iterator[Vector]:
    def second(case: str, defect: str, /, *steps: str, expect: str = "not_verified", **changes: object) -> Vector:
        """The sender accepts; something is wrong with what the receiver says."""
        made = Round(Plan()).answer("sender").answer("receiver", **changes)
        return _vector(f"statement-{case}", expect, defect, made, *(steps or ("statements",)))

    older = Round(Plan(source=LESS, target=LESS))
    yield second("of-an-older-round", "an answer to the round before", subject=older.subject("SHA256SUMS"))
    yield second("length", "another length of SHA256SUMS", subject={**Round(Plan()).subject("SHA256SUMS"), "length": 1})
    yield second("other-round", "an answer to round 2", round=2)
    yield second("other-case", "an answer in another case", case_id="1" * 32)
    yield second("other-party", "the name of another party", party="New Hosting")
    yield second("other-role", "an answer of the sender in the receiver's place", role="sender", party="Old Hosting")
    yield second("seen-is-gone", "a statement that it has seen is not here", seen=["0" * 64])
    yield second("supersedes-nothing-here", "it supersedes a statement that is not here", supersedes="0" * 64)
    yield second("unknown-kind", "an unknown kind", expect="malformed", kind="promise")
    yield second("no-decision", "an answer without decision", expect="malformed", decision=None)
    yield second(
        "key-with-comment",
        "a key with a comment",
        expect="malformed",
        public_key=keys.line(KEYS["receiver"].blob) + " anna",
    )
    yield second("number-2", "the first answer has number 2", name="2.receiver.statement.json")
    client = _complete().answer(
        "sender", role="client", party="Jan", key=STRANGER, name="1.client.statement.json", supersedes=None
    )
    yield _vector("statement-of-no-party", "not_verified", "a client, and the case has none", client, "statements")
    again = _complete().answer("receiver", supersedes=None)
    yield _vector(
        "statement-not-superseding",
        "not_verified",
        "a second answer that does not supersede the first",
        again,
        "statements",
    )
    first_gone = _complete().answer("receiver", decision="reject")
    del first_gone.files["1.receiver.statement.json"], first_gone.files["1.receiver.statement.json.sig"]
    yield _vector(
        "statement-first-is-gone", "not_verified", "the first of two answers is gone", first_gone, "statements"
    )
    seen_gone = _complete().files
    both = ("1.sender.statement.json", "1.sender.statement.json.sig")
    yield _vector(
        "statement-taken-away",
        "not_verified",
        "an answer that the other party has seen is gone",
        without(seen_gone, *both),
        "statements",
    )
    yield _vector(
        "statement-revokes-another",
        "not_verified",
        "a revocation of the other party's answer",
        _revoked_other(),
        "statements",
    )
    yield from _custody()


def _revoked_other() -> Round:
    made = _complete()
    other = made.subject("1.sender.statement.json")
    told = {"kind": "revocation", "facts": None, "decision": None}
    return made.answer("receiver", **told, subject=other, supersedes=other["sha256"])


def _custody() -> Iterator[Vector]:
    kept = _complete(custody=True).files
    name = "web.source.manifest.1.sender.statement.json"
    yield _vector(
        "custody-taken-away",
        "not_verified",
        "custody that the report tells of is gone",
        without(kept, name, f"{name}.sig"),
        "statements",
    )
    told = ("parts", 0, "source", "custody", 0)
    for case, defect, change in (
        ("party", "the report words custody otherwise", _set(*told, "party", to="another")),
        ("key", "the report names another key of custody", _set(*told, "key", to="SHA256:" + "A" * 43)),
        ("manifest", "the report tells of custody of another manifest", _set(*told, "manifest_sha256", to="0" * 64)),
    ):
        yield _vector(f"custody-{case}", "not_verified", defect, _reported(change, custody=True), "statements")
    other = Round(Plan()).both_accept()
    subject = {**other.subject("web.source.manifest"), "sha256": "0" * 64}
    other.answer("sender", about="web.source.manifest", kind="custody", subject=subject)
    yield _vector("custody-of-another", "not_verified", "custody of another manifest", other, "statements")
    wrong = (
        Round(Plan())
        .both_accept()
        .answer(
            "sender",
            about="web.source.manifest",
            kind="terms",
            decision="accept",
            subject={"name": "terms.yaml", "sha256": "0" * 64, "length": 1},
        )
    )
    yield _vector("custody-of-terms", "not_verified", "a statement about terms beside a manifest", wrong, "statements")


def _signatures() -> Iterator[Vector]:
    good = _complete().files
    name = "1.receiver.statement.json"
    raw, signature = good[name], good[f"{name}.sig"]
    key = KEYS["receiver"]
    data = keys.signed_data(raw)
    inner = key.raw(data)
    other_purpose = armour(block(key.blob, key.inner(keys.signed_data(raw, namespace=b"file")), namespace=b"file"))
    s_plus_l = inner[:32] + (int.from_bytes(inner[32:], "little") + keys.ORDER).to_bytes(32, "little")
    for case, expect, defect, changed in (
        ("other-bytes", "not_verified", "a signature over another statement", key.sign(raw + b" ")),
        (
            "other-statement",
            "not_verified",
            "the signature of the other party's answer",
            good["1.sender.statement.json.sig"],
        ),
        ("other-key", "not_verified", "a signature by a key that the statement does not name", STRANGER.sign(raw)),
        ("other-purpose", "not_verified", "a signature for another purpose", other_purpose),
        ("s-plus-l", "not_verified", "S + L in place of S", armour(block(key.blob, string(b"ssh-ed25519", s_plus_l)))),
        (
            "63-bytes",
            "malformed",
            "a signature of 63 bytes",
            armour(block(key.blob, string(b"ssh-ed25519", inner[:-1]))),
        ),
        (
            "65-bytes",
            "malformed",
            "a signature of 65 bytes",
            armour(block(key.blob, string(b"ssh-ed25519", inner + b"\0"))),
        ),
        ("text-after", "malformed", "text after the footer", signature + b"but we reject\n"),
        ("second-block", "malformed", "a second block", signature + STRANGER.sign(raw)),
        ("crlf", "malformed", "Windows line ends", signature.replace(b"\n", b"\r\n")),
        ("empty", "malformed", "an empty file", b""),
        (
            "reserved",
            "malformed",
            "text in the reserved field",
            armour(block(key.blob, key.inner(data), reserved=b"but")),
        ),
    ):
        yield _vector(f"signature-{case}", expect, defect, {**good, f"{name}.sig": changed}, "signatures")
    for place, change in (("decision", (b'"accept"', b'"reject"')), ("facts", (b'"confirmed"', b'"disputed"'))):
        forged = {**good, name: put(raw, *change)}
        yield _vector(
            f"signature-{place}-changed",
            "not_verified",
            f"its {place} was changed after it was signed",
            forged,
            "signatures",
        )
    small = string(b"ssh-ed25519", keys.compressed(keys.NEUTRAL))
    told = Round(Plan()).answer("sender")
    weak = document(told.statement("receiver", public_key=keys.line(small)))
    everybody = armour(block(small, string(b"ssh-ed25519", keys.compressed(keys.NEUTRAL) + bytes(32))))
    told.files |= {name: weak, f"{name}.sig": everybody}
    yield _vector("signature-small-order", "not_verified", "a key that anybody can sign with", told, "statements")


def _keys() -> Iterator[Vector]:
    good = _complete()
    key = {role: keys.line(one.blob) for role, one in KEYS.items()}
    yield _vector("keys-not-given", "not_verified", "no list of keys", good, "keys", trusted=None)
    for name, defect, trusted in (
        ("empty", "an empty list of keys", b""),
        ("one-missing", "no key for the receiver", signers(receiver="")),
        ("other", "another key for the receiver", signers(receiver=f"receiver {keys.line(STRANGER.blob)}")),
        (
            "swapped",
            "the keys of both parties swapped",
            signers(sender=f"sender {key['receiver']}", receiver=f"receiver {key['sender']}"),
        ),
        (
            "other-purpose",
            "a key for another purpose",
            signers(receiver=f'receiver namespaces="git" {key["receiver"]}'),
        ),
        (
            "expired",
            "a key that is no longer valid",
            signers(receiver=f'receiver valid-before="20260101Z" {key["receiver"]}'),
        ),
        (
            "too-early",
            "a key that is not valid yet",
            signers(receiver=f'receiver valid-after="20270101Z" {key["receiver"]}'),
        ),
        (
            "two-roles",
            "one key for two roles",
            signers(receiver=f"receiver {key['receiver']}\nsender {key['receiver']}"),
        ),
    ):
        yield _vector(f"keys-{name}", "not_verified", defect, good, "keys", trusted=trusted)
    yield _vector(
        "keys-star", "not_verified", "a key for everybody", good, trusted=signers(agency=f"* {key['agency']}")
    )
    yield _vector("keys-broken", "malformed", "a list of keys that cannot be read", good, trusted=b"receiver\n")
    shared = Round(Plan()).answer("sender").answer("receiver", key=KEYS["sender"])
    both = signers(receiver="", sender=f"sender {key['sender']}")
    yield _vector("keys-shared", "not_verified", "both parties signed with one key", shared, "keys", trusted=both)
    yield _vector(
        "keys-shared-integrity-only",
        "not_verified",
        "both parties signed with one key, and nobody asked who",
        shared,
        "keys",
        trusted=None,
        require="none",
    )
    stranger = Round(Plan()).answer("sender").answer("receiver", key=STRANGER)
    yield _vector("keys-stranger", "not_verified", "an answer by a key that nobody knows", stranger, "keys")
    named = {"receiver": keys.line(STRANGER.blob)}
    yield _vector(
        "keys-beside-the-terms",
        "not_verified",
        "the terms name another key for the receiver",
        _complete(party_keys=named),
        "keys",
    )
    yield _vector(
        "keys-of-a-required-stranger",
        "not_verified",
        "a required party signed, and its key is not known",
        _complete(signers=("sender", "receiver", "agency")).answer("agency"),
        "keys",
        trusted=signers(agency=""),
    )
