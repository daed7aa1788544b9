"""The verdict is never better than what was seen, and never worse than what is proven."""

from __future__ import annotations

import hashlib
import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import manifest
from handover.compare import Comparer
from handover.comparison import Comparison, Difference, Doubt, PathClass, Verdict, share_bp, worst_verdict
from handover.digests import Algorithm, Strength
from handover.entries import Entry, EntryType, GapKind, HostStat
from handover.errors import ExitCode, MalformedInput, Refused
from handover.likeness import Likeness, likeness
from handover.rules import Requirement, Rule, RuleKind, RuleSet
from support.manifests import file, folder, gap, ignored, link, listed, make_header, make_manifest, reader, special


def rule(kind: str, pattern: str) -> Rule:
    return Rule(RuleKind(kind), pattern, "agreed", "terms")


def rules(*given: Rule, require: tuple[str, ...] = (), max_excluded_bp: int = 2500) -> RuleSet:
    return RuleSet(given, frozenset(map(Requirement, require)), max_excluded_bp)


def under(*patterns: str) -> manifest.RulesRef:
    """The part of a header that names the ignore rules of its scan."""
    ignore = tuple(manifest.IgnoreRule(pattern=p, reason="r", origin="terms") for p in patterns)
    return manifest.RulesRef(sha256="0" * 64, ignore=ignore)


def run(
    source: bytes | None, target: bytes | None, given: RuleSet | None = None
) -> tuple[list[Difference], Comparison]:
    sides = [None if raw is None else reader(raw) for raw in (source, target)]
    comparer = Comparer(*sides, given or rules())
    return list(comparer.differences()), comparer.result()


def classes(source: bytes | None, target: bytes | None, given: RuleSet | None = None) -> dict[bytes, tuple[str, ...]]:
    differences, _ = run(source, target, given)
    return {each.path_bytes(): (each.kind.value, *each.why) for each in differences}


def verdict(source: bytes | None, target: bytes | None, given: RuleSet | None = None) -> Verdict:
    return run(source, target, given)[1].verdict


# What becomes of one path.

UNREADABLE, UNSTABLE, VANISHED, BOUNDARY = GapKind.UNREADABLE, GapKind.UNSTABLE, GapKind.VANISHED, GapKind.BOUNDARY
FILE, DIR = EntryType.FILE, EntryType.DIR
PAIRS: list[tuple[str, Entry | None, Entry | None, tuple[str, ...] | None]] = [
    ("equal files", file("x", b"1"), file("x", b"1"), None),
    ("equal folders", folder("x"), folder("x"), None),
    ("equal links", link("x", b"t"), link("x", b"t"), None),
    ("equal FIFOs", special("x"), special("x"), None),
    ("only on the source", file("x"), None, ("missing", "absent")),
    ("only on the target", None, file("x"), ("extra", "absent")),
    ("a folder only on the source", folder("x"), None, ("missing", "absent")),
    ("another size", file("x", b"1"), file("x", b"12"), ("changed", "size")),
    ("the same size with other content", file("x", b"1"), file("x", b"2"), ("changed", "content")),
    ("another link target", link("x", b"t"), link("x", b"u"), ("changed", "link_target")),
    ("a link target that is no UTF-8", link("x", b"\xff"), link("x", b"\xfe"), ("changed", "link_target")),
    ("a file that became a link", file("x"), link("x", b"t"), ("type_changed", "type")),
    ("a folder that became a file", folder("x"), file("x"), ("type_changed", "type")),
    ("unreadable on the source", gap("x", UNREADABLE, FILE, 1), file("x", b"1"), ("not_checked", "unreadable_source")),
    ("unreadable on the target", file("x", b"1"), gap("x", UNREADABLE, FILE, 1), ("not_checked", "unreadable_target")),
    ("unreadable on both, alike to the byte", gap("x", UNREADABLE, FILE, 1), gap("x", UNREADABLE, FILE, 1),
     ("not_checked", "unreadable_source", "unreadable_target")),
    ("unreadable, but the size differs", gap("x", UNREADABLE, FILE, 1), file("x", b"12"), ("changed", "size")),
    ("unreadable, but the type differs", gap("x", UNREADABLE, DIR), file("x"), ("type_changed", "type")),
    ("unreadable and of unknown type", gap("x", UNREADABLE), file("x"), ("not_checked", "unreadable_source")),
    ("unstable, so its size proves nothing", gap("x", UNSTABLE, FILE, 1), file("x", b"12"),
     ("not_checked", "unstable_source")),
    ("vanished, so not even its type counts", gap("x", VANISHED, FILE, 1), folder("x"),
     ("not_checked", "vanished_source")),
    ("a mount that was not crossed", gap("x", BOUNDARY, DIR), folder("x"), ("not_checked", "boundary_source")),
    ("unreadable, absent on the target", gap("x", UNREADABLE, FILE, 1), None, ("missing", "absent")),
    ("unreadable, absent on the source", None, gap("x", UNREADABLE, FILE, 1), ("extra", "absent")),
    ("of unknown type, absent on the target", gap("x", UNREADABLE), None, ("not_checked", "unreadable_source")),
    ("vanished on the source, absent on the target", gap("x", VANISHED, FILE, 1), None,
     ("not_checked", "vanished_source")),
]  # fmt: skip


@pytest.mark.parametrize(("source", "target", "wanted"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_each_path_is_in_the_class_of_the_contract(source, target, wanted):
    sides = (make_manifest(*([] if entry is None else [entry])) for entry in (source, target))
    assert classes(*sides) == ({} if wanted is None else {b"x": wanted})


# What may lie below a gap.


@pytest.mark.parametrize(
    "hole", [gap("a", UNREADABLE, DIR), gap("a", UNREADABLE), gap("a", BOUNDARY, DIR), gap("a", UNSTABLE, DIR)]
)
def test_below_a_gap_that_may_be_a_folder_nothing_is_missing(hole):
    source = make_manifest(folder("a"), folder("a/b"), file("a/b/x"), file("a-"), file("b"))
    found = classes(source, make_manifest(hole))
    assert found[b"a/b"] == found[b"a/b/x"] == ("not_checked", "below_gap_target")
    assert found[b"a-"] == found[b"b"] == ("missing", "absent")


def test_an_unreadable_file_hides_nothing_beside_it():
    found = classes(make_manifest(file("a", b"1"), file("a-")), make_manifest(gap("a", UNREADABLE, FILE, 1)))
    assert found[b"a-"] == ("missing", "absent")


def test_a_gap_inside_a_gap_does_not_end_the_outer_one():
    source = make_manifest(folder("a"), folder("a/b"), file("a/b/x"), file("a/c"), file("d"))
    target = make_manifest(gap("a", UNSTABLE, DIR), gap("a/b", UNREADABLE, DIR))
    found = classes(source, target)
    assert found[b"a/c"] == ("not_checked", "below_gap_target")
    assert found[b"d"] == ("missing", "absent")


def test_an_unreadable_root_proves_nothing_at_all():
    source = make_manifest(folder("a"), file("a/x"), file("b"))
    target = make_manifest(gap("", UNREADABLE, DIR))
    assert {kind for kind, *_ in classes(source, target).values()} == {"not_checked"}
    assert verdict(source, target) is Verdict.UNDETERMINED
    assert verdict(target, target) is Verdict.UNDETERMINED


@pytest.mark.parametrize("dead", ["source", "target"])
def test_a_dead_side_leaves_everything_unchecked_on_the_other(dead):
    alive = make_manifest(folder("a"), file("a/x", b"1"))
    differences, result = run(*((None, alive) if dead == "source" else (alive, None)))
    assert [d.path_bytes() for d in differences] == [b"", b"a", b"a/x"]
    assert {d.why for d in differences} == {(f"not_read_{dead}",)}
    assert (result.verdict, Doubt.ONE_SIDED in result.because) == (Verdict.UNDETERMINED, True)


# Soundness: a hidden truth, and what two scans could see of it.

NAMES = st.sampled_from(["a", "a-", "b", "é"])
TRUTHS = st.recursive(
    st.binary(max_size=1),
    lambda inner: st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
).filter(lambda tree: isinstance(tree, dict))


def flat(tree: dict[str, object], above: str = "") -> dict[str, bytes | None]:
    """Return every path of the truth with its content, ``None`` for a folder."""
    found: dict[str, bytes | None] = {}
    for name, below in tree.items():
        path = f"{above}{name}"
        found[path] = None if isinstance(below, dict) else below
        if isinstance(below, dict):
            found |= flat(below, f"{path}/")
    return found


def seen(truth: dict[str, bytes | None], data: st.DataObject) -> bytes:
    """Return a manifest that is true but does not tell all."""
    entries: list[Entry] = []
    hidden: list[str] = []
    partly: list[str] = []
    for path in sorted(truth, key=lambda p: p.split("/")):
        content = truth[path]
        if any(path.startswith(above) for above in hidden):
            continue
        if any(path.startswith(above) for above in partly) and data.draw(st.booleans()):
            hidden.append(f"{path}/")
            continue
        match data.draw(st.sampled_from(["seen"] * 4 + ["unreadable", "unknown", "unstable"])):
            case "unreadable" if content is not None:
                entries.append(gap(path, UNREADABLE, FILE, len(content)))
            case "unreadable":
                entries.append(gap(path, UNREADABLE, DIR))
                hidden.append(f"{path}/")
            case "unknown":
                entries.append(gap(path, UNREADABLE))
                hidden.append(f"{path}/")
            case "unstable" if content is not None:
                entries.append(gap(path, UNSTABLE, FILE, data.draw(st.integers(0, 2))))
            case "unstable":
                entries.append(gap(path, UNSTABLE, DIR))
                partly.append(f"{path}/")
            case _:
                entries.append(folder(path) if content is None else file(path, content))
    return make_manifest(*entries)


@settings(max_examples=1000)
@given(TRUTHS, TRUTHS, st.booleans(), st.data())
def test_complete_is_true_and_loss_is_real(source_tree, target_tree, alike, data):
    source, target = flat(source_tree), flat(source_tree if alike else target_tree)
    differences, result = run(seen(source, data), seen(target, data))
    lost = {path for path, content in source.items() if path not in target or target[path] != content}
    for each in differences:
        path = each.path_bytes().decode()
        match each.kind:
            case PathClass.MISSING:
                assert path not in target
            case PathClass.EXTRA:
                assert path not in source
            case PathClass.CHANGED | PathClass.TYPE_CHANGED:
                assert path in lost
            case _:
                assert each.kind is PathClass.NOT_CHECKED
    if result.verdict is Verdict.COMPLETE:
        assert not lost
    if result.verdict is Verdict.NOT_COMPLETE:
        assert lost
    if alike:
        assert result.verdict in (Verdict.COMPLETE, Verdict.UNDETERMINED)


@given(TRUTHS, TRUTHS, st.data())
def test_each_path_of_either_side_is_in_exactly_one_class_and_the_sums_say_so(source_tree, target_tree, data):
    source, target = seen(flat(source_tree), data), seen(flat(target_tree), data)
    differences, result = run(source, target)
    told = [each.path_bytes() for each in differences]
    union = {line.path for raw in (source, target) for line in reader(raw).lines()}
    assert told == sorted(set(told), key=lambda path: path.split(b"/"))
    assert set(told) <= union
    counts = msgspec.structs.asdict(result.counts)
    assert sum(counts.values()) == len(union)
    assert counts["same"] == len(union) - len(told)
    for kind in PathClass:
        assert kind is PathClass.SAME or counts[kind] == sum(each.kind is kind for each in differences)


@given(TRUTHS, st.data())
def test_swapping_the_sides_swaps_missing_and_extra(tree, data):
    one, other = seen(flat(tree), data), seen(flat(tree), data)
    forth, back = classes(one, other), classes(other, one)
    swap = {"missing": "extra", "extra": "missing"}
    assert {path: swap.get(kind, kind) for path, (kind, *_) in back.items()} == {
        p: kind for p, (kind, *_) in forth.items()
    }


# Rules.

TREE = [folder("c"), file("c/1", b"11"), file("c/2", b"22"), file("keep", b"k")]


def test_what_both_sides_ignored_is_ignored_and_weighed():
    raw = make_manifest(ignored("c", "c/**", 2, 4), file("keep", b"k"), rules=under("c/**"))
    differences, result = run(raw, raw, rules(max_excluded_bp=10_000))
    assert [(d.path_bytes(), d.kind, d.rule) for d in differences] == [(b"c", PathClass.IGNORED, "c/**")]
    assert (result.verdict, result.excluded.files, result.excluded.bytes) == (Verdict.COMPLETE_AS_AGREED, 2, 4)
    assert result.excluded.share_bp == 8000  # 4 of 5 bytes; 2 of 3 files is less


def test_what_only_one_side_ignored_is_not_checked():
    one = make_manifest(ignored("c", "c/**", 2, 4), file("keep", b"k"), rules=under("c/**"))
    other = make_manifest(*TREE)
    assert classes(one, other) == {
        b"c": ("not_checked", "ignored_source"),
        b"c/1": ("not_checked", "ignored_source"),
        b"c/2": ("not_checked", "ignored_source"),
    }
    assert classes(other, one)[b"c/1"] == ("not_checked", "ignored_target")


def test_ignored_on_one_side_and_absent_on_the_other_depends_on_the_others_rules():
    one = make_manifest(ignored("c", "c/**", 2, 4), rules=under("c/**"))
    assert classes(one, make_manifest(rules=under("c/**"))) == {b"c": ("ignored", "rule")}
    assert classes(one, make_manifest()) == {b"c": ("not_checked", "ignored_source")}


def test_an_ignore_rule_behind_another_one_hides_nothing_that_would_have_been_listed():
    agreed = rules(rule("may_differ", "*"), rule("ignore", "c"), max_excluded_bp=10_000)
    one = make_manifest(ignored("c", "c", 1, 4), rules=under("c"))
    other = make_manifest(rules=msgspec.structs.replace(under("c"), sha256=agreed.digest))
    assert classes(one, other, agreed) == {b"c": ("not_checked", "ignored_source")}
    assert classes(other, one, agreed) == {b"c": ("not_checked", "ignored_target")}


def test_an_ignore_rule_of_the_comparison_covers_the_folder_and_all_below():
    found = classes(make_manifest(*TREE), make_manifest(file("keep", b"k")), rules(rule("ignore", "c/**")))
    assert found == dict.fromkeys((b"c", b"c/1", b"c/2"), ("ignored", "rule"))


@pytest.mark.parametrize(
    ("kind", "source", "target", "agreed"),
    [
        ("may_differ", file("x", b"1"), file("x", b"2"), True),
        ("may_differ", file("x"), folder("x"), True),
        ("may_differ", file("x"), None, False),
        ("may_differ", None, file("x"), False),
        ("may_be_missing", file("x"), None, True),
        ("may_be_missing", None, file("x"), False),
        ("may_be_missing", file("x", b"1"), file("x", b"2"), False),
        ("may_be_extra", None, file("x"), True),
        ("may_be_extra", file("x"), None, False),
        ("may_differ", gap("x", UNREADABLE, FILE, 1), file("x", b"1"), False),
        ("may_be_missing", gap("x", UNREADABLE), None, False),
    ],
)
def test_a_rule_agrees_to_what_it_names_and_to_nothing_else(kind, source, target, agreed):
    sides = [make_manifest(*([] if entry is None else [entry])) for entry in (source, target)]
    plain, under_rule = classes(*sides), classes(*sides, rules(rule(kind, "x"), max_excluded_bp=10_000))
    assert plain != {}
    assert (under_rule[b"x"][0] == "agreed") == agreed
    assert agreed or under_rule == plain


def test_too_much_excluded_is_undetermined_and_exactly_enough_is_not():
    source, target = (
        make_manifest(*(file(f"f{n}", b"1") for n in range(4))),
        make_manifest(*(file(f"f{n}", b"1") for n in range(1, 4))),
    )
    agreed = rule("may_be_missing", "f0")
    assert verdict(source, target, rules(agreed, max_excluded_bp=2500)) is Verdict.COMPLETE_AS_AGREED
    _, result = run(source, target, rules(agreed, max_excluded_bp=2499))
    assert (result.verdict, result.because) == (Verdict.UNDETERMINED, (Doubt.EXCLUDED,))


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_share_never_looks_smaller_than_it_is(part, whole):
    share = share_bp(part, whole)
    assert share * whole >= 10_000 * part or whole == 0
    assert whole == 0 or (share - 1) * whole < 10_000 * part


# What counts only when it is required.

A = HostStat(mtime_ns="1000000001", mode="0644", user="acme", group="www")


@pytest.mark.parametrize(
    ("require", "other", "wanted"),
    [
        ((), msgspec.structs.replace(A, mode="0600", mtime_ns="5", user="x"), None),
        (("mode",), msgspec.structs.replace(A, mode="0600"), ("metadata", "mode")),
        (("owner",), msgspec.structs.replace(A, user="x"), ("metadata", "owner")),
        (("owner",), msgspec.structs.replace(A, uid=7), None),
        (("mtime",), msgspec.structs.replace(A, mtime_ns="1000000002"), ("metadata", "mtime")),
        (("mtime",), msgspec.structs.replace(A, mtime_ns=None, mtime_s=1), None),
        (("mtime",), msgspec.structs.replace(A, mtime_ns=None, mtime_s=2), ("metadata", "mtime")),
        (("mode",), msgspec.structs.replace(A, mode=None), ("not_checked", "mode_unknown")),
        (("owner",), None, ("not_checked", "owner_unknown")),
        (("mode", "mtime"), msgspec.structs.replace(A, mode="0600", mtime_ns=None), ("metadata", "mode")),
    ],
)
def test_metadata_counts_only_when_required_and_unknown_is_never_equal(require, other, wanted):
    source, target = (
        make_manifest((file("x", b"1"), A)),
        make_manifest((file("x", b"1"), other) if other else file("x", b"1")),
    )
    found = classes(source, target, rules(require=require))
    assert found.get(b"x") == wanted
    assert found.get(b"", ("not_checked",))[0] == "not_checked"


def test_no_extra_makes_an_extra_a_loss_and_without_it_extras_are_complete():
    source, target = make_manifest(), make_manifest(file("x"))
    assert verdict(source, target) is Verdict.COMPLETE
    assert verdict(source, target, rules(require=("no_extra",))) is Verdict.NOT_COMPLETE


# Strength.


def test_a_listing_proves_loss_and_never_completeness():
    full, quick = make_manifest(*TREE), make_manifest(*listed(TREE), digest=Algorithm.NONE)
    for source, target in itertools.product((full, quick), repeat=2):
        if quick in (source, target):
            _, result = run(source, target)
            assert (result.verdict, result.because) == (Verdict.UNDETERMINED, (Doubt.LISTING,))
            assert result.strength is Strength.LISTING
    assert verdict(quick, make_manifest(*listed(TREE[:3]), digest=Algorithm.NONE)) is Verdict.NOT_COMPLETE
    assert classes(quick, make_manifest(*TREE[:3], file("keep", b"kk"))) == {b"keep": ("changed", "size")}


def test_two_digests_that_cannot_be_compared_are_refused_with_the_way_out():
    sha = make_manifest(folder("a"))
    xxh = make_manifest(folder("a"), digest=Algorithm.XXH128)
    with pytest.raises(Refused, match="no common digest") as caught:
        run(sha, xxh)
    assert "--digest sha256" in caught.value.hint
    assert run(xxh, xxh)[1].strength is Strength.ACCIDENTAL


# The same machine.


@pytest.mark.parametrize(
    ("source", "target", "wanted"),
    [
        ({"boot_sha256": "1" * 64}, {"boot_sha256": "2" * 64}, Likeness.DIFFERENT),
        ({"boot_sha256": "1" * 64}, {"boot_sha256": "1" * 64}, Likeness.SAME_MACHINE),
        ({"boot_sha256": "1" * 64, "root_dev": "1", "root_inode": "2"},) * 2 + (Likeness.SAME_ROOT,),
        (
            {"boot_sha256": "1" * 64, "root_dev": "1", "root_inode": "2"},
            {"boot_sha256": "1" * 64, "root_dev": "9", "root_inode": "2"},
            Likeness.SAME_MACHINE,
        ),
        (
            {"boot_sha256": "1" * 64, "machine_sha256": "3" * 64, "root_dev": "1", "root_inode": "2"},
            {"boot_sha256": "2" * 64, "machine_sha256": "3" * 64, "root_dev": "1", "root_inode": "2"},
            Likeness.PERHAPS,
        ),
        ({"machine_sha256": "3" * 64, "host_key": "SHA256:a"},) * 2 + (Likeness.SAME_MACHINE,),
        (
            {"machine_sha256": "3" * 64, "host_key": "a"},
            {"machine_sha256": "3" * 64, "host_key": "b"},
            Likeness.PERHAPS,
        ),
        ({}, {}, Likeness.DIFFERENT),
        ({"root_dev": "1", "root_inode": "2"},) * 2 + (Likeness.DIFFERENT,),
    ],
)
def test_how_alike_two_machines_are(source, target, wanted):
    headers = [make_header(machine=manifest.Machine(**fields)) for fields in (source, target)]
    assert likeness(*headers) is wanted
    assert likeness(*reversed(headers)) is wanted


# The whole.


def test_verdicts_and_their_exit_codes_are_the_contract():
    assert {v.value: v.exit_code for v in Verdict} == {
        "not_complete": ExitCode.NOT_COMPLETE,
        "undetermined": ExitCode.UNDETERMINED,
        "complete_as_agreed": ExitCode.COMPLETE,
        "complete": ExitCode.COMPLETE,
    }
    order = [Verdict.NOT_COMPLETE, Verdict.UNDETERMINED, Verdict.COMPLETE_AS_AGREED, Verdict.COMPLETE]
    for worse, better in itertools.combinations_with_replacement(order, 2):
        assert worst_verdict([better, worse]) is worse
    assert worst_verdict([]) is Verdict.UNDETERMINED


def test_proven_loss_beats_doubt():
    source = make_manifest(file("lost"), gap("hidden", UNREADABLE, FILE, 1))
    assert verdict(source, make_manifest(file("hidden", b"1"))) is Verdict.NOT_COMPLETE


def test_a_broken_manifest_gives_no_result():
    raw = make_manifest(*TREE)
    comparer = Comparer(reader(raw), reader(raw[:-2]), rules())
    with pytest.raises(MalformedInput):
        list(comparer.differences())
    with pytest.raises((RuntimeError, AssertionError)):
        comparer.result()


def resealed(whole: bytes, before: bytes, after: bytes) -> bytes:
    """Change the lines of a manifest and make its trailer name the new bytes, as a forger would."""
    body, _, trailer = whole[:-1].rpartition(b"\n")
    body = body.replace(before, after) + b"\n"
    old = hashlib.sha256(whole[: -len(trailer) - 1]).hexdigest().encode()
    return body + trailer.replace(old, hashlib.sha256(body).hexdigest().encode()) + b"\n"


def test_nothing_may_follow_the_brace_of_a_line_that_agrees():
    whole = make_manifest(file("a", b"x"), file("b", b"y"))
    for ending in (b'{"gap":"unreadable"}', b" ", b"}", b',"host":{}}'):
        longer = resealed(whole, b'"}\n{"path":"b"', b'"}' + ending + b'\n{"path":"b"')
        with pytest.raises(MalformedInput):
            list(Comparer(reader(whole), reader(longer), RuleSet()).differences())


def test_the_side_that_follows_must_be_in_order_too():
    whole = make_manifest(file("a", b"x"), file("b", b"y"), file("c", b"z"))
    lines = whole.splitlines(keepends=True)
    swapped = resealed(whole, lines[2] + lines[3], lines[3] + lines[2])
    doubled = resealed(whole, lines[2] + lines[3], lines[2] + lines[2])
    for forged in (swapped, doubled):
        with pytest.raises(MalformedInput):
            list(Comparer(reader(whole), reader(forged), RuleSet()).differences())


STAT = HostStat(
    mtime_ns="1", ctime_ns="2", dev="3", inode="4", mode="0644", uid=0, gid=0, user="root", group="www-data"
)
OTHER_STAT = msgspec.structs.replace(STAT, mtime_ns="99")
HOSTILE_HOSTS = [
    b'"mode":"0644","mode":"0600"',
    b'"mode":"0644","more":1',
    b'"mode":"rw-r--r--"',
    b'"mode":"0644","gid":NaN',
    b'"mode": "0644"',
    b'"mode":"0644"}{"x":1',
]


@pytest.mark.parametrize("hostile", HOSTILE_HOSTS)
@pytest.mark.parametrize("leads", [True, False])
@pytest.mark.parametrize("stat", [STAT, OTHER_STAT])
def test_no_nonsense_hides_in_what_is_not_compared(hostile, leads, stat):
    whole = make_manifest((file("a", b"x"), STAT), (file("b", b"y"), STAT))
    forged = resealed(make_manifest((file("a", b"x"), stat), (file("b", b"y"), stat)), b'"mode":"0644"', hostile)
    source, target = (forged, whole) if leads else (whole, forged)
    with pytest.raises(MalformedInput):
        list(Comparer(reader(source), reader(target), RuleSet()).differences())


def test_lines_that_differ_only_in_their_times_agree():
    ours = make_manifest((file("a", b"x"), STAT), (file("b", b"y"), STAT), (link("l", b"t"), STAT))
    theirs = make_manifest((file("a", b"x"), OTHER_STAT), (file("b", b"y"), OTHER_STAT), (link("l", b"t"), OTHER_STAT))
    comparer = Comparer(reader(ours), reader(theirs), RuleSet())
    assert list(comparer.differences()) == []
    assert comparer.result().verdict is Verdict.COMPLETE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"file":2,"dir":1', b'"file":1,"dir":2'),
        (b'"bytes":2', b'"bytes":3'),
        (b'"gap":0,"ignored":0', b'"gap":0,"ignored":1'),
    ],
)
@pytest.mark.parametrize("leads", [True, False])
def test_a_trailer_that_does_not_count_its_lines_is_malformed(before, after, leads):
    whole = make_manifest(file("a", b"x"), file("b", b"y"))
    assert before in whole
    forged = whole.replace(before, after)
    source, target = (forged, whole) if leads else (whole, forged)
    with pytest.raises(MalformedInput):
        list(Comparer(reader(source), reader(target), RuleSet()).differences())
