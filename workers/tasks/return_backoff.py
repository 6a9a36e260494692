"""Decides how long a page that only other workers can read occupies a slot of this worker."""

import random
import threading
import time
from collections.abc import Callable

#: Mean pause before a page is returned that came back before any other such page did.
REPEAT_PAUSE_S = 5.0
#: Share of the pause that is random: with equal pauses the worker that returns a page can be the
#: one that waits longest at the queue each time, so that no other worker ever gets the page.
REPEAT_JITTER = 0.5
#: Such pages are returned at least this far apart, so that other pages get their turn.
SPACING_S = 0.01
#: Pages and jobs remembered at most.
MAX_REMEMBERED = 10_000
_RANDOM = random.SystemRandom()


class ReturnBackoff:
    """Thread-safe; ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_pages: set[str] = set()
        self._reported_jobs: set[str] = set()
        self._next = float("-inf")

    def pause(self, page: str) -> float:
        """Seconds to wait before ``page`` goes back to its queue."""
        with self._lock:
            round_is_over = page in self._seen_pages or len(self._seen_pages) >= MAX_REMEMBERED
            if round_is_over:
                self._seen_pages.clear()
            self._seen_pages.add(page)
            if round_is_over:
                return REPEAT_PAUSE_S * _RANDOM.uniform(1 - REPEAT_JITTER, 1 + REPEAT_JITTER)
            now = self._clock()
            self._next = max(now, self._next + SPACING_S)
            return self._next - now

    def should_log(self, job_id: str) -> bool:
        """True for the first page of each job, so that a job is logged once."""
        with self._lock:
            if len(self._reported_jobs) >= MAX_REMEMBERED:
                self._reported_jobs.clear()
            is_first = job_id not in self._reported_jobs
            self._reported_jobs.add(job_id)
            return is_first
