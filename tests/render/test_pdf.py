"""The protocol is one PDF that archives, prints, speaks, can be signed by each party, and shows every name as text."""

import io
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace

import msgspec
import pypdf
import pytest
import typst
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import digests, paths
from handover.render import glyphs, pdf, pdf_fields, protocol
from handover.render.wording import language
from handover.report import EarlierRemark
from render.worlds import CUSTODY, FINDING, HOSTILE, Part, agreed, hostile, lost_uploads, make_world, rejected, same
from support.manifests import file

#: What would act if a name became source of the template: code, markup, labels, comments, strings.
SOURCE = (
    '#import "@preview/x:1.0.0"',
    "#panic()",
    "$x^2$ *bold* _emphasis_ `raw`",
    "= heading",
    "- list <label> @label",
    '"; #sys.inputs //',
    "/* comment",
    "a\\ b \\u{41}",
    "~~ --- -> => 10x20",
    "[content] {code}",
)


@pytest.fixture
def drawn(tmp_path):
    """Draw a world and give what the tools of others make of the file."""

    def draw(*parts: Part, language="en", **options):
        world = make_world(*parts, **options)
        raw = pdf.render(world.report, world.excerpts, language=language)
        return Drawn(tmp_path / f"report.{language}.pdf", raw, world)

    return draw


class Drawn:
    """One PDF as pypdf and poppler see it."""

    def __init__(self, place, raw, world):
        place.write_bytes(raw)
        self.place, self.raw, self.world = place, raw, world
        self.reader = pypdf.PdfReader(place, strict=True)
        self.root = self.reader.trailer["/Root"]

    def tool(self, *words):
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    @property
    def text(self):
        return self.tool("pdftotext", "-layout", self.place, "-")

    def page(self, number):
        return self.tool("pdftotext", "-layout", "-f", str(number), "-l", str(number), self.place, "-")

    @property
    def letters(self):
        """All text as it was written, without spaces and line ends, which say only how it was laid out."""
        return re.sub(r"\s", "", self.tool("pdftotext", "-raw", self.place, "-"))

    @property
    def metadata(self):
        return self.root["/Metadata"].get_data().decode()

    def elements(self, kind):
        """Return the elements of the structure tree of one kind."""
        found, open_ = [], [self.root["/StructTreeRoot"]]
        while open_:
            element = open_.pop().get_object()
            if isinstance(element, pypdf.generic.DictionaryObject):
                if element.get("/S") == kind:
                    found.append(element)
                open_ += self.children(element)
        return found

    def children(self, element):
        kids = element.get("/K", [])
        kids = kids.get_object() if hasattr(kids, "get_object") else kids
        return list(kids) if isinstance(kids, list) else [kids]


def test_it_says_who_what_when_and_with_what_result_on_the_first_page(drawn):
    first = drawn(lost_uploads(), findings=(FINDING,)).page(1)
    order = [
        "Acceptance protocol",
        "acme-shop.example to new hosting",
        "Round 1 of the case 0f8e6f9c",
        "Drawn up 2026-11-28 22:05:00 Europe/Warsaw (2026-11-28 21:05:00 UTC)",
        "Subject and parties",
        "Account",
        "Ticket",
        "Result",
        "NOT COMPLETE",
        "4 of 17 files and folders (2.1 MB) are missing on the RECEIVER's host",
        "FILES not complete · DATABASE not part of this handover",
        "Contents were compared with SHA-256.",
        "Name and function",
        "Evidence, not legal advice",
        "Page 1 of",
    ]
    places = [first.index(words) for words in order]
    assert places == sorted(places)
    for words in ("acme, ssh://acme@old.example", "#4711", "Old Hosting sp. z o.o.", "New Host Oy", "bok@old.example"):
        assert words in first


def test_every_remark_has_room_for_the_position_of_each_side(drawn):
    made = drawn(lost_uploads())
    remarks = made.text[made.text.index("3. Remarks") : made.text.index("What to do now")]
    items = re.findall(r"^ +(\d+) ", remarks, re.MULTILINE)
    assert items == [str(n) for n in range(1, 6)]
    assert remarks.count("□ confirmed") == remarks.count("□ disputed") == 2 * len(items)


def test_a_good_migration_needs_no_remark(drawn):
    assert "Nothing was found that needs a remark." in drawn(Part(same(), same())).text


def test_what_the_parties_remarked_on_earlier_rounds_stands_beside_the_remarks_of_this_one(drawn, tmp_path):
    remarks = (
        EarlierRemark(about="web", text="The uploads of 2022 are lost.", position="disputed"),
        EarlierRemark(text="#panic() " + "x" * 5000, remedy="send them again", by_date="2026-12-01"),
    )
    world = make_world(lost_uploads()).but(round=2, history=(rejected(remarks=remarks),) * 30)
    raw = pdf.render(world.report, world.excerpts, language="en")
    text = " ".join(Drawn(tmp_path / "report.en.pdf", raw, world).text.split())
    for words in (
        "web: The uploads of 2022 are lost.",
        "disputed",
        "Remedy, by 2026-12-01:",
        "again",
        "40 of 60 shown",
    ):
        assert words in text
    assert "#panic() xxx" in text
    assert "Answer of RECEIVER (New Host Oy) to round 1" in text


def test_it_says_what_it_rests_on_and_what_it_cannot_prove(drawn):
    made = drawn(lost_uploads(), findings=(FINDING,))
    text, part = " ".join(made.text.split()), made.world.report.parts[0]
    for words in (
        digests.receipt(part.source.content_root),
        "none, because there are gaps",
        CUSTODY.key[:20],
        "2026-11-20 10:00:00 UTC",
        FINDING.title,
        FINDING.remedy[0],
        "old hosting ends 2026-12-31 2026-12-31 23:00:00",
        "This is evidence, not legal advice.",
        digests.receipt(digests.sha256_hex(made.world.report.to_bytes())),
    ):
        assert words in text


@pytest.mark.parametrize("name", ["UTC", "Etc/UTC"])
def test_times_of_a_case_in_utc_are_said_once(name):
    world = make_world(Part(same(), same())).but(timezone=name)
    told = protocol.protocol(world.report, world.excerpts, language="en")
    assert told.dated == "Drawn up 2026-11-28 21:05:00 UTC"
    (dates,) = next(section for section in told.sections if section.title == "Dates").blocks
    assert [column.title for column in dates.columns] == ["Moment", f"\u2066{name}\u2069"]
    assert {len(row) for row in dates.rows} == {2}


def test_each_party_has_an_empty_field_on_the_first_page(drawn):
    made = drawn(lost_uploads())
    fields = made.reader.get_fields()
    assert list(fields) == [party.role for party in made.world.report.parties]
    for role, field in fields.items():
        assert field["/FT"] == "/Sig"
        assert "/V" not in field
        assert role in field["/TU"].lower()
    widgets = [annotation.get_object() for annotation in made.reader.pages[0]["/Annots"]]
    assert [widget["/T"] for widget in widgets] == list(fields)
    for widget in widgets:
        left, bottom, right, top = map(float, widget["/Rect"])
        assert 0 < left < right < 595
        assert 0 < bottom < top < 842
        assert right - left > 200
        assert top - bottom > 40


def test_poppler_finds_the_fields_too(drawn):
    made = drawn(lost_uploads())
    done = subprocess.run(["pdfsig", made.place], capture_output=True, text=True, check=False)
    assert done.stdout.count("The signature form field is not signed.") == len(made.world.report.parties)


def test_a_comparison_without_parties_asks_nobody_to_sign(drawn):
    made = drawn(lost_uploads(), parties=False)
    assert "/AcroForm" not in made.root
    assert "/Annots" not in made.reader.pages[0]
    assert "so it asks nobody to sign" in " ".join(made.text.split())


def test_the_boxes_stay_on_the_first_page_whatever_the_parties_are_called(drawn):
    long = "Very long name without end " * 400
    world = make_world(*(replace(lost_uploads(), name=f"part{n}") for n in range(9)))
    parties = tuple(
        msgspec.structs.replace(world.report.parties[0], role=role, name=long, contact=long, reference="9" * 9000)
        for role in ("sender", "receiver", "agency", "client")
    )
    case = msgspec.structs.replace(world.report.case, name="x" * 9000)
    world = world.but(parties=parties, case=case)
    reader = pypdf.PdfReader(io.BytesIO(pdf.render(world.report, world.excerpts, language="en")), strict=True)
    assert len(reader.pages[0]["/Annots"]) == 4
    assert set(reader.get_fields()) == {"sender", "receiver", "agency", "client"}


def test_the_report_is_attached_byte_for_byte(drawn, tmp_path):
    made = drawn(lost_uploads())
    made.tool("pdfdetach", "-save", "1", "-o", tmp_path / "report.json", made.place)
    assert (tmp_path / "report.json").read_bytes() == made.world.report.to_bytes()
    (associated,) = made.root["/AF"]
    assert associated["/AFRelationship"] == "/Source"
    assert associated["/UF"] == "report.json"


def test_it_says_that_it_is_for_archives_and_for_every_reader(drawn):
    made = drawn(lost_uploads(), findings=(FINDING,))
    for tag, value in (("pdfaid:part", "3"), ("pdfaid:conformance", "A"), ("pdfuaid:part", "1")):
        assert f"<{tag}>{value}</{tag}>" in made.metadata
    (intent,) = made.root["/OutputIntents"]
    assert intent["/S"] == "/GTS_PDFA1"
    assert made.root["/MarkInfo"]["/Marked"]
    assert made.root["/Lang"] == "en"
    assert made.root["/ViewerPreferences"]["/DisplayDocTitle"]
    fonts = made.tool("pdffonts", made.place).splitlines()[2:]
    assert fonts
    for line in fonts:
        assert line.split()[-5:-2] == ["yes", "yes", "yes"]


def test_a_reader_that_speaks_finds_headings_tables_and_fields(drawn):
    made = drawn(lost_uploads(), findings=(FINDING,))
    assert len(made.elements("/H1")) == 1
    assert len(made.elements("/H2")) == 16
    assert len(made.elements("/Table")) == len(made.elements("/THead"))
    assert made.elements("/Link") == []
    for form in made.elements("/Form"):
        (reference,) = made.children(form)
        assert reference["/Type"] == "/OBJR"
        assert reference["/Obj"]["/Subtype"] == "/Widget"
    assert len(made.elements("/Form")) == len(made.world.report.parties)


def test_the_same_report_gives_the_same_bytes(drawn):
    first, second = (drawn(lost_uploads(), findings=(FINDING,)).raw for _ in range(2))
    assert first == second
    assert b"Typst 0.15" in first


def test_another_process_and_place_gives_the_same_bytes(drawn, tmp_path):
    code = (
        "import sys; from render.worlds import *; from handover.render import pdf;"
        "w = make_world(lost_uploads()); sys.stdout.buffer.write(pdf.render(w.report, w.excerpts, language='en'))"
    )
    words = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": ":".join(sys.path), "TZ": "Asia/Tokyo", "LANG": "C", "SOURCE_DATE_EPOCH": "1"}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, check=True, timeout=60)
    assert done.stdout == drawn(lost_uploads()).raw


def test_hostile_names_are_printed_and_do_nothing(drawn):
    made = drawn(hostile())
    for name in HOSTILE:
        shown = glyphs.printable(paths.shown(name))
        assert re.sub(r"\s", "", shown) in made.letters


def test_names_that_look_like_source_are_text(drawn):
    made = drawn(Part([file(name.replace("/", "_")) for name in SOURCE], []))
    for name in SOURCE:
        assert re.sub(r"\s", "", paths.shown(name.replace("/", "_"))) in made.letters


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.text("#$*_`@<>[]{}\\\"'/-=~ \n\u202e\u200b\u0301é→日א😀\udc80\ue000\u00ad", min_size=1, max_size=30))
)
def test_any_name_is_printed(names):
    items = {name.encode("utf-8", "surrogateescape").replace(b"/", b"_") for name in names} - {b".", b".."}
    world = make_world(Part([file(name) for name in sorted(items)], []))
    raw = pdf.render(world.report, world.excerpts, language="en")
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=raw, capture_output=True, check=True, timeout=60)
    letters = re.sub(r"\s", "", done.stdout.decode())
    for name in items:
        assert re.sub(r"\s", "", glyphs.printable(paths.shown(name))) in letters


def test_every_character_of_the_font_can_be_printed(drawn):
    covered = [chr(point) for point in sorted(glyphs._covered()) if point > 0x20]
    shown = [char for char in covered if paths.shown(char) == char and char != "_"]
    names = ["".join(shown[at : at + 60]).replace("/", "_") for at in range(0, len(shown), 60)]
    letters = drawn(Part([file(name) for name in sorted(names)], [])).letters
    for name in names:
        assert re.sub(r"\s", "", name) in letters


def test_what_the_font_cannot_show_is_escaped_and_told_apart():
    assert glyphs.printable("zażółć gęślą jaźń – Äiti → ünï") == "zażółć gęślą jaźń – Äiti → ünï"
    assert glyphs.printable("日本\u05d0") == "\\u{65e5}\\u{672c}\\u{5d0}"
    assert glyphs.printable(language.name("日\\u{65e5}")) == "\\u{65e5}\\\\u{65e5}"


def test_the_coverage_is_that_of_the_font_and_has_nothing_from_right_to_left():
    for name, raw in zip(("Inter-Regular.otf", "Inter-Bold.otf"), glyphs.fonts(), strict=True):
        assert glyphs.characters(raw) == set(TTFont(glyphs.FOLDER / name).getBestCmap())
    assert not {char for char in map(chr, glyphs._covered()) if unicodedata.bidirectional(char) in ("R", "AL", "AN")}


def test_the_licence_of_the_font_stands_beside_it():
    assert "SIL OPEN FONT LICENSE Version 1.1" in (glyphs.FOLDER / "OFL.txt").read_text()


def test_ten_thousand_differences_fit_a_few_pages_and_say_how_many_there_are(drawn):
    made = drawn(Part([file(f"f{n:05}") for n in range(10_000)], []))
    assert "200 of 10,000 shown; web.differences.jsonl has all of them." in made.text
    assert len(made.reader.pages) < 12


def test_a_name_longer_than_a_line_is_broken_inside_the_page(drawn):
    name = "w" * 250 + "/" + "0123456789" * 24
    made = drawn(Part([file(name)], []))
    assert name in made.letters
    boxes = re.findall(
        r'<word xMin="[0-9.]+" yMin="[0-9.]+" xMax="([0-9.]+)"', made.tool("pdftotext", "-bbox", made.place, "-")
    )
    assert max(map(float, boxes)) < 595 - 40


@pytest.mark.parametrize("language", ["en", "pl", "fi"])
def test_a_name_that_is_broken_at_a_hyphen_has_no_second_one(drawn, language):
    names = ["a name of several words " + "x" * length + " wp-content" for length in range(1, 24)]
    made = drawn(Part([file(name) for name in names], []), language=language)
    assert re.search("wp-(?!c)", made.text)
    for name in names:
        assert name.replace(" ", "") in made.letters


@pytest.mark.parametrize("parts", [(Part(None, same()),), (Part(None, None),), (agreed(), replace(agreed(), name="b"))])
def test_every_kind_of_round_has_a_protocol(drawn, parts):
    made = drawn(*parts)
    assert "Acceptance protocol" in made.page(1)
    assert len(made.reader.get_fields()) == 3


def test_fields_are_refused_where_the_places_are_others():
    world = make_world(Part(same(), same()), parties=False)
    plain = pdf.render(world.report, world.excerpts, language="en")
    assert pdf_fields.add(plain, {}) == plain
    with pytest.raises(pdf_fields.OtherFormError, match="fields for"):
        pdf_fields.add(plain, {"sender": "Sender"})
    with pytest.raises(pdf_fields.OtherFormError, match="another form"):
        pdf_fields.add(b"%PDF-1.7\n%%EOF\n", {"sender": "Sender"})


def test_a_glyph_that_no_font_has_would_be_an_error_and_not_a_hole():
    """What ``printable`` is for: the tool that draws refuses, so nothing can be missing in silence."""
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[glyphs.FOLDER])
    source = (
        '#set document(title: "x", date: datetime(year: 2026, month: 1, day: 1))\n'
        f'#set text(font: "{glyphs.FAMILY}", fallback: false)\n日'
    ).encode()
    with pytest.raises(typst.TypstError):
        typst.compile(source, font_paths=fonts, ignore_system_fonts=True, format="pdf", pdf_standards=["a-3a"])
