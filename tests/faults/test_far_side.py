"""Whatever call of the agent fails, what it could not read is a gap: never missing, never the same, never left out."""

from __future__ import annotations

import errno
import itertools
import os

import pytest

from faults.seam import ALWAYS_SHORT, BROKEN, INTERRUPTED, KILL, SHORT, Calls, Command, Fault
from handover.manifest_reader import Reader
from support import counted
from support.cli import handover

_FORBIDDEN = Fault("EACCES", Calls.OPEN | Calls.LIST | Calls.STAT, errno.EACCES)
_GONE = Fault("ENOENT", Calls.OPEN | Calls.STAT, errno.ENOENT)
_STALE = Fault("ESTALE from then on", Calls.READING, errno.ESTALE, lasting=True)
_HARMLESS = (SHORT, ALWAYS_SHORT, INTERRUPTED)
_FAULTS = (BROKEN, _FORBIDDEN, _GONE, _STALE, KILL, *_HARMLESS)
#: Complete, gaps; and where the root itself fails: not a folder or not there, the agent ends.
_CODES = {0, 3}
_ROOT_CODES = {2, 6}
_SHOWN = 12
_NUMBER = itertools.count()


@pytest.fixture(scope="module")
def tree(memory):
    """A small tree with one of each: files of all sizes, a folder in a folder, a link, a pipe, an empty folder."""
    root = memory / "far" / "tree"
    (root / "folder" / "inner").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    (root / "big").write_bytes(bytes(2**20) * 3 + b"end")
    (root / "folder" / "b").write_bytes(b"b" * 70_000)
    (root / "folder" / "nothing").write_bytes(b"")
    (root / "folder" / "inner" / "c").write_bytes(b"c")
    (root / "link").symlink_to("a.txt")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture(scope="module")
def whole(tree):
    """The manifest of the tree when nothing fails."""
    output = tree.parent / "whole"
    assert handover("scan", tree, "-o", output).code == 0
    return output


def read(manifest):
    """Return the content of each line by path, and which paths are gaps."""
    with manifest.open("rb") as stream:
        reader = Reader(stream, where="m")
        contents = {line.path: line.content for line in reader.lines()}
        assert reader.trailer.entries == len(contents)
    return contents, {path for path, content in contents.items() if b'"gap":' in content}


@pytest.mark.parametrize("fault", _FAULTS, ids=lambda fault: fault.name)
def test_whatever_call_fails(servers, tree, whole, memory, fault):
    broken = []

    def point(server, n):
        scratch = memory / f"far{next(_NUMBER)}"
        scratch.mkdir()
        output = scratch / "m"
        command = Command(("scan", str(tree), "-o", str(output), "-q"), memory, tree, scratch, near=False)
        ran = server.run(command, fault, n)
        try:
            check(server, fault, ran, output, whole, scratch)
        except AssertionError as error:
            said = str(error).partition("\nassert ")[0]
            broken.append(f"call {n}, {ran.call}: exit {ran.code}: {said}\n{ran.err}")
        return bool(ran.call)

    points = servers.every(point)
    assert points
    counted.add("fault points", points)
    assert not broken, f"{len(broken)} of {points} points:\n\n" + "\n\n".join(broken[:_SHOWN])


def check(server, fault, ran, output, whole, scratch):
    """Fail when a scan whose agent met a fault says what is not so."""
    assert "Traceback" not in ran.err, "a traceback"
    if not ran.call or fault in _HARMLESS:
        assert ran.code == 0, "what does no harm did harm"
    elif fault is KILL:
        assert ran.code == 6, "an agent that was killed"
    else:
        assert ran.code in _CODES | _ROOT_CODES, "an exit code that is not for this"
    assert output.exists() == (ran.code in _CODES), "a manifest, and no scan"
    if output.exists():
        check_manifest(ran.code, output, whole)
    if ran.code == 3:
        check_comparison(server, output, whole, scratch)


def check_manifest(code, output, whole):
    """Each path is there as it is or as a gap, or is below one."""
    true, _ = read(whole)
    found, gaps = read(output)
    assert bool(gaps) == (code == 3), "gaps and exit code do not agree"
    assert set(found) <= set(true), "paths that are nowhere"
    for path, content in true.items():
        if path in found and path not in gaps:
            assert found[path] == content, f"{path!r} is not what it is"
        elif path not in found:
            assert any(above in gaps for above in parents(path)), f"{path!r} is left out"


def parents(path):
    parts = path.split(b"/")
    return [b"/".join(parts[:count]) for count in range(len(parts))]


def check_comparison(server, output, whole, scratch):
    """On either side of a comparison with the whole, gaps are not checked: nothing is missing, extra or complete."""
    for sides in ((whole, output), (output, whole)):
        command = Command(("compare", *map(str, sides), "--same-host", "-q"), scratch, scratch / "nowhere", scratch)
        ran = server.run(command, BROKEN, 0)
        assert ran.code == 3, f"a comparison with gaps\n{ran.out.decode()}"
