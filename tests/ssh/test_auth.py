"""Logging in: keys, agent, passwords, dialogues, several methods, and what is said when nothing helps."""

from __future__ import annotations

import subprocess
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from handover.errors import RemoteError
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Kind, Nobody, PasswordFile, Question
from handover.locations.ssh.connection import SshHost, connect
from handover.locations.ssh.options import SshOptions
from support.paramiko_server import Login, ParamikoServer
from support.processes import wait_until
from support.sshd import Sshd, make_key, public_key, write_ssh_config

SECRET = "correct horse battery staple"


@dataclass
class Person:
    """Answers as told, and remembers what was asked."""

    answers: list[str | None] = field(default_factory=list)
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question) -> str | None:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else None


def reach(location: str, config: Path, asker=None, **changes) -> SshHost:
    return connect(SshAddress.parse(location), SshOptions(config_file=config, **changes), asker or Nobody())


def config_of(tmp_path: Path, known_hosts: Path, *lines: str) -> Path:
    file = tmp_path / "config"
    rest = [f"UserKnownHostsFile {known_hosts}", "GlobalKnownHostsFile /dev/null", "IdentityAgent none"]
    if not any("IdentityFile" in line for line in lines):
        rest.append("IdentityFile none")
    file.write_text("\n".join([*lines, *rest]) + "\n")
    return file


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    socket = tmp_path / "agent.sock"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        # It answers 1 when it holds no keys, and 2 while nobody listens.
        listing = ["ssh-add", "-l"]
        environment = {"SSH_AUTH_SOCK": str(socket)}
        assert wait_until(lambda: subprocess.run(listing, env=environment, capture_output=True).returncode == 1)
        yield socket
    finally:
        process.terminate()
        process.wait()


def add_to_agent(socket: Path, *keys: Path) -> None:
    for key in keys:
        subprocess.run(["ssh-add", "-q", key], env={"SSH_AUTH_SOCK": str(socket)}, check=True)


@pytest.mark.parametrize(("kind", "bits"), [("ed25519", None), ("ecdsa", None), ("ecdsa", 521), ("rsa", 2048)])
def test_key_files_of_each_kind_are_accepted(tmp_path, kind, bits):
    key = make_key(tmp_path / "key", kind=kind, bits=bits)
    with Sshd(tmp_path, authorized_keys=[public_key(key)]) as server:
        config = config_of(tmp_path, server.known_hosts, f"IdentityFile {key}")
        reach(server.url(), config).close()


def test_an_old_pem_key_is_accepted(tmp_path):
    key = tmp_path / "key"
    command = ["ssh-keygen", "-q", "-m", "PEM", "-t", "rsa", "-b", "2048", "-N", SECRET, "-f", key]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    assert b"BEGIN RSA PRIVATE KEY" in key.read_bytes()
    with Sshd(tmp_path, authorized_keys=[public_key(key)]) as server:
        config = config_of(tmp_path, server.known_hosts, f"IdentityFile {key}")
        reach(server.url(), config, Person([SECRET])).close()


def test_a_key_named_by_the_caller_comes_first(sshd, tmp_path):
    config = config_of(tmp_path, sshd.known_hosts)
    reach(sshd.url(), config, identity_files=(sshd.client_key,)).close()


def test_an_encrypted_key_asks_for_its_passphrase_until_it_is_right(tmp_path):
    key = make_key(tmp_path / "key", passphrase=SECRET)
    person = Person(["wrong", SECRET])
    with Sshd(tmp_path, authorized_keys=[public_key(key)]) as server:
        config = config_of(tmp_path, server.known_hosts, f"IdentityFile {key}")
        reach(server.url(), config, person).close()
    assert [(question.kind, question.attempt) for question in person.asked] == [
        (Kind.PASSPHRASE, 1),
        (Kind.PASSPHRASE, 2),
    ]
    assert person.asked[0].subject == str(key)


def test_nobody_is_asked_for_a_passphrase_when_another_key_fits(sshd, tmp_path):
    locked = make_key(tmp_path / "locked", passphrase=SECRET)
    config = config_of(tmp_path, sshd.known_hosts, f"IdentityFile {locked}", f"IdentityFile {sshd.client_key}")
    person = Person()
    reach(sshd.url(), config, person).close()
    assert person.asked == []


def test_a_locked_key_that_nobody_opens_is_named(sshd, tmp_path):
    locked = make_key(tmp_path / "locked", passphrase=SECRET)
    config = config_of(tmp_path, sshd.known_hosts, f"IdentityFile {locked}")
    with pytest.raises(RemoteError, match="needs a passphrase and nobody could be asked") as caught:
        reach(sshd.url(), config)
    assert str(locked) in caught.value.what
    with pytest.raises(RemoteError, match="its passphrase was wrong"):
        reach(sshd.url(), config, Person(["wrong"]))


def test_a_key_that_others_can_read_is_passed_over_and_named(sshd, tmp_path):
    key = make_key(tmp_path / "key")
    key.chmod(0o640)
    config = config_of(tmp_path, sshd.known_hosts, f"IdentityFile {key}")
    with pytest.raises(RemoteError, match="others can read it"):
        reach(sshd.url(), config)


@pytest.mark.parametrize(
    "content", [b"", b"\0\xff", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
)
def test_a_file_that_is_no_key_is_passed_over_and_named(sshd, tmp_path, content):
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    bad.chmod(0o600)
    missing = tmp_path / "missing"
    config = config_of(tmp_path, sshd.known_hosts, f"IdentityFile {bad}", f"IdentityFile {missing}")
    with pytest.raises(RemoteError) as caught:
        reach(sshd.url(), config)
    assert f"{bad}: not a private key" in caught.value.what
    assert f"{missing}: No such file" in caught.value.what
    config = config_of(tmp_path, sshd.known_hosts, f"IdentityFile {bad}", f"IdentityFile {sshd.client_key}")
    reach(sshd.url(), config).close()


def test_a_user_certificate_beside_the_key_is_used(tmp_path):
    authority, key = make_key(tmp_path / "authority"), make_key(tmp_path / "key")
    with Sshd(tmp_path, options=[f"TrustedUserCAKeys {authority}.pub"]) as server:
        signing = ["ssh-keygen", "-q", "-s", authority, "-I", "test", "-n", server.user, f"{key}.pub"]
        subprocess.run(signing, check=True, capture_output=True)
        config = config_of(tmp_path, server.known_hosts, f"IdentityFile {key}")
        reach(server.url(), config).close()
        assert "CERT" in server.log()


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_key_in_the_agent_is_enough(tmp_path, agent, kind):
    key = make_key(tmp_path / "key", kind=kind)
    add_to_agent(agent, key)
    key.unlink()
    with Sshd(tmp_path, authorized_keys=[public_key(key)]) as server:
        config = config_of(tmp_path, server.known_hosts, f"IdentityAgent {agent}")
        reach(server.url(), config).close()


def test_the_agent_of_the_environment_is_asked(sshd, tmp_path, agent, monkeypatch):
    add_to_agent(agent, sshd.client_key)
    config = config_of(tmp_path, sshd.known_hosts, "IdentityAgent SSH_AUTH_SOCK")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(agent))
    reach(sshd.url(), config).close()
    monkeypatch.delenv("SSH_AUTH_SOCK")
    with pytest.raises(RemoteError, match="not let in"):
        reach(sshd.url(), config)


def test_with_identities_only_the_agent_offers_just_the_named_key(tmp_path, agent):
    keys = [make_key(tmp_path / f"key{number}") for number in range(8)]
    add_to_agent(agent, *keys)
    last = keys[-1]
    with Sshd(tmp_path, authorized_keys=[public_key(last)]) as server:
        config = config_of(
            tmp_path, server.known_hosts, f"IdentityAgent {agent}", f"IdentityFile {last}.pub", "IdentitiesOnly yes"
        )
        reach(server.url(), config).close()
        assert "Failed publickey" not in server.log()
        # Without it, the named key still comes first.
        config = config_of(tmp_path, server.known_hosts, f"IdentityAgent {agent}", f"IdentityFile {last}.pub")
        reach(server.url(), config).close()
        assert "Failed publickey" not in server.log()
        # Without a name, the host hangs up after six.
        config = config_of(tmp_path, server.known_hosts, f"IdentityAgent {agent}")
        with pytest.raises(RemoteError, match="hung up during the login") as caught:
            reach(server.url(), config)
        assert "IdentitiesOnly" in caught.value.hint


def test_with_identities_only_no_other_key_of_the_agent_is_offered(tmp_path, agent):
    named, other = make_key(tmp_path / "named"), make_key(tmp_path / "other")
    add_to_agent(agent, named, other)
    lines = [f"IdentityAgent {agent}", f"IdentityFile {named}.pub"]
    with Sshd(tmp_path, authorized_keys=[public_key(other)]) as server:
        reach(server.url(), config_of(tmp_path, server.known_hosts, *lines)).close()
        with pytest.raises(RemoteError, match="not let in"):
            reach(server.url(), config_of(tmp_path, server.known_hosts, *lines, "IdentitiesOnly yes"))


def test_an_encrypted_key_that_the_agent_holds_needs_no_passphrase(tmp_path, agent):
    key = make_key(tmp_path / "key")
    add_to_agent(agent, key)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", SECRET, "-f", key], check=True, capture_output=True)
    Path(f"{key}.pub").rename(tmp_path / "elsewhere")
    authorized = " ".join((tmp_path / "elsewhere").read_text().split()[:2])
    person = Person()
    with Sshd(tmp_path, authorized_keys=[authorized]) as server:
        extra = [f"IdentityAgent {agent}", f"IdentityFile {key}", "IdentitiesOnly yes"]
        reach(server.url(), config_of(tmp_path, server.known_hosts, *extra), person).close()
    assert person.asked == []


def test_an_agent_that_is_gone_does_not_keep_other_keys_from_being_tried(sshd, tmp_path):
    lines = [f"IdentityAgent {tmp_path / 'gone'}", f"IdentityFile {sshd.client_key}"]
    reach(sshd.url(), config_of(tmp_path, sshd.known_hosts, *lines)).close()
    with pytest.raises(RemoteError, match="no agent answers"):
        reach(sshd.url(), config_of(tmp_path, sshd.known_hosts, lines[0]))


def test_a_failed_login_names_what_the_host_offers_and_what_was_tried(sshd, tmp_path):
    key = make_key(tmp_path / "key")
    with pytest.raises(RemoteError) as caught:
        reach(sshd.url(), config_of(tmp_path, sshd.known_hosts, f"IdentityFile {key}"))
    assert "the host offers publickey" in caught.value.what
    assert f"tried: key {key}" in caught.value.what
    assert caught.value.where == sshd.account()
    assert "--password-file" in caught.value.hint


def test_a_password_is_asked_for_and_accepted(tmp_path):
    person = Person(["wrong", SECRET])
    with ParamikoServer(tmp_path, Login(password=SECRET)) as server:
        with reach(server.url(), config_of(tmp_path, server.known_hosts), person) as host:
            channel = host.start("run this")
            assert channel.receive(10) == b"hello\n"
            assert channel.receive(10) == b""
            assert channel.exit_status(10) == 0
            channel.close()
        assert server.seen.passwords == ["wrong", SECRET]
        assert server.seen.commands == [b"run this"]
    assert [question.kind for question in person.asked] == [Kind.PASSWORD] * 2
    assert person.asked[0].subject == f"acme@127.0.0.1:{server.port}"


def test_a_password_file_is_tried_once(tmp_path):
    file = tmp_path / "password"
    file.write_text("wrong\n")
    file.chmod(0o600)
    with ParamikoServer(tmp_path, Login(password=SECRET)) as server:
        with pytest.raises(RemoteError, match="not let in"):
            reach(server.url(), config_of(tmp_path, server.known_hosts), PasswordFile.read(file))
        assert server.seen.passwords == ["wrong"]


def test_without_anybody_to_ask_the_error_names_the_methods_and_nothing_is_sent(tmp_path):
    with ParamikoServer(tmp_path, Login(password=SECRET)) as server:
        with pytest.raises(RemoteError) as caught:
            reach(server.url(), config_of(tmp_path, server.known_hosts))
        assert server.seen.passwords == []
    assert "the host offers password" in caught.value.what
    assert "nobody could be asked" in caught.value.what


def test_a_password_never_reaches_an_error_a_log_or_a_repr(tmp_path, caplog):
    caplog.set_level(0)
    file = tmp_path / "password"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    with ParamikoServer(tmp_path, Login(password="another")) as server, pytest.raises(RemoteError) as caught:
        reach(server.url(), config_of(tmp_path, server.known_hosts), PasswordFile.read(file))
    text = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(PasswordFile.read(file))
    assert SECRET not in text
    assert server.seen.passwords == [SECRET]


DIALOGUE = Login(
    methods=["keyboard-interactive"], rounds=[[("Password: ", False, SECRET), ("Token: ", True, "123456")]]
)


def test_a_dialogue_with_two_prompts_is_answered(tmp_path):
    person = Person([SECRET, "123456"])
    with ParamikoServer(tmp_path, DIALOGUE) as server:
        reach(server.url(), config_of(tmp_path, server.known_hosts), person).close()
        assert server.seen.answers == [[SECRET, "123456"]]
    assert [(question.kind, question.hidden) for question in person.asked] == [
        (Kind.PASSWORD, True),
        (Kind.ANSWER, False),
    ]


def test_a_dialogue_in_two_rounds_is_answered_and_tried_again(tmp_path):
    login = Login(methods=["keyboard-interactive"], rounds=[[("Hasło: ", False, SECRET)], [("Kod: ", False, "1")]])
    person = Person(["wrong", SECRET, "1"])
    with ParamikoServer(tmp_path, login) as server:
        reach(server.url(), config_of(tmp_path, server.known_hosts), person).close()
        assert server.seen.answers == [["wrong"], [SECRET], ["1"]]


def test_the_password_file_answers_the_first_hidden_prompt_and_no_other(tmp_path):
    file = tmp_path / "password"
    file.write_text(SECRET)
    file.chmod(0o600)
    login = Login(methods=["keyboard-interactive"], rounds=[[("Hasło: ", False, SECRET)]])
    with ParamikoServer(tmp_path, login) as server:
        reach(server.url(), config_of(tmp_path, server.known_hosts), PasswordFile.read(file)).close()
    login.rounds = [[("Password: ", False, SECRET)], [("New password: ", False, "x")]]
    with ParamikoServer(tmp_path, login) as server:
        with pytest.raises(RemoteError, match="nobody could answer"):
            reach(server.url(), config_of(tmp_path, server.known_hosts), PasswordFile.read(file))
        assert server.seen.answers == [[SECRET], [""]]


def test_prompts_of_a_host_are_harmless(tmp_path):
    login = Login(methods=["keyboard-interactive"], rounds=[[("\x1b[2JPass\u202eword: ", False, SECRET)]])
    person = Person([SECRET])
    with ParamikoServer(tmp_path, login) as server:
        reach(server.url(), config_of(tmp_path, server.known_hosts), person).close()
    assert person.asked[0].prompt.isprintable()


def test_an_interrupted_prompt_ends_the_login_at_once(tmp_path):
    class Interrupted:
        def ask(self, question: Question) -> str | None:
            raise KeyboardInterrupt

    with ParamikoServer(tmp_path, DIALOGUE) as server, pytest.raises(KeyboardInterrupt):
        reach(server.url(), config_of(tmp_path, server.known_hosts), Interrupted())


@pytest.mark.parametrize("then", ["password", "keyboard-interactive"])
def test_a_key_and_then_a_second_method_are_both_given(tmp_path, then):
    key = make_key(tmp_path / "key")
    import base64

    blob = base64.b64decode(public_key(key).split()[1])
    rounds = [[("Password: ", False, SECRET)]]
    login = Login(methods=["publickey"], then=[then], key_blob=blob, password=SECRET, rounds=rounds)
    with ParamikoServer(tmp_path, login) as server:
        config = config_of(tmp_path, server.known_hosts, f"IdentityFile {key}")
        reach(server.url(), config, Person([SECRET])).close()


def test_methods_that_the_settings_rule_out_are_not_tried(tmp_path):
    with ParamikoServer(tmp_path, Login(methods=["password", "keyboard-interactive"], password=SECRET)) as server:
        config = config_of(tmp_path, server.known_hosts, "PreferredAuthentications publickey")
        with pytest.raises(RemoteError, match="tried: nothing"):
            reach(server.url(), config, Person([SECRET]))
        config = config_of(tmp_path, server.known_hosts, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
        with pytest.raises(RemoteError, match="tried: nothing"):
            reach(server.url(), config, Person([SECRET]))
        assert server.seen.passwords == []


def test_the_login_of_a_real_sshd_works_with_the_helper_config(sshd, tmp_path):
    config = write_ssh_config(tmp_path / "config", sshd)
    reach(sshd.url(), config).close()
