"""The results of a run as tables for people, and as JSON for whoever wants to compute with them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.experiments import LIMIT
from bench.measure import Results, Sample
from bench.rows import ROWS, Judged, Measure, State, judge

BEGIN = "<!-- bench: from here to the end mark, written by `make bench` -->"
END = "<!-- bench: end -->"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: when and where, with which tools, and what came out."""

    date: str
    command: str
    machine: Mapping[str, str]
    peers: Mapping[str, str]
    trees: Sequence[str]
    measured: Mapping[str, Results]
    #: Results that were not measured in this run: the dates and commands of others, each with its experiments.
    kept: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def after(self, earlier: Run) -> Run:
        """Return this run with what only an earlier one measured, named as such."""
        others = [name for name in earlier.measured if name not in self.measured]
        kept = {told: [name for name in names if name in others] for told, names in earlier.kept.items()}
        own = [name for name in others if not any(name in names for names in kept.values())]
        kept = {told: names for told, names in {**kept, earlier.when: own}.items() if names}
        trees = list(dict.fromkeys([*earlier.trees, *self.trees]))
        measured = {**earlier.measured, **self.measured}
        return replace(self, peers={**earlier.peers, **self.peers}, trees=trees, measured=measured, kept=kept)

    @property
    def when(self) -> str:
        """When it was, and by which command."""
        return f"{self.date} by `{self.command}`"


def from_json(text: str) -> Run:
    """Return a run that was written down."""
    raw = json.loads(text)
    measured = {
        name: {
            who: samples if isinstance(samples, str) else [Sample(**one) for one in samples]
            for who, samples in results.items()
        }
        for name, results in raw.pop("measured").items()
    }
    return Run(**raw, measured=measured)


def to_json(run: Run) -> str:
    """Return everything, every single sample included."""
    measured = {
        name: {
            who: samples if isinstance(samples, str) else [asdict(one) for one in samples]
            for who, samples in results.items()
        }
        for name, results in run.measured.items()
    }
    return json.dumps({**asdict(run), "measured": measured}, indent=1, ensure_ascii=False) + "\n"


def put_into(page: Path, run: Run) -> None:
    """Write the run between the two marks of a page; what people wrote around them stays."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the results: it needs the lines {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{markdown(run)}\n{END}{after}")


def markdown(run: Run) -> str:
    """Return the whole result."""
    return "\n".join(
        [
            *_head(run),
            "## The bars",
            "",
            *table([judge(row, run.measured) for row in ROWS]),
            "",
            "## Everything that was measured",
            "",
            *_everything(run.measured),
            "",
        ]
    )


def table(judged: Sequence[Judged]) -> Iterator[str]:
    """Yield the bars, one row each, and how many are met."""
    met = sum(row.state is State.MET for row in judged)
    unknown = sum(row.state is State.UNKNOWN for row in judged)
    yield f"{met} of {len(judged)} bars met, {len(judged) - met - unknown} not met, {unknown} not measured."
    yield ""
    yield "| work | beside | ours | theirs | ratio | bar | |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | --- |"
    for one in judged:
        yield _line(one)


def _line(one: Judged) -> str:
    row = one.row
    absolute = row.peer is None
    shown = [
        row.what,
        row.peer or "–",
        "–" if one.ours is None else _cost(one.ours, row.measure),
        "–" if one.peer is None else _cost(one.peer, row.measure),
        "–" if one.ratio is None or absolute else f"{one.ratio:.3g}",
        row.measure.shown(row.bar) if absolute else f"{row.bar:.3g}",
        f"{one.state}: {one.reason}" if one.reason else str(one.state),
    ]
    return f"| {' | '.join(cell.replace('|', '/') for cell in shown)} |"


def _cost(sample: Sample, about: Measure) -> str:
    """Return what the bar is about in bold, and the rest where it is known."""
    cells = []
    for measure in Measure:
        number = measure.of(sample)
        if number:
            text = f"{measure} {measure.shown(number)}"
            cells.append(f"**{text}**" if measure is about else text)
    return ", ".join(cells) or "0"


def _head(run: Run) -> Iterator[str]:
    yield f"Measured on {run.when}."
    yield ""
    for told, names in run.kept.items():
        yield f"Kept from {told}: {', '.join(names)}."
        yield ""
    yield from (f"* {name}: {words}" for name, words in run.machine.items())
    yield from (f"* {words}" for words in run.trees)
    yield f"* Peers: {'; '.join(f'{name}: {words}' for name, words in run.peers.items()) or 'none'}"
    yield ""


def _everything(measured: Mapping[str, Results]) -> Iterator[str]:
    yield "| experiment | who | wall, median (least–most) | CPU | memory | runs |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for name, results in measured.items():
        if LIMIT in results:
            continue  # these samples are another experiment's, set beside a limit
        for who, samples in results.items():
            if isinstance(samples, str):
                yield f"| {name} | {who} | {samples.replace('|', '/')} | | | |"
            elif samples:
                yield f"| {name} | {who} | {_spread(samples)} | {len(samples)} |"


def _spread(samples: Sequence[Sample]) -> str:
    median = Sample.median(samples)
    walls = sorted(sample.wall_s for sample in samples)
    show = Measure.WALL.shown
    wall = f"{show(median.wall_s)} ({show(walls[0])}–{show(walls[-1])})"
    return f"{wall} | {Measure.CPU.shown(median.cpu_s)} | {Measure.PEAK.shown(median.peak_mb)}"
