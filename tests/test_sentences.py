"""Sentences of findings are data: what they say in English is fixed, and a foreign one can do no harm."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import strict_json
from handover.diagnosis.words import inner, listed, moment, number, plural, quoted, say, size, text
from handover.errors import MalformedInput
from handover.sentences import Sentence, Value, english

PATH = "web/“a”\n.jpg".encode()


def test_a_sentence_says_its_values_in_english():
    told = plural(
        1214,
        "{n} file of {all} ({size}), such as {path}, is gone since {when}; {names}; {mode}.",
        "{n} files of {all} ({size}), such as {path}, are gone since {when}; {names}; {mode}.",
        all=number(1_000_000),
        size=size(3_200_000_000),
        path=quoted(PATH),
        when=moment(0),
        names=listed([b"a", b"b", b"c", b"d"], 12),
        mode=text("0644"),
    )
    assert english(told) == (
        "1,214 files of 1,000,000 (3.2 GB), such as “web/\\u{201c}a\\u{201d}\\n.jpg”, are gone since 1970-01-01 00:00 "
        "UTC; “a”, “b”, “c” and 9 more; 0644."
    )


def test_one_thing_and_none_have_forms_of_their_own():
    assert [english(plural(n, "{n} file", "{n} files")) for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_a_sentence_stands_in_another_one():
    assert english(say("It also fits: {title}.", title=inner(say("All is {how}", how=text("gone"))))) == (
        "It also fits: All is gone."
    )


def test_a_sentence_survives_its_json():
    told = plural(2, "{n} {path}", "{n} {path}", path=inner(say("{names}", names=listed([b"\xff"]))))
    assert strict_json.decode(Sentence, strict_json.encode(told), where="here") == told


@given(st.text("{n}a.[0]!:>9_ é", max_size=12))
def test_a_foreign_text_is_no_format(foreign):
    assert english(Sentence(one=foreign, values=(Value(field="a", text="A"),))) == foreign.replace("{a}", "A")


def test_sentences_in_one_another_come_to_an_end():
    told = say("a")
    for _ in range(3):
        told = say("{a}", a=inner(told))
    raw = strict_json.encode(told)
    assert strict_json.decode(Sentence, raw, where="here") == told
    with pytest.raises(MalformedInput):
        strict_json.decode(Sentence, b'{"one":"{a}","values":[{"field":"a","sentence":' + raw + b"}]}", where="here")
    with pytest.raises(ValueError, match="one another"):
        say("{a}", a=inner(told))


def test_a_name_that_a_sentence_does_not_have_stays_as_it_is():
    assert english(say("{a} {b}", a=text("{b}"))) == "{b} {b}"
    assert english(msgspec.structs.replace(say("{n}"), n=None)) == "{n}"
