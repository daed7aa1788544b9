"""One file that takes hours holds up no other: what is read beside it arrives, is kept, and is counted meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from handover.errors import RemoteError
from handover.locations.local import LocalHost
from handover.scan import Carry, Effort, Totals, cut_scans, scan
from support.rounds_of_scans import scan_to
from support.scans import request

_FOLDERS, _FILES = 60, 50
_HUGE = 2**36


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Three thousand small files, some before and some after a file of 64 GiB that is a hole."""
    root = tmp_path / "tree"
    for folder in range(_FOLDERS):
        (root / f"{folder:02d}").mkdir(parents=True)
        for number in range(_FILES):
            (root / f"{folder:02d}" / f"file {number}").write_text(f"{folder} {number}")
    with open(root / "30" / "huge", "xb") as stream:
        stream.truncate(_HUGE)
    return root


class _OneFileIsLeft:
    """Progress that cuts the scan off once all small files are read and the huge one is seen to be read on."""

    def __init__(self) -> None:
        self.seen: list[Totals] = []

    def update(self, _: str, totals: Totals) -> None:
        if totals.files == _FOLDERS * _FILES:
            self.seen.append(totals)
        if len({one.bytes for one in self.seen}) > 2:
            raise RemoteError("the test has seen enough")


@pytest.mark.parametrize("effort", [Effort(2, polite=False), Effort.local()], ids=["two workers", "as suits"])
def test_all_others_are_read_counted_and_kept_while_one_is_read_that_takes_hours(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, effort: Effort
) -> None:
    monkeypatch.setattr("handover.carrying.GUARD_NS", -(10**13))
    progress = _OneFileIsLeft()
    with pytest.raises(RemoteError, match="seen enough"):
        scan(LocalHost(), request(tree, keep_cut=True, effort=effort), tmp_path / "out", progress)
    assert progress.seen[-1].bytes < _HUGE
    # Everything but the huge file was here: nothing of it is read again.
    (tree / "30" / "huge").unlink()
    resumed = scan_to(tmp_path / "out", tree, Carry(cut_scans(tmp_path / "out")), keep_cut=True)
    assert resumed.trailer.counts.file == _FOLDERS * _FILES
    assert resumed.trailer.carried is not None
    assert resumed.trailer.carried.files == _FOLDERS * _FILES
