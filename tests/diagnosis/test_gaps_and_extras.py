"""Causes of what could not be compared, of metadata, and of what only the target has."""

from __future__ import annotations

import pytest

from diagnosis.parts import CAME_S, Part, causes, rules, site, stat, told
from handover.entries import EntryType, GapKind
from handover.rules import Requirement
from support.manifests import file, folder, gap

# Gaps.


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (GapKind.UNREADABLE, "unreadable_on_target"),
        (GapKind.UNSTABLE, "moving_on_target"),
        (GapKind.BOUNDARY, "boundary_on_target"),
    ],
)
def test_a_gap_is_told_with_its_side_and_takes_what_is_below_it(kind, cause):
    inside = [folder("closed"), file("closed/a", b"a"), file("closed/b", b"b")]
    target = [*site(), gap("closed", kind, EntryType.DIR)]
    assert told([*site(), *inside], target) == [(cause, 3, "high")]
    assert told(target, [*site(), *inside])[0][0] == cause.replace("target", "source")


# Metadata.


def moded(*modes: str) -> list:
    return [*site(), *((file(f"m{n}", b"%d" % n), stat(mode=mode)) for n, mode in enumerate(modes))]


def test_modes_that_a_umask_left_are_told_with_it():
    source, target = moded("0664", "0775", "0660", "0666", "2775"), moded("0640", "0750", "0640", "0640", "0750")
    findings = Part(source, target, rules(Requirement.MODE)).findings()
    assert [(f.cause, f.count, f.facts[0].value) for f in findings] == [("umask", 5, "027")]


def test_of_umasks_that_leave_the_same_the_usual_one_is_told():
    def made(mode):
        return [(file(f"{n}.php", b"%d" % n), stat(mode=mode)) for n in range(5)]

    (finding,) = Part(made("0644"), made("0640"), rules(Requirement.MODE)).findings()
    assert finding.facts[0].value == "027"


def test_modes_that_were_widened_come_from_no_umask():
    source, target = moded("0640", "0600", "0644"), moded("0666", "0644", "0777")
    assert "umask" not in causes(source, target, rules(Requirement.MODE))


def test_owners_and_times_are_told_when_they_are_required():
    source = [(file(f"f{n}", b"%d" % n), stat(user="old")) for n in range(5)]
    target = [(file(f"f{n}", b"%d" % n), stat(CAME_S, user="new")) for n in range(5)]
    assert told(source, target, rules(Requirement.OWNER)) == [("owner_mapped", 5, "high")]
    assert told(source, target, rules(Requirement.MTIME)) == [("times_not_kept", 5, "high")]
    assert told(source, target) == []


def test_times_in_both_directions_were_not_those_of_a_copy():
    source = [(file(f"f{n}", b"%d" % n), stat(1_700_000_000 + n % 2 * 999)) for n in range(6)]
    target = [(file(f"f{n}", b"%d" % n), stat(1_700_000_500)) for n in range(6)]
    assert "times_not_kept" not in causes(source, target, rules(Requirement.MTIME))


# Extras.


def test_what_hosts_add_is_told_and_nothing_else_with_it():
    extras = [folder("cgi-bin"), file(".ftpquota", b"q"), file("dir1/error_log", b"e"), file("mine.txt", b"m")]
    assert told(site(), [*site(), *extras])[0] in [("added_by_hosting", 3, "medium"), ("added_by_hosting", 2, "medium")]
    assert causes(site(), [*site(), file("mine.txt", b"m")]) == []


def test_only_caches_is_told_only_when_it_is_true():
    cached = [folder("cache"), *(file(f"cache/{n}.html", b"%d" % n) for n in range(9))]
    assert told([*site(), *cached], site()) == [("generated_files", 10, "medium")]
    findings = Part([*site(), *cached, file("lost.txt", b"l")], site()).findings()
    assert all("Only" not in f.title for f in findings)


@pytest.mark.parametrize("code", ["vendor/symfony/cache", "wp-includes/SimplePie/Cache", "wp-content/plugins/shop/log"])
def test_the_code_of_a_cache_is_not_called_one_that_is_made_anew(code):
    above = code.split("/")
    folders = [folder("/".join(above[: n + 1])) for n in range(len(above))]
    lost = [file(f"{code}/{name}", name.encode()) for name in ("Store.php", "Adapter.php", "a.log")]
    assert "generated_files" not in causes([*site(), *folders, *lost], site())
    assert "generated_files" not in causes([*site(), *folders, *lost], [*site(), *folders])


def test_a_folder_that_merely_begins_like_a_cache_is_none():
    assert "generated_files" not in causes([*site(), folder("cachet"), file("cachet/a.php", b"a")], site())
