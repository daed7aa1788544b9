"""Part of step 5 of a verification: what a manifest carried over is in the manifest that it came from.

A base is known by its digest, which stands in the header of the manifest that was signed, so it does not matter who
brings it. It is audited like every manifest, and what it carried over itself is followed to where it was read. Of a
scan that was cut off no manifest is left: what comes from one was read by the same program for the same manifest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from handover import carrying, manifest_reader
from handover.errors import NotVerified
from handover.evidence.policy import Policy
from handover.manifest import Base, Header, Trailer
from handover.manifest_reader import Reader


def check_bases(
    open_manifest: Callable[[], BinaryIO], header: Header, trailer: Trailer, sha256: str, policy: Policy, where: str
) -> None:
    """Follow what a manifest carried over to where it was read; ``NotVerified`` when that is not there or differs.

    The manifest was audited: ``header``, ``trailer`` and ``sha256`` are its own. Raises ``MalformedInput`` for a base
    that is no manifest.
    """
    while trailer.carried is not None and trailer.carried.files:
        base = _base(header, where)
        if base is None:
            return
        found = policy.find_base(base)
        if found is None:
            raise NotVerified(
                f"{trailer.carried.files} files in it were not read but carried over from the scan of "
                f"{base.started_at}, and its manifest (SHA-256 {base.sha256}) is not here; give it, or the bundle of "
                "its round, with --previous",
                where=where,
            )
        before = f"the base of {where}"
        with found() as stream:
            header, trailer, base_sha256 = manifest_reader.audit(stream, where=before, scratch=policy.scratch)
        if (base_sha256, header.nonce, header.started_at) != (base.sha256, base.nonce, base.started_at):
            raise NotVerified("what was given as its base is another manifest", where=where)
        _check(open_manifest, sha256, found, base_sha256, where)
        open_manifest, sha256, where = found, base_sha256, before


def _base(header: Header, where: str) -> Base | None:
    """Return the manifest that files were carried over from; ``None`` when it was scans that were cut off."""
    kinds = [base.kind for base in header.base]
    if kinds == ["manifest"]:
        return header.base[0]
    if "manifest" in kinds:
        raise NotVerified("it names more than one base", where=where)
    return None


def _check(
    open_manifest: Callable[[], BinaryIO], sha256: str, open_base: Callable[[], BinaryIO], base_sha256: str, where: str
) -> None:
    with open_manifest() as stream, open_base() as base_stream:
        reader, base = Reader(stream, where=where), Reader(base_stream, where=f"the base of {where}")
        try:
            carrying.check(reader, base)
        except NotVerified as error:
            raise NotVerified(error.what, where=where) from error
        if (reader.sha256, base.sha256) != (sha256, base_sha256):
            raise NotVerified("changed while it was verified", where=where)
