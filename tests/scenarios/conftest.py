"""A WordPress site as people have one: the real program, and the uploads of some years."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance import conftest as acceptance
from support.cli import handover

wordpress = acceptance.wordpress

_YEARS = range(2021, 2026)
_NOON_2021 = 1_609_502_400
_MONTH_S = 30 * 86_400
_FILMS = (
    (2021, 2_300_000), (2022, 1_300_000), (2022, 3_100_000), (2023, 1_700_000), (2024, 2_900_000), (2024, 5_100_000),
    (2024, 300_000), (2025, 200_000),
)  # fmt: skip
_PARTS = (
    "wp-admin/css",
    "wp-admin/images",
    "wp-admin/includes",
    "wp-content",
    "wp-includes/blocks",
    "wp-includes/fonts",
)


@pytest.fixture(scope="session")
def site(wordpress, tmp_path_factory) -> Path:
    """The site on the old host; nobody changes it."""
    root = tmp_path_factory.mktemp("old") / "site"
    root.mkdir()
    for part in _PARTS:
        if (wordpress / part).is_dir():
            shutil.copytree(wordpress / part, root / part, symlinks=True)
    for path in wordpress.iterdir():
        if path.is_file() and not path.is_symlink():
            shutil.copy2(path, root / path.name)
    _add_what_people_made(root)
    return root


@pytest.fixture
def new(tmp_path) -> Path:
    """Where the site is copied to; not there yet."""
    return tmp_path / "new"


@pytest.fixture
def copied(site, new) -> Path:
    """A faithful copy."""
    subprocess.run(["cp", "-a", site, new], check=True)
    return new


@pytest.fixture
def explain() -> Callable[..., list[dict]]:
    """Return the findings of comparing two folders by the command line, after checking what is true of all findings."""

    def run(source: Path, target: Path, *flags: str) -> list[dict]:
        done = handover("compare", source, target, "--json", "--same-host", *flags)
        assert done.code in (0, 1, 3), done.err
        found = done.json["findings"]
        counts = done.json["parts"][0]["counts"]
        caused = sum(n for name, n in counts.items() if name not in ("same", "agreed", "ignored", "not_recorded"))
        assert sum(finding["count"] for finding in found) <= caused, "a difference counts for two findings"
        for finding in found:
            assert all(finding[key] for key in ("title", "evidence", "remedy"))
        return found

    return run


def _add_what_people_made(root: Path) -> None:
    dice = random.Random(7)
    (root / ".htaccess").write_text("RewriteEngine On\n")
    (root / ".user.ini").write_text("memory_limit = 256M\n")
    (root / "wp-content/plugins/shop/.config").mkdir(parents=True)
    (root / "wp-content/plugins/shop/.config/settings.json").write_text('{"currency":"PLN"}\n')
    (root / "wp-content/plugins/shop/shop.php").write_text("<?php // shop of old.example in /home/old/public_html\n")
    (root / "wp-content/plugins/shop/current").symlink_to("shop.php")
    for name in ("wp-content/upgrade", "wp-content/uploads/empty", "wp-content/uploads/forms/new"):
        (root / name).mkdir(parents=True)
    for number, year in enumerate(_YEARS):
        for month in range(1, 13):
            folder = root / f"wp-content/uploads/{year}/{month:02d}"
            folder.mkdir(parents=True)
            for picture in range(4):
                name = (
                    f"zdjęcie-{picture}.jpg"
                    if picture == 3 and month % 4 == 0
                    else f"IMG_{year}{month:02d}{picture}.jpg"
                )
                made = _NOON_2021 + (12 * number + month) * _MONTH_S + picture * 3600
                _write(folder / name, dice.randbytes(dice.randrange(2_000, 90_000)), made)
    for number, (year, size) in enumerate(_FILMS):
        kind = "mp4" if number % 2 else "zip"
        _write(root / f"wp-content/uploads/{year}/0{number + 1}/film-{number}.{kind}", dice.randbytes(size),
               _NOON_2021 + (12 * (year - 2021) + number + 1) * _MONTH_S)  # fmt: skip


def _write(path: Path, content: bytes, modified_s: int) -> None:
    path.write_bytes(content)
    os.utime(path, (modified_s, modified_s))
