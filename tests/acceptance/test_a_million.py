"""A million entries on each side are compared in little memory, with no difference and with a hundred thousand."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from handover import strict_json
from handover.manifest import TRAILER_TYPE, Counts, GapCounts, Machine, Trailer
from support.cli import environment
from support.manifests import LATER, make_header

_FILES = 1_000_000
_BATCH = 10_000
_LIMIT_KIB = 150 * 1024
#: Runs a command and tells the most memory that it took. A process of its own: what pytest takes would count otherwise.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


def write_manifest(path: Path, machine: str, changed_every: int | None = None) -> None:
    """Write a whole and true manifest faster than any scan could: a million files in a thousand folders.

    The files of every so many folders have other contents than they have without ``changed_every``.
    """
    whole, structure, contents = hashlib.sha256(), hashlib.sha256(), hashlib.sha256()
    folders, changed = _FILES // 1000, []
    with path.open("xb") as stream:

        def put(data: bytes) -> None:
            whole.update(data)
            stream.write(data)

        put(strict_json.encode(make_header(role=None, machine=Machine(boot_sha256=machine * 64))) + b"\n")
        put_entries = [b'{"path":"","type":"dir"']
        for folder in range(folders):
            put_entries.append(b'{"path":"folder-%04d","type":"dir"' % folder)
            is_changed = changed_every is not None and folder % changed_every == 0
            for number in range(folder * 1000, folder * 1000 + 1000):
                digest = b"%064x" % (number + _FILES * is_changed)
                # The root takes digests in their order, and those of changed files are the highest.
                changed.append(digest + b"\n") if is_changed else contents.update(digest + b"\n")
                put_entries.append(
                    b'{"path":"folder-%04d/picture-%07d.jpeg","type":"file","size":1000,"digest":"%b"'
                    % (folder, number, digest)
                )
            if len(put_entries) >= _BATCH or folder == folders - 1:
                structure.update(b"".join(entry + b"\n" for entry in put_entries))
                put(b"".join(entry + b',"host":{"mtime_ns":"1764363600000000000"}}\n' for entry in put_entries))
                put_entries.clear()
        contents.update(b"".join(changed))
        counts = Counts(file=_FILES, dir=folders + 1, link=0, special=0, gap=0, ignored=0)
        trailer = Trailer(
            type=TRAILER_TYPE,
            status="complete",
            entries=counts.total,
            counts=counts,
            bytes=_FILES * 1000,
            gaps=GapCounts(unreadable=0, unstable=0, vanished=0, unsupported=0, boundary=0),
            content_root=contents.hexdigest(),
            structure_root=structure.hexdigest(),
            ended_at=LATER,
            sha256=whole.hexdigest(),
        )
        stream.write(strict_json.encode(trailer) + b"\n")


@pytest.fixture(scope="module")
def manifests(tmp_path_factory):
    folder = tmp_path_factory.mktemp("million")
    write_manifest(folder / "source", "1")
    write_manifest(folder / "same", "2")
    write_manifest(folder / "different", "3", changed_every=10)
    return folder


@pytest.mark.parametrize(("target", "code", "changed"), [("same", 0, 0), ("different", 1, 100_000)])
def test_a_million_entries_are_compared_in_little_memory(manifests, target, code, changed):
    measured = [sys.executable, "-c", _MEASURED, sys.executable, "-m", "handover"]
    done = subprocess.run(
        [*measured, "compare", manifests / "source", manifests / target, "--json", "--quiet"],
        env=environment(),
        capture_output=True,
        timeout=240,
    )
    assert done.returncode == code, done.stderr.decode()
    (part,) = json.loads(done.stdout)["parts"]
    assert part["counts"]["changed"] == changed
    assert part["counts"]["same"] == _FILES + 1001 - changed
    assert int(done.stderr.split()[-1]) < _LIMIT_KIB
