"""Causes by which contents are there under other paths, and links that are not what they were."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest

from diagnosis.parts import Part, causes, site, stat, told
from handover.diagnosis.causes.moved import move_of
from handover.diagnosis.causes.transforms import transforms
from support.manifests import file, folder, link

NAMES = ["zażółć gęślą.jpg", "Łódź.pdf", "mąka.png", "Świat/źdźbło.txt", "Świat/ćma.txt"]


def named(change) -> list:
    """A site, and files with Polish names after a change of their names."""
    out = [*site(), (folder(change("Świat")), stat(mode="0755"))]
    return out + [(file(change(name), b"content of " + name.encode()), stat()) for name in NAMES]


CHANGES = {
    "cp1250": (lambda name: name.encode("cp1250"), "names_encoding"),
    "cp852": (lambda name: name.encode("cp852"), "names_encoding"),
    "twice": (lambda name: name.encode().decode("cp437").encode(), "names_encoding"),
    "mistaken": (lambda name: name.encode("cp1250").decode("cp852").encode(), "names_encoding"),
    "decomposed": (lambda name: unicodedata.normalize("NFD", name).encode(), "names_composition"),
    "percent": (lambda name: quote(name, safe="/ ").encode(), "names_percent"),
    "lost": (lambda name: name.encode("ascii", "replace"), "names_replaced"),
    "escaped": (lambda name: "".join(c if c.isascii() else f"#U{ord(c):04x}" for c in name).encode(), "names_replaced"),
    "small": (lambda name: name.lower().encode(), "names_case"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_names_is_told_by_its_rule_and_explains_both_sides(change):
    apply, cause = CHANGES[change]
    source, target = named(str.encode), named(apply)
    findings = Part(source, target).findings()
    assert findings[0].cause == cause
    assert sum(f.count for f in findings if f.cause == cause) == len(Part(source, target).differences())


@pytest.mark.parametrize("change", ["cp1250", "cp852", "decomposed", "percent"])
def test_the_way_back_is_told_too(change):
    apply, cause = CHANGES[change]
    assert causes(named(apply), named(str.encode))[0] == cause


def test_names_that_arrived_unchanged_make_the_rule_less_sure():
    kept = [(file(f"Łąka-{n}.txt", b"kept %d" % n), stat()) for n in range(9)]
    findings = Part([*named(str.encode), *kept], [*named(lambda name: name.encode("cp1250")), *kept]).findings()
    assert [(f.cause, f.confidence) for f in findings] == [("names_encoding", "medium")]


def test_another_content_under_a_like_name_is_not_a_renamed_one():
    source = [*site(), file("ż.txt", b"one"), file("ó.txt", b"two")]
    target = [*site(), file("_.txt", b"three"), file("o.txt", b"four")]
    assert not [cause for cause in causes(source, target) if cause.startswith("names")]


def test_every_rule_that_can_be_undone_is_undone():
    for transform in transforms():
        for name in ("zażółć.jpg", "Łódź", "plain", "100%", "é"):
            path = name.encode()
            changed = transform.apply(path)
            if transform.backward is not None and changed is not None and transform.kind != "percent":
                assert transform.undo(changed) in (path, unicodedata.normalize("NFC", name).encode()), transform.words


# Moved and shifted.


def test_the_beginnings_of_a_move_are_what_two_paths_do_not_share():
    assert move_of(b"uploads/a/x.jpg", b"files/a/x.jpg") == (b"uploads", b"files")
    assert move_of(b"a/x.jpg", b"public_html/a/x.jpg") == (b"", b"public_html")
    assert move_of(b"a/x", b"a/y") == (b"a/x", b"a/y")


def below(prefix: str) -> list:
    out = [(folder(prefix), stat(mode="0755"))]
    out += [(folder(f"{prefix}/dir{d}"), stat(mode="0755")) for d in range(6)]
    return out + [
        (
            file(f"{prefix}/dir{n % 6}/page-{n}.php", b"content of %d" % n * (n * 37 % 53 + 1)),
            stat(1_700_000_000 + n * 86_400),
        )
        for n in range(60)
    ]


def test_a_root_that_is_one_level_off_is_told_on_either_side():
    assert told(site(), below("public_html")) == [("root_shifted", 133, "high")]
    assert told(below("public_html"), site()) == [("root_shifted", 133, "high")]


def test_a_moved_folder_is_told_with_both_places():
    source, target = [*site(), *below("uploads")], [*site(), *below("media")]
    (finding,) = Part(source, target).findings()
    assert (finding.cause, finding.share_bp) == ("moved", 10_000)
    assert finding.title == "Moved on the target: “uploads” is in “media” there"


def test_empty_and_doubled_files_prove_no_move():
    source = [*site(), file("a/x", b""), folder("a"), file("a/y", b"")]
    target = [*site(), file("b/x", b""), folder("b"), file("b/y", b"")]
    assert not {"moved", "root_shifted"} & set(causes(source, target))


# Twins.


def test_twins_that_fell_together_are_told():
    pairs = [
        (file(f"dir{n}/{name}", b"%d" % n + name.encode()), stat())
        for n in range(3)
        for name in ("Logo.png", "logo.png")
    ]
    merged = [pair for pair in pairs if "logo.png" in pair[0].path]
    assert told([*site(), *pairs], [*site(), *merged]) == [("name_collision", 3, "high")]


def test_a_missing_file_without_a_twin_did_not_collide():
    source = [*site(), file("Logo.png", b"a"), file("dir1/logo.png", b"b")]
    assert "name_collision" not in causes(source, site())


# Links.


def test_links_that_became_texts_were_not_followed():
    source = [*site(), link("a", b"dir1/page-1.php"), link("b", b"dir1/page-7.php")]
    texts = [file("a", b"dir1/page-1.php"), file("b", b"dir1/page-7.php")]
    assert told(source, [*site(), *texts]) == [("links_written_out", 2, "high")]
    copies = [file("a", b"15 other bytes."), file("b", b"15 other bytes!")]
    assert told(source, [*site(), *copies]) == [("links_followed", 2, "high")]


def test_links_that_were_followed_take_what_is_in_them_along():
    source = [*site(), link("current", b"dir1"), link("a", b"dir1/page-1.php")]
    target = [*site(), folder("current"), file("current/page.php", b"p"), file("a", b"content of 1content of 1")]
    assert told(source, target) == [("links_followed", 3, "high")]


def test_links_that_point_elsewhere_are_told_with_the_change():
    source = [*site(), *(link(f"l{n}", b"/home/old/public_html/%d" % n) for n in range(3))]
    target = [*site(), *(link(f"l{n}", b"/var/www/acme/%d" % n) for n in range(3))]
    (finding,) = Part(source, target).findings()
    assert finding.title == "Links point elsewhere: “/home/old/public_html” became “/var/www/acme”"
