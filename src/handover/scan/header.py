"""The first line of a manifest, from what was asked and what the agent said of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from handover import __version__
from handover.agents import loader
from handover.agents.frames import Hello, broken
from handover.manifest import HEADER_TYPE, Clock, Header, IgnoreRule, Machine, RulesRef, ScanOptions
from handover.paths import shown, to_fields
from handover.rules import RuleKind, RuleRow, in_force
from handover.scan.request import ScanRequest

_MAX_LIMITS = 32
_MAX_TEXT = 256
_MAX_YEAR_NS = 253402300799 * 10**9  # the end of the year 9999, the last that RFC 3339 can say


def build(
    request: ScanRequest, hello: Hello, *, nonce: str, host_key: str | None, asked_ns: int, told_ns: int
) -> Header:
    """Return the header; ``asked_ns`` and ``told_ns`` are our clock before the agent started and when it spoke."""
    root, root_b64 = to_fields(_root(hello))
    there_ns = int(hello.clock_ns)
    return Header(
        type=HEADER_TYPE,
        version=1,
        tool=f"handover {__version__}",
        case=request.case,
        part=request.part,
        role=request.role,
        ran_by=request.ran_by,
        location=request.location,
        root=root,
        root_b64=root_b64,
        route=request.route,
        agent_sha256=loader.program().sha256,
        machine=_machine(hello, host_key),
        clock=Clock(here=instant(told_ns), there=instant(there_ns), skew_ms=(there_ns - told_ns) // 10**6),
        started_at=instant(asked_ns),
        rules=RulesRef(
            sha256=request.rules.digest,
            ignore=tuple(
                IgnoreRule(pattern=rule.pattern, reason=rule.reason, origin=rule.origin)
                for _, rule in in_force(request.rules.rules)
                if rule.kind is RuleKind.IGNORE
            ),
            after=tuple(map(RuleRow.of, request.proofs)),
        ),
        digest=request.digest,
        options=ScanOptions(
            recheck=request.recheck,
            workers=hello.workers,
            niceness=hello.niceness,
            fast=not request.effort.polite,
            cross_mounts=request.cross_mounts,
            follow_root_link=request.follow_root_link,
            rate=request.rate,
        ),
        nonce=nonce,
    )


def instant(time_ns: int) -> str:
    """Return nanoseconds since 1970 as RFC 3339 in UTC with whole seconds."""
    return datetime.fromtimestamp(max(0, min(time_ns, _MAX_YEAR_NS)) // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _machine(hello: Hello, host_key: str | None) -> Machine:
    return Machine(
        boot_sha256=hello.boot_sha256,
        machine_sha256=hello.machine_sha256,
        host_key=host_key,
        root_dev=hello.root_dev,
        root_inode=hello.root_inode,
        user=None if hello.user is None else _text(hello.user),
        uid=hello.uid,
        os=_text(hello.os),
        interpreter=_text(hello.interpreter),
        cpus=hello.cpus,
        limits=tuple(_text(limit) for limit in hello.limits[:_MAX_LIMITS]),
    )


def _text(foreign: str) -> str:
    # SECURITY: these reach reports as they are; lone surrogates would not even be JSON.
    return shown(foreign[:_MAX_TEXT])


def _root(hello: Hello) -> bytes:
    try:
        return hello.root.encode("latin-1")
    except UnicodeEncodeError as error:
        raise broken("a root that is no path") from error
