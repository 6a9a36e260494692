"""Runs calls that may wait for the broker in a thread, one after the other.

Celery's event loop makes such calls itself. While a broker is silent each of them waits for its
answer, some of them without end, and nothing else runs in the loop.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress

log = logging.getLogger("pagefleet.worker")
#: Seconds in which calls run together.
GATHER_S = 0.02
_Call = Callable[[], object]


class BackgroundCalls:
    """A daemon thread and the calls that wait for it; beyond ``limit`` of them the oldest go."""

    def __init__(
        self,
        name: str,
        limit: int = 0,
        together: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """``together``: the context of the calls of one moment; its end may talk to the broker."""
        # Written in C: a queue with a limit of its own costs each page ten times as much.
        self._calls: queue.SimpleQueue[_Call | threading.Event] = queue.SimpleQueue()
        self._limit = limit
        self._together = together
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def add(self, call: _Call) -> None:
        """Have ``call`` run soon; never waits."""
        self._put(call)

    def finish(self, seconds: float) -> bool:
        """Wait until all calls so far are done, but no longer than ``seconds``; False if not."""
        done = threading.Event()
        self._put(done)
        return done.wait(seconds)

    def _put(self, item: _Call | threading.Event) -> None:
        if self._limit and self._calls.qsize() >= self._limit:
            self._drop_oldest()
        self._calls.put(item)

    def _drop_oldest(self) -> None:
        with suppress(queue.Empty):
            self._calls.get_nowait()

    def _run(self) -> None:
        while True:
            item = self._calls.get()
            try:
                with self._together():
                    item = self._run_from(item)
            except Exception as error:  # the next calls must run all the same
                log.warning("a call to the broker failed: %s", error)
            if isinstance(item, threading.Event):
                item.set()

    def _run_from(self, item: _Call | threading.Event) -> _Call | threading.Event:
        """Run the calls of one moment; returns the last, or the event of one who waits for them."""
        until = time.monotonic() + GATHER_S
        while not isinstance(item, threading.Event):
            _run_logged(item)
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                item = self._calls.get(timeout=left)
            except queue.Empty:
                break
        return item


def _run_logged(call: _Call) -> None:
    try:
        call()
    except Exception as error:  # the next call must run all the same
        log.warning("a call to the broker failed: %s", error)
