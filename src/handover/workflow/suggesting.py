"""``rules.suggested.yaml`` of a round: rules that would settle differences, for people to read and to decide on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from handover import paths
from handover.comparison import PathClass
from handover.manifest import Role, manifest_name
from handover.manifest_reader import Reader
from handover.paths import shown
from handover.report import PartReport
from handover.rules import Rule, RuleSet
from handover.suggestions import Ground, Suggestion, effect, suggest
from handover.terms import Terms, suggested
from handover.workflow.detecting import Detected, panel, site_in_manifest
from handover.workflow.diagnosing import kinds_of, opened, since_1970_ns

_ALL_PARTS = "Given to --rules they hold for every part; in handover.yaml each for its own."
_LOOKS_LIKE = "The source of {part} has {mark}: with `preset: {preset}` in handover.yaml it has these rules, and more."
#: So many characters of a path are enough for an example.
_LONGEST = 200


def suggested_rules(folder: Path, parts: tuple[PartReport, ...], rules: Mapping[str, RuleSet], terms: Terms) -> str:
    """Return the file for a round; empty when no rule is suggested."""
    several = len(parts) > 1
    found: dict[object, tuple[str, Rule]] = {}
    remarks = [_ALL_PARTS] if several else []
    for part in filter(kinds_of, parts):
        site = site_in_manifest(folder / manifest_name(part.name, Role.SOURCE))
        if site is not None and rules[part.name].site is None:
            remarks.append(_LOOKS_LIKE.format(part=part.name, mark=site.mark, preset=site.preset.name))
        for one in _of_part(folder, part, site, rules[part.name], terms):
            found.setdefault(effect(one.rule), (_remark(one, part.name if several else ""), one.rule))
    return suggested(found.values(), remarks) if found else ""


def _of_part(
    folder: Path, part: PartReport, site: Detected | None, rules: RuleSet, terms: Terms
) -> tuple[Suggestion, ...]:
    with opened(folder, part) as streams:
        live_ns = since_1970_ns(terms.dates.cutover_at)
        ahead_ns = (streams.target.header.clock.skew_ms or 0) * 10**6
        ground = Ground(
            rules=rules,
            presets=(panel(),) if site is None else (site.preset, panel()),
            source_root=_root(streams.source),
            target_root=_root(streams.target),
            cutover_ns=None if live_ns is None else live_ns + ahead_ns,
        )
        return suggest(streams, ground)


def _root(reader: Reader) -> bytes:
    return paths.from_fields(reader.header.root, reader.header.root_b64, where="root")


def _remark(one: Suggestion, part: str) -> str:
    """Return what is said above a rule: how many differences of which classes, and where the first is."""
    total = sum(one.counts.values())
    classes = ", ".join(f"{count} {kind}" for kind, count in _counts(one))
    of_part = f"part {part}: " if part else ""
    settles = "would settle, if the rest of each is the same," if one.rule.kind.keeps_proof else "would settle"
    things = "difference" if total == 1 else "differences"
    return f"{of_part}{settles} {total} {things} ({classes}), for example {_short(shown(one.example))}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _counts(one: Suggestion) -> Iterator[tuple[PathClass, int]]:
    return ((kind, one.counts[kind]) for kind in PathClass if kind in one.counts)
