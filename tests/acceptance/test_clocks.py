"""A host whose clock is wrong by years: recorded, said, and of no effect on what is found."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from support import trees
from support.cli import handover
from support.sshd import Sshd

_YEAR_S = 31_556_952
#: What the far Python sees as the time of day; its other clocks are as they are.
_SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += SHIFT_S;
    return failed;
}
"""


def wrong_python(folder: Path, shift_s: int) -> Path:
    """Make a folder with a ``python3`` whose clock is wrong."""
    folder.mkdir()
    shim = folder / "clock.so"
    command = ["gcc", "-shared", "-fPIC", f"-DSHIFT_S=({shift_s}L)", "-o", shim, "-x", "c", "-", "-ldl"]
    subprocess.run(command, input=_SHIM.encode(), check=True, timeout=60)
    wrapper = folder / "python3"
    wrapper.write_text(f'#!/bin/sh\nLD_PRELOAD={shim} exec /usr/bin/python3 "$@"\n')
    wrapper.chmod(0o755)
    return folder


@pytest.mark.parametrize(("years", "words"), [(-20, "is behind by"), (20, "is ahead by")])
def test_a_clock_that_is_wrong_by_years_is_said_and_changes_nothing(tmp_path, years, words):
    root = trees.build(tmp_path / "site")
    subprocess.run(["cp", "-a", root, tmp_path / "copy"], check=True)
    programs = wrong_python(tmp_path / "bin", years * _YEAR_S)
    first = f'PATH={programs}:/usr/bin:/bin exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"'
    with Sshd(tmp_path, force_command=first) as server:
        result = handover(
            "compare", root, server.url(tmp_path / "copy"), "-o", tmp_path / "out", "--ssh-config", server.ssh_config
        )
    assert result.code == 0, result.out + result.err
    assert words in " ".join(result.out.split())
    manifest = next((tmp_path / "out").glob("*target.manifest"))
    clock = json.loads(manifest.read_bytes().splitlines()[0])["clock"]
    assert abs(clock["skew_ms"] - years * _YEAR_S * 1000) < 60_000
