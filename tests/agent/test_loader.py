"""The command line starts the agent under every login shell, and nothing but the agent."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from handover.agents import frames, loader
from support import pythons, trees

NONCE = "0123456789abcdef" * 2
SHELLS = ["bash -c", "dash -c", "sh -c", "busybox sh -c", "tcsh -c", "fish -c"]
PARAMETERS = loader.Parameters(
    root=".",
    digest="sha256",
    workers=2,
    polite=False,
    recheck=True,
    follow_root_link=False,
    cross_mounts=False,
    allow_empty=True,
)


def ran(
    arguments: list[str], data: bytes, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run with stdin left open until stdout ends, as the near side does."""
    process = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=env
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdin.write(data)
            process.stdin.flush()
        except BrokenPipeError:
            pass
        out = process.stdout.read()
        err = process.stderr.read()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def is_whole(said: subprocess.CompletedProcess[bytes]) -> bool:
    greeting = frames.GREETING + f"{frames.PROTOCOL} {NONCE}\n".encode()
    return said.returncode == 0 and said.stdout.startswith(greeting) and b'"sha256":' in said.stdout[-200:]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_command_works_under_every_login_shell(tmp_path, shell):
    assert shutil.which(shell.split()[0])
    trees.write(tmp_path / "file", b"x")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    said = ran([*shell.split(), loader.command("python3", NONCE)], loader.first_input(PARAMETERS), tmp_path, env)
    assert is_whole(said), said
    assert b"Traceback" not in said.stderr


@pytest.mark.parametrize("shell", SHELLS)
def test_a_missing_interpreter_is_told_apart_under_every_shell(tmp_path, shell):
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    said = ran([*shell.split(), loader.command("python3.999", NONCE)], b"", tmp_path, env)
    words = said.stderr.lower()
    assert said.returncode in (126, 127) or (said.returncode and (b"not found" in words or b"unknown" in words))


@pytest.mark.parametrize("python", pythons.found())
def test_nothing_in_the_login_folder_or_the_environment_is_imported(tmp_path, python):
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("hashlib", "json", "os", "struct", "mmap", "sitecustomize", "usercustomize", "encodings", "xxhash"):
        trees.write(trap / f"{name}.py", b"import sys; sys.stderr.write('TRAPPED'); raise SystemExit(3)\n")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(trap), "PYTHONPATH": str(trap), "PYTHONSTARTUP": str(trap / "os.py")}
    env |= {"LC_ALL": "C", "PYTHONIOENCODING": "utf-16", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
    command = loader.command(pythons.found()[python], NONCE)
    said = ran(["sh", "-c", command], loader.first_input(PARAMETERS), trap, env)
    assert is_whole(said), said
    assert b"TRAPPED" not in said.stderr
    assert sorted(path.name for path in trap.iterdir() if path.suffix != ".py") == []


def test_an_old_python_says_that_it_is_too_old(tmp_path):
    for version in ("2.7.18",):
        python = Path(f"/root/.pyenv/versions/{version}/bin/python2")
        if not python.exists():  # an ordinary machine has none; then only the words are tested
            assert loader.is_too_old(b"handover-agent: this Python is too old (3.5)")
            continue
        said = ran([str(python), "-c", loader._LOADER, "0" * 64, NONCE], b"", tmp_path)
        assert said.returncode == 1
        assert loader.is_too_old(said.stderr)
        said = ran(["sh", "-c", loader.command(str(python), NONCE)], b"", tmp_path)
        assert loader.is_too_old(said.stderr)


def test_a_program_that_is_cut_or_changed_does_not_run(tmp_path):
    whole = loader.first_input(PARAMETERS)
    command = ["sh", "-c", loader.command(sys.executable, NONCE)]
    begin = whole.index(b"\n") + 1
    for data in (whole[:0], whole[:3], whole[:begin], whole[: len(whole) // 2]):
        with_end = subprocess.run(command, input=data, capture_output=True, cwd=tmp_path, timeout=20)
        assert with_end.returncode == 1
        assert with_end.stdout == b""
    changed = bytearray(whole)
    changed[begin + 5000] ^= 1
    said = ran(command, bytes(changed), tmp_path)
    assert loader.DAMAGED in said.stderr
    assert said.stdout == b""


def test_parameters_that_are_cut_are_an_error_frame(tmp_path):
    command = ["sh", "-c", loader.command(sys.executable, NONCE)]
    cut = loader.first_input(PARAMETERS)[:-5]
    said = subprocess.run(command, input=cut, capture_output=True, cwd=tmp_path, timeout=20)
    assert b'"code": "parameters"' in said.stdout


def test_every_candidate_is_a_plain_word():
    for interpreter in loader.INTERPRETERS:
        assert loader.command(interpreter, NONCE).startswith(f"exec {interpreter} -I -S -B -c '")


@pytest.mark.parametrize("bad", ["a'b", "a!b", "a\\b", "a\nb"])
def test_a_word_that_some_shell_reads_differently_is_refused(bad):
    with pytest.raises(ValueError, match="quoted"):
        loader.command(bad, NONCE)


def test_the_command_is_short_enough_for_every_limit_on_command_lines():
    assert len(loader.command("/opt/alt/python313/bin/python3", NONCE, "sudo -n")) < 1024


def test_the_agent_ends_when_its_leash_is_cut(tmp_path):
    with (tmp_path / "huge").open("xb") as stream:
        stream.truncate(2**42)
    for workers in (1, 2):
        here, there = socket.socketpair()
        parameters = msgspec.structs.replace(PARAMETERS, workers=workers)
        process = subprocess.Popen(
            ["sh", "-c", loader.command(sys.executable, NONCE)], stdin=there, stdout=subprocess.PIPE, cwd=tmp_path
        )
        with process, here, there:
            here.sendall(loader.first_input(parameters))
            assert process.stdout is not None
            assert process.stdout.read(50)
            here.close()
            there.close()
            assert process.wait(2.0) == 1
