"""A shared host at its limits: 1 MB/s from the disk, 35 processes, 100 descriptors, 200 MB, and a site that answers.

A control group (cgroup v1 ``blkio`` or v2 ``io``) holds the disk down for the agent and the web server together, and
``prlimit`` gives both the limits that panels give an account (FINDINGS: cPanel). Needs root and a disk of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from bench import measure
from bench.agent_run import agent
from bench.context import Bench, say
from bench.measure import Command, Failed, Results, Sample
from handover.digests import Algorithm
from support.processes import descendants, end, wait_until
from support.sshd import free_port

CAP = "the cap"
ALONE = "web server alone"
MEANWHILE = "web server meanwhile"
SCAN = "handover"

_BYTES_PER_S = 1_000_000
#: An account that nobody else has, so that its 35 processes are ours alone.
_UID = 64_999
_LIMITS = ("prlimit", "--nproc=35", "--nofile=100", "--data=204800000")
_ACCOUNT = ("setpriv", f"--reuid={_UID}", f"--regid={_UID}", "--clear-groups")
_CONTROL = Path("/sys/fs/cgroup")
_ANSWERS = 100
_PAUSE_S = 0.02
_REPEATS = 3


def measured(bench: Bench) -> Results:
    """Return what the scan took beside what the cap allows, and the web server's median answers with and without it."""
    say("measuring capped host")
    try:
        with _group(bench.home) as tasks:
            return _in_group(bench, tasks)
    except (OSError, Failed) as error:
        reason = f"cannot be done here: {error}"
        return dict.fromkeys((SCAN, CAP, ALONE, MEANWHILE), reason)


def _in_group(bench: Bench, tasks: Path) -> Results:
    tree = bench.tree("W400")
    # The programs themselves are in memory on any host that is in use; only the tree comes from the disk.
    for rehearsal in (Command(("python3", "-c", "import http.server")), _polite(bench.empty.path)):
        measure.run(replace(rehearsal, words=(*_ACCOUNT, *_LIMITS, *rehearsal.words)), bench.meter)
    scan = _polite(tree.path)
    scan = replace(scan, words=_capped(tasks, scan.words), before=lambda: _forget(tree.path))
    scans: list[Sample] = []
    alone: list[Sample] = []
    meanwhile: list[Sample] = []
    with _web_server(bench.home, tasks) as answer_s:
        for _ in range(min(bench.repeats, _REPEATS)):
            alone.append(Sample(statistics.median(answer_s() for _ in range(_ANSWERS))))
            sample, answers = _while_running(scan, bench.meter, answer_s)
            scans.append(sample)
            meanwhile.append(Sample(statistics.median(answers)))
    return {SCAN: scans, CAP: [Sample(tree.bytes / _BYTES_PER_S)], ALONE: alone, MEANWHILE: meanwhile}


def _polite(tree: Path) -> Command:
    return agent(tree, Algorithm.SHA256, polite=True)


def _while_running(scan: Command, meter: Path, answer_s: Callable[[], float]) -> tuple[Sample, list[float]]:
    """Run the scan, and ask the web server until it is over."""
    done: list[Sample | Failed] = []

    def work() -> None:
        try:
            done.append(measure.run(scan, meter))
        except Failed as error:
            done.append(error)

    scanning = threading.Thread(target=work)
    scanning.start()
    answers = [answer_s()]
    while scanning.is_alive():
        answers.append(answer_s())
    scanning.join()
    if isinstance(done[0], Failed):
        raise done[0]
    return done[0], answers


def _capped(tasks: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command inside the group, as the ordinary user, under the limits."""
    return ("sh", "-c", 'echo $$ > "$0" && exec "$@"', str(tasks), *_ACCOUNT, *_LIMITS, *words)


@contextlib.contextmanager
def _group(home: Path) -> Iterator[Path]:
    """Make a control group with the cap; yield the file that takes processes in."""
    number = home.stat().st_dev
    disk = _whole_disk(f"{os.major(number)}:{os.minor(number)}")
    old = _CONTROL / "blkio"
    group = (old if old.is_dir() else _CONTROL) / f"handover-bench-{os.getpid()}"
    if not old.is_dir():
        (_CONTROL / "cgroup.subtree_control").write_text("+io")
    group.mkdir()
    try:
        if old.is_dir():
            (group / "blkio.throttle.read_bps_device").write_text(f"{disk} {_BYTES_PER_S}")
        else:
            (group / "io.max").write_text(f"{disk} rbps={_BYTES_PER_S}")
        yield group / "cgroup.procs"
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text().strip())
        group.rmdir()


def _whole_disk(number: str) -> str:
    """Return the disk of a partition: only whole disks can be held down."""
    device = Path("/sys/dev/block", number).resolve(strict=True)
    return (device.parent / "dev").read_text().strip() if (device / "partition").exists() else number


@contextlib.contextmanager
def _web_server(home: Path, tasks: Path) -> Iterator[Callable[[], float]]:
    """Start a small web server under the same limits; yield a function that asks it once and returns the seconds."""
    site = home / "site"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir()
    (site / "index.html").write_text("<p>open</p>" * 400)
    port = free_port()
    serve = ("python3", "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(site))
    server = subprocess.Popen(
        _capped(tasks, serve), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def answer_s() -> float:
        time.sleep(_PAUSE_S)
        started = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as page:
            page.read()
        return time.perf_counter() - started

    try:
        if not wait_until(lambda: _works(answer_s)):
            raise Failed("the web server did not start")
        yield answer_s
    finally:
        end(descendants(server.pid))
        server.kill()
        server.wait()


def _works(answer_s: Callable[[], float]) -> bool:
    try:
        answer_s()
    except OSError:
        return False
    return True


def _forget(tree: Path) -> None:
    """Have the system drop the contents of these files from memory, and of no others (posix_fadvise(2))."""
    os.sync()
    for at, _, names in os.walk(tree):
        for name in names:
            number = os.open(f"{at}/{name}", os.O_RDONLY)
            try:
                os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(number)
