"""What the agent makes of a file under rules that keep proof is what the plain definition says, however it is read."""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.agents import agent, frames
from handover.entries import MAX_DERIVED_BYTES, DerivedDoubt

BEGIN, END = b"#B", b"#E"
Hidden = tuple[bytes, int, int]


def without_blocks(data: bytes, begin: bytes = BEGIN, end: bytes = END) -> Hidden | int:
    """What docs/spec/rules.md says of a block: the rest, how many blocks, how many bytes; or a doubt."""
    lines = re.findall(rb"[^\n]*\n|[^\n]+\Z", data)
    blocks: list[tuple[int, int]] = []
    start = None
    for at, line in enumerate(lines):
        if line.startswith(begin):
            if start is not None:
                return agent.NESTED
            start = at
        elif line.startswith(end):
            if start is None:
                return agent.UNOPENED
            blocks.append((start, at))
            start = None
    if start is not None:
        return agent.UNCLOSED
    empty = {at for at, line in enumerate(lines) if line in (b"\n", b"\r\n")}
    gone = {at for first, last in blocks for at in range(first, last + 1)}
    for first, last in blocks:
        if first - 1 in empty - gone:
            gone.add(first - 1)
        elif gone.issuperset(range(first)) and last + 1 in empty:
            gone.add(last + 1)
    left = b"".join(line for at, line in enumerate(lines) if at not in gone)
    return left, len(blocks), len(data) - len(left)


def replaced(data: bytes, pairs: Sequence[tuple[bytes, bytes]]) -> Hidden:
    """From left to right, the longest first, and never in what was put there."""
    longest_first = sorted(pairs, key=lambda pair: -len(pair[0]))
    out, at, times, size = b"", 0, 0, 0
    while at < len(data):
        fits = next((pair for pair in longest_first if data.startswith(pair[0], at)), None)
        if fits is None:
            out += data[at : at + 1]
            at += 1
        else:
            out, at, times, size = out + fits[1], at + len(fits[0]), times + 1, size + len(fits[0])
    return out, times, size


def fed(step: agent.WithoutBlocks | agent.WithReplacements, pieces: list[bytes]) -> Hidden | int:
    left = b"".join([step.feed(piece) for piece in pieces]) + step.finish()
    return step.doubt or (left, step.times, step.bytes)


LINES = st.lists(
    st.sampled_from(
        [b"#B\n", b"#Bx\r\n", b"#E\n", b"#E", b"\n", b"\r\n", b"a\n", b" #B\n", b"#", b"xxxxxxx", b"\r", b"#Bxxxxxx\n"]
    )
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


PLACES = st.lists(st.integers(0, 1000), max_size=12)


@given(LINES, PLACES, st.sampled_from([2, 3, 4096]))
def test_blocks_are_taken_out_as_the_definition_says_wherever_reads_end(lines, places, held_most):
    data = b"".join(lines)
    step = agent.WithoutBlocks(BEGIN, END)
    step.held_most = held_most
    assert fed(step, cut(data, places)) == without_blocks(data)


PAIRS = st.dictionaries(st.text("ab", min_size=1, max_size=4), st.text("abc", min_size=1, max_size=3), min_size=1)


def in_agent_form(pairs: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(old.encode(), pairs[old].encode()) for old in sorted(pairs, key=lambda old: (-len(old), old))]


@given(st.text("ab", max_size=40), PAIRS, PLACES)
def test_texts_are_replaced_as_the_definition_says_wherever_reads_end(text, pairs, places):
    given_pairs = in_agent_form(pairs)
    assert fed(agent.WithReplacements(given_pairs), cut(text.encode(), places)) == replaced(text.encode(), given_pairs)


EFFECTS = [
    agent.Effect(0, ["#B", "#E"], []),
    agent.Effect(1, [], [["/old", "/new/x"], ["#E", "#e"]]),
    agent.Effect(5, ["#C", "#D"], []),
    agent.Effect(7, [], [["/new", "#B"]]),
]


def told_of(data: bytes, effects: Sequence[agent.Effect]) -> bytes | None:
    hidden = b""
    for effect in effects:
        step = effect.begun()
        if isinstance(step, agent.WithReplacements):
            outcome: Hidden | int = replaced(data, effect._pairs)
        else:
            outcome = without_blocks(data, *effect._markers)
        if isinstance(outcome, int):
            return bytes([outcome])
        data, times, size = outcome
        hidden += struct.pack(">IQQ", effect.number, times, size) if times else b""
    return b"\0" + hashlib.sha256(data).digest() + hidden if hidden else None


@given(
    st.lists(st.sampled_from([b"#B\n", b"#E\n", b"#C\n", b"#D\n", b"\n", b"/old", b"/ne", b"w\n", b"x\n"])).map(
        b"".join
    ),
    st.lists(st.sampled_from(EFFECTS), unique_by=lambda effect: effect.number, min_size=1),
    PLACES,
)
def test_rules_apply_in_their_order_and_a_file_in_pieces_is_the_file(data, effects, places):
    pieces = agent.Derived(effects, len(data), agent.Sha256)
    for piece in cut(data, places):
        pieces.feed(piece)
    assert pieces.told() == agent.Derived(effects, len(data), agent.Sha256).of(data) == told_of(data, effects)


CPANEL = b"""# BEGIN WordPress
RewriteEngine On
# END WordPress

# php -- BEGIN cPanel-generated handler, do not edit
# Set the \xe2\x80\x9cea-php81\xe2\x80\x9d package as the default \xe2\x80\x9cPHP\xe2\x80\x9d programming language.
<IfModule mime_module>
  AddHandler application/x-httpd-ea-php81 .php .php8 .phtml
</IfModule>
# php -- END cPanel-generated handler, do not edit
"""


def test_what_cpanel_appends_to_htaccess_goes_with_the_line_before_it():
    step = agent.WithoutBlocks(b"# php -- BEGIN cPanel", b"# php -- END cPanel")
    left, times, size = fed(step, [CPANEL])
    assert left == b"# BEGIN WordPress\nRewriteEngine On\n# END WordPress\n"
    assert (times, size) == (1, len(CPANEL) - len(left))


def test_a_line_without_end_is_not_held():
    step = agent.WithoutBlocks(BEGIN, END)
    for _ in range(100):
        step.feed(b"x" * 100_000)
        assert len(step._held) <= step.held_most


def test_a_file_that_is_too_large_is_told_so_and_one_that_is_just_not_is_worked_through():
    assert agent.MAX_DERIVED == MAX_DERIVED_BYTES
    for size, told in ((MAX_DERIVED_BYTES + 1, bytes([agent.TOO_LARGE])), (MAX_DERIVED_BYTES, None)):
        derived = agent.Derived(EFFECTS[:1], size, agent.Sha256)
        derived.feed(b"x")
        assert derived.told() == told


def test_both_ends_give_doubts_the_same_numbers():
    assert [getattr(agent, doubt.name) for doubt in DerivedDoubt] == list(range(1, 1 + len(DerivedDoubt)))


@pytest.mark.parametrize(
    "raw", [b"", b"\1x", b"\0" + b"d" * 31, b"\0" + b"d" * 32 + b"x", b"\0" + b"d" * 32 + b"x" * 19]
)
def test_a_second_digest_that_is_cut_is_refused(raw):
    with pytest.raises(frames.BrokenAnswer, match="a second digest"):
        frames.parse_after(raw, 32)


def test_a_second_digest_is_read_with_what_each_rule_hid_and_a_doubt_alone():
    parts = struct.pack(">IQQ", 1, 2, 300) + struct.pack(">IQQ", 4, 5, 600)
    told = frames.parse_after(b"\0" + b"d" * 32 + parts, 32)
    assert told == frames.SecondDigest(0, b"d" * 32, (frames.HiddenPart(1, 2, 300), frames.HiddenPart(4, 5, 600)))
    assert frames.parse_after(bytes([agent.NESTED]), 32) == frames.SecondDigest(agent.NESTED, b"", ())
