"""OpenSSH public keys: the kinds that may sign, in their one canonical form, and never a weak one.

Formats: RFC 4253 section 6.6 (RSA), RFC 5656 (ECDSA), RFC 8709 (Ed25519), OpenSSH ``PROTOCOL.u2f`` (hardware keys).
A ``PublicKey`` that exists was checked: what is broken is ``MalformedInput``, what is sound but too weak to carry a
contract is ``UnacceptableKey``. There is one way to write a key, so equal keys have equal blobs.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from handover import strict_json
from handover.errors import MalformedInput, Refused
from handover.evidence import wire
from handover.paths import shown

MIN_RSA_BITS = 2048
#: What OpenSSH accepts at most; larger ones only cost the verifier time.
MAX_RSA_BITS = 16384

Material = Ed25519PublicKey | EllipticCurvePublicKey | RSAPublicKey

_ACCEPTED = "Use an Ed25519 key: ssh-keygen -t ed25519"
_PRIME = 2**255 - 19
_D = -121665 * pow(121666, -1, _PRIME) % _PRIME


class UnacceptableKey(Refused):
    """A key of a sound form that may not sign: too weak, of an outdated kind, or a certificate."""


class KeyType(StrEnum):
    """The kinds of keys that may sign, by their names in SSH."""

    ED25519 = "ssh-ed25519"
    SK_ED25519 = "sk-ssh-ed25519@openssh.com"
    ECDSA_P256 = "ecdsa-sha2-nistp256"
    ECDSA_P384 = "ecdsa-sha2-nistp384"
    ECDSA_P521 = "ecdsa-sha2-nistp521"
    RSA = "ssh-rsa"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One acceptable public key; two are equal when their blobs are.

    ``application`` is what a hardware key binds its signatures to; empty for all other kinds.
    """

    kind: KeyType
    blob: bytes
    material: Material = field(compare=False, repr=False)
    application: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def from_blob(cls, blob: bytes, *, where: str) -> PublicKey:
        """Read the binary form (the base64 part of a ``.pub`` file, decoded)."""
        reader = wire.Reader(blob, where=where)
        name = reader.string()
        kind = _key_type(name, where)
        material, application = _PARSERS[kind](reader, kind, where)
        reader.end()
        return cls(kind, blob, material, application)

    @classmethod
    def from_line(cls, line: str, *, where: str) -> PublicKey:
        """Read ``TYPE BASE64 [COMMENT]``, the one line of a ``.pub`` file; the comment is ignored."""
        name, _, rest = line.strip(" \t").partition(" ")
        encoded = rest.strip(" \t").partition(" ")[0]
        if not encoded:
            raise MalformedInput("not a public key line (TYPE BASE64 COMMENT)", where=where)
        key = cls.from_blob(strict_json.base64_decode(encoded, where=where), where=where)
        if key.kind != name:
            raise MalformedInput(f"a {key.kind} key that calls itself {shown(name)}", where=where)
        return key

    @property
    def line(self) -> str:
        """The key as ``TYPE BASE64``, without a comment."""
        return f"{self.kind} {strict_json.base64_encode(self.blob)}"

    @property
    def fingerprint(self) -> str:
        """``SHA256:…`` as ``ssh-keygen -l`` shows it."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode("ascii").rstrip("=")


def _key_type(name: bytes, where: str) -> KeyType:
    text = name.decode("ascii", "replace")
    try:
        return KeyType(text)
    except ValueError:
        pass
    if text.endswith("-cert-v01@openssh.com"):
        raise UnacceptableKey("a certificate, not a plain key", where=where, hint="Sign with the plain key itself.")
    if text == "ssh-dss":
        raise UnacceptableKey("a DSA key; DSA is broken in practice", where=where, hint=_ACCEPTED)
    raise UnacceptableKey(f"a key of the kind {shown(name[:80])}, which may not sign", where=where, hint=_ACCEPTED)


def _ed25519(reader: wire.Reader, _kind: KeyType, where: str) -> tuple[Material, bytes]:
    raw = reader.string()
    _check_ed25519_point(raw, where)
    return Ed25519PublicKey.from_public_bytes(raw), b""


def _sk_ed25519(reader: wire.Reader, kind: KeyType, where: str) -> tuple[Material, bytes]:
    material, _ = _ed25519(reader, kind, where)
    application = reader.string()
    # SECURITY: a web login signs for an origin such as "https://…"; only "ssh:…" keeps the two apart (PROTOCOL.u2f).
    if not application.startswith(b"ssh:"):
        raise UnacceptableKey(f"a hardware key made for {shown(application[:80])}, not for ssh:", where=where)
    return material, application


def _ecdsa(reader: wire.Reader, kind: KeyType, where: str) -> tuple[Material, bytes]:
    if reader.string().decode("ascii", "replace") != kind.removeprefix("ecdsa-sha2-"):
        raise MalformedInput("a key whose curve is not the one of its type", where=where)
    point = reader.string()
    if point[:1] != b"\x04":
        raise MalformedInput("a key whose point is not in the uncompressed form", where=where)
    try:
        return EllipticCurvePublicKey.from_encoded_point(_CURVES[kind], point), b""
    except ValueError as error:
        raise MalformedInput("a key that is no point of its curve", where=where) from error


def _rsa(reader: wire.Reader, _kind: KeyType, where: str) -> tuple[Material, bytes]:
    exponent, modulus = reader.mpint(), reader.mpint()
    bits = modulus.bit_length()
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        raise UnacceptableKey(
            f"an RSA key of {bits} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted", where=where, hint=_ACCEPTED
        )
    # SECURITY: with the exponent 1 every message signs itself; an even one is no RSA; a huge one only costs time.
    if exponent < 3 or exponent % 2 == 0 or exponent.bit_length() > 64 or modulus % 2 == 0:
        raise UnacceptableKey("an RSA key with impossible numbers", where=where, hint=_ACCEPTED)
    return RSAPublicNumbers(exponent, modulus).public_key(), b""


def _check_ed25519_point(raw: bytes, where: str) -> None:
    """Refuse what is no point of the curve, and the points of small order in whatever spelling.

    The y coordinate alone decides: x² follows from it, and doubling needs x² only (RFC 8032 section 5.1).
    """
    if len(raw) != 32:
        raise MalformedInput(f"an Ed25519 key of {len(raw)} bytes instead of 32", where=where)
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    # SECURITY: stock ssh-keygen reduces y silently, so that one key would have two fingerprints.
    if y >= _PRIME:
        raise UnacceptableKey("an Ed25519 key that is not in its canonical form", where=where, hint=_ACCEPTED)
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
    if pow(x2, (_PRIME - 1) // 2, _PRIME) > 1:
        raise MalformedInput("an Ed25519 key that is no point of the curve", where=where)
    for _ in range(3):
        y = (y * y + x2) * pow(2 - y * y + x2, -1, _PRIME) % _PRIME
        x2 = (y * y - 1) * pow(_D * y * y + 1, -1, _PRIME) % _PRIME
    # SECURITY: eight times such a point is the neutral element; one signature by it fits every message
    # (https://eprint.iacr.org/2020/1244), and stock ssh-keygen accepts it.
    if y == 1:
        raise UnacceptableKey("an Ed25519 key of small order; anybody can sign with it", where=where, hint=_ACCEPTED)


_CURVES: dict[KeyType, EllipticCurve] = {
    KeyType.ECDSA_P256: SECP256R1(),
    KeyType.ECDSA_P384: SECP384R1(),
    KeyType.ECDSA_P521: SECP521R1(),
}
_PARSERS: dict[KeyType, Callable[[wire.Reader, KeyType, str], tuple[Material, bytes]]] = {
    KeyType.ED25519: _ed25519,
    KeyType.SK_ED25519: _sk_ed25519,
    KeyType.ECDSA_P256: _ecdsa,
    KeyType.ECDSA_P384: _ecdsa,
    KeyType.ECDSA_P521: _ecdsa,
    KeyType.RSA: _rsa,
}
