"""A language is spoken whole: sentences, plurals, cases, numbers and times; and none is ever taken for another."""

from __future__ import annotations

import threading

import msgspec
import pytest
from babel.numbers import format_decimal, format_percent
from hypothesis import given
from hypothesis import strategies as st

from handover.diagnosis import words
from handover.errors import LocalIOError, UsageError
from handover.render import languages_of
from handover.render.wording import language, voices
from handover.render.wording.codes import ROLES, finding_texts, roles, sides_of
from handover.render.wording.labels import LABELS, limits
from handover.render.wording.language import plain, plural, say, speaking, spoken
from handover.report import Finding, Party
from handover.sentences import Sentence, english
from render.worlds import lost_uploads, make_world
from support.cli import handover

NO_BREAK = "\u00a0"


@pytest.mark.parametrize("code", voices.VOICES)
def test_every_language_has_its_texts(code):
    with speaking(code):
        assert spoken() == code
        assert (say("Nothing was compared.") == "Nothing was compared.") == (code == "en")


@pytest.mark.parametrize("code", ["de", "", "PL", "../pl", "\x1b[2J"])
def test_a_language_that_there_is_not_is_refused(code):
    with pytest.raises(UsageError, match="there is no language"), speaking(code):
        pass


def test_texts_that_are_not_there_are_an_error_and_not_english(monkeypatch, tmp_path):
    monkeypatch.setattr(voices, "_CATALOGUES", tmp_path)
    voices._catalogue.cache_clear()
    with speaking("fi"), pytest.raises(LocalIOError, match="language fi cannot be read"):
        say("Nothing was compared.")
    with speaking("en"):
        assert say("Nothing was compared.") == "Nothing was compared."


def test_a_language_ends_with_its_block():
    with speaking("pl"):
        with speaking("fi"):
            assert say("folder") == "kansio"
        assert say("file") == "plik"
        with pytest.raises(ZeroDivisionError), speaking("fi"):
            raise ZeroDivisionError
        assert say("file") == "plik"
    assert say("folder") == "folder"


def test_another_thread_speaks_a_language_of_its_own():
    heard = []
    with speaking("pl"):
        thread = threading.Thread(target=lambda: heard.append(say("file")))
        thread.start()
        thread.join()
    assert heard == ["file"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("en", ["0 days", "1 day", "2 days", "5 days", "12 days", "22 days"]),
        ("pl", ["0 godzin", "1 godzina", "2 godziny", "5 godzin", "12 godzin", "22 godziny"]),
        ("fi", ["0 päivää", "1 päivä", "2 päivää", "5 päivää", "12 päivää", "22 päivää"]),
    ],
)
def test_every_number_has_its_form(code, told):
    forms = {
        "en": lambda n: plural(n, "{n} day", "{n} days"),
        "pl": lambda n: plural(n, "{n} hour", "{n} hours"),
        "fi": lambda n: plural(n, "{n} day", "{n} days"),
    }
    with speaking(code):
        assert [forms[code](n) for n in (0, 1, 2, 5, 12, 22)] == told


@given(st.integers(0, 10**9))
def test_numbers_are_written_as_the_language_does(n):
    for code in voices.VOICES:
        with speaking(code):
            # Polish leaves four digits together in running text; in tables they stand below others.
            expected = format_decimal(n, locale=code)
            assert language.number(n).replace(NO_BREAK, "") == expected.replace(NO_BREAK, "")
            if code == "fi" or n >= 10_000:
                assert language.number(n) == expected


@given(st.integers(0, 10_000))
def test_shares_are_written_as_the_language_does(bp):
    for code in ("pl", "fi"):
        with speaking(code):
            assert language.percent(bp) == format_percent(
                bp / 10_000, locale=code, format=None, decimal_quantization=False
            )


@pytest.mark.parametrize(
    ("code", "size", "when", "off"),
    [
        ("en", "3.2 GB", "2026-11-02 09:05:07 UTC", "-1,500"),
        ("pl", f"3,2{NO_BREAK}GB", "02.11.2026, 09:05:07 UTC", f"-1{NO_BREAK}500"),
        ("fi", f"3,2{NO_BREAK}Gt", "2.11.2026 klo 9.05.07 UTC", f"-1{NO_BREAK}500"),
    ],
)
def test_sizes_and_times_are_written_as_the_language_does(code, size, when, off):
    with speaking(code):
        assert language.size(3_200_000_000) == size
        assert language.moment("2026-11-02T09:05:07Z") == when
        assert language.signed(-1500) == off
        assert language.timestamp(0, ".5").endswith({"en": "00.5 UTC"}.get(code, "00,5 UTC"))


@pytest.mark.parametrize("code", voices.VOICES)
def test_a_day_that_no_month_has_and_a_time_beyond_all_calendars_are_told(code):
    with speaking(code):
        assert language.moment("2026-02-31T09:05:07Z") == "2026-02-31 09:05:07 UTC"
        assert language.timestamp(10**15).endswith(" s")


def test_a_noun_comes_in_the_case_that_the_sentence_asks_for():
    with speaking("pl"):
        host = sides_of(make_world(lost_uploads(), parties=False).report).target_host
        assert f"{host}, {host:gen}, {host:In}" == "serwer DOCELOWY, serwera DOCELOWEGO, Na serwerze DOCELOWYM"
        assert plain(roles(["sender", "sender", "boss\x1b"])) == "STRONA PRZEKAZUJĄCA, boss\\x1b"
    assert ROLES["receiver"] == "RECEIVER"


def test_labels_are_said_when_they_are_looked_up():
    said = {}
    for code in voices.VOICES:
        with speaking(code):
            said[code] = (LABELS["folder"], dict(LABELS)["part"], limits()[-1])
    assert said["en"] == ("Folder", "Part", "This is evidence, not legal advice.")
    assert said["pl"] == ("Folder", "Część", "To jest dowód, a nie porada prawna.")
    assert said["fi"] == ("Kansio", "Osa", "Tämä on todiste, ei oikeudellista neuvontaa.")
    assert LABELS["folder"] == "Folder"


# Findings.


def finding(*sentences: Sentence, title: str = "", remedy: tuple[str, ...] = ()) -> Finding:
    return Finding(
        cause="cut_off",
        title=title or english(sentences[0]),
        part="web",
        count=1,
        share_bp=10_000,
        confidence="high",
        evidence=tuple(map(english, sentences[1:])),
        remedy=remedy,
        sentences=sentences,
    )


NASTY = "a„\u202egnp.exe”\n".encode()


def test_a_finding_is_told_in_the_language_that_is_spoken_and_its_commands_are_not():
    told = finding(
        words.say("The transfer broke off after {path}", path=words.quoted(NASTY)),
        words.plural(3, "What is beside them arrived: {n} file.", "What is beside them arrived: {n} files."),
        words.say("So the limit lies between {least} and {most}.", least=words.size(2 * 10**9), most=words.size(5)),
        words.say("It also fits: {title}.", title=words.inner(words.say("Links point elsewhere"))),
        words.say(
            "Everything with one name is missing, wherever it was: {names}", names=words.listed([b"a", b"b"], 1202)
        ),
        words.say("The source was edited after {frozen}, when it was to be frozen", frozen=words.moment(0)),
        remedy=("rsync -a A/ B/",),
    )
    with speaking("pl"):
        texts = finding_texts(told)
    assert plain(texts.title) == "Transfer urwał się po „a\\u{201e}\\u{202e}gnp.exe\\u{201d}\\n”"
    assert [plain(text) for text in texts.evidence] == [
        "To, co leży obok, dotarło: 3 pliki.",
        f"Granica leży więc między 2,0{NO_BREAK}GB a 5 bajtów.",
        "Pasuje też: Dowiązania wskazują gdzie indziej.",
        f"Brakuje wszystkiego o jednej nazwie, gdziekolwiek było: „a”, „b” i jeszcze 1{NO_BREAK}200",
        "Źródło edytowano po 01.01.1970, 00:00 UTC, gdy miało być zamrożone",
    ]
    assert [plain(text) for text in texts.remedy] == ["rsync -a A/ B/"]
    with speaking("en"):
        assert [plain(text) for text in finding_texts(told).evidence] == list(told.evidence)


def test_a_sentence_that_does_not_say_what_the_report_says_is_not_believed():
    lying = finding(words.say("Links point elsewhere"), title="Everything is there")
    with speaking("fi"):
        assert plain(finding_texts(lying).title) == "Everything is there"


@pytest.mark.parametrize(
    "sentence",
    [
        Sentence(one="{a.__class__} {b:>99999999} {host:gen} \x1b[2J"),
        Sentence(one="the SENDER's host"),
        Sentence(one="{n} gone", many="{n} gone"),
        Sentence(one="Nobody knows {this}", values=(words.text("\x1b[2J\u202e"),)),
        Sentence(one=""),
        Sentence(one="{mode}", values=(words.text("x"), words.number(1))),
    ],
)
def test_a_foreign_sentence_does_no_harm(sentence):
    told = finding(sentence, title=english(sentence))
    for code in voices.VOICES:
        with speaking(code):
            text = plain(finding_texts(told).title)
            assert not set(text) & set("\x1b\u202e")
            assert len(text) < 200


def test_a_finding_of_an_older_version_is_told_in_its_english():
    old = finding(title="A folder was cut off", remedy=("Send it.",))
    with speaking("fi"):
        assert plain(finding_texts(old).title) == "A folder was cut off"


# Which language where.


def test_a_report_is_drawn_in_english_and_in_the_languages_of_the_parties():
    report = make_world(lost_uploads(), parties=False).report
    assert languages_of(report) == ("en",)
    spoken_by = [Party(role="sender", name="A", language=code) for code in ("fi", "pl", "fi", "xx", None)]
    assert languages_of(msgspec.structs.replace(report, parties=tuple(spoken_by))) == ("en", "pl", "fi")


@pytest.mark.parametrize(("code", "said"), [("pl", "KOMPLETNE"), ("fi", "TÄYDELLINEN"), ("en", "COMPLETE")])
def test_a_command_speaks_the_language_that_it_is_asked_for(tmp_path, code, said):
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        (tmp_path / side / "index.html").write_text("hello\n")
    done = handover("compare", tmp_path / "a", tmp_path / "b", "--language", code)
    assert done.code == 0
    assert said in done.out.split()


def test_a_command_refuses_a_language_before_it_reads_anything(tmp_path):
    done = handover("compare", tmp_path, tmp_path, "--language", "de")
    assert done.code == 2
    assert "Languages are en, pl, fi" in done.err
