"""A second process reads a large manifest for a comparison, and whatever becomes of it is told for what it is."""

from __future__ import annotations

import hashlib

import pytest

from handover.errors import LocalIOError, MalformedInput
from handover.workflow import second_process
from support.manifests import file, folder, make_manifest
from support.manifests import reader as whole_reader

RAW = make_manifest(folder("a"), *(file(f"a/{number:05}", b"x") for number in range(20_000)))


@pytest.fixture(autouse=True)
def _every_manifest_is_large(monkeypatch):
    monkeypatch.setattr(second_process, "WORTH", 0)
    monkeypatch.setattr(second_process.os, "cpu_count", lambda: 2)


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "web.target.manifest"
    path.write_bytes(RAW)
    return path


def test_it_reads_what_is_there(manifest):
    with second_process.reader_without_hosts(manifest) as reader:
        assert [line.key for line in reader.lines()] == [line.key for line in whole_reader(RAW).lines()]
        assert (reader.sha256, reader.length) == (hashlib.sha256(RAW).hexdigest(), len(RAW))


def test_it_ends_with_the_block(manifest, monkeypatch):
    started = []
    monkeypatch.setattr(second_process.subprocess, "Popen", spy(second_process.subprocess.Popen, started))
    with second_process.reader_without_hosts(manifest) as reader:
        next(reader.blocks())
        (process,) = started
        assert process.poll() is None
    assert process.poll() is not None


def test_a_process_that_is_killed_is_no_fault_of_the_manifest(manifest, monkeypatch):
    started = []
    monkeypatch.setattr(second_process.subprocess, "Popen", spy(second_process.subprocess.Popen, started))
    with second_process.reader_without_hosts(manifest) as reader:
        blocks = reader.blocks()
        next(blocks)
        started[0].kill()
        with pytest.raises(LocalIOError, match="ended with status -9"):
            list(blocks)


@pytest.mark.parametrize("length", [0, 100, len(RAW) // 2, len(RAW) - 1])
def test_a_manifest_that_was_cut_is_malformed(manifest, length):
    manifest.write_bytes(RAW[:length])
    with pytest.raises(MalformedInput, match="ends before"), second_process.reader_without_hosts(manifest) as reader:
        list(reader.lines())


def spy(popen, started):
    def start(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    return start
