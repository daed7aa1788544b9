"""What the differences mean for the website: said before anything else, and without effect on the verdict."""

from __future__ import annotations

from collections.abc import Iterator

from handover.render.wording.codes import Sides
from handover.render.wording.language import foreign, name, plural, say, size
from handover.report import PartReport
from handover.site import SiteFacts, SiteTrouble, Trouble

#: So many paths that the site needs are told by name.
_TOLD = 3


def of_site(part: PartReport, sides: Sides) -> tuple[str, ...]:
    """Return why the site of a part cannot work, and what of the loss people made; nothing when that is not known."""
    if part.site is None:
        return ()
    told = part.site.troubles[:_TOLD]
    return (*(_trouble(trouble, sides) for trouble in told), *_more(part.site), *_losses(part.site, sides))


def _trouble(trouble: SiteTrouble, sides: Sides) -> str:
    path, host = name(trouble.path), sides.host(trouble.side)
    match trouble.what:
        case Trouble.MISSING:
            return say("The site cannot work on {host}: {path} is missing there.", path=path, host=host)
        case Trouble.REPLACED:
            return say("The site cannot work on {host}: {path} is something else there.", path=path, host=host)
        case Trouble.EMPTY:
            return say("{path} is empty on {host}: nothing of what was in it arrived.", path=path, host=host)
        case Trouble.UNREADABLE if not trouble.path:
            return say("The folder of the site itself could not be read on {host}.", host=host)
        case Trouble.UNREADABLE:
            return say("{path} could not be read on {host}, and the site cannot work without it.", path=path, host=host)


def _more(site: SiteFacts) -> Iterator[str]:
    more = len(site.troubles) - _TOLD
    if more > 0:
        yield plural(
            more,
            "{n} more path that the site cannot work without is not as it has to be.",
            "{n} more paths that the site cannot work without are not as they have to be.",
        )


def _losses(site: SiteFacts, sides: Sides) -> Iterator[str]:
    core, content, program = site.core, site.content, foreign(site.title)
    if core.missing and content.missing:
        yield plural(
            content.missing,
            "{n} path that people made or set up ({size}) is missing on {host}.",
            "{n} paths that people made or set up ({size}) are missing on {host}.",
            size=size(content.bytes),
            host=sides.target_host,
        )
    if core.missing:
        yield plural(
            core.missing,
            "{n} missing path comes with {program} and can be got again from there.",
            "{n} missing paths come with {program} and can be got again from there.",
            program=program,
        )
    if core.changed:
        yield plural(
            core.changed,
            "{n} file of {program} itself differs: it may be another version.",
            "{n} files of {program} itself differ: it may be another version.",
            program=program,
        )
