"""Verify a bundle offline: numbered steps, none of which believes what it can compute.

The numbers are those of ``docs/spec/bundle.md``. A step that fails is taken down and the others go on as far as that is
safe, so that one run names everything that is wrong.
"""

from __future__ import annotations

from handover.errors import worst
from handover.evidence import contents, decisions, pdfs, recomputation, signatures
from handover.evidence.bundle import Bundle
from handover.evidence.contents import Agreed
from handover.evidence.decisions import Decisions
from handover.evidence.pdf_findings import SignedPdf
from handover.evidence.policy import DEFAULT_REQUIRED, Policy
from handover.evidence.signatures import Signed
from handover.evidence.statement import PartyRole
from handover.evidence.verification import TYPE, VERSION, Ledger, Signature, Step, Verification
from handover.report import Report

_FILE_STEPS = (Step.INVENTORY, Step.DIGESTS, Step.REPORT, Step.TERMS, Step.MANIFESTS, Step.RECOMPUTATION)


def verify(bundle: Bundle, policy: Policy) -> Verification:
    """Check everything in ``bundle`` and say what holds; what is wrong with the bundle is a result and never raised."""
    ledger = Ledger()
    # 1. Inventory: SHA256SUMS lists every file but the later ones, and nothing else is there.
    table = contents.take_inventory(bundle, ledger)
    if table is None:
        return _result(bundle, None, (), (), Decisions(), ledger)
    # 2. Digests: every listed file is the one that SHA256SUMS names.
    files = contents.check_digests(bundle, table, ledger)
    # 3. Report: strict, and its own list of files is that of SHA256SUMS, and it fits the rounds beside it.
    report = contents.read_report(files, table, policy, ledger)
    # 4. Terms: the rules, and what the report repeats, are what the terms say.
    agreed = contents.read_terms(files, report, policy, ledger)
    # 5. Manifests: each is whole, every entry is sound, counts and roots add up.
    recomputation.audit_manifests(files, report, policy, ledger)
    # 6. Recomputation: comparing again gives these differences, this verdict, and what people are shown.
    recomputation.compare_again(files, report, agreed, policy, ledger)
    # 7. Statements: each is about this bundle, and takes its place in the row of its role.
    found = signatures.read_statements(files, table, report, ledger)
    # 8. Signatures: each was made with the key that its statement names.
    found = signatures.check_signatures(files, found, ledger)
    # 9. Keys: each is its role's by the verifier's own list and by the terms, and no two roles share one.
    required = _required(agreed, policy)
    found = signatures.check_keys(found, agreed, required, policy, ledger)
    # 10. Decisions: who accepts, who does not, and who still has to say so.
    said = decisions.weigh(found, required, table.inventory.statements, ledger)
    # 11. PDFs, when there are signed ones: each is ours and was only signed, or a document from elsewhere.
    signed_pdfs = pdfs.check_pdfs(files, table, policy, ledger)
    return _result(bundle, report, found, required, said, ledger, signed_pdfs)


def _required(agreed: Agreed | None, policy: Policy) -> tuple[PartyRole, ...]:
    """Return who has to sign: as the verifier says, else as the terms say, else sender and receiver."""
    if policy.require is not None:
        return policy.require
    return (() if agreed is None else agreed.agreement.required_signatures) or DEFAULT_REQUIRED


def _result(
    bundle: Bundle,
    report: Report | None,
    found: tuple[Signed, ...],
    required: tuple[PartyRole, ...],
    said: Decisions,
    ledger: Ledger,
    signed_pdfs: tuple[SignedPdf, ...] = (),
) -> Verification:
    intact = not ledger.failed_in(*_FILE_STEPS)
    verdict = report.verdict if report is not None and intact else None
    exit_code = ledger.exit_code
    if exit_code is None:
        assert verdict is not None
        exit_code = worst((verdict.exit_code, said.exit_code))
    return Verification(
        type=TYPE,
        version=VERSION,
        bundle=bundle.where,
        case_id=None if report is None else report.case.id,
        round=None if report is None else report.round,
        intact=intact,
        verified=ledger.exit_code is None,
        verdict=verdict,
        accepted=ledger.exit_code is None and said.accepted_by(required),
        signed_by=said.signed_by,
        waiting_for=said.waiting_for,
        exit_code=exit_code,
        checks=ledger.checks,
        signatures=tuple(map(_signature, found)),
        pdfs=signed_pdfs,
    )


def _signature(signed: Signed) -> Signature:
    statement = signed.statement
    return Signature(
        file=str(signed.name),
        kind=statement.kind,
        role=statement.role,
        party=statement.party,
        signer=statement.signer.name,
        key=signed.key.fingerprint,
        facts=statement.facts,
        decision=statement.decision,
        signed_at=statement.signed_at,
        valid=signed.valid,
        trusted=signed.trusted,
        standing=signed.standing,
    )
