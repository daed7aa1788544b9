"""Finnish as a Finn reads it: whole sentences with their cases, their partitives, numbers and dates."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from handover.diagnosis import words
from handover.render import letters, terminal
from handover.render.wording.codes import finding_texts
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS
from handover.render.wording.language import agreed, plain, speaking
from handover.render.wording.timeline import timeline
from handover.report import Dates, Finding, Party
from handover.sentences import Sentence, english
from render.worlds import Part, World, lost_uploads, make_world, rejected, same
from support.manifests import file

NO_BREAK = "\u00a0"
PARTIES = (
    Party(role="sender", name="Vanha Palvelin Oy", contact="tuki@old.example", reference="#4711", language="fi"),
    Party(role="receiver", name="Uusi Palvelin Oy", contact="tuki@new.example", language="fi"),
)


def lost(count: int) -> World:
    gone = [file(f"kuva-{n}.jpg", b"x") for n in range(count)]
    return in_finnish(make_world(Part([*same(), *gone], same())))


def in_finnish(world: World) -> World:
    return world.but(parties=PARTIES, timezone="Europe/Helsinki")


@pytest.mark.parametrize(
    ("count", "first", "do"),
    [
        (
            1,
            "1 tiedosto tai kansio (1_tavu); lähteessä niitä on kaikkiaan 6.",
            "1 tiedosto tai kansio (1_tavu) on olemassa vain siellä.",
        ),
        (
            2,
            "2 tiedostoa tai kansiota (2_tavua); lähteessä niitä on kaikkiaan 7.",
            "2 tiedostoa tai kansiota (2_tavua) on olemassa vain siellä.",
        ),
        (
            1214,
            "1_214 tiedostoa tai kansiota (1,2_kt); lähteessä niitä on kaikkiaan 1_219.",
            "1_214 tiedostoa tai kansiota (1,2_kt) on olemassa vain siellä.",
        ),
    ],
)
def test_what_is_missing_is_told_with_the_case_of_its_number(count, first, do):
    world = lost(count)
    with speaking("fi"):
        said = plain(headline(world.report).sentences[0]), plain(first_action(world.report))
    assert said == (
        f"VASTAANOTTAJAN palvelimelta puuttuu {first}".replace("_", NO_BREAK),
        f"Älkää antako vanhan palvelimen poistua käytöstä 31.12.2026: {do}".replace("_", NO_BREAK),
    )


def test_a_host_is_named_in_the_case_that_the_sentence_needs():
    world = in_finnish(make_world(Part(same(), None)))
    with speaking("fi"):
        (said,) = headline(world.report).sentences
        assert plain(said) == (
            "Ei ole mihin verrata, koska VASTAANOTTAJAN palvelinta ei luettu. "
            f"LUOVUTTAJAN palvelimella on 5 merkintää (18{NO_BREAK}tavua)."
        )
        nameless = make_world(Part(same(), same()[:-1]), parties=False)
        assert plain(headline(nameless.report).sentences[0]).startswith("KOHTEESTA puuttuu 1 tiedosto tai kansio")


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (
            words.plural(
                1,
                "A file ends too early: its transfer was broken off",
                "{n} files end too early: their transfer was broken off",
            ),
            "Tiedosto päättyy liian aikaisin: sen siirto katkesi",
        ),
        (
            words.plural(
                5,
                "A file ends too early: its transfer was broken off",
                "{n} files end too early: their transfer was broken off",
            ),
            "5 tiedostoa päättyy liian aikaisin: niiden siirto katkesi",
        ),
        (
            words.plural(
                1214,
                "{n} such path is missing, for example {names}, and {arrived} arrived.",
                "{n} such paths are missing, for example {names}, and {arrived} arrived.",
                names=words.listed([b"a", b"b"], 1214),
                arrived=words.number(0),
            ),
            "1_214 tällaista polkua puuttuu, esimerkiksi ”a”, ”b” ja lisäksi 1_212, ja 0 tuli perille.",
        ),
        (
            words.say(
                "So the limit lies between {least} and {most}.", least=words.size(10), most=words.size(19 * 10**8)
            ),
            "Raja on siis välillä 10_tavua – 1,9_Gt.",
        ),
        (
            words.say("The source was edited after {frozen}, when it was to be frozen", frozen=words.moment(0)),
            "Lähdettä muokattiin 1.1.1970 klo 0.00 UTC jälkeen, jolloin se piti jäädyttää",
        ),
    ],
)
def test_a_finding_reads_as_a_sentence(sentence: Sentence, told: str):
    finding = Finding(
        cause="cut_off",
        title=english(sentence),
        part="web",
        count=1,
        share_bp=10_000,
        confidence="high",
        evidence=(),
        remedy=(),
        sentences=(sentence,),
    )
    with speaking("fi"):
        assert plain(finding_texts(finding).title) == told.replace("_", NO_BREAK)


def test_a_letter_is_polite_whole_and_of_one_voice():
    world = lost(2)
    text = letters.render(world.report, world.differences, PARTIES[0], language="fi")
    assert text == (
        "Viitteenne: #4711\n"
        "Roolinne: LUOVUTTAJA\n"
        "Tili: acme\n"
        "Sijainti: ssh://acme@old.example/home/acme/public_html\n"
        "Osa: web\n"
        "Tapaus: acme-shop.example to new hosting\n"
        "Kierros: 1\n"
        "\n"
        "Hyvää päivää,\n"
        "\n"
        f"VASTAANOTTAJAN palvelimelta puuttuu 2 tiedostoa tai kansiota (2{NO_BREAK}tavua);\n"
        "lähteessä niitä on kaikkiaan 7.\n"
        "\n"
        "Nimet:\n"
        "    kuva-0.jpg\n"
        "    kuva-1.jpg\n"
        "\n"
        "Vahvistakaa, että nämä 2 polkua ovat kansiossa /home/acme/public_html,\n"
        "ja lähettäkää ne uudelleen, tai vahvistakaa, ettei niitä ole siellä.\n"
        "\n"
        "Muuta ei pyydetä. Vastatkaa viimeistään 1.12.2026 (Europe/Helsinki).\n"
        "Älkää poistako tältä tililtä mitään, ennen kuin molemmat yritykset ovat\n"
        "allekirjoittaneet, vaikka se tapahtuisi vasta 31.12.2026 jälkeen,\n"
        "jolloin tilin on määrä päättyä.\n"
        "\n"
        "Tavallinen vastaus tähän viestiin riittää. Allekirjoitettu todistaa\n"
        "enemmän: pyytäkää valmiit lausumat (ne tekee handover sign\n"
        "--print-command) ja allekirjoittakaa se, joka pitää paikkansa:\n"
        "\n"
        "    ssh-keygen -Y sign -n handover-statement-v1 -f YOUR_KEY STATEMENT.json\n"
    )


def test_who_answered_an_earlier_round_is_named_by_the_role_in_finnish():
    world = lost(1).but(round=2, history=(rejected("Uusi Palvelin Oy"),))
    with speaking("fi"):
        told = [plain(event.what) for event in timeline(world.report)]
    assert told[:2] == [
        "Kierros 1: EPÄTÄYDELLINEN.",
        "VASTAANOTTAJA (Uusi Palvelin Oy), vastaus kierrokseen 1: tosiseikat vahvistettu, hylkää.",
    ]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("en", ["2026-12-01", "2026-11-28 22:00", "2026-11-28 22:00"]),
        ("pl", ["01.12.2026", "28.11.2026, 22:00", "28.11.2026, 22:00"]),
        ("fi", ["1.12.2026", "28.11.2026 klo 22.00", "28.11.2026 klo 22.00"]),
    ],
)
def test_dates_of_the_terms_are_written_as_the_language_does(code, told):
    with speaking(code):
        assert [agreed(date) for date in ("2026-12-01", "2026-11-28T22:00", "2026-11-28 22:00")] == told


@pytest.mark.parametrize("date", ["2026-13-01", "soon\x1b[2J", "20261201", "2026-12-01T22:00+05:00", ""])
def test_a_date_that_nobody_agreed_so_is_told_as_it_stands(date):
    with speaking("fi"):
        assert plain(agreed(date)) == date.replace("\x1b", "\\x1b")


@pytest.mark.parametrize("code", ["en", "pl", "fi"])
def test_the_table_of_folders_fits_a_terminal_with_all_its_columns(code):
    part = lost_uploads()
    long = [file(f"{'kansio-' * 6}/{n}", b"x" * 900) for n in range(9)]
    world = make_world(replace(part, source=[*(part.source or ()), *long]))
    report = msgspec.structs.replace(world.report, dates=Dates())
    with speaking(code):
        text = terminal.render(report, world.differences, folder=None, width=80, color=False)
        heads = [line.split()[-1] for line in text.splitlines() if line.startswith(f"{LABELS['folder']} ")]
        assert heads == [LABELS["size"]]
