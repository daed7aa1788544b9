"""There is one way to write a document, and only that one is believed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Literal

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from handover import strict_json
from handover.errors import MalformedInput
from handover.strict_json import Count, Document, Hex256, Instant, Nanoseconds, Whole


class Inner(Document):
    name: str
    sizes: tuple[Count, ...] = ()


class Sample(Document):
    type: Literal["sample"]
    text: str = ""
    count: Count = 0
    whole: Whole = 0
    flag: bool = False
    inner: Inner | None = None
    more: tuple[Inner, ...] = ()


NASTY = st.text(
    st.sampled_from('a-.!0é"\\/\n\t\x00\x1b\x7f\x85\u061c\u200b\u202e\u2028\ufeff\U0001f600<&\ue000'), max_size=12
)
TEXTS = NASTY | st.text(max_size=12)
COUNTS = st.integers(0, 2**53)
INNERS = st.builds(Inner, name=TEXTS, sizes=st.lists(COUNTS, max_size=3).map(tuple))
SAMPLES = st.builds(
    Sample,
    type=st.just("sample"),
    text=TEXTS,
    count=COUNTS,
    whole=st.integers(-(2**53), 2**53),
    flag=st.booleans(),
    inner=st.none() | INNERS,
    more=st.lists(INNERS, max_size=3).map(tuple),
)


@given(SAMPLES)
def test_what_is_written_is_read_back_equal(sample):
    assert strict_json.decode(Sample, strict_json.encode(sample), where="test") == sample
    assert strict_json.decode_document(Sample, strict_json.encode_document(sample), where="test") == sample


@given(SAMPLES)
def test_any_other_json_program_reads_the_same(sample):
    for raw in (strict_json.encode(sample), strict_json.encode_document(sample)):
        assert json.loads(raw) == json.loads(msgspec.json.encode(sample))


def canonical(line: bytes) -> bytes:
    """Turn a line of the profile into RFC 8785: keys by their letters, and only what JSON has to escape escaped."""

    def ordered(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return dict(sorted(pairs))

    def unescaped(found: re.Match[str]) -> str:
        char = chr(int(found[1], 16)) if found[1] else ""
        return char if char >= "\x7f" else found[0]

    text = strict_json.encode(json.loads(line, object_pairs_hook=ordered)).decode()
    return re.sub(r"\\(?:u([0-9a-f]{4})|.)", unescaped, text).encode()


@given(SAMPLES)
def test_a_line_is_rfc_8785_but_for_the_order_of_keys_and_more_escapes(sample):
    value = msgspec.to_builtins(sample)
    try:
        wanted = rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        assert str(2**53) in json.dumps(value)  # the one number that the profile has and RFC 8785 has not
        return
    assert canonical(strict_json.encode(sample)) == wanted


@given(SAMPLES, SAMPLES)
def test_two_values_are_written_alike_where_rfc_8785_writes_them_alike(one, other):
    try:
        alike = rfc8785.dumps(msgspec.to_builtins(one)) == rfc8785.dumps(msgspec.to_builtins(other))
    except rfc8785.IntegerDomainError:
        return
    assert alike == (strict_json.encode(one) == strict_json.encode(other))


@given(TEXTS)
def test_strings_have_the_escapes_of_the_profile_and_no_others(text):
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    escaped = "\x7f\u061c\u2028\u2029\u2060\ufeff" + "".join(
        map(
            chr,
            [*range(0x20), *range(0x80, 0xA0), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)],
        )
    )
    wanted = "".join(short.get(c) or (f"\\u{ord(c):04x}" if c in escaped else c) for c in text)
    assert strict_json.encode(text).decode() == f'"{wanted}"'


@given(SAMPLES, st.data())
def test_no_byte_can_be_changed_without_another_meaning_or_a_refusal(sample, data):
    raw = strict_json.encode_document(sample)
    at = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    try:
        read = strict_json.decode_document(Sample, changed, where="test")
    except MalformedInput:
        return
    assert (read == sample) == (changed == raw)


@given(st.binary(max_size=40) | st.text(alphabet='{}[]":,0-1eE.tn\\u ', max_size=40).map(str.encode))
def test_foreign_bytes_raise_one_error_and_nothing_else(raw):
    for decode in (strict_json.decode, strict_json.decode_document):
        with pytest.raises(MalformedInput):
            decode(Inner, raw, where="test")


REFUSED = {
    "another order of keys": b'{"text":"a","type":"sample"}',
    "a key that is not known": b'{"type":"sample","x":1}',
    "a key twice": b'{"type":"sample","count":1,"count":1}',
    "a key twice with another value first": b'{"type":"sample","count":1,"count":2}',
    "a default written out": b'{"type":"sample","count":0}',
    "null for what is left out": b'{"type":"sample","inner":null}',
    "a space": b'{"type": "sample"}',
    "a byte order mark": b'\xef\xbb\xbf{"type":"sample"}',
    "UTF-16": '{"type":"sample"}'.encode("utf-16"),
    "a line end inside the line": b'{"type":"sample"}\n',
    "a carriage return": b'{"type":"sample"}\r',
    "something after it": b'{"type":"sample"}{}',
    "a NUL after it": b'{"type":"sample"}\0',
    "a float": b'{"type":"sample","count":1.0}',
    "an exponent": b'{"type":"sample","count":1e3}',
    "a negative count": b'{"type":"sample","count":-1}',
    "minus zero": b'{"type":"sample","whole":-0}',
    "a leading zero": b'{"type":"sample","count":01}',
    "an integer beyond 2^53": b'{"type":"sample","count":9007199254740993}',
    "an integer beyond 64 bits": b'{"type":"sample","count":99999999999999999999999}',
    "a number in quotes": b'{"type":"sample","count":"1"}',
    "a number for a flag": b'{"type":"sample","flag":1}',
    "NaN": b'{"type":"sample","count":NaN}',
    "infinity": b'{"type":"sample","count":1e999}',
    "an escape that is not needed": b'{"type":"sample","text":"\\u0061"}',
    "an escaped slash": b'{"type":"sample","text":"\\/"}',
    "upper-case hex": b'{"type":"sample","text":"\\u001B"}',
    "a long escape for a short one": b'{"type":"sample","text":"\\u000a"}',
    "an override that stands there openly": '{"type":"sample","text":"\u202e"}'.encode(),
    "DEL that stands there openly": b'{"type":"sample","text":"\x7f"}',
    "a control character": b'{"type":"sample","text":"\x01"}',
    "a lone surrogate": b'{"type":"sample","text":"\\ud800"}',
    "half a pair of surrogates": b'{"type":"sample","text":"\\udc00\\ud800"}',
    "an escaped pair of surrogates": b'{"type":"sample","text":"\\ud83d\\ude00"}',
    "invalid UTF-8": b'{"type":"sample","text":"\xff"}',
    "a surrogate in UTF-8": b'{"type":"sample","text":"\xed\xa0\x80"}',
    "an overlong form": b'{"type":"sample","text":"\xc0\xaf"}',
    "another type of document": b'{"type":"other"}',
    "no type": b"{}",
    "an array": b'["sample"]',
    "nothing": b"",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED.keys())
def test_a_line_in_any_other_form_is_refused(raw):
    with pytest.raises(MalformedInput) as caught:
        strict_json.decode(Sample, raw, where="file:3")
    assert caught.value.where == "file:3"
    assert caught.value.what.isprintable()


@pytest.mark.parametrize(
    "change", [bytes.strip, lambda r: r + b"\n", lambda r: r.replace(b"\n", b"\r\n"), lambda r: b"\n" + r]
)
def test_a_document_in_any_other_form_is_refused(change):
    raw = strict_json.encode_document(Sample(type="sample", inner=Inner(name="a", sizes=(1, 2))))
    with pytest.raises(MalformedInput):
        strict_json.decode_document(Sample, change(raw), where="test")


@pytest.mark.parametrize("bracket", [b"[", b'{"inner":', b'{"type":"sample","inner":'])
def test_deep_nesting_is_refused_at_once(bracket):
    start = time.process_time()
    for decode in (strict_json.decode, strict_json.decode_document):
        with pytest.raises(MalformedInput):
            decode(Sample, bracket * 100_000, where="test")
    assert time.process_time() - start < 2


def test_what_is_too_long_is_not_even_parsed():
    with pytest.raises(MalformedInput, match="longer than"):
        strict_json.decode(Sample, b"x" * (strict_json.MAX_LINE + 1), where="test")


def test_the_words_of_the_parser_carry_no_byte_of_the_document():
    with pytest.raises(MalformedInput) as caught:
        strict_json.decode(Sample, '{"type":"sample","\u202e\x1b":1}'.encode(), where="test")
    assert caught.value.what.isascii()
    assert caught.value.what.isprintable()


class Formats(Document):
    hex256: Hex256 | None = None
    at: Instant | None = None
    ns: Nanoseconds | None = None


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("hex256", ["0" * 64, "0123456789abcdef" * 4], ["", "0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", "g" * 64]),
        ("at", ["2026-11-28T21:00:00Z"], ["2026-11-28T21:00:00", "2026-11-28 21:00:00Z", "2026-11-28T21:00:00.5Z",
                                          "2026-11-28T21:00:00+00:00", "٢٠٢٦-11-28T21:00:00Z",
                                          "2026-11-28T21:00:00Z\n"]),
        ("ns", ["0", "1", "-1", "1700000000123456789"], ["", "00", "-0", "+1", "1.5", " 1", "1\n", "1" * 21, "١"]),
    ],
)  # fmt: skip
def test_strings_with_a_form_are_held_to_it(field, good, bad):
    for value in good:
        raw = json.dumps({field: value}, separators=(",", ":")).encode()
        assert getattr(strict_json.decode(Formats, raw, where="test"), field) == value
    for value in bad:
        raw = json.dumps({field: value}, separators=(",", ":"), ensure_ascii=False).encode()
        with pytest.raises(MalformedInput):
            strict_json.decode(Formats, raw, where="test")


@given(st.binary(max_size=20))
def test_base64_comes_back(raw):
    assert strict_json.base64_decode(strict_json.base64_encode(raw), where="test") == raw


@pytest.mark.parametrize("text", ["YQ", "YQ=", "YR==", "Y Q==", "YQ==\n", "YQ===", "YQ==YQ==", "_w==", "/w==é"])
def test_base64_in_any_other_form_is_refused(text):
    with pytest.raises(MalformedInput):
        strict_json.base64_decode(text, where="test")


_TWO_AT_ONCE = """
import os, sys, threading
from handover import strict_json
from handover.agents import frames
from handover.manifest import Header

def read(decode):
    start.wait()
    try:
        decode()
    except Exception:
        pass

sys.setswitchinterval(1e-6)
for _ in range(100):
    pid = os.fork()
    if pid == 0:
        start = threading.Barrier(2)
        for decode in (
            lambda: strict_json.decode(Header, b'{"type":"x"}', where=""),
            lambda: frames.parse_json(frames.Hello, b'{"type":"x"}'),
        ):
            threads = [threading.Thread(target=read, args=(decode,)) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if status:
        sys.exit(f"ended by {status}")
"""


def test_two_threads_may_read_their_first_document_at_the_same_time():
    done = subprocess.run([sys.executable, "-c", _TWO_AT_ONCE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
