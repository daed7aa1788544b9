"""Vectors of signatures: ``message``, ``message.sig`` and the key line ``key.pub`` that has to have made it.

``stock`` says what ``ssh-keygen -Y verify`` of OpenSSH 9.2 does with the same three files. Where it accepts and we do
not, that is one of its known laxities. The facts on Ed25519 are those that Wycheproof and C2SP/CCTV collect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import PublicFormat

from support.vectors import Vector, keys
from support.vectors.keys import NAMESPACE, NEUTRAL, ORDER, PRIME, Ecdsa, Ed25519, armour, block, little, string

MESSAGE = b'{\n  "type": "handover-statement"\n}\n'
SENDER, OTHER = Ed25519("sender"), Ed25519("other")
DATA = keys.signed_data(MESSAGE)
GOOD = SENDER.sign(MESSAGE)
RAW = SENDER.raw(DATA)


def vectors() -> Iterator[Vector]:
    """Yield every vector of this kind."""
    for part in (_valid, _armour, _blob, _purpose, _ed25519_signatures, _ed25519_keys, _ecdsa, _rsa, _hardware):
        yield from part()


def _vector(
    name: str, expect: str, defect: str, signature: bytes, key: bytes = SENDER.blob, *, stock: bool = False
) -> Vector:
    files = {"message": MESSAGE, "message.sig": signature, "key.pub": keys.line(key).encode() + b"\n"}
    return Vector("signatures", name, expect, defect, files, {"stock": "accepts" if stock else "refuses"})


def _blob_vector(name: str, expect: str, defect: str, blob: bytes, *, stock: bool = False) -> Vector:
    return _vector(name, expect, defect, armour(blob), stock=stock)


def _ed25519(raw: bytes, key: bytes = SENDER.blob) -> bytes:
    return armour(block(key, string(b"ssh-ed25519", raw)))


def _valid() -> Iterator[Vector]:
    yield _vector("valid-ed25519", "valid", "", GOOD, stock=True)
    wide = armour(block(SENDER.blob, SENDER.inner(DATA)), width=76)
    yield _vector("valid-76-columns", "valid", "", wide, stock=True)
    for curve in ("nistp256", "nistp384", "nistp521"):
        yield _vector(
            f"valid-ecdsa-{curve}", "valid", "", _ecdsa_armour(Ecdsa("sender", curve)), _EC[curve], stock=True
        )
    for hash_name in ("sha512", "sha256"):
        name = f"valid-rsa-sha2-{hash_name[3:]}"
        yield _vector(name, "valid", "", _rsa_armour(hash_name), keys.rsa_blob(_N), stock=True)
    yield _vector("valid-hardware-touched", "valid", "", _hardware_armour(), _hardware_blob(), stock=True)


def _armour() -> Iterator[Vector]:
    body = GOOD.split(b"\n")
    for name, defect, raw, stock in (
        ("empty", "an empty file", b"", False),
        ("text-after-footer", "text after the footer", GOOD + b"and we reject everything\n", True),
        ("second-block", "a second block after the first", GOOD + OTHER.sign(MESSAGE), True),
        ("same-block-twice", "the same block twice", GOOD + GOOD, True),
        ("space-after-footer", "a space after the footer", GOOD[:-1] + b" \n", True),
        ("line-feed-after-footer", "an empty line after the footer", GOOD + b"\n", True),
        ("no-line-feed-at-the-end", "no line feed after the footer", GOOD[:-1], True),
        ("text-before-header", "text before the header", b"see below\n" + GOOD, False),
        ("line-feed-before-header", "an empty line before the header", b"\n" + GOOD, False),
        ("byte-order-mark", "a byte order mark", b"\xef\xbb\xbf" + GOOD, False),
        ("crlf", "Windows line ends", GOOD.replace(b"\n", b"\r\n"), False),
        ("cr", "old Mac line ends", GOOD.replace(b"\n", b"\r"), False),
        ("other-header", "the header of a PGP signature", GOOD.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"), False),
        ("footer-of-another", "the footer of another kind", GOOD.replace(b"END SSH S", b"END PGP S"), False),
        ("no-header", "no header", b"\n".join(body[1:]), False),
        ("no-footer", "no footer", b"\n".join([*body[:-2], b""]), False),
        ("no-body", "nothing between header and footer", b"\n".join([body[0], body[-2], b""]), False),
        ("one-long-line", "all base64 in one line", armour(block(SENDER.blob, SENDER.inner(DATA)), width=999), True),
        ("64-columns", "lines of 64 columns", armour(block(SENDER.blob, SENDER.inner(DATA)), width=64), True),
        ("line-cut-in-two", "one line cut in two", GOOD.replace(b"\nU1NI", b"\nU1\nNI"), True),
        ("empty-line-inside", "an empty line in the base64", GOOD.replace(b"\nU1NI", b"\n\nU1NI"), True),
        ("space-inside", "a space in the base64", GOOD.replace(b"\nU1NI", b"\n U1NI"), True),
        ("padding-missing", "base64 without its padding", _unpadded(), False),
        ("padding-too-much", "one sign of padding too many", GOOD.replace(b"\n-----END", b"=\n-----END"), False),
        ("base64-url", "the other alphabet of base64", GOOD.replace(b"/", b"_").replace(b"+", b"-"), False),
        ("base64-unused-bits", "base64 whose unused bits are not zero", _loose_base64(), False),
        ("endless", "longer than any signature", GOOD.replace(b"\n-----END", b"A" * 20_000 + b"\n-----END"), False),
    ):
        yield _vector(name, "malformed", defect, raw, stock=stock)


def _unpadded() -> bytes:
    padded = armour(block(SENDER.blob, SENDER.inner(DATA)))
    if b"=\n" not in padded:
        raise ValueError("this signature has no padding to take away")
    return padded.replace(b"=", b"")


def _loose_base64() -> bytes:
    """Return the same block with a bit set that base64 does not use."""
    before, last = GOOD.replace(b"\n-----END", b"\0-----END").split(b"\0")
    kept = before.rstrip(b"=")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    changed = kept[:-1] + alphabet[alphabet.index(kept[-1]) + 1 :][:1]
    return changed + before[len(kept) :] + b"\n" + last


def _blob() -> Iterator[Vector]:
    inner = SENDER.inner(DATA)
    for name, expect, defect, blob, stock in (
        ("magic", "malformed", "another magic", block(SENDER.blob, inner, magic=b"SSHSIX"), False),
        ("version-0", "malformed", "version 0", block(SENDER.blob, inner, version=0), True),
        ("version-2", "malformed", "version 2", block(SENDER.blob, inner, version=2), False),
        ("reserved", "malformed", "text in the reserved field", block(SENDER.blob, inner, reserved=b"but"), True),
        ("bytes-after", "malformed", "a byte after the last field", block(SENDER.blob, inner, after=b"\0"), False),
        ("bytes-after-key", "malformed", "a byte after the key", block(SENDER.blob + b"\0", inner), False),
        (
            "bytes-after-inner",
            "malformed",
            "a byte after the inner signature",
            block(SENDER.blob, inner + b"\0"),
            False,
        ),
        ("cut", "malformed", "cut in the inner signature", block(SENDER.blob, inner)[:-5], False),
        ("cut-in-a-length", "malformed", "cut in a length", block(SENDER.blob, inner)[:12], False),
        ("length-beyond", "malformed", "a length of 4 GiB", b"SSHSIG\0\0\0\1\xff\xff\xff\xff", False),
        ("no-key", "not_verified", "an empty key", block(string(b""), inner), False),
        ("key-of-no-bytes", "malformed", "no key at all", block(b"", inner), False),
        ("no-inner", "malformed", "no inner signature", block(SENDER.blob, b""), False),
        ("no-algorithm", "not_verified", "no algorithm", block(SENDER.blob, string(b"", RAW)), False),
        (
            "other-algorithm",
            "not_verified",
            "the algorithm of another kind of key",
            block(SENDER.blob, string(b"rsa-sha2-512", RAW)),
            False,
        ),
        (
            "algorithm-with-zero",
            "not_verified",
            "a zero byte after the algorithm's name",
            block(SENDER.blob, string(b"ssh-ed25519\0", RAW)),
            True,
        ),
    ):
        yield _blob_vector(f"blob-{name}", expect, defect, blob, stock=stock)


def _purpose() -> Iterator[Vector]:
    def signed(namespace: bytes, hash_name: str = "sha512", told: bytes | None = None) -> bytes:
        inner = SENDER.inner(keys.signed_data(MESSAGE, namespace=namespace, hash_name=hash_name))
        return block(SENDER.blob, inner, namespace=namespace, hash_name=told or hash_name.encode())

    for name, defect, blob, stock in (
        ("namespace-file", "signed for the namespace file", signed(b"file"), False),
        ("namespace-git", "signed for the namespace git", signed(b"git"), False),
        ("namespace-empty", "signed for no namespace", signed(b""), False),
        ("namespace-v2", "signed for the next version's namespace", signed(b"handover-statement-v2"), False),
        ("namespace-upper-case", "the namespace in upper case", signed(NAMESPACE.upper()), False),
        ("namespace-with-zero", "a zero byte after the namespace", signed(NAMESPACE + b"\0"), False),
        (
            "namespace-changed-later",
            "signed as file, then the namespace was changed",
            block(SENDER.blob, SENDER.inner(keys.signed_data(MESSAGE, namespace=b"file"))),
            False,
        ),
        ("sha256", "signed over a SHA-256 digest", signed(NAMESPACE, "sha256"), True),
        ("sha1", "signed over a SHA-1 digest", signed(NAMESPACE, "sha1"), False),
        (
            "hash-changed-later",
            "signed over SHA-256, then named SHA-512",
            signed(NAMESPACE, "sha256", b"sha512"),
            False,
        ),
        ("message-itself", "signed over the bare message", block(SENDER.blob, SENDER.inner(MESSAGE)), False),
    ):
        yield _blob_vector(name, "not_verified", defect, blob, stock=stock)
    for name, defect, signature in (
        ("other-message", "a signature over another message", SENDER.sign(MESSAGE + b"\n")),
        ("other-key", "a good signature by another key", OTHER.sign(MESSAGE)),
        ("other-key-inside", "made by another key than it names", armour(block(SENDER.blob, OTHER.inner(DATA)))),
        (
            "key-swapped-later",
            "it names another key than the one that made it",
            armour(block(OTHER.blob, SENDER.inner(DATA))),
        ),
    ):
        yield _vector(name, "not_verified", defect, signature)


def _ed25519_signatures() -> Iterator[Vector]:
    r, s = RAW[:32], int.from_bytes(RAW[32:], "little")
    secret, public = SENDER.secret, SENDER.public
    base = keys.point(keys.BASE_Y)
    order_8 = keys.point(keys.ORDER_8_Y)
    once = int.from_bytes(keys.seed("once"), "little") % ORDER
    torsion = keys.compressed(keys.add(keys.multiply(once, base), order_8))

    def fitting(encoded_r: bytes, number: int = 0) -> bytes:
        """Return R and the S that satisfies the equation for it, as only the owner of the key can."""
        return encoded_r + little((number + keys.challenge(encoded_r, public, DATA) * secret) % ORDER)

    for name, expect, defect, raw, stock in (
        ("63-bytes", "malformed", "63 bytes", RAW[:-1], False),
        ("65-bytes", "malformed", "65 bytes", RAW + b"\0", False),
        ("0-bytes", "malformed", "no bytes", b"", False),
        ("128-bytes", "malformed", "twice its bytes", RAW + RAW, False),
        ("s-plus-l", "not_verified", "S + L in place of S", r + little(s + ORDER), True),
        ("s-plus-8l", "not_verified", "S + 8 L in place of S", r + little(s + 8 * ORDER), False),
        ("s-is-l", "not_verified", "S is L", r + little(ORDER), False),
        ("s-is-0", "not_verified", "S is 0", r + little(0), False),
        ("s-high-bit", "not_verified", "the highest bit of S is set", r + little(s | 1 << 255), False),
        ("s-all-ones", "not_verified", "all bits of S are set", r + b"\xff" * 32, False),
        ("s-negative", "not_verified", "-S in place of S", r + little(ORDER - s), False),
        ("r-all-zero", "not_verified", "R is zero bytes", bytes(32) + RAW[32:], False),
        (
            "r-neutral-spelled-otherwise",
            "not_verified",
            "R is the neutral element, not in its canonical form",
            fitting(little(PRIME + 1)),
            False,
        ),
        (
            "r-neutral-with-sign",
            "not_verified",
            "R is the neutral element with a sign that it cannot have",
            fitting(little(1 | 1 << 255)),
            False,
        ),
        ("r-no-point", "not_verified", "R is no point of the curve", fitting(little(2)), False),
        (
            "r-with-torsion",
            "not_verified",
            "it fits only a verifier that multiplies by the cofactor",
            fitting(torsion, once),
            False,
        ),
        ("r-sign", "not_verified", "the sign of R is the other one", bytes([*r[:31], r[31] ^ 0x80]) + RAW[32:], False),
        ("r-of-small-order", "valid", "", fitting(keys.compressed(NEUTRAL)), True),
        ("bit-of-s", "not_verified", "one bit of S is another", RAW[:40] + bytes([RAW[40] ^ 1]) + RAW[41:], False),
        ("context", "not_verified", "Ed25519ctx in place of Ed25519", _prefixed(0), False),
        ("prehash", "not_verified", "Ed25519ph in place of Ed25519", _prefixed(1), False),
    ):
        yield _vector(f"ed25519-{name}", expect, defect, _ed25519(raw), stock=stock)


def _prefixed(flag: int) -> bytes:
    """Return a signature by Ed25519ctx (0) or Ed25519ph (1) with an empty context (RFC 8032 section 5.1)."""
    prefix = b"SigEd25519 no Ed25519 collisions" + bytes([flag, 0])
    data = hashlib.sha512(DATA).digest() if flag else DATA
    digest = hashlib.sha512(keys.seed(SENDER.name)).digest()
    once = int.from_bytes(hashlib.sha512(prefix + digest[32:] + data).digest(), "little") % ORDER
    r = keys.compressed(keys.multiply(once, keys.point(keys.BASE_Y)))
    number = int.from_bytes(hashlib.sha512(prefix + r + SENDER.public + data).digest(), "little") % ORDER
    return r + little((once + number * SENDER.secret) % ORDER)


def _ed25519_keys() -> Iterator[Vector]:
    """Keys for which one signature fits every message, or of which one key has two spellings."""
    neutral = keys.compressed(NEUTRAL)
    order_8 = keys.ORDER_8_Y
    small = {"1": 1, "2": PRIME - 1, "4": 0, "8-a": order_8, "8-b": PRIME - order_8}
    for name, y in small.items():
        for sign, bit in (("", 0), ("-sign", 1 << 255)):
            spelled = y in (1, PRIME - 1) and bit
            defect = f"a key of order {name[0]}" + (" with a sign that it cannot have" if spelled else "")
            yield _small(f"order-{name}{sign}", "not_verified", defect, little(y | bit), neutral)
    for name, y in (("p", PRIME), ("p-plus-1", PRIME + 1), ("p-plus-3", PRIME + 3), ("all-ones", 2**255 - 1)):
        yield _small(f"y-{name}", "not_verified", "a key that is not in its canonical form", little(y), neutral)
    yield _small("no-point", "malformed", "a key that is no point of the curve", little(2), neutral)
    yield _small("31-bytes", "malformed", "a key of 31 bytes", SENDER.public[:31], neutral)
    yield _small("33-bytes", "malformed", "a key of 33 bytes", SENDER.public + b"\0", neutral)
    yield from _mixed_order()


def _small(name: str, expect: str, defect: str, public: bytes, r: bytes) -> Vector:
    """A key with R = neutral and S = 0, which fits when eight times the key, or k times it, is neutral."""
    key = string(b"ssh-ed25519", public)
    challenge = keys.challenge(r, public, DATA)
    order = {"1": 1, "2": 2, "4": 4, "8": 8}.get(name.removeprefix("order-")[:1], 0)
    stock = (bool(order) and challenge % order == 0) or name == "y-p-plus-1"
    return _vector(f"ed25519-key-{name}", expect, defect, _ed25519(r + bytes(32), key), key, stock=stock)


def _mixed_order() -> Iterator[Vector]:
    """A key with a part of order 8: nobody makes it by accident; without the cofactor it fits one time in eight."""
    base, order_8 = keys.point(keys.BASE_Y), keys.point(keys.ORDER_8_Y)
    public = keys.compressed(keys.add(keys.multiply(SENDER.secret, base), order_8))
    key = string(b"ssh-ed25519", public)
    for name, fits in (("mixed-order-fits", True), ("mixed-order-fits-with-the-cofactor", False)):
        number = 1
        while True:
            r = keys.compressed(keys.multiply(number, base))
            challenge = int.from_bytes(hashlib.sha512(r + public + DATA).digest(), "little") % ORDER
            if (challenge % 8 == 0) == fits:
                break
            number += 1
        raw = r + little((number + challenge * SENDER.secret) % ORDER)
        expect, defect = (
            ("valid", "") if fits else ("not_verified", "it fits only a verifier that multiplies by the cofactor")
        )
        yield _vector(f"ed25519-key-{name}", expect, defect, _ed25519(raw, key), key, stock=fits)


_EC = {curve: Ecdsa("sender", curve).blob for curve in ("nistp256", "nistp384", "nistp521")}


def _ecdsa_armour(key: Ecdsa) -> bytes:
    r, s = key.numbers(DATA)
    return armour(block(key.blob, string(key.algorithm, keys.mpint(r) + keys.mpint(s))))


def _ecdsa() -> Iterator[Vector]:
    key = Ecdsa("sender", "nistp256")
    r, s = key.numbers(DATA)
    n = key.order

    def signed(numbers: bytes, blob: bytes = key.blob, algorithm: bytes = key.algorithm) -> bytes:
        return armour(block(blob, string(algorithm, numbers)))

    good = keys.mpint(r) + keys.mpint(s)
    yield _vector("ecdsa-other-s", "valid", "", signed(keys.mpint(r) + keys.mpint(n - s)), key.blob, stock=True)
    for name, expect, defect, numbers, stock in (
        ("r-is-0", "malformed", "r is 0", string(b"") + keys.mpint(s), False),
        ("s-is-0", "malformed", "s is 0", keys.mpint(r) + string(b""), False),
        ("r-plus-n", "not_verified", "r + n in place of r", keys.mpint(r + n) + keys.mpint(s), False),
        ("s-plus-n", "not_verified", "s + n in place of s", keys.mpint(r) + keys.mpint(s + n), False),
        ("s-is-n", "not_verified", "s is n", keys.mpint(r) + keys.mpint(n), False),
        ("swapped", "not_verified", "r and s swapped", keys.mpint(s) + keys.mpint(r), False),
        ("negative", "malformed", "a negative s", keys.mpint(r) + string(b"\xff" * 32), False),
        (
            "needless-zero",
            "malformed",
            "a needless zero byte before s",
            keys.mpint(r) + string(b"\0\0" + s.to_bytes(32, "big")),
            True,
        ),
        ("three-numbers", "malformed", "a third number", good + keys.mpint(1), False),
        ("one-number", "malformed", "one number", keys.mpint(r), False),
        ("der", "malformed", "DER in place of two numbers", _der(r, s), False),
        ("fixed", "malformed", "two numbers of fixed length", r.to_bytes(32, "big") + s.to_bytes(32, "big"), False),
    ):
        yield _vector(f"ecdsa-{name}", expect, defect, signed(numbers), key.blob, stock=stock)
    point, compressed = key.point(), key.point(PublicFormat.CompressedPoint)
    for name, expect, defect, blob in (
        ("compressed", "malformed", "a compressed point", string(key.algorithm, b"nistp256", compressed)),
        (
            "off-the-curve",
            "malformed",
            "a point that is not on the curve",
            string(key.algorithm, b"nistp256", point[:-1] + bytes([point[-1] ^ 1])),
        ),
        ("infinity", "malformed", "the point at infinity", string(key.algorithm, b"nistp256", b"\0")),
        (
            "other-curve",
            "malformed",
            "a curve that is not the one of its type",
            string(key.algorithm, b"nistp384", point),
        ),
        (
            "hybrid",
            "malformed",
            "a point in the hybrid form",
            string(key.algorithm, b"nistp256", bytes([6 + point[-1] % 2]) + point[1:]),
        ),
    ):
        yield _vector(f"ecdsa-key-{name}", expect, defect, signed(good, blob), blob)


def _der(r: int, s: int) -> bytes:
    def number(value: int) -> bytes:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02" + bytes([len(raw)]) + raw

    inner = number(r) + number(s)
    return b"\x30" + bytes([len(inner)]) + inner


_N, _SECRET = keys.rsa_numbers("sender", 2048)


def _rsa_raw(hash_name: str, *, info: bytes | None = None, after: bytes = b"") -> bytes:
    return pow(keys.rsa_padded(DATA, 256, hash_name, info=info, after=after), _SECRET, _N).to_bytes(256, "big")


def _rsa_armour(hash_name: str) -> bytes:
    algorithm = b"rsa-sha2-" + hash_name[3:].encode()
    return armour(block(keys.rsa_blob(_N), string(algorithm, _rsa_raw(hash_name))))


def _rsa() -> Iterator[Vector]:
    good = _rsa_raw("sha512")
    number = int.from_bytes(good, "big")
    no_null = bytes.fromhex("304f300b06096086480165030402030440")
    for name, expect, defect, algorithm, raw, stock in (
        ("sha1", "not_verified", "signed with SHA-1", b"ssh-rsa", _rsa_raw("sha1"), False),
        ("sha512-named-sha1", "not_verified", "signed with SHA-512 and named ssh-rsa", b"ssh-rsa", good, False),
        (
            "sha256-named-512",
            "not_verified",
            "signed with SHA-256 and named SHA-512",
            b"rsa-sha2-512",
            _rsa_raw("sha256"),
            False,
        ),
        ("255-bytes", "malformed", "a byte too short", b"rsa-sha2-512", good[1:], False),
        ("257-bytes", "malformed", "a needless zero byte before it", b"rsa-sha2-512", b"\0" + good, False),
        (
            "plus-n",
            "not_verified",
            "its number and the modulus added",
            b"rsa-sha2-512",
            ((number + _N) % (1 << 2048)).to_bytes(256, "big"),
            False,
        ),
        ("zero", "not_verified", "zero", b"rsa-sha2-512", bytes(256), False),
        ("one", "not_verified", "one", b"rsa-sha2-512", (1).to_bytes(256, "big"), False),
        (
            "no-parameters",
            "not_verified",
            "a digest without its parameters (RFC 8017 section 9.2)",
            b"rsa-sha2-512",
            _rsa_raw("sha512", info=no_null),
            False,
        ),
        (
            "bytes-after-digest",
            "not_verified",
            "bytes after the digest, as Bleichenbacher forged in 2006",
            b"rsa-sha2-512",
            _rsa_raw("sha512", after=b"\0" * 8),
            False,
        ),
    ):
        key = keys.rsa_blob(_N)
        yield _vector(f"rsa-{name}", expect, defect, armour(block(key, string(algorithm, raw))), key, stock=stock)
    small, secret = keys.rsa_numbers("small", 1024)
    raw_small = pow(keys.rsa_padded(DATA, 128, "sha512"), secret, small).to_bytes(128, "big")
    for name, expect, defect, key, raw, stock in (
        ("1024-bits", "not_verified", "a key of 1024 bits", keys.rsa_blob(small), raw_small, True),
        (
            "exponent-1",
            "not_verified",
            "the exponent 1: every message signs itself",
            keys.rsa_blob(_N, 1),
            keys.rsa_padded(DATA, 256, "sha512").to_bytes(256, "big"),
            True,
        ),
        ("exponent-even", "not_verified", "an even exponent", keys.rsa_blob(_N, 65536), good, False),
        ("exponent-huge", "not_verified", "an exponent of 66 bits", keys.rsa_blob(_N, (1 << 65) + 1), good, False),
        ("modulus-even", "not_verified", "an even modulus", keys.rsa_blob(_N + 1), good, False),
        (
            "modulus-negative",
            "malformed",
            "a negative modulus",
            string(b"ssh-rsa") + keys.mpint(65537) + string(_N.to_bytes(256, "big")),
            good,
            False,
        ),
        (
            "exponent-long",
            "malformed",
            "a needless zero byte before the exponent",
            string(b"ssh-rsa", b"\0\1\0\1") + keys.mpint(_N),
            good,
            True,
        ),
    ):
        yield _vector(
            f"rsa-key-{name}", expect, defect, armour(block(key, string(b"rsa-sha2-512", raw))), key, stock=stock
        )


def _hardware_blob(application: bytes = b"ssh:") -> bytes:
    return string(b"sk-ssh-ed25519@openssh.com", Ed25519("hardware").public, application)


def _hardware_armour(
    application: bytes = b"ssh:", flags: bytes = b"\1", counter: int = 5, told: bytes | None = None
) -> bytes:
    """Return what a hardware key signs (PROTOCOL.u2f); ``told`` are the flags that it says it had."""
    count = counter.to_bytes(4, "big")
    signed = hashlib.sha256(application).digest() + flags + count + hashlib.sha256(DATA).digest()
    inner = string(b"sk-ssh-ed25519@openssh.com", Ed25519("hardware").raw(signed)) + (told or flags) + count
    return armour(block(_hardware_blob(application), inner))


def _hardware() -> Iterator[Vector]:
    key = _hardware_blob()
    web = b"https://shop.example"
    yield _vector(
        "hardware-untouched",
        "not_verified",
        "a hardware key that nobody touched",
        _hardware_armour(flags=b"\0"),
        key,
        stock=True,
    )
    yield _vector(
        "hardware-touch-claimed",
        "not_verified",
        "a touch that was claimed later",
        _hardware_armour(flags=b"\0", told=b"\1"),
        key,
    )
    yield _vector(
        "hardware-for-a-web-site",
        "not_verified",
        "a hardware key that was made for a web site",
        _hardware_armour(web),
        _hardware_blob(web),
        stock=True,
    )
    cut = armour(block(key, string(b"sk-ssh-ed25519@openssh.com", Ed25519("hardware").raw(DATA))))
    yield _vector("hardware-no-counter", "malformed", "a hardware signature without flags and counter", cut, key)
    plain = armour(block(key, string(b"ssh-ed25519", Ed25519("hardware").raw(DATA)) + b"\1\0\0\0\5"))
    yield _vector("hardware-as-plain-key", "not_verified", "a hardware key that signs as a plain one", plain, key)
    for name, kind, defect in (
        ("dsa", b"ssh-dss", "a DSA key"),
        ("certificate", b"ssh-ed25519-cert-v01@openssh.com", "a certificate"),
        ("sk-ecdsa", b"sk-ecdsa-sha2-nistp256@openssh.com", "a kind of key that may not sign"),
        ("unknown", b"ssh-ed448", "an unknown kind of key"),
        ("escape", b"\x1b[2J", "a kind that steers a terminal"),
    ):
        blob = string(kind, SENDER.public)
        yield _vector(f"kind-{name}", "not_verified", defect, armour(block(blob, SENDER.inner(DATA))))
