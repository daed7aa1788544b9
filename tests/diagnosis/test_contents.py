"""Causes of changed contents: each is told where it is, and not told where something else is."""

from __future__ import annotations

import hashlib

import pytest

from diagnosis.parts import CAME_S, Part, causes, path_of, site, stat, told
from handover.entries import Entry, EntryType, prefix_step
from support.manifests import file, folder

MIB = 2**20


def scanned(path: str, content: bytes, modified_s: int = 1_700_000_000, came_s: int = CAME_S) -> tuple:
    """A file with the evidence that the agent would have recorded."""
    text = None
    if b"\0" not in content and b"\r" in content:
        while b"\r\n" in content:
            content_lf = content.replace(b"\r\n", b"\n")
            text = hashlib.sha256(content_lf).hexdigest()
            break
    step = prefix_step(len(content))
    prefixes = tuple(hashlib.sha256(content[:end]).hexdigest()[:16] for end in range(step, len(content) + 1, step))
    return file(path, content, text_digest=text, prefixes=prefixes or None), stat(modified_s, came_s)


def texts(end: bytes, count: int = 5, modified_s: int = 1_700_000_000) -> list:
    return [scanned(f"dir{n}/text.php", b"<?php" + end + b"// %d" % n + end, modified_s) for n in range(count)]


def picture(path: str, size: int, fill: bytes = b"\x89PNG\0") -> tuple:
    return scanned(path, (fill * (size // len(fill) + 1))[:size])


# Line ends.


def test_line_ends_are_told_with_their_direction():
    findings = Part([*site(), *texts(b"\n")], [*site(), *texts(b"\r\n", modified_s=1_700_009_000)]).findings()
    assert [(f.cause, f.count, f.facts[0].value) for f in findings] == [("line_ends_changed", 5, "lf_to_crlf")]
    findings = Part([*site(), *texts(b"\r\n")], [*site(), *texts(b"\n")]).findings()
    assert [(f.cause, f.count, f.facts[0].value) for f in findings] == [("line_ends_changed", 5, "crlf_to_lf")]


def test_pictures_that_the_same_transfer_damaged_count_with_it():
    source = [*site(), *texts(b"\n"), picture("dir1/a.png", 10_000)]
    target = [*site(), *texts(b"\r\n"), picture("dir1/a.png", 10_040, b"\x89PNG\1")]
    assert told(source, target) == [("line_ends_changed", 6, "high")]


def test_a_picture_that_shrank_was_not_damaged_by_line_ends_that_grow():
    source = [*site(), *texts(b"\n"), picture("dir1/a.png", 10_000)]
    target = [*site(), *texts(b"\r\n"), picture("dir1/a.png", 9_960, b"\x89PNG\1")]
    assert told(source, target)[0] == ("line_ends_changed", 5, "high")


def test_texts_that_were_edited_have_no_changed_line_ends():
    target = [scanned(f"dir{n}/text.php", b"<?php\r\n// other %d\r\n" % n) for n in range(5)]
    assert "line_ends_changed" not in causes([*site(), *texts(b"\n")], [*site(), *target])


# Broken off, empty, zero.


def test_a_file_that_ends_early_is_told_with_what_is_proven():
    content = bytes(range(256)) * 20_000
    source, target = scanned("film.mp4", content), scanned("film.mp4", content[: 3 * MIB + 5], came_s=CAME_S + 9)
    (finding,) = Part([*site(), source], [*site(), target]).findings()
    assert (finding.cause, finding.confidence) == ("truncated", "high")
    assert "identical up to 3,145,728 bytes; the last 1,974,272 bytes" in finding.evidence[0]


@pytest.mark.parametrize("size", [40 * MIB, 70 * MIB])
def test_prefixes_at_unlike_steps_are_held_against_one_another(size):
    def recorded(length):
        step = prefix_step(length)
        prefixes = tuple(f"{end:016x}" for end in range(step, length + 1, step))
        return Entry(path="film.mp4", type=EntryType.FILE, size=length, digest=f"{length:064x}", prefixes=prefixes)

    (finding,) = Part([*site(), recorded(size)], [*site(), recorded(33 * MIB)]).findings()
    assert finding.cause == "truncated"
    step = prefix_step(size)
    assert f"identical up to {33 * MIB // step * step:,} bytes" in finding.evidence[0]


def test_a_shorter_file_with_another_beginning_was_not_broken_off():
    source, target = scanned("film.mp4", b"a" * (5 * MIB)), scanned("film.mp4", b"b" * (3 * MIB))
    assert "truncated" not in causes([*site(), source], [*site(), target])


def test_a_small_shorter_file_is_at_most_a_guess():
    source, target = scanned("a.php", b"a" * 9000), scanned("a.php", b"a" * 4096)
    assert told([*site(), source], [*site(), target]) == [("truncated", 1, "low")]
    target = scanned("a.php", b"a" * 4097)
    assert "truncated" not in causes([*site(), source], [*site(), target])


def test_empty_files_are_told():
    source = [*site(), *(file(f"dir{n}/full.jpg", b"%d" % n) for n in range(4))]
    target = [*site(), *(file(f"dir{n}/full.jpg") for n in range(4))]
    assert told(source, target) == [("zero_length", 4, "high")]


def test_files_of_zero_bytes_are_told_small_and_large():
    source = [*site(), picture("a.jpg", 5_000), picture("b.jpg", 3 * MIB)]
    target = [*site(), picture("a.jpg", 5_000, b"\0"), picture("b.jpg", 3 * MIB, b"\0")]
    assert told(source, target)[0] == ("zero_filled", 2, "high")


def test_a_file_that_is_zero_bytes_on_the_source_too_is_not_blamed():
    source, target = picture("a.img", 5_000, b"\0"), picture("a.img", 5_000, b"\1")
    assert "zero_filled" not in causes([*site(), source], [*site(), target])


def test_files_that_were_all_cut_at_one_size_are_told_with_it():
    source = [*site(), *(scanned(f"dir{n}/a.jpg", b"%d" % n * (30_000 + n)) for n in range(6))]
    target = [*site(), *(scanned(f"dir{n}/a.jpg", b"%d" % n * 20_001, 1_700_000_009) for n in range(6))]
    (finding,) = Part(source, target).findings()
    assert (finding.cause, finding.confidence, finding.title) == ("truncated", "high", "Files were cut at 20,001 bytes")


# A full disk.


def filled(full_from: int, *, folders: int = 8) -> list:
    """Sixty files that came one after the other, folder by folder and in another order than that of names."""
    out = [(folder(f"d{n}"), stat(mode="0755")) for n in range(folders)]
    for n in range(60):
        content = b"" if n >= full_from else b"content %d" % n
        path = f"d{n * folders // 60 * 3 % folders}/f{n * 7 % 60:02d}.jpg" if folders else f"f{n * 7 % 60:02d}.jpg"
        out.append((file(path, content), stat(came_s=CAME_S + n)))
    return out


def test_from_one_moment_on_nothing_had_room():
    assert told(filled(99), filled(40)) == [("disk_full", 20, "high")]


def test_files_that_were_emptied_in_the_only_folder_may_have_lost_their_content_later():
    assert told(filled(99, folders=0), filled(40, folders=0)) == [("zero_length", 20, "high")]


def test_files_that_were_emptied_all_over_after_the_copy_are_no_full_disk():
    source = site(240)
    emptied = [
        (file(path_of(item).decode()), stat(came_s=CAME_S + 60)) if n % 7 == 0 else item
        for n, item in enumerate(source)
        if path_of(item).endswith(b".php") or n % 7
    ]
    assert causes(source, emptied)[0] == "zero_length"


def test_empty_files_among_whole_ones_are_no_full_disk():
    target = [
        (file(f"f{n:02d}.jpg", b"" if n % 3 == 0 else b"content %d" % n), stat(came_s=CAME_S + n)) for n in range(60)
    ]
    source = [(file(f"f{n:02d}.jpg", b"content %d" % n), stat()) for n in range(60)]
    assert causes(source, target) == ["zero_length"]


# Changed in place, edited.


def test_a_content_that_changed_under_an_old_time_is_told():
    source = [*site(), *(scanned(f"dir{n}/a.jpg", b"picture %d" % n) for n in range(3))]
    target = [*site(), *(scanned(f"dir{n}/a.jpg", b"Picture %d" % n) for n in range(3))]
    assert told(source, target) == [("corrupted_in_place", 3, "high")]


def test_an_edit_after_the_first_copy_that_a_second_one_passed_over_is_no_damage():
    def pictures(word, modified_s):
        return [scanned(f"dir{n}/a.jpg", b"%s %d" % (word, n), modified_s, CAME_S + 900) for n in range(3)]

    items = [(made, stat(came_s=CAME_S)) for made in (file(f"old-{n}.php", b"%d" % n) for n in range(30))]
    source, target = [*items, *pictures(b"picture", CAME_S + 500)], [*items, *pictures(b"Picture", CAME_S + 500)]
    assert told(source, target) == [("sizes_compared_only", 3, "high")]
    source, target = [*items, *pictures(b"picture", CAME_S - 500)], [*items, *pictures(b"Picture", CAME_S - 500)]
    assert told(source, target) == [("corrupted_in_place", 3, "high")]


def test_a_content_with_a_new_time_was_edited():
    source = [*site(), *(scanned(f"dir{n}/a.jpg", b"picture %d" % n) for n in range(3))]
    target = [*site(), *(scanned(f"dir{n}/a.jpg", b"Picture %d" % n, 1_700_005_000) for n in range(3))]
    assert told(source, target) == [("edited_on_target", 3, "medium")]


def test_texts_that_all_grew_by_the_same_are_not_surely_a_replacement():
    texts = [b"<?php // page %d" % n * (n + 1) for n in range(6)]
    source = [*site(), *(scanned(f"dir{n}/x.php", text) for n, text in enumerate(texts))]
    target = [*site(), *(scanned(f"dir{n}/x.php", b"<?php eval(1);?>" + text, 1_710_000_000 + n * 9999)
                         for n, text in enumerate(texts))]  # fmt: skip
    assert told(source, target) == [("text_replaced", 6, "medium")]


def test_a_replaced_text_is_told_by_the_steps_of_its_sizes():
    def replaced(word, modified_s):
        return [scanned(f"dir{n}/x.php", b"<?php // " + word * (n + 1), modified_s + n * 9999) for n in range(6)]

    source = [*site(), *replaced(b"old.example", 1_700_000_000)]
    target = [*site(), *replaced(b"the-new.example", 1_710_000_000)]
    assert told(source, target) == [("text_replaced", 6, "high")]
    target.append(scanned("dir1/a.jpg", b"edited", 1_710_000_000))
    source.append(scanned("dir1/a.jpg", b"picture"))
    assert "text_replaced" not in causes(source, target)


def test_what_was_made_after_the_cutover_is_told_only_with_that_date():
    source, target = site(), [*site(), *(scanned(f"order-{n}.pdf", b"%d" % n, CAME_S + 60) for n in range(4))]
    assert told(source, target) == []
    assert told(source, target, cutover_at_ns=CAME_S * 10**9) == [("made_on_target", 4, "medium")]
    assert told(source, target, cutover_at_ns=(CAME_S + 90) * 10**9) == []
