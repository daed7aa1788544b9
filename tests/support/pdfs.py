"""Protocols as PDF, certificates, and what companies and forgers do with both."""

from __future__ import annotations

import base64
import functools
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from handover.render import pdf_fields

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PASSWORD = b"correct horse"
ROLES = ("sender", "receiver")

_SOURCE = """\
#set document(title: "Protocol", date: datetime(year: 2026, month: 11, day: 30))
#set text(lang: "en")
#pdf.attach("report.json", read("report.json", encoding: none), relationship: "source",
  mime-type: "application/json", description: "the report")
= Protocol
NOT COMPLETE: 40 files are missing.
"""
_DRAW = """
import sys, typst
sys.stdout.buffer.write(typst.compile("protocol.typ", format="pdf", pdf_standards=["a-3a", "ua-1"]))
"""


@functools.cache
def protocol(report: bytes, roles: tuple[str, ...] = ROLES) -> bytes:
    """A protocol with the report attached and one reserved, visible field for each role, as ours have them."""
    fields = [f'#link("handover:{role}", block(width: 235pt, height: 50pt))\n' for role in roles]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.json").write_bytes(report)
        (Path(folder) / "protocol.typ").write_text(_SOURCE + "".join(fields))
        # In a process of its own: typst keeps threads, and who forks after that, as the mutants do, waits for them.
        drawn = subprocess.run([sys.executable, "-c", _DRAW], cwd=folder, capture_output=True, check=True).stdout
    return pdf_fields.add(drawn, {role: role for role in roles})


class Holder:
    """Somebody with a key and a certificate; its own authority, unless another one issued it."""

    def __init__(
        self,
        name: str,
        issuer: Holder | None = None,
        *,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | dsa.DSAPrivateKey | None = None,
        authority: bool = False,
        until: datetime = NOW + timedelta(days=300),
        extensions: tuple[x509.ExtensionType, ...] = (),
        may_sign: bool = True,
        kind: x509.ObjectIdentifier = NameOID.COMMON_NAME,
    ) -> None:
        self.name = name
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer
        subject = x509.Name([x509.NameAttribute(kind, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
            .add_extension(_usage(authority=authority, may_sign=may_sign), critical=True)
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=True)
        self.certificate = builder.sign(issuer.key if issuer else self.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def anchor(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    def pkcs12(self, password: bytes = PASSWORD) -> bytes:
        chain = [] if self.issuer is None else [self.issuer.certificate]
        return pkcs12.serialize_key_and_certificates(
            b"me", self.key, self.certificate, chain, BestAvailableEncryption(password)
        )


def _usage(*, authority: bool, may_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=may_sign and not authority,
        content_commitment=may_sign and not authority,
        key_encipherment=not may_sign,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def pdfsig(raw: bytes) -> list[str]:
    """What poppler says of each signature, in its words."""
    with tempfile.NamedTemporaryFile(suffix=".pdf") as file:
        file.write(raw)
        file.flush()
        done = subprocess.run(["pdfsig", "-nocert", file.name], capture_output=True, text=True, timeout=60)
    return [line.partition(": ")[2] for line in done.stdout.splitlines() if "Signature Validation" in line]
