"""The demo's website, the same bytes on every machine, and a migration that goes wrong in the usual ways."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: 2026-03-01 06:00 UTC; files get times from the years before it.
_NEWEST_S = 1_772_344_800
_YEAR_S = 365 * 86_400

_LOST_YEAR = "wp-content/uploads/2022"
_EMPTY_FOLDER = "wp-content/uploads/2026"
_VIDEO = "wp-content/uploads/2025/otwarcie-sklepu.mp4"
_VIDEO_BYTES = 9 * 2**20
_VIDEO_ARRIVED_BYTES = 5_767_168
_TEXT = "wp-content/themes/pracownia/style.css"
_SETTINGS = "wp-config.php"
_PRIVATE = "wp-content/uploads/2024/umowa-z-dostawcą.pdf"

_WORDS = (
    *(
        "sklep",
        "rower",
        "kask",
        "koło",
        "światło",
        "dzwonek",
        "łańcuch",
        "siodełko",
        "pompka",
        "zamek",
        "kosz",
        "torba",
    ),
    *("mapa", "trasa", "jezioro", "przerzutka", "pyörä", "kypärä", "ketju", "satula", "pumppu", "lukko", "kori"),
    *("laukku", "kartta", "reitti", "järvi", "metsä", "kesä", "talvi", "huolto", "myymälä"),
)
_PICTURES = (
    "rower-miejski",
    "kask-dziecięcy",
    "pyörälaukku",
    "trasa-nad-jeziorem",
    "myymälä-avajaiset",
    "łańcuch",
    "zimowe-opony",
)

_HTACCESS = b"""# BEGIN WordPress
RewriteEngine On
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
# END WordPress
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong on the way; ``path`` is below the site's root, ``story`` says it for a person."""

    path: str
    story: str


#: What ``migrate`` does to the copy.
FAULTS = (
    Fault(".htaccess", "a dotfile was left behind"),
    Fault(_LOST_YEAR, "a whole year of uploads was cut off"),
    Fault(_VIDEO, "a video arrived cut short"),
    Fault(_TEXT, "a text file arrived with other line ends, as FTP in text mode makes them"),
    Fault(_EMPTY_FOLDER, "an empty folder was lost"),
    Fault(_PRIVATE, "a file arrived that nobody may read"),
    Fault("cgi-bin", "the new hosting put files of its own beside the site: cgi-bin, .ftpquota, error_log"),
)


def build(root: Path) -> None:
    """Write the site into the new folder ``root``: about 250 files and 20 MB, never two that are alike."""
    chance = random.Random(20261128)  # noqa: S311 - the same site every time, nothing secret
    root.mkdir(parents=True)
    for path, content in _files(chance):
        _write(root / path, content, _NEWEST_S - chance.randrange(6 * _YEAR_S))
    (root / _EMPTY_FOLDER).mkdir()
    (root / "wp-content/uploads/latest").symlink_to("2025")


def migrate(source: Path, target: Path) -> None:
    """Copy the site to the new folder ``target`` with every fault in ``FAULTS``; times of the other files are kept.

    One more file differs, as it must: ``wp-config.php`` names the database of the new host.
    """
    shutil.copytree(source, target, symlinks=True)
    (target / _SETTINGS).write_bytes(_settings("mysql.new.example"))
    (target / ".htaccess").unlink()
    shutil.rmtree(target / _LOST_YEAR)
    (target / _EMPTY_FOLDER).rmdir()
    os.truncate(target / _VIDEO, _VIDEO_ARRIVED_BYTES)
    text = target / _TEXT
    text.write_bytes(text.read_bytes().replace(b"\n", b"\r\n"))
    (target / _PRIVATE).chmod(0)
    (target / "cgi-bin").mkdir()
    (target / "cgi-bin/status.cgi").write_bytes(b"#!/bin/sh\necho 'Content-Type: text/plain'; echo; echo ok\n")
    (target / ".ftpquota").write_bytes(b"312 21473280\n")
    (target / "error_log").write_bytes(b"[28-Nov-2026 21:14:03 UTC] PHP Notice: Undefined index: koszyk in index.php\n")


def _files(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    yield ".htaccess", _HTACCESS
    yield "robots.txt", b"User-agent: *\nDisallow: /wp-admin/\nSitemap: https://acme.example/sitemap.xml\n"
    yield _SETTINGS, _settings("localhost")
    for name in ("index", "wp-login", "wp-cron", "wp-load", "wp-settings", "xmlrpc"):
        yield f"{name}.php", _program(chance, name)
    for folder, count in {"wp-admin": 18, "wp-admin/includes": 12, "wp-includes": 40, "wp-includes/blocks": 20}.items():
        for number in range(count):
            yield f"{folder}/{chance.choice(_WORDS)}-{number:02}.php", _program(chance, f"{folder} {number}")
    yield from _content(chance)
    for year in range(2020, 2026):
        for number in range(20):
            name = f"{chance.choice(_PICTURES)}-{number:02}.jpg"
            yield (
                f"wp-content/uploads/{year}/{name}",
                b"\xff\xd8\xff\xe0" + chance.randbytes(chance.randrange(20_000, 150_000)),
            )
    yield _VIDEO, b"\0\0\0\x18ftypmp42" + chance.randbytes(_VIDEO_BYTES - 12)
    yield _PRIVATE, b"%PDF-1.7\n" + chance.randbytes(48_000)


def _content(chance: random.Random) -> Iterator[tuple[str, bytes]]:
    yield "wp-content/index.php", b"<?php\n// Silence is golden.\n"
    yield _TEXT, b"".join(f".{word} {{ margin: {n}px; }}\n".encode() for n, word in enumerate(_WORDS))
    yield "wp-content/themes/pracownia/functions.php", _program(chance, "theme")
    yield "wp-content/themes/pracownia/languages/fi.po", _prose(chance, 80)
    yield "wp-content/themes/pracownia/fonts/otsikko.woff2", b"wOF2" + chance.randbytes(30_000)
    for plugin in ("sklep", "formularz", "mapa"):
        for number in range(10):
            yield f"wp-content/plugins/{plugin}/część-{number}.php", _program(chance, f"{plugin} {number}")
        yield f"wp-content/plugins/{plugin}/readme.txt", _prose(chance, 40)


def _settings(database_host: str) -> bytes:
    return f"<?php\ndefine('DB_NAME', 'acme_shop');\ndefine('DB_HOST', '{database_host}');\n".encode()


def _program(chance: random.Random, name: str) -> bytes:
    lines = (f"$w{n} = '{chance.choice(_WORDS)}';" for n in range(chance.randrange(20, 300)))
    return "\n".join([f"<?php // {name}", *lines, ""]).encode()


def _prose(chance: random.Random, lines: int) -> bytes:
    return "".join(" ".join(chance.choices(_WORDS, k=9)) + "\n" for _ in range(lines)).encode()


def _write(path: Path, content: bytes, mtime_s: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (mtime_s, mtime_s))
