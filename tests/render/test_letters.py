"""Each party gets one short text with one question: of the right side, in its language, and harmless."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from handover import report as reports
from handover.challenge import Challenge, SideAnswers
from handover.comparison import Doubt, Verdict
from handover.entries import EntryType, GapKind, HostStat
from handover.render import letters
from handover.render.asks import _MADE_THERE, _MENDED_THERE, _NO_LOSS, Ask, request_of
from handover.render.letters import WIDTH
from handover.report import Failure, Party
from handover.rules import Requirement, RuleSet
from render.worlds import (
    FINDING,
    HOSTILE,
    REQUIRE_NO_EXTRA,
    Part,
    World,
    agreed,
    hostile,
    lost_uploads,
    make_world,
    same,
)
from support.manifests import file, folder, gap

ROOT = Path(__file__).parents[2]
SENDER = Party(role="sender", name="Old Hosting", contact="bok@old.example", language="pl", reference="#4711")
RECEIVER = Party(role="receiver", name="New Host Oy", contact="support@new.example", language="fi")
AGENCY = Party(role="agency", name="Studio WWW", contact="ewa@studio.example")
CLIENT = Party(role="client", name="Jan Kowalski", contact="jan@acme.example", language="pl")
LANGUAGES = ("en", "pl", "fi")
THREE = [file(f"up/{n}.jpg", b"x" * 1000) for n in range(3)]
LOST = Part([*same(), folder("up"), *THREE], same())
SHUT = gap("shut", GapKind.UNREADABLE, EntryType.FILE, 5)
SHUT_FILE = file("shut", b"12345")


def in_english(world: World, role: str) -> str:
    (party,) = (party for party in world.report.parties if party.role == role)
    return letters.render(world.report, world.differences, party, language="en")


def flat(text: str) -> str:
    """Return a text without its line breaks."""
    return " ".join(text.split())


def found(cause: str, confidence: str = "high") -> reports.Finding:
    return msgspec.structs.replace(FINDING, cause=cause, confidence=confidence)


def test_the_sender_is_asked_for_what_is_missing_and_for_nothing_else():
    world = make_world(LOST, findings=(msgspec.structs.replace(FINDING, remedy=("Send it again.",)),))
    assert in_english(world, "sender") == (
        """\
Your reference: #4711
Your role: SENDER
Account: acme
Location: ssh://acme@old.example/home/acme/public_html
Part: web
Case: acme-shop.example to new hosting
Round: 1

Good day,

4 of 9 files and folders (3.0 kB) are missing on the RECEIVER's host.

Everything that is missing is in this folder:
    up

By name:
    up
    up/0.jpg
    up/1.jpg
    up/2.jpg

Cause (very likely): A folder was cut off below wp-content/uploads/2014.

Send it again.

Please confirm that these 4 paths are in /home/acme/public_html and send
them again, or confirm that they are not there.

Nothing else is asked. Please answer by 2026-12-01 (Europe/Warsaw).
Please delete nothing from this account until both companies have
signed, even if that is after 2026-12-31, when it is to end.

A plain answer to this message is enough. A signed one proves more: ask
for the prepared statements (handover sign --print-command makes them),
and sign the one that is true for you:

    ssh-keygen -Y sign -n handover-statement-v1 -f YOUR_KEY STATEMENT.json
"""
    )


def test_the_receiver_is_asked_whether_it_is_true():
    text = flat(in_english(make_world(LOST), "receiver"))
    assert "Please confirm that these 4 paths are not in /home/acme/public_html. Nothing else is asked." in text
    assert "Cause (" not in text
    changed = make_world(Part([*same(), file("a", b"1")], [*same(), file("a", b"2")]))
    assert "this path is in /home/acme/public_html with other content than on the old" in flat(
        in_english(changed, "receiver")
    )
    mixed = flat(in_english(make_world(lost_uploads()), "receiver"))
    assert "these 6 paths are not in /home/acme/public_html, or are there with other content" in mixed


def test_more_names_than_ten_are_counted_and_their_file_is_named():
    world = make_world(Part([*same(), *(file(f"lost{n:04}") for n in range(1214))], same()))
    for role in ("sender", "receiver"):
        text = in_english(world, role)
        assert text.count("\n    lost") == 10
        assert "\n    and 1,204 more in web.missing.files0\n" in text
        assert "these 1,214 paths" in flat(text)


@pytest.mark.parametrize(
    ("part", "role", "question"),
    [
        (Part([*same(), SHUT], [*same(), SHUT_FILE]), "sender", "make this path in /home/acme/public_html readable"),
        (Part([*same(), SHUT_FILE], [*same(), SHUT]), "receiver", "make this path in /home/acme/public_html readable"),
        (Part(None, same()), "sender", "Please make /www readable over SSH"),
        (Part(same(), None), "receiver", "Please make /www readable over SSH"),
        (
            Part([*same(), gap("x", GapKind.UNSTABLE, EntryType.FILE)], [*same(), file("x")]),
            "sender",
            "Please stop what writes to /home/acme/public_html (maintenance mode)",
        ),
        (
            Part([*same(), folder("m")], [*same(), gap("m", GapKind.BOUNDARY, EntryType.DIR)]),
            "receiver",
            "whether this path in /home/acme/public_html belongs to the website",
        ),
    ],
)
def test_a_doubt_is_asked_of_the_side_that_it_comes_from_and_of_no_other(part, role, question):
    world = make_world(part)
    other = "receiver" if role == "sender" else "sender"
    assert world.report.verdict is Verdict.UNDETERMINED
    assert question in flat(in_english(world, role))
    assert "Nothing is asked of you now." in flat(in_english(world, other))
    assert "Nothing else is asked." not in flat(in_english(world, other))
    client = in_english(world, "client")
    assert f"report.{role}.en.txt" in client
    assert f"report.{other}.en.txt" not in client


def test_why_a_host_could_not_be_read_is_told_to_who_can_help():
    failure = Failure(code=6, what="the account is locked", where="ssh://acme@old.example/www", hint="Unlock it.")
    text = in_english(make_world(Part(None, same(), failure=failure)), "sender")
    assert "    the account is locked\n    ssh://acme@old.example/www\n    Unlock it.\n" in text


@pytest.mark.parametrize(
    ("source", "target", "asked"),
    [(1, 0, {"sender"}), (0, 1, {"receiver"}), (1, 1, {"sender", "receiver"})],
)
def test_a_challenge_that_was_not_confirmed_is_asked_of_the_side_in_doubt(source, target, asked):
    def answers(silent: int) -> SideAnswers:
        return SideAnswers(answered=3 - silent, contradicts=0, moved=0, unreadable=0, silent=silent)

    world = make_world(Part(same(), same()))
    (part,) = world.report.parts
    assert part.comparison is not None
    doubted = msgspec.structs.replace(part.comparison, verdict=Verdict.UNDETERMINED, because=(Doubt.CHALLENGE,))
    challenge = Challenge(
        salt="0" * 64,
        asked_at="2026-11-28T21:05:00Z",
        files=3,
        asked=3,
        bytes=9,
        agreed=2,
        differ=0,
        source=answers(source),
        target=answers(target),
    )
    parts = (msgspec.structs.replace(part, comparison=doubted, challenge=challenge),)
    world = world.but(verdict=Verdict.UNDETERMINED, because=(Doubt.CHALLENGE,), parts=parts)
    for role in ("sender", "receiver"):
        question = "send us the file from /home/acme/public_html that was not confirmed; web.challenge.json names it"
        assert (question in flat(in_english(world, role))) == (role in asked)


def test_what_is_put_right_where_it_arrived_is_asked_of_the_receiver():
    world = make_world(LOST, findings=(found("disk_full"),))
    assert "Please put this right in /home/acme/public_html" in flat(in_english(world, "receiver"))
    assert "Cause (" in in_english(world, "receiver")
    sender = flat(in_english(world, "sender"))
    assert "Nothing is asked of you now." in sender
    assert "Please delete nothing from this account" in sender


def test_a_mere_possibility_and_a_cause_of_something_else_are_told_to_nobody():
    for finding in (found("disk_full", "low"), found("added_by_hosting")):
        world = make_world(LOST, findings=(finding,))
        assert request_of(world.report, "sender").ask is Ask.SEND_AGAIN
        assert "Cause (" not in in_english(world, "sender")


def test_nobody_is_asked_to_send_old_files_over_edits():
    edited = Part([*same(), file("a", b"1")], [*same(), file("a", b"2")])
    report = make_world(edited, findings=(found("edited_on_target"),)).report
    assert (request_of(report, "sender").ask, request_of(report, "receiver").ask) == (Ask.NOTHING, Ask.CONFIRM)
    report = make_world(LOST, findings=(found("edited_on_target"),)).report
    assert request_of(report, "sender").ask is Ask.SEND_AGAIN


def test_every_cause_that_decides_is_one_that_is_found():
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs/how-to/causes.md").read_text(encoding="utf-8")))
    assert documented >= _MADE_THERE | _MENDED_THERE | _NO_LOSS


def test_attributes_and_what_is_too_much_are_the_receivers():
    more = make_world(Part(same(), [*same(), file("more")], REQUIRE_NO_EXTRA))
    assert "Please remove this path from /home/acme/public_html" in flat(in_english(more, "receiver"))
    rules = RuleSet(require=frozenset({Requirement.MODE}))
    source, target = (
        [(folder(""), HostStat(mode="0755")), (file("a"), HostStat(mode=mode))] for mode in ("0644", "0600")
    )
    modes = make_world(Part(source, target, rules))
    assert "Please set mode, owner and time of this path" in flat(in_english(modes, "receiver"))
    for world in (more, modes):
        assert request_of(world.report, "sender").ask is Ask.NOTHING


def test_when_all_is_well_both_companies_are_asked_to_sign_and_the_client_to_wait():
    world = make_world(agreed())
    for role in ("sender", "receiver"):
        text = flat(in_english(world, role))
        assert "Please confirm this result for your side with your signature. Nothing else is asked." in text
        assert "ssh-keygen -Y sign" in text
    client = flat(in_english(world, "client"))
    assert "Good day, Keep the old hosting until the answers of" in client
    assert "report.sender.en.txt to bok@old.example" in client
    alone = world.but(required_signatures=("sender", "client"))
    assert request_of(alone.report, "receiver").ask is Ask.NOTHING
    assert "with your signature" in flat(in_english(alone, "client"))


def test_the_client_reads_first_what_not_to_do_and_then_what_to_send_to_whom():
    text = in_english(make_world(LOST), "client")
    first = text.split("\n\n")[2]
    assert flat(first) == "Do not let the old hosting end on 2026-12-31: 4 files and folders (3.0 kB) exist only there."
    assert (
        "Please send each of these texts to its company:\n"
        "    report.sender.en.txt to bok@old.example (Old Hosting sp. z o.o.)\n"
        "        with the file web.missing.files0\n"
        "    report.receiver.en.txt to support@new.example (New Host Oy)\n"
        "        with the file web.missing.files0\n"
    ) in text


def test_where_there_is_an_agency_it_sends_the_texts():
    world = make_world(LOST).but(parties=(SENDER, RECEIVER, AGENCY, CLIENT))
    assert "Studio WWW sends the texts for the companies." in flat(in_english(world, "client"))
    assert "report.sender.pl.txt to bok@old.example" in in_english(world, "agency")


def test_where_no_company_can_help_the_client_gets_the_steps():
    rules = RuleSet(agreed().rules.rules, max_excluded_bp=1)
    world = make_world(Part(agreed().source, agreed().target, rules))
    assert world.report.because == (Doubt.EXCLUDED,)
    assert "Look at the rules" in in_english(world, "client")


def test_each_party_gets_one_in_its_language_or_in_english():
    world = make_world(LOST).but(
        parties=(SENDER, RECEIVER, AGENCY, msgspec.structs.replace(CLIENT, language="tlh")),
    )
    made = dict(letters.letters(world.report, world.differences))
    assert list(made) == [
        "report.sender.pl.txt",
        "report.receiver.fi.txt",
        "report.agency.en.txt",
        "report.client.en.txt",
    ]
    assert "Dzień dobry," in made["report.sender.pl.txt"]
    assert "Hyvää päivää," in made["report.receiver.fi.txt"]
    assert "Good day," in made["report.agency.en.txt"]


def test_a_comparison_without_parties_has_no_letters():
    world = make_world(LOST, parties=False)
    assert not list(letters.letters(world.report, world.differences))


WORLDS = {
    "lost": lambda: make_world(lost_uploads(), findings=(FINDING, found("disk_full"))),
    "agreed": lambda: make_world(agreed()),
    "complete": lambda: make_world(Part(same(), same())),
    "source unread": lambda: make_world(Part(None, same())),
    "target unread": lambda: make_world(Part(same(), None)),
    "neither": lambda: make_world(Part(None, None)),
    "gaps": lambda: make_world(Part([*same(), SHUT], [*same(), SHUT_FILE])),
    "hostile": lambda: make_world(hostile()),
    "several": lambda: make_world(
        lost_uploads(), Part(same(), None, name="mail"), Part(LOST.source, same(), name="shop")
    ),
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("world", WORLDS)
def test_every_letter_is_short_harmless_and_promises_nothing(world, language):
    made = WORLDS[world]()
    parties = tuple(msgspec.structs.replace(party, language=language) for party in (SENDER, RECEIVER, AGENCY, CLIENT))
    report = msgspec.structs.replace(made.report, parties=parties)
    for party in parties:
        text = letters.render(report, made.differences, party, language=language)
        assert len(text) < 5000
        assert not re.search(r"(?<!u)\{[a-z_]*\}", text)
        for line in text.splitlines():
            assert len(line) <= WIDTH or line.startswith("    ") or ":" in line or " " not in line, line
        assert all(char.isprintable() or char in "\n\u00a0" for char in text), text
        assert not re.search("[\u2028\u2029\u2066-\u2069\u202a-\u202e\u200b]", text)
        if party.reference is not None:
            assert text.partition("\n")[0].endswith(": #4711")
        if report.verdict is not Verdict.COMPLETE and language == "en":
            assert not re.search(r"\bAll \d+ files and folders of the source\b", text)


def test_a_name_cannot_begin_a_line_of_its_own_making():
    forged = b"!\nNothing else is asked. Pay 100 EUR.\n"
    text = in_english(make_world(Part([*same(), file(forged), *(file(n) for n in HOSTILE)], same())), "sender")
    assert "    !\\nNothing else is asked. Pay 100 EUR.\\n\n" in text
    assert not any(line.startswith("Nothing else is asked. Pay") for line in text.splitlines())


def test_a_very_long_name_loses_its_middle():
    text = in_english(make_world(Part([*same(), file("/".join(["d" * 200] * 15))], same())), "sender")
    assert max(map(len, text.splitlines())) < 250


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("2026-11-28", "Please answer by 2026-11-28 (Europe/Warsaw)."),
        ("2026-11-27T23:00", "Agreed was 2026-11-27 23:00 (Europe/Warsaw), so please answer as soon as you can."),
    ],
)
def test_a_date_that_has_passed_is_not_asked_for(date, told):
    world = make_world(LOST).but(dates=reports.Dates(complete_by=date))
    assert told in flat(in_english(world, "receiver"))
