"""Runs calls that may wait for the broker in a thread, one after the other.

Celery's event loop makes such calls itself. While a broker is silent each of them waits for its
answer, some of them without end, and nothing else runs in the loop.
"""

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any

log = logging.getLogger("pagefleet.worker")


class BackgroundCalls:
    """A daemon thread and the calls that wait for it; beyond ``limit`` of them the oldest go."""

    def __init__(self, name: str, limit: int = 0) -> None:
        self._calls: queue.Queue[Callable[[], object]] = queue.Queue(limit)
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def add(self, call: Callable[[], object]) -> None:
        """Have ``call`` run soon; never waits."""
        while True:
            try:
                return self._calls.put_nowait(call)
            except queue.Full:
                self._drop_oldest()

    def finish(self, seconds: float) -> bool:
        """Wait until all calls so far are done, but no longer than ``seconds``; False if not."""
        done = threading.Event()
        self.add(done.set)
        return done.wait(seconds)

    def _drop_oldest(self) -> None:
        try:
            self._calls.get_nowait()
        except queue.Empty:
            return

    def _run(self) -> Any:
        while True:
            call = self._calls.get()
            try:
                call()
            except Exception as error:  # the next call must run all the same
                log.warning("a call to the broker failed: %s", error)
