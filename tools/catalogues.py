"""The texts of other languages: found in the source, merged into the catalogues, compiled for gettext.

`python tools/catalogues.py` compiles; with `--update` it first merges what is new in the source into the catalogues.
`hatch_build.py` compiles when the package is built. How to translate: docs/translating.md.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = Path("src/handover")
LOCALES: Final = SOURCE / "render/locales"
#: Where the functions come from that say something; what else has their names is something else.
_HOMES: Final = ("handover.render.wording.language", "handover.diagnosis.words")
#: What is called, and at which place its texts begin.
_SAYING: Final = {"say": 0, "noun": 0, "plural": 1}
_TABLES: Final = ("Labels", "Nouns", "Plurals")
#: What English is translated to.
LANGUAGES: Final = ("fi", "pl")
#: Nothing that changes by itself stands in what is built.
_MADE: Final = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """One text of the source; ``many`` when it is about a number of things."""

    one: str
    many: str | None
    place: str
    is_noun: bool = False

    @property
    def id(self) -> str | tuple[str, str]:
        """The key of the text in a catalogue."""
        return self.one if self.many is None else (self.one, self.many)


class NotLiteral(Exception):
    """A text that cannot be found by reading the source."""


def messages(root: Path) -> Iterator[Message]:
    """Yield every text of the source, in the order of files and lines; ``NotLiteral`` for one that is no literal."""
    for path in sorted((root / SOURCE).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module in _HOMES
            for alias in node.names
        }
        place = path.relative_to(root).as_posix()
        if place.replace("/", ".").removeprefix("src.").removesuffix(".py") in _HOMES:
            named = set(_SAYING)
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
        for call in sorted(calls, key=lambda node: node.lineno):
            if isinstance(call.func, ast.Name) and call.func.id in named:
                yield from _texts(call.func.id, call, place)


def _texts(name: str, call: ast.Call, place: str) -> Iterator[Message]:
    if name in _SAYING:
        count = 2 if name == "plural" else 1
        texts = call.args[_SAYING[name] : _SAYING[name] + count]
        yield Message(*_pair(texts, place), place, is_noun=name == "noun")
    elif name in _TABLES:
        table = call.args[0] if call.args else None
        if not isinstance(table, ast.Dict):
            raise NotLiteral(f"{place}:{call.lineno}: a table of texts is no literal")
        for value in table.values:
            texts = value.elts if isinstance(value, ast.Tuple) else [value]
            yield Message(*_pair(texts, place), place, is_noun=name == "Nouns")


def _pair(texts: list[ast.expr], place: str) -> tuple[str, str | None]:
    literals = [node.value for node in texts if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if not texts or len(literals) != len(texts):
        line = texts[0].lineno if texts else 0
        raise NotLiteral(f"{place}:{line}: a text that is no literal cannot be found and translated")
    return literals[0], literals[1] if len(literals) > 1 else None


def template(root: Path) -> Catalog:
    """Return all texts of the source, without translations."""
    catalog = Catalog()
    seen: dict[str, Message] = {}
    for message in messages(root):
        first = seen.setdefault(message.one, message)
        if message.many != first.many and None not in (message.many, first.many):
            raise NotLiteral(f"{message.place}: {message.one!r} has another plural in {first.place}")
        notes = ["A noun: its other cases follow after |, such as |gen: …"] if message.is_noun else []
        catalog.add(message.id, locations=[(message.place, 0)], auto_comments=notes)
    return catalog


def read(path: Path) -> Catalog:
    """Return the catalogue of one language."""
    with path.open("rb") as stream:
        catalog = read_po(stream, locale=path.parts[-3])
    catalog.creation_date = catalog.revision_date = _MADE
    return catalog


def update(root: Path) -> None:
    """Merge the texts of the source into the catalogue of each language; what is gone from the source goes."""
    texts = template(root)
    for language in LANGUAGES:
        path = root / LOCALES / language / "LC_MESSAGES/handover.po"
        catalog = read(path) if path.exists() else Catalog(locale=language)
        catalog.update(texts, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        body = io.BytesIO()
        write_po(body, catalog, width=120, include_lineno=False, omit_header=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_header(language, catalog).encode() + body.getvalue())


def _header(language: str, catalog: Catalog) -> str:
    lines = (
        f"Language: {language}",
        "Content-Type: text/plain; charset=utf-8",
        f"Plural-Forms: {catalog.plural_forms}",
    )
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in lines) + "\n"


def compile_all(root: Path) -> list[Path]:
    """Compile the catalogue of every language beside it, and return what was written."""
    written = []
    for path in sorted((root / LOCALES).glob("*/LC_MESSAGES/handover.po")):
        target = path.with_suffix(".mo")
        with target.open("wb") as stream:
            write_mo(stream, read(path))
        written.append(target)
    return written


if __name__ == "__main__":
    if "--update" in sys.argv[1:]:
        update(ROOT)
    compile_all(ROOT)
