"""Detects an engine that hangs: pages are in flight, but no page got new text for too long."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds between two checks.
CHECK_S = 1.0


class StallWatchdog:
    """Measures the time since the engine's last output, not the time of a page.

    Used on one event loop.
    """

    def __init__(self, stall_s: float, on_stall: Callable[[], None]) -> None:
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._in_flight = 0
        self._last_output = time.monotonic()

    def note_output(self) -> None:
        """Record that the engine produced output."""
        self._last_output = time.monotonic()

    @contextmanager
    def page_in_flight(self) -> Iterator[None]:
        """Count a page as in flight while the block runs."""
        if self._in_flight == 0:
            self.note_output()
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    async def watch(self) -> None:
        """Call ``on_stall`` once when the engine stalls, then return."""
        while True:
            await asyncio.sleep(min(CHECK_S, self._stall_s / 4))
            if self._in_flight and time.monotonic() - self._last_output > self._stall_s:
                self._on_stall()
                return
