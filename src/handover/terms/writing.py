"""Writing terms: the file that ``handover init`` begins with, and the terms of a comparison that has none.

Whatever is put in is quoted, and what was written is parsed again before it is returned: no value can become a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from handover.digests import Algorithm
from handover.presets import load
from handover.rules import Rule, RuleKind, RuleSet, in_force
from handover.terms.document import MAX_BYTES
from handover.terms.parsing import parse, parse_rules
from handover.terms.parts import MAX_OWN_RULES

_TEMPLATE = """\
# The terms of one handover: who hands over what to whom, under which rules. Both companies can sign this file.
# Everything after a # is a remark. All of it is explained in docs/spec/terms.md.
handover: 1
id: {id}
case: {case}

# All dates below are local time there. A day without a time: from its beginning, or until its end.
timezone: {timezone}
#dates:
#  frozen_from: 2026-11-28T22:00   # from now on nothing changes on the source any more
#  cutover_at: 2026-11-29T06:00    # the new host takes over
#  complete_by: 2026-12-01         # until then everything must have arrived
#  source_ends: 2026-12-31         # the old hosting is switched off

# Who takes part: sender, receiver, agency, client. A party that has keys here must sign with one of them.
#parties:
#  sender:
#    name: "Old Hosting"
#    contact: support@old.example
#    language: pl                   # of its page, letter and protocol: en, pl or fi
#    reference: "#4711"             # their ticket
#  receiver:
#    name: "New Host"
#    contact: support@new.example
#    language: fi
#    keys: ["ssh-ed25519 AAAA... name"]
#required_signatures: [sender, receiver]

parts:
  - name: web
    source:
      location: {source}
    target:
      location: {target}
{preset}    # What may differ, and why. Patterns start at the folder above; `dir/**` is dir and everything below.
    # The first rule that matches a path wins.
    #rules:
    #  - may_differ: "settings.php"
    #    reason: "new database password"
    #  - ignore: "cache/**"
    #    reason: "rebuilt on the new host"
    #  - ignore_block: {{path: .htaccess, begin: "# php -- BEGIN cPanel", end: "# php -- END cPanel"}}
    #    reason: "version of PHP, chosen in the panel"
    #  - equal_after: {{path: "**/*.php", replace: {{/home/old: /home/new}}}}
    #    reason: "the folder of the new account"
    #require: [no_extra, mode]     # also counts: files only on the target, and permissions

# How much of the source may be ignored or agreed, in files or in bytes, before nothing can be said of the whole.
max_excluded: 25%
"""
_SUGGESTED = """\
# Rules that could settle differences of this round. They are suggestions, drawn from names, sizes and times: nobody
# has agreed to them, they are applied to nothing, and `handover verify` does not judge them. Read each, take out what
# is not right, and try the rest with  handover run CASE --rules FILE  or move it into handover.yaml, where both parties
# sign it. A missing file that people may have made is never among them.
{remarks}rules:
"""
_NO_PRESET = "    #preset: wordpress             # well-known exceptions of WordPress\n"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def template(
    *, case_id: str, case: str, source: str, target: str, timezone: str, preset: str = "", remark: str = ""
) -> str:
    """Return a commented ``handover.yaml`` for a new case; ``UsageError`` when a value cannot be in one.

    ``case_id`` is 32 random digits from 0 to f. ``remark`` says why this preset, in harmless text.
    """
    why = f"    # {remark}" if remark else ""
    chosen = f"    preset: {_quoted(load(preset).name)}{why}\n" if preset else _NO_PRESET
    text = _TEMPLATE.format(
        id=_quoted(case_id),
        case=_quoted(case),
        timezone=_quoted(timezone),
        source=_quoted(source),
        target=_quoted(target),
        preset=chosen,
    )
    return _checked(text)


def synthetic(*, case_id: str, case: str, source: str, target: str, rules: RuleSet, digest: Algorithm) -> str:
    """Return the terms of a comparison that nobody agreed on: one part ``main``, the flags as its rules, no parties.

    ``source`` and ``target`` are as people are shown them. The origin of a rule becomes a part of its reason, and a
    comparison of names and sizes names no digest. Raises ``UsageError`` when a value cannot be in terms.
    """
    lines = [
        "# Made by handover compare: nobody agreed to these terms.",
        "handover: 1",
        f"id: {_quoted(case_id)}",
        f"case: {_quoted(case)}",
        "parts:",
        "  - name: main",
        f"    source: {{location: {_quoted(source)}}}",
        f"    target: {{location: {_quoted(target)}}}",
        *_rule_lines(rules.rules),
        *([f"    database: {_quoted(rules.database)}"] if rules.database else []),
        *([f"    require: [{', '.join(sorted(rules.require))}]"] if rules.require else []),
        f"max_excluded: {rules.max_excluded_bp // 100}.{rules.max_excluded_bp % 100:02}%",
        *([] if digest is Algorithm.NONE else [f"digest: {digest}"]),
    ]
    return _checked("\n".join(lines) + "\n")


def suggested(rules: Iterable[tuple[str, Rule]], remarks: Iterable[str] = ()) -> str:
    """Return a file for ``--rules`` with these rules, each below what is said of it; ``remarks`` are about all.

    What is said is harmless text in one line. Rules for which such a file has no room are left out, the last first.
    """
    text = _SUGGESTED.format(remarks="".join(f"# {remark}\n" for remark in remarks))
    left = MAX_BYTES - len(text.encode())
    for remark, rule in islice(rules, MAX_OWN_RULES):
        item = f"\n  # {remark}\n  {_item(rule, rule.reason)}\n"
        left -= len(item.encode())
        if left < 0:
            break
        text += item
    parse_rules(text.encode(), "the rules to be suggested")
    return text


def _rule_lines(rules: Iterable[Rule]) -> Iterator[str]:
    applying = [rule for _, rule in in_force(rules)]
    if applying:
        yield "    rules:"
    for rule in applying:
        yield f"      {_item(rule, f'{rule.reason} ({rule.origin})')}"


def _item(rule: Rule, reason: str) -> str:
    return f"- {{{rule.kind}: {_subject(rule)}, reason: {_quoted(reason)}}}"


def _subject(rule: Rule) -> str:
    """Return what a rule speaks of, as its value."""
    pattern = _quoted(rule.pattern)
    if rule.kind is RuleKind.IGNORE_BLOCK:
        return f"{{path: {pattern}, begin: {_quoted(rule.begin)}, end: {_quoted(rule.end)}}}"
    if rule.kind is RuleKind.EQUAL_AFTER:
        pairs = ", ".join(f"{_quoted(pair.old)}: {_quoted(pair.new)}" for pair in rule.replace)
        return f"{{path: {pattern}, replace: {{{pairs}}}}}"
    return pattern


def _checked(text: str) -> str:
    parse(text.encode(), "the terms to be written")
    return text


def _quoted(text: str) -> str:
    """Return ``text`` as a double-quoted scalar of YAML 1.1, in which everything that people cannot see is escaped."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    point = ord(char)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
