"""Two ways to search: led by coverage (atheris, libFuzzer), and by chance alone where there is no atheris.

Both begin with the seeds of a target, stop at the first finding with an exit status that is not 0, leave its bytes in
``found``, and say how many executions there were.
"""

from __future__ import annotations

import contextlib
import importlib.util
import random
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from support.mutation import mutated

if TYPE_CHECKING:
    from fuzz.targets import Target

_MOST_S = 20
_MOST_MIB = 1024
_MOST_INPUT = 64 * 1024


def has_atheris() -> bool:
    """Whether there is one for this Python."""
    return importlib.util.find_spec("atheris") is not None


def execute(target: Target, data: bytes) -> None:
    """Feed one input; what is raised from here is a finding."""
    try:
        target.run(data)
    except target.errors as error:
        said = f"{error}{error.hint}".replace("\n", "")
        assert said.isprintable(), f"words that could deceive: {said!r}"


def by_coverage(name: str, runs: int, seed: int, corpus: Path, found: Path) -> None:
    """Search with libFuzzer, which ends this process. ``corpus`` keeps what it learns."""
    import atheris

    with atheris.instrument_imports(include=["handover"]):
        from fuzz.targets import TARGETS
    target = TARGETS[name]
    for number, data in enumerate(target.seeds()):
        (corpus / f"seed-{number:04}").write_bytes(data)
    limits = [f"-timeout={_MOST_S}", f"-rss_limit_mb={_MOST_MIB}", f"-max_len={_MOST_INPUT}", "-detect_leaks=0"]
    arguments = [f"-runs={runs}", f"-seed={seed}", *limits, f"-artifact_prefix={found}/{name}-", str(corpus)]
    atheris.Setup([sys.argv[0], *arguments], lambda data: execute(target, data))
    atheris.Fuzz()


def by_chance(name: str, runs: int, seed: int, found: Path) -> None:
    """Search without any guidance, and end this process."""
    from fuzz.targets import TARGETS

    target, chance = TARGETS[name], random.Random(seed)
    seeds = sorted(target.seeds())
    for number in range(runs):
        data = seeds[number] if number < len(seeds) else mutated(chance, chance.choice(seeds), seeds)[:_MOST_INPUT]
        began_s = time.thread_time()
        try:
            execute(target, data)
            assert time.thread_time() - began_s < _MOST_S, "it took too long"
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < _MOST_MIB * 1024, "it took too much memory"
        except BaseException:  # noqa: BLE001  whatever it is, its input is kept
            traceback.print_exc()
            with contextlib.suppress(OSError):
                (found / f"{name}-{number}").write_bytes(data)
            sys.exit(f"{name}: execution {number} with seed {seed} found this; its input is in {found}")
    sys.stderr.write(f"Done {runs} runs\n")
