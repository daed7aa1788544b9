"""Reports of small handovers, made by the real comparer from real manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from handover import __version__, manifest
from handover import report as reports
from handover.comparison import Difference, Verdict
from handover.digests import Algorithm
from handover.entries import EntryType, GapKind
from handover.render.sampling import Excerpts
from handover.report import Failure, FileRef, PartReport, Party, Report, SideInput
from handover.rules import Requirement, Rule, RuleKind, RuleSet
from support.manifests import Item, file, folder, gap, ignored, link, listed, make_manifest, reader

#: Names that attack whoever shows them; each is one path component.
HOSTILE = (
    b"<script>alert(1)</script>.php",
    b"\x1b[2J\x1b]0;pwned\x07.txt",
    "invoice\u202egpj.exe".encode(),
    b"{{7*7}}{% raw %}",
    b"[/x][bold red]",
    b"two\nlines",
    b"carriage\rreturn",
    b"invalid-\xff\xfe.bin",
    b"]]>&amp;<!--",
    b"\"quotes'`$(id)",
    "zero\u200bwidth".encode(),
    "\u2066isolate\u2069".encode(),
    b"=cmd()|'/C calc'!A0",
    "שלום.txt".encode(),
    b"::error::annotation%0A",
)
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDE1c6sI5FblVb5BAVUvn7j2xRRyHFVGYf0PrnPYXb6b anna@old"

NO_RULES = RuleSet()


@dataclass(frozen=True)
class World:
    """A report and the differences of its parts."""

    report: Report
    lists: dict[str, tuple[Difference, ...]]

    @property
    def differences(self) -> Callable[[str], Iterator[Difference]]:
        return lambda part: iter(self.lists[part])

    @property
    def excerpts(self) -> Excerpts:
        return Excerpts(self.differences)

    def but(self, **fields: object) -> World:
        return replace(self, report=msgspec.structs.replace(self.report, **fields))


@dataclass(frozen=True)
class Part:
    """What both sides of one part hold; ``None`` for a side that could not be read."""

    source: Sequence[Item] | None
    target: Sequence[Item] | None
    rules: RuleSet = NO_RULES
    name: str = "web"
    source_header: dict[str, object] | None = None
    target_header: dict[str, object] | None = None
    failure: Failure | None = None
    custody: tuple[reports.Custody, ...] = ()


def make_world(*parts: Part, parties: bool = True, findings: tuple[reports.Finding, ...] = ()) -> World:
    lists: dict[str, tuple[Difference, ...]] = {}
    part_reports = tuple(_compared(part, lists) for part in parts)
    verdict, because, strength = reports.total(part_reports)
    report = Report(
        type=reports.TYPE,
        version=reports.VERSION,
        tool=f"handover {__version__}",
        case=manifest.CaseRef(id="0f8e6f9c", name="acme-shop.example to new hosting"),
        round=1,
        created_at="2026-11-28T21:05:00Z",
        timezone="Europe/Warsaw",
        dates=reports.Dates(complete_by="2026-12-01", source_ends="2026-12-31") if parties else reports.Dates(),
        parties=PARTIES if parties else (),
        required_signatures=("sender", "receiver") if parties else (),
        verdict=verdict,
        because=because,
        strength=strength,
        scope=reports.scope_of(part_reports, {part.name: part.rules for part in parts}),
        parts=part_reports,
        findings=findings,
        files=tuple(FileRef(name=f"{part.name}.source.manifest", sha256="a" * 64, length=1) for part in parts),
    )
    return World(report, lists)


PARTIES = (
    Party(role="sender", name="Old Hosting sp. z o.o.", contact="bok@old.example", reference="#4711", keys=(KEY,)),
    Party(role="receiver", name="New Host Oy", contact="support@new.example"),
    Party(role="client", name="Jan Kowalski", contact="jan@acme.example", language="pl"),
)


def _compared(part: Part, lists: dict[str, tuple[Difference, ...]]) -> PartReport:
    rules = manifest.RulesRef(
        sha256="0" * 64,
        ignore=tuple(
            manifest.IgnoreRule(pattern=rule.pattern, reason=rule.reason, origin=rule.origin)
            for rule in part.rules.rules
            if rule.kind is RuleKind.IGNORE
        ),
    )
    common: dict[str, object] = {"part": part.name, "rules": rules}
    source = _side(part, "source", part.source, common | (part.source_header or {}))
    target = _side(part, "target", part.target, common | TARGET_HEADER | (part.target_header or {}))
    found: list[Difference] = []
    compared = reports.compare_part(part.name, source, target, part.rules, found.append)
    lists[part.name] = tuple(found)
    return compared


def _side(part: Part, role: str, items: Sequence[Item] | None, header: dict[str, object]) -> SideInput:
    name = f"{part.name}.{role}.manifest"
    if items is None:
        return SideInput(f"ssh://acme@{role}.example/www", name, None, part.failure or FAILURE)
    if header.get("digest") is Algorithm.NONE:
        items = listed(items)
    raw = make_manifest(*items, **header)
    return SideInput(name, name, reader(raw), None, part.custody if role == "source" else ())


TARGET_HEADER: dict[str, object] = {
    "role": manifest.Role.TARGET,
    "ran_by": manifest.RanBy(standing=manifest.Standing.WITNESSED, party="client"),
    "location": "ssh://acme@new.example/home/acme/public_html",
    "machine": manifest.Machine(
        boot_sha256="2" * 64, host_key="SHA256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", user="acme"
    ),
}
FAILURE = Failure(code=6, what="the connection was refused", where="ssh://acme@source.example", hint="Is sshd running?")
CUSTODY = reports.Custody(
    role="sender",
    party="Old Hosting sp. z o.o.",
    key="SHA256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    signed_at="2026-11-20T10:00:00Z",
    manifest_sha256="c" * 64,
    statement_sha256="d" * 64,
)
FINDING = reports.Finding(
    cause="subtree_lost",
    title="A folder was cut off below wp-content/uploads/2014",
    part="web",
    count=3,
    share_bp=7500,
    confidence="high",
    evidence=("Every path below it is missing, and everything beside it is there.",),
    remedy=("Send wp-content/uploads/2014 again.",),
)


def same(count: int = 3) -> list[Item]:
    return [folder("wp"), *(file(f"wp/page{n}.php", b"<?php" + bytes([n % 250])) for n in range(count))]


def lost_uploads() -> Part:
    """A folder with three files lost, one file changed, one truncated, one added, one unreadable."""
    uploads = "wp-content/uploads/2014"
    common = [*same(6), folder("wp-content"), folder("wp-content/uploads")]
    lost = [folder(uploads), *(file(f"{uploads}/{n}.jpg", b"x" * 700_000) for n in range(3))]
    source = [*common, *lost, file("index.php", b"one"), file("video.mp4", b"v" * 2_000_000), file("s.key", b"k" * 9)]
    target = [
        *common,
        file("index.php", b"two"),
        file("video.mp4", b"v" * 1_000_000),
        gap("s.key", GapKind.UNREADABLE, EntryType.FILE, 9),
        file("error_log", b"e" * 500),
    ]
    return Part(source, target, RuleSet(database="MySQL or MariaDB"), custody=(CUSTODY,))


def agreed() -> Part:
    """One file differs as agreed, one folder is ignored on both sides, and nothing else differs."""
    rules = RuleSet(
        (
            Rule(RuleKind.MAY_DIFFER, "wp-config.php", "new database password", "terms"),
            Rule(RuleKind.IGNORE, "cache/**", "rebuilt on the new host", "terms"),
        )
    )
    source = [*same(40), file("wp-config.php", b"old"), ignored("cache", "cache/**", 3, 30)]
    target = [*same(40), file("wp-config.php", b"new"), ignored("cache", "cache/**", 1, 10)]
    return Part(source, target, rules)


def hostile() -> Part:
    """Every hostile name in every class that can have it, and as folder, link target, location and rule."""
    source: list[Item] = [file(name, b"1") for name in HOSTILE]
    source += [item for name in HOSTILE for item in (folder(b"d-" + name), file(b"d-" + name + b"/" + name, b"1"))]
    source += [link(b"l-" + name, b"/old/" + name) for name in HOSTILE]
    source += [gap(b"g-" + name, GapKind.UNREADABLE, EntryType.FILE, 1) for name in HOSTILE]
    target: list[Item] = [file(b"x-" + name, b"1") for name in HOSTILE]
    target += [link(b"l-" + name, b"/new/" + name) for name in HOSTILE]
    target += [file(b"g-" + name, b"1") for name in HOSTILE]
    nasty = HOSTILE[0].decode() + HOSTILE[1].decode() + HOSTILE[2].decode() + HOSTILE[4].decode()
    header: dict[str, object] = {"location": nasty, "route": nasty}
    header["ran_by"] = manifest.RanBy(standing=manifest.Standing.IMPORTED, party=nasty, name=nasty)
    header["machine"] = manifest.Machine(
        boot_sha256="3" * 64, host_key=nasty, user=nasty, os=nasty, interpreter=nasty, limits=(nasty,)
    )
    return Part(source, target, source_header=header)


REQUIRE_NO_EXTRA = RuleSet(require=frozenset({Requirement.NO_EXTRA}))


def rejected(party: str = "New Host Oy", remarks: tuple[reports.EarlierRemark, ...] = ()) -> reports.EarlierRound:
    """What a report tells of a first round that was not complete and that the receiver confirmed and rejected."""
    answer = reports.EarlierAnswer(
        role="receiver",
        party=party,
        facts="confirmed",
        decision="reject",
        signed_at="2026-11-15T10:00:00Z",
        sha256="e" * 64,
        remarks=remarks,
    )
    return reports.EarlierRound(
        round=1,
        sha256="f" * 64,
        created_at="2026-11-14T10:00:00Z",
        verdict=Verdict.NOT_COMPLETE,
        answers=(answer,),
    )
