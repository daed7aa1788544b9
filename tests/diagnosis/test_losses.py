"""Causes of what is missing: each is told where it is, and not told where something else is."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.parts import CAME_S, DAY_S, Part, causes, path_of, site, stat, told, without
from handover.comparison import PathClass
from handover.diagnosis.traits import Trait, traits
from handover.entries import EntryType
from support.manifests import entry, file, folder, link

DAY_NS = DAY_S * 10**9


def files(items) -> list[bytes]:
    return [path_of(item) for item in items if entry(item).type is EntryType.FILE]


def test_an_equal_copy_has_no_cause():
    assert told(site(), site()) == []


@pytest.mark.parametrize("seed", range(25))
def test_losses_at_random_have_no_sure_cause(seed):
    items = site(240)
    lost = random.Random(seed).sample(files(items), 30)
    assert [found for found in told(items, without(items, *lost)) if found[2] == "high"] == []


# Cut off.


def test_what_comes_after_one_point_of_the_order_of_names_was_cut_off():
    items = site(120)
    lost = [path for path in files(items) if path > b"dir3/page-50"] + [b"dir4", b"dir5"]
    findings = Part(items, without(items, *lost)).findings()
    assert [f.cause for f in findings] == ["cut_off"]
    assert findings[0].share_bp == 10_000
    assert "“dir3/page-50" in findings[0].title or "“dir3/page-45" in findings[0].title


def test_one_missing_folder_is_no_cut():
    items = site(120)
    assert told(items, without(items, b"dir2")) == [("subtree_missing", 21, "high")]
    assert causes(items, without(items, b"dir5")) == ["subtree_missing"]


@pytest.mark.parametrize(("name", "told_as"), [("wp-config.php", ["subtree_missing"]), ("a.jpg", ["cut_off"])])
def test_a_text_that_was_written_last_and_is_shorter_is_no_place_where_a_transfer_stopped(name, told_as):
    def with_last(content):
        return [*site(120), (file(name, content), stat(1_700_000_000 + (content == b"new") * DAY_S, CAME_S + 60))]

    assert causes(with_last(b"much older"), without(with_last(b"new"), b"dir2", b"dir4", b"dir5")) == told_as


def test_two_unlike_folders_that_both_lost_something_are_no_cut():
    items = site(240)
    lost = [path for path in files(items) if path.startswith((b"dir1/", b"dir4/"))][::2]
    assert "cut_off" not in causes(items, without(items, *lost))


# Sizes.


def test_everything_above_a_size_is_missing():
    items = [*site(), *(file(f"dir{n % 6}/film-{n}.mp4", b"x" * (1_100_000 + n)) for n in range(4)),
             *(file(f"dir{n % 6}/pack-{n}.zip", b"y" * (1_200_000 + n)) for n in range(4)),
             file("dir1/small.mp4", b"z"), file("dir2/small.zip", b"w")]  # fmt: skip
    large = [path for path in files(items) if b"film" in path or b"pack" in path]
    (finding,) = Part(items, without(items, *large)).findings()
    assert (finding.cause, finding.confidence, finding.count) == ("size_limit", "high", 8)
    assert finding.title == "Every missing file is larger than 1 MiB"
    assert {fact.name for fact in finding.facts} == {"smallest_missing_bytes", "largest_arrived_bytes"}


def test_one_larger_file_that_arrived_makes_the_limit_doubtful():
    items = [*site(), *(file(f"dir{n % 6}/film-{n}.mp4", b"x" * (1_100_000 + n)) for n in range(8))]
    large = [path for path in files(items) if b"film" in path]
    assert "size_limit" not in causes(items, without(items, *large[:-1]))


def test_a_kind_of_file_in_many_folders_was_filtered():
    items = [*site(), *(file(f"dir{n % 6}/icon-{n}.svg", b"s" * (n + 5)) for n in range(12))]
    lost = [path for path in files(items) if path.endswith(b".svg")]
    assert told(items, without(items, *lost)) == [("filtered", 12, "high")]


def test_a_kind_of_file_of_which_some_arrived_was_not_filtered():
    items = [*site(), *(file(f"dir{n % 6}/icon-{n}.svg", b"s" * (n + 5)) for n in range(12))]
    lost = [path for path in files(items) if path.endswith(b".svg")]
    assert "filtered" not in causes(items, without(items, *lost[1:]))


def test_a_kind_of_file_that_lived_in_one_lost_folder_was_not_filtered():
    fonts = [folder("fonts"), *(file(f"fonts/f{n}.woff", b"f" * (n + 5)) for n in range(12))]
    assert causes([*site(), *fonts], site()) == ["subtree_missing"]


def test_a_name_that_is_missing_wherever_it_was_was_filtered():
    extra = [
        item for d in range(3) for item in (folder(f"dir{d}/node_modules"), file(f"dir{d}/node_modules/a{d}.js", b"j"))
    ]
    assert "filtered" in causes([*site(), *extra], site())


# Times.


def test_what_is_newer_than_one_moment_is_missing():
    items = site(120)
    new = [path_of(item) for item in items if isinstance(item, tuple) and entry(item).type is EntryType.FILE
           and int(item[1].mtime_ns) >= (1_700_000_000 + 90 * DAY_S) * 10**9]  # fmt: skip
    (finding,) = Part(items, without(items, *new)).findings()
    assert (finding.cause, finding.confidence) == ("older_backup", "high")
    (finding,) = Part(items, without(items, *new)).findings(frozen_from_ns=(1_700_000_000 + 80 * DAY_S) * 10**9)
    assert finding.cause == "edited_after_freeze"


def test_an_edit_after_the_copy_is_told_by_the_targets_clock():
    def items(came_s):
        sizes = [n * 37 % 53 + 1 for n in range(90)]
        return [(file(f"{n % 6}-{n}.php", b"%d" % n * sizes[n]), stat(1_700_000_000 + n, came_s)) for n in range(90)]

    old = items(1_700_000_050)
    assert causes(old, old[:60]) == ["edited_after_copy"]


def test_newer_files_that_arrived_speak_against_a_boundary():
    items = site(120)
    lost = [path_of(item) for item in items[-20:-2]]
    assert not {"older_backup", "older_state", "edited_after_copy"} & set(causes(items, without(items, *lost)))


def test_folders_that_are_missing_as_a_whole_count_for_a_boundary():
    items, old, new = by_years()
    (finding,) = Part(items, without(items, *new)).findings(kinds=frozenset({PathClass.MISSING}))
    assert (finding.cause, finding.count, finding.confidence) == ("older_backup", 35, "medium")
    assert told(items, without(items, *old)) == [("newer_only", 35, "medium")]


def test_only_what_is_newer_than_one_moment_arrived():
    items = site(120)
    old = [b"dir%d/page-%d.php" % (n % 6, n) for n in range(30)]
    assert told(items, without(items, *old)) == [("newer_only", 30, "high")]
    assert "newer_only" not in causes(items, without(items, *old[:20], *old[22:]))


def test_a_target_without_any_file_of_the_source_is_told():
    default = file("index.html", b"welcome")
    assert told(site(), [default]) == [("nothing_arrived", 66, "high")]
    assert "nothing_arrived" not in causes(site(), [default, site()[-1]])
    assert "nothing_arrived" not in causes([*site(), file("index.html", b"ours")], [default])
    inside = [folder("in"), *(file(f"in/{n}.php", b"%d" % n * (n + 9)) for n in range(20))]
    assert causes([file(f"{n}.php", b"%d" % n * (n + 9)) for n in range(20)], inside) == ["root_shifted"]


def test_one_old_folder_is_no_boundary():
    items, old, new = by_years()
    assert causes(items, without(items, old[0])) == ["subtree_missing"]
    assert causes(items, without(items, new[-1])) == ["subtree_missing"]


def by_years():
    """Fifteen folders, each newer than the one before; and the first and the last five of them."""
    items = []
    for year in range(15):
        # Folders are as old as the copy that made them: only what is in them tells.
        items.append((folder(f"{2010 + year}"), stat(1_600_000_000, mode="0755")))
        for n in range(6):
            content = file(f"{2010 + year}/{n}.jpg", b"%d" % year * (n * 7 % 13 + 1))
            items.append((content, stat(1_500_000_000 + (year * 10 + n) * DAY_S)))
    years = [b"%d" % (2010 + year) for year in range(15)]
    return items, years[:5], years[10:]


# Names with a dot.


def dotted():
    return [file(".htaccess", b"h"), file(".user.ini", b"u"), file("dir1/.keep", b"k")]


def test_names_with_a_dot_in_the_root_were_left_behind():
    items = [*site(240), *dotted()]
    assert told(items, without(items, b".htaccess", b".user.ini")) == [("top_dotfiles_missing", 2, "high")]


def test_names_with_a_dot_were_hidden_everywhere():
    items = [*site(), *dotted()]
    assert told(items, site()) == [("dotfiles_filtered", 3, "high")]


def test_one_name_with_a_dot_that_arrived_speaks_against_both():
    items = [*site(), *dotted(), file(".env", b"e")]
    assert not {"top_dotfiles_missing", "dotfiles_filtered"} & set(
        causes(items, without(items, b".htaccess", b".user.ini"))
    )


# Folders.


def test_empty_folders_were_dropped_also_those_that_hold_only_empty_ones():
    items = [*site(240), folder("a"), folder("a/b"), folder("a/b/c"), folder("dir1/empty")]
    assert told(items, site(240)) == [("empty_folders_dropped", 4, "high")]


def test_an_empty_folder_that_arrived_speaks_against_it():
    items = [*site(), folder("a"), folder("b"), folder("c")]
    assert "empty_folders_dropped" not in causes(items, without(items, b"a", b"b"))


def test_a_missing_folder_is_told_with_the_command_that_sends_it():
    lost = [folder("up loads"), *(file(f"up loads/{n}.jpg", b"j" * (n + 1)) for n in range(12))]
    (finding,) = Part([*site(), *lost], site()).findings()
    assert finding.title == "The folder “up loads” is missing with everything in it"
    assert finding.remedy == ("rsync -a SOURCE/'up loads' TARGET/./",)


# Owners.


def owned(uid, mode):
    return [(file(f"dir{n % 6}/upload-{n}.jpg", b"u" * (n + 1)), stat(uid=uid, mode=mode)) for n in range(10)]


def rooted():
    return [(folder(""), stat(mode="0755")), *site(), (file("dir1/logo.jpg", b"logo"), stat())]


def test_files_of_another_owner_were_left_out():
    items = [*rooted(), *owned(33, "0644")]
    assert told(items, rooted()) == [("not_owned_by_account", 10, "high")]


def test_one_file_of_that_owner_that_arrived_speaks_against_it():
    items = [*rooted(), *owned(33, "0644")]
    assert "not_owned_by_account" not in causes(items, [*rooted(), owned(33, "0644")[0]])


def test_files_that_others_may_not_read_were_left_out():
    items = [*rooted(), *owned(1000, "0600")]
    assert told(items, rooted()) == [("unreadable_for_sender", 10, "high")]
    assert "unreadable_for_sender" not in causes(items, [*rooted(), owned(1000, "0600")[0]])


# Archives, pieces, deletions.


def test_an_archive_named_for_the_missing_folder_was_not_unpacked():
    lost = [folder("uploads"), *(file(f"uploads/{n}.jpg", b"j" * 5000 + b"%d" % n) for n in range(30))]
    target = [*site(), file("uploads.zip", b"P" * 120_000)]
    assert told([*site(), *lost], target) == [("archive_not_unpacked", 32, "medium")]


def test_an_archive_that_both_sides_have_holds_nothing_back():
    lost = [folder("uploads"), *(file(f"uploads/{n}.jpg", b"j" * 5000 + b"%d" % n) for n in range(30))]
    packed = file("uploads.zip", b"P" * 120_000)
    assert causes([*site(), packed, *lost], [*site(), packed]) == ["subtree_missing"]


def test_pieces_are_told_with_the_files_that_they_were_to_become():
    items = [*site(), *(file(f"film-{n}.mp4", b"m" * (n + 9)) for n in range(3))]
    target = [*site(), *(file(f"film-{n}.mp4.filepart", b"m" * (n + 1)) for n in range(3))]
    assert told(items, target) == [("transfer_leftovers", 6, "high")]


def test_a_file_that_only_looks_like_a_piece_of_rsync_is_none():
    assert "transfer_leftovers" not in causes(site(), [*site(), file(".htaccess.backup", b"b")])


def test_files_that_were_deleted_after_they_came_are_told_by_the_time_of_their_folder():
    def items(touched_s):
        out = []
        for d in range(5):
            out.append((folder(f"d{d}"), stat(touched_s if d < 4 else CAME_S, mode="0755")))
            out += [(file(f"d{d}/{n}.php", b"%d %d" % (d, n)), stat()) for n in range(9)]
        return out

    lost = [b"d%d/%d.php" % (d, (d * 3) % 9) for d in range(4)]
    assert told(items(CAME_S), without(items(CAME_S + 500), *lost)) == [("deleted_after_arrival", 4, "high")]
    assert "deleted_after_arrival" not in causes(items(CAME_S), without(items(CAME_S), *lost))


def test_links_that_are_all_missing_were_left_out():
    links = [link(f"dir{n}/current", b"page.php") for n in range(4)]
    assert told([*site(), *links], site()) == [("links_dropped", 4, "high")]
    assert "links_dropped" not in causes([*site(), *links], [*site(), links[0]])


# What is refused.

ODD = {
    "refused_non_ascii": "zażółć{n}.txt",
    "refused_control": "line\n{n}.txt",
    "refused_space": "a b{n}.txt",
    "refused_windows": "a:b{n}.txt",
    "refused_long_name": "n" * 150 + "{n}.txt",
}


@pytest.mark.parametrize("cause", ODD)
def test_names_that_were_refused_are_told_unless_one_arrived(cause):
    plain = [file(f"dir{n % 6}/plain{n}.txt", b"p%d" % n) for n in range(6)]
    odd = [file(f"dir{n % 6}/" + ODD[cause].format(n=n), b"%d" % n) for n in range(6)]
    assert told([*site(), *plain, *odd], [*site(), *plain]) == [(cause, 6, "high")]
    assert cause not in causes([*site(), *plain, *odd], [*site(), *plain, odd[0]])


def test_empty_files_that_were_refused_are_told():
    plain = [file(f"dir{n % 6}/plain{n}.txt", b"p%d" % n) for n in range(6)]
    empty = [file(f"dir{n % 6}/empty{n}.txt") for n in range(6)]
    assert told([*site(), *plain, *empty], [*site(), *plain]) == [("refused_empty", 6, "high")]
    assert "refused_empty" not in causes([*site(), *plain, *empty], [*site(), *plain, empty[0]])


@given(st.binary(min_size=1, max_size=8) | st.text("aN. :/é\n", min_size=1, max_size=6).map(str.encode))
def test_the_quick_way_for_plain_paths_says_the_same_as_the_slow_one(path):
    expected = set()
    if not path.isascii():
        try:
            path.decode()
            expected.add(Trait.NON_ASCII)
        except UnicodeDecodeError:
            expected.add(Trait.NOT_UTF8)
    if b" " in path:
        expected.add(Trait.SPACE)
    if any(byte < 32 or byte == 127 for byte in path):
        expected.add(Trait.CONTROL)
    names = path.split(b"/")
    if set(path) & set(b'<>:"|?*\\') or any(name.endswith((b".", b" ")) for name in names):
        expected.add(Trait.WINDOWS)
    assert set(traits(path, empty=False)) == expected


def test_reserved_names_of_windows_are_known():
    for name in (b"con", b"a/NUL.txt", b"aux/b", b"COM1"):
        assert set(traits(name, empty=False)) == {Trait.WINDOWS}, name
    assert set(traits(b"console/lpt.txt", empty=False)) == set()
