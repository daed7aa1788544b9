"""Polish is said right: each number with its noun and verb, each host in its case, each date as people write it.

Whoever changes one of these sentences has to read it as its reader does.
"""

from __future__ import annotations

import pytest

from diagnosis import parts as diagnosed
from handover.entries import EntryType, GapKind
from handover.evidence.pdf_findings import PdfSignature, PdfState
from handover.evidence.statement import PartyRole
from handover.render import letters
from handover.render.wording import codes, language, pdfs
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import headline
from handover.render.wording.language import plain, speaking
from handover.render.wording.timeline import timeline
from handover.report import Dates, Party
from render.worlds import REQUIRE_NO_EXTRA, Part, World, agreed, make_world, rejected, same
from support.manifests import file, folder, gap

SENDER = Party(role="sender", name="Stary Hosting sp. z o.o.", reference="SH/4711", language="pl")


def lost(count: int) -> Part:
    """A folder is lost; it counts with what is in it."""
    return Part([*same(9), folder("up"), *(file(f"up/{n}.jpg", b"x" * 1000) for n in range(count - 1))], same(9))


def changed(count: int) -> Part:
    source, target = ([file(f"f{n}", content) for n in range(count)] for content in (b"1", b"2"))
    return Part([*same(), *source], [*same(), *target])


def unread(count: int) -> Part:
    source = [file(f"f{n}", b"1") for n in range(count)]
    return Part(
        [*same(), *source], [*same(), *(gap(f"f{n}", GapKind.UNREADABLE, EntryType.FILE, 1) for n in range(count))]
    )


def spaced(text: str) -> str:
    """Return a text with a tilde where no line may break."""
    return plain(text).replace("\u00a0", "~")


@pytest.mark.parametrize(
    ("part", "first", "action"),
    [
        (
            lost(1),
            "Na serwerze STRONY PRZYJMUJĄCEJ brakuje 1 z 12 plików i folderów (0 bajtów), z folderu up.",
            "1 plik lub folder (0 bajtów) istnieje tylko tam.",
        ),
        (
            lost(2),
            "Na serwerze STRONY PRZYJMUJĄCEJ brakuje 2 z 13 plików i folderów (1,0~kB), wszystkich z folderu up.",
            "2 pliki i foldery (1,0~kB) istnieją tylko tam.",
        ),
        (
            lost(5),
            "Na serwerze STRONY PRZYJMUJĄCEJ brakuje 5 z 16 plików i folderów (4,0~kB), wszystkich z folderu up.",
            "5 plików i folderów (4,0~kB) istnieje tylko tam.",
        ),
        (
            lost(22),
            "Na serwerze STRONY PRZYJMUJĄCEJ brakuje 22 z 33 plików i folderów (21~kB), wszystkich z folderu up.",
            "22 pliki i foldery (21~kB) istnieją tylko tam.",
        ),
        (
            lost(1214),
            (
                "Na serwerze STRONY PRZYJMUJĄCEJ brakuje 1~214 z 1~225 plików i folderów (1,2~MB), wszystkich z "
                "folderu up."
            ),
            "1~214 plików i folderów (1,2~MB) istnieje tylko tam.",
        ),
        (
            changed(1),
            "1 plik lub dowiązanie ma inną treść na serwerze STRONY PRZYJMUJĄCEJ.",
            "1 plik lub dowiązanie jest w pierwotnej postaci tylko tam.",
        ),
        (
            changed(3),
            "3 pliki lub dowiązania mają inną treść na serwerze STRONY PRZYJMUJĄCEJ.",
            "3 pliki i dowiązania są w pierwotnej postaci tylko tam.",
        ),
        (
            changed(12),
            "12 plików lub dowiązań ma inną treść na serwerze STRONY PRZYJMUJĄCEJ.",
            "12 plików i dowiązań jest w pierwotnej postaci tylko tam.",
        ),
        (
            unread(1),
            (
                "Nie stwierdzono strat, a 1 ścieżki nie dało się porównać z powodu tego, czego nie można było "
                "odczytać na serwerze STRONY PRZYJMUJĄCEJ."
            ),
            "1 plik lub folder być może istnieje tylko tam.",
        ),
        (
            unread(23),
            (
                "Nie stwierdzono strat, a 23 ścieżek nie dało się porównać z powodu tego, czego nie można było "
                "odczytać na serwerze STRONY PRZYJMUJĄCEJ."
            ),
            "23 pliki i foldery być może istnieją tylko tam.",
        ),
        (
            Part(same(), None),
            (
                "Nie ma z czym porównać, ponieważ nie odczytano serwera STRONY PRZYJMUJĄCEJ. Na serwerze STRONY "
                "PRZEKAZUJĄCEJ: 5 wpisów (18 bajtów)."
            ),
            "5 plików i folderów być może istnieje tylko tam.",
        ),
    ],
)
def test_what_is_lost_and_what_not_to_do(part, first, action):
    report = make_world(part).report
    with speaking("pl"):
        assert spaced(headline(report).sentences[0]) == first
        assert (
            spaced(first_action(report)) == f"Proszę nie dopuścić, by dotychczasowy hosting wygasł 31.12.2026: {action}"
        )


@pytest.mark.parametrize(
    ("part", "first", "action"),
    [
        (
            agreed(),
            "Na serwerze DOCELOWYM jest komplet 42 plików i folderów, które się liczą (240 bajtów), z tą samą treścią.",
            "Proszę zachować ten raport: po zamknięciu dotychczasowego hostingu nikt już nie sporządzi go ponownie.",
        ),
        (
            Part([file("a", b"1")], [file("a", b"1")]),
            "Na serwerze DOCELOWYM jest komplet 2 plików i folderów źródła (1 bajt) z tą samą treścią.",
            "Proszę zachować ten raport: po zamknięciu dotychczasowego hostingu nikt już nie sporządzi go ponownie.",
        ),
        (
            Part(same(), [*same(), file("x", b"1")], REQUIRE_NO_EXTRA),
            "Na serwerze DOCELOWYM jest więcej, niż miało być przeniesione.",
            "Proszę jeszcze nie przyjmować: najpierw trzeba usunąć nieprawidłowości na serwerze DOCELOWYM.",
        ),
        (
            lost(5),
            "Na serwerze DOCELOWYM brakuje 5 z 16 plików i folderów (4,0~kB), wszystkich z folderu up.",
            "Proszę nie rezygnować z dotychczasowego hostingu: 5 plików i folderów (4,0~kB) istnieje tylko tam.",
        ),
    ],
)
def test_without_parties_the_hosts_are_named(part, first, action):
    report = make_world(part, parties=False).report
    with speaking("pl"):
        assert spaced(headline(report).sentences[0]) == first
        assert spaced(first_action(report)) == action


def test_a_text_to_a_company_is_polite_and_whole():
    world = make_world(lost(4))
    assert letters.render(world.report, world.differences, SENDER, language="pl").replace("\u00a0", "~") == (
        """\
Państwa numer sprawy: SH/4711
Państwa rola: STRONA PRZEKAZUJĄCA
Konto: acme
Lokalizacja: ssh://acme@old.example/home/acme/public_html
Część: web
Sprawa: acme-shop.example to new hosting
Runda: 1

Dzień dobry,

Na serwerze STRONY PRZYJMUJĄCEJ brakuje 4 z 15 plików i folderów
(3,0~kB).

Wszystko, czego brakuje, jest w tym folderze:
    up

Nazwy:
    up
    up/0.jpg
    up/1.jpg
    up/2.jpg

Proszę potwierdzić, że te 4 ścieżki są w /home/acme/public_html, i
przesłać je ponownie albo potwierdzić, że ich tam nie ma.

O nic więcej nie prosimy. Proszę o odpowiedź do 01.12.2026
(Europe/Warsaw). Proszę niczego nie usuwać z tego konta, dopóki obie
firmy nie złożą podpisów, nawet jeśli nastąpi to po 31.12.2026, gdy
konto ma wygasnąć.

Wystarczy zwykła odpowiedź na tę wiadomość. Podpisana dowodzi więcej:
proszę poprosić o przygotowane oświadczenia (tworzy je handover sign
--print-command) i podpisać to, które jest zgodne z prawdą:

    ssh-keygen -Y sign -n handover-statement-v1 -f YOUR_KEY STATEMENT.json
"""
    )


def test_a_finding_of_the_diagnosis_is_told_in_polish():
    items = diagnosed.site()
    (finding,) = diagnosed.Part(items, diagnosed.without(items, b"dir2")).findings()
    with speaking("pl"):
        told = codes.finding_texts(finding)
        assert spaced(codes.explains(finding)) == "Wyjaśnia 11 różnic w części web (100%)."
    assert (spaced(told.title), *map(spaced, told.evidence)) == (
        "Brakuje folderu „dir2” z całą zawartością",
        "W źródle to 10 plików (3,8~kB); żaden nie dotarł.",
        "To, co leży obok, dotarło: 50 plików.",
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("absent", "nie ma na serwerze STRONY PRZYJMUJĄCEJ"),
        ("unreadable_source", "nie dało się odczytać na serwerze STRONY PRZEKAZUJĄCEJ"),
        ("not_read_target", "nie odczytano serwera STRONY PRZYJMUJĄCEJ"),
        ("unclosed_target", "na serwerze STRONY PRZYJMUJĄCEJ blok wskazany w regule zaczyna się, ale nie kończy"),
        (
            "without_rule_source",
            "skan serwera STRONY PRZEKAZUJĄCEJ wykonano bez reguły, która może to dopuszczać",
        ),
    ],
)
def test_a_reason_has_its_host_in_the_right_case(code, told):
    with speaking("pl"):
        assert codes.why(code, codes.sides_of(make_world(lost(2)).report)) == told


def test_roles_are_told_in_polish_wherever_somebody_signed():
    world = answered(make_world(lost(2)))
    signed = PdfSignature(
        field="receiver", role=PartyRole.RECEIVER, signer="Aino", certificate="ab" * 32,
        signed_at="2026-11-28T10:00:00Z", intact=True, trusted=True, why=(),
    )  # fmt: skip
    with speaking("pl"):
        assert [plain(event.what) for event in timeline(world.report)][:2] == [
            "Runda 1: NIEKOMPLETNE.",
            "STRONA PRZYJMUJĄCA (New Host Oy) – odpowiedź na rundę 1: fakty potwierdzone, odrzuca.",
        ]
        assert plain(pdfs.signature(signed, PdfState.SIGNED)) == (
            "STRONA PRZYJMUJĄCA: podpis nienaruszony i zaufany. Podaje czas 28.11.2026, 10:00:00 UTC, certyfikat "
            "abababababababab, wystawiony dla: Aino"
        )


def answered(world: World) -> World:
    return world.but(round=2, history=(rejected(),))


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("2026-12-01", ["2026-12-01", "01.12.2026", "1.12.2026"]),
        ("2026-12-01T08:05", ["2026-12-01 08:05", "01.12.2026, 08:05", "1.12.2026 klo 8.05"]),
        ("2026-12-01 08:05:09", ["2026-12-01 08:05:09", "01.12.2026, 08:05:09", "1.12.2026 klo 8.05.09"]),
        ("2026-02-31", ["2026-02-31"] * 3),
        ("20261201", ["20261201"] * 3),
        ("2026-12-01T08+02:00", ["2026-12-01T08+02:00"] * 3),
        ("soon\x1b[2J", ["soon\\x1b[2J"] * 3),
    ],
)
def test_a_date_of_the_terms_is_written_as_the_language_does(date, told):
    said = []
    for code in ("en", "pl", "fi"):
        with speaking(code):
            said.append(plain(language.agreed(date)))
    assert said == told


def test_a_date_that_has_passed_is_told_as_one():
    world = make_world(lost(2)).but(dates=Dates(complete_by="2026-11-27"))
    text = " ".join(letters.render(world.report, world.differences, SENDER, language="pl").split())
    assert "Uzgodnionym terminem był 27.11.2026 (Europe/Warsaw), proszę więc o odpowiedź jak najszybciej." in text
