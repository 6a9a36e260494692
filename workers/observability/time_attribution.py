"""Divides a worker's time among the pages it holds at each moment."""

import threading
import time
from collections.abc import Callable


class ShareClock:
    """Thread-safe; the shares of all pages add up to the time with any page in hand.

    One counter of "seconds per page so far" is enough: a page's share is its growth between
    ``enter`` and ``leave``.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._holders = 0
        self._per_page_s = 0.0
        self._busy_s = 0.0
        self._looked = now()

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
        """Seconds in which any page was in hand."""
        with self._lock:
            self._advance()
            return self._busy_s

    def _advance(self) -> None:
        now = self._now()
        if self._holders:
            passed = now - self._looked
            self._busy_s += passed
            self._per_page_s += passed / self._holders
        self._looked = now
