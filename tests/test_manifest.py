"""A manifest is written in one way, read strictly, and worth nothing when a byte of it is missing or wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tempfile
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import manifest, manifest_lines, manifest_reader, paths, strict_json
from handover.digests import Algorithm
from handover.entries import Entry, EntryType, GapKind, HostStat, entry_problem, prefix_step
from handover.errors import MalformedInput
from support import manifests
from support.manifests import file, folder, gap, ignored, link, make_manifest, special

NAMES = st.sampled_from(
    [b"a", b"a-", b"a.", b"a!", b"b", "é".encode(), "e\u0301".encode(), b"\n", b"\xff", b'"', b"\\", b',"host":']
)
LEAVES = st.one_of(
    st.binary(max_size=3).map(lambda content: ("file", content)),
    st.binary(min_size=1, max_size=3).map(lambda target: ("link", target)),
    st.just(("special", None)),
    st.tuples(st.just("gap"), st.tuples(st.sampled_from(GapKind), st.none() | st.sampled_from(EntryType))),
)
TREES = st.recursive(LEAVES, lambda inner: st.dictionaries(NAMES, inner, max_size=4), max_leaves=12)
HOSTS = st.none() | st.builds(
    HostStat,
    mtime_ns=st.none() | st.integers(-(2**63), 2**63 - 1).map(str),
    inode=st.none() | st.integers(0, 2**64 - 1).map(str),
    mode=st.none() | st.sampled_from(["0644", "7777"]),
    uid=st.none() | st.integers(0, 2**32 - 1),
    user=st.none() | st.sampled_from(["acme", 'x","host":{']),
)


def items_of(tree: object, path: bytes = b"") -> list[Entry]:
    """Return the entries below ``path`` for a tree of dictionaries and leaves."""
    if isinstance(tree, dict):
        inner = [e for name, below in tree.items() for e in items_of(below, path + b"/" + name if path else name)]
        return ([folder(path)] if path else []) + inner
    kind, value = tree
    if not path:
        return []
    match kind:
        case "file":
            return [file(path, value)]
        case "link":
            return [link(path, value)]
        case "special":
            return [special(path)]
    return [gap(path, *value)]


ITEMS = TREES.map(items_of)


def audit(raw: bytes) -> tuple[manifest.Header, manifest.Trailer, str]:
    return manifest_reader.audit(io.BytesIO(raw), where="test.manifest", scratch=tempfile.TemporaryFile)


def rehashed(lines: list[bytes], **changes: object) -> bytes:
    """Return the lines with the last one made to fit again: what a forger would do, short of the counts."""
    body = b"".join(line + b"\n" for line in lines[:-1])
    trailer = strict_json.decode(manifest.Trailer, lines[-1], where="test")
    changes = {"sha256": hashlib.sha256(body).hexdigest()} | changes
    return body + strict_json.encode(msgspec.structs.replace(trailer, **changes)) + b"\n"


SMALL = make_manifest(
    file("index.php", b"<?php"),
    (folder("inc"), HostStat(mtime_ns="1", mode="0755")),
    (file("inc/a.php", b"a\r\n", text_digest=hashlib.sha256(b"a\n").hexdigest()), HostStat(mtime_ns="2", uid=0)),
    link("latest", b"inc/a.php"),
    special("pipe"),
)
LINES = SMALL.splitlines()


@given(ITEMS, st.data())
def test_what_was_written_is_read_back_in_the_order_of_paths(items, data):
    hosts = {entry.path_bytes(): data.draw(HOSTS) for entry in items}
    raw = make_manifest(*((entry, hosts[entry.path_bytes()]) for entry in items))
    reader = manifests.reader(raw)
    lines = list(reader.lines())
    assert [reader.parse(line) for line in lines][1:] == sorted(items, key=lambda e: e.path_bytes().split(b"/"))
    assert [line.path for line in lines] == sorted((line.path for line in lines), key=paths.order_key)
    assert [reader.parse_host(line) for line in lines[1:]] == [hosts[line.path] or HostStat() for line in lines[1:]]
    assert (reader.sha256, reader.length) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert audit(raw) == (reader.header, reader.trailer, reader.sha256)


@given(ITEMS)
def test_counts_add_up_and_roots_are_those_of_the_specification(items):
    raw = make_manifest(*items)
    _, trailer, _ = audit(raw)
    entries = [folder(""), *items]
    gaps = [e for e in entries if e.gap]
    assert trailer.entries == trailer.counts.total == len(entries)
    assert trailer.counts.gap == sum(msgspec.structs.astuple(trailer.gaps)) == len(gaps)
    assert trailer.counts.file == sum(e.clean and e.type is EntryType.FILE for e in entries)
    assert trailer.bytes == sum(e.size or 0 for e in entries if e.clean)
    assert trailer.status == ("gaps" if gaps else "complete")
    if gaps:
        assert trailer.content_root is trailer.structure_root is None
    else:
        contents = "".join(sorted(f"{e.digest}\n" for e in entries if e.digest))
        assert trailer.content_root == hashlib.sha256(contents.encode()).hexdigest()
        structure = b"".join(
            line.partition(b',"host":')[0].removesuffix(b"}") + b"\n" for line in raw.splitlines()[1:-1]
        )
        assert trailer.structure_root == hashlib.sha256(structure).hexdigest()


def test_a_listing_has_no_content_root_because_it_knows_no_contents():
    raw = make_manifest(*manifests.listed([file("a", b"1"), file("b", b"2")]), digest=Algorithm.NONE)
    _, trailer, _ = audit(raw)
    assert trailer.content_root is None
    assert trailer.structure_root is not None


def test_the_lines_are_as_the_specification_shows_them(tmp_path):
    header, root, inc, inner, index, latest, pipe, trailer = map(json.loads, LINES)
    assert (header["type"], header["version"]) == ("handover-manifest", 1)
    assert [e["path"] for e in (root, inc, inner, index, latest, pipe)] == [
        "",
        "inc",
        "inc/a.php",
        "index.php",
        "latest",
        "pipe",
    ]
    assert list(inner) == ["path", "type", "size", "digest", "text_digest", "host"]
    assert latest == {"path": "latest", "type": "link", "target": "inc/a.php"}
    assert pipe == {"path": "pipe", "type": "special"}
    assert trailer["type"] == "handover-manifest-end"
    assert trailer["sha256"] == hashlib.sha256(b"".join(SMALL.splitlines(keepends=True)[:-1])).hexdigest()
    # A third person with stock tools: the same sum, the same digest of one file.
    (tmp_path / "web.manifest").write_bytes(SMALL)
    body = subprocess.run(
        f"head -n -1 '{tmp_path}/web.manifest' | sha256sum", shell=True, capture_output=True, text=True
    )
    assert body.stdout.split()[0] == trailer["sha256"]


def test_every_changed_byte_is_noticed():
    # The end time stands beside the digest, not under it; in a bundle SHA256SUMS covers both.
    ended_at = SMALL.index(b'"ended_at":"', SMALL.index(b"handover-manifest-end")) + len(b'"ended_at":"')
    for at in {*range(len(SMALL))} - {*range(ended_at, ended_at + len(manifests.LATER))}:
        for mask in (0x01, 0x20, 0x80):
            changed = SMALL[:at] + bytes([SMALL[at] ^ mask]) + SMALL[at + 1 :]
            with pytest.raises(MalformedInput):
                audit(changed)


def test_every_cut_is_noticed():
    for length in range(len(SMALL)):
        with pytest.raises(MalformedInput):
            audit(SMALL[:length])


def test_a_line_removed_doubled_or_swapped_is_noticed_even_when_the_digest_was_made_to_fit():
    noticed = set()
    for at in range(1, len(LINES) - 1):
        variants = {"removed": LINES[:at] + LINES[at + 1 :], "doubled": LINES[: at + 1] + LINES[at:]}
        if at + 2 < len(LINES):
            variants["swapped"] = [*LINES[:at], LINES[at + 1], LINES[at], *LINES[at + 2 :]]
        for name, lines in variants.items():
            with pytest.raises(MalformedInput):
                audit(rehashed(lines))
            noticed.add(name)
    assert noticed == {"removed", "doubled", "swapped"}


def test_totals_that_are_not_those_of_the_entries_are_noticed():
    _, trailer, _ = audit(SMALL)
    for change in (
        {"bytes": trailer.bytes + 1},
        {"entries": trailer.entries + 1},
        {"counts": msgspec.structs.replace(trailer.counts, file=trailer.counts.file + 1, dir=trailer.counts.dir - 1)},
        {"status": "gaps"},
        {"gaps": msgspec.structs.replace(trailer.gaps, unstable=1)},
        {"content_root": "0" * 64},
        {"structure_root": "0" * 64},
        {"content_root": None, "structure_root": None},
        {"ignored": (manifests.Ignored(rule="x", files=1, bytes=1),)},
    ):
        with pytest.raises(MalformedInput):
            audit(rehashed(LINES, **change))


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"\xef\xbb\xbf" + SMALL, SMALL + b"\n", SMALL + b"x", SMALL[:-1], SMALL + SMALL, b"\n" + SMALL,
        SMALL.replace(b"\n", b"\r\n"), SMALL.replace(b'"version":1', b'"version":2'),
        SMALL.replace(b"handover-manifest", b"handover-report", 1), SMALL[::-1], LINES[0] + b"\n" + LINES[-1] + b"\n",
        LINES[-1] + b"\n", b"\0" * 1000 + b"\n", b"[" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_malformed_and_nothing_else(raw):
    with pytest.raises(MalformedInput):
        audit(raw)


@given(st.integers(0, len(LINES) - 1), st.data())
def test_foreign_lines_raise_one_error_and_nothing_else(at, data):
    line = bytearray(LINES[at])
    for _ in range(data.draw(st.integers(1, 3))):
        line[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.sampled_from(list(b'"{}[],:\\0e-nu\xff\x00')))
    lines = [*LINES[:at], bytes(line), *LINES[at + 1 :]]
    if b"\n" in bytes(line) or bytes(line) == LINES[at]:
        return
    with pytest.raises(MalformedInput):
        audit(b"".join(each + b"\n" for each in lines))


PLAIN = [
    folder("a/b"),
    file("é/zażółć.jpg", b"1"),
    file(".htaccess", b"2", text_digest="0" * 64),
    file("..a/b..", b"3"),
    link("l", b"t"),
    gap("g", GapKind.UNREADABLE, EntryType.FILE, 1),
    gap("d", GapKind.UNREADABLE, EntryType.DIR),
    ignored("i", "i/**", 1, 2),
]
PIECES = st.sampled_from(
    [
        *(
            b"a",
            b".",
            b"..",
            b"/",
            b"-",
            b" ",
            b'"',
            b"\\",
            b"\\n",
            b"\xff",
            b"\xc3\xa9",
            b"\xc5\xbf",
            b"\xc6\x80",
            b"\xc3",
        ),
        *(b"\xc5", b"\x00", b"\x1f", b"\x7f", b"\xc2\x85", "\u202e".encode(), b'","type":"dir', b'","host":{'),
    ]
)
NAMED = st.lists(PIECES, max_size=5).map(b"".join)
SIZES = st.sampled_from([b"0", b"7", b"10", b"00", b"01", b"-1", b"1e3", b"1.0", b"", b"9" * 15, b"9" * 16, b"9" * 19])
SUMS = st.sampled_from([b"0" * 64, b"0" * 63, b"0" * 65, b"A" * 64, b"g" * 64, b""])
KINDS = st.one_of(
    st.sampled_from([b'"dir"', b'"link"', b'"special"', b'"file"', b'"dir","gap":"unreadable"', b'"dir","size":1']),
    st.builds(b'"file","size":%b,"digest":"%b"'.__mod__, st.tuples(SIZES, SUMS)),
    st.builds(b'"file","size":%b,"digest":"%b","text_digest":"%b"'.__mod__, st.tuples(SIZES, SUMS, SUMS)),
    st.builds(b'"file","size":%b,"digest":"%b","gap":"unstable"'.__mod__, st.tuples(SIZES, SUMS)),
)


@settings(max_examples=2000)
@given(NAMED, KINDS)
def test_a_line_that_needs_no_parser_is_one_that_the_parser_would_have_taken(name, kind):
    line = b'{"path":"' + name + b'","type":' + kind + b"}\n"
    match = manifest_lines._plain(Algorithm.SHA256).fullmatch(line)
    if match is None:
        return
    content, path, size, digest = match.groups()
    taken = strict_json.decode(Entry, content + b"}", where="test")
    assert entry_problem(taken, Algorithm.SHA256) is None
    assert taken.clean
    assert taken.path_bytes() == paths.check(path, where="test") != b""
    assert (taken.type, taken.size) == ((EntryType.FILE, int(size)) if size else (EntryType.DIR, None))
    assert taken.digest == (digest.decode() if digest else None)


def test_most_lines_need_no_parser():
    plain = [manifest_lines._plain(Algorithm.SHA256).fullmatch(strict_json.encode(entry) + b"\n") for entry in PLAIN]
    assert [match is not None for match in plain] == [True] * 4 + [False] * 4


def test_an_endless_line_ends_in_bounded_memory_and_time():
    class Endless(io.RawIOBase):
        given = 0

        def readline(self, size=-1):
            assert size > 0
            self.given += size
            return b"x" * size

    endless, start = Endless(), time.process_time()
    with pytest.raises(MalformedInput, match="longer than"):
        manifest_reader.Reader(endless, where="test")
    assert endless.given <= strict_json.MAX_LINE + 1
    assert time.process_time() - start < 2


@pytest.mark.parametrize("path", ["a//b", "/a", "a/", "..", "a/../b", ".", "a\0b"])
def test_impossible_paths_are_neither_written_nor_read(path):
    with pytest.raises(ValueError, match="path"):
        make_manifest(folder("a"), file(path))
    forged = [*LINES[:2], strict_json.encode(file(path)), *LINES[2:]]
    with pytest.raises(MalformedInput, match="impossible path"):
        audit(rehashed(forged))


def test_a_path_in_the_wrong_one_of_its_two_forms_is_refused():
    as_base64 = {"path_b64": strict_json.base64_encode(b"zz"), "type": "dir"}
    line = json.dumps(as_base64, separators=(",", ":")).encode()
    with pytest.raises(MalformedInput, match="base64"):
        audit(rehashed([*LINES[:-1], line, LINES[-1]]))


def test_the_root_is_a_folder_or_a_gap():
    for root in (file(""), link("", b"x"), special("")):
        with pytest.raises(ValueError, match="root"):
            make_manifest(root)
    audit(make_manifest(gap("", GapKind.UNREADABLE, EntryType.DIR)))


@pytest.mark.parametrize(
    "parent",
    [None, file("zz"), link("zz", b"t"), special("zz"), ignored("zz", "zz/**", 1, 1)],
    ids=["nothing", "file", "link", "special", "ignored"],
)
def test_nothing_stands_below_what_is_not_a_folder(parent):
    rules = manifest.RulesRef(sha256="0" * 64, ignore=(manifest.IgnoreRule(pattern="zz/**", reason="r", origin="o"),))
    parents = [] if parent is None else [parent]
    with pytest.raises(MalformedInput, match="below"):
        audit(make_manifest(*parents, file("zz/inner"), rules=rules))


def test_names_below_a_folder_that_was_not_wholly_read_are_allowed():
    audit(
        make_manifest(gap("zz", GapKind.UNSTABLE, EntryType.DIR), file("zz/inner"), folder("zz/sub"), file("zz/sub/x"))
    )


def test_an_ignored_entry_needs_its_rule_in_the_header():
    entry = ignored("cache", "cache/**", 3, 300)
    rules = manifest.RulesRef(
        sha256="0" * 64, ignore=(manifest.IgnoreRule(pattern="cache/**", reason="rebuilt", origin="terms"),)
    )
    _, trailer, _ = audit(make_manifest(entry, rules=rules))
    assert trailer.ignored == (manifests.Ignored(rule="cache/**", files=3, bytes=300),)
    with pytest.raises(MalformedInput, match="rule"):
        audit(make_manifest(entry))


def test_entries_out_of_order_are_a_bug_of_the_writer():
    for wrong in ([file("a")], [folder(""), file("b"), file("a")], [folder(""), file("a"), file("a")],
                  [folder(""), file("a-"), file("a/b")], [folder(""), folder("")]):  # fmt: skip
        writer = manifest.Writer(io.BytesIO(), manifests.make_header(), tempfile.TemporaryFile)
        for entry in wrong[:-1]:
            writer.add(entry, None)
        with pytest.raises(ValueError, match="does not follow"):
            writer.add(wrong[-1], None)


ZERO = "0" * 64
IMPOSSIBLE = {
    "no path": Entry(type=EntryType.DIR),
    "two paths": Entry(path="a", path_b64="/w==", type=EntryType.DIR),
    "no type": Entry(path="a"),
    "errno without a gap": Entry(path="a", type=EntryType.DIR, errno="EACCES"),
    "an ignored gap": Entry(path="a", gap=GapKind.UNREADABLE, ignored=manifests.Ignored(rule="a", files=0, bytes=0)),
    "a file without size": Entry(path="a", type=EntryType.FILE, digest=ZERO),
    "a file without digest": Entry(path="a", type=EntryType.FILE, size=0),
    "a folder with size": Entry(path="a", type=EntryType.DIR, size=0),
    "a link with digest": Entry(path="a", type=EntryType.LINK, target="x", digest=ZERO),
    "a gap with digest": Entry(path="a", type=EntryType.FILE, size=0, digest=ZERO, gap=GapKind.UNSTABLE),
    "a short digest": Entry(path="a", type=EntryType.FILE, size=0, digest="0" * 63),
    "an upper-case digest": Entry(path="a", type=EntryType.FILE, size=0, digest="A" * 64),
    "a link without target": Entry(path="a", type=EntryType.LINK),
    "a link with two targets": Entry(path="a", type=EntryType.LINK, target="x", target_b64="/w=="),
    "a file with a target": Entry(path="a", type=EntryType.FILE, size=0, digest=ZERO, target="x"),
    "text digest of a folder": Entry(path="a", type=EntryType.DIR, text_digest=ZERO),
    "prefixes of a small file": Entry(path="a", type=EntryType.FILE, size=5, digest=ZERO, prefixes=()),
    "too few prefixes": Entry(path="a", type=EntryType.FILE, size=2 * 2**20, digest=ZERO, prefixes=("0" * 16,)),
    "a long prefix": Entry(path="a", type=EntryType.FILE, size=2**20, digest=ZERO, prefixes=("0" * 17,)),
}


@pytest.mark.parametrize("entry", IMPOSSIBLE.values(), ids=IMPOSSIBLE.keys())
def test_an_entry_that_cannot_be_true_is_neither_written_nor_read(entry):
    assert entry_problem(entry, Algorithm.SHA256)
    writer = manifest.Writer(io.BytesIO(), manifests.make_header(), tempfile.TemporaryFile)
    writer.add(folder(""), None)
    with pytest.raises((ValueError, MalformedInput)):
        writer.add(entry, None)
    with pytest.raises(MalformedInput):
        audit(rehashed([*LINES[:2], strict_json.encode(entry), *LINES[2:]]))


def listing_of(*entries: Entry) -> tuple[manifest.Writer, io.BytesIO]:
    """Return the writer of a listing to which these entries were added, and what it writes to."""
    out = io.BytesIO()
    writer = manifest.Writer(out, manifests.make_header(digest=Algorithm.NONE), tempfile.TemporaryFile)
    for entry in (folder(""), *entries):
        writer.add(entry, None)
    return writer, out


def test_sums_that_no_reader_accepts_are_not_written():
    most = 2**53
    whole, _ = listing_of(Entry(path="a", type=EntryType.FILE, size=most))
    assert whole.finish(manifests.LATER).bytes == most
    writer, _ = listing_of(*(Entry(path=name, type=EntryType.FILE, size=most) for name in "ab"))
    with pytest.raises(ValueError, match="more bytes together"):
        writer.finish(manifests.LATER)


def test_what_is_written_in_several_pieces_is_one_manifest():
    writer, out = listing_of(*(Entry(path=f"{n:04}" * 50, type=EntryType.FILE, size=n) for n in range(2000)))
    before = out.tell()
    trailer = writer.finish(manifests.LATER)
    assert 2**17 <= before < out.tell()
    assert audit(out.getvalue())[1] == trailer


@given(st.integers(0, 2**53))
def test_prefixes_are_at_most_32_at_the_smallest_step_that_does(size):
    step = prefix_step(size)
    assert step >= 2**20
    assert step & (step - 1) == 0
    assert size // step <= 32
    assert step == 2**20 or size // (step // 2) > 32


def test_the_trailer_is_not_there_before_the_end():
    reader = manifests.reader(SMALL)
    with pytest.raises(RuntimeError):
        _ = reader.trailer


def test_a_path_of_five_thousand_levels_goes_through():
    levels = [b"/".join([b"d"] * level) for level in range(1, 5001)]
    _, trailer, _ = audit(make_manifest(*map(folder, levels[:-1]), file(levels[-1])))
    assert trailer.counts.dir == 5000
    longest = b"/".join([b"d" * 255] * 5000)
    reader = manifests.reader(make_manifest(file(longest)))
    assert [line.path for line in reader.lines()] == [b"", longest]


def test_os_names_of_this_machine_survive(tmp_path):
    names = [b"new\nline", b"\xff\xfe", "zażółć".encode(), b'quote"', b"back\\slash", "\u202e".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).write_bytes(name)
    raw = make_manifest(
        *(file(name, (tmp_path / os.fsdecode(name)).read_bytes()) for name in os.listdir(os.fsencode(tmp_path)))
    )
    reader = manifests.reader(raw)
    assert {line.path for line in reader.lines()} == {b"", *names}
    assert all(paths.check(line.path, where="test") == line.path for line in manifests.reader(raw).lines())


def test_blocks_are_as_many_lines_as_the_last_one_counts():
    def count(raw: bytes) -> int:
        return sum(block.length for block in manifests.reader(raw).blocks())

    assert count(SMALL) == 6
    counts = strict_json.decode(manifest.Trailer, LINES[-1], where="test").counts
    none = msgspec.structs.replace(counts, file=0, dir=0, link=0, special=0)
    for raw in (
        rehashed([LINES[0], LINES[-1]], entries=0, counts=none),
        rehashed(LINES, entries=7),
        rehashed(LINES, counts=msgspec.structs.replace(counts, file=9)),
    ):
        with pytest.raises(MalformedInput, match="do not add up"):
            count(raw)


def test_lines_begin_with_the_root_and_rise():
    for lines, said in (
        ([LINES[0], *LINES[2:]], "out of order"),
        ([LINES[0], LINES[2], LINES[1], *LINES[3:]], "out of order"),
        ([*LINES[:2], LINES[-1], *LINES[2:]], "something after the last line"),
    ):
        with pytest.raises(MalformedInput, match=said):
            list(manifests.reader(rehashed(lines)).lines())


@pytest.mark.parametrize(("names", "plain"), [([b"a", b"b"], True), ([b"a\nb"], False), ([b"a", b".."], False)])
def test_a_name_with_a_line_end_is_not_two_plain_names(names, plain):
    assert manifest_lines.names_are_plain(names) is plain


def test_what_may_be_a_folder_may_have_paths_below_it():
    unknown = gap("sub", GapKind.UNREADABLE)
    assert audit(make_manifest(unknown, file("sub/a")))[1].entries == 3
    assert [entry.may_be_folder for entry in (unknown, folder("a"), file("a"))] == [True, True, False]
    assert [entry.clean for entry in (unknown, ignored("a", "a", 1, 1), file("a"))] == [False, False, True]


class Cut(io.RawIOBase):
    """Gives its pieces one by one."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__()
        self.pieces = list(pieces)

    def read(self, size: int = -1) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def readline(self, size: int | None = -1) -> bytes:
        return self.read()


def test_nothing_follows_the_last_line_and_no_line_is_endless():
    too_long = b"x" * (strict_json.MAX_LINE + 1)
    first = LINES[0] + b"\n"
    for pieces, said in (
        ((first, SMALL[len(first) :], b"more\n"), "something after the last line"),
        ((first, too_long, b"x\n"), "a line longer than"),
        ((first, too_long), "a line longer than"),
        ((first, b"x"), "the file ends before its last line"),
    ):
        with pytest.raises(MalformedInput, match=said):
            list(manifest_reader.Reader(Cut(*pieces), where="test").lines())


def test_totals_are_those_of_the_last_line():
    source = manifests.reader(SMALL)
    assert len(list(source.lines())) == 6
    source.check_totals(source.trailer.counts, source.trailer.bytes)
    for counts, size in (
        (source.trailer.counts, source.trailer.bytes + 1),
        (msgspec.structs.replace(source.trailer.counts, file=7), source.trailer.bytes),
    ):
        with pytest.raises(MalformedInput, match="are not those of the entries"):
            source.check_totals(counts, size)


def test_a_line_that_goes_over_the_end_of_a_piece_is_one_line():
    middle = SMALL.index(b"index.php")
    end = SMALL.index(b"\n", middle) + 1
    source = manifest_reader.Reader(
        Cut(LINES[0] + b"\n", SMALL[len(LINES[0]) + 1 : middle], SMALL[middle:end], SMALL[end:]), where="test"
    )
    assert [line.key for line in source.lines()] == [line.key for line in manifests.reader(SMALL).lines()]


def test_a_digest_that_is_none_is_found_among_plain_lines():
    raw = b"\n".join(make_manifest(file("a", b"1"), file("b", b"2")).splitlines()[2:4]) + b"\n"
    whole = manifest_lines.split(manifest_lines.Block(raw, 3, 2), Algorithm.SHA256, pytest.fail)
    assert (whole.keys, whole.odd) == ([b"a", b"b"], [])
    digest = hashlib.sha256(b"2").hexdigest().encode()
    wrong = manifest_lines.Block(raw.replace(digest, b"g" + digest[1:]), 3, 2)
    batch = manifest_lines.split(wrong, Algorithm.SHA256, lambda line, number: (line, b"%d" % number))
    assert (batch.keys, batch.odd, batch.sizes) == ([b"a", b"4"], [1], [b"1", None])


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("digest", [Algorithm.SHA256, Algorithm.NONE])
def test_plain_lines_are_written_like_entries(digest, carried):
    base = (manifest.Base(kind="spool", nonce="1", started_at=manifests.NOW),)
    entries = manifests.listed([file("a"), file("b")]) if digest is Algorithm.NONE else [file("a"), file("b")]
    host = HostStat(mtime_ns="1", carried=carried)
    wanted = make_manifest(*((entry, host) for entry in entries), digest=digest, base=base)
    out = io.BytesIO()
    writer = manifest.Writer(out, manifests.make_header(digest=digest, base=base), tempfile.TemporaryFile)
    lines = wanted.splitlines(keepends=True)[2:4]
    contents = b"".join(line.partition(b',"host":')[0] + b"\n" for line in lines)
    digests = [] if digest is Algorithm.NONE else [str(entry.digest) for entry in entries]
    plain = manifest.PlainLines(b"a", b"b", contents, b"".join(lines), digests, 2, 0, 0, carried)
    with pytest.raises(ValueError, match="do not follow"):
        writer.add_plain(plain)
    writer.add(folder(""), None)
    with pytest.raises(ValueError, match="do not follow"):
        writer.add_plain(plain._replace(first=b"b", last=b"a"))
    writer.add_plain(plain)
    with pytest.raises(ValueError, match="do not follow"):
        writer.add_plain(plain)
    writer.finish(manifests.LATER)
    assert out.getvalue() == wanted
