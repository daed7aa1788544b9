"""A report as one HTML file that stands alone: no network, nothing but its own style and one small script.

The script searches and folds; without it the page says the same. The same report gives the same bytes. Everything that
is written into the page goes through ``_safe``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import jinja2
from markupsafe import Markup, escape

from handover import paths
from handover.evidence.sshsig import NAMESPACE
from handover.evidence.statement import FileName, PartyRole
from handover.render import page
from handover.render.page import PartPage
from handover.render.sampling import MOST, Excerpts
from handover.render.wording import codes, language
from handover.render.wording.arrived import arrived
from handover.render.wording.causes import unexplained
from handover.render.wording.first_action import first_action
from handover.render.wording.headline import headline
from handover.render.wording.labels import LABELS, limits
from handover.render.wording.language import speaking, spoken
from handover.render.wording.remarks import beside, excluded
from handover.render.wording.steps import next_steps
from handover.render.wording.timeline import timeline
from handover.report import Report

#: Differences by name in one page; browsers get slow beyond, and ``differences.jsonl`` has them all.
LIMIT: Final = MOST
#: Where the commands look for keys: in the folder of the report itself it would be a file that nobody signed.
_SIGNERS: Final = "../allowed_signers"
#: Stands in numbers of some languages, and nowhere in what was escaped.
_NO_BREAK: Final = "\u00a0"


def render(report: Report, excerpts: Excerpts, *, language: str = "en", limit: int = LIMIT) -> str:
    """Return the page in a language, to be written as UTF-8, with at most ``limit`` differences by name."""
    with speaking(language):
        return _drawn(report, excerpts, limit)


def _drawn(report: Report, excerpts: Excerpts, limit: int) -> str:
    each = limit // max(1, len(report.parts))
    parts = [page.part_page(report, part, excerpts, limit=each) for part in report.parts]
    return _page().render(
        language=spoken(),
        report=report,
        headline=headline(report),
        arrived=arrived(report),
        first_action=first_action(report),
        scope=codes.scope(report),
        strength=codes.strength(report),
        beside=beside(report),
        unexplained=unexplained(report),
        steps=next_steps(report, kept=True),
        parts=parts,
        sections=_sections(report, parts),
        events=timeline(report),
        signers=page.signers(report),
        dates=page.dates(report),
        commands=_commands(report),
    )


@cache
def _page() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("handover.render"),
        autoescape=True,
        finalize=_safe,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = _own("report.css"), _own("report.js")
    environment.globals.update(
        t=LABELS,
        limits=limits,
        told=codes.finding_texts,
        confidences=codes.CONFIDENCES,
        explains=codes.explains,
        shown_of=codes.shown_of,
        excluded=excluded,
        bar_units=page.BAR_UNITS,
        few=page.FEW,
        style=style,
        script=script,
        # SECURITY: nothing may be loaded and no script but ours may run, whatever a name looks like (CSP 3).
        policy=f"default-src 'none'; style-src '{_source_hash(style)}'; script-src '{_source_hash(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )
    environment.filters.update(name=language.name, foreign=language.foreign, number=language.number)
    environment.filters.update(moment=language.moment, plain=language.plain, role=codes.ROLES.__getitem__)
    return environment.get_template("report.html")


def _own(name: str) -> Markup:
    """Return a file of ours that becomes a part of the page as it is."""
    return Markup(files("handover.render").joinpath("templates", name).read_text("utf-8"))  # noqa: S704 -- our own file


def _sections(report: Report, parts: Sequence[PartPage]) -> dict[str, str]:
    """Return the titles of the sections that there are, by the names that links lead to."""
    there = {
        "causes": bool(report.findings or unexplained(report)),
        "part-1": bool(parts and parts[0].sums),
        "names": any(part.groups for part in parts),
    }
    titles = {"part-1": "gaps"}
    names = ("numbers", "causes", "part-1", "names", "timeline", "sign", "who", "check")
    return {name: LABELS[titles.get(name, name)] for name in names if there.get(name, True)}


def _safe(value: object) -> object:
    """Return what an expression of the template gave as harmless markup, each name isolated from the text around it."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    # SECURITY: a foreign string was escaped where it was marked. One that nobody marked is escaped here all the same.
    pieces = []
    for piece in value.split(language.BEGIN):
        marked, end, rest = piece.rpartition(language.END)
        pieces.append(f'<bdi dir="ltr">{_harmless(marked)}</bdi>{_harmless(rest)}' if end else _harmless(piece))
    return Markup("".join(pieces))  # noqa: S704 -- every piece was escaped


def _harmless(text: str) -> Markup:
    bare = text.replace("\\", "").replace(_NO_BREAK, " ")
    return escape(text if paths.shown(bare) == bare else paths.shown(text))


def _source_hash(style: str) -> str:
    digest = hashlib.sha256(style.encode()).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _commands(report: Report) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what each check is for, and the exact commands."""
    roles = report.required_signatures or ("sender", "receiver")
    names = {role: FileName("", 1, PartyRole(role)) for role in roles}
    return (
        (LABELS["check_sums"], ("sha256sum -c SHA256SUMS",)),
        (
            LABELS["check_subject"],
            ("sha256sum SHA256SUMS", *(f"grep -A 4 '\"subject\"' {name}" for name in names.values())),
        ),
        (
            LABELS["check_signature"],
            tuple(
                f"ssh-keygen -Y verify -f {_SIGNERS} -I {role} -n {NAMESPACE} -s {name.signature} < {name}"
                for role, name in names.items()
            ),
        ),
        (LABELS["check_all"], (f"handover verify . --keys {_SIGNERS}",)),
    )
