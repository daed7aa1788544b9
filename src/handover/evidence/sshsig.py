"""OpenSSH signatures (``PROTOCOL.sshsig``), interoperable both ways with ``ssh-keygen -Y sign`` and ``-Y verify``.

Stricter than the stock tool: exactly one armoured block and nothing around it, version 1, one namespace, SHA-512, no
unsigned ``reserved`` field, no other algorithm than the key's own, lengths to the byte, user presence for hardware
keys. A broken form is ``MalformedInput``; everything else that fails is ``NotVerified``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from handover import strict_json
from handover.errors import MalformedInput, NotVerified
from handover.evidence import wire
from handover.evidence.keys import KeyType, PublicKey, UnacceptableKey
from handover.paths import shown

#: Keeps a signature over a statement from being used as one over a file, a mail or a commit.
NAMESPACE = "handover-statement-v1"
#: The largest accepted key and signature take less than 6 KiB.
MAX_SIGNATURE = 16 * 2**10

_MAGIC = b"SSHSIG"
_VERSION = 1
_HASH = b"sha512"
_BEGIN = "-----BEGIN SSH SIGNATURE-----\n"
_END = "-----END SSH SIGNATURE-----\n"
#: Columns of base64: what OpenSSH writes, and what PROTOCOL.sshsig recommends.
_WIDTHS = (70, 76)
_ARMOUR = re.compile(f"{_BEGIN}([A-Za-z0-9+/=\n]+)\n{_END}")
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
_USER_PRESENT = 0x01

#: How a key's own half signs: bytes in, the SSH signature out (string algorithm, string signature; RFC 4253
#: section 6.6). An ssh-agent is one of these; for RSA it has to be asked for ``rsa-sha2-512``.
RawSigner = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature block: the key that it claims, its namespace, its hash, and the inner SSH signature."""

    key: PublicKey
    namespace: bytes
    hash_name: bytes
    inner: bytes

    @classmethod
    def from_armour(cls, armour: bytes, *, where: str) -> Signature:
        """Read an armoured signature as ``ssh-keygen -Y sign`` writes it; nothing may stand around it."""
        reader = wire.Reader(dearmour(armour, where=where), where=where)
        if reader.take(len(_MAGIC)) != _MAGIC:
            raise MalformedInput("not an SSH signature", where=where)
        # SECURITY: stock ssh-keygen only looks for versions above its own and takes version 0.
        if (version := reader.uint32()) != _VERSION:
            raise MalformedInput(f"SSH signature of version {version}; only {_VERSION} is known", where=where)
        key = _claimed_key(reader.string(), where)
        namespace = reader.string()
        # SECURITY: stock ssh-keygen skips this field and puts an empty one into the signed data: anybody can fill it.
        if reader.string():
            raise MalformedInput("text in the reserved field, which no signature covers", where=where)
        hash_name, inner = reader.string(), reader.string()
        reader.end()
        return cls(key, namespace, hash_name, inner)

    def to_armour(self) -> bytes:
        """Return the one form of this signature, as ``ssh-keygen -Y sign`` writes it."""
        fields = (self.key.blob, self.namespace, b"", self.hash_name, self.inner)
        return armour(_MAGIC + wire.uint32(_VERSION) + b"".join(map(wire.string, fields)))


def sign(message: bytes, key: PublicKey, signer: RawSigner, *, where: str) -> bytes:
    """Return the armoured signature over ``message``.

    What ``signer`` returned is verified before it is given out: an agent may hold another key than it says, or answer
    with an outdated algorithm.
    """
    signature = Signature(key, NAMESPACE.encode(), _HASH, signer(_signed_data(message)))
    made = signature.to_armour()
    verify(made, message, key, where=where)
    return made


def verify(signature: bytes, message: bytes, key: PublicKey, *, where: str) -> None:
    """Make sure that ``signature`` (armoured) is one by ``key`` over ``message`` in our namespace."""
    parsed = Signature.from_armour(signature, where=where)
    if parsed.namespace != NAMESPACE.encode():
        raise NotVerified(
            f"signed for the purpose {shown(parsed.namespace[:80])}, not {NAMESPACE}",
            where=where,
            hint=f"Sign again with: ssh-keygen -Y sign -n {NAMESPACE}",
        )
    if parsed.hash_name != _HASH:
        raise NotVerified(
            f"signed over a {shown(parsed.hash_name[:80])} digest, not sha512",
            where=where,
            hint="Sign again without -O hashalg.",
        )
    if parsed.key != key:
        raise NotVerified(f"signed by {parsed.key.fingerprint}, expected {key.fingerprint}", where=where)
    try:
        _verify_inner(key, parsed.inner, _signed_data(message), where)
    except InvalidSignature as error:
        raise NotVerified("the signature does not fit the text", where=where) from error


def armour(blob: bytes) -> bytes:
    """Return ``blob`` between header and footer, LF line ends, 70 columns of base64 as OpenSSH writes them."""
    return _armoured(strict_json.base64_encode(blob), _WIDTHS[0]).encode("ascii")


def dearmour(armoured: bytes, *, where: str) -> bytes:
    """Return what stands between header and footer.

    Accepted is exactly what ``armour`` writes, in 70 or in 76 columns.
    """
    if len(armoured) > MAX_SIGNATURE:
        raise MalformedInput(f"longer than the {MAX_SIGNATURE} bytes of any signature", where=where)
    if b"\r" in armoured:
        raise MalformedInput(
            "Windows line ends in a signature", where=where, hint="Save it with LF line ends; ssh-keygen asks that too."
        )
    text = armoured.decode("ascii", "replace")
    if (found := _ARMOUR.fullmatch(text)) is None:
        raise MalformedInput(
            "not exactly one armoured SSH signature",
            where=where,
            hint="The file must hold what ssh-keygen -Y sign wrote and nothing before or after it.",
        )
    encoded = found[1].replace("\n", "")
    # SECURITY: stock ssh-keygen looks for the first footer only; what is not written by ``armour`` is not accepted.
    if text not in {_armoured(encoded, width) for width in _WIDTHS}:
        raise MalformedInput("an armoured signature with unusual line lengths", where=where)
    return strict_json.base64_decode(encoded, where=where)


def _claimed_key(blob: bytes, where: str) -> PublicKey:
    try:
        return PublicKey.from_blob(blob, where=where)
    except UnacceptableKey as error:
        raise NotVerified(f"signed with {error.what}", where=where, hint=error.hint) from error


def _armoured(encoded: str, width: int) -> str:
    lines = (encoded[at : at + width] + "\n" for at in range(0, len(encoded), width))
    return _BEGIN + "".join(lines) + _END


def _signed_data(message: bytes) -> bytes:
    fields = (NAMESPACE.encode(), b"", _HASH, hashlib.sha512(message).digest())
    return _MAGIC + b"".join(map(wire.string, fields))


def _verify_inner(key: PublicKey, inner: bytes, data: bytes, where: str) -> None:
    """Check the SSH signature; ``InvalidSignature`` when only the arithmetic says no."""
    reader = wire.Reader(inner, where=where)
    algorithm, raw = reader.string().decode("ascii", "replace"), reader.string()
    if key.kind is KeyType.SK_ED25519:
        data = _hardware_data(key, reader, data, where)
    reader.end()
    if algorithm not in _ALGORITHMS[key.kind]:
        raise NotVerified(f"signed with {shown(algorithm[:80])}, which a {key.kind} key may not use", where=where)
    hash_algorithm = _ALGORITHMS[key.kind][algorithm]
    match key.material:
        case Ed25519PublicKey() as material:
            _check_length(raw, 64, where)
            # SECURITY: S and S+L verify alike without this check (RFC 8032 section 5.1.7).
            if int.from_bytes(raw[32:], "little") >= _ED25519_ORDER:
                raise NotVerified("an Ed25519 signature that is not in its canonical form", where=where)
            material.verify(raw, data)
        case EllipticCurvePublicKey() as material:
            numbers = wire.Reader(raw, where=where)
            der = encode_dss_signature(numbers.mpint(), numbers.mpint())
            numbers.end()
            material.verify(der, data, ECDSA(hash_algorithm))
        case RSAPublicKey() as material:
            _check_length(raw, (material.key_size + 7) // 8, where)
            material.verify(raw, data, PKCS1v15(), hash_algorithm)
        case _:
            assert_never(key.material)


def _hardware_data(key: PublicKey, reader: wire.Reader, data: bytes, where: str) -> bytes:
    """Return what the hardware key signed in place of ``data`` (PROTOCOL.u2f)."""
    flags, counter = reader.take(1), reader.take(4)
    # SECURITY: without the touch, malware on the signer's machine could have asked for this signature.
    if not flags[0] & _USER_PRESENT:
        raise NotVerified("a hardware key signed without being touched", where=where)
    return hashlib.sha256(key.application).digest() + flags + counter + hashlib.sha256(data).digest()


def _check_length(raw: bytes, expected: int, where: str) -> None:
    if len(raw) != expected:
        raise MalformedInput(f"a signature of {len(raw)} bytes instead of {expected}", where=where)


#: Per kind of key the signature algorithms that it may use, with their hash. Ed25519 brings its own.
_ALGORITHMS: dict[KeyType, dict[str, HashAlgorithm]] = {
    KeyType.ED25519: {"ssh-ed25519": SHA512()},
    KeyType.SK_ED25519: {"sk-ssh-ed25519@openssh.com": SHA512()},
    KeyType.ECDSA_P256: {"ecdsa-sha2-nistp256": SHA256()},
    KeyType.ECDSA_P384: {"ecdsa-sha2-nistp384": SHA384()},
    KeyType.ECDSA_P521: {"ecdsa-sha2-nistp521": SHA512()},
    # SECURITY: never "ssh-rsa", whose hash is SHA-1.
    KeyType.RSA: {"rsa-sha2-512": SHA512(), "rsa-sha2-256": SHA256()},
}
