"""Every command that a document or a help shows is one that can be typed."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from handover.cli.main import application

_PROJECT = Path(__file__).parents[2]
_DOCUMENTS = [
    path
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in sorted(_PROJECT.glob(pattern))
    if "handover " in path.read_text()
]
_SHELL_OPERATORS = {">", "<", "|", "&&", "||", ";"}
_GROUP = application()


def typed(text: str) -> Iterator[list[str]]:
    """Yield the words of each ``handover`` command in the blocks of a document that show a shell."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["handover"]:
                yield list(itertools.takewhile(lambda word: word not in _SHELL_OPERATORS, words[1:]))


def mentioned(text: str) -> set[str]:
    """Return the commands that stand in running text; they may leave out what a whole command needs."""
    return set(re.findall(r"`handover ([^`]+)`", " ".join(text.split())))


def command_of(words: list[str]):
    """Return the command that the words begin with, and the words after its name."""
    command = _GROUP
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def check(words: list[str]) -> None:
    """Parse a command as the real one would, and do nothing."""
    command, rest = command_of(words)
    assert command is not _GROUP, words
    command.make_context("handover", rest)


@pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: str(path.relative_to(_PROJECT)))
def test_every_command_in_a_document_can_be_typed(path):
    text = path.read_text()
    for words in typed(text):
        check(words)
    for phrase in mentioned(text):
        command, rest = command_of(phrase.split())
        if command is _GROUP:
            assert phrase.split()[0].startswith("-") or phrase.split()[0].isupper(), phrase
            continue
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.split("=")[0] for word in rest if word.startswith("-")} <= known | {"-h", "--help"}, phrase


def test_the_documents_show_commands():
    shown = [words for path in _DOCUMENTS for words in typed(path.read_text())]
    assert {words[0] for words in shown} >= {"compare", "init", "run", "sign", "verify"}


def leaves(command, name: str) -> Iterator[tuple[str, object]]:
    """Yield every command that does something, with its name."""
    for below, child in getattr(command, "commands", {}).items():
        yield from leaves(child, f"{name} {below}")
    if not getattr(command, "commands", {}):
        yield name, command


_LEAVES = dict(leaves(_GROUP, "handover"))


@pytest.mark.parametrize("name", _LEAVES)
def test_every_example_of_a_help_can_be_typed(name):
    command = _LEAVES[name]
    examples = [line.strip() for line in command.epilog.splitlines() if line.strip().startswith("handover ")]
    assert examples
    for line in examples:
        assert line.startswith(name)
        # What stands in brackets behind an example says what it is for.
        check(shlex.split(re.sub(r"\s{2,}\(.*\)$", "", line))[1:])
