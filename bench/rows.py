"""The table: every bar that the project set itself, as data, and what a run says about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bench import capped
from bench.experiments import FIRST_STAGE, FLOOR, LIMIT, OURS, RECHECK
from bench.measure import Results, Sample


class Measure(StrEnum):
    """Which number of a sample a bar is about."""

    WALL = "wall"
    CPU = "CPU"
    PEAK = "memory"

    def of(self, sample: Sample) -> float:
        """Return that number: seconds, or 10^6 bytes."""
        return {Measure.WALL: sample.wall_s, Measure.CPU: sample.cpu_s, Measure.PEAK: sample.peak_mb}[self]

    def shown(self, number: float) -> str:
        """Return it with its unit."""
        if self is Measure.PEAK:
            return f"{number:.0f} MB"
        return f"{number * 1000:.1f} ms" if number < 0.02 else f"{number:.2f} s"


@dataclass(frozen=True, slots=True)
class Row:
    """One bar: the ratio of ours to the peer's median, or without a peer our median itself, is at most ``bar``."""

    what: str
    experiment: str
    bar: float
    peer: str | None = None
    ours: str = OURS
    measure: Measure = Measure.WALL


class State(StrEnum):
    """What a run says of a bar."""

    MET = "met"
    NOT_MET = "**not met**"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Judged:
    """One row with its numbers; ``reason`` says why there are none."""

    row: Row
    state: State
    ours: Sample | None = None
    peer: Sample | None = None
    ratio: float | None = None
    reason: str = ""


def _local() -> Iterable[Row]:
    for work, bar in (("W1", 1.7), ("W3", 1.7), ("W2", 1.5)):
        experiment = f"{work} local, xxh128"
        yield Row(f"{work} local scan, xxh128", experiment, bar, FLOOR)
        yield Row(f"{work} local scan, xxh128", experiment, 1.0, "xxhsum")
    for work in ("W1", "W2"):
        experiment, what = f"{work} local, sha256", f"{work} local scan, sha256"
        yield Row(what, experiment, 0.45, "sha256sum")
        yield Row(what, experiment, 1 / 4, "hashdeep")
        yield Row(what, experiment, 1 / 6, "bagit-python")
        yield Row(what, experiment, 1 / 6, "ascmhl")
        yield Row(what, experiment, 1 / 8, "rclone")
    yield Row("W3 local scan, sha256", "W3 local, sha256", 0.6, "sha256sum")
    yield Row("W3 local scan, sha256", "W3 local, sha256", 1.0, "b3sum")
    yield Row("W1 recheck, xxh128", "W1 local, xxh128", 1.4, OURS, RECHECK)
    yield Row("W1 recheck, sha256", "W1 local, sha256", 1.4, OURS, RECHECK)
    yield Row("W1 cold cache, xxh128", "W1 cold cache, xxh128", 0.65, "xxhsum")
    yield Row("W1 cold cache, xxh128, floor with 16 threads", "W1 cold cache, xxh128", 1.3, FLOOR)


def _ssh() -> Iterable[Row]:
    for work, bar in (("W1", 0.85), ("W3", 0.9), ("W2", 0.55)):
        experiment, what = f"{work} over SSH, xxh128", f"{work} `compare --fast` over SSH, xxh128"
        yield Row(what, experiment, bar, "rsync -nac xxh128")
        yield Row(f"{what}, CPU of both ends", experiment, 1.3, "rsync -nac xxh128", measure=Measure.CPU)
    yield Row("W1 `compare --fast` over SSH, sha256", "W1 over SSH, sha256", 0.6, "rsync -nac md5")
    yield Row("400 files over SSH, sha256", "400 files over SFTP", 1 / 20, "rclone check")
    yield Row("5,000 files over SSH, start included", "5,000 files over SSH", 2.5, "rsync -nac xxh128")
    for digest in ("sha256", "xxh128"):
        yield Row(f"W1 over SSH, {digest}: first answer", f"W1 over SSH, {digest}", 1 / 4, OURS, FIRST_STAGE)
    yield Row("W1 second round with `--previous`", "W1 second round", 1 / 4, "first round")


def _compare() -> Iterable[Row]:
    for kind, words in (("equal", "equal"), ("mtime", "every mtime different")):
        experiment, what = f"compare 1 M entries, {kind}", f"compare 1 M entries, {words}"
        yield Row(what, experiment, 3.0, "comm -3")
        yield Row(f"{what}, memory", experiment, 40.0, measure=Measure.PEAK)
    for words, bar_mb in (("1 M entries, 1 % different", 100.0), ("1 M differences", 150.0)):
        experiment = f"compare {words}, with findings"
        yield Row(f"{experiment}, memory", experiment, bar_mb, measure=Measure.PEAK)
    experiment = "compare 10 M entries, 1 % different"
    yield Row(f"{experiment}, memory", experiment, 150.0, measure=Measure.PEAK)


def _memory() -> Iterable[Row]:
    for work in ("W1", "W3", "W2"):
        experiment = f"{work} memory of the agent"
        yield Row(f"{work} memory of each worker: 25 MB + 100 B a name", experiment, 1.0, LIMIT, measure=Measure.PEAK)
    for work in ("W1", "W3", "W2"):
        experiment = f"{work} memory of the near side"
        yield Row(
            f"{work} memory of the near side: 80 MB + 150 B a folder", experiment, 1.0, LIMIT, measure=Measure.PEAK
        )


def _start() -> Iterable[Row]:
    yield Row("`handover --help`", "start", 0.25, ours="handover --help")
    yield Row("`handover scan` of an empty folder", "start", 0.4, ours="handover scan of an empty folder")
    verify = "handover verify of a small bundle"
    yield Row("`handover verify` of a small bundle, CPU", "start", 0.5, ours=verify, measure=Measure.CPU)


def _capped() -> Iterable[Row]:
    yield Row("host capped at 1 MB/s, 35 processes: the scan", "capped host", 1.25, capped.CAP)
    yield Row("its web server meanwhile, median answer", "capped host", 1.5, capped.ALONE, capped.MEANWHILE)


ROWS = (*_local(), *_ssh(), *_compare(), *_memory(), *_start(), *_capped())


def judge(row: Row, measured: Mapping[str, Results]) -> Judged:
    """Return what the run says of one bar; anything that is not there is said, never taken as met."""
    results = measured.get(row.experiment)
    if results is None:
        return Judged(row, State.UNKNOWN, reason="not part of this run")
    wanted = [row.ours] if row.peer is None else [row.ours, row.peer]
    found = [_samples(results, name) for name in wanted]
    reasons = [samples for samples in found if isinstance(samples, str)]
    medians = [Sample.median(samples) for samples in found if not isinstance(samples, str)]
    if reasons:
        ours = None if isinstance(found[0], str) else medians[0]
        return Judged(row, State.UNKNOWN, ours, reason="; ".join(reasons))
    numbers = [row.measure.of(sample) for sample in medians]
    ratio = numbers[0] if row.peer is None else numbers[0] / max(numbers[1], 1e-9)
    state = State.MET if ratio <= row.bar else State.NOT_MET
    return Judged(row, state, medians[0], medians[1] if row.peer else None, ratio)


def _samples(results: Results, name: str) -> list[Sample] | str:
    samples = results.get(name, f"{name} was not measured")
    return samples or f"{name} was not measured"
