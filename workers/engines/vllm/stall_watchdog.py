"""Notices an engine that hangs: no new text from any page for too long while pages run."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

CHECK_S = 1.0


class Progress:
    """Judges by what the engine makes, never by how long a page takes; on one event loop."""

    def __init__(self, stall_s: float, on_stall: Callable[[], None]) -> None:
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._running = 0
        self._last = time.monotonic()

    def made(self) -> None:
        """The engine has made something."""
        self._last = time.monotonic()

    @contextmanager
    def running(self) -> Iterator[None]:
        """A page is with the engine meanwhile."""
        if self._running == 0:
            self.made()
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    async def watch(self) -> None:
        """Call ``on_stall`` once when nothing is made any more; ends then."""
        while True:
            await asyncio.sleep(min(CHECK_S, self._stall_s / 4))
            if self._running and time.monotonic() - self._last > self._stall_s:
                self._on_stall()
                return
