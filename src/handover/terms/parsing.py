"""From the bytes of ``handover.yaml`` to ``Terms``. Specification: ``docs/spec/terms.md``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from itertools import pairwise
from typing import TypeVar

from handover.digests import Algorithm, parse_algorithm
from handover.rules import DEFAULT_MAX_EXCLUDED_BP, Requirement, RuleSet
from handover.terms.document import Fields, Node, NotReadable, Text, read
from handover.terms.model import Dates, Moment, Terms
from handover.terms.moments import UNTIL, moment_of, zone_of
from handover.terms.parties import read_parties, read_signatures
from handover.terms.parts import read_database, read_parts, read_preset, read_rules
from handover.terms.problems import TermsError
from handover.terms.reading import FieldReader

T = TypeVar("T")

_KEYS = (
    *("handover", "id", "case", "timezone", "dates", "parties", "required_signatures", "parts"),
    *("max_excluded", "digest"),
)
_RULES_FILE_KEYS = ("preset", "database", "rules", "require", "max_excluded")
_DATES = ("complete_by", "frozen_from", "cutover_at", "source_ends")
#: Those that follow one another; by which day it must be complete is the parties' own affair.
_IN_ORDER = ("frozen_from", "cutover_at", "source_ends")
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


def parse(raw: bytes, where: str) -> Terms:
    """Return the terms that ``raw`` holds, or raise ``TermsError`` with everything that is wrong with them.

    ``where`` names the file in errors.
    """
    return _parse(raw, where, _terms)


def parse_rules(raw: bytes, where: str) -> RuleSet:
    """Return what a file for ``--rules`` says, in the keys that a part has, and ``max_excluded``.

    Raises ``TermsError``; ``where`` names the file in it.
    """
    return _parse(raw, where, _rules_file)


def _parse(raw: bytes, where: str, read_all: Callable[[FieldReader, Node], T]) -> T:
    reader = FieldReader()
    try:
        value = read_all(reader, read(raw))
    except NotReadable as error:
        raise TermsError([error.problem], where=where) from error
    if reader.problems:
        raise TermsError(reader.problems, where=where)
    return value


def _terms(reader: FieldReader, node: Node) -> Terms:
    _check_version(node)
    fields = reader.fields(node, "the terms", _KEYS, ("handover", "id", "case", "parts"))
    zone = _zone(reader, fields)
    parties = read_parties(reader, fields.get("parties"))
    return Terms(
        id=reader.matching(fields.get("id"), "`id`", _ID, "It has 32 digits from 0 to f; `handover init` makes one."),
        case=reader.text(fields.get("case"), "`case`"),
        timezone=str(zone),
        dates=_dates(reader, fields.get("dates"), zone),
        parties=parties,
        required_signatures=read_signatures(reader, fields.get("required_signatures"), parties),
        parts=read_parts(reader, fields.get("parts")),
        max_excluded_bp=_max_excluded_bp(reader, fields),
        digest=_digest(reader, fields.get("digest")),
    )


def _rules_file(reader: FieldReader, node: Node) -> RuleSet:
    fields = reader.fields(node, "a file of rules", _RULES_FILE_KEYS)
    preset = read_preset(reader, fields.get("preset"))
    return RuleSet(
        read_rules(reader, fields.get("rules"), "flag --rules") + (preset.rules if preset else ()),
        frozenset(reader.choices(fields.get("require"), "`require`", Requirement)),
        _max_excluded_bp(reader, fields),
        read_database(reader, fields.get("database"), preset),
    )


def _check_version(node: Node) -> None:
    """Say nothing else about terms of another version: what is wrong here may be right there."""
    for key, value in node.pairs if isinstance(node, Fields) else []:
        if key.value == "handover" and not (isinstance(value, Text) and value.value == "1"):
            what = "terms of a version that is not known here"
            raise NotReadable(value.place, what, "This handover reads `handover: 1`. A newer one may read it.")


def _zone(reader: FieldReader, fields: Mapping[str, Node]) -> tzinfo:
    node = fields.get("timezone")
    if node is None:
        if "dates" in fields:
            reader.note(fields["dates"].place, "`dates` need `timezone`", "Write it like Europe/Warsaw, or UTC.")
        return UTC
    name = reader.text(node, "`timezone`")
    zone = reader.attempt(node, lambda: zone_of(name)) if name else None
    return zone or UTC


def _dates(reader: FieldReader, node: Node | None, zone: tzinfo) -> Dates:
    if node is None:
        return Dates()
    fields = reader.fields(node, "`dates`", _DATES)
    moments = {name: _moment(reader, fields[name], name, zone) for name in _DATES if name in fields}
    known = [(name, moment) for name in _IN_ORDER if (moment := moments.get(name)) is not None]
    for (earlier, first), (later, second) in pairwise(known):
        if second.instant < first.instant:
            reader.note(fields[later].place, f"`{later}` is before `{earlier}`", "One of the two is a slip.")
    return Dates(**moments)


def _moment(reader: FieldReader, node: Node, name: str, zone: tzinfo) -> Moment | None:
    text = reader.text(node, f"`{name}`")
    return reader.attempt(node, lambda: moment_of(text, zone, whole_day=name in UNTIL)) if text else None


def _max_excluded_bp(reader: FieldReader, fields: Mapping[str, Node]) -> int:
    return reader.percent(fields.get("max_excluded"), "`max_excluded`", DEFAULT_MAX_EXCLUDED_BP)


def _digest(reader: FieldReader, node: Node | None) -> Algorithm:
    name = reader.text(node, "`digest`")
    found = reader.attempt(node, lambda: parse_algorithm(name)) if node is not None and name else None
    if found is Algorithm.NONE and node is not None:
        reader.note(
            node.place, "terms cannot agree to names and sizes only", "Use sha256, or xxh128 against accidents."
        )
    return found or Algorithm.SHA256
