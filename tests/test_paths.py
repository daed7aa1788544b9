"""Names are bytes; people see them only in a form that cannot lie."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handover import paths
from handover.errors import MalformedInput

PIECES = [
    b"a",
    b"-",
    b".",
    b"!",
    b"0",
    "é".encode(),
    "e\u0301".encode(),
    b"\n",
    b"\x1b[31m",
    b"\xff",
    b"\xc3",
    b"\\",
    b"x41",
]
NAMES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map(b"".join).filter(lambda n: n not in (b".", b".."))
PATHS = st.lists(NAMES, max_size=4).map(b"/".join)

#: What Unicode itself calls invisible: Default_Ignorable_Code_Point of DerivedCoreProperties.txt, assigned or not.
IGNORABLE = (
    *[0xAD, 0x34F, 0x61C, 0x3164, 0xFEFF, 0xFFA0, *range(0x115F, 0x1161), *range(0x17B4, 0x17B6)],
    *[*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)],
    *[*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B)],
    *range(0xE0000, 0xE1000),
)


def unshown(text: str) -> bytes:
    """Undo ``paths.shown``: a second, independent reading of its escapes."""
    plain = {"\\n": b"\n", "\\r": b"\r", "\\t": b"\t", "\\\\": b"\\"}

    def undo(match: re.Match[str]) -> str:
        escape = match[0]
        if escape in plain:
            raw = plain[escape]
        elif escape.startswith("\\x"):
            raw = bytes.fromhex(escape[2:])
        else:
            raw = chr(int(escape[3:-1], 16)).encode("utf-8", "surrogatepass")
        return raw.decode("latin-1")

    # Literal characters become their UTF-8 bytes first; escapes are ASCII and survive that.
    flat = text.encode().decode("latin-1")
    return re.sub(r"\\(?:[nrt\\]|x[0-9a-f]{2}|u\{[0-9a-f]+\})", undo, flat).encode("latin-1")


@given(PATHS, PATHS)
def test_order_is_by_components_with_parents_first(one, other):
    assert (paths.order_key(one) < paths.order_key(other)) == (one.split(b"/") < other.split(b"/"))


@given(PATHS)
def test_a_path_that_a_scan_can_meet_passes(path):
    assert paths.check(path, where="test") == path


@pytest.mark.parametrize(
    "path", [b"/", b"/a", b"a/", b"a//b", b".", b"..", b"./a", b"a/./b", b"a/..", b"../a", b"a\0b", b"\0"]
)
def test_a_path_that_no_scan_can_meet_is_refused(path):
    with pytest.raises(MalformedInput):
        paths.check(path, where="test")


@given(st.binary(max_size=12))
def test_a_name_has_one_form_and_comes_back(raw):
    text, b64 = paths.to_fields(raw)
    assert (text is None) != (b64 is None)
    assert paths.from_fields(text, b64, where="test") == raw


@pytest.mark.parametrize(
    ("text", "b64"),
    [(None, None), ("a", "YQ=="), (None, "YQ=="), (None, "/w"), (None, "/x=="), (None, "!"), (None, "é")],
)
def test_any_other_pair_of_fields_is_malformed(text, b64):
    with pytest.raises(MalformedInput):
        paths.from_fields(text, b64, where="test")


@given(st.binary(max_size=24) | PATHS)
@example(b"\\xff")
@example(b"\xff")
@example(b"\\u{202e}")
@example("\u202e".encode())
def test_two_names_are_never_shown_alike(raw):
    assert unshown(paths.shown(raw)) == raw


@given(st.text(max_size=24) | st.binary(max_size=24))
def test_what_is_shown_cannot_steer_a_terminal_or_hide(name):
    for char in paths.shown(name):
        assert char == " " or unicodedata.category(char)[0] not in "CZ"
        assert ord(char) not in IGNORABLE


def test_no_invisible_character_is_shown_as_itself():
    assert [point for point in IGNORABLE if paths.shown(f"a{chr(point)}b") != f"a\\u{{{point:x}}}b"] == []


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain name-1.txt", "plain name-1.txt"),
        ("zażółć gęślą.jpg".encode(), "zażółć gęślą.jpg"),
        (b"two\nlines", "two\\nlines"),
        (b"\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("abc\u202egpj.exe".encode(), "abc\\u{202e}gpj.exe"),
        (b"caf\xe9", "caf\\xe9"),
        (b"back\\slash", "back\\\\slash"),
        ("\ud83d", "\\u{d83d}"),
        ("no\u00a0break", "no\\u{a0}break"),
    ],
)
def test_names_as_people_see_them(name, shown):
    assert paths.shown(name) == shown


@pytest.mark.parametrize(
    ("path", "folder", "wanted"),
    [(b"a", b"", True), (b"a", b"a", True), (b"a/b", b"a", True), (b"ab", b"a", False), (b"a", b"a/b", False)],
)
def test_what_is_below_a_folder(path, folder, wanted):
    assert paths.is_below(path, folder) is wanted
