"""Settled entries as the lines of a manifest."""

from __future__ import annotations

import re

from handover import strict_json
from handover.agents.chunks import HostColumns
from handover.agents.frames import Extra, Kind, Owners, Stat, broken, parse_after
from handover.carrying import Facts
from handover.entries import (
    MAX_PROOF_RULES,
    After,
    DerivedDoubt,
    Entry,
    EntryType,
    GapKind,
    Hidden,
    HostStat,
    Ignored,
)
from handover.manifest import PlainLines
from handover.paths import shown, to_fields
from handover.proofs import ProofRules, after_problem
from handover.rules import RuleSet
from handover.scan.carry import Carry
from handover.scan.order import Counted, Found, FoundRun
from handover.scan.runs import RunLines
from handover.strict_json import MAX_INTEGER

_TYPES = {
    Kind.UNKNOWN: None,
    Kind.FILE: EntryType.FILE,
    Kind.DIR: EntryType.DIR,
    Kind.LINK: EntryType.LINK,
    Kind.SPECIAL: EntryType.SPECIAL,
}
_ERRNO = re.compile(rb"[A-Z0-9]{1,20}")
_PREFIX = 8
#: In the order of the numbers that the agent gives them, from 1.
_DOUBTS = tuple(DerivedDoubt)
_MAX_OWNER_NAME = 256
#: Numbers of users and groups have 32 bits.
_MAX_OWNER_DIGITS = 10


class Lines:
    """Turns entries, which must come in order, into lines; knows owners and the groups of hard links.

    ``carry`` has the digests of files that were not read.
    """

    def __init__(self, owners: Owners, rules: RuleSet, proof_rules: ProofRules, digest_size: int, carry: Carry) -> None:
        self._users = _names(owners.users)
        self._groups = _names(owners.groups)
        self._carry = carry
        self._runs = RunLines(self._users, self._groups, digest_size, carry)
        self._proof_rules = proof_rules
        self._patterns = [rule.pattern for rule in rules.agent_program()]
        self._first_names: dict[tuple[int, int], tuple[bytes, int]] = {}

    def entry(self, found: Found) -> Entry:
        """Return what is compared of an entry."""
        path, path_b64 = to_fields(found.path)
        kind = _TYPES[found.kind]
        if found.gap is not None:
            size, errno = _size_of_gap(found), _errno(found.errno)
            return Entry(path=path, path_b64=path_b64, type=kind, size=size, gap=found.gap, errno=errno)
        if kind is None:
            raise broken("an entry that is nothing")
        if found.ignored is not None:
            return Entry(path=path, path_b64=path_b64, type=kind, ignored=self._ignored(found.ignored))
        if kind is EntryType.FILE:
            return self._checked(self._carried(found) if found.carried else file_entry(found), found)
        if found.carried:
            raise broken("something that is no file and was carried over")
        if kind is EntryType.LINK:
            target, target_b64 = to_fields(found.extras.get(Extra.TARGET, b""))
            return Entry(path=path, path_b64=path_b64, type=kind, target=target, target_b64=target_b64)
        return Entry(path=path, path_b64=path_b64, type=kind)

    def host(self, found: Found) -> HostStat | None:
        """Return what only the host says of an entry."""
        host, stat = found.host, found.stat
        if host is None or stat is None:
            return None
        nlink, nlink_b64 = self._link_group(found.path, host, stat)
        return HostStat(
            mtime_ns=str(stat.mtime_ns),
            ctime_ns=str(stat.ctime_ns),
            dev=str(host.dev),
            inode=str(stat.inode),
            mode=f"{host.mode & 0o7777:04o}",
            uid=host.uid,
            gid=host.gid,
            user=self._users.get(host.uid),
            group=self._groups.get(host.gid),
            nlink=nlink,
            nlink_b64=nlink_b64,
            carried=found.carried,
        )

    def run(self, found: FoundRun) -> PlainLines:
        """Return a run of ordinary entries, ready to be written."""
        return self._runs.lines(found.prefix, found.text, found.run)

    def finish(self) -> None:
        """Make sure, after the last line, that what was carried over may be believed."""
        self._carry.finish()

    def _checked(self, entry: Entry, found: Found) -> Entry:
        """Return a file whose second digest is one that it was to have."""
        problem = after_problem(entry, self._proof_rules.of_path(found.path))
        if problem is not None:
            raise broken(f"{shown(found.path)} {problem}")
        return entry

    def _carried(self, found: Found) -> Entry:
        stat, host = found.stat, found.host
        if stat is None or host is None:
            raise broken("a file that was carried over and not looked at")
        facts = Facts(stat.size, stat.mtime_ns, stat.ctime_ns, host.dev, stat.inode)
        folder, slash, name = found.path.rpartition(b"/")
        contents, _ = self._carry.take(folder + slash, [name], [facts.stamp])
        return strict_json.decode(Entry, contents[0] + b"}", where="an earlier scan")

    def _ignored(self, counted: Counted) -> Ignored:
        if counted.rule >= len(self._patterns):
            raise broken("a rule that was not sent")
        if max(counted.files, counted.bytes) > MAX_INTEGER:
            raise broken("more below an ignored folder than there can be")
        return Ignored(rule=self._patterns[counted.rule], files=counted.files, bytes=counted.bytes)

    def _link_group(self, path: bytes, host: HostColumns, stat: Stat) -> tuple[str | None, str | None]:
        """Return the first path of the hard links that this file is one of."""
        if host.nlink < 2 or stat.kind == Kind.DIR:
            return None, None
        key = (host.dev, stat.inode)
        first, names = self._first_names.get(key, (path, 0))
        if names + 1 < host.nlink:
            self._first_names[key] = (first, names + 1)
        else:
            self._first_names.pop(key, None)  # all its names were seen: the memory is free again
        return to_fields(first)


def file_entry(found: Found) -> Entry:
    """Return what is compared of a file that was read."""
    path, path_b64 = to_fields(found.path)
    if found.stat is None or found.stat.size > MAX_INTEGER:
        raise broken("a file without a size")
    text_digest = found.extras.get(Extra.TEXT_DIGEST)
    prefixes = found.extras.get(Extra.PREFIXES, b"")
    return Entry(
        path=path,
        path_b64=path_b64,
        type=EntryType.FILE,
        size=found.stat.size,
        digest=found.digest.hex() or None,
        text_digest=None if text_digest is None else text_digest.hex(),
        prefixes=tuple(prefixes[i : i + _PREFIX].hex() for i in range(0, len(prefixes), _PREFIX)) or None,
        after=_after(found.extras[Extra.AFTER], len(found.digest)) if Extra.AFTER in found.extras else None,
    )


def _after(data: bytes, digest_size: int) -> After:
    told = parse_after(data, digest_size)
    if told.doubt:
        if told.doubt > len(_DOUBTS):
            raise broken("a doubt that does not exist")
        return After(doubt=_DOUBTS[told.doubt - 1])
    hidden = []
    for part in told.hidden:
        if part.rule >= MAX_PROOF_RULES or not 0 < part.times <= part.bytes <= MAX_INTEGER:
            raise broken("more hidden in a file than there can be")
        hidden.append(Hidden(rule=part.rule, times=part.times, bytes=part.bytes))
    return After(digest=told.digest.hex(), hidden=tuple(hidden))


def _size_of_gap(found: Found) -> int | None:
    if found.kind is not Kind.FILE or found.stat is None or found.stat.size > MAX_INTEGER:
        return None
    # A file that is gone has no size any more.
    return None if found.gap is GapKind.VANISHED else found.stat.size


def _errno(name: bytes) -> str | None:
    if not name:
        return None
    if not _ERRNO.fullmatch(name):
        raise broken("an error without a proper name")
    return name.decode()


def _names(given: dict[str, str | None]) -> dict[int, str]:
    return {
        int(number): name
        for number, name in given.items()
        if name is not None and len(name) <= _MAX_OWNER_NAME and _is_owner(number)
    }


def _is_owner(number: str) -> bool:
    return len(number) <= _MAX_OWNER_DIGITS and number.isdecimal() and number.isascii()
