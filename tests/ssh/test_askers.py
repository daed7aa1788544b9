"""Where secrets come from, and that they go nowhere else."""

from __future__ import annotations

import os
import pty
import sys
import threading

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from handover.errors import LocalIOError, UsageError
from handover.locations.ssh.askers import Keyring, Kind, Nobody, PasswordFile, Question, Terminal, askers

PASSWORD = Question(Kind.PASSWORD, "acme@old.example", "Password for acme@old.example")
PASSPHRASE = Question(Kind.PASSPHRASE, "/home/eva/.ssh/id_ed25519", "Passphrase")
ANSWER = Question(Kind.ANSWER, "acme@old.example", "Token")


def password_file(tmp_path, content: bytes, mode: int = 0o600):
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "content",
    [b"s3cret w\xc3\xb6rd", b"s3cret w\xc3\xb6rd\n", b"s3cret w\xc3\xb6rd\r\n", b"s3cret w\xc3\xb6rd\nnote\n"],
)
def test_the_first_line_of_the_file_is_the_password(tmp_path, content):
    asker = PasswordFile.read(password_file(tmp_path, content))
    assert asker.ask(PASSWORD) == "s3cret wörd"
    assert asker.ask(Question(Kind.PASSWORD, "x", "x", attempt=2)) is None
    assert asker.ask(PASSPHRASE) is None
    assert asker.ask(ANSWER) is None
    assert "s3cret" not in repr(asker)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644])
def test_a_file_that_others_can_read_or_write_is_refused(tmp_path, mode):
    with pytest.raises(UsageError, match="others can read") as caught:
        PasswordFile.read(password_file(tmp_path, b"secret\n", mode))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n", b"\xff\n", b"a" * 5000])
def test_a_file_without_a_password_is_refused(tmp_path, content):
    with pytest.raises(UsageError):
        PasswordFile.read(password_file(tmp_path, content))


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(LocalIOError):
        PasswordFile.read(tmp_path / "none")


def test_a_pipe_is_as_good_as_a_file(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo, 0o644)
    writer = threading.Thread(target=fifo.write_bytes, args=(b"secret\n",))
    writer.start()
    assert PasswordFile.read(fifo).ask(PASSWORD) == "secret"
    writer.join()


class Ring(KeyringBackend):
    priority = 1

    def __init__(self, held):
        super().__init__()
        self.held = held

    def get_password(self, service, username):
        if self.held is None:
            raise KeyringLocked
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError

    def delete_password(self, service, username):
        raise NotImplementedError


def test_the_keyring_is_asked_by_account_or_key_once(monkeypatch):
    held = {("handover", "acme@old.example"): "one", ("handover", PASSPHRASE.subject): "two"}
    monkeypatch.setattr("keyring.core._keyring_backend", Ring(held))
    assert isinstance(keyring.get_keyring(), Ring)
    assert Keyring().ask(PASSWORD) == "one"
    assert Keyring().ask(PASSPHRASE) == "two"
    assert Keyring().ask(Question(Kind.PASSWORD, "acme@old.example", "x", attempt=2)) is None
    assert Keyring().ask(ANSWER) is None


def test_a_keyring_that_stays_locked_knows_nothing(monkeypatch):
    monkeypatch.setattr("keyring.core._keyring_backend", Ring(None))
    assert Keyring().ask(PASSWORD) is None


def test_nobody_is_asked_without_a_terminal(monkeypatch):
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert Terminal().ask(PASSWORD) is None
        assert Nobody().ask(PASSWORD) is None


def test_nobody_is_asked_in_a_thread_that_ctrl_c_does_not_reach(monkeypatch):
    questions: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: questions.append(prompt) or "typed")
    answers: list[str | None] = [Terminal().ask(PASSWORD)]
    thread = threading.Thread(target=lambda: answers.append(Terminal().ask(PASSWORD)))
    thread.start()
    thread.join()
    assert answers == ["typed", None]
    assert len(questions) == 1


def test_the_file_comes_before_the_keyring_and_the_person(tmp_path, monkeypatch):
    monkeypatch.setattr("keyring.core._keyring_backend", Ring({("handover", "acme@old.example"): "ring"}))
    file = password_file(tmp_path, b"file\n")
    assert askers(file, interactive=True).ask(PASSWORD) == "file"
    assert askers(None, interactive=False).ask(PASSWORD) == "ring"
    assert askers(None, interactive=False).ask(ANSWER) is None


ON_A_TERMINAL = """
import sys
from handover.locations.ssh.askers import Kind, Question, Terminal
print("GOT", Terminal().ask(Question(Kind.PASSWORD, "acme@old.example", "Password for acme", 1, hidden=%s)))
print("THEN", Terminal().ask(Question(Kind.PASSWORD, "acme@old.example", "Password for acme", 4)))
"""


@pytest.mark.parametrize("hidden", [True, False])
def test_a_person_at_a_terminal_is_asked_three_times_and_a_secret_is_not_shown(hidden):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", ON_A_TERMINAL % hidden])
    try:
        said = b""
        while b"Password for acme: " not in said:
            said += os.read(terminal, 1024)
        os.write(terminal, b"typed\n")
        try:
            while data := os.read(terminal, 1024):
                said += data
        except OSError:
            pass  # Linux's way to say that the other end of the terminal was closed
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    assert b"GOT typed" in said
    assert b"THEN None" in said
    assert said.count(b"typed") == (1 if hidden else 2)
