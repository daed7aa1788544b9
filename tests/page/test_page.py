"""The page in a real browser: for everybody, on every screen, with and without scripts, and with hostile names."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest

from handover import paths
from handover.render import html
from page.conftest import drawn
from render.worlds import HOSTILE, Part, make_world
from support.chromium import Browser, Page
from support.manifests import file, folder

PHONE, DESKTOP = 390, 1280
AXE = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
#: Everything that WCAG 2.2 asks for on level A and AA, and what axe calls best practice.
RULES = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
CODES = {"Tab": 9, "Enter": 13, " ": 32}


def violations(page: Page) -> list[str]:
    # The page's own policy lets no foreign script in; the browser's tools may.
    page.js(AXE + "; 0")
    found = page.js(f"axe.run(document, {RULES})")["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def rows_shown(page: Page) -> list[str]:
    return page.js(
        "[...document.querySelectorAll('#names tbody tr')].filter(row => row.checkVisibility())"
        ".map(row => row.querySelector('th').textContent)"
    )


@pytest.mark.parametrize(
    ("name", "width", "dark"),
    [
        ("full", PHONE, False),
        ("full", PHONE, True),
        ("full", DESKTOP, False),
        ("full", DESKTOP, True),
        ("complete", PHONE, True),
        ("nasty", DESKTOP, False),
        ("polish", PHONE, False),
        ("finnish", PHONE, True),
    ],
)
def test_nobody_is_kept_out(browser: Browser, request, name, width, dark):
    page = browser.page(request.getfixturevalue(name), width=width, dark=dark)
    page.js("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize(
    ("name", "width"),
    [
        *((name, width) for name in ("full", "nasty") for width in (320, PHONE, 768, DESKTOP)),
        ("polish", 320),
        ("finnish", 320),
    ],
)
def test_nothing_has_to_be_scrolled_sideways(browser: Browser, request, name, width):
    page = browser.page(request.getfixturevalue(name), width=width)
    page.js("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    assert page.js("document.documentElement.scrollWidth") == width
    wide = page.js(
        "[...document.body.querySelectorAll('*')].filter(e => !e.closest('pre, svg') && e.getBoundingClientRect().right"
        " > innerWidth + 1).map(e => e.outerHTML.slice(0, 200))"
    )
    assert wide == []
    page.close()


def test_nothing_is_asked_from_anywhere_and_nothing_is_blocked(browser: Browser, nasty: Path):
    page = browser.page(nasty)
    assert page.requested() == [nasty.resolve().as_uri()]
    assert page.complaints() == []
    page.close()


def test_hostile_names_stay_text(browser: Browser, nasty: Path):
    page = browser.page(nasty)
    assert page.js("document.scripts.length") == 1
    told = page.js("document.body.textContent")
    for name in HOSTILE:
        assert paths.shown(name) in told
    around = page.js("[...document.querySelectorAll('#names th.name bdi')].map(e => getComputedStyle(e).unicodeBidi)")
    assert set(around) == {"isolate"}
    page.close()


def test_search_shows_the_rows_that_have_all_words_and_says_how_many(browser: Browser, full: Path):
    page = browser.page(full)
    all_rows = page.js("document.querySelectorAll('#names tbody tr').length")
    before = rows_shown(page)
    page.js("document.getElementById('find').focus()")
    page.type("2014 MORE-00")
    assert rows_shown(page) == [f"wp-content/uploads/2014/more-{n:03d}.jpg" for n in range(10)]
    assert page.js("document.getElementById('found').textContent") == f"Found: 10 of {all_rows}"
    assert page.js("document.getElementById('found').getAttribute('role') || 'status'") == "status"
    page.type("no such thing")
    assert rows_shown(page) == []
    assert page.js("document.getElementById('found').textContent") == f"Found: 0 of {all_rows}"
    page.js("box = document.getElementById('find'); box.value = ''; box.dispatchEvent(new Event('input'))")
    assert rows_shown(page) == before
    assert page.js("document.getElementById('found').textContent") == ""
    page.close()


def test_everything_can_be_reached_and_folded_with_the_keyboard(browser: Browser, full: Path):
    page = browser.page(full)
    reached = []
    for _ in range(80):
        page.press("Tab", CODES["Tab"])
        if page.js("document.activeElement === document.body"):
            break
        reached.append(page.js("document.activeElement.tagName"))
        assert page.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached.count("SUMMARY") == page.js(
        "[...document.querySelectorAll('summary')].filter(e => e.checkVisibility()).length"
    )
    assert {"A", "INPUT", "BUTTON", "PRE"} <= set(reached)
    page.js("document.querySelector('#names details:not([open]) summary').focus()")
    assert not page.js("document.activeElement.parentElement.open")
    page.press("Enter", CODES["Enter"], "\r")
    assert page.js("document.activeElement.parentElement.open")
    page.press(" ", CODES[" "], " ")
    assert not page.js("document.activeElement.parentElement.open")
    page.close()


def test_all_folds_are_opened_and_closed_at_once(browser: Browser, full: Path):
    page = browser.page(full)
    page.js("document.getElementById('unfold').click()")
    assert page.js("document.querySelectorAll('details:not([open])').length") == 0
    page.js("document.getElementById('fold').click()")
    assert page.js("document.querySelectorAll('details[open]').length") == 0
    page.close()


def test_without_scripts_everything_is_there_but_the_search_box(browser: Browser, full: Path):
    page = browser.page(full, scripts=False)
    assert not page.js("document.getElementById('tools').checkVisibility()")
    page.js("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    there = "[...document.querySelectorAll('tr, li, h2, pre, .first')].filter(e => !e.checkVisibility()).length"
    assert page.js(there) == 0
    assert len(rows_shown(page)) == page.js("document.querySelectorAll('#names tbody tr').length") > 30
    page.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_on_paper_nothing_is_folded_away_and_nothing_is_there_to_click(browser: Browser, full: Path, scripts):
    page = browser.page(full, scripts=scripts)
    if scripts:
        page.js("document.getElementById('find').focus()")
        page.type("more-001")
    page.ask("Emulation.setEmulatedMedia", media="print")
    assert len(rows_shown(page)) == page.js("document.querySelectorAll('#names tbody tr').length") > 30
    for gone in ("nav", "#tools", ".map.tall"):
        assert not page.js(f"document.querySelector('{gone}').checkVisibility()")
    assert page.js("document.querySelector('.map.wide').checkVisibility()")
    assert page.pdf().startswith(b"%PDF-")
    page.close()


def test_a_phone_gets_the_tall_picture_and_a_desktop_the_wide_one(browser: Browser, full: Path):
    for width, kind in ((PHONE, "tall"), (DESKTOP, "wide")):
        page = browser.page(full, width=width)
        assert page.js("[...document.querySelectorAll('.map')].filter(map => map.checkVisibility()).length") == 2
        assert page.js(f"document.querySelector('.map.{kind}').checkVisibility()")
        page.close()


def test_what_is_said_first_is_on_the_first_screen_of_a_phone(browser: Browser, full: Path):
    page = browser.page(full, width=PHONE, height=844)
    assert page.js("document.querySelector('.first').getBoundingClientRect().bottom") <= 844
    page.close()


def test_a_screen_reader_hears_the_picture_as_one_image_with_a_table(browser: Browser, full: Path):
    page = browser.page(full)
    nodes = page.ask("Accessibility.getFullAXTree")["nodes"]
    images = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "image"]
    assert any(re.match("Folders by size, and what became of them", image) for image in images)
    assert page.js("document.querySelector('.map ~ details table caption').textContent").startswith("Folders with")
    page.close()


def test_a_report_with_as_many_rows_as_it_may_have_opens_at_once(browser: Browser, folder_of_pages: Path):
    names = [f"wp-content/uploads/{n % 12:04d}/{'picture-' * 9}{n:06d}.jpeg" for n in range(html.LIMIT + 500)]
    folders = [
        folder("wp-content"),
        folder("wp-content/uploads"),
        *(folder(f"wp-content/uploads/{n:04d}") for n in range(12)),
    ]
    path = drawn(
        folder_of_pages / "long.html", make_world(Part([*folders, *(file(name, b"1") for name in names)], folders))
    )
    page = browser.page(path, width=PHONE)
    assert page.js("document.querySelectorAll('#names tbody tr').length") == html.LIMIT
    page.js("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    timing = page.js("performance.getEntriesByType('navigation')[0].toJSON()")
    assert 0 < timing["loadEventEnd"] < 3000
    page.js("document.getElementById('find').focus()")
    took_ms = page.js(
        "(() => { const box = document.getElementById('find'), begun = performance.now(); box.value = '000007';"
        " box.dispatchEvent(new Event('input')); document.body.offsetHeight; return performance.now() - begun; })()"
    )
    assert len(rows_shown(page)) == 1
    assert took_ms < 3000
    page.close()
