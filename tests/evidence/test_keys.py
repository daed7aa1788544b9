"""Public keys: accepted kinds, one form each, and no weak one."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from evidence.tools import FILE_KINDS, Party, SoftwareAuthenticator, ssh_keygen
from handover.errors import ExitCode, HandoverError, MalformedInput
from handover.evidence import wire
from handover.evidence.keys import PublicKey, UnacceptableKey

P = 2**255 - 19
# The eight points of small order by their y coordinates (order 1, 2, 4 and two of 8), each with both signs.
ORDER_8 = int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little")
SMALL = [0, 1, P - 1, ORDER_8, P - ORDER_8]


def blob(*fields: bytes) -> bytes:
    return b"".join(map(wire.string, fields))


def ed25519(raw: bytes) -> bytes:
    return blob(b"ssh-ed25519", raw)


def rsa(bits: int, exponent: int = 65537, flip: int = 1) -> bytes:
    return wire.string(b"ssh-rsa") + wire.mpint(exponent) + wire.mpint((1 << (bits - 1)) | flip)


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_a_key_reads_and_shows_as_ssh_keygen_says(kind, tmp_path):
    party = Party(kind)
    public = tmp_path / "key.pub"
    public.write_text(party.key.line + " anna\n")
    shown = ssh_keygen("-l", "-f", public).stdout.decode()
    assert shown.split()[1] == party.key.fingerprint
    assert PublicKey.from_line(party.key.line + " anna b c", where="k") == party.key


@pytest.mark.parametrize("y", SMALL)
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_points_of_small_order_are_refused(y, sign):
    with pytest.raises(UnacceptableKey, match="small order"):
        PublicKey.from_blob(ed25519((y | sign).to_bytes(32, "little")), where="k")


@pytest.mark.parametrize("y", [P, P + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_second_spelling_of_a_point_is_refused(y, sign):
    with pytest.raises(UnacceptableKey, match="canonical"):
        PublicKey.from_blob(ed25519((y | sign).to_bytes(32, "little")), where="k")


def test_what_is_no_point_of_the_curve_is_malformed():
    with pytest.raises(MalformedInput, match="no point"):
        PublicKey.from_blob(ed25519((2).to_bytes(32, "little")), where="k")


@pytest.mark.parametrize("bits", [1024, 2047, 16385])
def test_rsa_outside_the_accepted_sizes_is_refused(bits):
    with pytest.raises(UnacceptableKey, match=str(bits)) as caught:
        PublicKey.from_blob(rsa(bits), where="k")
    assert caught.value.exit_code is ExitCode.REFUSED


@pytest.mark.parametrize(("exponent", "flip"), [(1, 1), (2, 1), (65536, 1), (2**65 + 1, 1), (65537, 0)])
def test_rsa_with_impossible_numbers_is_refused(exponent, flip):
    with pytest.raises(UnacceptableKey):
        PublicKey.from_blob(rsa(2048, exponent, flip), where="k")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"ssh-dss", "a DSA key"),
        (b"ssh-ed25519-cert-v01@openssh.com", "a certificate"),
        (b"sk-ecdsa-sha2-nistp256@openssh.com", "of the kind sk-ecdsa"),
        (b"x\x1b[2J", "of the kind"),
        (b"\xff", "of the kind"),
    ],
)
def test_other_kinds_are_refused_harmlessly_and_say_what_they_are(name, said):
    with pytest.raises(UnacceptableKey, match=said) as caught:
        PublicKey.from_blob(blob(name, b"x"), where="k")
    assert str(caught.value).isprintable()


def test_a_hardware_key_for_a_web_site_is_refused():
    assert SoftwareAuthenticator().key.application == b"ssh:"
    with pytest.raises(UnacceptableKey, match="https://shop"):
        _ = SoftwareAuthenticator(application=b"https://shop.example").key


@pytest.mark.parametrize(
    "data",
    [
        ed25519(b"\x01" * 31),
        ed25519(b"\x01" * 33),
        Party().key.blob + b"\0",
        Party().key.blob[:-1],
        b"",
        b"\xff\xff\xff\xff",
        blob(b"ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"\x01" * 64),
        blob(b"ecdsa-sha2-nistp256", b"nistp256", b"\x04" + b"\x01" * 64),
        blob(b"ecdsa-sha2-nistp256", b"nistp256", b"\0"),
        blob(b"ssh-rsa", b"\0\x01\0\x01", b"\0" + b"\xff" * 256),
        blob(b"ssh-rsa", b"\x01\0\x01", b"\xff" * 256),
    ],
)
def test_a_broken_key_is_malformed(data):
    with pytest.raises(MalformedInput):
        PublicKey.from_blob(data, where="k")


def test_a_compressed_point_is_malformed():
    public = derive_private_key(7, SECP256R1()).public_key()
    point = public.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    with pytest.raises(MalformedInput, match="uncompressed"):
        PublicKey.from_blob(blob(b"ecdsa-sha2-nistp256", b"nistp256", point), where="k")


def test_a_curve_that_is_not_the_one_of_the_type_is_malformed():
    raw = Party("p256").key.blob.replace(b"\x00\x00\x00\x08nistp256", b"\x00\x00\x00\x08nistp384")
    with pytest.raises(MalformedInput, match="curve"):
        PublicKey.from_blob(raw, where="k")


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 =", "ssh-rsa " + Party().key.line.split()[1]])
def test_a_broken_key_line_is_malformed(line):
    with pytest.raises(MalformedInput):
        PublicKey.from_line(line, where="k")


def test_base64_has_one_spelling():
    name, encoded = PublicKey.from_blob(rsa(2056), where="k").line.split()
    assert encoded.endswith("Q==")
    loose = encoded[:-3] + "R=="
    assert base64.b64decode(loose) == base64.b64decode(encoded)
    with pytest.raises(MalformedInput, match="canonical"):
        PublicKey.from_line(f"{name} {loose}", where="k")


@given(st.binary(max_size=200) | st.builds(ed25519, st.binary(min_size=32, max_size=32)))
def test_any_bytes_give_a_key_or_an_error_of_ours(data):
    try:
        key = PublicKey.from_blob(data, where="k")
    except HandoverError:
        return
    assert PublicKey.from_line(key.line, where="k").blob == data


def test_the_largest_key_takes_no_time_worth_mentioning():
    start = time.process_time()
    PublicKey.from_blob(rsa(16384), where="k")
    assert time.process_time() - start < 1
