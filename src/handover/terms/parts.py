"""What is handed over: parts, their two locations, and their rules."""

from __future__ import annotations

import re
from typing import Final

from handover import presets
from handover.effects import Replacement
from handover.presets import Preset
from handover.rules import PART_NAME, Requirement, Rule, RuleKind, in_force
from handover.terms.document import Fields, Node
from handover.terms.model import Location, Part, Route, SshTransport
from handover.terms.problems import Place
from handover.terms.reading import FieldReader

_PART_KEYS = ("name", "source", "target", "preset", "database", "rules", "require")
_SSH_KEYS = ("host_key", "become", "transport")
_LOCATION_KEYS = ("location", "route", "follow_root_link", "allow_empty", "cross_mounts", *_SSH_KEYS)
_RULE_KEYS = (*RuleKind, "reason")

MAX_OWN_RULES: Final = 500

_NAME = re.compile(PART_NAME)
_HOST_KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_BECOME = re.compile(r"sudo -n(?: -u [a-z_][a-z0-9_-]{0,31})?", re.ASCII)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)
# SECURITY: a host or a user that begins with a hyphen is a flag to the ssh program (CVE-2017-1000117).
_SSH = re.compile(r"ssh://(?:(?!-)[^\s/@:]+@)?(?:\[[0-9A-Fa-f:.]+\]|(?!-)[^\s/@:\[\]]+)(?::[0-9]{1,5})?/.*")
_LIKE_SCP = re.compile(r"[^/\s]+@[^/\s:]+:")
_ASKED = "A password is asked for, or comes from --password-file or the keyring."
_WRITE = "Write ssh://user@host/path, a folder, or a manifest file."


def read_parts(reader: FieldReader, node: Node | None) -> tuple[Part, ...]:
    """Return the parts in their order."""
    parts: list[Part] = []
    names: set[str] = set()
    for item in [] if node is None else reader.items(node, "`parts`"):
        part = _part(reader, item)
        if part.name and part.name in names:
            reader.note(item.place, f"a second part with the name {part.name}", "Each part needs a name of its own.")
        names.add(part.name)
        parts.append(part)
    return tuple(parts)


def read_preset(reader: FieldReader, node: Node | None) -> Preset | None:
    """Return the preset that is named, if one is."""
    name = reader.text(node, "`preset`")
    return None if node is None or not name else reader.attempt(node, lambda: presets.load(name))


def read_database(reader: FieldReader, node: Node | None, preset: Preset | None) -> str:
    """Return the database that belongs to the part: the one that is named, else the preset's."""
    return reader.text(node, "`database`") or (preset.database if preset else "")


def read_rules(reader: FieldReader, node: Node | None, origin: str) -> tuple[Rule, ...]:
    """Return the rules of a list in their order; a second one for the same pattern can never apply and is refused."""
    rules: list[Rule] = []
    lines: dict[str, int] = {}
    items = [] if node is None else reader.items(node, "`rules`")
    if node is not None and len(items) > MAX_OWN_RULES:
        reader.note(node.place, f"more than {MAX_OWN_RULES} rules", "Use patterns such as `folder/**`.")
    for item in items[:MAX_OWN_RULES]:
        rule = _rule(reader, item, origin)
        if rule is None:
            continue
        lines.setdefault(rule.pattern, item.place.line)
        rules.append(rule)
        if len(rules) - 1 not in dict(in_force(rules)):
            hint = f"The first rule that matches wins, and this pattern stands on line {lines[rule.pattern]} already."
            reader.note(item.place, "a rule that can never apply", hint)
    return tuple(rules)


def _part(reader: FieldReader, node: Node) -> Part:
    fields = reader.fields(node, "a part", _PART_KEYS, ("name", "source", "target"))
    preset = read_preset(reader, fields.get("preset"))
    hint = "Up to 32 of a-z, 0-9 and inner hyphens; it begins the names of files."
    return Part(
        name=reader.matching(fields.get("name"), "the name of a part", _NAME, hint),
        source=_location(reader, fields.get("source"), "`source`"),
        target=_location(reader, fields.get("target"), "`target`"),
        preset=preset,
        database=read_database(reader, fields.get("database"), preset),
        rules=read_rules(reader, fields.get("rules"), "terms"),
        require=frozenset(reader.choices(fields.get("require"), "`require`", Requirement)),
    )


def _rule(reader: FieldReader, node: Node, origin: str) -> Rule | None:
    fields = reader.fields(node, "a rule", _RULE_KEYS, ("reason",))
    kinds = [kind for kind in RuleKind if kind in fields]
    reason = reader.text(fields.get("reason"), "`reason`")
    if isinstance(node, Fields) and len(kinds) != 1:
        reader.note(node.place, "a rule says exactly one thing", f"One of: {', '.join(RuleKind)}.")
    if len(kinds) != 1:
        return None
    kind, value = kinds[0], fields[kinds[0]]
    if kind.keeps_proof:
        return _proof_rule(reader, kind, value, reason, origin)
    pattern = reader.raw(value, f"`{kind}`")
    return reader.attempt(value, lambda: Rule(kind, pattern, reason, origin)) if pattern else None


def _proof_rule(reader: FieldReader, kind: RuleKind, node: Node, reason: str, origin: str) -> Rule | None:
    """Return a rule that names what it hides in a file."""
    keys = ("path", "begin", "end") if kind is RuleKind.IGNORE_BLOCK else ("path", "replace")
    fields = reader.fields(node, f"`{kind}`", keys, keys)
    if not all(key in fields for key in keys):
        return None
    pattern = reader.raw(fields["path"], "`path`")
    begin, end = reader.raw(fields.get("begin"), "`begin`"), reader.raw(fields.get("end"), "`end`")
    pairs = reader.pairs(fields["replace"], "`replace`") if "replace" in fields else ()
    replace = tuple(Replacement(old=old, new=new) for old, new in pairs)
    if not pattern or not ((begin and end) or (replace and all(pair.new for pair in replace))):
        return None
    return reader.attempt(node, lambda: Rule(kind, pattern, reason, origin, begin, end, replace))


def _location(reader: FieldReader, node: Node | None, what: str) -> Location:
    if node is None:
        return Location("")
    fields = reader.fields(node, what, _LOCATION_KEYS, ("location",))
    text = reader.text(fields.get("location"), "`location`")
    if text:
        _check_location(reader, fields["location"].place, text)
    for key in () if text.startswith("ssh://") else _SSH_KEYS:
        if text and key in fields:
            reader.note(fields[key].place, f"`{key}` is only for ssh:// locations")
    host_key = reader.matching(fields.get("host_key"), "`host_key`", _HOST_KEY, "Write it as ssh-keygen -l shows it.")
    become = reader.matching(fields.get("become"), "`become`", _BECOME, "Write sudo -n, or sudo -n -u NAME.")
    return Location(
        text=text,
        host_key=host_key or None,
        become=become or None,
        transport=reader.choice(fields["transport"], "`transport`", SshTransport) if "transport" in fields else None,
        route=reader.choice(fields["route"], "`route`", Route) if "route" in fields else None,
        follow_root_link=reader.flag(fields.get("follow_root_link"), "`follow_root_link`"),
        allow_empty=reader.flag(fields.get("allow_empty"), "`allow_empty`"),
        cross_mounts=reader.flag(fields.get("cross_mounts"), "`cross_mounts`"),
    )


def _check_location(reader: FieldReader, place: Place, text: str) -> None:
    """Note what is wrong with a location.

    SECURITY: it is never repeated. What a person meant as a password may stand anywhere in it.
    """
    if text.startswith("ssh://"):
        if not _SSH.fullmatch(text):
            reader.note(place, "this is not a location on an SSH host", f"Write ssh://user@host:port/path. {_ASKED}")
    elif _SCHEME.match(text):
        reader.note(place, "this kind of location is not known", f"{_WRITE} {_ASKED}")
    elif _LIKE_SCP.match(text):
        reader.note(place, "this looks like a location for scp", f"{_WRITE} {_ASKED} A folder: ./name.")
