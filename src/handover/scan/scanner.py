"""The scan itself, in named steps: start the agent, keep what it tells, check that it is all, write it in order."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import msgspec

from handover.agents.frames import Beat, FrameType, Owners, broken, parse_beat
from handover.errors import HandoverError, LocalIOError, Refused
from handover.files import local_io, new_file, refuse_existing
from handover.locations.channel import Host
from handover.manifest import Header, Trailer, Writer
from handover.paths import shown
from handover.proofs import ProofRules
from handover.scan import header as headers
from handover.scan.carry import Carry
from handover.scan.cut import is_worth_keeping, keep
from handover.scan.lines import Lines
from handover.scan.order import FoundRun, in_order
from handover.scan.request import Clock, Progress, ScanRequest, Stage, Totals
from handover.scan.session import Session
from handover.scan.spool import Spool, Told

SYSTEM_CLOCK = Clock(wall_ns=time.time_ns, monotonic_s=time.monotonic, nonce=lambda: secrets.token_hex(16))
_TELL_EVERY = 4096


class Teller:
    """Tells the caller how far the scan is; repeats itself while nothing is heard, so that a caller can end it."""

    def __init__(self, progress: Progress, request: ScanRequest) -> None:
        self._progress = progress
        self._side = request.role.value if request.role else request.part
        self._last = Beat(recheck=False, files=0, bytes=0, folders_done=0, folders_known=0)

    def hear(self, beat: Beat) -> None:
        """Take a heartbeat and pass it on."""
        self._last = beat
        self.repeat()

    def repeat(self) -> None:
        """Pass on what was heard last."""
        beat = self._last
        stage = Stage.RECHECK if beat.recheck else Stage.CONTENTS
        totals = Totals(stage, beat.files, beat.bytes, beat.folders_done, beat.folders_known)
        self._progress.update(self._side, totals)


def scan(
    host: Host,
    request: ScanRequest,
    output: Path,
    progress: Progress,
    clock: Clock = SYSTEM_CLOCK,
    carry: Carry | None = None,
) -> tuple[Header, Trailer]:
    """Read one root and leave its manifest at ``output``, whole or not at all; nothing there is ever replaced.

    What ``carry`` knows of earlier scans is not read again where it has not changed; when they do not fit, ``carry``
    says why, and everything is read.
    Trouble with single paths is in the manifest as gaps. Raises ``UsageError`` for a root that is missing or is no
    folder, ``Refused`` for one that is empty or a digest the host cannot compute, ``RemoteError`` for everything that
    goes wrong on the host or on the way, ``LocalIOError`` when the manifest cannot be written, and whatever
    ``progress`` raises.
    """
    refuse_existing(output)
    teller = Teller(progress, request)
    carry = carry or Carry(())
    earlier = carry
    proof_rules = ProofRules(request.proofs)
    with _spool_beside(output, keep_cut=request.keep_cut) as stream, _scratch_beside(output) as scratch:
        with local_io(output):
            table = carry.table(scratch, proof_rules)
        session, header = begin(host, request, clock, teller, table)
        if not carry.fit(header):
            session.close()
            carry = Carry(())
            session, header = begin(host, request, clock, teller, b"")
        header = msgspec.structs.replace(header, base=carry.bases)
        with closing(session):
            with local_io(output):
                spool = Spool.begin(stream, header)
            told = Told(
                spool, workers=request.effort.most_workers, digest_size=request.digest.size, recheck=request.recheck
            )
            owners = _keep(session, told, teller, output)
            lines = Lines(owners, request.rules, proof_rules, request.digest.size, carry)
            options = msgspec.structs.replace(header.options, workers=session.workers)
            header = msgspec.structs.replace(header, options=options)
        trailer = _write(output, header, told, lines, request, teller, clock)
    earlier.spent()
    return header, trailer


def begin(host: Host, request: ScanRequest, clock: Clock, teller: Teller, known: bytes) -> tuple[Session, Header]:
    """Start an agent that is told of known files; return it and the header of what it is going to tell."""
    asked_ns = clock.wall_ns()
    session = Session(host, request, clock, teller.repeat, known)
    try:
        header = headers.build(
            request,
            session.hello,
            nonce=session.nonce,
            host_key=host.key_fingerprint,
            asked_ns=asked_ns,
            told_ns=clock.wall_ns(),
        )
    except BaseException:
        session.close()
        raise
    return session, header


def told_of(
    kind: FrameType, host: Host, request: ScanRequest, progress: Progress, clock: Clock, take: Callable[[bytes], None]
) -> Header:
    """Have an agent tell of a root in frames of one kind, and give the payload of each to ``take``.

    Returns the header that a manifest of it would have. Raises what ``scan`` raises for the host and its root.
    """
    teller = Teller(progress, request)
    session, header = begin(host, request, clock, teller, b"")
    with closing(session):
        for frame in session.frames():
            if frame.type is kind:
                take(frame.payload)
            elif frame.type is FrameType.BEAT:
                teller.hear(parse_beat(frame.payload))
            elif frame.type is not FrameType.OWNERS:
                raise broken("a frame that has no place here")
    return header


def _keep(session: Session, told: Told, teller: Teller, output: Path) -> Owners:
    """Put everything that the agent tells into the spool, and return the names of owners when it is all."""
    for frame in session.frames():
        if frame.type is FrameType.BEAT:
            teller.hear(parse_beat(frame.payload))
        else:
            with local_io(output):
                told.take(frame)
    return told.check_complete()


def _write(
    output: Path, header: Header, told: Told, lines: Lines, request: ScanRequest, teller: Teller, clock: Clock
) -> Trailer:
    with new_file(output, durable=request.durable) as stream:
        writer = Writer(stream, header, _scratch)
        for number, found in enumerate(in_order(told)):
            if number % _TELL_EVERY == 0:
                teller.repeat()
            try:
                if isinstance(found, FoundRun):
                    writer.add_plain(lines.run(found))
                else:
                    writer.add(lines.entry(found), lines.host(found))
            except ValueError as error:
                # Nothing but what the agent told went into it, so it is the agent that told what cannot be.
                where = found.prefix if isinstance(found, FoundRun) else found.path
                raise broken(f"{shown(where)} cannot be what it says") from error
        lines.finish()
        try:
            trailer = writer.finish(headers.instant(clock.wall_ns()))
        except ValueError as error:
            raise broken("its files have more bytes together than there can be") from error
        if trailer.entries == 1 and trailer.counts.gap == 0 and not request.allow_empty:
            raise Refused(
                "the folder is empty",
                where=request.location,
                hint="Is it the right one, and is its disk mounted? If it is meant to be empty, add --allow-empty.",
            )
        return trailer


@contextlib.contextmanager
def _spool_beside(output: Path, *, keep_cut: bool) -> Iterator[BinaryIO]:
    """Yield an empty file next to the output, where there is room for it.

    It is gone afterwards, unless the scan was cut off and somebody may want to resume it.
    """
    path = output.with_name(f".{output.name}.spool-{secrets.token_hex(4)}")
    with local_io(output):
        stream = path.open("x+b")
    try:
        with stream:
            try:
                yield stream
            except BaseException as error:
                if keep_cut and is_worth_keeping(error):
                    _keep_cut(stream, path, output, error)
                raise
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def _scratch_beside(output: Path) -> Iterator[BinaryIO]:
    """Yield an empty file without a name, on the disk that the output is going to be on."""
    with local_io(output):
        stream = _scratch(output.parent)
    with stream:
        yield stream


def _keep_cut(spool: BinaryIO, path: Path, output: Path, error: BaseException) -> None:
    """Keep a spool and say so in the error; where that fails, the error itself is what matters."""
    with contextlib.suppress(LocalIOError):
        if keep(spool, path, output) and isinstance(error, HandoverError):
            error.hint = f"{error.hint} What was read is kept: the same command goes on from there.".strip()


def _scratch(folder: Path | None = None) -> BinaryIO:
    return tempfile.TemporaryFile(dir=folder)
