"""What a hosting adds by itself."""

from __future__ import annotations

from collections.abc import Iterator

from handover.comparison import PathClass
from handover.diagnosis.hypothesis import Cause, Hypothesis, Scene, Weight
from handover.diagnosis.observation import Observation
from handover.diagnosis.words import listed, plural, say

_TOLD = 3
#: cPanel, DirectAdmin, Plesk and CloudLinux, and the servers beside them; most of them only in the root.
_ANYWHERE = frozenset({b".ftpquota", b"error_log", b".DS_Store", b"Thumbs.db", b".quarantine"})
_IN_ROOT = frozenset(
    b"cgi-bin .well-known .cagefs .cl.selector .htpasswds .trash .lastlogin .spamassassin .cpanel .softaculous "
    b"awstats awstats-icon webstat stats plesk-stat lost+found 400.shtml 401.shtml 403.shtml 404.shtml 500.shtml "
    b"cp_errordocument.shtml .php-ini .user.ini php.ini .bash_history .bash_logout .bash_profile .bashrc "
    b".profile".split()
)


class Hosting(Cause):
    """Extra paths with the names that hosts are known to make."""

    kinds = frozenset({PathClass.EXTRA})

    def __init__(self) -> None:
        self._found: list[bytes] = []
        self._total = 0

    def add(self, seen: Observation) -> None:
        """Take one extra path."""
        if _is_hosts_own(seen):
            self._total += 1
            if seen.is_unit and len(self._found) < _TOLD:
                self._found.append(seen.path)

    def hypotheses(self, _: Scene, /) -> Iterator[Hypothesis]:
        """Yield what the names suggest."""
        if self._total:
            yield Hypothesis(
                cause="added_by_hosting",
                weight=Weight.NAMED,
                confidence="medium",
                title=say("The new hosting added files of its own"),
                evidence=(
                    plural(
                        self._total,
                        "{n} path has a name that hosts make: {names}.",
                        "{n} paths have a name that hosts make: {names}.",
                        names=listed(self._found),
                    ),
                ),
                remedy=(
                    say("Nothing is lost by these. To have them agreed, write a rule `may_be_extra` with the reason."),
                ),
                explains=_is_hosts_own,
            )


def _is_hosts_own(seen: Observation) -> bool:
    if seen.kind is not PathClass.EXTRA:
        return False
    return seen.path.partition(b"/")[0] in _IN_ROOT or seen.name in _ANYWHERE
