"""How words of the command line become values, and how the help looks."""

import re
from datetime import datetime
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from handover.cli.main import application, run
from handover.errors import ExitCode
from handover.evidence.statement import Decision, PartyRole
from handover.manifest import Role


def values(name, *words):
    """Return the values that a command would be called with."""
    command = application(name).commands[name]
    return command.make_context(name, list(words)).params


def test_words_become_values_of_the_type_that_is_asked_for():
    found = values("scan", "here", "-o", "m", "--role", "target", "--workers", "3", "--deadline", "1.5", "-q")
    assert (found["location"], found["output"], found["role"]) == ("here", Path("m"), Role.TARGET)
    assert (found["workers"], found["deadline"], found["quiet"], found["json"]) == (3, 1.5, True, False)
    found = values("sign", "--as", "sender", "--decision", "reject", "--remark", "one", "--remark", "two")
    assert (found["role"], found["decision"]) == (PartyRole.SENDER, Decision.REJECT)
    assert (found["remark"], found["subject"]) == (["one", "two"], Path())
    found = values("verify", "b", "--at", "2026-11-29T06:00:00+01:00", "--previous", "a", "--previous", "b")
    assert found["at"] == datetime.fromisoformat("2026-11-29T06:00:00+01:00")
    assert found["previous"] == [Path("a"), Path("b")]
    assert values("add", "case", "1.json", "2.json")["files"] == [Path("1.json"), Path("2.json")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("scan x -o m --workers 0", "'--workers': 0 is less than 1"),
        ("scan x -o m --workers 65", "'--workers': 65 is more than 64"),
        ("scan x -o m --workers two", "'--workers': two is not a whole number"),
        ("scan x -o m --deadline nan", "'--deadline': nan is less than 1"),
        ("scan x -o m --deadline soon", "'--deadline': soon is not a number"),
        ("scan x -o m --role both", "'--role': both is none of source, target"),
        ("verify b --at tomorrow", "'--at': tomorrow is not a time such as 2026-11-29T06:00"),
        ("verify b --at \x1b[31m", r"'--at': \x1b[31m is not a time such as 2026-11-29T06:00"),
        ("scan x", "Missing option"),
        ("compare x", "Missing argument 'TARGET'"),
        ("compare x y z", "Got unexpected extra argument"),
    ],
)
def test_what_is_no_such_value_is_told_by_the_name_of_its_option(words, said):
    name, *rest = words.split()
    with pytest.raises(typer.TyperException) as caught:
        values(name, *rest)
    assert said in caught.value.format_message()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sign x", "error: Missing option '--as'. Choose from: sender, receiver, agency, client"),
        ("compare a b --digest md5", "error: digest 'md5' is not known"),
    ],
)
def test_what_is_wrong_with_the_words_is_one_line_with_a_hint(words, said, capsys):
    assert run(words.split()) == ExitCode.USAGE
    what, hint = capsys.readouterr().err.splitlines()
    assert what == said
    assert hint.startswith("hint:  ")


@given(st.text(alphabet="0123456789+-_.eE nainf"))
def test_a_bounded_number_is_within_its_bounds_whatever_was_typed(word):
    try:
        found = values("scan", "x", "-o", "m", f"--workers={word}", f"--deadline={word}")
    except typer.TyperException:
        return
    assert 1 <= found["workers"] <= 64
    assert found["deadline"] >= 1


def test_the_help_fits_the_terminal_and_keeps_examples_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    application("compare")(["compare", "--help"], standalone_mode=False)
    lines = capsys.readouterr().out.splitlines()
    at = lines.index("Examples:")
    assert lines[at + 1].startswith("  handover compare ssh://")
    assert lines[at + 1].endswith("/srv/www")
    assert all(len(line) <= 60 for line in lines[:at])
    titles = [line for line in lines if re.fullmatch(r"[A-Z][a-z ]+:", line)]
    assert titles == ["Arguments:", "Options:", "Scanning:", "Rules:", "Reaching hosts:", "Output:", "Examples:",
                      "Exit codes:"]  # fmt: skip


def test_every_option_is_in_the_help_of_its_command(capsys):
    whole = application()
    for name, command in whole.commands.items():
        whole([name, "--help"], standalone_mode=False)
        told = capsys.readouterr().out
        assert told.startswith("Usage: ")
        for parameter in command.params:
            assert parameter.help, (name, parameter.name)
            for word in parameter.opts if parameter.param_type_name == "option" else [parameter.metavar]:
                assert word in told, (name, word)
