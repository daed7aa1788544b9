"""Threads that do the work of a run side by side, while the main thread stays free for signals and for the result."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextvars import copy_context
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from handover.workflow.turns import Turns

#: Nearly all of them wait for their turn; further work waits for a thread.
_MOST_THREADS = 64
_SLICE_S = 0.2
#: What is still at work so long after the end waits for a host that does not answer.
_PATIENCE_S = 1.5

_Work = tuple[Future[None], Callable[[], None]]


class Crew:
    """Does work in threads, in the order given; a block that ends by an exception ends what is still under way.

    The threads are daemons: one that waits for a host which does not answer must not keep the process. It holds no file
    and no process then, only a connection that is not there yet. They tell things in the language of who submits.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """Have the work done; the result tells when it is, and holds what it raised."""
        future: Future[None] = Future()
        self._work.put((future, work))
        if len(self._threads) < _MOST_THREADS:
            thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True, name="scan")
            self._threads.append(thread)
            thread.start()
        return future

    @staticmethod
    def wait(futures: Collection[Future[None]]) -> None:
        """Wait until one more is done, in slices, so that a signal reaches this thread at once on every system."""
        waiting = {future for future in futures if not future.done()}
        while waiting and not wait(waiting, timeout=_SLICE_S, return_when=FIRST_COMPLETED).done:
            pass

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads: at once when something went wrong, else when all is done."""
        if kind is not None:
            self._turns.stop()
        for _ in self._threads:
            self._work.put(None)
        until_s = time.monotonic() + _PATIENCE_S
        for thread in self._threads:
            if thread.is_alive():  # a signal can come before one has begun
                thread.join(max(until_s - time.monotonic(), 0))

    def _run(self) -> None:
        while (item := self._work.get()) is not None:
            future, work = item
            try:
                self._turns.check()
                work()
            except BaseException as error:  # noqa: BLE001  whoever looks at the result raises it
                future.set_exception(error)
            else:
                future.set_result(None)
