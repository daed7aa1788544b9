"""Algorithms, receipts that survive a telephone, and the content root that fits in little memory."""

from __future__ import annotations

import hashlib
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import digests
from handover.digests import Algorithm, ContentRoot, Strength, receipt
from handover.errors import UsageError

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ROOTS = st.binary(min_size=32, max_size=32).map(bytes.hex)


def fits(text: str) -> bool:
    """Whether the check character fits, computed the other way round: Luhn modulo 32 over all 17 must be zero."""
    total = 0
    for place, char in enumerate(reversed(text.replace("-", ""))):
        value = ALPHABET.index(char) * (2 if place % 2 else 1)
        total += value // 32 + value % 32
    return total % 32 == 0


def plain_root(values: list[bytes]) -> str:
    return hashlib.sha256(b"".join(value.hex().encode() + b"\n" for value in sorted(values))).hexdigest()


@given(ROOTS)
def test_a_receipt_is_four_fours_of_base32_and_a_check_character(root):
    text = receipt(root)
    assert [len(group) for group in text.split("-")] == [4, 4, 4, 4, 1]
    assert fits(text)


@given(ROOTS, st.integers(0, 16), st.sampled_from(ALPHABET))
def test_every_single_wrong_character_is_noticed(root, place, char):
    right = receipt(root).replace("-", "")
    wrong = right[:place] + char + right[place + 1 :]
    assert fits(wrong) == (wrong == right)


def test_nearly_every_swap_of_two_neighbours_is_noticed():
    unnoticed = [
        (a, b) for a in ALPHABET for b in ALPHABET if a != b and fits(complete(a + b)) and same_check(a + b, b + a)
    ]
    assert len(unnoticed) == 2  # of 992: the first and the last character of the alphabet, either way round


def complete(text: str) -> str:
    return next(text + char for char in ALPHABET if fits(text + char))


def same_check(one: str, other: str) -> bool:
    return complete(one)[-1] == complete(other)[-1]


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=40), st.integers(1, 8))
def test_the_content_root_is_that_of_the_sorted_digests_however_little_memory_it_has(values, keep):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests, "_RUN_BYTES", keep * 33)
        root = ContentRoot(Algorithm.XXH128, tempfile.TemporaryFile)
    for value in values:
        root.add(value.hex())
    assert root.hexdigest() == plain_root(values)


def test_the_scratch_file_is_closed_and_not_asked_for_when_there_is_little(tmp_path):
    opened = []

    def scratch():
        opened.append((tmp_path / "scratch").open("w+b"))
        return opened[-1]

    few = ContentRoot(Algorithm.SHA256, scratch)
    few.add(bytes(32).hex())
    few.hexdigest()
    assert not opened
    many = ContentRoot(Algorithm.SHA256, scratch)
    for number in range(7 * 2**20 // 65 + 1):
        many.add(f"{number:064x}")
    many.hexdigest()
    assert [stream.closed for stream in opened] == [True]


def test_each_algorithm_says_what_it_proves_and_how_long_it_is():
    assert {a: (digests.strength(a), a.size) for a in Algorithm} == {
        Algorithm.SHA256: (Strength.CRYPTOGRAPHIC, hashlib.sha256().digest_size),
        Algorithm.XXH128: (Strength.ACCIDENTAL, 16),
        Algorithm.NONE: (Strength.LISTING, 0),
    }


@pytest.mark.parametrize("name", ["", "SHA256", "md5", "sha256 ", "sha\x1b[31m"])
def test_an_unknown_algorithm_is_a_slip_and_is_told_what_there_is(name):
    with pytest.raises(UsageError, match="not known") as caught:
        digests.parse_algorithm(name)
    assert "\x1b" not in str(caught.value)
    assert "sha256" in caught.value.hint


def test_sha256_is_that_of_the_standard():
    assert digests.sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
