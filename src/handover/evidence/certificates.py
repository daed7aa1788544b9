"""Certificates that come from outside: the roots that a verifier trusts, and the key that somebody signs a PDF with."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import NameOID

from handover.errors import MalformedInput, Refused, UsageError
from handover.paths import shown

#: In bytes: the roots of all trust services of the European lists are fewer.
MAX_FILE = 4 * 2**20
_MIN_RSA_BITS = 2048
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@dataclass(frozen=True, slots=True)
class Identity:
    """A key with its certificate and those above it, all DER; ``name`` is what the certificate calls its holder."""

    name: str
    certificate: bytes
    chain: tuple[bytes, ...]
    key: bytes = field(repr=False)


def anchors(raw: bytes, *, where: str) -> tuple[str, ...]:
    """Return the certificates of a PEM file, DER in base64, or raise ``MalformedInput``."""
    if len(raw) > MAX_FILE:
        raise MalformedInput(f"longer than {MAX_FILE} bytes", where=where)
    try:
        found = x509.load_pem_x509_certificates(raw)
    except ValueError as error:
        raise MalformedInput(
            "not a PEM file of certificates", where=where, hint="It begins with -----BEGIN CERTIFICATE-----."
        ) from error
    return tuple(base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in found)


def identity(raw: bytes, password: Callable[[], bytes], *, where: str, at: datetime) -> Identity:
    """Return what is in a PKCS #12 file (RFC 7292); ``password`` is asked once, and only when it is needed.

    Raises ``UsageError`` for a file that is none, has no key, or another password; ``Refused`` for a key or certificate
    that nobody would accept at that time.
    """
    try:
        found = _load(raw, password)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError(
            "is no PKCS #12 file, or has another password", where=where, hint="It usually ends with .p12 or .pfx."
        ) from error
    key, certificate = found.key, found.cert
    if key is None or certificate is None:
        raise UsageError("has not both a key and its certificate in it", where=where)
    _refuse_weak(key, where)
    held = certificate.certificate
    if not held.not_valid_before_utc <= at <= held.not_valid_after_utc:
        raise Refused("the certificate is not valid now", where=where, hint="Nobody would accept its signatures.")
    return Identity(
        name=_name(held),
        certificate=held.public_bytes(Encoding.DER),
        chain=tuple(each.certificate.public_bytes(Encoding.DER) for each in found.additional_certs),
        key=key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    )


def _load(raw: bytes, password: Callable[[], bytes]) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(raw, None)
    except ValueError:
        return pkcs12.load_pkcs12(raw, password())


def _refuse_weak(key: object, where: str) -> None:
    strong = (isinstance(key, RSAPrivateKey) and key.key_size >= _MIN_RSA_BITS) or (
        isinstance(key, EllipticCurvePrivateKey) and key.curve.name in _CURVES
    )
    if not strong:
        raise Refused(
            "the key is weak, or of a kind that programs for PDF do not know",
            where=where,
            hint=f"RSA with {_MIN_RSA_BITS} bits or more, and ECDSA on the NIST curves, are accepted.",
        )


def _name(certificate: x509.Certificate) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(kind):
            return shown(attribute.value)
    return shown(certificate.subject.rfc4514_string())
