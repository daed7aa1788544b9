"""One agent on one host, from the command that starts it to its last byte.

Steps: start an interpreter, send program and parameters, skip noise up to the greeting, then yield frames in sequence
until END, whose digest covers all of them. Everything that does not fit is a ``RemoteError``, in bounded time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from handover.agents import frames, loader
from handover.agents.frames import Beat, End, FrameType, Hello, RawFrame, Trouble, broken
from handover.errors import HandoverError, Refused, RemoteError, UsageError
from handover.locations import local
from handover.locations.channel import Channel, Host
from handover.paths import shown
from handover.rules import agent_effects
from handover.scan.request import Clock, ScanRequest

#: Bytes without a whole frame that still count as a sign of life; a slow line sends big frames slowly.
_ALIVE_BYTES = 64 * 1024
#: A host whose heart beats while nothing moves is given up after so many idle timeouts.
_STALLED_TIMEOUTS = 5
_EXIT_WAIT_S = 5.0
#: So often a wait asks whether anybody still wants the result.
_SLICE_S = 0.5
_SHOWN_BYTES = 300
#: Enough for the lines of an error in the agent itself.
_SHOWN_TROUBLE = 4000
_NOT_FOUND_STATUS = (126, 127)
_NOT_FOUND = (b"not found", b"unknown command", b"no such file or directory", b"unable to find")


class Session:
    """A running agent. ``hello`` is known at once, the rest when ``frames`` is exhausted; close it always.

    ``still_wanted`` is called often while it waits; what it raises ends the wait. ``known`` is the table of files that
    need not be read.
    """

    def __init__(
        self, host: Host, request: ScanRequest, clock: Clock, still_wanted: Callable[[], None], known: bytes = b""
    ) -> None:
        self._host = host
        self._known = known
        self._still_wanted = still_wanted
        self._request = request
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._heard_s = self._moved_s = self._started_s
        self._heard_bytes = 0
        self._last_beat: Beat | None = None
        self._buffer = bytearray()
        self._unpacked = bytearray()
        self._sequence = 0
        self._digest = hashlib.sha256()
        self._counts = dict.fromkeys(FrameType, 0)
        self.nonce = clock.nonce()
        self._channel = self._start()
        try:
            self.hello = self._read_hello()
            #: How many workers there were; more may have come when it is at its end.
            self.workers = self.hello.workers
        except BaseException:
            self.close()
            raise

    def frames(self) -> Iterator[RawFrame]:
        """Yield every frame between HELLO and END; only when it ends without an error may any of them be believed."""
        while True:
            frame = self._next_frame()
            if frame.type is FrameType.END:
                self._finish(frame)
                return
            if frame.type is FrameType.HELLO:
                raise broken("a second greeting")
            if frame.type is FrameType.BEAT:
                self._watch(frames.parse_beat(frame.payload))
            else:
                self._moved_s = self._heard_s
            yield frame

    def close(self) -> None:
        """End the agent, whatever it is doing."""
        self._channel.close()

    # Start

    def _start(self) -> Channel:
        """Return the channel of the first interpreter that greets; its greeting is consumed."""
        too_old: list[str] = []
        usual = local.INTERPRETERS if self._request.route == "local" else loader.INTERPRETERS
        for interpreter in self._request.interpreters or usual:
            self._alive()
            channel = self._channel = self._host.start(loader.command(interpreter, self.nonce, self._request.become))
            try:
                noise = self._greeted(channel)
                if noise is None:
                    return channel
                self._judge_silence(channel, noise)
            except BaseException:
                channel.close()
                raise
            if loader.is_too_old(channel.stderr_tail()):
                too_old.append(interpreter)
            channel.close()
            self._buffer.clear()
        raise RemoteError(
            f"every Python found is too old ({', '.join(too_old)})" if too_old else "no Python was found",
            where=self._host.shown,
            hint="Python 3.6 or later is needed on the scanned host. Ask the hosting company for it.",
        )

    def _greeted(self, channel: Channel) -> bytes | None:
        """Send the program and wait for the greeting; return the noise that came instead when the command ended."""
        try:
            channel.send(loader.first_input(self._parameters(), self._known))
        except RemoteError:
            # It may have ended before it read anything; what it said instead tells why.
            if channel.exit_status(_EXIT_WAIT_S) is None:
                raise
        while True:
            at = self._buffer.find(frames.GREETING)
            end = self._buffer.find(b"\n", at)
            if at >= 0 and end >= 0:
                self._check_greeting(bytes(self._buffer[at + len(frames.GREETING) : end]))
                del self._buffer[: end + 1]
                return None
            if len(self._buffer) > frames.MAX_NOISE + frames.MAX_GREETING:
                raise RemoteError(
                    f"the host talks without end before the agent can greet: {_excerpt(self._buffer)}",
                    where=self._host.shown,
                    hint="A login script prints this. It must be quiet for commands that no terminal waits for.",
                )
            if not self._receive(channel):
                return bytes(self._buffer)

    def _check_greeting(self, words: bytes) -> None:
        if words != f"{frames.PROTOCOL} {self.nonce}".encode():
            raise broken("its greeting is for another scan or of another version")

    def _judge_silence(self, channel: Channel, noise: bytes) -> None:
        """Return when another interpreter may do better, else raise: the command ended without a greeting."""
        status = channel.exit_status(_EXIT_WAIT_S)
        said = channel.stderr_tail() + noise
        if loader.is_too_old(said) or status in _NOT_FOUND_STATUS:
            return
        if status not in (0, None) and any(words in said.lower() for words in _NOT_FOUND):
            return
        if loader.DAMAGED in said:
            raise broken("the program was damaged on its way there")
        raise RemoteError(
            f"the agent did not start ({_status_words(status)}): {_excerpt(said) or 'the host said nothing'}",
            where=self._host.shown,
            hint="The account must be allowed to run commands, not only to transfer files.",
        )

    def _parameters(self) -> loader.Parameters:
        request = self._request
        salt, asked = (b"", ()) if request.question is None else (request.question.salt, request.question.paths)
        return loader.Parameters(
            root=request.root.decode("latin-1"),
            digest=request.digest.value,
            workers=request.effort.workers,
            polite=request.effort.polite,
            recheck=request.recheck,
            follow_root_link=request.follow_root_link,
            cross_mounts=request.cross_mounts,
            allow_empty=request.allow_empty,
            listing=request.listing,
            salt=salt.hex(),
            asked=tuple(path.decode("latin-1") for path in asked),
            rate=request.rate or 0,
            compress=request.route != "local",
            rules=tuple((rule.is_ignore, rule.regex, rule.pattern) for rule in request.rules.agent_program()),
            effects=agent_effects(request.proofs),
            extra_paths=local.EXTRA_PATHS if request.route == "local" else (),
        )

    def _read_hello(self) -> Hello:
        frame = self._next_frame()
        if frame.type is not FrameType.HELLO:
            raise broken("it does not begin with its greeting")
        hello = frames.parse_json(Hello, frame.payload)
        if hello.nonce != self.nonce:
            raise broken("it answers another scan")
        return hello

    # Frames

    def _next_frame(self) -> RawFrame:
        if not self._unpacked:
            frame = self._frame_from_wire()
            if frame.type is not FrameType.PACKED:
                return self._taken(frame)
            self._counts[FrameType.PACKED] += 1
            self._unpacked += frames.unpacked(frame.payload)
        frame = self._frame_from_pack()
        if frame.type in (FrameType.PACKED, FrameType.END):
            raise broken("a compressed frame with what cannot be in it")
        return self._taken(frame)

    def _frame_from_wire(self) -> RawFrame:
        size = frames.FRAME.size
        self._fill(size)
        kind, length = frames.frame_header(self._buffer, self._sequence)
        self._fill(size + length)
        raw = bytes(self._buffer[: size + length])
        del self._buffer[: size + length]
        self._alive()
        if kind is not FrameType.END:
            self._digest.update(raw)
        return RawFrame(kind, raw)

    def _frame_from_pack(self) -> RawFrame:
        size = frames.FRAME.size
        if len(self._unpacked) < size:
            raise broken("a compressed frame that is cut")
        kind, length = frames.frame_header(self._unpacked, self._sequence)
        raw = bytes(self._unpacked[: size + length])
        if len(raw) < size + length:
            raise broken("a compressed frame that is cut")
        del self._unpacked[: size + length]
        return RawFrame(kind, raw)

    def _taken(self, frame: RawFrame) -> RawFrame:
        self._sequence += 1
        if frame.type is FrameType.ERROR:
            raise self._trouble(frames.parse_json(Trouble, frame.payload))
        if frame.type is not FrameType.END:
            self._counts[frame.type] += 1
        return frame

    def _fill(self, length: int) -> None:
        while len(self._buffer) < length:
            if not self._receive(self._channel):
                raise self._broke_off()

    def _finish(self, frame: RawFrame) -> None:
        """Believe the end only when it names every byte before it and nothing follows."""
        end = frames.parse_json(End, frame.payload)
        if end.nonce != self.nonce or end.sha256 != self._digest.hexdigest():
            raise broken("the digest at its end is not that of what was received")
        if end.frames != {str(int(kind)): count for kind, count in self._counts.items()}:
            raise broken("the counts at its end do not add up")
        self.workers = end.workers
        if self._buffer or self._receive(self._channel):
            raise broken("something came after its end")

    def _receive(self, channel: Channel) -> bool:
        """Take what comes next into the buffer; ``False`` at the end of the stream."""
        limit = self._heard_s + self._request.idle_timeout_s
        if self._request.deadline_s is not None:
            limit = min(limit, self._started_s + self._request.deadline_s)
        while True:
            now = self._clock.monotonic_s()
            if now >= limit:
                raise self._too_late(now)
            self._still_wanted()
            try:
                data = channel.receive(min(limit - now, _SLICE_S))
                break
            except TimeoutError:
                continue
            except RemoteError as error:
                raise self._broke_off(error) from error
        self._buffer += data
        self._heard_bytes += len(data)
        if self._heard_bytes >= _ALIVE_BYTES:
            self._alive()
        return bool(data)

    def _alive(self) -> None:
        self._heard_s = self._clock.monotonic_s()
        self._heard_bytes = 0

    def _watch(self, beat: Beat) -> None:
        """Give up a host that beats and does not move: a worker is stopped, or a disk does not answer."""
        if beat != self._last_beat:
            self._last_beat = beat
            self._moved_s = self._heard_s
        elif self._heard_s - self._moved_s > _STALLED_TIMEOUTS * self._request.idle_timeout_s:
            raise RemoteError(
                f"the agent is alive and has read nothing for {self._heard_s - self._moved_s:.0f} s",
                where=self._host.shown,
                hint="A disk or a network drive of that host does not answer, or a process was stopped.",
            )

    # What to say when it goes wrong

    def _too_late(self, now: float) -> RemoteError:
        deadline = self._request.deadline_s
        if deadline is not None and now - self._started_s >= deadline:
            return RemoteError(
                f"the scan did not end within {deadline:g} s",
                where=self._host.shown,
                hint="Give more time with --deadline, or leave the deadline out.",
            )
        return RemoteError(
            f"nothing was heard from the agent for {self._request.idle_timeout_s:g} s (idle timeout)",
            where=self._host.shown,
            hint="The host or the line hangs. Try again; a longer --idle-timeout helps on a host that is very busy.",
        )

    def _broke_off(self, cause: RemoteError | None = None) -> RemoteError:
        if cause is not None:
            why = cause.what
        else:
            said = _excerpt(self._channel.stderr_tail())
            why = _status_words(self._channel.exit_status(_EXIT_WAIT_S)) + (f": {said}" if said else "")
        return RemoteError(
            f"the agent broke off before its end ({why})",
            where=self._host.shown,
            hint="It was killed, ran out of memory, or the connection was cut. Nothing of it was kept; try again.",
        )

    def _trouble(self, trouble: Trouble) -> HandoverError:
        where = f"{self._request.location}"
        # SECURITY: a frame can carry megabytes, and these words go to a terminal.
        text = shown(trouble.text[:_SHOWN_TROUBLE])
        match trouble.code:
            case "missing":
                return UsageError("there is nothing at this path", where=where, hint="Check the path of the root.")
            case "not-a-folder":
                return UsageError("is not a folder", where=where, hint="Name the folder that holds the files.")
            case "link":
                return UsageError(
                    "is a symbolic link",
                    where=where,
                    hint="Name the folder itself, or add --follow-root-link if the link is meant.",
                )
            case "unmounted":
                return Refused(
                    f"{text} should be a mounted filesystem (/etc/fstab) and is not mounted",
                    where=where,
                    hint="Mount it first. If the folder is meant as it is, add --allow-empty.",
                )
            case "digest":
                return Refused(
                    text,
                    where=self._host.shown,
                    hint="Use --digest sha256, which every host can compute, or install xxhash there.",
                )
            case "platform" | "parameters" | "worker":
                return RemoteError(f"the agent gave up: {text}", where=self._host.shown)
            case _:
                return RemoteError(
                    f"the agent failed: {text}",
                    where=self._host.shown,
                    hint="This is a bug in handover. Please report it with these lines.",
                )


def _excerpt(raw: bytes | bytearray) -> str:
    return shown(bytes(raw[:_SHOWN_BYTES]).strip())


def _status_words(status: int | None) -> str:
    if status is None:
        return "the connection ended without an exit status"
    return f"killed by signal {-status}" if status < 0 else f"exit status {status}"
