"""What a user is told about a host key that is not accepted: what was presented, what is known, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from handover.errors import RemoteError
from handover.locations.ssh.config import Settings
from handover.locations.ssh.known_hosts import HostKey, Judgement, KnownKey, Standing, known_name


def refusal(settings: Settings, key: HostKey, judgement: Judgement) -> RemoteError:
    """Return the error for a key that known_hosts does not vouch for."""
    known = ", ".join(_line(line) for line in judgement.lines)
    match judgement.standing:
        case Standing.REVOKED:
            what = f"the host key {key.shown} is revoked ({known})"
            hint = "Whoever has this key may not be the host. Ask the hoster by another way before anything else."
        case Standing.CHANGED:
            what = f"the host key is not the known one: presented {key.shown}, known {known}"
            hint = f"Ask the hoster whether the key was changed, and for its fingerprint. {removal(settings)}"
        case _:
            what = f"the host key is not known: presented {key.shown}"
            hint = f"Compare it with what the hoster publishes, then: handover trust host {_url(settings)}"
    return RemoteError(what, where=settings.shown, hint=hint)


def pin_refusal(settings: Settings, presented: Iterable[HostKey], pin: str) -> RemoteError:
    """Return the error for a host none of whose keys is the one in the terms."""
    keys = ", ".join(key.shown for key in presented)
    return RemoteError(
        f"the host key is not the one in the terms: presented {keys}, expected {pin}",
        where=settings.shown,
        hint="Ask the hoster whether the key was changed; if so, agree on new terms with the new host_key.",
    )


def removal(settings: Settings) -> str:
    """Return how to take the known key away, for a user who has made sure of the new one."""
    name = known_name(settings.known_as, settings.known_port)
    files = "".join(f" -f {file}" for file in settings.user_known_hosts[:1])
    return f"If so: ssh-keygen -R '{name}'{files} and handover trust host {_url(settings)}"


def _line(line: KnownKey) -> str:
    return f"{line.key.shown} in {line.place}"


def _url(settings: Settings) -> str:
    return f"ssh://{settings.account.shown}"
