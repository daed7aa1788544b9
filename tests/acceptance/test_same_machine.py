"""A tree is never compared with itself by accident: after a change of DNS the old name is the new host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.cli import handover
from support.sshd import Sshd


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "where it is" / "site"
    root.mkdir(parents=True)
    (root / "index.php").write_text("<?php")
    return root


@pytest.fixture
def other_name(site, tmp_path):
    """The same folder under another path: a bind mount, or where mounting is forbidden the way through a link."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    if os.geteuid() == 0 and subprocess.run(["mount", "--bind", site, mounted], capture_output=True).returncode == 0:
        yield mounted
        subprocess.run(["umount", mounted], check=True)
        return
    (tmp_path / "way").symlink_to(site.parent)
    yield tmp_path / "way" / site.name


@pytest.fixture
def two_names(tmp_path):
    """One host that answers under two addresses."""
    with Sshd(tmp_path, addresses=("127.0.0.1", "127.0.0.2")) as server:
        yield server


def refused(*arguments: object) -> None:
    """Both as text and as JSON, nothing is said of completeness, and the flag that allows it is named."""
    result = handover("compare", *arguments)
    assert result.code == 8, result.err
    assert "the same folder on the same machine" in result.err
    assert "--same-host" in result.err
    assert result.out == ""
    assert handover("compare", *arguments, "--json").json["error"]["code"] == 8


def remarks(*arguments: object) -> set[str]:
    """Return the remarks beside a ``complete``."""
    result = handover("compare", *arguments, "--json")
    assert (result.code, result.json["verdict"]) == (0, "complete"), result.err
    return {remark["code"] for remark in result.json["remarks"]}


def test_a_folder_and_itself_is_refused(site):
    refused(site, site)


def test_a_folder_and_a_second_way_to_it_is_refused(site, other_name):
    refused(site, other_name)


def test_one_root_under_two_host_names_is_refused(site, two_names):
    config = two_names.ssh_config
    refused(two_names.url(site), two_names.url(site, address="127.0.0.2"), "--ssh-config", config)


def test_a_root_here_and_the_same_over_ssh_is_refused(site, two_names, other_name):
    refused(site, two_names.url(other_name), "--ssh-config", two_names.ssh_config)


def test_two_manifests_of_one_root_are_refused(site, other_name, tmp_path):
    for name, root in (("a", site), ("b", other_name)):
        assert handover("scan", root, "-o", tmp_path / name).code == 0
    refused(tmp_path / "a", tmp_path / "b")
    refused(tmp_path / "a", tmp_path / "a")


def test_with_same_host_it_is_compared_and_remarked(site, other_name):
    assert "same_root" in remarks(site, other_name, "--same-host")
    shown = handover("compare", site, other_name, "--same-host").out
    assert "same folder" in " ".join(shown.split())


def test_two_folders_of_one_machine_under_two_names_are_remarked(site, two_names, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", site, copy], check=True)
    config = two_names.ssh_config
    sides = two_names.url(site), two_names.url(copy, address="127.0.0.2")
    assert "same_machine" in remarks(*sides, "--ssh-config", config)
    assert "one running machine" in " ".join(handover("compare", *sides, "--ssh-config", config).out.split())


def test_a_run_over_one_root_is_refused_and_leaves_no_round(site, other_name, tmp_path):
    case = tmp_path / "case"
    assert handover("init", case, "--source", site, "--target", other_name).code == 0
    assert handover("run", case).code == 8
    assert not list(Path(case).glob("rounds/*"))
    assert handover("run", case, "--same-host").code == 0
