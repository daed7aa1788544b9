"""What a caller decides about reaching a host; everything else comes from the user's settings of ssh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SshOptions:
    """How one host is reached.

    ``host_key``: the fingerprint from the terms (``SHA256:…``); when given, it alone decides, and hops on the way are
    still looked up in known_hosts.
    ``config_file``: read instead of the user's and the system's ssh_config (``ssh -F``).
    ``known_hosts``: read instead of the files that the settings name; the first one is where ``trust host`` writes.
    ``identity_files``: private keys that are tried before those of the settings.
    ``connect_timeout_s``: for the network, and again for the handshake; the settings' ConnectTimeout wins when shorter.
    """

    host_key: str | None = None
    config_file: Path | None = None
    known_hosts: tuple[Path, ...] = ()
    identity_files: tuple[Path, ...] = ()
    connect_timeout_s: float = 20.0
