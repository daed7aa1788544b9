"""A program that was updated on one side only is told as that, and nothing else is."""

from __future__ import annotations

import pytest

from diagnosis.parts import causes, site, stat, told
from support.manifests import file, folder

CORE = ("wp-includes", "wp-includes/version.php")
PLUGIN = ("wp-content/plugins/shop", "wp-content/plugins/shop/shop.php")


def program(place: str, mark: str, version: int, changed: int = 8, extra: int = 0) -> list:
    """A program in a site; with another ``version``, so many of its files have other contents, of any size."""
    above = place.split("/")
    items = [*site(), *(folder("/".join(above[: n + 1])) for n in range(len(above)))]
    items.append((file(mark, b"version %d" % version), stat(1_700_000_000 + version)))
    for n in range(20):
        other = version if n < changed else 0
        content = b"%d of %d" % (n, other) + b"." * (n * 17 % 101 + other * (n * 31 % 89))
        items.append((file(f"{place}/part-{n}.php", content), stat(1_700_000_000 + other * (n + 1) * 4000)))
    return items + [file(f"{place}/new-{n}.php", b"new %d" % n) for n in range(extra)]


@pytest.mark.parametrize("of", [CORE, PLUGIN])
def test_a_program_of_another_version_is_told_with_its_new_files(of):
    old, new = program(*of, version=0), program(*of, version=1, extra=4)
    assert told(old, new) == [("other_version", 13, "high")]
    assert told(new, old)[0] == ("other_version", 13, "medium")


def test_where_nothing_else_was_changed_an_update_without_new_files_is_told():
    assert told(program(*CORE, version=0), program(*CORE, version=1)) == [("other_version", 9, "medium")]


def test_an_update_explains_nothing_that_people_made():
    lost = [folder("wp-content"), folder("wp-content/uploads"), file("wp-content/uploads/a.jpg", b"a")]
    old, new = [*program(*CORE, version=0), *lost], program(*CORE, version=1, extra=4)
    assert ("other_version", 13, "high") in told(old, new)


def test_changes_that_leave_the_version_as_it_is_are_no_update():
    old, new = program(*CORE, version=0), program(*CORE, version=1, extra=4)
    kept = [old_one if path == CORE[1] else new_one for path, old_one, new_one in marked(old, new)]
    assert "other_version" not in causes(old, kept)


def marked(old: list, new: list):
    """Yield each of the new items with its path, and the mark of the old ones."""
    mark = next(item for item in old if isinstance(item, tuple) and item[0].path == CORE[1])
    for item in new:
        yield (item[0] if isinstance(item, tuple) else item).path, mark, item


def test_changes_all_over_the_site_are_no_update_of_the_program():
    def edited(version):
        return [(file(f"dir1/edited-{n}.php", b"%d %d" % (n, version)), stat(1_700_000_000 + version))
                for n in range(9)]  # fmt: skip

    old, new = program(*CORE, version=0) + edited(0), program(*CORE, version=1) + edited(1)
    assert "other_version" not in causes(old, new)
