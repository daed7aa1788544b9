"""Two manifests side by side: a leader that is parsed, and a follower that is only held against it where they agree."""

from __future__ import annotations

from collections.abc import Sequence

from handover.manifest_lines import Batch, Block, Line, contents_of
from handover.manifest_reader import Reader

_NOTHING = Batch(b"", 0)
#: How many lines are compared at once after a difference, and how many times more each time that they agree.
_WINDOW, _GROWTH = 16, 4


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

    def contents(self, start: int, count: int) -> list[bytes]:
        """Return the contents of lines, the first of them ``start`` after the next one."""
        return self._batch.contents[self._at + start : self._at + start + count]

    def begins(self, raw: bytes) -> bool:
        """Whether the next line is the first of a batch that has these bytes."""
        return self._at == 0 and self._batch.block == raw

    @property
    def whole(self) -> list[bytes]:
        """The contents of all lines of this batch."""
        return self._batch.contents

    def key_at(self, offset: int) -> bytes:
        """Return the key of a line of this batch."""
        return self._batch.keys[self._at + offset]

    def keys(self, count: int) -> list[bytes]:
        """Return the keys of the next ``count`` lines of this batch."""
        return self._batch.keys[self._at : self._at + count]

    def weigh(self, start: int, count: int) -> tuple[int, int]:
        """Return how many files there are in ``count`` plain lines, and their bytes; ``start`` as in ``contents``."""
        sizes = list(filter(None, self._batch.sizes[self._at + start : self._at + start + count]))
        return len(sizes), sum(map(int, sizes))


class Follower:
    """Goes through the lines of the other manifest and parses only those that do not agree with the leader's.

    A line that has the content of a plain line and a plain ``host`` is a plain line.
    """

    def __init__(self, reader: Reader | None) -> None:
        self._reader = reader
        self._blocks = iter(()) if reader is None else reader.blocks()
        self._block = Block(b"", 0, 0)
        self._lines: list[bytes] = []
        self._contents: Sequence[bytes | None] | None = None
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
        """Return how many of the next lines are plain and have the leader's content, in this block."""
        if self._contents is None:
            self._contents = leader.whole if leader.begins(self._block.raw) else contents_of(self._block)
        limit = min(leader.plain(), len(self._contents) - self._at)
        agreed, window = 0, _WINDOW
        while agreed < limit:
            count = min(window, limit - agreed)
            theirs = leader.contents(agreed, count)
            ours = self._contents[self._at + agreed : self._at + agreed + count]
            if ours != theirs:
                return agreed + next(
                    place for place, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]
                )
            agreed += count
            window *= _GROWTH
        return agreed

    def skip(self, count: int, leader: Leader) -> None:
        """Go past lines that agree with the leader's next ones, whose order was checked there."""
        self._check(leader.key)
        self._last = leader.key_at(count - 1)
        self._advance(count)

    def _line(self) -> Line:
        if self._next is None:
            assert self._reader is not None
            if not self._lines:
                self._lines = self._block.raw.split(b"\n")[:-1]
            self._next = self._reader.line(self._lines[self._at], self._block.number + self._at)
            self._check(self._next.key)
        return self._next

    def _check(self, key: bytes) -> None:
        assert self._reader is not None
        self._reader.check_order(self._last, [key])

    def _advance(self, count: int) -> None:
        self._at += count
        self._next = None
        if self._at >= self._block.length and not self.ended:
            block = next(self._blocks, None)
            self.ended = block is None
            self._at, self._lines, self._contents = 0, [], None
            self._block = block or Block(b"", 0, 0)
