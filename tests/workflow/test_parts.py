"""Rounds of several parts inside of one process: nothing of them is left, however they end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handover.challenge import SALT_BYTES
from handover.digests import Algorithm
from handover.errors import RemoteError
from handover.locations.ssh.askers import Nobody
from handover.locations.ssh.options import SshOptions
from handover.rules import RuleSet
from handover.scan import Totals
from handover.workflow.case import Case
from handover.workflow.hosts import Hosts
from handover.workflow.outcome import Outcome
from handover.workflow.reading import Choices, Reading
from handover.workflow.running import RunRequest, run_round
from handover.workflow.surroundings import Surroundings
from handover.workflow.turns import Ended
from support.leftovers import nothing_is_left
from support.sshd import Sshd

__all__ = ["nothing_is_left"]

_TERMS = """\
handover: 1
id: 0f8e0f8e0f8e0f8e0f8e0f8e0f8e0f8e
case: several parts
parts:
"""
_PART = '  - {{name: {name}, source: {{location: "{source}"}}, target: {{location: "{target}"}}}}\n'


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with Sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


class Display:
    """Hears everything, and knows what may be told."""

    def __init__(self) -> None:
        self.sides: list[str] = []
        self.heard: Callable[[], None] = lambda: None

    def begin(self, sides: Sequence[str]) -> None:
        self.sides += sides

    def update(self, side: str, totals: Totals) -> None:
        assert side in self.sides
        assert totals.files >= 0
        self.heard()

    def expect(self, side: str, *, files: int, bytes: int) -> None:  # noqa: A002  what it is
        assert files > 0
        assert bytes > 0
        assert side in self.sides

    def done(self, side: str, *, complete: bool) -> None:
        assert side in self.sides

    def finish(self) -> None:
        pass


def run(
    folder: Path,
    server: Sshd,
    parts: dict[str, tuple[object, object]],
    interrupted_by: str = "",
    *,
    challenge: int = 0,
    ended_when_asked: bool = False,
) -> Outcome:
    """Make a round; it is interrupted by a remark that begins with ``interrupted_by``, or while files are asked for."""
    folder.mkdir()
    lines = [_PART.format(name=name, source=source, target=target) for name, (source, target) in parts.items()]
    (folder / "handover.yaml").write_text(_TERMS + "".join(lines))

    def remark(text: str) -> None:
        if interrupted_by and text.startswith(interrupted_by):
            raise KeyboardInterrupt

    def token(length: int) -> bytes:
        if ended_when_asked and length == SALT_BYTES:
            display.heard = reading.turns.stop
        return secrets.token_bytes(length)

    world = Surroundings(now=lambda: datetime.now(UTC), token=token, remark=remark)
    display = Display()
    with Hosts(SshOptions(config_file=server.ssh_config), Nobody(), remark) as hosts:
        reading = Reading(Choices(Algorithm.SHA256, first_look=True, challenge=challenge), hosts, display, world)
        request = RunRequest(None, None, RuleSet(), same_host=False, junit=None)
        outcome = run_round(Case.open(folder), request, reading, world)
    assert display.sides == [f"{name} {role}" for name in parts for role in ("source", "target")]
    return outcome


def site(root: Path) -> Path:
    root.mkdir()
    (root / "index.html").write_text("hello")
    return root


@pytest.fixture
def parts(sshd: Sshd, tmp_path: Path) -> dict[str, tuple[object, object]]:
    """Four parts: here and there, one that is not there, one of which a side is not there."""
    sites = [site(tmp_path / name) for name in "abcdef"]
    return {
        "web": (sshd.url(sites[0]), sites[1]),
        "gone": (sshd.url(tmp_path / "gone"), tmp_path / "gone"),
        "mail": (sites[2], sshd.url(sites[3])),
        "half": (sites[4], sshd.url(tmp_path / "gone")),
    }


def test_after_a_round_nothing_is_left(sshd, tmp_path, parts):
    report = run(tmp_path / "case", sshd, parts).report
    failed = {part.name: [side.failure is not None for side in (part.source, part.target)] for part in report.parts}
    assert failed == {"web": [False] * 2, "gone": [True] * 2, "mail": [False] * 2, "half": [False, True]}


@pytest.mark.parametrize("words", ["First look at web", "First look at mail", "Read the source of web", "Read the"])
def test_after_a_round_that_is_interrupted_nothing_is_left(sshd, tmp_path, parts, words):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "case", sshd, parts, interrupted_by=words)
    assert list((tmp_path / "case" / "rounds").iterdir()) == []


def test_the_parts_of_a_challenged_round_are_told_apart(sshd, tmp_path, parts):
    report = run(tmp_path / "case", sshd, {name: parts[name] for name in ("web", "mail")}, challenge=2).report
    assert [part.challenge.asked for part in report.parts if part.challenge is not None] == [1, 1]


def test_a_challenge_ends_with_its_run(sshd, tmp_path, parts):
    with pytest.raises(Ended):
        run(tmp_path / "case", sshd, {"web": parts["web"]}, challenge=2, ended_when_asked=True)
    assert list((tmp_path / "case" / "rounds").iterdir()) == []


def test_when_no_part_could_be_read_by_anybody_it_is_the_error_of_the_first(sshd, tmp_path):
    dead = sshd.url("/srv").replace(f":{sshd.port}", ":1")
    with pytest.raises(RemoteError):
        run(tmp_path / "case", sshd, dict.fromkeys(("web", "mail"), (dead, tmp_path / "gone")))
