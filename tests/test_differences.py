"""``differences.jsonl`` gives back what was written, and refuses everything else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import differences
from handover.comparison import Difference
from handover.errors import MalformedInput
from render.worlds import hostile, lost_uploads, make_world


def written(found: tuple[Difference, ...], part: str = "web") -> bytes:
    stream = io.BytesIO()
    writer = differences.Writer(stream, part)
    for difference in found:
        writer.add(difference)
    return stream.getvalue()


def read(raw: bytes) -> tuple[Difference, ...]:
    return tuple(differences.read(io.BytesIO(raw), "web.differences.jsonl"))


RAW = written(make_world(lost_uploads()).lists["web"])
LINES = RAW.splitlines(keepends=True)


@pytest.mark.parametrize("part", [lost_uploads, hostile])
def test_what_was_written_is_read_again(part):
    found = make_world(part()).lists["web"]
    assert read(written(found)) == found


def test_the_first_line_says_what_it_is():
    assert LINES[0] == b'{"type":"handover-differences","version":1,"part":"web"}\n'
    assert differences.file_name("web") == "web.differences.jsonl"


def test_a_file_without_differences_is_one_line():
    assert read(written(())) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        LINES[1],
        RAW[:-1],
        RAW[:-10],
        RAW + b"\n",
        RAW + LINES[-1],
        b"".join([LINES[0], LINES[2], LINES[1]]),
        b"\xef\xbb\xbf" + RAW,
        RAW.replace(b"\n", b"\r\n"),
        RAW.replace(b'"version":1', b'"version":2'),
        LINES[0] + b'{"path":"../x","class":"missing","why":["absent"]}\n',
        LINES[0] + b'{"path":"x","class":"missing","why":[]}\n',
        LINES[0] + b'{"path":"x","class":"same","why":["absent"]}\n',
        LINES[0] + b'{"class":"missing","why":["absent"]}\n',
        LINES[0] + b'{"path":"x","path":"x","class":"missing","why":["absent"]}\n',
        LINES[0] + b"{" * 100_000 + b"\n",
    ],
)
def test_anything_else_is_refused(raw):
    with pytest.raises(MalformedInput) as refused:
        read(raw)
    assert refused.value.where.startswith("web.differences.jsonl:")


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    stream = io.BytesIO(LINES[0] + b"x" * (9 * 2**20))
    with pytest.raises(MalformedInput, match="longer than"):
        list(differences.read(stream, "d"))
    assert stream.tell() < 9 * 2**20 + len(LINES[0])


@given(st.integers(0, len(RAW) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_gives_other_differences(place, flip):
    altered = bytearray(RAW)
    altered[place] ^= flip
    try:
        found = read(bytes(altered))
    except MalformedInput:
        return
    assert written(found, "web") != RAW or place < len(LINES[0])
