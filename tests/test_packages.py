"""The packages that people install: the same bytes whoever builds them, and all in them that the program needs.

Built and installed without a network: the build backend and the libraries are those of this interpreter.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import site
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

import handover as package

ROOT = Path(__file__).parents[1]
#: What the tree is made of for a builder; everything else in a checkout is somebody's own.
SOURCES = (
    "src", "tests", "docs", "examples", "tools", "hatch_build.py", "pyproject.toml", "README.md", "CHANGELOG.md",
    "LICENSE", ".gitignore",
)  # fmt: skip
#: A day of its own, so that the time of the build cannot be what makes two packages equal.
ENVIRONMENT = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": "1700000000", "PIP_NO_INDEX": "1"}


def build(tree: Path, to: Path, *kinds: str, umask: int = 0o022) -> None:
    command = [sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", to, tree]
    done = subprocess.run(command, env=ENVIRONMENT, umask=umask, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def checkout(folder: Path) -> Path:
    """Copy the tree to another place, with other times and another umask, as another person would have it."""
    folder.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.mo")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """Return a folder with one wheel and one source package."""
    folder = tmp_path_factory.mktemp("built")
    build(checkout(folder / "tree"), folder / "dist", "--wheel", "--sdist")
    return folder / "dist"


def test_two_people_build_the_same_bytes(built, tmp_path):
    tree = checkout(tmp_path / "somewhere else")
    (tree / "src" / "handover" / "__pycache__").mkdir()
    (tree / "src" / "handover" / "__pycache__" / "errors.cpython-311.pyc").write_bytes(b"left by a run")
    build(tree, tmp_path / "dist", "--wheel", "--sdist", umask=0o077)
    assert {path.name: path.read_bytes() for path in built.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "dist").iterdir()
    }


def test_the_source_package_builds_the_wheel(built, tmp_path):
    with tarfile.open(only(built, "*.tar.gz")) as archive:
        archive.extractall(tmp_path, filter="data")
    build(only(tmp_path, "handover*"), tmp_path / "dist", "--wheel")
    assert only(tmp_path / "dist", "*.whl").read_bytes() == only(built, "*.whl").read_bytes()


def test_the_wheel_holds_the_package_as_it_is_here_and_nothing_else(built):
    home = Path(package.__file__).parent
    with zipfile.ZipFile(only(built, "*.whl")) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == {
        path.relative_to(home.parent).as_posix(): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_what_is_installed_works(built, tmp_path, pattern):
    fresh = tmp_path / "venv"
    venv.create(fresh, symlinks=True)
    home = Path(next((fresh / "lib").glob("python*/site-packages")))
    # The libraries of this interpreter come last and without their *.pth: what is installed is what runs.
    home.joinpath("libraries.pth").write_text("".join(f"{path}\n" for path in libraries()))
    python = fresh / "bin" / "python"
    install = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-build-isolation"]
    run([*install, "--ignore-installed", "--disable-pip-version-check", only(built, pattern)], tmp_path)
    program = fresh / "bin" / "handover"
    assert run([program, "--version"], tmp_path).split()[:2] == ["handover", package.__version__]
    where = run([python, "-c", "import handover; print(handover.__file__)"], tmp_path)
    assert Path(where.strip()).is_relative_to(home)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "page.html").write_text("<p>")
    run([program, "init", "case", "--source", tree, "--target", tmp_path / "copy"], tmp_path)
    shutil.copytree(tree, tmp_path / "copy")
    run([program, "run", "case"], tmp_path)
    assert (tmp_path / "case" / "rounds" / "0001" / "report.en.html").stat().st_size > 1000


def libraries() -> list[str]:
    return [path for path in sys.path if path.endswith("site-packages") and path != site.getusersitepackages()]


def run(command: list[object], folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# What is known about the libraries (tools/audit.py): who was not asked about is not innocent.

PINS = {"a-library": "1.0", "another": "2.0"}
CLEAN = {"name": "another", "version": "2.0", "vulns": []}
BAD = {"name": "a-library", "version": "1.0", "vulns": [{"id": "X-2026-1"}]}
SKIPPED = {"name": "a-library", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("answers", "code", "words"),
    [
        ([CLEAN, BAD | {"vulns": []}], 0, "nothing is known against 2 libraries"),
        ([CLEAN, BAD], 1, "known against a-library 1.0: X-2026-1"),
        ([BAD], 1, "known against a-library 1.0: X-2026-1\nNOT ASKED about 1 of 2: another 2.0"),
        ([CLEAN, SKIPPED], 3, "NOT ASKED about 1 of 2: a-library 1.0"),
        ([], 3, "NOT ASKED about 2 of 2: a-library 1.0, another 2.0"),
    ],
)
def test_a_library_that_nobody_could_ask_about_is_not_called_clean(answers, code, words):
    assert audit().judge(PINS, answers) == (code, words)


def test_what_is_asked_about_is_what_the_program_loads():
    asked = audit().libraries()
    assert {"paramiko", "cryptography", "bcrypt", "markupsafe"} <= asked.keys()
    assert not {"pytest", "keyring", "handover-verifier"} & asked.keys()


def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "tools" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
