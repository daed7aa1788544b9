"""Docs, specification, layers and code say the same."""

from __future__ import annotations

import ast
import configparser
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import jsonschema
import msgspec
import pytest

import handover as package
from handover import errors, manifest, strict_json
from handover.cli.command import EXIT_CODES
from handover.comparison import PathClass, Verdict
from handover.entries import Entry, EntryType, GapKind, HostStat
from handover.errors import ExitCode
from support.cli import handover
from support.schemas import build

ROOT = Path(__file__).parents[1]
SOURCE = Path(package.__file__).parent
DOCS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
COMMANDS = ("init", "scan", "compare", "run", "sign", "add", "verify", "trust", "trust host", "demo")


def doc(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the table whose first heading cell is ``heading``, code marks taken off."""
    found: list[list[str]] = []
    lines = iter(text.splitlines())
    for line in lines:
        if line.startswith(f"| {heading} |"):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return found
                found.append([cell.strip().strip("`") for cell in row.strip("|").split(" | ")])
    return found


def everything_below(kind: type) -> set[type]:
    return {kind, *(below for child in kind.__subclasses__() for below in everything_below(child))}


# Exit codes.


def test_the_exit_codes_of_the_document_are_those_of_the_code():
    text = doc("docs/exit-codes.md")
    assert [(int(row[0]), row[1]) for row in table(text, "code")] == [(int(code), code.name) for code in ExitCode]
    told = re.search(r"Worst first: ([0-9 ]+)\.", text)
    assert told
    assert [int(number) for number in told[1].split()] == list(errors._WORST_FIRST)


def test_every_help_ends_with_an_example_and_the_exit_codes():
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70):
        assert re.search(rf"\b{code} ", EXIT_CODES)
    for command in COMMANDS:
        if command == "trust":
            continue
        done = handover(*command.split(), "--help", COLUMNS="100")
        assert done.code == 0, command
        assert "Examples" in done.out, command
        assert "Exit codes" in done.out, command


def test_the_commands_are_those_of_the_document():
    done = handover("--help", COLUMNS="100")
    listed = set(re.findall(r"^  ([a-z]+) ", done.out.partition("Commands:")[2], re.MULTILINE))
    assert listed == {command.split()[0] for command in COMMANDS}


# Layers.


def top_modules() -> set[str]:
    return {module.name for module in pkgutil.iter_modules([str(SOURCE)])}


def test_every_module_has_its_place_in_the_layers():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    layers = re.split(r"[\s|:]+", contracts["importlinter:contract:layers"]["layers"].strip())
    assert len(layers) == len(set(layers))
    assert set(layers) == top_modules()


def test_the_map_of_the_house_shows_every_module():
    shown = [cell for row in table(doc("CONTRIBUTING.md"), "layer") for cell in re.findall(r"[a-z_]+", row[1])]
    assert sorted(shown) == sorted(top_modules() - {"__main__"})


def test_the_agent_needs_nothing_but_the_standard_library():
    tree = ast.parse((SOURCE / "agents/agent.py").read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names | {"xxhash"}


def test_only_the_command_line_exits_and_prints():
    for path in SOURCE.rglob("*.py"):
        inside = path.relative_to(SOURCE)
        if inside.parts[0] == "cli" or inside.name == "agent.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in {"print", "sys.exit", "exit", "quit", "os._exit"}, inside


# Specification.


def document_types() -> set[str]:
    """Return the ``type`` of every document that the program writes or reads."""
    for module in pkgutil.walk_packages(package.__path__, "handover."):
        if module.name not in ("handover.__main__", "handover.agents.agent"):
            importlib.import_module(module.name)
    found = set()
    for kind in everything_below(strict_json.Document):
        if kind.__module__.startswith("handover.") and "type" in kind.__struct_fields__:
            hint = get_type_hints(kind)["type"]
            found |= set(get_args(hint)) if get_origin(hint) is Literal else set()
    return found


def test_every_type_of_document_has_a_specification_and_a_schema():
    types = document_types()
    assert {"handover-manifest", "handover-report", "handover-statement", "handover-rules"} <= types
    texts = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/spec/*.md"))
    schemas = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/spec/*.schema.json"))
    assert {name for name in types if not re.search(f'[`"]{name}[`"]', texts)} == set()
    assert {name for name in types if f'"{name}"' not in schemas} == set()


def test_every_schema_is_one_and_is_named_in_the_specification():
    texts = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/spec/*.md"))
    for path in ROOT.glob("docs/spec/*.schema.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text(encoding="utf-8")))
        assert path.name in texts


def test_the_manifest_is_specified_key_by_key():
    text = doc("docs/spec/manifest.md")
    keys = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    told = [name for key in keys for name in key.replace("`", "").split(", ")]
    in_tables = [field for kind in (manifest.Header, manifest.Trailer) for field in kind.__struct_fields__]
    for field in (*Entry.__struct_fields__, "host", *in_tables):
        assert field in told, field
    assert [name for name in told if name in Entry.__struct_fields__][: len(Entry.__struct_fields__)] == list(
        Entry.__struct_fields__
    )
    assert [row[0] for row in table(text, "gap")] == [kind.value for kind in GapKind]
    for name in (*HostStat.__struct_fields__, *EntryType, *manifest.Machine.__struct_fields__):
        assert f"`{name}`" in text or f"`{name}/" in text or f"/`{name}`" in text, name


def test_the_concepts_name_every_class_and_every_verdict():
    text = doc("docs/concepts.md")
    assert [row[0] for row in table(text, "class")] == [kind.value for kind in PathClass]
    assert [row[0] for row in table(text, "verdict")] == [verdict.value for verdict in Verdict]


def test_the_profile_names_exactly_the_characters_that_are_escaped():
    rows = "".join(
        line for line in doc("docs/spec/json-profile.md").splitlines() if "U+" in line and "written" not in line
    )
    told: set[int] = set()
    for first, last in re.findall(r"U\+([0-9A-F]{4})(?:(?:–| to )U\+([0-9A-F]{4}))?", rows):
        told |= set(range(int(first, 16), int(last or first, 16) + 1))
    written = {point for point in range(0x10000) if not 0xD800 <= point < 0xE000 and escaped(chr(point))}
    assert told | set(map(ord, '"\\')) == written


def escaped(char: str) -> bool:
    return strict_json.encode(char) != f'"{char}"'.encode()


# A real manifest, by the specification alone.


@pytest.fixture(scope="module")
def scanned(tmp_path_factory) -> Path:
    """Return the manifest of a tree with something of everything."""
    folder = tmp_path_factory.mktemp("scanned")
    tree = folder / "tree"
    (tree / "empty").mkdir(parents=True)
    (tree / "page.html").write_bytes(b"<p>\r\n")
    (tree / "big").write_bytes(bytes(3 * 2**20))
    (tree / "zażółć\n\u202e").write_bytes(b"x")
    (tree / os.fsdecode(b"\xff")).write_bytes(b"y")
    (tree / "link").symlink_to("page.html")
    (tree / "twin").hardlink_to(tree / "page.html")
    os.mkfifo(tree / "pipe")
    path = folder / "web.source.manifest"
    done = handover("scan", tree, "-o", path, "--role", "source", "--part", "web")
    assert done.code == 0, done.err
    return path


def test_every_line_of_a_real_manifest_fits_the_schema(scanned):
    validator = jsonschema.Draft202012Validator(json.loads(build("manifest.schema.json")))
    lines = [json.loads(line) for line in scanned.read_bytes().splitlines()]
    for line in lines:
        validator.validate(line)
    assert {line["type"] for line in lines} == {
        "handover-manifest", "handover-manifest-end", "dir", "file", "link", "special",
    }  # fmt: skip
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(lines[1] | {"more": 1})


def test_the_commands_of_the_specification_check_a_manifest_without_us(scanned):
    block = re.search(r"```sh\n(head .*?)```", doc("docs/spec/manifest.md"), re.DOTALL)
    assert block
    done = subprocess.run(["sh", "-euc", block[1]], cwd=scanned.parent, capture_output=True, text=True, check=True)
    trailer = msgspec.json.decode(scanned.read_bytes().splitlines()[-1])
    assert [line.split()[0] for line in done.stdout.splitlines()] == [trailer["sha256"], trailer["content_root"]]


# Documents for people.


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_in_a_document_leads_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
        assert "://" in target or (path.parent / target).exists(), target


def test_every_decision_is_in_the_list():
    listed = {row[0].partition("](")[2].rstrip(")") for row in table(doc("docs/adr/README.md"), "decision")}
    assert listed == {path.name for path in (ROOT / "docs/adr").glob("*.md")} - {"README.md"}


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", doc("Makefile"), re.MULTILINE))
    for path in DOCS:
        for name in re.findall(
            r"(?:`|^\$? ?)make ([a-z-]+)(?:`|$| {2})", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert name in targets, path


#: As many as there are in the list of faults that the project began with; a row is never dropped.
FAULTS = 32


def test_every_test_that_a_document_names_exists():
    named = {found for path in DOCS for found in re.findall(r"`([\w/]+\.py)::(\w+)`", path.read_text(encoding="utf-8"))}
    assert len(named) > 100
    for file, name in sorted(named):
        path = ROOT / "tests" / file
        assert path.exists(), file
        assert re.search(rf"^def {name}\(", path.read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{name}"


def test_every_fault_has_a_test_or_a_reason_why_not():
    rows = table(doc("docs/security.md"), "fault")
    assert len({title for title, _ in rows}) == len(rows) >= FAULTS
    for title, shown in rows:
        assert ".py::test_" in shown or re.search(r"No \w+ route exists yet\.", shown), title


def test_everything_that_an_attacker_tries_has_a_test():
    told = doc("docs/security.md").partition("## The attack model")[2].partition("\n## ")[0]
    rows = [
        line for line in told.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| it tries"))
    ]
    assert len(rows) > 25
    assert [row for row in rows if ".py::test_" not in row] == []


def test_every_pinned_skip_has_a_reason():
    lines = [line for line in doc("tests/skips.txt").splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not line.partition("  # ")[2].strip()] == []
