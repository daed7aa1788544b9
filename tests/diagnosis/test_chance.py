"""What chance would make as well proves nothing, and every pattern is held against it."""

from __future__ import annotations

import random
from math import comb

import pytest

from diagnosis.parts import CAME_S, causes, path_of, rules, site, stat, told, without
from handover.diagnosis.chance import chance, chance_of_top, trust
from handover.entries import EntryType
from handover.rules import Requirement
from support.manifests import Item, entry, file, folder


def files(items: list[Item]) -> list[bytes]:
    return [path_of(item) for item in items if entry(item).type is EntryType.FILE]


def test_losses_are_less_likely_the_more_there_are_and_the_fewer_others_are_lost():
    assert chance(3, lost=0, arrived=100) < chance(2, lost=0, arrived=100) < chance(2, lost=50, arrived=50)
    assert chance(0, lost=0, arrived=10) == 1.0
    assert chance(1, lost=-3, arrived=10) == chance(1, lost=0, arrived=10)


def test_more_tries_find_more_patterns():
    assert chance(2, lost=0, arrived=98, tries=5) == 5 * chance(2, lost=0, arrived=98)
    assert chance(1, lost=9, arrived=1, tries=50) == 1.0


@pytest.mark.parametrize(("units", "total"), [(1, 1), (2, 6), (5, 50), (40, 1000)])
def test_the_last_ones_of_all_are_one_choice_among_many(units, total):
    assert chance_of_top(units, total) == pytest.approx(1 / comb(total, units), rel=1e-6)


def test_what_chance_makes_often_is_not_told():
    assert [trust(likely) for likely in (1e-9, 1e-4, 1e-3, 0.05, 0.06, 1.0)] == [
        "high", "high", "medium", "medium", None, None,
    ]  # fmt: skip
    assert trust(1e-9, enough=False) == "medium"


@pytest.mark.parametrize("percent", [1, 5, 20, 50])
@pytest.mark.parametrize("seed", range(12))
def test_losses_at_random_of_a_mixed_site_have_no_sure_cause(seed, percent):
    dice = random.Random(seed)
    items = [folder(f"d{n}") for n in range(8)]
    for n in range(200):
        ending = dice.choice(["php", "jpg", "jpg", "css", "zip", "mp4"])
        name = dice.choice(["IMG_", "page-", ".conf", "Scan ", "zdjęcie"])
        content = dice.randbytes(dice.choice([0, 10, 900, 9000]))
        where = dice.choice(["", "", *(f"d{n}/" for n in range(8))])
        modified = stat(1_600_000_000 + dice.randrange(10**8), came_s=CAME_S + n, uid=dice.choice([1000, 1000, 33]))
        items.append((file(f"{where}{name}{n}.{ending}", content), modified))
    lost = dice.sample(files(items), 200 * percent // 100)
    assert [found for found in told(items, without(items, *lost)) if found[2] == "high"] == []


def test_a_property_of_files_that_fill_their_folders_is_never_sure():
    items = [*site(), *(folder(f"film{n}") for n in range(3))]
    items += [file(f"film{n % 3}/{n}.mp4", b"x" * (90_000 + n)) for n in range(9)]
    found = told(items, without(items, *(path for path in files(items) if path.endswith(b".mp4"))))
    assert ("size_limit", 9, "high") not in found
    assert [confidence for _, _, confidence in found] != []


# What came last.


def test_a_folder_where_the_last_file_did_not_come_was_not_the_end_of_the_copy():
    items = site(240)
    lost = [b"dir4", *[path for path in files(items) if path.startswith(b"dir1/")][:9]]
    late = [
        (item[0], stat(1_700_000_000, came_s=CAME_S + 9)) if path_of(item).startswith(b"dir3/") else item
        for item in without(items, *lost)
    ]
    assert "cut_off" not in causes(items, late)


def test_a_cut_file_that_came_last_is_the_end_of_the_copy():
    items = [(file(f"{n:02d}.jpg", b"%d" % n * 900), stat()) for n in range(12)]
    there = [(file("03.jpg", b"3" * 500), stat(1_700_000_009, came_s=CAME_S + 1)), *items[4:10]]
    assert told(items, there)[0] == ("cut_off", 6, "high")


# Kinds.


def test_names_with_numbers_are_one_pattern():
    items = [*site(), *(file(f"dir{n % 6}/IMG_{n}0.jpg", b"%d" % n) for n in range(9))]
    items += [file(f"dir{n % 6}/logo-{n}.jpg", b"l%d" % n) for n in range(6)]
    assert told(items, without(items, *(p for p in files(items) if b"IMG" in p))) == [("filtered", 9, "high")]


def test_folders_that_came_without_their_files_could_not_be_looked_into():
    items = [*site(240), *((folder(f"dir{n}/shut"), stat(mode="0700")) for n in range(6))]
    items += [(file(f"dir{n}/shut/{n}.php", b"s%d" % n), stat()) for n in range(6)]
    lost = [path for path in files(items) if b"shut" in path]
    assert told(items, without(items, *lost)) == [("unreadable_for_sender", 6, "high")]
    assert "unreadable_for_sender" not in causes(items, without(items, *lost[1:]))


def test_a_whole_folder_of_another_owner_was_left_out():
    items = [(folder(""), stat(mode="0755")), *site(), (folder("dir1/web"), stat(mode="0755", uid=33))]
    items += [(file(f"dir1/web/{n}.jpg", b"w%d" % n), stat(uid=33)) for n in range(12)]
    assert told(items, without(items, b"dir1/web")) == [("not_owned_by_account", 13, "medium")]


def test_modes_that_are_all_the_same_were_set_anew():
    items = [(file(f"{n:02d}.php", b"%d" % n), stat(mode=("0644", "0600", "0640")[n % 3])) for n in range(30)]
    opened = [(each, stat(mode="0777")) for each, _ in items]
    assert told(items, opened, rules(Requirement.MODE)) == [("modes_not_kept", 30, "high")]
    shuffled = [(each, stat(mode=f"0{n:03o}")) for n, (each, _) in enumerate(items)]
    assert causes(items, shuffled, rules(Requirement.MODE)) == []


def test_what_only_lost_its_time_counts_as_arrived():
    items = site(240)
    lost = [path for path in files(items) if path > b"dir3/page-50"] + [b"dir4", b"dir5"]
    there = [
        (item[0], stat(CAME_S)) if isinstance(item, tuple) and item[0].type is EntryType.FILE else item
        for item in without(items, *lost)
    ]
    assert set(causes(items, there, rules(Requirement.MTIME))) == {"cut_off", "times_not_kept"}


# Contents.


def test_pictures_that_shrank_as_line_ends_do_went_in_text_mode():
    dice = random.Random(4)
    pictures = {f"dir{n % 6}/{n}.jpg": dice.randbytes(200_000) for n in range(12)}
    items = [*site(), *(file(name, data) for name, data in pictures.items())]
    there = [*site(), *(file(name, data.replace(b"\r\n", b"\n")) for name, data in pictures.items())]
    assert causes(items, there) == ["line_ends_changed"]
    retouched = [*site(), *(file(name, data[9 * n + 1 :]) for n, (name, data) in enumerate(pictures.items()))]
    assert "line_ends_changed" not in causes(items, retouched)


def test_a_file_that_is_newer_and_longer_on_the_source_grew_there():
    ours = [*site(), (file("dir1/a.csv", b"x" * 3000), stat(CAME_S + 60))]
    theirs = [*site(), (file("dir1/a.csv", b"x" * 2000), stat(CAME_S - 60))]
    assert told(ours, theirs) == [("grown_on_source", 1, "medium")]


def test_names_that_a_rule_does_not_touch_do_not_speak_against_it():
    plain = [file(f"dir1/łan {n}.jpg", b"l%d" % n) for n in range(30)]
    ours = [*site(), *plain, *(file(f"dir2/żółw {n}.jpg", b"z%d" % n) for n in range(5))]
    theirs = [*site(), *plain, *(file(f"dir2/z\u0307o\u0301łw {n}.jpg", b"z%d" % n) for n in range(5))]
    assert told(ours, theirs) == [("names_composition", 10, "high")]


def test_pictures_to_which_the_source_added_something_did_not_go_in_text_mode():
    dice = random.Random(4)
    pictures = {f"dir{n % 6}/{n}.jpg": dice.randbytes(200_000 + n) for n in range(12)}
    old = [(file(name, data), stat(CAME_S - 60)) for name, data in pictures.items()]
    new = [
        (file(name, data + b"more" * (n % 2 + 1)), stat(CAME_S + 60)) for n, (name, data) in enumerate(pictures.items())
    ]
    assert "line_ends_changed" not in causes([*site(), *new], [*site(), *old])
    same = [(file(name, data[:-4]), stat(CAME_S + 60)) for name, data in pictures.items()]
    assert "line_ends_changed" not in causes([*site(), *old], [*site(), *same])


def test_new_files_of_a_new_kind_are_told_by_their_time():
    new = [(file(f"dir{n % 6}/note-{n}.txt", b"n%d" % n), stat(CAME_S + 60)) for n in range(6)]
    assert causes([*site(240), *new], site(240)) == ["edited_after_copy"]
