"""What a verification gives: every check by its step, every signature, and what follows from them.

Three things are said apart and never mixed: whether the files are intact, who signed them, and who still has to.
Specification: ``docs/spec/bundle.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Literal, ParamSpec, TypeVar

from handover.comparison import Verdict
from handover.errors import ExitCode, HandoverError, worst
from handover.evidence.pdf_findings import SignedPdf
from handover.evidence.statement import Decision, Facts, Kind, PartyRole
from handover.strict_json import Count, Document, Instant

P = ParamSpec("P")
T = TypeVar("T")

TYPE: Literal["handover-verification"] = "handover-verification"
VERSION: Literal[1] = 1


class Step(IntEnum):
    """The steps of a verification; the same numbers stand in the code and in ``docs/spec/bundle.md``."""

    INVENTORY = 1
    DIGESTS = 2
    REPORT = 3
    TERMS = 4
    MANIFESTS = 5
    RECOMPUTATION = 6
    STATEMENTS = 7
    SIGNATURES = 8
    KEYS = 9
    DECISIONS = 10
    PDFS = 11

    @property
    def title(self) -> str:
        """The step in one word, for tables and JSON."""
        return self.name.lower()


class Check(Document):
    """One thing that was checked, or that could not be."""

    step: Count
    name: str
    passed: bool
    detail: str


class Signature(Document):
    """One statement with its signature. ``key`` is a fingerprint.

    ``valid``: the signature fits the statement. ``trusted``: the key is that role's by the verifier's own list.
    ``standing``: it is the last word of its role on its subject, neither superseded nor revoked.
    """

    file: str
    kind: Kind
    role: PartyRole
    party: str
    signer: str
    key: str
    facts: Facts | None
    decision: Decision | None
    signed_at: Instant
    valid: bool
    trusted: bool
    standing: bool


class Verification(Document):
    """Result of one verification; ``verdict`` is there only when it was computed again and holds.

    ``verified``: nothing failed. ``accepted``: and every required role accepts, and nobody rejects or disputes.
    """

    type: Literal["handover-verification"]
    version: Literal[1]
    bundle: str
    case_id: str | None
    round: int | None
    intact: bool
    verified: bool
    verdict: Verdict | None
    accepted: bool
    signed_by: tuple[PartyRole, ...]
    waiting_for: tuple[PartyRole, ...]
    exit_code: Count
    checks: tuple[Check, ...]
    signatures: tuple[Signature, ...]
    pdfs: tuple[SignedPdf, ...] = ()


def counted(n: int, one: str, many: str) -> str:
    """Return a number with its noun, for the details of checks, which are English whatever language is spoken."""
    return f"{n} {one if n == 1 else many}"


class Ledger:
    """Takes down what each step found, and goes on after a failure."""

    def __init__(self) -> None:
        self._checks: list[Check] = []
        self._failures: list[tuple[Step, ExitCode]] = []

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks, by step."""
        return tuple(sorted(self._checks, key=lambda check: check.step))

    @property
    def exit_code(self) -> ExitCode | None:
        """The worst code of all failures; ``None`` when nothing failed."""
        return worst(code for _, code in self._failures) if self._failures else None

    def failed_in(self, *steps: Step) -> bool:
        """Whether anything failed in one of these steps."""
        return any(step in steps for step, _ in self._failures)

    def not_checked(self, step: Step, *needed: Step) -> None:
        """Take down that a step could not be done, because one that it needs failed."""
        failed = next((before for before in needed if self.failed_in(before)), needed[-1])
        self.failed(step, f"not checked, because step {failed.value} failed")

    def passed(self, step: Step, detail: str) -> None:
        """Take down a check that holds; ignored when another of the same step failed."""
        if not self.failed_in(step):
            self._checks.append(Check(step=step, name=step.title, passed=True, detail=detail))

    def failed(self, step: Step, detail: str, code: ExitCode = ExitCode.NOT_VERIFIED) -> None:
        """Take down a check that does not hold."""
        self._checks.append(Check(step=step, name=step.title, passed=False, detail=detail))
        self._failures.append((step, code))

    def attempt(self, step: Step, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Return what ``work`` gives for these arguments; ``None`` when it fails, which is taken down."""
        try:
            return work(*args, **kwargs)
        except HandoverError as error:
            self.failed(step, str(error), _CODES.get(error.exit_code, ExitCode.NOT_VERIFIED))
            return None


#: What is wrong inside a bundle is never the fault of the command line: terms that cannot be read are a malformed file.
_CODES = {
    ExitCode.LOCAL_IO: ExitCode.LOCAL_IO,
    ExitCode.MALFORMED: ExitCode.MALFORMED,
    ExitCode.USAGE: ExitCode.MALFORMED,
}
