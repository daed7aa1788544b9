"""The two C programs of the bench, compiled here: the floor and the meter."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from bench import ROOT

_SOURCES = ROOT / "bench"
SYSTEM_HEADER = Path("/usr/include/xxhash.h")
_FLAGS = ("-O3", "-march=native", "-Wall", "-Wextra", "-pthread")


def compile_tool(name: str, home: Path) -> Path:
    """Return the compiled program, made anew when its source is younger."""
    source, program = _SOURCES / f"{name}.c", home / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        header = () if name != "floor" or SYSTEM_HEADER.exists() else (f"-I{_header(home)}",)
        subprocess.run(["cc", *_FLAGS, *header, str(source), "-o", str(program)], check=True)
    return program


def _header(home: Path) -> Path:
    """Return the folder of xxhash.h from the source package of the Python module; Debian's is libxxhash-dev."""
    header = home / "xxhash.h"
    if not header.exists():
        with tempfile.TemporaryDirectory() as scratch:
            download = ["pip", "download", "--quiet", "--no-deps", "--no-binary", "xxhash", "xxhash", "-d", scratch]
            subprocess.run([sys.executable, "-m", *download], check=True)
            (package,) = Path(scratch).glob("xxhash-*.tar.gz")
            with tarfile.open(package) as archive:
                member = next(m for m in archive if m.name.endswith("/deps/xxhash/xxhash.h"))
                stream = archive.extractfile(member)
                assert stream is not None
                header.write_bytes(stream.read())
    return home
