"""Private key files: from OpenSSH or PEM bytes to something that signs; the key itself never leaves this module."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from handover.errors import MalformedInput, UsageError
from handover.evidence import wire
from handover.evidence.keys import PublicKey, UnacceptableKey
from handover.evidence.sshsig import RawSigner

PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_CURVE_HASHES: dict[str, HashAlgorithm] = {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}


def load(raw: bytes, passphrase: Callable[[], bytes], *, where: str) -> tuple[PublicKey, RawSigner]:
    """Return the public half and what signs with the private one.

    ``passphrase`` is asked only when the key is encrypted, and once. Raises ``UsageError`` for a wrong passphrase,
    ``MalformedInput`` for what is no private key, ``UnacceptableKey`` for a weak one or one of another kind.
    """
    try:
        key = _load(raw, None)
    except TypeError:  # how cryptography says that the key is encrypted
        key = _unlock(raw, passphrase(), where)
    except (ValueError, UnsupportedAlgorithm):
        # SECURITY: "from None" and no words of the parser here: neither may carry a byte of the key into a traceback.
        raise MalformedInput(
            "not a private key in the OpenSSH or PEM format",
            where=where,
            hint="Give the private key, not the .pub file. For a hardware key or a PuTTY key use --print-command.",
        ) from None
    foreign_curve = isinstance(key, EllipticCurvePrivateKey) and key.curve.name not in _CURVE_HASHES
    if not isinstance(key, PrivateKey) or foreign_curve:
        raise UnacceptableKey("a private key of a kind that may not sign", where=where)
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode("ascii")
    return PublicKey.from_line(line, where=where), lambda data: _sign(key, data)


def _load(raw: bytes, passphrase: bytes | None) -> object:
    loader = load_ssh_private_key if raw.startswith(_OPENSSH) else load_pem_private_key
    return loader(raw, passphrase)


def _unlock(raw: bytes, passphrase: bytes, where: str) -> object:
    try:
        return _load(raw, passphrase)
    except (TypeError, ValueError, UnsupportedAlgorithm):
        raise UsageError("the passphrase does not open this key", where=where, hint="Try again.") from None


def _sign(key: PrivateKey, data: bytes) -> bytes:
    match key:
        case Ed25519PrivateKey():
            algorithm, raw = b"ssh-ed25519", key.sign(data)
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(key.sign(data, ECDSA(_CURVE_HASHES[key.curve.name])))
            algorithm = b"ecdsa-sha2-nistp" + str(key.curve.key_size).encode()
            raw = wire.mpint(r) + wire.mpint(s)
        case RSAPrivateKey():
            algorithm, raw = b"rsa-sha2-512", key.sign(data, PKCS1v15(), SHA512())
        case _:
            assert_never(key)
    return wire.string(algorithm) + wire.string(raw)
