"""Step 10 of a verification: who accepts, who does not, and who still has to say so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handover.errors import ExitCode, worst
from handover.evidence.signatures import Signed
from handover.evidence.statement import Decision, Facts, FileName, Kind, PartyRole
from handover.evidence.verification import Ledger, Step

_ACCEPTING = (Decision.ACCEPT, Decision.ACCEPT_WITH_REMARKS)


@dataclass(frozen=True, slots=True)
class Decisions:
    """What trusted parties say, by role in the order of ``PartyRole``.

    ``objecting``: rejects, or disputes the facts. ``waiting_for``: required, and has not answered, has taken its answer
    back, or has left the decision open. Whose answer is there and bad is not waited for: that is a failure.
    """

    signed_by: tuple[PartyRole, ...] = ()
    accepting: tuple[PartyRole, ...] = ()
    objecting: tuple[PartyRole, ...] = ()
    waiting_for: tuple[PartyRole, ...] = ()

    def accepted_by(self, required: tuple[PartyRole, ...]) -> bool:
        """Whether all of these roles accept, there is at least one, and nobody objects."""
        return bool(required) and set(required) <= set(self.accepting) and not self.objecting

    @property
    def exit_code(self) -> ExitCode:
        """What the decisions alone come to."""
        codes = [ExitCode.NOT_COMPLETE] if self.objecting else []
        return worst([*codes, ExitCode.WAITING] if self.waiting_for else codes)


def weigh(
    found: tuple[Signed, ...], required: tuple[PartyRole, ...], names: Iterable[FileName], ledger: Ledger
) -> Decisions:
    """Step 10; ``names`` are all statements that are there, also those that could not be read."""
    counted = [signed for signed in found if signed.standing and signed.sound and signed.trusted]
    answers = {signed.name.role: signed for signed in counted if signed.statement.kind is Kind.ANSWER}
    present = {name.role for name in names if not name.subject}
    last = {signed.name.role: signed.statement for signed in found if not signed.name.subject}
    decisions = Decisions(
        signed_by=_ordered(answers),
        accepting=_ordered(role for role, signed in answers.items() if signed.statement.decision in _ACCEPTING),
        objecting=_ordered(signed.name.role for signed in counted if _objects(signed)),
        waiting_for=_ordered(
            role
            for role in required
            if role not in present or (role in last and last[role].decision in (None, Decision.NONE))
        ),
    )
    said = [f"{role}: {signed.statement.facts}, {signed.statement.decision}" for role, signed in answers.items()]
    waiting = [f"still waiting for {', '.join(decisions.waiting_for)}"] if decisions.waiting_for else []
    ledger.passed(Step.DECISIONS, "; ".join([*said, *waiting]) or "no signature was asked for")
    return decisions


def _objects(signed: Signed) -> bool:
    return signed.statement.decision is Decision.REJECT or signed.statement.facts is Facts.DISPUTED


def _ordered(roles: Iterable[PartyRole]) -> tuple[PartyRole, ...]:
    given = set(roles)
    return tuple(role for role in PartyRole if role in given)
