"""What findings say is harmless, and what they propose can be pasted."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnosis.parts import Part, site, stat
from handover import paths
from handover.diagnosis import words
from handover.sentences import told
from support.manifests import file, folder, link

nasty = st.text("a-'\"“”$`\\\n\x1b\u202e\u200bé/ {}", min_size=1, max_size=8).map(str.encode)


@given(nasty | st.binary(max_size=6))
def test_a_quoted_name_cannot_end_its_quotation_or_steer_a_terminal(name):
    text = told(words.quoted(name))
    assert text[0] == "“"
    assert text[-1] == "”"
    assert not set(text[1:-1]) & set("“”„\n\x1b\u202e\u200b")


@given(nasty)
def test_a_name_in_a_command_is_one_word_and_no_option(name):
    word = words.argument(name)
    if word is None:
        return
    done = subprocess.run(["sh", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout.removeprefix(b"./") == name.removeprefix(b"./")
    assert not done.stdout.startswith(b"-")


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (99_949, "99.9 kB"), (100_000, "100 kB"),
     (999_600, "1.0 MB"), (2**31, "2.1 GB"), (2**53, "9.0 PB")],
)  # fmt: skip
def test_sizes_are_told_as_people_say_them(n, text):
    assert told(words.size(n)) == text


def test_times_far_away_are_told_all_the_same():
    assert told(words.moment(0)) == "1970-01-01 00:00 UTC"
    assert told(words.moment(10**30)).endswith(" s")


HOSTILE = [
    b"a\n\x1b[31mb",
    "“; rm -rf ~”".encode(),
    "\u202egnp.exe".encode(),
    b"\xff\xfe",
    b"$(id)",
    b"-rf",
    b"{x}",
    b"%s",
]


def test_findings_about_hostile_names_are_harmless_in_every_text():
    source, target = site(), site()
    for name in HOSTILE:
        source.append((folder(name), stat(mode="0755")))
        for n in range(4):
            source.append((file(name + b"/%d.jpg" % n, name + b"%d" % n), stat()))
            target.append((file(name + b"-%d.filepart" % n, b"piece"), stat()))
        source.append(link(name + b"-link", name))
        target.append(link(name + b"-link", b"other " + name))
        source.append((file(b"dir1/" + name + b".mp4", b"full"), stat()))
        target.append((file(b"dir1/" + name + b".mp4", b""), stat()))
    findings = Part(source, target).findings()
    assert len(findings) >= 3
    for finding in findings:
        for text in (finding.title, *finding.evidence, *finding.remedy, *(fact.value for fact in finding.facts)):
            assert paths.shown(text.replace("\\", "")) == text.replace("\\", ""), text
