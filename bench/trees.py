"""The trees that are measured, made from a seed: the same names, sizes and bytes on every machine.

Each is built once into the bench folder. A tree counts only when the stamp beside it is there; it is written last.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

_VERSION = 1
_SEED = 20261121
_KIB = 1024
_POOL = 16 * 2**20
_MAX_FILE = 8 * 2**20
_MAX_DEPTH = 9
_WORDS = (
    *(
        "wp-content",
        "plugins",
        "themes",
        "uploads",
        "includes",
        "assets",
        "languages",
        "cache",
        "vendor",
        "src",
        "blocks",
    ),
    *("admin", "images", "fonts", "2019", "2020", "2021"),
    *("zdjęcia", "łódź", "żółw", "święta", "podróże", "książki", "źródła", "ogłoszenia", "galeria", "dźwięki"),
)
_CODE = (".php", ".php", ".js", ".css", ".html", ".po", ".json")
_IMAGES = ("-1024x768.jpg", "-300x225.jpg", "-scaled.webp", ".png")


@dataclass(frozen=True, slots=True)
class Tree:
    """A finished tree: where it is, and what is in it. ``largest_folder`` is a number of names."""

    name: str
    path: Path
    files: int
    folders: int
    bytes: int
    largest_folder: int

    @property
    def described(self) -> str:
        """The tree in one line."""
        return f"{self.name}: {self.files:,} files in {self.folders:,} folders, {self.bytes / 1e9:.2f} GB"

    @property
    def copy(self) -> Path:
        """Where the second copy lies, when there is one."""
        return self.path.with_name(f"{self.path.name}.copy")

    @property
    def lent(self) -> Path:
        """Where the second copy lies while somebody writes into it: should that never end, it is no copy any more."""
        return self.path.with_name(f"{self.path.name}.lent")


def scaled(number: int, scale: float) -> int:
    """Return a number of things at this scale, at least one."""
    return max(1, round(number * scale))


def build(name: str, scale: float, home: Path) -> Tree:
    """Return the tree of this name, and build it first when it is not there yet."""
    path = home / f"{name}-{scale:g}"
    stamp = path.with_name(f"{path.name}.stamp")
    if stamp.exists():
        kept = json.loads(stamp.read_text())
        if kept.pop("version") == _VERSION:
            return Tree(name, path, **kept)
    for tail in ("", ".copy", ".lent"):
        shutil.rmtree(path.with_name(path.name + tail), ignore_errors=True)
    path.mkdir(parents=True)
    _MAKERS[name](path, scale)
    tree = _counted(name, path)
    kept = {key: value for key, value in asdict(tree).items() if key not in ("name", "path")}
    stamp.write_text(json.dumps({"version": _VERSION, **kept}))
    return tree


def with_copy(tree: Tree) -> Tree:
    """Make the second copy of a tree, equal in everything that ``cp -a`` keeps, when it is not there yet."""
    if not tree.copy.exists():
        shutil.rmtree(tree.lent, ignore_errors=True)
        subprocess.run(["cp", "-a", "--reflink=auto", tree.path, tree.lent], check=True)
        tree.lent.rename(tree.copy)
    return tree


def _website(path: Path, scale: float, files: int, folders: int) -> None:
    """Code around 6 KiB, log-normal, and one file in seven an image around 60 KiB: 26 KiB a file on average."""
    chance = _chance()
    pool = chance.randbytes(_POOL)
    text = b"".join(b"<?php echo %d; /* %d */\n" % (n, n * n) for n in range(2**15)) * 16
    places = _folders(path, scaled(folders, scale), chance)
    weights = [chance.paretovariate(1.5) for _ in places]
    for number, place in enumerate(chance.choices(places, weights, k=scaled(files, scale))):
        image = number % 7 == 0
        size = min(_MAX_FILE, int(chance.lognormvariate(11.0, 0.7) if image else chance.lognormvariate(8.72, 1.4)))
        word, tail = chance.choice(_WORDS), chance.choice(_IMAGES if image else _CODE)
        data = _slice(pool if image else text, chance, number, size)
        if number % 50 == 1:
            data = data.replace(b"\n", b"\r\n")[:size]
        (place / f"{word} {number}{tail}").write_bytes(data)


def _folders(path: Path, count: int, chance: random.Random) -> list[Path]:
    places = [(path, 0)]
    while len(places) <= count:
        parent, depth = places[int(len(places) * chance.random() ** 0.7)]
        if depth < _MAX_DEPTH:
            place = parent / f"{chance.choice(_WORDS)}-{len(places)}"
            place.mkdir()
            places.append((place, depth + 1))
    return [place for place, _ in places]


def _videos(path: Path, scale: float) -> None:
    pool = _chance().randbytes(_POOL)
    blocks = scaled(48, scale)
    for number in range(8):
        with (path / f"film-{number}.mp4").open("wb") as stream:
            for block in range(blocks):
                stream.write(_mark(number * blocks + block) + pool[_MARK:])


def _thumbnails(path: Path, scale: float) -> None:
    chance = _chance()
    pool = chance.randbytes(_POOL)
    for number in range(scaled(300_000, scale)):
        place = path / f"{number // 300:04d}"
        if number % 300 == 0:
            place.mkdir()
        (place / f"thumb-{number:06d}.webp").write_bytes(_slice(pool, chance, number, _KIB))


def _chance() -> random.Random:
    return random.Random(_SEED)  # noqa: S311  it has to give the same again, and keeps no secret


_MARK = 8


def _mark(number: int) -> bytes:
    return number.to_bytes(_MARK, "big")


def _slice(pool: bytes, chance: random.Random, number: int, size: int) -> bytes:
    """Return ``size`` bytes that no other file has."""
    at = chance.randrange(len(pool) - size)
    return (_mark(number) + pool[at : at + size])[:size]


_MAKERS: dict[str, Callable[[Path, float], None]] = {
    "W1": lambda path, scale: _website(path, scale, 100_000, 12_000),
    "W2": _videos,
    "W3": _thumbnails,
    "W5k": lambda path, scale: _website(path, scale, 5_000, 600),
    "W400": lambda path, scale: _website(path, scale, 400, 48),
}


def _counted(name: str, path: Path) -> Tree:
    files = folders = size = largest = 0
    for names, sizes, below in _walk(path):
        files += len(sizes)
        folders += below
        size += sum(sizes)
        largest = max(largest, names)
    return Tree(name, path, files, folders, size, largest)


def _walk(path: Path) -> Iterator[tuple[int, list[int], int]]:
    """Yield for each folder how many names it has, the sizes of its files and the number of its folders."""
    for at, folders, names in os.walk(path):
        yield len(folders) + len(names), [os.lstat(f"{at}/{name}").st_size for name in names], len(folders)
