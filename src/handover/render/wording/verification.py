"""The outcome of a verification in words: what was checked, who signed, who still has to, and one clear last line."""

from __future__ import annotations

from handover.evidence.statement import Decision, Facts, Kind
from handover.evidence.verification import Signature, Verification
from handover.render.wording.codes import VERDICTS, listing, roles
from handover.render.wording.language import Labels, foreign, moment, say

#: Steps by the names that checks carry.
STEPS = Labels(
    {
        "inventory": "files in the bundle",
        "digests": "digests",
        "report": "report",
        "terms": "terms and rules",
        "manifests": "manifests",
        "recomputation": "comparison, done again",
        "statements": "statements",
        "signatures": "signatures",
        "keys": "trusted keys",
        "decisions": "answers",
        "pdfs": "signed PDFs",
    }
)
_KINDS = Labels(
    {
        Kind.ANSWER: "answer",
        Kind.CUSTODY: "custody",
        Kind.TERMS: "terms",
        Kind.WITNESS: "witness",
        Kind.REVOCATION: "revocation",
    }
)
FACTS = Labels(
    {
        Facts.CONFIRMED: "facts confirmed",
        Facts.DISPUTED: "facts disputed",
        Facts.NOT_EXAMINED: "facts not examined",
    }
)
DECISIONS = Labels(
    {
        Decision.ACCEPT: "accepts",
        Decision.ACCEPT_WITH_REMARKS: "accepts with remarks",
        Decision.REJECT: "rejects",
        Decision.NONE: "leaves the decision open",
    }
)


def said_apart(done: Verification) -> tuple[str, ...]:
    """Return three answers that are never mixed: is it intact, who signed, who still has to."""
    intact = say("Intact: yes, every file is as it was made.") if done.intact else say("Intact: no, see above.")
    signed = say("Signed by: {roles}.", roles=roles(done.signed_by)) if done.signed_by else say("Signed by: nobody.")
    if not done.waiting_for:
        return intact, signed, say("Still waiting for: nobody.")
    return intact, signed, say("Still waiting for: {roles}.", roles=roles(done.waiting_for))


def last_line(done: Verification) -> str:
    """Return the outcome in one sentence, with the step that failed or the roles that matter."""
    failed = next((check for check in done.checks if not check.passed), None)
    if failed is not None or done.verdict is None:
        step, detail = ("", "") if failed is None else (str(failed.step), foreign(failed.detail))
        title = "" if failed is None else STEPS.get(failed.name, "")
        return say("NOT VERIFIED: step {step} ({title}): {detail}", step=step, title=title, detail=detail)
    result = VERDICTS[done.verdict]
    objecting = [signature.role for signature in done.signatures if objects(signature)]
    if objecting:
        return say(
            "VERIFIED, NOT ACCEPTED: {roles} rejects or disputes. The recorded result is {result}.",
            roles=roles(objecting),
            result=result,
        )
    if done.waiting_for:
        return say(
            "VERIFIED SO FAR, WAITING FOR {roles}: all that is there is genuine. The recorded result is {result}.",
            roles=roles(done.waiting_for),
            result=result,
        )
    if done.accepted:
        return say("VERIFIED AND ACCEPTED by {roles}: {result}.", roles=roles(done.signed_by), result=result)
    return say("INTACT: the recorded result is {result}. No answers were asked for.", result=result)


def signature(signed: Signature) -> str:
    """Return one signature: who said what, with which key, and whether it counts."""
    words = [_KINDS[signed.kind]]
    words += [FACTS[signed.facts]] if signed.facts is not None else []
    words += [DECISIONS[signed.decision]] if signed.decision is not None else []
    values = {
        # SECURITY: what others chose comes after what we say of it, or it could be read as that.
        "role": roles([signed.role]),
        "name": foreign(f"{signed.signer}, {signed.party}"),
        "words": listing(words),
        "key": foreign(signed.key),
        "when": moment(signed.signed_at),
    }
    if not signed.valid:
        return say("{role}: THE SIGNATURE DOES NOT FIT. {words}, key {key}, {name}", **values)
    if not signed.trusted:
        return say("{role}: nobody given vouches for the key {key}. {words}, {name}", **values)
    if not signed.standing:
        return say("{role}: {words}, since then replaced or revoked. Signed {when}, key {key}, {name}", **values)
    return say("{role}: {words}. Signed {when}, key {key}, {name}", **values)


def answered(facts: Facts, decision: Decision) -> str:
    """Return what a party answered, in the words of its two choices."""
    return listing((FACTS[facts], DECISIONS[decision]))


def objects(signed: Signature) -> bool:
    """Whether this is a trusted party's last word, and it is against the round."""
    against = signed.decision is Decision.REJECT or signed.facts is Facts.DISPUTED
    return signed.kind is Kind.ANSWER and signed.standing and signed.trusted and against
