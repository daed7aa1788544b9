"""A host that is asked again answers for what its files hold now, and what moved meanwhile is never taken for a lie."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover import challenge
from handover.agents.answers import parse_answer
from handover.agents.frames import NO_STAT, Status
from handover.challenge import Answer, Claim, State
from handover.digests import Algorithm, sha256_hex
from handover.errors import RemoteError, UsageError
from handover.locations.local import LocalHost
from handover.manifest import Role
from handover.manifest_reader import Reader
from handover.scan import SYSTEM_CLOCK, Effort, Question, ask, scan
from support import trees
from support.scans import Hearer, powerless, request

SALT = bytes(range(32))
_NAMES = (b"a", b"empty", b"big", b"folder/x", b"folder/sub/caf\xe9 \n", b"folder/sub/y")
#: A file that is read piece by piece.
_BIG = 3 * 2**20 + 1


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "tree"
    (root / "folder" / "sub").mkdir(parents=True)
    for name in _NAMES:
        trees.write(os.fsencode(root) + b"/" + name, b"" if name == b"empty" else name)
    (root / "big").write_bytes(secrets.token_bytes(_BIG))
    return root


@pytest.fixture
def claims(tree, tmp_path):
    return claimed(tree, tmp_path)


def claimed(tree: Path, folder: Path, **changes: object) -> tuple[Claim, ...]:
    """Scan the tree, and return what is claimed of all its files."""
    manifest = folder / "manifest"
    scan(LocalHost(), request(tree, role=Role.SOURCE, **changes), manifest, Hearer())
    with manifest.open("rb") as one, manifest.open("rb") as other:
        return challenge.choose(Reader(one, where="m"), Reader(other, where="m"), SALT, 100).claims


def asked(tree: Path, claims: tuple[Claim, ...], **changes: object) -> dict[bytes, Answer]:
    question = Question(SALT, tuple(claim.path for claim in claims))
    wanted = request(tree, role=Role.SOURCE, question=question, **changes)
    answers = ask(LocalHost(), wanted, claims, Hearer(), SYSTEM_CLOCK)
    return {claim.path: answer for claim, answer in zip(claims, answers, strict=True)}


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("digest", [Algorithm.SHA256, Algorithm.XXH128])
def test_every_file_that_holds_still_is_answered_for(tree, tmp_path, digest, workers):
    changes = {"digest": digest, "effort": Effort(workers, polite=False)}
    claims = claimed(tree, tmp_path, **changes)
    assert {claim.path for claim in claims} == set(_NAMES)
    for path, answer in asked(tree, claims, **changes).items():
        content = Path(os.fsdecode(os.fsencode(tree) + b"/" + path)).read_bytes()
        assert answer == Answer(state=State.ANSWERED, salted=sha256_hex(SALT + content))


def rewrite_with_old_times(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"?" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_bytes(b"longer"),
        lambda root: os.utime(root / "a", (1, 1)),
        lambda root: rewrite_with_old_times(root / "a"),
        lambda root: (root / "a").unlink(),
        lambda root: replace(root / "a", lambda path: path.symlink_to("/etc/passwd")),
        lambda root: replace(root / "a", os.mkfifo),
        lambda root: replace(root / "a", os.mkdir),
        lambda root: replace(root / "a", lambda path: path.write_bytes(b"a")),
    ],
)  # fmt: skip
def test_what_changed_since_it_was_read_is_said_as_such(tree, claims, change):
    change(tree)
    answers = asked(tree, claims)
    assert answers.pop(b"a") == Answer(state=State.MOVED)
    assert {answer.state for answer in answers.values()} == {State.ANSWERED}


def test_a_folder_that_was_swapped_for_a_link_is_not_walked_through(tree, claims):
    (tree / "folder").rename(tree / "elsewhere")
    (tree / "folder").symlink_to("elsewhere")
    answers = asked(tree, claims)
    assert {path for path, answer in answers.items() if answer.state is State.MOVED} == set(_NAMES[3:])


def test_what_cannot_be_read_any_more_is_said_as_such(tree, claims):
    (tree / "a").chmod(0)
    (tree / "folder" / "sub").chmod(0)
    answers = asked(tree, claims, become=powerless())
    # Taking the rights of a file away changes its ctime, but nothing of the file can be read then.
    assert {path for path, answer in answers.items() if answer.state is State.UNREADABLE} == {
        b"a",
        b"folder/sub/y",
        b"folder/sub/caf\xe9 \n",
    }


def test_a_root_that_cannot_be_entered_answers_nothing(tree, claims):
    tree.chmod(0)
    assert {answer.state for answer in asked(tree, claims, become=powerless()).values()} == {State.UNREADABLE}


def test_a_root_that_is_gone_cannot_be_asked(tree, claims):
    trees.remove(tree)
    with pytest.raises(UsageError):
        asked(tree, claims)


def test_content_that_changed_under_the_same_stat_contradicts_the_manifest(tree, claims):
    # No time of a file can be set back to the nanosecond of its ctime, so the claim is what is changed.
    lied = tuple(claim._replace(digest="0" * 64) if claim.path == b"a" else claim for claim in claims)
    assert asked(tree, lied)[b"a"] == Answer(state=State.CONTRADICTS, salted=sha256_hex(SALT + b"a"))


def test_a_limit_of_rate_holds_for_a_challenge_too(tree, claims):
    assert asked(tree, claims, rate=4 * 2**20)[b"big"].state is State.ANSWERED


def answer(number: int, status: int = 0, digests: bytes = bytes(64)) -> bytes:
    return number.to_bytes(4, "big") + bytes([status]) + bytes(32) + digests


@pytest.mark.parametrize(
    "raw",
    [b"", answer(0)[:36], answer(0)[:-1], answer(0) + b"x", answer(0, Status.VANISHED), answer(0, 9, b"")],
    ids=["empty", "no head", "short", "long", "digests of what was not read", "no such status"],
)
def test_an_answer_that_is_none_is_not_believed(raw):
    with pytest.raises(RemoteError):
        parse_answer(raw, 32)


def test_an_answer_without_a_stat_has_none():
    assert parse_answer(answer(7, Status.VANISHED | NO_STAT, b""), 32).held is None


@given(st.binary(max_size=120))
def test_the_parser_raises_one_error_and_nothing_else(raw):
    with contextlib.suppress(RemoteError):
        parse_answer(raw, 32)


@pytest.fixture
def changed_agent(monkeypatch):
    """Return a function that has another agent sent: one in which a text stands for another."""
    from handover.agents import loader

    def change(old: bytes, new: bytes) -> None:
        source = loader.program().source
        assert source.count(old) == 1
        source = source.replace(old, new)
        monkeypatch.setattr(loader, "program", lambda: loader.Program(source, sha256_hex(source)))

    return change


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"ANSWER_HEAD.pack(index,", b"ANSWER_HEAD.pack(index + 1,", "not asked"),
        (b"ANSWER_HEAD.pack(index,", b"ANSWER_HEAD.pack(0,", "not asked"),
        (b"self._emit(ANSWER, head", b"self._emit(LISTING, head", "no place"),
    ],
)
def test_an_agent_that_answers_something_else_is_not_believed(tree, claims, changed_agent, old, new, why):
    changed_agent(old, new)
    with pytest.raises(RemoteError, match=why):
        asked(tree, claims)


def numbered() -> Iterator[bytes]:
    yield from (b"%04d" % number for number in range(5000))


def test_thousands_of_files_can_be_asked_for(tmp_path):
    root = tmp_path / "many"
    root.mkdir()
    for name in numbered():
        (root / name.decode()).write_bytes(name)
    claims = claimed(root, tmp_path)
    assert len(claims) == 100
    everything = tuple(claims[0]._replace(path=name, digest=sha256_hex(name)) for name in numbered())
    answers = asked(root, everything)
    # Stats are those of one file, so the others have moved; each was answered for.
    assert len(answers) == 5000
    assert {a.state for a in answers.values()} == {State.MOVED, State.ANSWERED}
