"""What a new round tells of the earlier rounds of its case: their verdicts, and the answers that lie beside them."""

from __future__ import annotations

from contextlib import suppress

from handover.bundles import open_bundle
from handover.errors import HandoverError
from handover.evidence.history import other_round, told_of
from handover.report import EarlierRound
from handover.workflow.case import Case

#: So many rounds are told, the latest ones.
_TOLD = 50


def history(case: Case) -> tuple[EarlierRound, ...]:
    """Return the rounds of a case in order; one that cannot be read is left out, and ``verify`` of it says why."""
    found = []
    for number in case.rounds()[-_TOLD:]:
        with suppress(HandoverError), open_bundle(case.round_folder(number)) as bundle:
            found.append(told_of(other_round(bundle)))
    return tuple(found)
