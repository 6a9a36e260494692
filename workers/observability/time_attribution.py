"""Attributes a worker's time to its pages: each moment is divided equally among them."""

import threading
import time
from collections.abc import Callable


class TimeAttribution:
    """Thread-safe; the shares of all pages add up to the time in which any page was in flight.

    One counter of seconds per page is enough: a page's share is the growth of that counter
    between ``enter`` and ``leave``.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._holders = 0
        self._per_page_s = 0.0
        self._busy_s = 0.0
        self._advanced_at = now()

    def enter(self) -> float:
        """A page begins; returns the mark for ``leave``."""
        with self._lock:
            self._advance()
            self._holders += 1
            return self._per_page_s

    def leave(self, mark: float) -> float:
        """The page ends; returns its share in seconds."""
        with self._lock:
            self._advance()
            self._holders -= 1
            return self._per_page_s - mark

    @property
    def busy_s(self) -> float:
        """Seconds in which any page was in flight."""
        with self._lock:
            self._advance()
            return self._busy_s

    def _advance(self) -> None:
        now = self._now()
        if self._holders:
            elapsed = now - self._advanced_at
            self._busy_s += elapsed
            self._per_page_s += elapsed / self._holders
        self._advanced_at = now
