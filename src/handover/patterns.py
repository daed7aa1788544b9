r"""The pattern language of rules, translated to a regular expression that every route can run.

A pattern is anchored at the root of its part and speaks of whole paths: ``*`` and ``?`` stay within one component,
``**`` as a whole component is any number of components. Specification with vectors: ``docs/spec/rules.md``.

The regular expression is ASCII text for *bytes*, to be matched against a whole path. It uses only what Python's ``re``
(3.6 and later) and PCRE share, needs no flags, and cannot backtrack without bound: names on the scanned host and
patterns in the terms are both foreign. This module is pure.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Iterator
from enum import Enum
from typing import Final, NoReturn

from handover.errors import UsageError
from handover.paths import shown

MAX_BYTES: Final = 1024
MAX_WILDCARDS: Final = 32

#: One character of two to four bytes in UTF-8 (RFC 3629: no overlong forms, no surrogates).
_MULTIBYTE = (
    r"(?:[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})"
)
_BYTE = r"[\x00-\xff]"
#: Any number of components; the first form tries the fewest first, the second the most, which is faster.
_FEWEST_FOLDERS = f"(?:{_BYTE}*?/)??"
_FOLDERS = f"(?:{_BYTE}*/)?"
_SPECIAL = frozenset("*?[]\\!")
_PLAIN = frozenset(string.ascii_letters + string.digits + "_")
_ESCAPABLE = frozenset(string.punctuation + " ") - {"/"}
_CLASS = re.compile(r"\[(?P<negated>[!^]?)(?P<members>\]?(?:\\.|[^\]\\])*)\]", re.DOTALL)
_MEMBER = re.compile(r"(?P<escape>\\?)(?P<char>.)", re.DOTALL)
_WRITE_BACKSLASH = r"Write \\ for one backslash."


class PatternError(UsageError):
    """A pattern that says nothing clear; ``what`` names the pattern in a form that is harmless to show."""


class _Wild(Enum):
    STAR = "*"
    ONE = "?"


#: A wildcard, or the regular expression of one character.
_Token = str | _Wild


def literal(path: bytes) -> str | None:
    """Return the pattern that matches this path and no other; ``None`` when no pattern can say it."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return None
    pattern = "".join(f"\\{char}" if char in _SPECIAL else char for char in text)
    try:
        translate(pattern, itertools.count())
    except PatternError:
        return None
    return pattern


def translate(pattern: str, groups: Iterator[int]) -> str:
    """Return the regular expression for ``pattern``, or raise ``PatternError``.

    ``groups`` numbers the named groups, so that several translations can be joined into one expression.
    """
    _check(pattern)
    runs: list[list[list[_Token]]] = [[]]
    wildcards = 0
    for component in pattern.split("/"):
        if component == "**":
            wildcards += 1
            runs.append([])
            continue
        tokens = _tokens(component, pattern)
        wildcards += sum(map(_is_wildcard, tokens))
        runs[-1].append(tokens)
    if wildcards > MAX_WILDCARDS:
        _refuse(pattern, f"it has more than {MAX_WILDCARDS} wildcards", "Write several rules with simpler patterns.")
    return _join(runs, groups)


def _check(pattern: str) -> None:
    """Refuse what other tools read in another way, instead of matching nothing in silence."""
    try:
        raw = pattern.encode()
    except UnicodeEncodeError:
        _refuse(pattern, "it is not valid Unicode", "Patterns are text; `?` stands for any byte that is not UTF-8.")
    if len(raw) > MAX_BYTES:
        _refuse(pattern, f"it is longer than {MAX_BYTES} bytes", "Write several rules with shorter patterns.")
    components = pattern.split("/")
    if "\0" in pattern:
        _refuse(pattern, "no name contains a NUL byte", "Leave it out.")
    if not pattern:
        _refuse(pattern, "it is empty", "Write `**` for everything below the root.")
    if pattern.startswith("!"):
        _refuse(pattern, "`!` takes nothing back here", r"The first rule that matches wins. For a name: `\!`.")
    if not components[0]:
        _refuse(pattern, "it begins with `/`", "Every pattern starts at the part's root: leave the `/` out.")
    if not components[-1]:
        _refuse(pattern, "it ends with `/`", "For a folder and everything below it end the pattern with `/**`.")
    if not {"", ".", ".."}.isdisjoint(components):
        _refuse(pattern, "it has an empty, `.` or `..` component", "Write the path as it is below the part's root.")


def _refuse(pattern: str, why: str, hint: str) -> NoReturn:
    raise PatternError(f"the pattern `{shown(pattern[:200])}` is not valid: {why}", hint=hint)


def _tokens(component: str, pattern: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(component):
        char = component[at]
        if char == "[":
            found = _CLASS.match(component, at)
            if found is None:
                _refuse(pattern, "a `[` has no `]` within its component", r"Write `\[` for a bracket in a name.")
            tokens.append(_class(found, pattern))
            at = found.end()
            continue
        if char == "\\":
            at += 1
            char = component[at : at + 1]
            _check_escape(char, pattern)
            tokens.append(_literal(char))
        elif char in "*?":
            if component.startswith("**", at):
                _refuse(pattern, "`**` does not stand alone between slashes", "Write `*` for any part of a name.")
            tokens.append(_Wild(char))
        else:
            tokens.append(_literal(char))
        at += 1
    return tokens


def _check_escape(char: str, pattern: str) -> None:
    if char not in _ESCAPABLE:
        _refuse(pattern, r"`\` stands before something that needs no escape", _WRITE_BACKSLASH)


def _class(found: re.Match[str], pattern: str) -> str:
    """Return the expression for one character in or, when negated, outside of a set; only ever valid UTF-8."""
    members = [(m["char"], not m["escape"]) for m in _MEMBER.finditer(found["members"])]
    for char, bare in members:
        if not bare:
            _check_escape(char, pattern)
    if not members:
        _refuse(pattern, "a class `[]` is empty", r"Write `\[\]` for brackets in a name.")
    if re.search(r"\[[:.=]", found["members"]):
        _refuse(pattern, "classes such as `[:alpha:]` are not known", "List the characters, or a range such as `a-z`.")
    chars: set[str] = set()
    at = 0
    while at < len(members):
        first = members[at][0]
        last = first
        if members[at + 1 : at + 2] == [("-", True)] and at + 2 < len(members):
            last = members[at + 2][0]
            if not (first.isascii() and last.isascii() and first <= last):
                _refuse(pattern, "a range in a class runs backwards or is not ASCII", "List the characters one by one.")
            at += 2
        chars.update(map(chr, range(ord(first), ord(last) + 1)))
        at += 1
    ascii_set = "".join(_literal(char) for char in sorted(chars) if char.isascii() and char != "/")
    beyond = "|".join(_literal(char) for char in sorted(chars) if not char.isascii())
    if found["negated"]:
        but = f"(?!{beyond})" if beyond else ""
        return rf"(?:[^/\x80-\xff{ascii_set}]|{but}{_MULTIBYTE})"
    listed = f"[{ascii_set}]" if ascii_set else ""
    return f"(?:{'|'.join(filter(None, (listed, beyond)))})"


def _is_wildcard(token: _Token) -> bool:
    # Literals never begin with a bracket: they are escaped. Classes always do.
    return isinstance(token, _Wild) or token.startswith("(")


def _literal(char: str) -> str:
    return "".join(chr(byte) if chr(byte) in _PLAIN else f"\\x{byte:02x}" for byte in char.encode())


def _join(runs: list[list[list[_Token]]], groups: Iterator[int]) -> str:
    """Join the runs of components between ``**``; the first is anchored at the root, all others float."""
    ends_below = len(runs) > 1 and not runs[-1]
    steps = [(number > 0, _components(run, groups)) for number, run in enumerate(runs) if run]
    if not steps:
        return f"{_BYTE}+"
    *before, (floats, last) = steps
    joined = ""
    for floating, run in before:
        # SECURITY: a floating run takes its first place and never tries another (the rest of the pattern can only
        # have more room after the first), so the places of several `**` do not multiply.
        joined += _atomic(f"{_FEWEST_FOLDERS}{run}/", groups) if floating else f"{run}/"
    joined += f"{_FOLDERS}{last}" if floats else last
    return f"{joined}(?:/{_BYTE}+)?" if ends_below else joined


def _components(run: list[list[_Token]], groups: Iterator[int]) -> str:
    return "/".join(_component(tokens, groups) for tokens in run)


def _component(tokens: list[_Token], groups: Iterator[int]) -> str:
    first, *rest = _between_stars(tokens, groups)
    if not rest:
        return first
    *middle, last = rest
    if not (first or middle or last):
        return "[^/]+"
    # SECURITY: as above, within one name: what follows a star is taken at its first place, but for the last one.
    return first + "".join(_atomic(f"[^/]*?{text}", groups) for text in middle) + f"[^/]*{last}"


def _between_stars(tokens: list[_Token], groups: Iterator[int]) -> list[str]:
    """Return the expressions between the stars.

    In a row of wildcards every ``?`` goes before the one star that is left: the meaning is the same, and ``?`` then
    always begins where a character begins.
    """
    texts = [""]
    starred = False
    for token in tokens:
        if token is _Wild.STAR:
            starred = True
        elif token is _Wild.ONE:
            # Take a whole character where there is one, else one byte, and never think again.
            texts[-1] += _atomic(f"{_MULTIBYTE}|[^/]", groups)
        else:
            if starred:
                texts.append("")
                starred = False
            texts[-1] += token
    return [*texts, ""] if starred else texts


def _atomic(expression: str, groups: Iterator[int]) -> str:
    """Return ``expression`` without a way back into it; ``(?>…)`` is missing from ``re`` before Python 3.11."""
    name = f"g{next(groups)}"
    return f"(?=(?P<{name}>{expression}))(?P={name})"
