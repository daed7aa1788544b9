"""Every code has words, no sentence lies about numbers, and nothing foreign gets through unescaped."""

import itertools
import string
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import paths
from handover.compare import Comparer
from handover.comparison import PathClass, PerClass, Verdict
from handover.digests import Algorithm, Strength, sha256_hex
from handover.effects import Replacement
from handover.entries import MAX_DERIVED_BYTES, After, DerivedDoubt, EntryType, GapKind, Hidden, HostStat
from handover.likeness import Likeness
from handover.manifest import Clock, IgnoreRule, Machine, RanBy, RulesRef, ScanOptions, Standing
from handover.render import sampling
from handover.render.wording import codes, labels, language
from handover.render.wording.arrived import arrived
from handover.render.wording.causes import unexplained
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import common_folder, headline
from handover.render.wording.language import BEGIN, END, foreign, name, percent, plain, plural, size
from handover.render.wording.remarks import RemarkCode, beside, remarks
from handover.render.wording.steps import next_steps
from handover.report import Dates, Failure
from handover.rules import Requirement, Rule, RuleKind, RuleRow, RuleSet
from render.worlds import FINDING, REQUIRE_NO_EXTRA, Part, agreed, hostile, lost_uploads, make_world, same
from support.manifests import file, folder, gap, ignored, link, make_manifest, reader, special

ALL_REQUIRED = RuleSet(require=frozenset(Requirement))


def states(path: str):
    """Everything that one side can know of a path."""
    yield None
    yield file(path, b"one"), HostStat(mode="0644", user="a", group="b", mtime_ns="1000000000")
    yield file(path, b"one"), HostStat(mode="0600", user="c", group="b", mtime_s=2)
    yield file(path, b"one")
    yield file(path, b"two")
    yield file(path, b"three")
    yield folder(path)
    yield link(path, b"here")
    yield link(path, b"there")
    yield special(path)
    yield ignored(path, "x/**", 1, 1)
    for kind, type_ in itertools.product(GapKind, (None, EntryType.FILE, EntryType.DIR)):
        yield gap(path, kind, type_)


def emitted_codes() -> set[str]:
    """All codes that the comparer emits for any pair of states, with or without something below."""
    found: set[str] = set()
    for source, target in itertools.product(list(states("x")), repeat=2):
        for below_source, below_target in ((), (file("x/y"),)), ((file("x/y"),), ()):
            sides = []
            for top, below in (source, below_source), (target, below_target):
                items = ([] if top is None else [top]) + list(below)
                header = {"rules": _ignoring()} if top is not None else {}
                sides.append(make_manifest(*items, **header))
            found |= _codes(Comparer(reader(sides[0]), reader(sides[1]), ALL_REQUIRED))
    whole = make_manifest(file("x"))
    found |= _codes(Comparer(reader(whole), None, RuleSet()))
    found |= _codes(Comparer(None, reader(whole), RuleSet()))
    return found | _codes_by_proof()


def _codes_by_proof() -> set[str]:
    """Those of a file that rules that keep proof speak of, whatever each side made of it."""
    block = Rule(RuleKind.IGNORE_BLOCK, "x", "r", "terms", "# B", "# E")
    after = Rule(RuleKind.EQUAL_AFTER, "x", "r", "terms", replace=(Replacement(old="a", new="b"),))
    under = RulesRef(sha256="0" * 64, after=(RuleRow.of(block), RuleRow.of(after)))
    hidden = [
        After(digest=sha256_hex(left), hidden=(Hidden(rule=rule, times=1, bytes=1),))
        for rule, left in ((0, b"own"), (1, b"own"), (0, b"other"))
    ]
    unread = gap("x", GapKind.UNREADABLE, EntryType.FILE, 99)
    made = [file("x", b"own"), *(file("x", b"panel's", after=one) for one in hidden), unread]
    doubts = [After(doubt=doubt) for doubt in DerivedDoubt if doubt is not DerivedDoubt.TOO_LARGE]
    made += [file("x", b"in doubt", after=doubt) for doubt in doubts]
    large = msgspec.structs.replace(file("x"), size=MAX_DERIVED_BYTES + 1, after=After(doubt=DerivedDoubt.TOO_LARGE))
    sides = [make_manifest(entry, rules=under) for entry in (*made, large)] + [make_manifest(file("x", b"no rule"))]
    pairs = itertools.product(sides, repeat=2)
    return set().union(*(_codes(Comparer(reader(a), reader(b), RuleSet((block, after)))) for a, b in pairs))


def _ignoring(pattern="x/**"):
    return RulesRef(sha256="0" * 64, ignore=(IgnoreRule(pattern=pattern, reason="r", origin="o"),))


def _codes(comparer: Comparer) -> set[str]:
    return {code for difference in comparer.differences() for code in difference.why}


def test_every_code_that_a_comparison_emits_has_words_and_every_word_a_code():
    known = set(codes._WHY) | {f"{kind}_{side}" for kind in codes._WHY_SIDE for side in ("source", "target")}
    assert emitted_codes() == known | {"absent"}


@pytest.mark.parametrize("table", [codes.CLASSES, codes.MEANINGS, codes._MARK_OF])
def test_every_class_has_words(table):
    assert set(table) == set(PathClass)


def test_every_other_code_has_words():
    assert set(codes.VERDICTS) == set(Verdict)
    assert set(codes.STRENGTHS) == set(Strength)
    assert set(codes.TYPES) == set(EntryType)
    assert set(codes._STANDINGS) == set(Standing)
    assert {*codes.WORST_FIRST, PathClass.SAME} == set(PathClass)


def test_marks_are_explained_and_tell_the_classes_apart():
    marks = [codes._MARK_OF[kind] for kind in codes.WORST_FIRST]
    assert len(set(marks)) == len(marks)
    assert set(marks) | {"~"} == set(codes.MARKS)


def test_a_code_of_a_later_version_is_shown_as_it_is_and_harmless():
    sides = codes.Sides("SOURCE", "the SOURCE", "TARGET", "the TARGET")
    assert plain(codes.why("melted_\x1b[2J", sides)) == r"melted_\x1b[2J"


def sentences(world) -> str:
    return plain("\n".join((headline(world.report).word, *headline(world.report).sentences)))


def steps(world) -> tuple[str, ...]:
    return tuple(map(plain, next_steps(world.report, kept=True)))


def test_a_loss_is_said_first_with_how_much_and_where():
    said = sentences(make_world(lost_uploads()))
    assert said.startswith("NOT COMPLETE\n4 of 17 files and folders (2.1 MB) are missing on the RECEIVER's host")
    assert "all of them in wp-content/uploads/2014." in said
    assert "2 files or links have other content" in said
    assert "1 more path could not be compared." in said


def test_without_parties_the_sides_are_source_and_target():
    assert "missing on the TARGET" in sentences(make_world(lost_uploads(), parties=False))


def test_complete_says_how_much_was_compared_and_what_is_extra():
    said = sentences(make_world(Part(same(2), [*same(2), file("new", b"123")])))
    assert said.splitlines() == [
        "COMPLETE",
        "All 4 files and folders of the source (12 bytes) are on the RECEIVER's host with the same content.",
        "1 path (3 bytes) is only on the RECEIVER's host.",
    ]


def test_complete_with_a_weak_digest_does_not_claim_the_same_content():
    weak = {"digest": Algorithm.XXH128}
    items = [folder("a")]
    world = make_world(Part(items, items, source_header=weak, target_header=weak))
    assert "without any accidental change" in sentences(world)
    assert "It does not show fraud" in " ".join(beside(world.report))


def test_names_and_sizes_alone_are_never_called_complete():
    quick = {"digest": Algorithm.NONE}
    world = make_world(Part(same(), same(), source_header=quick, target_header=quick))
    said = sentences(world)
    assert said.startswith("UNDETERMINED")
    assert "completeness is not proven" in said
    assert RemarkCode.LISTING in {remark.code for remark in remarks(world.report)}
    assert any("without --quick" in step for step in steps(world))


def test_what_was_not_read_is_attributed_to_its_side():
    part = Part([*same(), file("s")], [*same(), gap("s", GapKind.UNREADABLE, EntryType.FILE)])
    world = make_world(part)
    assert "could not be read on the RECEIVER's host" in sentences(world)
    assert "1 path could not be read on the RECEIVER's host." in map(plain, beside(world.report))
    assert steps(world)[0].startswith("RECEIVER: make the 1 unreadable path readable")


def test_gaps_on_both_sides_blame_both():
    world = make_world(
        Part(
            [*same(), gap("s", GapKind.UNSTABLE, EntryType.FILE)],
            [*same(), gap("s", GapKind.VANISHED, EntryType.FILE)],
        )
    )
    assert "could not be read on both hosts" in sentences(world)


def test_what_only_one_side_was_not_asked_for_is_attributed_to_its_side():
    header = {"rules": _ignoring()}
    world = make_world(Part([*same(), ignored("x", "x/**", 1, 1)], same(), source_header=header))
    assert "because of rules that only the SENDER's host was read with" in sentences(world)


def test_a_doubt_without_gaps_and_with_rules_on_both_sides_blames_nobody():
    ours, theirs = ([*same(), ignored(name, f"{name}/**", 1, 1)] for name in ("x", "y"))
    headers = ({"rules": _ignoring(f"{name}/**")} for name in ("x", "y"))
    world = make_world(Part(ours, theirs, **dict(zip(("source_header", "target_header"), headers, strict=True))))
    assert sentences(world).splitlines()[1] == "No loss was found, and 2 paths could not be compared."


def test_too_much_left_out_is_said_with_its_share():
    part = agreed()
    world = make_world(replace(part, rules=replace(part.rules, max_excluded_bp=100)))
    assert "Rules leave out or agree to 12.09 % of what the source has" in sentences(world)
    assert any("max_excluded" in step for step in steps(world))


def test_as_agreed_never_hides_what_was_left_out():
    world = make_world(agreed())
    assert sentences(world).startswith("COMPLETE AS AGREED\nAll 42 files and folders (240 bytes) that count")
    assert "Rules leave out or agree to 4 of 44 files of the source (33 bytes, 12.09 %)." in beside(world.report)


def test_a_side_that_was_not_read_is_named_with_its_trouble():
    for part, unread in (
        (Part(same(), None), "the RECEIVER's host was not read"),
        (Part(None, same()), "the SENDER's host was not read"),
    ):
        world = make_world(part)
        assert unread in sentences(world)
        assert codes.strength(world.report) == "Nothing was compared."
        assert any("the connection was refused" in remark for remark in beside(world.report))
        assert any("Is sshd running?" in step for step in steps(world))


def test_neither_side_read_is_undetermined():
    world = make_world(Part(None, None))
    assert sentences(world) == "UNDETERMINED\nNeither side was read, so nothing can be said."


def test_extras_alone_make_it_not_complete_only_where_the_terms_say_so():
    world = make_world(Part(same(), [*same(), file("new")], REQUIRE_NO_EXTRA))
    assert sentences(world).startswith("NOT COMPLETE\nThere is more on the RECEIVER's host than was to be moved.")
    assert steps(world)[0].startswith("RECEIVER: remove what is only there")


def test_several_parts_are_told_apart():
    world = make_world(lost_uploads(), replace(agreed(), name="static"))
    assert all(line.startswith("web: ") for line in sentences(world).splitlines()[1:])
    assert plain(" · ".join(codes.scope(world.report))) == (
        "FILES (web) not complete · DATABASE (web) not part of this handover · FILES (static) complete as agreed"
    )


def test_a_database_that_is_no_part_is_said_in_scope_and_steps():
    world = make_world(lost_uploads())
    assert "DATABASE not part of this handover" in codes.scope(world.report)
    assert any("database" in step for step in steps(world))


def test_after_a_loss_the_old_hosting_is_to_be_kept():
    assert plain(first_action(make_world(lost_uploads()).report)) == (
        "Do not let the old hosting end on 2026-12-31: 4 files and folders (2.1 MB) exist only there."
    )
    assert plain(first_action(make_world(lost_uploads(), parties=False).report)) == (
        "Do not cancel the old hosting: 4 files and folders (2.1 MB) exist only there."
    )


CHANGED = Part([*same(), file("a", b"1")], [*same(), file("a", b"2")])
UNREAD = Part([*same(), file("a", b"1")], [*same(), gap("a", GapKind.UNREADABLE, EntryType.FILE, 1)])
MORE = Part(same(), [*same(), file("more")], REQUIRE_NO_EXTRA)
DATABASE = Part(same(), same(), RuleSet(database="MySQL or MariaDB"))


@pytest.mark.parametrize(
    ("part", "with_date", "without"),
    [
        (
            CHANGED,
            "Do not let the old hosting end on 2026-12-31: 1 file or link is as it was only there.",
            "Do not cancel the old hosting: 1 file or link is as it was only there.",
        ),
        (
            UNREAD,
            "Do not let the old hosting end on 2026-12-31: 1 file or folder may exist only there.",
            "Do not cancel the old hosting yet: 1 file or folder may exist only there.",
        ),
        (
            Part(None, same()),
            "Do not let the old hosting end on 2026-12-31: it is not known whether everything has arrived.",
            "Do not cancel the old hosting yet: it is not known whether everything has arrived.",
        ),
        (
            MORE,
            "Do not accept yet: first the RECEIVER's host has to be put right.",
            "Do not accept yet: first the TARGET has to be put right.",
        ),
        (
            DATABASE,
            "Keep the old hosting until the answers of SENDER, RECEIVER are there; it ends on 2026-12-31.",
            "Check the database before the old hosting is cancelled: this report says nothing about it.",
        ),
        (
            Part(same(), same()),
            "Keep the old hosting until the answers of SENDER, RECEIVER are there; it ends on 2026-12-31.",
            "Keep this report: when the old hosting is gone, nobody can make it again.",
        ),
    ],
)
def test_the_first_action_is_one_sentence_about_the_old_hosting(part, with_date, without):
    assert plain(first_action(make_world(part).report)) == with_date
    assert plain(first_action(make_world(part, parties=False).report)) == without


def test_who_has_to_sign_is_waited_for_also_where_no_date_is_set():
    report = msgspec.structs.replace(make_world(Part(same(), same())).report, dates=Dates())
    assert first_action(report) == "Keep the old hosting until the answers of SENDER, RECEIVER are there."


def test_shares_are_never_rounded_up():
    assert said_arrived(Part(same(5000), [*same(4999)])) == (
        "99 % of the files and folders of the source have arrived as they were; that is 99 % of its bytes.",
    )
    assert said_arrived(Part([folder("a"), folder("b")], [folder("a")])) == (
        "66 % of the files and folders of the source have arrived as they were.",
    )
    assert said_arrived(Part([file(f"f{n}", b"1") for n in range(400)], [])) == (
        "0.24 % of the files and folders of the source have arrived as they were; that is 0 % of its bytes.",
    )
    assert said_arrived(Part(same(), same())) == said_arrived(Part(same(), None)) == ()


def said_arrived(part: Part) -> tuple[str, ...]:
    return tuple(map(plain, arrived(make_world(part).report)))


def test_after_success_the_parties_are_asked_to_sign():
    assert "Ask for the answers of SENDER, RECEIVER." in steps(make_world(Part(same(), same())))
    assert "handover sign" in steps(make_world(Part(same(), same()), parties=False))[0]


@pytest.mark.parametrize(
    ("likeness", "code"),
    [
        (Likeness.SAME_ROOT, RemarkCode.SAME_ROOT),
        (Likeness.SAME_MACHINE, RemarkCode.SAME_MACHINE),
        (Likeness.PERHAPS, RemarkCode.PERHAPS_SAME_MACHINE),
    ],
)
def test_one_machine_under_two_names_is_never_silent(likeness, code):
    report = make_world(Part(same(), same())).report
    part = msgspec.structs.replace(report.parts[0], likeness=likeness)
    assert [remark.code for remark in remarks(msgspec.structs.replace(report, parts=(part,)))] == [code]


def test_remarks_on_how_a_side_was_read():
    header = {
        "options": ScanOptions(
            recheck=False, workers=1, niceness=0, fast=False, cross_mounts=False, follow_root_link=False
        ),
        "ran_by": RanBy(standing=Standing.IMPORTED),
        "clock": Clock(here="2026-11-28T21:00:00Z", skew_ms=-3_600_000),
    }
    found = remarks(make_world(Part(same(), same(), source_header=header)).report)
    assert [(remark.code, remark.side) for remark in found] == [
        (RemarkCode.NO_RECHECK, "source"),
        (RemarkCode.IMPORTED, "source"),
        (RemarkCode.CLOCK, "source"),
    ]
    assert found[2].text == "The clock of the SENDER's host is behind by 60 minutes."


def test_folders_of_one_machine_are_no_surprise_where_both_are_local():
    def text(route: str) -> str:
        header = {"machine": Machine(boot_sha256="1" * 64), "route": route}
        world = make_world(Part(same(), same(), source_header=header, target_header=header))
        assert [remark.code for remark in remarks(world.report)] == [RemarkCode.SAME_MACHINE]
        return remarks(world.report)[0].text

    assert "DNS" in text("python")
    assert text("local") == "Both sides are folders of the machine that compared them."


def test_a_path_that_became_something_else_is_told():
    world = make_world(Part([file("a"), *same()], [folder("a"), *same()]))
    assert "1 path is something else on the RECEIVER's host" in sentences(world)


def test_required_metadata_is_told_and_can_be_mended():
    rules = RuleSet(require=frozenset({Requirement.MODE}))
    root = (folder(""), HostStat(mode="0755"))
    sides = [[root, (file("a"), HostStat(mode=mode))] for mode in ("0644", "0600")]
    world = make_world(Part(*sides, rules))
    assert "1 path differs in mode, owner or time, which has to be equal." in sentences(world)
    assert steps(world)[0] == "RECEIVER: set mode, owner and time as they were."
    assert codes.recorded(world.lists["web"][0].source, HostStat(mode="0644")) == "file, 0 bytes, mode 0644"


def test_every_kind_of_gap_has_a_remedy_or_a_sentence():
    gaps = [gap(f"g{kind}", kind, EntryType.DIR) for kind in GapKind]
    world = make_world(Part(same(), [*same(), *gaps]))
    assert len(beside(world.report)) == len(GapKind)
    assert [step.split(": ")[0] for step in steps(world)].count("RECEIVER") == 3


def test_a_failure_without_hint_still_says_who_has_to_act():
    failure = Failure(code=6, what="no route to host")
    assert steps(make_world(Part(same(), None, failure=failure)))[0] == "RECEIVER: make the host readable."


def test_without_a_bundle_no_file_is_named_that_is_not_there():
    report = make_world(lost_uploads()).report
    assert "web.missing.files0" in plain(next_steps(report, kept=True)[0])
    assert "-o FOLDER" in next_steps(report, kept=False)[0]


def test_rules_that_a_round_suggests_are_told_of_where_they_are():
    report = make_world(lost_uploads()).report
    suggested = msgspec.structs.replace(report.files[0], name="rules.suggested.yaml")
    more = msgspec.structs.replace(report, files=(*report.files, suggested))
    (step,) = set(next_steps(more, kept=True)) - set(next_steps(report, kept=True))
    assert plain(step).startswith("rules.suggested.yaml suggests rules for what may differ: read them")
    assert next_steps(more, kept=False) == next_steps(report, kept=False)
    well = msgspec.structs.replace(make_world(Part(same(), same())).report, files=(suggested,))
    assert "suggests" not in "".join(next_steps(well, kept=True))


def test_what_was_not_kept_is_not_to_be_signed():
    report = make_world(Part(same(), same()), parties=False).report
    assert next_steps(report, kept=True)[0] == "Keep the report. Sign it with: handover sign"
    (step, *_) = next_steps(report, kept=False)
    assert step == "Nothing was written down: -o FOLDER writes a report to keep and to sign."


def test_what_a_list_cannot_hold_is_said():
    report = make_world(Part(same(), same())).report
    comparison = report.parts[0].comparison
    counts = msgspec.structs.replace(comparison.counts, not_recorded=2)
    part = msgspec.structs.replace(report.parts[0], comparison=msgspec.structs.replace(comparison, counts=counts))
    assert beside(msgspec.structs.replace(report, parts=(part,))) == (
        "2 paths cannot be in the list that was imported, and are not judged.",
    )


def test_a_good_handover_needs_no_remark():
    assert beside(make_world(Part(same(), same())).report) == ()


@given(st.lists(st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=4), min_size=1, max_size=5))
def test_the_common_folder_holds_everything_that_is_missing(lost):
    names = {"/".join(parts) + "/f.txt" for parts in lost}
    folders = {"/".join(path.split("/")[:depth]) for path in names for depth in range(1, path.count("/") + 1)}
    tree = [folder(path) for path in folders]
    report = make_world(Part([*tree, *map(file, names)], tree)).report
    common = common_folder(report.parts[0])
    assert all(common is None or path.encode().startswith(common + b"/") for path in names)
    deeper = {path.encode()[len(common or b"") :].lstrip(b"/").split(b"/")[0] for path in names}
    assert len(deeper) > 1 or deeper == {b"f.txt"}


def test_no_common_folder_is_claimed_when_not_all_folders_are_told():
    part = make_world(lost_uploads()).report.parts[0]
    assert common_folder(part) == b"wp-content/uploads/2014"
    assert common_folder(msgspec.structs.replace(part, folders_total=part.folders_total + 1)) is None


@given(st.integers(0, 2**53))
def test_sizes_keep_two_digits_and_never_look_like_nothing(n):
    text = size(n)
    value, unit = text.split(" ")
    factor = {"byte": 1, "bytes": 1} | {u: 1000 ** (i + 1) for i, u in enumerate(("kB", "MB", "GB", "TB", "PB"))}
    assert float(value.replace(",", "")) < 1000
    assert abs(float(value) * factor[unit] - n) <= n * 0.05
    assert n == 0 or float(value) > 0


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "1.0 MB"), (2_100_000, "2.1 MB")],
)
def test_sizes_as_people_say_them(n, text):
    assert size(n) == text


@pytest.mark.parametrize(("bp", "text"), [(0, "0 %"), (1, "0.01 %"), (310, "3.1 %"), (2500, "25 %"), (10_000, "100 %")])
def test_percent_is_exact(bp, text):
    assert percent(bp) == text


@given(st.integers(0, 10**12))
def test_plural_writes_the_number_that_it_was_given(n):
    text = plural(n, "{n} path", "{n} paths")
    assert int(text.split(" ")[0].replace(",", "")) == n
    assert text.endswith(" path") == (n == 1)


@given(st.one_of(st.binary(max_size=20), st.text("a\x1b\n\u202e\u2066\u2069\u200b{}\\é<", max_size=12)))
def test_a_foreign_name_can_neither_end_its_isolation_nor_steer_a_terminal(raw):
    marked = name(raw)
    inside = marked[1:-1]
    assert (marked[0], marked[-1]) == (BEGIN, END)
    assert BEGIN not in inside
    assert END not in inside
    assert inside.isprintable()
    assert inside == (paths.shown(raw) or ".")


@given(st.text("a\x1b\n\u202e\u2066\u2069\u200b{}\\é<", max_size=12))
def test_foreign_prose_is_harmless_and_escaped_once(text):
    once = foreign(text)
    assert plain(once).isprintable()
    assert foreign(plain(once)) == once


def test_hostile_names_are_escaped_in_every_sentence():
    world = make_world(hostile())
    report = world.report
    rows = [codes.reasons(d, codes.sides_of(report)) for d in world.lists["web"]]
    rows += [codes.recorded(side, None) for d in world.lists["web"] for side in (d.source, d.target)]
    for text in (*headline(report).sentences, *beside(report), *next_steps(report, kept=True), *rows):
        assert plain(text).isprintable()


def test_recorded_times_are_shown_whatever_they_are():
    def words(**fields):
        return codes.recorded(file("x"), HostStat(**fields))

    assert words(mtime_ns="1000000001").endswith("modified 1970-01-01 00:00:01.000000001 UTC")
    assert words(mtime_ns="-1").endswith("modified 1969-12-31 23:59:59.999999999 UTC")
    assert words(mtime_s=2**53).endswith(f"modified {2**53} s")
    assert "mode 0644, owner " in words(mode="0644", user="u", group="g")


@given(
    st.lists(st.integers(0, 30), min_size=9, max_size=9),
    st.integers(0, 60),
)
def test_no_class_crowds_out_another_and_the_limit_is_used(counts, limit):
    kinds = [kind for kind in PathClass if kind is not PathClass.SAME]
    wanted = {PathClass.SAME: 7} | dict(zip(kinds, counts, strict=True))
    allowed = sampling.quotas(PerClass(**{kind.value: count for kind, count in wanted.items()}), limit)
    assert sum(allowed.values()) == min(limit, sum(counts))
    assert all(allowed[kind] <= wanted[kind] for kind in kinds)
    for kind in kinds:
        assert allowed[kind] == wanted[kind] or max(allowed.values()) <= allowed[kind] + 1


def test_excerpts_are_those_of_all_differences_and_read_them_once():
    world = make_world(lost_uploads())
    (part,), reads = world.report.parts, []
    excerpts = sampling.Excerpts(lambda name: reads.append(name) or world.differences(name))
    for limit in (1, 3, sampling.MOST):
        wanted = list(sampling.first(part.comparison, world.differences("web"), limit))
        assert list(excerpts.first(part, limit)) == wanted
    assert excerpts.totals(part) == sampling.totals(world.differences("web"))
    assert reads == ["web"]


def test_sampling_stops_reading_when_nothing_more_would_be_shown():
    world = make_world(Part([file(f"f{n}") for n in range(50)], []))
    read = []
    comparison = world.report.parts[0].comparison
    shown = list(sampling.first(comparison, (read.append(d) or d for d in world.lists["web"]), 5))
    assert [d.path for d in shown] == ["f0", "f1", "f10", "f11", "f12"]
    assert len(read) == 5


def test_totals_by_rule_count_paths_files_and_bytes():
    world = make_world(agreed())
    totals = sampling.totals(world.differences("web"))
    assert [(t.rule, t.kind, t.paths, t.files, t.bytes) for t in totals.rules] == [
        ("cache/**", PathClass.IGNORED, 1, 3, 30),
        ("wp-config.php", PathClass.AGREED, 1, 1, 3),
    ]


def test_fixed_texts_are_whole_and_have_no_fields_to_fill_in():
    for key, text in labels.LABELS.items():
        assert text.strip() == text, key
        assert not [field for _, field, _, _ in string.Formatter().parse(text) if field], key
        assert text.isprintable(), key


def test_moments_and_durations():
    assert language.moment("2026-11-28T21:00:00Z") == "2026-11-28 21:00:00 UTC"
    assert [language.duration(s) for s in (1, 119, 120, 7200, 172_800)] == [
        "1 second",
        "119 seconds",
        "2 minutes",
        "2 hours",
        "2 days",
    ]


@pytest.mark.parametrize(
    ("explained", "sentence"),
    [
        (0, "No cause was found for the 8 differences."),
        (6, "No cause was found for 2 of the 8 differences."),
        (8, None),
    ],
)
def test_what_no_cause_explains_is_said_as_plainly(explained, sentence):
    world = make_world(lost_uploads())
    findings = (msgspec.structs.replace(FINDING, part="web", count=explained),) if explained else ()
    said = unexplained(msgspec.structs.replace(world.report, findings=findings))
    assert said == (() if sentence is None else (sentence,))


def test_nothing_is_unexplained_where_nothing_differs_or_a_side_was_not_read():
    failure = Failure(code=6, what="no route to host")
    assert unexplained(make_world(Part(same(), same())).report) == ()
    assert unexplained(make_world(Part(same(), None, failure=failure)).report) == ()
