"""Two manifests side by side: a leader that is parsed, and a follower that is only held against it where they agree."""

from __future__ import annotations

from handover.manifest_lines import Batch, Line, hosts_are_plain
from handover.manifest_reader import Reader

_NOTHING = Batch(b"", 0)


class Leader:
    """Goes through the lines of one manifest in checked batches; of a side that was not read there are none."""

    def __init__(self, reader: Reader | None) -> None:
        self._batches = iter(()) if reader is None else reader.batches()
        self._batch = _NOTHING
        self._at = 0
        self.ended = False
        self.advance(0)

    @property
    def key(self) -> bytes:
        """The key of the line that is next."""
        return self._batch.keys[self._at]

    def take(self) -> Line:
        """Return the next line and go past it."""
        line = self._batch.line(self._at)
        self.advance(1)
        return line

    def advance(self, count: int) -> None:
        """Go past lines of this batch."""
        self._at += count
        if self._at >= len(self._batch) and not self.ended:
            self._batch, self._at = next(self._batches, _NOTHING), 0
            self.ended = self._batch is _NOTHING

    def plain(self) -> int:
        """Return how many of the next lines are plain, in this batch."""
        return 0 if self.ended else self._batch.plain_from(self._at)

    def stems(self, start: int, count: int) -> list[bytes]:
        """Return the stems of lines, the first of them ``start`` after the next one."""
        return self._batch.stems[self._at + start : self._at + start + count]

    def lines(self, start: int, count: int) -> list[bytes]:
        """Return whole lines, the first of them ``start`` after the next one."""
        return self._batch.lines[self._at + start : self._at + start + count]

    @property
    def all_have_host(self) -> bool:
        """Whether every line of this batch ends with ``host``."""
        return self._batch.all_have_host

    def key_at(self, offset: int) -> bytes:
        """Return the key of a line of this batch."""
        return self._batch.keys[self._at + offset]

    def weigh(self, count: int) -> tuple[int, int]:
        """Return how many files there are in the next ``count`` plain lines, and their bytes."""
        sizes = list(filter(None, self._batch.sizes[self._at : self._at + count]))
        return len(sizes), sum(map(int, sizes))


class Follower:
    """Goes through the lines of the other manifest and parses only those that do not agree with the leader's.

    A line that begins with the stem of a plain line is that plain line, as far as it is compared.
    """

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self._blocks = iter(()) if reader is None else reader.blocks()
        self._lines: list[bytes] = []
        self._number = 0
        self._at = 0
        self._next: Line | None = None
        self._last: bytes | None = None
        self.ended = False
        self._advance(0)

    @property
    def key(self) -> bytes:
        """The key of the line that is next."""
        return self._line().key

    def take(self) -> Line:
        """Return the next line and go past it."""
        line = self._line()
        self._last = line.key
        self._advance(1)
        return line

    def agreeing(self, leader: Leader) -> int:
        """Return how many of the next lines are plain and have the leader's stem, in this block.

        Doubles the stretch while it agrees, then halves it: the cost is that of the lines that agree.
        """
        limit = min(leader.plain(), len(self._lines) - self._at)
        agreed, step = 0, 1
        while agreed < limit and self._agree(leader, agreed, min(step, limit - agreed)):
            agreed += min(step, limit - agreed)
            step *= 2
        while step > 1 and agreed < limit:
            step //= 2
            if agreed + step <= limit and self._agree(leader, agreed, step):
                agreed += step
        return agreed

    def skip(self, count: int, leader: Leader) -> None:
        """Go past lines that agree with the leader's next ones, whose order was checked there."""
        self._check(leader.key)
        self._last = leader.key_at(count - 1)
        self._advance(count)

    def _agree(self, leader: Leader, start: int, count: int) -> bool:
        lines = self._lines[self._at + start : self._at + start + count]
        stems = leader.stems(start, count)
        if not all(map(bytes.startswith, lines, stems)):
            return False
        if lines == leader.lines(start, count):
            return True
        # SECURITY: what comes after a stem is not compared, but nothing unknown may hide there.
        ends = [(line[len(stem) :], stem.endswith(b"}")) for line, stem in zip(lines, stems, strict=True)]
        if not leader.all_have_host and any(rest for rest, closed in ends if closed):
            return False
        hosts = [rest for rest, closed in ends if not closed]
        return not hosts or hosts_are_plain(hosts)

    def _line(self) -> Line:
        if self._next is None:
            assert self._reader is not None
            self._next = self._reader.line(self._lines[self._at], self._number + self._at)
            self._check(self._next.key)
        return self._next

    def _check(self, key: bytes) -> None:
        assert self._reader is not None
        self._reader.check_order(self._last, [key])

    def _advance(self, count: int) -> None:
        self._at += count
        self._next = None
        if self._at >= len(self._lines) and not self.ended:
            block = next(self._blocks, None)
            self.ended = block is None
            self._at = 0
            self._lines = [] if block is None else block.raw.split(b"\n")[:-1]
            self._number = 0 if block is None else block.number
