"""What is run beside what. Each section yields named experiments; the rows of the table pick from their results."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from bench import capped, manifests, measure, peers
from bench.agent_run import agent
from bench.context import Bench, handover, writing
from bench.manifests import Kind
from bench.measure import Command, Contender, Failed, Results, Sample
from bench.trees import Tree, scaled
from handover.digests import Algorithm
from support.sshd import make_key, public_key

OURS = "handover"
FLOOR = "C floor"
RECHECK = "handover, with recheck"
FIRST_STAGE = "handover, first answer"
NO_RECHECK = "handover --no-recheck"
LIMIT = "limit"
NOT_BUILT = "not built"

Named = tuple[str, Results]

_MB = 1e6
_COLD_THREADS = 16
_SHA256_PEERS = (
    peers.SHA256SUM,
    peers.B3SUM,
    peers.HASHDEEP,
    peers.RHASH,
    peers.RCLONE,
    peers.BAGIT,
    peers.ASCMHL,
)


def local(bench: Bench) -> Iterator[Named]:
    """Scans of this machine: the agent alone, against the floor and the hash tools."""
    for work in bench.works:
        tree = bench.tree(work)
        name = f"{work} local, xxh128"
        xxh128 = bench.by_turns(
            name,
            Contender(OURS, agent(tree.path, Algorithm.XXH128)),
            Contender(FLOOR, _floor(bench, tree, peers.cores())),
            bench.peer(peers.XXHSUM, tree),
            Contender(RECHECK, agent(tree.path, Algorithm.XXH128, recheck=True)),
            in_memory=(tree.path,),
        )
        yield name, xxh128
        yield f"{work} memory of the agent", _memory(xxh128[OURS], 25 + 100 * tree.largest_folder / _MB)
        tree = bench.tree(work, copied=True)
        name = f"{work} local, sha256"
        yield (
            name,
            bench.by_turns(
                name,
                Contender(OURS, agent(tree.path, Algorithm.SHA256)),
                *(bench.peer(peer, tree) for peer in _SHA256_PEERS),
                Contender(RECHECK, agent(tree.path, Algorithm.SHA256, recheck=True)),
                in_memory=(tree.path, tree.copy),
            ),
        )


def cold(bench: Bench) -> Iterator[Named]:
    """The same with nothing of the tree in memory: queue depth decides."""
    name = "W1 cold cache, xxh128"

    def contenders(tree: Tree) -> tuple[Contender, ...]:
        return (
            Contender(OURS, agent(tree.path, Algorithm.XXH128)),
            Contender(FLOOR, _floor(bench, tree, _COLD_THREADS)),
            bench.peer(peers.XXHSUM, tree),
        )

    everybody = contenders(bench.tree("W1"))
    if not measure.can_drop_caches():
        yield name, {contender.name: "only root can make the disk cold" for contender in everybody}
        return
    rehearsals = contenders(bench.empty)
    turns = [_from_cold(bench, *pair) for pair in zip(everybody, rehearsals, strict=True)]
    yield name, bench.by_turns(name, *turns, repeats=min(bench.repeats, 3))


def ssh(bench: Bench) -> Iterator[Named]:
    """Whole comparisons of a tree here with its copy behind a real sshd, the start of every process included."""
    for work in bench.works:
        tree = bench.tree(work, copied=True)
        name = f"{work} over SSH, xxh128"
        fast = _compare(bench, tree, "--fast", "--digest", "xxh128")
        xxh128 = bench.by_turns(
            name,
            Contender(OURS, fast),
            _rsync(bench, tree, "xxh128"),
            Contender(NO_RECHECK, replace(fast, words=(*fast.words, "--no-recheck"))),
            Contender(FIRST_STAGE, replace(fast, until=b"First look")),
            in_memory=(tree.path, tree.copy),
        )
        yield name, xxh128
        yield f"{work} memory of the near side", _memory(xxh128[OURS], 80 + 150 * tree.folders / _MB)
        name, fast = f"{work} over SSH, sha256", _compare(bench, tree, "--fast")
        yield (
            name,
            bench.by_turns(
                name,
                Contender(OURS, fast),
                _rsync(bench, tree, "md5"),
                Contender(FIRST_STAGE, replace(fast, until=b"First look")),
                in_memory=(tree.path, tree.copy),
            ),
        )
    tree = bench.tree("W5k", copied=True)
    measure.warm(tree.path, tree.copy)
    name = "5,000 files over SSH"
    ours = Contender(OURS, _compare(bench, tree, "--fast", "--digest", "xxh128"))
    true = Contender("ssh true", Command((*_ssh(bench), bench.far.address, "true"), far=bench.far))
    yield name, bench.by_turns(name, ours, _rsync(bench, tree, "xxh128"), true)
    tree = bench.tree("W400", copied=True)
    name = "400 files over SFTP"
    ours = Contender(OURS, _compare(bench, tree, "--fast"))
    yield name, bench.by_turns(name, ours, _rclone_check(bench, tree))


def rounds(bench: Bench) -> Iterator[Named]:
    """A second round that may rest on the first."""
    name = "W1 second round"
    tree = bench.tree("W1")
    first, output = bench.home / "first.manifest", bench.home / "again.manifest"
    again = writing(output, handover("scan", tree.path, "-o", output, "--quiet"))
    if "--previous" not in subprocess.run(handover("scan", "--help").words, capture_output=True, text=True).stdout:
        yield name, {OURS: f"`--previous` is {NOT_BUILT}", "first round": "not needed"}
        return
    try:
        measure.run(again, bench.meter)
    except Failed as error:
        yield name, {OURS: str(error)}
        return
    output.rename(first)
    second = Contender(OURS, replace(again, words=(*again.words, "--previous", str(first))))
    yield name, bench.by_turns(name, Contender("first round", again), second, in_memory=(tree.path,))


def compare(bench: Bench) -> Iterator[Named]:
    """Comparisons of manifests: a million entries beside ``comm``, a million differences, ten million for memory."""
    million = scaled(1_000_000, bench.scale)
    source = manifests.build(Kind.SOURCE, million, bench.home)
    for kind in (Kind.EQUAL, Kind.MTIME):
        target = manifests.build(kind, million, bench.home)
        name = f"compare 1 M entries, {kind}"
        pair = (manifests.lines(source), manifests.lines(target))
        measure.warm(source, target, *pair)
        words = ("comm", "-3", "--nocheck-order", *map(str, pair))
        comm = Contender("comm -3", Command(words, environment={"LC_ALL": "C"}))
        ours = Contender(OURS, handover("compare", source, target, "--json"))
        yield name, bench.by_turns(name, ours, comm)
    for kind, words in ((Kind.CONTENT, "1 M entries, 1 % different"), (Kind.MIXED, "1 M differences")):
        target = manifests.build(kind, million, bench.home)
        measure.warm(source, target)
        name = f"compare {words}, with findings"
        yield (
            name,
            bench.by_turns(name, Contender(OURS, replace(handover("compare", source, target, "--json"), codes=(1,)))),
        )
    many = scaled(10_000_000, bench.scale)
    name = "compare 10 M entries, 1 % different"
    halves = [manifests.build(kind, many, bench.home) for kind in (Kind.SOURCE, Kind.CONTENT)]
    yield (
        name,
        bench.by_turns(name, Contender(OURS, replace(handover("compare", *halves, "--json"), codes=(1,))), repeats=1),
    )


def start(bench: Bench) -> Iterator[Named]:
    """What it costs to do nothing."""
    empty, output = bench.empty.path, bench.home / "empty.manifest"
    name = "start"
    yield (
        name,
        bench.by_turns(
            name,
            Contender("handover --help", handover("--help")),
            Contender(
                "handover scan of an empty folder",
                writing(output, handover("scan", empty, "-o", output, "--allow-empty")),
            ),
            Contender("handover verify of a small bundle", _verify(bench)),
            Contender("agent of an empty folder", agent(empty, Algorithm.SHA256)),
            Contender("python -c pass", Command((sys.executable, "-I", "-S", "-c", "pass"))),
        ),
    )


def small_host(bench: Bench) -> Iterator[Named]:
    """A shared host at its limits, whose website goes on answering."""
    yield "capped host", capped.measured(bench)


SECTIONS: dict[str, Callable[[Bench], Iterator[Named]]] = {
    "local": local,
    "cold": cold,
    "ssh": ssh,
    "rounds": rounds,
    "compare": compare,
    "start": start,
    "capped": small_host,
}


def _floor(bench: Bench, tree: Tree, threads: int) -> Command:
    return Command((str(bench.floor), str(threads), str(tree.path)))


def _from_cold(bench: Bench, contender: Contender, rehearsal: Contender) -> Contender:
    """Return the contender with the tree out of memory, and its own program in it again by a run over nothing."""
    command, empty = contender.command, rehearsal.command
    if isinstance(command, str) or isinstance(empty, str):
        return contender

    def before() -> None:
        measure.drop_caches()
        measure.run(empty, bench.meter)

    return Contender(contender.name, replace(command, before=before))


def _compare(bench: Bench, tree: Tree, *flags: str) -> Command:
    far = bench.far
    words = ("compare", tree.path, far.url(tree.copy), "--ssh-config", far.ssh_config, "--json", *flags)
    return replace(handover(*words), far=far)


def _rsync(bench: Bench, tree: Tree, digest: str) -> Contender:
    name = f"rsync -nac {digest}"
    found = bench.found(peers.RSYNC)
    if isinstance(found, str):
        return Contender(name, found)
    far = bench.far
    reach = ("-e", " ".join(_ssh(bench)), f"{tree.path}/", f"{far.address}:{tree.copy}/")
    return Contender(name, Command((str(found.program), "-nac", f"--checksum-choice={digest}", *reach), far=far))


def _ssh(bench: Bench) -> tuple[str, ...]:
    far = bench.far
    return ("ssh", "-F", str(far.ssh_config), "-p", str(far.port), "-l", far.user)


def _rclone_check(bench: Bench, tree: Tree) -> Contender:
    name = "rclone check"
    found = bench.found(peers.RCLONE)
    if isinstance(found, str):
        return Contender(name, found)
    far = bench.far
    remote = f":sftp,host={far.address},port={far.port},user={far.user},key_file={far.client_key}:{tree.copy}"
    return Contender(name, Command((str(found.program), "--config", "", "check", str(tree.path), remote), far=far))


def _memory(samples: list[Sample] | str, limit_mb: float) -> Results:
    """Set a limit that depends on the tree beside what was used."""
    return {OURS: samples, LIMIT: [Sample(0.0, 0.0, limit_mb)]}


def _verify(bench: Bench) -> Command | str:
    """Return the check of a signed bundle of two small folders; why there is none when it could not be made."""
    home = bench.home / "small"
    shutil.rmtree(home, ignore_errors=True)
    for side in ("source", "target"):
        (home / side).mkdir(parents=True)
        for number in range(20):
            (home / side / f"{number}.txt").write_text(f"{number}\n")
    bundle, keys = home / "bundle", home / "allowed_signers"
    trusted = []
    try:
        measure.run(handover("compare", home / "source", home / "target", "-o", bundle), bench.meter)
        for role in ("sender", "receiver"):
            key = make_key(home / role)
            answer = ("--facts", "confirmed", "--decision", "accept", "--name", "Bench", "--key", key)
            measure.run(handover("sign", bundle, "--as", role, *answer), bench.meter)
            trusted.append(f"{role} {public_key(key)}\n")
    except Failed as error:
        return str(error)
    keys.write_text("".join(trusted))
    return handover("verify", bundle, "--keys", keys)
