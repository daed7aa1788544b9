"""The parsers: how each is fed, which errors it may raise, and what its search begins with."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from handover import differences, manifest_reader, strict_json
from handover.agents import frames
from handover.agents.blocks import Block
from handover.agents.chunks import Chunk
from handover.agents.frames import FRAME, FrameType
from handover.entries import Entry, HostStat
from handover.errors import HandoverError, MalformedInput, NotVerified, Refused, RemoteError, UsageError
from handover.evidence import private_keys, sshsig, sums
from handover.evidence.allowed_signers import AllowedSigners
from handover.evidence.bundle import digest
from handover.evidence.keys import PublicKey
from handover.evidence.statement import Statement
from handover.evidence.zip_bundle import ZipBundle
from handover.locations.ssh import config
from handover.locations.ssh.address import Account, SshAddress
from handover.locations.ssh.known_hosts import HostKey, KnownHosts
from handover.locations.ssh.options import SshOptions
from handover.report import Report
from handover.rules import RulesDocument
from handover.scan import Listings
from handover.terms import parsing
from handover.workflow import verifying
from support.far_host import RULES, Play, VirtualTime, frame, grow, pack, record_listing, record_scan, renumbered, split
from support.scans import scan_tree

_TESTS = Path(__file__).parents[1]
_GOLDEN = _TESTS / "golden" / "0.1.0" / "demo"
_ROUND = {path.name: path.read_bytes() for path in sorted((_GOLDEN / "rounds" / "0001").iterdir())}
_SUMMED = sums.parse(_ROUND["SHA256SUMS"], where="golden")
_SEAL = re.compile(rb'"sha256":"[0-9a-f]{64}"\}\n\Z')
_AT = datetime(2026, 11, 28, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Target:
    """One parser. ``run`` returns, or raises one of ``errors``; ``seeds`` gives whole good and bad inputs."""

    run: Callable[[bytes], object]
    errors: tuple[type[HandoverError], ...]
    seeds: Callable[[], Iterable[bytes]]
    #: Executions of the short run in CI; what takes longer gets fewer.
    runs: int = 10_000


def _vectors(kind: str, name: str) -> Callable[[], Iterable[bytes]]:
    return lambda: (path.read_bytes() for path in sorted((_TESTS / "vectors" / kind).glob(f"*/{name}")))


# What a far host sends


def _recorded(listing: bool = False) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Listings(tempfile.TemporaryFile)) as listings:
        root = Path(folder) / "tree"
        grow(root)
        raw = record_listing(root, listings) if listing else record_scan(root, rules=RULES)
    return list(split(raw)[1]) if listing else [split(raw)[0], *split(raw)[1]]


def _of_types(*kinds: FrameType) -> Callable[[], Iterable[bytes]]:
    return lambda: (raw[FRAME.size :] for raw in _recorded()[1:] if raw[1] in kinds)


def _wire() -> Iterable[bytes]:
    greeting, *parts = _recorded()
    return [greeting + b"".join(parts)]


def _scan(*blocks: bytes) -> None:
    passing = VirtualTime(0.01)
    host = Play(*blocks, sleep=passing.sleep)
    scan_tree(b"/srv/www", host=host, clock=passing.clock, rules=RULES, durable=False, deadline_s=20.0)


def _told(data: bytes) -> None:
    """Take the input for frames and keep truthful books over them, so that what they say is looked at."""
    at, parts = 0, []
    while at + FRAME.size <= len(data):
        _, kind, _, length = FRAME.unpack_from(data, at)
        parts.append(frame(kind, data[at + FRAME.size : at + FRAME.size + length]))
        at += FRAME.size + length
    _scan(b"\x01handover-agent 2 0123456789abcdef0123456789abcdef\n", *renumbered(parts))


def _block(data: bytes) -> None:
    size = 32 if data[:1] != b"\1" else None
    block = Block(data[1:], size)
    for place in range(len(block.head.chunks)):
        chunk = Chunk(block, place)
        list(chunk.sightings() if size is None else chunk.rows())
        chunk.same_as(chunk)


def _file_or_tally(data: bytes) -> None:
    result = frames.parse_file(data[1:], 32) if data[:1] == b"\0" else frames.parse_tally(data[1:])
    assert result.index >= 0


def _listing(data: bytes) -> None:
    with contextlib.closing(Listings(tempfile.TemporaryFile)) as listings:
        for number, payload in enumerate(data.split(b"\xf7\xf7", 1)):
            listings.add(number, payload)
        listings.look(RULES)


# What is kept and handed over


def _manifest(data: bytes) -> None:
    """Audit a manifest whose last line vouches for it, as that of a forger would, and read it as a comparison does."""
    if found := _SEAL.search(data):
        start = data.rfind(b"\n", 0, found.start()) + 1
        seal = hashlib.sha256(data[:start]).hexdigest().encode()
        data = data[: found.start()] + b'"sha256":"' + seal + b'"}\n'
    with contextlib.suppress(MalformedInput):
        for batch in manifest_reader.Reader(io.BytesIO(data), where="fuzz").batches():
            assert all(batch.line(at).content for at in range(len(batch)))
    manifest_reader.audit(io.BytesIO(data), where="fuzz", scratch=tempfile.TemporaryFile)


def _line(data: bytes) -> None:
    kind = Entry if data[:1] == b"\0" else HostStat
    assert strict_json.encode(strict_json.decode(kind, data[1:], where="fuzz")) == data[1:]


def _lines() -> Iterable[bytes]:
    for raw in _ROUND["web.source.manifest"].split(b"\n")[1:-2]:
        entry, _, host = raw.partition(b',"host":')
        yield b"\0" + entry + b"}"
        yield b"\1" + host[:-1]


def _rules(data: bytes) -> None:
    for rules in RulesDocument.from_bytes(data, where="fuzz").rule_sets(where="fuzz").values():
        rules.agent_program()
        for path in (b"", b"a" * 2000, b"a/" * 500 + b"a.b", b"wp-content/cache/\xff"):
            rules.match(path)


def _verify(data: bytes) -> None:
    """Put the input in place of one file of a good round, sum it up anew, and verify."""
    names = sorted(_ROUND)
    name, raw = names[data[0] % len(names)] if data else names[0], data[1:]
    files = {**_ROUND, name: raw}
    if name in _SUMMED:
        files["SHA256SUMS"] = sums.write({**_SUMMED, name: hashlib.sha256(raw).hexdigest()})
    with tempfile.TemporaryDirectory() as folder:
        for one, content in files.items():
            (Path(folder) / one).write_bytes(content)
        keys = _GOLDEN / "allowed_signers"
        verifying.verify_bundle(verifying.VerifyRequest(Path(folder), keys, require=None, at=None), _AT)


def _zip(data: bytes) -> None:
    bundle = ZipBundle(io.BytesIO(data), where="fuzz")
    for name in bundle.listing.files:
        digest(bundle, name)


# Signatures and keys

_KEY = PublicKey.from_line((_TESTS / "vectors/signatures/valid-ed25519/key.pub").read_text().strip(), where="fuzz")


def _signature(data: bytes) -> None:
    """Read a signature, in its armour or, as most inputs would fail there, without."""
    armoured = data if data.startswith(b"-----") else sshsig.armour(data)
    found = sshsig.Signature.from_armour(armoured, where="fuzz")
    sshsig.verify(armoured, b"message", found.key, where="fuzz")


def _signatures() -> Iterable[bytes]:
    for raw in _vectors("signatures", "message.sig")():
        yield raw
        with contextlib.suppress(HandoverError):
            yield sshsig.dearmour(raw, where="seed")


def _allowed_signers(data: bytes) -> None:
    found = AllowedSigners.parse(data, where="fuzz", local_zone=UTC)
    found.by_role({"sender": "it@old.example", "receiver": ""}).refusal("sender", _KEY, _AT)


def _public_key(data: bytes) -> None:
    assert PublicKey.from_blob(data, where="fuzz").fingerprint
    PublicKey.from_line(data.decode("utf-8", "replace"), where="fuzz")


def _public_keys() -> Iterable[bytes]:
    for raw in {*_vectors("signatures", "key.pub")()}:
        yield raw.strip()
        yield base64.b64decode(raw.split()[1])


def _private_key(data: bytes) -> None:
    key, sign = private_keys.load(data, lambda: b"passphrase", where="fuzz")
    sshsig.sign(b"message", key, sign, where="fuzz")


def _private_keys() -> Iterable[bytes]:
    from cryptography.hazmat.primitives import serialization as s
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    keys = (ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))), ec.derive_private_key(7, ec.SECP256R1()))
    for key in keys:
        for form in (s.PrivateFormat.OpenSSH, s.PrivateFormat.PKCS8):
            yield key.private_bytes(s.Encoding.PEM, form, s.NoEncryption())


# What the user's machine has, and the terms


def _known_hosts(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        known = KnownHosts.read([Path(file.name)])
    for name in ("old.example", "a" * 253):
        known.judge(name, 2222, HostKey(_KEY.kind, _KEY.blob))
        known.types(name, 22)


def _some_known_hosts() -> Iterable[bytes]:
    hashed = "|1|" + base64.b64encode(bytes(20)).decode() + "|" + base64.b64encode(bytes(20)).decode()
    for hosts in ("old.example,[old.example]:2222", "*.example,!new.example", "@revoked *", hashed, "a*a*a*a*a*a*b"):
        yield f"{hosts} {_KEY.line} comment\n# remark\n".encode()


def _ssh_config(data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        account = Account.parse("me@old.example:2222")
        config.resolve(account, SshOptions(config_file=Path(file.name)), ssh="no-such-program")


_CONFIG = b"""Host old.example
    HostName 192.0.2.1
    User "me"
    IdentityFile ~/.ssh/%r_key
    ProxyJump hop.example:22
    ConnectTimeout 5
    UserKnownHostsFile ~/known
Host *
    ServerAliveInterval 30
Match all
Include other
"""


def _address(data: bytes) -> None:
    address = SshAddress.parse(data.decode("utf-8", "surrogateescape"))
    assert SshAddress.parse(str(address)) == address


TARGETS: dict[str, Target] = {
    "frames": Target(lambda data: _scan(data), (RemoteError, UsageError, Refused), _wire, 800),
    "told": Target(_told, (RemoteError, UsageError, Refused), lambda: [b"".join(_recorded()[1:])], 800),
    "blocks": Target(_block, (RemoteError,), lambda: (b"\0" + raw for raw in _of_types(FrameType.CHUNK)())),
    "blocks-again": Target(_block, (RemoteError,), lambda: (b"\1" + raw for raw in _of_types(FrameType.RECHECK)())),
    "results": Target(_file_or_tally, (RemoteError,), lambda: (b"\0" + raw for raw in _of_types(FrameType.FILE)())),
    "packed": Target(frames.unpacked, (RemoteError,), lambda: [pack(b"frames" * 50)]),
    "listing": Target(_listing, (RemoteError,), lambda: [raw[FRAME.size :] for raw in _recorded(listing=True)], 3000),
    "manifest": Target(_manifest, (MalformedInput,), _vectors("manifests", "manifest"), 5000),
    "lines": Target(_line, (MalformedInput,), _lines),
    "differences": Target(
        lambda data: list(differences.read(io.BytesIO(data), "fuzz")),
        (MalformedInput,),
        lambda: [_ROUND["web.differences.jsonl"]],
    ),
    "report": Target(
        lambda data: Report.from_bytes(data, where="fuzz"), (MalformedInput,), _vectors("reports", "report.json")
    ),
    "rules": Target(_rules, (MalformedInput,), _vectors("rules", "rules.json"), 5000),
    "statement": Target(
        lambda data: Statement.from_bytes(data, where="fuzz").key(where="fuzz"),
        (MalformedInput, NotVerified, Refused),
        _vectors("statements", "statement.json"),
    ),
    "sums": Target(lambda data: sums.parse(data, where="fuzz"), (MalformedInput,), lambda: [_ROUND["SHA256SUMS"]]),
    "bundle": Target(_verify, (), lambda: (bytes([i]) + _ROUND[name] for i, name in enumerate(sorted(_ROUND))), 80),
    "zip": Target(_zip, (MalformedInput,), _vectors("zips", "bundle.zip"), 3000),
    "signature": Target(_signature, (MalformedInput, NotVerified), _signatures, 5000),
    "allowed-signers": Target(
        _allowed_signers, (MalformedInput, NotVerified), _vectors("allowed_signers", "allowed_signers")
    ),
    "public-key": Target(_public_key, (MalformedInput, Refused), _public_keys),
    "private-key": Target(_private_key, (MalformedInput, UsageError, Refused), _private_keys, 3000),
    "known-hosts": Target(_known_hosts, (), _some_known_hosts, 1000),
    "ssh-config": Target(_ssh_config, (UsageError,), lambda: [_CONFIG], 1000),
    "address": Target(_address, (UsageError,), lambda: [b"ssh://me@old.example:22/~/www", b"ssh://[::1]/srv/%ff%2F"]),
    "terms": Target(lambda data: parsing.parse(data, "fuzz"), (UsageError,), _vectors("terms", "handover.yaml"), 1500),
    "rules-file": Target(
        lambda data: parsing.parse_rules(data, "fuzz"),
        (UsageError,),
        lambda: [b'rules:\n  - {ignore: "cache/**", reason: made anew}\nrequire: [mode]\nmax_excluded: 5%\n'],
        3000,
    ),
}
