"""The command line: ``python -m fuzz [NAME …]``, each parser in a process of its own, all of them by default."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from fuzz import engine

_BUILD = Path(__file__).parents[2] / "build" / "fuzz"


def main() -> int:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="say which parsers there are")
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--by-chance", action="store_true", help="search as where there is no atheris")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier searches have learned")
    parser.add_argument("--input", type=Path, help="feed this file once, such as one from build/fuzz/found")
    given = parser.parse_args()
    if given.list or len(given.names) != 1 or given.input:
        return _without_search(given)
    (name,) = given.names
    found = _BUILD / "found"
    found.mkdir(parents=True, exist_ok=True)
    if given.by_chance or not engine.has_atheris():
        engine.by_chance(name, given.runs, given.seed, found)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) if given.fresh else _BUILD / name
        corpus.mkdir(exist_ok=True)
        engine.by_coverage(name, given.runs, given.seed, corpus, found)
    return 0


def _without_search(given: argparse.Namespace) -> int:
    from fuzz.targets import TARGETS

    if given.list:
        sys.stdout.write("\n".join(TARGETS) + "\n")
    elif given.input:
        engine.execute(TARGETS[given.names[0]], given.input.read_bytes())
    else:
        rest = [argument for argument in sys.argv[1:] if argument not in given.names]
        return max(subprocess.call([sys.executable, "-m", "fuzz", name, *rest]) for name in given.names or TARGETS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
