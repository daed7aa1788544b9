"""Keys and OpenSSH signatures that come out the same each time, written from PROTOCOL.sshsig and RFC 8032, 8017, 6979.

Every key follows from its name, and every signature from key and message. Signing is done here and not by a library
where the point is to sign wrongly.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, SECP521R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NAMESPACE = b"handover-statement-v1"
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, PRIME) % PRIME
#: The base point, and a point of order 8 (RFC 8032 section 5.1; y of the latter as in CCTV and Wycheproof).
BASE_Y = 4 * pow(5, -1, PRIME) % PRIME
ORDER_8_Y = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")

Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def seed(name: str) -> bytes:
    """Return the 32 bytes that a key follows from."""
    return hashlib.sha256(b"handover test vectors: " + name.encode()).digest()


def string(*values: bytes) -> bytes:
    """Return byte strings as SSH writes them (RFC 4251 section 5)."""
    return b"".join(len(value).to_bytes(4, "big") + value for value in values)


def mpint(value: int) -> bytes:
    """Return a positive number as SSH writes it."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


def line(blob: bytes) -> str:
    """Return a public key as ``TYPE BASE64``."""
    size = int.from_bytes(blob[:4], "big")
    return f"{blob[4 : 4 + size].decode('ascii')} {base64.b64encode(blob).decode()}"


def armour(blob: bytes, *, width: int = 70) -> bytes:
    """Return a signature between header and footer."""
    text = base64.b64encode(blob).decode()
    body = "".join(text[at : at + width] + "\n" for at in range(0, len(text), width))
    return f"-----BEGIN SSH SIGNATURE-----\n{body}-----END SSH SIGNATURE-----\n".encode()


def block(
    key: bytes,
    inner: bytes,
    *,
    namespace: bytes = NAMESPACE,
    version: int = 1,
    reserved: bytes = b"",
    hash_name: bytes = b"sha512",
    magic: bytes = b"SSHSIG",
    after: bytes = b"",
) -> bytes:
    """Return the bytes of a signature before its armour."""
    return magic + version.to_bytes(4, "big") + string(key, namespace, reserved, hash_name, inner) + after


def signed_data(message: bytes, *, namespace: bytes = NAMESPACE, hash_name: str = "sha512") -> bytes:
    """Return what a key signs for ``message``."""
    return b"SSHSIG" + string(namespace, b"", hash_name.encode(), hashlib.new(hash_name, message).digest())


@dataclass(frozen=True, slots=True)
class Ed25519:
    """An Ed25519 key by its name."""

    name: str

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        private = Ed25519PrivateKey.from_private_bytes(seed(self.name))
        return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def blob(self) -> bytes:
        """The public key as SSH has it."""
        return string(b"ssh-ed25519", self.public)

    @property
    def fingerprint(self) -> str:
        """The key as ``ssh-keygen -l`` shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def secret(self) -> int:
        """The scalar (RFC 8032 section 5.1.5)."""
        digest = int.from_bytes(hashlib.sha512(seed(self.name)).digest()[:32], "little")
        return digest & ((1 << 254) - 8) | (1 << 254)

    def raw(self, data: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return Ed25519PrivateKey.from_private_bytes(seed(self.name)).sign(data)

    def inner(self, data: bytes) -> bytes:
        """Return a signature as SSH has it."""
        return string(b"ssh-ed25519", self.raw(data))

    def sign(self, message: bytes) -> bytes:
        """Return an armoured signature as ``ssh-keygen -Y sign`` writes it."""
        return armour(block(self.blob, self.inner(signed_data(message))))


def challenge(r: bytes, public: bytes, data: bytes) -> int:
    """Return what RFC 8032 section 5.1.7 calls k, modulo the order."""
    return int.from_bytes(hashlib.sha512(r + public + data).digest(), "little") % ORDER


def little(value: int) -> bytes:
    """Return 32 bytes, the lowest first."""
    return value.to_bytes(32, "little")


def add(one: Point, other: Point) -> Point:
    """Return the sum of two points of the curve (RFC 8032 section 5.1, affine)."""
    (x1, y1), (x2, y2) = one, other
    product = _D * x1 * x2 * y1 * y2 % PRIME
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, PRIME) % PRIME
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, PRIME) % PRIME
    return x, y


def multiply(scalar: int, point: Point) -> Point:
    """Return ``scalar`` times ``point``."""
    total = NEUTRAL
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def point(y: int) -> Point:
    """Return the point of this y with the even x."""
    x2 = (y * y - 1) * pow(_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(x2, (PRIME + 3) // 8, PRIME)
    if (x * x - x2) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    if (x * x - x2) % PRIME:
        raise ValueError("no point of the curve")
    return (PRIME - x if x & 1 else x), y


def compressed(of: Point) -> bytes:
    """Return the 32 bytes of a point."""
    return little(of[1] | (of[0] & 1) << 255)


@cache
def rsa_numbers(name: str, bits: int) -> tuple[int, int]:
    """Return modulus and secret exponent for the exponent 65537."""
    p, q = (_prime(f"{name} {half}", bits // 2) for half in ("p", "q"))
    return p * q, pow(65537, -1, (p - 1) * (q - 1))


def rsa_blob(modulus: int, exponent: int = 65537) -> bytes:
    """Return a public RSA key as SSH has it."""
    return string(b"ssh-rsa") + mpint(exponent) + mpint(modulus)


#: What stands before the digest in a signature (RFC 8017 section 9.2).
DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}


def rsa_padded(data: bytes, size: int, hash_name: str, *, info: bytes | None = None, after: bytes = b"") -> int:
    """Return the number that an RSA key of ``size`` bytes signs (PKCS #1 v1.5)."""
    told = (DIGEST_INFO[hash_name] if info is None else info) + hashlib.new(hash_name, data).digest()
    return int.from_bytes(b"\0\1" + b"\xff" * (size - 3 - len(told) - len(after)) + b"\0" + told + after, "big")


_CURVES = {
    "nistp256": (SECP256R1(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551, "sha256"),
    "nistp384": (
        SECP384R1(),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
        "sha384",
    ),
    "nistp521": (
        SECP521R1(),
        (1 << 521) - 0x5AE79787C40D069948033FEB708F65A2FC44A36477663B851449048E16EC79BF7,
        "sha512",
    ),
}


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """An ECDSA key by its name and curve."""

    name: str
    curve: str

    @property
    def algorithm(self) -> bytes:
        """The name in SSH."""
        return b"ecdsa-sha2-" + self.curve.encode()

    @property
    def order(self) -> int:
        """The order of the curve."""
        return _CURVES[self.curve][1]

    def point(self, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
        """The public point."""
        private = derive_private_key(self._secret(), _CURVES[self.curve][0])
        return private.public_key().public_bytes(Encoding.X962, form)

    @property
    def blob(self) -> bytes:
        """The public key as SSH has it."""
        return string(self.algorithm, self.curve.encode(), self.point())

    def numbers(self, data: bytes) -> tuple[int, int]:
        """Return r and s; the number that must be used once follows from key and data, as in RFC 6979."""
        curve, order, hash_name = _CURVES[self.curve]
        once = _long(self.name + self.curve + data.hex(), order.bit_length()) % order
        r = derive_private_key(once, curve).public_key().public_numbers().x % order
        digest = int.from_bytes(hashlib.new(hash_name, data).digest(), "big")
        digest >>= max(0, hashlib.new(hash_name).digest_size * 8 - order.bit_length())
        s = pow(once, -1, order) * (digest + r * self._secret()) % order
        return r, min(s, order - s)

    def _secret(self) -> int:
        return int.from_bytes(seed(self.name + self.curve), "big") % (self.order - 1) + 1


def _long(name: str, bits: int) -> int:
    raw = b"".join(seed(f"{name} {part}") for part in range(bits // 256 + 1))
    return int.from_bytes(raw, "big") >> len(raw) * 8 - bits


def _prime(name: str, bits: int) -> int:
    """Return the first prime after a number that follows from ``name`` and has its two highest bits set."""
    number = _long(name, bits) | 3 << bits - 2 | 1
    while any(number % small == 0 for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31)) or not _looks_prime(number):
        number += 2
    return number


def _looks_prime(number: int) -> bool:
    """Say whether it is a strong probable prime to some small bases (Miller and Rabin); enough for test keys."""
    twos = ((number - 1) & -(number - 1)).bit_length() - 1
    for base in (2, 3, 5, 7):
        power = pow(base, number - 1 >> twos, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True
