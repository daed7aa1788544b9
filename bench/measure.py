"""Running one command and knowing what it cost, and running several by turns so that a busy minute hits all of them.

Wall, CPU and peak come from ``meter.c``. What the far side of an SSH connection used is asked of the sshd itself and
added to the CPU; its memory is not.
"""

from __future__ import annotations

import os
import select
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Self

from support.processes import descendants, end, wait_until
from support.sshd import Sshd

_TAIL = 64 * 1024
_BLOCK = 2**20
_SHOWN = 400
_REAP_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")
#: No single run may take longer; the slowest peer needs a tenth.
LIMIT_S = 900.0
#: Who takes longer is measured in the first rounds only: it is far from every bar, and noise matters less.
SLOW_S = 5.0
_SLOW_ROUNDS = 2


class Failed(Exception):
    """A command that did not do what was to be measured."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run cost. ``peak_mb`` (10^6 bytes) is that of the biggest single process."""

    wall_s: float
    cpu_s: float = 0.0
    peak_mb: float = 0.0

    @classmethod
    def median(cls, samples: Sequence[Self]) -> Self:
        """Return the median of each number by itself."""
        return cls(
            statistics.median(sample.wall_s for sample in samples),
            statistics.median(sample.cpu_s for sample in samples),
            statistics.median(sample.peak_mb for sample in samples),
        )


@dataclass(frozen=True, slots=True)
class Command:
    """One command line and what belongs to it.

    ``sent`` goes to stdin, which then stays open until stdout ends; ``believe`` judges the last 64 KiB of stdout.
    ``far`` is the sshd whose work is counted too. ``before`` and ``after`` are not measured. With ``until``, the wall
    time ends when this is said on stderr, and nothing else is measured.
    """

    words: tuple[str, ...]
    sent: bytes = b""
    believe: Callable[[bytes], bool] | None = None
    codes: tuple[int, ...] = (0,)
    far: Sshd | None = None
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    until: bytes = b""


@dataclass(frozen=True, slots=True)
class Contender:
    """One of those who are measured by turns; ``command`` is a sentence when there is nothing to run, saying why."""

    name: str
    command: Command | str


#: By contender: what each round cost, or why there is nothing.
Results = dict[str, list[Sample] | str]


def run(command: Command, meter: Path) -> Sample:
    """Run it once and return its cost; ``Failed`` when it did not end well in time."""
    if command.before is not None:
        command.before()
    try:
        far_before_s = _far_cpu_s(command.far)
        if command.until:
            return Sample(_heard(command))
        wall_s, cpu_s, peak_mb = _metered(command, meter)
        return Sample(wall_s, cpu_s + _far_cpu_s(command.far) - far_before_s, peak_mb)
    finally:
        if command.after is not None:
            command.after()


def by_turns(contenders: Sequence[Contender], repeats: int, meter: Path) -> Results:
    """Run A B C A B C …; one that fails is out, with the reason, and a slow one is content with two rounds."""
    results: Results = {
        contender.name: contender.command if isinstance(contender.command, str) else [] for contender in contenders
    }
    for number in range(repeats):
        for contender in contenders:
            samples = results[contender.name]
            if isinstance(samples, str) or isinstance(contender.command, str):
                continue
            if number >= _SLOW_ROUNDS and samples[0].wall_s > SLOW_S:
                continue
            try:
                samples.append(run(contender.command, meter))
            except Failed as error:
                results[contender.name] = str(error)
    return results


def warm(*folders: Path) -> None:
    """Read everything once, so that the runs that follow find it in memory."""
    for folder in folders:
        subprocess.run(
            ["sh", "-c", 'find "$1" -type f -print0 | xargs -0 -r -P2 -n 256 cat -- > /dev/null', "sh", folder],
            check=True,
        )


def warmed(contender: Contender, folders: Sequence[Path]) -> Contender:
    """Return the contender with these folders read before each run: a virtual machine forgets what nobody asks for."""
    command = contender.command
    if isinstance(command, str) or not folders:
        return contender
    own = command.before

    def before() -> None:
        warm(*folders)
        if own is not None:
            own()

    return Contender(contender.name, replace(command, before=before))


def can_drop_caches() -> bool:
    """Whether this account may make the disk cold."""
    return os.access("/proc/sys/vm/drop_caches", os.W_OK)


def drop_caches() -> None:
    """Forget all file contents, names and inodes (proc_sys_vm(5): 3)."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def _heard(command: Command) -> float:
    """Return how long it took until it said what was waited for; it is left to end by itself."""
    began_s = time.monotonic()
    with subprocess.Popen(
        command.words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        bufsize=0,
        env={**os.environ, **command.environment},
    ) as process:
        assert process.stderr is not None
        said, heard_s = b"", None
        while block := os.read(process.stderr.fileno(), _BLOCK):
            said = (said + block)[-_TAIL:]
            if heard_s is None and command.until in said:
                heard_s = time.monotonic() - began_s
    if heard_s is None or process.returncode not in command.codes:
        raise Failed(f"`{command.words[0]}` ended with {process.returncode} and never said {command.until.decode()}")
    return heard_s


def _metered(command: Command, meter: Path) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory(prefix="handover-bench-") as scratch:
        result = Path(scratch) / "result"
        with (Path(scratch) / "stderr").open("w+b") as talk:
            tail = _finish(command, [str(meter), str(result), *command.words], talk)
            talk.seek(0)
            said = " ".join(talk.read(_SHOWN).decode(errors="replace").split())
        wall_ns, cpu_us, peak_kib, code = map(int, result.read_text().split())
    if code not in command.codes:
        raise Failed(f"`{command.words[0]}` ended with {code}: {said}")
    if command.believe is not None and not command.believe(tail):
        raise Failed(f"`{command.words[0]}` did not finish its work: {said}")
    return wall_ns / 1e9, cpu_us / 1e6, peak_kib * 1024 / 1e6


def _finish(command: Command, words: Sequence[str], talk: IO[bytes]) -> bytes:
    """Run it to its end, drain it, and return the last of what it said."""
    wanted = command.believe is not None
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE if command.sent else subprocess.DEVNULL,
        stdout=subprocess.PIPE if wanted else subprocess.DEVNULL,
        stderr=talk,
        bufsize=0,
        env={**os.environ, **command.environment},
    )
    try:
        if process.stdin is not None:
            process.stdin.write(command.sent)
        tail = _drained(process.stdout, time.monotonic() + LIMIT_S) if process.stdout is not None else b""
        if process.stdin is not None:
            process.stdin.close()
        process.wait(LIMIT_S)
    except (subprocess.TimeoutExpired, TimeoutError, BrokenPipeError) as error:
        raise Failed(f"`{command.words[0]}` did not end within {LIMIT_S:g} s, or read nothing") from error
    finally:
        if process.poll() is None:
            end(descendants(process.pid))
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return tail


def _drained(stream: IO[bytes], deadline_s: float) -> bytes:
    tail = b""
    while select.select([stream], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
        block = os.read(stream.fileno(), _BLOCK)
        if not block:
            return tail
        tail = (tail + block)[-_TAIL:] if len(block) < _TAIL else block[-_TAIL:]
    raise TimeoutError


def _far_cpu_s(far: Sshd | None) -> float:
    """Return what all ended sessions of an sshd used: the listener waits for each of them (proc(5): cutime, cstime)."""
    if far is None:
        return 0.0
    if not wait_until(lambda: not descendants(far.pid), _REAP_S):
        raise Failed("something still runs on the far side")
    fields = Path(f"/proc/{far.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS
