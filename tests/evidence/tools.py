"""Stock ssh-keygen, keys of every kind, and a software authenticator that stands in for a hardware key."""

from __future__ import annotations

import functools
import hashlib
import subprocess
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from handover.evidence import private_keys, sshsig, wire
from handover.evidence.keys import PublicKey

NAMESPACE = "handover-statement-v1"
FILE_KINDS = {
    "ed25519": ("-t", "ed25519"),
    "p256": ("-t", "ecdsa", "-b", "256"),
    "p384": ("-t", "ecdsa", "-b", "384"),
    "p521": ("-t", "ecdsa", "-b", "521"),
    "rsa": ("-t", "rsa", "-b", "2048"),
}


def ssh_keygen(*args: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh-keygen", *map(str, args)],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"},
    )


@functools.cache
def private_file(kind: str, name: str = "a", passphrase: str = "") -> bytes:
    """A private key file that stock ssh-keygen made; one per kind and name in a test run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key"
        made = ssh_keygen("-q", *FILE_KINDS[kind], "-N", passphrase, "-C", name, "-f", path)
        assert made.returncode == 0, made.stderr
        return path.read_bytes()


class Party:
    """Somebody with a key: signs with our code, and can be written down for the stock tool."""

    def __init__(self, kind: str = "ed25519", name: str = "a") -> None:
        self.file = private_file(kind, name)
        self.key, self.signer = private_keys.load(self.file, lambda: b"", where="key")

    def sign(self, message: bytes) -> bytes:
        return sshsig.sign(message, self.key, self.signer, where="test")


class SoftwareAuthenticator:
    """What a FIDO key does (PROTOCOL.u2f), with the flags and the application that the test wants."""

    def __init__(self, application: bytes = b"ssh:", flags: int = 0x01) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
        self._application = application
        self._flags = bytes([flags])
        public = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        name = b"sk-ssh-ed25519@openssh.com"
        self.blob = b"".join(map(wire.string, (name, public, application)))

    @property
    def key(self) -> PublicKey:
        return PublicKey.from_blob(self.blob, where="sk")

    def signer(self, data: bytes) -> bytes:
        counter = wire.uint32(5)
        signed = hashlib.sha256(self._application).digest() + self._flags + counter + hashlib.sha256(data).digest()
        raw = self._private.sign(signed)
        return wire.string(b"sk-ssh-ed25519@openssh.com") + wire.string(raw) + self._flags + counter


def block(
    key_blob: bytes,
    inner: bytes,
    *,
    namespace: str = NAMESPACE,
    version: int = 1,
    reserved: bytes = b"",
    hash_name: bytes = b"sha512",
    after: bytes = b"",
) -> bytes:
    """An armoured signature block with any defect that a test wants."""
    fields = (key_blob, namespace.encode(), reserved, hash_name, inner)
    return sshsig.armour(b"SSHSIG" + wire.uint32(version) + b"".join(map(wire.string, fields)) + after)


def signed_data(message: bytes, namespace: str = NAMESPACE, hash_name: str = "sha512") -> bytes:
    digest = hashlib.new(hash_name, message).digest()
    return b"SSHSIG" + b"".join(map(wire.string, (namespace.encode(), b"", hash_name.encode(), digest)))


def stock_accepts(folder: Path, signature: bytes, message: bytes, signers: str, principal: str = "sender") -> bool:
    """What ``ssh-keygen -Y verify`` says."""
    (folder / "signers").write_text(signers)
    (folder / "sig").write_bytes(signature)
    done = ssh_keygen(
        "-Y", "verify", "-f", folder / "signers", "-I", principal, "-n", NAMESPACE, "-s", folder / "sig", stdin=message
    )
    return done.returncode == 0


def stock_signature(folder: Path, private: bytes, message: bytes, *options: str, namespace: str = NAMESPACE) -> bytes:
    """What ``ssh-keygen -Y sign`` writes."""
    key, text = folder / "stock_key", folder / "message"
    key.write_bytes(private)
    key.chmod(0o600)
    text.write_bytes(message)
    (folder / "message.sig").unlink(missing_ok=True)
    done = ssh_keygen("-Y", "sign", "-f", key, "-n", namespace, *options, text)
    assert done.returncode == 0, done.stderr
    return (folder / "message.sig").read_bytes()
