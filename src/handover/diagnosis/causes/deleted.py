"""Files that had arrived and were deleted on the target: their folder was changed after everything in it had come."""

from __future__ import annotations

from collections.abc import Iterator

from handover import paths
from handover.comparison import PathClass
from handover.diagnosis.census import Aspect
from handover.diagnosis.folders import Folders, Touched
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.words import moment, number, plural, quoted, resend, say
from handover.report import Fact
from handover.sentences import Sentence

_FEW = 3


class Deleted(Cause):
    """Missing names in folders whose own time on the target is later than that of everything in them.

    Copying sets a folder's time to that of the last name, or back to that of the source; deleting sets it to now.
    """

    only_with = frozenset({PathClass.MISSING})
    wants = Aspect.FOLDERS

    def hypotheses(self, scene: Scene, /) -> Iterator[Hypothesis]:
        """Yield the folders; where others were touched as well without any loss, it says nothing."""
        folders = scene.folders
        touched = len(folders.touched_set)
        if not touched or folders.touched_in_peace > touched:
            return
        lost = sum(folder.lost for folder in folders.touched)
        latest = max(folders.touched, key=lambda folder: folder.touched_ns)
        everywhere = 10 * touched >= 9 * folders.lossy
        yield Hypothesis(
            cause="deleted_after_arrival",
            weight=Weight.SEPARATED if everywhere else Weight.SHAPED,
            confidence="high" if everywhere and touched >= _FEW and not folders.touched_in_peace else "medium",
            title=say("Files were deleted on the target after they had arrived"),
            evidence=_evidence(folders, lost, latest),
            remedy=(
                say(
                    "Ask who cleaned up on the target: a virus scanner, a panel, a colleague. Look into its quarantine."
                ),
                resend(scene.context.part),
            ),
            explains=lambda seen: (
                seen.kind is PathClass.MISSING and (seen.whole or seen.path).rpartition(b"/")[0] in folders.touched_set
            ),
            facts=(
                Fact(name="folder", value=paths.shown(latest.path)),
                Fact(name="touched_ns", value=str(latest.touched_ns)),
            ),
        )


def _evidence(folders: Folders, lost: int, latest: Touched) -> tuple[Sentence, ...]:
    return (
        plural(
            len(folders.touched_set),
            "{n} folder with missing names ({lost}) changed on the target after everything in it had come: "
            "{folder} on {touched}, its files by {newest}.",
            "{n} folders with missing names ({lost}) changed on the target after everything in them had come: "
            "{folder} on {touched}, its files by {newest}.",
            lost=number(lost),
            folder=quoted(latest.path),
            touched=moment(latest.touched_ns),
            newest=moment(latest.newest_ns),
        ),
        plural(
            folders.touched_in_peace,
            "Of the folders without any loss, {n} changed so late.",
            "Of the folders without any loss, {n} changed so late.",
        ),
    )
