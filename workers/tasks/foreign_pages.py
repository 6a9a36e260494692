"""Pages of other models than the worker's own: how long they may hold a place here."""

import threading
import time
from collections.abc import Callable

#: A page that comes again before another one has rested holds its place so long.
REST_S = 5.0
#: The others pass by at this distance, so that those behind them get their turn.
SPACING_S = 0.01
#: Pages and jobs remembered at most.
MOST = 10_000


class ModelMismatchBackoff:
    """Thread-safe; ``clock`` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._met: set[str] = set()
        self._told: set[str] = set()
        self._next = float("-inf")

    def pause(self, page: str) -> float:
        """Seconds for which ``page`` rests before it is offered again."""
        with self._lock:
            round_is_over = page in self._met or len(self._met) >= MOST
            if round_is_over:
                self._met.clear()
            self._met.add(page)
            if round_is_over:
                return REST_S
            now = self._clock()
            self._next = max(now, self._next + SPACING_S)
            return self._next - now

    def is_news(self, job_id: str) -> bool:
        """Whether nothing has been said of this job yet."""
        with self._lock:
            if len(self._told) >= MOST:
                self._told.clear()
            news = job_id not in self._told
            self._told.add(job_id)
            return news
