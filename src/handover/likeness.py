"""How sure it is that two manifests come from one machine. This module is pure."""

from __future__ import annotations

from enum import StrEnum

from handover.manifest import Header


class Likeness(StrEnum):
    """How sure it is that two manifests come from one machine."""

    SAME_ROOT = "same_root"
    SAME_MACHINE = "same_machine"
    PERHAPS = "perhaps"
    DIFFERENT = "different"


def likeness(source: Header, target: Header) -> Likeness:
    """Say whether both headers come from the same running machine, and from the same root on it.

    The digest of the kernel's boot id decides; without it machine id and host key together. Equal machine ids under
    different boot ids are a restart or a cloned disk: ``perhaps``.
    """
    a, b = source.machine, target.machine
    if a.boot_sha256 and b.boot_sha256:
        same = a.boot_sha256 == b.boot_sha256
    else:
        same = a.machine_sha256 is not None and (a.machine_sha256, a.host_key) == (b.machine_sha256, b.host_key)
    if not same:
        cloned = a.machine_sha256 is not None and a.machine_sha256 == b.machine_sha256
        return Likeness.PERHAPS if cloned else Likeness.DIFFERENT
    if a.root_inode is not None and (a.root_dev, a.root_inode) == (b.root_dev, b.root_inode):
        return Likeness.SAME_ROOT
    return Likeness.SAME_MACHINE
