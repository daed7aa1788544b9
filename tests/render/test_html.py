"""The HTML report stands alone, says everything, and nothing in it can act."""

import base64
import hashlib
import html as entities
import itertools
import re
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jinja2
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handover import digests, paths
from handover.evidence.statement import Decision, Facts
from handover.render import html
from handover.render.wording import language
from render.worlds import (
    CUSTODY,
    FINDING,
    HOSTILE,
    KEY,
    Part,
    agreed,
    hostile,
    lost_uploads,
    make_world,
    same,
)
from support.manifests import file

VOID = {"meta", "br", "rect", "input"}
ELEMENTS = {
    "html head meta title style body header main footer section article p h1 h2 h3 h4 ul ol li dl div dt dd",
    "table caption thead tbody tr th td details summary pre code bdi small span svg rect text br",
    "nav a label input output button script",
}
ATTRIBUTES = {
    "lang charset http-equiv content name class id aria-labelledby aria-label aria-hidden role tabindex dir scope",
    "viewbox preserveaspectratio x y width height open",
    "href for type hidden autocomplete autocapitalize spellcheck data-words aria-current",
}


class Page(HTMLParser):
    """What a browser makes of the page: elements, attributes, text; every element must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.comments: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    @property
    def shown(self) -> str:
        return "".join(self.text)


def page_of(*parts: Part, **options) -> tuple[str, Page]:
    world = make_world(*parts, **options)
    text = html.render(world.report, world.excerpts)
    return text, Page(text)


def assert_harmless(page: Page) -> None:
    assert {tag for tag, _ in page.tags} <= set(" ".join(ELEMENTS).split())
    assert {name for _, attributes in page.tags for name in attributes} <= set(" ".join(ATTRIBUTES).split())
    assert page.comments == []
    for _, attributes in page.tags:
        assert all("<" not in (value or "") for value in attributes.values())
    text = page.shown.replace("\n", "")
    assert text.isprintable()


def test_nothing_is_loaded_and_nothing_can_run():
    text, page = page_of(lost_uploads(), findings=(FINDING,))
    assert_harmless(page)
    markup = text.replace(script_of(text), "")
    assert not re.search(r"\b(?:src|srcset|action|on\w+)\s*=|url\(|@import|style=", markup)
    assert all(a["href"].startswith("#") for _, a in page.tags if "href" in a)
    assert not re.search(
        r"fetch|XMLHttp|import|eval|innerHTML|document\.write|Function|cookie|location", script_of(text)
    )


def script_of(text: str) -> str:
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    return script


def test_the_policy_allows_only_the_style_and_the_script_that_are_there():
    text, page = page_of(Part(same(), same()))
    (policy,) = [a["content"] for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    allowed = [
        f"'sha256-{base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()}'"
        for own in (style, script_of(text))
    ]
    assert policy == (
        f"default-src 'none'; style-src {allowed[0]}; script-src {allowed[1]}; base-uri 'none'; form-action 'none'"
    )


def test_the_policy_comes_before_everything_that_it_governs():
    text, _ = page_of(Part(same(), same()))
    assert text.index("Content-Security-Policy") < text.index("<title") < text.index("<style")


def test_hostile_names_are_shown_and_do_nothing():
    world = make_world(hostile())
    text = html.render(world.report, world.excerpts)
    page = Page(text)
    assert_harmless(page)
    for name in HOSTILE:
        assert paths.shown(name) in page.shown
    assert text.count("<script") == 1
    assert "{{7*7}}" in page.shown


@settings(max_examples=40, deadline=None)
@given(st.text("<>&\"'{}%#\x1b\n\u202e\u2066\u2069\u200b\\é=/-", min_size=1, max_size=10))
def test_any_name_is_shown_exactly_and_isolated(raw):
    name = raw.encode("utf-8").strip(b"/") or b"x"
    if not paths.possible(name):
        name = b"x" + name.replace(b"/", b"_")
    text, page = page_of(Part([file(name)], []))
    assert_harmless(page)
    assert paths.shown(name) in map(entities.unescape, re.findall(r'<bdi dir="ltr">(.*?)</bdi>', text))


@pytest.mark.parametrize("field", ["name", "contact", "reference"])
def test_foreign_words_of_the_terms_are_harmless(field):
    nasty = "<img src=x onerror=alert(1)>\x1b[2J\u202e\u2066\"'"
    world = make_world(Part(same(), same()))
    party = msgspec.structs.replace(world.report.parties[0], **{field: nasty})
    world = world.but(parties=(party,), case=msgspec.structs.replace(world.report.case, name=nasty, id=nasty))
    page = Page(html.render(world.report, world.excerpts))
    assert_harmless(page)
    assert paths.shown(nasty) in page.shown


def test_findings_of_another_program_are_harmless():
    nasty = "{{7*7}}<b>\x1b[31m"
    finding = msgspec.structs.replace(FINDING, title=nasty, part=nasty, evidence=(nasty,), remedy=(nasty,))
    _, page = page_of(lost_uploads(), findings=(finding,))
    assert_harmless(page)
    assert paths.shown(nasty) in page.shown


def test_an_unmarked_foreign_string_is_escaped_by_the_page_itself():
    assert str(html._safe("<b>\x1b\u202e")) == r"&lt;b&gt;\x1b\u{202e}"
    assert str(html._safe(language.BEGIN + "a" + language.BEGIN + "b<" + language.END)) == 'a<bdi dir="ltr">b&lt;</bdi>'


def test_the_same_report_gives_the_same_bytes():
    first, second = (page_of(lost_uploads(), hostile_named("other"))[0] for _ in range(2))
    assert first == second


def hostile_named(name: str) -> Part:
    return replace(hostile(), name=name)


def test_the_verdict_is_the_first_thing_said_and_never_alone():
    _, page = page_of(lost_uploads(), findings=(FINDING,))
    shown = page.shown[page.shown.index("acme-shop.example", page.shown.index("Handover report")) :]
    order = [
        "acme-shop.example to new hosting",
        "NOT COMPLETE",
        "4 of 17 files and folders (2.1 MB) are missing on the RECEIVER's host",
        "FILES not complete",
        "DATABASE not part of this handover",
        "Contents were compared with SHA-256.",
        "What to do now",
        "What arrived and what did not",
        "Likely causes",
        "Where it differs",
        "What could not be checked",
        "Agreed and left out",
        "Differences by name",
        "Timeline of the case",
        "Who signs",
        "Who read what, and when",
        "How to check this report",
        "What this can not prove",
    ]
    begin, end = shown.index("What arrived and"), shown.index("How to check this report")
    body = shown[:begin] + shown[end + len("How to check this report") :]
    places = [body.index(words) for words in order]
    assert places == sorted(places)


def test_who_vouched_and_who_ran_which_scan_is_told():
    _, page = page_of(lost_uploads())
    for words in (
        CUSTODY.key,
        "2026-11-20 10:00:00 UTC",
        "Anna, Old Hosting sp. z o.o., self-declared: run by the one who answers for this host",
        "Jan Kowalski, witnessed: run by another party",
        "SHA256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "#4711",
        "complete by2026-12-01",
    ):
        assert words in page.shown.replace("\n", "")


def test_receipts_are_there_only_without_gaps():
    world = make_world(lost_uploads())
    page = Page(html.render(world.report, world.excerpts))
    root = world.report.parts[0].source.content_root
    assert digests.receipt(root) in page.shown
    assert "none, because there are gaps" in page.shown


def test_a_rule_is_told_with_what_it_leaves_out():
    _, page = page_of(agreed())
    assert "cache/**" in page.shown
    assert "Rules leave out or agree to 4 of 44 files of the source (33 bytes, 12.09 %)." in page.shown


def test_tables_are_capped_and_say_so():
    world = make_world(Part([file(f"f{n}") for n in range(40)], [file(f"g{n}") for n in range(5)]))
    page = Page(html.render(world.report, world.excerpts, limit=20))
    assert "15 of 40 shown" in page.shown
    assert sum("is not on the" in text for text in page.text) == 20


def test_one_sided_rounds_have_a_report_too():
    _, page = page_of(Part(None, same()))
    assert "There is nothing to compare with, because the SENDER's host was not read." in page.shown
    _, page = page_of(Part(None, None))
    assert "Neither side was read" in page.shown
    assert "This part was not compared." in page.shown
    assert "could be read" not in page.shown


def test_every_table_says_what_it_is_and_what_its_cells_are_about():
    text, page = page_of(lost_uploads(), agreed_named("static"), findings=(FINDING,))
    assert text.count("<table") == text.count("<caption")
    assert all(attributes.get("scope") in ("row", "col") for tag, attributes in page.tags if tag == "th")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    pointing = {"aria-labelledby": "", "for": "", "href": "#"}
    for name, prefix in pointing.items():
        assert {a[name].removeprefix(prefix) for _, a in page.tags if name in a} <= set(ids)
    sections = {a.get("id") or a.get("aria-labelledby") for tag, a in page.tags if tag == "section"}
    assert None not in sections


def agreed_named(name: str) -> Part:
    return replace(agreed(), name=name)


def test_a_key_that_cannot_sign_gets_no_ready_line():
    world = make_world(Part(same(), same()))
    party = msgspec.structs.replace(world.report.parties[0], keys=("ssh-rsa AAAA <b>", KEY))
    page = Page(html.render(world.but(parties=(party,)).report, world.excerpts))
    assert_harmless(page)
    assert "a key that cannot be used" in page.shown
    assert page.shown.count('namespaces="handover-statement-v1"') == 1


def test_the_template_has_no_words_of_its_own():
    source = (Path(html.__file__).parent / "templates" / "report.html").read_text()
    bare = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<[^>]*>", " ", source, flags=re.DOTALL)
    assert not re.search(r"[A-Za-z]", bare)
    labels = re.findall(r'aria-label="([^"{]*)', source)
    assert set(labels) <= {"", "allowed_signers"}


def test_a_label_that_is_missing_is_an_error_and_not_a_hole_in_the_page():
    environment = html._page().environment
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ t.no_such_label }}").render()


def test_the_commands_that_it_prints_check_a_signed_bundle_with_stock_tools_alone(tmp_path):
    keys = {role: make_key(tmp_path / f"{role}.key") for role in ("sender", "receiver")}
    world = make_world(lost_uploads())
    parties = tuple(
        msgspec.structs.replace(party, keys=(keys[party.role],)) if party.role in keys else party
        for party in world.report.parties
    )
    page_text = html.render(world.but(parties=parties).report, world.excerpts)
    page = Page(page_text)
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "report.en.html").write_text(page_text, encoding="utf-8")
    with (bundle / "SHA256SUMS").open("wb") as sums:
        subprocess.run(["sha256sum", "report.en.html"], cwd=bundle, stdout=sums, check=True)
    for role in keys:
        statement = bundle / f"1.{role}.statement.json"
        statement.write_text(f'{{"subject": "{role}", "facts": "{Facts.DISPUTED}", "decision": "{Decision.REJECT}"}}\n')
        sign = ["ssh-keygen", "-q", "-Y", "sign", "-f", tmp_path / f"{role}.key", "-n", "handover-statement-v1"]
        subprocess.run([*sign, statement], check=True, capture_output=True)
    blocks = [block for block in page.shown.splitlines() if block]
    signers = [line for line in blocks if 'namespaces="handover-statement-v1"' in line]
    (tmp_path / "allowed_signers").write_text("\n".join(signers) + "\n")
    printed = [line for line in blocks if line.startswith(("sha256sum -c", "ssh-keygen -Y verify"))]
    assert len(printed) == 3
    for command in printed:
        assert subprocess.run(["sh", "-c", command], cwd=bundle, capture_output=True, check=False).returncode == 0
    (bundle / "1.sender.statement.json").write_text("{}\n")
    assert subprocess.run(["sh", "-c", printed[1]], cwd=bundle, capture_output=True, check=False).returncode != 0


def make_key(path: Path) -> str:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)
    return path.with_suffix(".key.pub").read_text().strip()
