"""``handover verify``: what the evidence needs from outside, brought together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from handover import __version__, differences, presets
from handover.bundles import open_bundle
from handover.comparison import Difference
from handover.digests import sha256_hex
from handover.errors import LocalIOError, UsageError
from handover.evidence import sums
from handover.evidence.allowed_signers import MAX_FILE, AllowedSigners
from handover.evidence.inventory import RULES_NAME
from handover.evidence.pdf_findings import EXTRA, PdfPolicy
from handover.evidence.policy import Agreement, OpenFile, Policy, Redrawn
from handover.evidence.statement import TERMS_NAME, PartyRole
from handover.evidence.verification import Verification
from handover.evidence.verify import verify
from handover.manifest import CaseRef
from handover.paths import shown
from handover.report import Report
from handover.rules import FLAG_ORIGIN, RulesDocument, RuleSet
from handover.terms import Terms, parse
from handover.terms.model import Part
from handover.workflow import drawing, pdf_process
from handover.workflow.bases import Bases
from handover.workflow.case import ROUNDS_NAME
from handover.workflow.case import TERMS_NAME as CASE_TERMS
from handover.workflow.terms_facts import dates_of, parties_of

_NOBODY = "none"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify: the bundle, the trusted keys, whose signatures are needed, and for which time.

    ``previous`` are manifests, or bundles of earlier rounds, that files may have been carried over from. ``pdf_trust``
    is a file of certificates that are trusted for signatures in PDFs.
    """

    bundle: Path
    keys: Path | None
    require: str | None
    at: datetime | None
    previous: tuple[Path, ...] = ()
    pdf_trust: Path | None = None


def verify_bundle(request: VerifyRequest, now: datetime) -> Verification:
    """Verify a bundle; what is wrong with it is in the result, what is wrong with the request is raised."""
    _refuse_case(request.bundle)
    at = now if request.at is None else request.at
    with ExitStack() as opened:
        around = Bases(request.bundle, request.previous, opened)
        policy = Policy(
            keys=None if request.keys is None else _keys(request.keys),
            require=_required(request.require),
            at=at if at.tzinfo is not None else at.replace(tzinfo=UTC),
            read_terms=_read_terms,
            scratch=tempfile.TemporaryFile,
            check_renderings=_check_renderings,
            find_base=around.find,
            find_rounds=around.rounds,
            pdf=pdf_policy(request.pdf_trust),
        )
        return verify(opened.enter_context(open_bundle(request.bundle)), policy)


def _refuse_case(place: Path) -> None:
    """Raise ``UsageError`` for the folder of a case, where other commands mean its last round: here it is named."""
    if (place / CASE_TERMS).is_file() and not os.path.lexists(place / sums.NAME):
        where = shown(os.fsencode(place))
        raise UsageError(
            "is a case, and it is its rounds that are verified",
            where=where,
            hint=f"Name one of them, such as  handover verify {where}/{ROUNDS_NAME}/0001",
        )


def _keys(path: Path) -> AllowedSigners:
    where = shown(os.fsencode(path))
    try:
        with path.open("rb") as stream:
            return AllowedSigners.parse(stream.read(MAX_FILE + 1), where=where)
    except FileNotFoundError:
        raise UsageError(
            "there is no such file of keys", where=where, hint="The report shows the lines that belong into it."
        ) from None
    except OSError as error:
        raise LocalIOError(error.strerror or "cannot be read", where=where) from error


def pdf_policy(trust: Path | None) -> PdfPolicy:
    """Return how signed PDFs are judged; ``UsageError`` when certificates are given for nothing."""
    if not pdf_process.installed():
        if trust is not None:
            raise UsageError(
                "--pdf-trust needs a library that is not installed", hint=f"Install it with  pip install '{EXTRA}'."
            )
        return PdfPolicy()
    return PdfPolicy(pdf_process.examine, None if trust is None else _anchors(trust))


def _anchors(path: Path) -> tuple[str, ...]:
    from handover.evidence import certificates

    where = shown(os.fsencode(path))
    try:
        with path.open("rb") as stream:
            raw = stream.read(certificates.MAX_FILE + 1)
    except FileNotFoundError:
        raise UsageError("there is no such file of certificates", where=where) from None
    except OSError as error:
        raise LocalIOError(error.strerror or "cannot be read", where=where) from error
    return certificates.anchors(raw, where=where)


def _required(text: str | None) -> tuple[PartyRole, ...] | None:
    if text is None:
        return None
    if text.strip() == _NOBODY:
        return ()
    try:
        return tuple(dict.fromkeys(PartyRole(name.strip()) for name in text.split(",")))
    except ValueError:
        raise UsageError(
            f"--require {shown(text)} names no role", hint=f"Roles are {', '.join(PartyRole)}; or write none."
        ) from None


def _read_terms(raw: bytes, recorded: RulesDocument) -> Agreement:
    """Return what the terms agree to; rules and requirements that were given by flags are taken from the record.

    They stand in ``rules.json`` with their origin, count as excluded, and are under the signatures like all others.
    """
    terms = _of_its_time(parse(raw, TERMS_NAME), recorded)
    expected = terms.rule_sets()
    for part in recorded.parts:
        if part.name in expected:
            given = part.rule_set(where=RULES_NAME)
            flags = tuple(rule for rule in given.rules if rule.origin.startswith(FLAG_ORIGIN))
            base = expected[part.name]
            expected[part.name] = replace(base, rules=base.rules + flags, require=base.require | given.require)
    return Agreement(
        rules=RulesDocument.of(expected, terms_sha256=sha256_hex(raw)).to_bytes(),
        case=CaseRef(id=terms.id, name=terms.case),
        timezone=terms.timezone,
        dates=dates_of(terms),
        parties=parties_of(terms),
        required_signatures=terms.required_signatures,
    )


def _of_its_time(terms: Terms, recorded: RulesDocument) -> Terms:
    """Return the terms with each preset as it was in the version that made the round, if its rules say which."""
    rule_sets = recorded.rule_sets(where=RULES_NAME)
    return replace(terms, parts=tuple(_part_of_its_time(part, rule_sets.get(part.name)) for part in terms.parts))


def _part_of_its_time(part: Part, recorded: RuleSet | None) -> Part:
    if part.preset is None or recorded is None:
        return part
    rules = [rule for rule in recorded.rules if rule.origin.startswith(presets.ORIGIN)]
    return replace(part, preset=presets.as_recorded(part.preset, rules))


def _check_renderings(report: Report, renderings: tuple[str, ...], open_file: OpenFile) -> Redrawn:
    """Draw all of them again; only the version that drew one can say that it was changed before it was signed."""
    if report.tool != f"handover {__version__}":
        return Redrawn(not_judged=renderings)
    compared = {part.name for part in report.parts if part.comparison is not None}

    def read(part: str) -> Iterator[Difference]:
        if part in compared:
            name = differences.file_name(part)
            with open_file(name) as stream:
                yield from differences.read(stream, where=name)

    return drawing.check(report, read, renderings, open_file)
