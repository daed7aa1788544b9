"""``trust host``: what is fetched, what is written, and what is never replaced."""

from __future__ import annotations

import resource
import stat
import subprocess
from pathlib import Path

import pytest

from handover.errors import LocalIOError, RemoteError
from handover.locations.ssh.address import SshAddress
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.connection import connect
from handover.locations.ssh.options import SshOptions
from handover.locations.ssh.trust import PresentedKey, present_key, remember
from support.sshd import Sshd, make_key, public_key, write_ssh_config


def present(server: Sshd, known: Path, config: Path | None = None) -> PresentedKey:
    options = SshOptions(config_file=config or server.ssh_config, known_hosts=(known,))
    return present_key(SshAddress.parse_account(server.url()), options, Nobody())


def test_an_unknown_key_is_shown_remembered_and_then_known_to_us_and_to_ssh(sshd, tmp_path):
    known = tmp_path / ".ssh" / "known_hosts"
    presented = present(sshd, known)
    assert (presented.fingerprint, presented.type) == (sshd.fingerprint, "ssh-ed25519")
    assert not presented.is_known
    assert presented.file == known
    assert not known.exists()
    assert remember(presented)
    assert stat.S_IMODE(known.stat().st_mode) == 0o600
    assert stat.S_IMODE(known.parent.stat().st_mode) == 0o700
    assert known.read_text() == sshd.known_hosts_line()
    options = SshOptions(config_file=sshd.ssh_config, known_hosts=(known,))
    connect(SshAddress.parse(sshd.url()), options, Nobody()).close()
    strict = ["-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes"]
    command = ["ssh", "-F", sshd.ssh_config, *strict, "-p", str(sshd.port), sshd.address, "true"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)


def test_what_is_known_already_is_not_written_again(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    remember(present(sshd, known))
    before = known.read_bytes()
    again = present(sshd, known)
    assert again.is_known
    assert not remember(again)
    assert known.read_bytes() == before


def test_nobody_logs_in_to_fetch_a_key(tmp_path):
    with Sshd(tmp_path) as server:
        present(server, tmp_path / "known_hosts")
        assert "Accepted" not in server.log()


def test_the_line_is_hashed_when_the_settings_say_so(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    config = write_ssh_config(tmp_path / "config", sshd, extra="HashKnownHosts yes")
    remember(present(sshd, known, config))
    assert known.read_text().startswith("|1|")
    assert present(sshd, known, config).is_known
    found = subprocess.run(
        ["ssh-keygen", "-F", f"[127.0.0.1]:{sshd.port}", "-f", known], check=True, capture_output=True, text=True
    )
    assert public_key(sshd.host_keys[0]) in found.stdout


@pytest.mark.parametrize("marker", ["", "@revoked "])
def test_a_changed_or_revoked_key_is_never_replaced(tmp_path, marker):
    with Sshd(tmp_path) as server:
        known = tmp_path / "known_hosts"
        key = server.host_keys[0] if marker else make_key(tmp_path / "other")
        known.write_text(f"{marker}{server.known_hosts_line(key=key)}")
        before = known.read_bytes()
        presented = present(server, known)
        assert not presented.is_known
        with pytest.raises(RemoteError) as caught:
            remember(presented)
        assert known.read_bytes() == before
        assert marker or f"ssh-keygen -R '[127.0.0.1]:{server.port}' -f {known}" in caught.value.hint


def test_earlier_lines_stay_byte_for_byte_even_without_a_last_line_end(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_bytes(b"# \xff comment\nother.example " + public_key(sshd.client_key).encode())
    before = known.read_bytes()
    remember(present(sshd, known))
    assert known.read_bytes() == before + b"\n" + sshd.known_hosts_line().encode()


def test_a_linked_file_stays_a_link(sshd, tmp_path):
    real, known = tmp_path / "real", tmp_path / "known_hosts"
    real.write_text("")
    known.symlink_to(real)
    remember(present(sshd, known))
    assert known.is_symlink()
    assert real.read_text() == sshd.known_hosts_line()


def test_a_file_that_cannot_be_written_is_an_error(sshd, tmp_path):
    presented = present(sshd, tmp_path / "file" / "known_hosts")
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalIOError):
        remember(presented)


def test_a_write_that_is_cut_short_leaves_the_file_as_it_was(sshd, tmp_path):
    known = tmp_path / "known_hosts"
    known.write_bytes(b"# comment\n" * 500_000)
    before = known.read_bytes()
    presented = present(sshd, known)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Ten bytes more fit; the rest does not.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, hard))
    try:
        with pytest.raises(LocalIOError, match="No space"):
            remember(presented)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert known.read_bytes() == before


def test_the_key_behind_a_jump_host_is_fetched_through_it(sshd, tmp_path):
    with Sshd(tmp_path) as jump:
        extra = "Host 127.0.0.1\n  ProxyJump jump"
        config = write_ssh_config(tmp_path / "config", aliases={"jump": jump}, extra=extra)
        known = tmp_path / "known_hosts"
        known.write_text(jump.known_hosts_line())
        assert present(sshd, known, config).fingerprint == sshd.fingerprint
        known.write_text("")
        with pytest.raises(RemoteError, match="not known") as caught:
            present(sshd, known, config)
        assert caught.value.where == f"{jump.user}@jump"
