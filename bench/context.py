"""What every measurement needs, made when it is first asked for: trees, programs, peers, the far host."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from bench import measure, peers, tools
from bench import trees as makers
from bench.measure import Command, Contender, Results
from bench.peers import Found, Peer
from bench.trees import Tree
from support.sshd import Sshd


@dataclass
class Bench:
    """One run of the bench in its folder ``home``; leaving its ``with`` block ends the far host."""

    home: Path
    scale: float
    repeats: int
    works: tuple[str, ...]
    install: bool
    _open: ExitStack = field(default_factory=ExitStack)
    _trees: dict[str, Tree] = field(default_factory=dict)
    _found: dict[str, Found | str] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def meter(self) -> Path:
        """The compiled meter."""
        return tools.compile_tool("meter", self.home)

    @cached_property
    def floor(self) -> Path:
        """The compiled floor."""
        if self.install and not tools.SYSTEM_HEADER.exists():
            peers.install_debian("libxxhash-dev")
        return tools.compile_tool("floor", self.home)

    @cached_property
    def far(self) -> Sshd:
        """A real sshd on loopback."""
        folder = self.home / "far"
        shutil.rmtree(folder, ignore_errors=True)
        return self._open.enter_context(Sshd(folder))

    @cached_property
    def empty(self) -> Tree:
        """A tree in which there is nothing."""
        path = self.home / "empty"
        path.mkdir(exist_ok=True)
        return Tree("empty", path, files=0, folders=0, bytes=0, largest_folder=0)

    @property
    def peers(self) -> Mapping[str, Found | str]:
        """The peers that were looked for so far."""
        return self._found

    @property
    def trees(self) -> list[Tree]:
        """The trees that were needed so far."""
        return list(self._trees.values())

    def tree(self, name: str, *, copied: bool = False) -> Tree:
        """Return a tree, with its second copy when that is needed."""
        if name not in self._trees:
            say(f"tree {name}")
            self._trees[name] = makers.build(name, self.scale, self.home)
        return makers.with_copy(self._trees[name]) if copied else self._trees[name]

    def found(self, peer: Peer) -> Found | str:
        """Return a peer, or why it cannot be had."""
        if peer.name not in self._found:
            self._found[peer.name] = peers.find(peer, self.home, install=self.install)
        return self._found[peer.name]

    def peer(self, peer: Peer, tree: Tree) -> Contender:
        """Return a peer as one who reads a tree."""
        found = self.found(peer)
        return Contender(peer.name, found if isinstance(found, str) else peer.command(found.program, tree))

    def by_turns(
        self, name: str, *contenders: Contender, repeats: int | None = None, in_memory: Sequence[Path] = ()
    ) -> Results:
        """Measure the contenders, interleaved; each finds what is to be ``in_memory`` there."""
        say(f"measuring {name}")
        turns = [measure.warmed(contender, in_memory) for contender in contenders]
        return measure.by_turns(turns, repeats or self.repeats, self.meter)


def handover(*words: object) -> Command:
    """Return a call of the product's own command line."""
    program = Path(sys.executable).with_name("handover")
    return Command((str(program), *map(str, words)))


def writing(output: Path, command: Command) -> Command:
    """Return a command that finds its output file gone each time: the product never replaces one."""
    return replace(command, before=lambda: output.unlink(missing_ok=True))


def say(what: str) -> None:
    """Tell whoever waits what is under way."""
    sys.stderr.write(f"bench: {what}\n")
    sys.stderr.flush()
