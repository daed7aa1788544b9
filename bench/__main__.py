"""``python -m bench``: choose, measure, write down."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from bench import ROOT, machine, report
from bench.context import Bench, say
from bench.experiments import SECTIONS
from bench.measure import Results
from bench.report import Run
from bench.rows import ROWS, judge

_WORKS = ("W1", "W3", "W2")
#: Trees of 20 GB are kept from run to run: not in memory, as /tmp may be.
_HOME = Path(os.environ.get("BENCH_DIR", "/var/tmp/handover-bench"))  # noqa: S108


def main() -> int:
    """Measure what was asked for, writing down after each experiment what is known by then."""
    options = _options()
    # So that whoever ends us ends the far host too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    measured: dict[str, Results] = {}
    earlier = None if options.onto is None else report.from_json(options.onto.read_text())
    date = datetime.now(UTC)
    results = Path(options.results) / f"{date:%Y-%m-%dT%H%M%SZ}.json"
    results.parent.mkdir(parents=True, exist_ok=True)
    with Bench(options.home, options.scale, options.repeats, options.works, install=not options.no_install) as bench:
        about = machine.facts(bench.home)
        for section in options.rows:
            for name, found in SECTIONS[section](bench):
                measured[name] = found
                run = _run(date, bench, about, measured)
                run = run if earlier is None else run.after(earlier)
                results.write_text(report.to_json(run))
                if options.report is not None:
                    report.put_into(options.report, run)
    say(f"every sample is in {results}")
    sys.stdout.write(
        "\n".join(report.table([judge(row, measured) for row in ROWS if row.experiment in measured])) + "\n"
    )
    return 0


def _run(date: datetime, bench: Bench, about: dict[str, str], measured: dict[str, Results]) -> Run:
    return Run(
        date=f"{date:%Y-%m-%d %H:%M} UTC",
        command=shlex.join(["python", "-m", "bench", *sys.argv[1:]]),
        machine=about,
        peers={name: found if isinstance(found, str) else found.version for name, found in bench.peers.items()},
        trees=[tree.described for tree in bench.trees],
        measured=measured,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    choose = parser.add_argument
    choose("--rows", type=_words(SECTIONS), default=tuple(SECTIONS), help=f"sections: {','.join(SECTIONS)}")
    choose("--works", type=_words(_WORKS), default=_WORKS, help=f"trees: {','.join(_WORKS)}")
    choose("--repeats", type=int, default=5, help="rounds of A B C A B C …")
    choose("--scale", type=float, default=1.0, help="how much of each tree; less than 1 is for development only")
    choose("--home", type=Path, default=_HOME, help="where trees and tools are kept ($BENCH_DIR)")
    choose("--results", type=Path, default=ROOT / "bench" / "results", help="where the JSON of each run goes")
    choose("--onto", type=Path, help="the JSON of an earlier run; what is not measured again is kept from it")
    choose("--report", type=Path, help="the page whose tables are replaced")
    choose("--no-install", action="store_true", help="use the peers that are there, install none")
    return parser.parse_args()


def _words(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        words = tuple(text.split(","))
        unknown = set(words) - set(known)
        if unknown:
            raise argparse.ArgumentTypeError(f"not known: {', '.join(sorted(unknown))}")
        return words

    return parse


if __name__ == "__main__":
    sys.exit(main())
