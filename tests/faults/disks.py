"""A small disk with evidence on it, the commands that work there, and what must hold whatever happened to them."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from faults.seam import Command
from handover.manifest_reader import audit
from handover.workflow.verifying import VerifyRequest, verify_bundle
from support.cli import handover
from support.sshd import make_key, public_key

_ROLES = ("sender", "receiver")
_NEXT_ROUND = "case/rounds/0002"
_THIS_ROUND = "case/rounds/0001"
_STATEMENT = f"{_THIS_ROUND}/1.receiver.statement.json"
_SIGNATURE = f"{_STATEMENT}.sig"


@dataclass(frozen=True, slots=True)
class Work:
    """A command, its exit code when nothing fails, and the check of all that may stand under a final name.

    ``made`` is what it leaves in the end. ``whole`` fails when something there is not what it should be.
    """

    arguments: tuple[str, ...]
    code: int
    made: tuple[str, ...]
    whole: Callable[[Path], None]


def make(folder: Path) -> Path:
    """Make the disk: a tree, manifests of both sides, a case with a round that the sender signed, and keys."""
    disk = folder / "disk"
    for name in ("tmp", "home", "case", "tree/folder", "tree2/folder"):
        (disk / name).mkdir(parents=True)
    for role in _ROLES:
        make_key(disk / "home" / role)
    lines = (f"{role} {public_key(disk / 'home' / role)}\n" for role in _ROLES)
    (disk / "allowed_signers").write_text("".join(lines))
    for name, text in {"index.php": "<?php", "folder/a": "a" * 9000, "folder/b": "b", "lost": "lost"}.items():
        (disk / "tree" / name).write_text(text)
        (disk / "tree2" / name).write_text(text)
    (disk / "tree2" / "lost").unlink()
    (disk / "tree2" / "folder" / "b").write_text("other")
    for name, tree in (("old", "tree"), ("new", "tree2")):
        assert handover("scan", tree, "-o", f"{name}.manifest", cwd=disk).code == 0
    (disk / "case" / "handover.yaml").write_text(_terms(disk))
    assert handover("run", "case", cwd=disk).code == 1
    prepared = ("--print-command", "--public-key", "home/receiver.pub", "--name", "R", "-o", "prepared")
    assert handover("sign", "case", "--as", "receiver", *prepared, cwd=disk).code == 0
    answer = ("--decision", "reject", "--facts", "confirmed", "--name", "S", "--key", "home/sender")
    assert handover("sign", "case", "--as", "sender", *answer, cwd=disk).code == 0
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "handover-statement-v1", "-f", "home/receiver"]
    subprocess.run([*sign, "prepared/reject.statement.json"], cwd=disk, check=True, capture_output=True)
    return disk


def _terms(disk: Path) -> str:
    parties = "".join(
        f"  {role}: {{name: {role}, contact: {role}@{role}.example, keys: ['{public_key(disk / 'home' / role)}']}}\n"
        for role in _ROLES
    )
    return (
        f"handover: 1\nid: {'0f8e' * 8}\ncase: a small one\nparties:\n{parties}"
        "required_signatures: [sender, receiver]\nparts:\n  - name: web\n"
        "    source: {location: ../old.manifest}\n    target: {location: ../new.manifest}\n"
    )


def _intact(bundle: Path) -> None:
    """The bundle verifies, whoever signed."""
    found = verify_bundle(VerifyRequest(bundle, None, "none", None), datetime.now(UTC))
    assert found.verified, [each for each in found.checks if not each.passed]


def _audited(manifest: Path) -> None:
    raw = manifest.read_bytes()
    _, trailer, *_ = audit(io.BytesIO(raw), where="m", scratch=tempfile.TemporaryFile)
    assert (trailer.counts.file, trailer.counts.dir, trailer.counts.gap) == (4, 2, 0)


def _of(**checks: Callable[[Path], None]) -> Callable[[Path], None]:
    def whole(disk: Path) -> None:
        for path, check in checks.items():
            if (disk / path).exists():
                check(disk / path)

    return whole


#: Every command that writes evidence or reads it, by name.
WORKS = {
    "scan": Work(("scan", "tree", "-o", "m"), 0, ("m",), _of(m=_audited)),
    "compare": Work(
        ("compare", "old.manifest", "new.manifest", "-o", "report", "--junit", "junit.xml", "--json"),
        1,
        ("report", "junit.xml"),
        _of(**{"report": _intact, "junit.xml": lambda path: ET.parse(path)}),
    ),
    "run": Work(("run", "case"), 1, (_NEXT_ROUND,), _of(**{_NEXT_ROUND: _intact})),
    "sign": Work(
        ("sign", "case", "--as", "receiver", "--decision", "reject", "--facts", "confirmed", "--name", "R",
         "--key", "home/receiver"),
        0, (_STATEMENT, _SIGNATURE), _of(**{_THIS_ROUND: _intact}),
    ),
    "add": Work(
        ("add", "case", "prepared/reject.statement.json"),
        0, (_STATEMENT, _SIGNATURE), _of(**{_THIS_ROUND: _intact}),
    ),
    "prepare": Work(
        ("sign", "case", "--as", "receiver", "--print-command", "--name", "R", "--public-key", "home/receiver.pub",
         "-o", "answers"),
        0, ("answers",), _of(answers=lambda folder: _names(folder, 4)),
    ),
    "verify": Work(("verify", _THIS_ROUND, "--keys", "allowed_signers", "--json"), 1, (), _of()),
    "init": Work(("init", "new"), 0, ("new/handover.yaml",), _of(**{"new/handover.yaml": lambda p: _ends(p)})),
}  # fmt: skip


def _names(folder: Path, count: int) -> None:
    assert len([path for path in folder.iterdir() if path.read_bytes().endswith(b"}\n")]) == count


def _ends(path: Path) -> None:
    assert path.read_text().endswith("\n")


class Disk:
    """A fresh copy of the disk, for one run."""

    def __init__(self, template: Path, folder: Path) -> None:
        self.scratch = folder
        self.root = folder / "disk"
        shutil.copytree(template, self.root, symlinks=True)
        self._before = contents(self.root)

    def command(self, work: Work) -> Command:
        environment = {"TMPDIR": str(self.root / "tmp"), "HOME": str(self.root / "home")}
        return Command(work.arguments, self.root, self.root, self.scratch, environment=environment)

    def check(self, work: Work, *, may_leave_hidden: bool, may_be_cut: bool) -> bool:
        """Fail when a promise was broken; return whether all that the command makes is there.

        ``may_be_cut``: between two names that are given one after the other, when nothing more can be done.
        """
        now = contents(self.root)
        for path, raw in self._before.items():
            assert now.get(path) == raw, f"{path} is not what it was"
        new = {path for path in now if path not in self._before}
        hidden = {path for path in new if _is_hidden(path)}
        assert may_leave_hidden or not hidden, f"left behind: {sorted(hidden)}"
        for path in new - hidden:
            assert any(path == made or path.startswith(f"{made}/") for made in work.made), f"{path} has a final name"
        if may_be_cut and (self.root / _SIGNATURE).exists() and not (self.root / _STATEMENT).exists():
            # A signature says nothing without its statement; verify names it, and without it all is as it was.
            (self.root / _SIGNATURE).unlink()
        work.whole(self.root)
        return all((self.root / made).exists() for made in work.made)

    def remove(self) -> None:
        shutil.rmtree(self.scratch)


def contents(disk: Path) -> dict[str, bytes]:
    """Return what is in every file, by path; the lock of a case, which is empty for ever, is no evidence."""
    files = (path for path in disk.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(disk)): path.read_bytes() for path in files if path.name != ".handover.lock"}


def _is_hidden(path: str) -> bool:
    return path.startswith("tmp/") or any(part.startswith(".") for part in Path(path).parts)
