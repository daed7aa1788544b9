"""SSHSIG: both ways with stock ssh-keygen, and stricter than it."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from evidence.tools import (
    FILE_KINDS,
    NAMESPACE,
    Party,
    SoftwareAuthenticator,
    block,
    private_file,
    signed_data,
    ssh_keygen,
    stock_accepts,
    stock_signature,
)
from handover.errors import HandoverError, MalformedInput, NotVerified, UsageError
from handover.evidence import private_keys, sshsig, wire
from handover.evidence.keys import UnacceptableKey

MESSAGE = b'{\n  "type": "handover-statement"\n}\n'
ORDER = 2**252 + 27742317777372353535851937790883648493
# The neutral element as a key: S = 0 and R = the neutral element verify for every message.
SMALL_KEY = wire.string(b"ssh-ed25519") + wire.string((1).to_bytes(32, "little"))
SMALL_INNER = wire.string(b"ssh-ed25519") + wire.string((1).to_bytes(32, "little") + bytes(32))


def inner(raw: bytes, algorithm: bytes = b"ssh-ed25519") -> bytes:
    return wire.string(algorithm) + wire.string(raw)


def raw_signature(party: Party, message: bytes = MESSAGE) -> bytes:
    reader = wire.Reader(party.signer(signed_data(message)), where="raw")
    reader.string()
    return reader.string()


def refused(signature: bytes, party: Party, *, match: str | None = None) -> None:
    with pytest.raises((MalformedInput, NotVerified), match=match):
        sshsig.verify(signature, MESSAGE, party.key, where="s")


# Both ways with the stock tool


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_stock_ssh_keygen_accepts_what_we_sign(kind, tmp_path):
    party = Party(kind)
    signature = party.sign(MESSAGE)
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    assert not stock_accepts(tmp_path, signature, MESSAGE + b"x", f"sender {party.key.line}\n")


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_we_accept_what_stock_ssh_keygen_signs(kind, tmp_path):
    party = Party(kind)
    signature = stock_signature(tmp_path, party.file, MESSAGE)
    sshsig.verify(signature, MESSAGE, party.key, where="s")
    assert sshsig.Signature.from_armour(signature, where="s").to_armour() == signature
    with pytest.raises(NotVerified, match="does not fit"):
        sshsig.verify(signature, MESSAGE + b"x", party.key, where="s")


def test_a_touched_hardware_key_is_accepted_by_both(tmp_path):
    token = SoftwareAuthenticator()
    signature = sshsig.sign(MESSAGE, token.key, token.signer, where="s")
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {token.key.line}\n")


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_an_ssh_agent_signs_through_the_seam(kind, tmp_path, agent):
    party = Party(kind)
    signer = agent(party)
    signature = sshsig.sign(MESSAGE, party.key, signer, where="s")
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")


def test_signatures_in_76_columns_are_accepted():
    party = Party("rsa")
    lines = party.sign(MESSAGE).decode().splitlines()
    body = "".join(lines[1:-1])
    wide = "\n".join([lines[0], *(body[at : at + 76] for at in range(0, len(body), 76)), lines[-1], ""])
    sshsig.verify(wide.encode(), MESSAGE, party.key, where="s")


# Stricter than the stock tool: each of these it accepts, and we do not


def test_text_after_the_footer_is_refused(tmp_path):
    party = Party()
    signature = party.sign(MESSAGE) + b"and by the way, we reject everything\n"
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="exactly one")


def test_a_second_block_is_refused(tmp_path):
    party = Party()
    signature = party.sign(MESSAGE) * 2
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="exactly one")


def test_odd_line_lengths_are_refused(tmp_path):
    party = Party()
    signature = party.sign(MESSAGE).replace(b"\nU1NI", b"\nU1\nNI")
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="line lengths")


def test_header_version_0_is_refused(tmp_path):
    party = Party()
    signature = block(party.key.blob, inner(raw_signature(party)), version=0)
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="version 0")


def test_text_in_the_reserved_field_is_refused(tmp_path):
    party = Party()
    signature = block(party.key.blob, inner(raw_signature(party)), reserved=b"with reservations")
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="reserved")


def test_a_small_order_key_that_fits_every_message_is_refused(tmp_path):
    signature = block(SMALL_KEY, SMALL_INNER)
    line = "ssh-ed25519 " + sshsig.strict_json.base64_encode(SMALL_KEY)
    for message in (MESSAGE, b"we accept", b"we reject"):
        assert stock_accepts(tmp_path, signature, message, f"sender {line}\n")
    refused(signature, Party(), match="small order")


def test_an_untouched_hardware_key_is_refused(tmp_path):
    token = SoftwareAuthenticator(flags=0x00)
    signature = block(token.blob, token.signer(signed_data(MESSAGE)))
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {token.key.line}\n")
    with pytest.raises(NotVerified, match="touched"):
        sshsig.verify(signature, MESSAGE, token.key, where="s")


def test_sha256_is_refused(tmp_path):
    party = Party()
    signature = stock_signature(tmp_path, party.file, MESSAGE, "-O", "hashalg=sha256")
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="sha256 digest")


def test_s_plus_l_is_refused(tmp_path):
    party = Party()
    raw = raw_signature(party)
    s = int.from_bytes(raw[32:], "little") + ORDER
    signature = block(party.key.blob, inner(raw[:32] + s.to_bytes(32, "little")))
    assert stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="canonical")


# What the stock tool refuses too


def test_another_namespace_is_refused(tmp_path):
    party = Party()
    refused(stock_signature(tmp_path, party.file, MESSAGE, namespace="file"), party, match="purpose file")


def test_windows_line_ends_are_refused(tmp_path):
    party = Party()
    signature = party.sign(MESSAGE).replace(b"\n", b"\r\n")
    assert not stock_accepts(tmp_path, signature, MESSAGE, f"sender {party.key.line}\n")
    refused(signature, party, match="Windows")


def test_rsa_with_sha1_is_refused():
    party = Party("rsa")
    refused(block(party.key.blob, inner(raw_signature(party), b"ssh-rsa")), party, match="may not use")


def test_a_signature_by_another_key_is_refused():
    refused(Party("ed25519", "b").sign(MESSAGE), Party("ed25519", "a"), match="signed by SHA256")


def test_a_signer_that_holds_another_key_is_found_out_before_anything_is_written():
    with pytest.raises(NotVerified):
        sshsig.sign(MESSAGE, Party("ed25519", "a").key, Party("ed25519", "b").signer, where="s")


@pytest.mark.parametrize("length", [0, 63, 65])
def test_signatures_of_another_length_are_refused(length):
    party = Party()
    raw = (raw_signature(party) + b"\0")[:length]
    refused(block(party.key.blob, inner(raw)), party, match="bytes instead of 64")


def test_an_rsa_signature_is_as_long_as_its_modulus():
    party = Party("rsa")
    raw = raw_signature(party)
    for other in (raw[:-1], b"\0" + raw):
        refused(block(party.key.blob, inner(other, b"rsa-sha2-512")), party, match="bytes instead of 256")


def test_an_ecdsa_signature_is_two_numbers_and_no_more():
    party = Party("p256")
    raw = raw_signature(party)
    assert wire.Reader(raw, where="raw").mpint() > 0
    refused(block(party.key.blob, inner(raw + wire.mpint(1), b"ecdsa-sha2-nistp256")), party, match="too many")


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_bytes_too_many_are_refused_at_every_level(kind):
    party = Party(kind)
    good = party.signer(signed_data(MESSAGE))
    refused(block(party.key.blob, good, after=b"\0"), party)
    refused(block(party.key.blob, good + b"\0"), party)
    refused(block(party.key.blob + b"\0", good), party)


@pytest.mark.parametrize("change", [b"\n", b" ", b"", b"#comment\n"])
def test_exactly_one_line_feed_ends_a_signature(change):
    party = Party()
    signature = party.sign(MESSAGE)
    refused(signature[:-1] + change if change != b"\n" else signature + change, party)
    refused((change or b"\n") + signature, party)


def test_an_enormous_signature_is_not_even_parsed():
    refused(b"-----BEGIN SSH SIGNATURE-----\n" + b"A" * 2**20, Party(), match="longer than")


@pytest.mark.parametrize("kind", FILE_KINDS)
def test_no_single_flipped_bit_is_survived(kind):
    party = Party(kind)
    signature = party.sign(MESSAGE)
    for place in range(len(signature)):
        changed = bytearray(signature)
        changed[place] ^= 1 << place % 8
        refused(bytes(changed), party)


@given(st.binary(max_size=400))
def test_any_block_is_verified_or_an_error_of_ours(data):
    with pytest.raises(HandoverError):
        sshsig.verify(sshsig.armour(b"SSHSIG" + data), MESSAGE, Party().key, where="s")
    assert sshsig.dearmour(sshsig.armour(data), where="s") == data if data else True


# Private key files


@pytest.mark.parametrize("form", ["RFC4716", "PKCS8", "PEM"])
@pytest.mark.parametrize("kind", ["p256", "rsa"])
def test_encrypted_keys_open_with_their_passphrase_only(kind, form, tmp_path):
    path = tmp_path / "key"
    made = ssh_keygen("-q", *FILE_KINDS[kind], "-m", form, "-N", "open sesame", "-f", path)
    assert made.returncode == 0, made.stderr
    raw = path.read_bytes()
    key, signer = private_keys.load(raw, lambda: b"open sesame", where="key")
    assert stock_accepts(tmp_path, sshsig.sign(MESSAGE, key, signer, where="s"), MESSAGE, f"sender {key.line}\n")
    for wrong in (b"sesame", b""):
        with pytest.raises(UsageError) as caught:
            private_keys.load(raw, lambda wrong=wrong: wrong, where="key")
        assert "sesame" not in str(caught.value)


def test_an_open_key_asks_for_no_passphrase():
    private_keys.load(private_file("ed25519"), lambda: pytest.fail("asked"), where="key")


@pytest.mark.parametrize(
    "raw", [b"", b"ssh-ed25519 AAAA", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", b"PuTTY-User-Key"]
)
def test_what_is_no_private_key_is_malformed(raw):
    with pytest.raises(MalformedInput):
        private_keys.load(raw, lambda: b"", where="key")


def test_a_weak_private_key_does_not_sign(tmp_path):
    path = tmp_path / "key"
    ssh_keygen("-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", path)
    with pytest.raises(UnacceptableKey, match="1024"):
        private_keys.load(path.read_bytes(), lambda: b"", where="key")


def test_a_private_key_on_a_foreign_curve_does_not_sign():
    key = generate_private_key(SECP256K1())
    raw = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnacceptableKey, match="kind"):
        private_keys.load(raw, lambda: b"", where="key")


def test_a_private_key_that_signs_nothing_does_not_sign():
    raw = X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(UnacceptableKey, match="kind"):
        private_keys.load(raw, lambda: b"", where="key")


def test_the_namespace_is_the_one_of_the_specification():
    assert sshsig.NAMESPACE == NAMESPACE
