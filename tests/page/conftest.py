"""One browser for all tests of pages, and pages of reports that have everything in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from handover.render import html
from render.worlds import FINDING, HOSTILE, Part, World, agreed, hostile, lost_uploads, make_world, rejected, same
from support.chromium import Browser, chromium
from support.manifests import Item, file, folder

LONG = "ü" * 127  # 254 bytes, the longest name that a filesystem has


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    # Not for the whole run: it starts and ends processes when it likes, and later tests look at what is running.
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def folder_of_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def full(folder_of_pages: Path) -> Path:
    """A page with every section: two parts, gaps, rules, findings, custody, an earlier round with its answers."""
    uploads = [file(f"wp-content/uploads/2014/more-{n:03d}.jpg", b"x" * 9000) for n in range(60)]
    first = lost_uploads()
    part = replace(first, source=[*(first.source or ()), *uploads])
    world = make_world(part, replace(agreed(), name="static"), findings=(FINDING,))
    for language in ("pl", "fi"):
        drawn(folder_of_pages / f"full.{language}.html", later(world), language)
    return drawn(folder_of_pages / "full.html", later(world))


@pytest.fixture(scope="session")
def polish(full: Path) -> Path:
    return full.with_suffix(".pl.html")


@pytest.fixture(scope="session")
def finnish(full: Path) -> Path:
    return full.with_suffix(".fi.html")


@pytest.fixture(scope="session")
def complete(folder_of_pages: Path) -> Path:
    return drawn(folder_of_pages / "complete.html", make_world(Part(same(), same()), parties=False))


@pytest.fixture(scope="session")
def nasty(folder_of_pages: Path) -> Path:
    """Every hostile name, and names as long as they can be, one in another."""
    deep = "/".join([LONG] * 3)
    items: list[Item] = [folder("/".join([LONG] * depth)) for depth in (1, 2, 3)]
    items += [file(f"{deep}/{'w' * 255}", b"1" * 5000), file("M" * 255, b"1" * 900), file("https-" + "a" * 240, b"x")]
    part = hostile()
    return drawn(folder_of_pages / "nasty.html", make_world(replace(part, source=[*(part.source or ()), *items])))


def drawn(path: Path, world: World, language: str = "en") -> Path:
    path.write_text(html.render(world.report, world.excerpts, language=language), encoding="utf-8")
    return path


def later(world: World) -> World:
    """The same as a second round, after a first one that was answered."""
    return world.but(round=2, history=(rejected(HOSTILE[0].decode()),))
