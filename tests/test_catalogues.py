"""Every text of the source is in every catalogue, whole, and says the same with the same values."""

from __future__ import annotations

import importlib.util
import io
import re
import string
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.pofile import write_po

from handover.render.wording.language import forms_of, noun, speaking
from handover.render.wording.voices import VOICES

ROOT = Path(__file__).parents[1]
#: Fields whose value is a noun of ours; only these can be asked for in a case.
NOUNS = {"host": "host", "unread": "host", "read": "host", "actor": "actor"}
HOSTS = ("the SENDER's host", "the RECEIVER's host", "the SOURCE", "the TARGET", "this host", "one or both hosts")
ACTORS = ("SENDER", "RECEIVER", "SOURCE", "TARGET")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("catalogues", ROOT / "tools/catalogues.py")
    sys.modules["catalogues"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


catalogues = load()
LANGUAGES = catalogues.LANGUAGES
TEXTS = {message.id: message for message in catalogues.messages(ROOT)}


@cache
def catalogue(language):
    return catalogues.read(ROOT / catalogues.LOCALES / language / "LC_MESSAGES/handover.po")


def translations(language):
    """Yield each message with its English form and its translation, form by form."""
    for message in catalogue(language):
        if message.id:
            english = message.id if isinstance(message.id, tuple) else (message.id, message.id)
            forms = message.string if isinstance(message.string, tuple) else (message.string,)
            for place, form in enumerate(forms):
                yield message, english[0] if place == 0 else english[1], form


def fields(text):
    return sorted((name, case) for _, name, case, _ in string.Formatter().parse(text) if name is not None)


def names(text):
    return sorted({name for name, _ in fields(text)})


def sentences(text):
    """Return how a text ends, and how many sentences it has; an abbreviation such as ``No.`` is none."""
    bare = re.sub(r"\{[^}]*\}", "x", text)
    if re.fullmatch(r"\w+\.?", bare):
        return "", 0
    return (bare[-1:] if bare[-1:] in ".:?!" else "", len(re.findall(r"[.?!](?= [\[(]?\w)", bare)))


def test_the_languages_are_those_that_are_spoken():
    assert {"en", *LANGUAGES} == set(VOICES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_nothing_else_is(language):
    held = {message.id: message for message in catalogue(language) if message.id}
    merged = {message.id for message in catalogues.template(ROOT) if message.id}
    assert set(held) == merged, "run: make texts, and translate what is new"
    assert not [message.id for message in held.values() if message.fuzzy]
    empty = [message.id for message, _, form in translations(language) if not form.strip()]
    assert not empty, f"{len(empty)} texts have no translation"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_as_the_tool_writes_it(language):
    held = catalogue(language)
    body = io.BytesIO()
    write_po(body, held, width=120, include_lineno=False, omit_header=True)
    path = ROOT / catalogues.LOCALES / language / "LC_MESSAGES/handover.po"
    assert path.read_bytes().endswith(body.getvalue()), "run: make texts"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_translation_has_the_fields_the_forms_and_the_ends_of_the_text(language):
    wrong = []
    for message, english, form in translations(language):
        if not form or TEXTS[message_key(message)].is_noun:
            continue
        forms = message.string if isinstance(message.string, tuple) else None
        if forms is not None and len(forms) != catalogue(language).num_plurals:
            wrong.append((english, "number of forms"))
        if names(form) != names(english):
            wrong.append((english, form, "fields"))
        if sentences(form) != sentences(english):
            wrong.append((english, form, "ends"))
        if [form[:1].isspace(), form[-1:].isspace()] != [english[:1].isspace(), english[-1:].isspace()]:
            wrong.append((english, form, "spaces"))
    assert not wrong


def message_key(message):
    """Return the key under which the source has a text; one that is plural somewhere is so everywhere."""
    return message.id if message.id in TEXTS else message.id[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_case_that_a_sentence_asks_for_is_there(language):
    cases = {
        "host": [forms_of(str(translated(language, text))) for text in HOSTS],
        "actor": [forms_of(str(translated(language, text))) for text in ACTORS],
    }
    for _, _, form in translations(language):
        for name, case in fields(form):
            if case:
                assert name in NOUNS, form
                assert all(case.lower() in forms for forms in cases[NOUNS[name]]), form


def translated(language, text):
    return catalogue(language)[text].string


def test_english_sentences_ask_for_no_case():
    for message in TEXTS.values():
        for text in filter(None, (message.one, message.many)):
            assert not any(case for _, case in fields(text)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_can_be_said(language):
    with speaking(language):
        values = {name: noun(HOSTS[0]) if kind == "host" else noun(ACTORS[0]) for name, kind in NOUNS.items()}
        for _, english, form in translations(language):
            said = form.format_map({**dict.fromkeys(names(english), "x"), **values})
            assert "{" not in said
            assert "|" not in said or form in {str(translated(language, text)) for text in (*HOSTS, *ACTORS)}


@pytest.mark.parametrize(
    "text",
    ["say(text)", "say(f'{a}')", "say('a' if b else 'b')", "plural(1, 'a', b)", "Labels(texts)", "Labels({1: text})"],
)
def test_a_text_that_is_no_literal_is_found(tmp_path, text):
    home = tmp_path / "src/handover"
    home.mkdir(parents=True)
    home.joinpath("module.py").write_text(f"from handover.render.wording.language import Labels, plural, say\n{text}\n")
    with pytest.raises(catalogues.NotLiteral, match=r"module\.py:2"):
        list(catalogues.messages(tmp_path))


def test_texts_are_found_wherever_they_are_said(tmp_path):
    home = tmp_path / "src/handover"
    home.mkdir(parents=True)
    home.joinpath("module.py").write_text(
        "from handover.diagnosis.words import say\n"
        "from handover.render.wording.language import Labels, Nouns, Plurals, noun, plural\n"
        "say('one ' 'sentence')\nconsole.say('talk')\nplural(3, '{n} file', '{n} files')\nnoun('host')\n"
        "Labels({1: 'label'})\nPlurals({1: ('{n} path', '{n} paths')})\nNouns({1: 'party'})\n"
    )
    found = [(message.id, message.is_noun) for message in catalogues.messages(tmp_path)]
    assert found == [
        ("one sentence", False), (("{n} file", "{n} files"), False), ("host", True), ("label", False),
        (("{n} path", "{n} paths"), False), ("party", True),
    ]  # fmt: skip


def test_one_text_has_one_plural(tmp_path):
    home = tmp_path / "src/handover"
    home.mkdir(parents=True)
    home.joinpath("module.py").write_text(
        "from handover.diagnosis.words import plural\nplural(1, 'a', 'b')\nplural(1, 'a', 'c')\n"
    )
    with pytest.raises(catalogues.NotLiteral, match="another plural"):
        catalogues.template(tmp_path)


def test_what_is_new_gets_its_place_and_what_is_gone_goes(tmp_path):
    home = tmp_path / "src/handover"
    home.mkdir(parents=True)
    source = home / "module.py"
    source.write_text("from handover.diagnosis.words import say\nsay('old')\nsay('kept')\n")
    catalogues.update(tmp_path)
    path = tmp_path / catalogues.LOCALES / "pl/LC_MESSAGES/handover.po"
    path.write_text(path.read_text().replace('msgid "kept"\nmsgstr ""', 'msgid "kept"\nmsgstr "zostaje"'))
    source.write_text("from handover.diagnosis.words import say\nsay('kept')\nsay('new')\n")
    catalogues.update(tmp_path)
    held = {message.id: message.string for message in catalogues.read(path) if message.id}
    assert held == {"kept": "zostaje", "new": ""}
