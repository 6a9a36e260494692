"""Pages and tokens of a worker: totals since its start and rates over the last minute."""

import threading
import time
from collections import deque
from dataclasses import asdict, dataclass

from workers.observability.time_attribution import TimeAttribution

WINDOW_S = 60.0
#: Characters of a fault in a heartbeat; its readers refuse longer texts.
MAX_FAULT = 200


@dataclass(frozen=True)
class Totals:
    """Since the start of the process."""

    pages: int = 0
    failed: int = 0
    tokens: int = 0
    busy_s: float = 0.0


@dataclass(frozen=True)
class Rates:
    """Over the last minute, or since the start where that is shorter; ``busy`` is 0 to 1."""

    pages_per_s: float
    tokens_per_s: float
    busy: float


class Throughput:
    """Counts ended pages; threads may count, and one thread reads the rates."""

    def __init__(self, time_attribution: TimeAttribution) -> None:
        self._time = time_attribution
        self._lock = threading.Lock()
        self._pages = self._failed = self._tokens = 0
        self._fault = ""
        self._samples: deque[tuple[float, Totals]] = deque([(time.monotonic(), Totals())])

    def count(self, *, failed: bool, tokens: int) -> None:
        """Count one page that has ended."""
        with self._lock:
            self._pages += 1
            self._failed += failed
            self._tokens += tokens
            self._fault = ""

    def record_return(self, fault: str) -> None:
        """A page returned to its queue because of machine or engine; ``fault`` says why."""
        with self._lock:
            self._fault = fault[:MAX_FAULT]

    def totals(self) -> Totals:
        """The totals so far."""
        with self._lock:
            return Totals(self._pages, self._failed, self._tokens, self._time.busy_s)

    def rates(self) -> Rates:
        """Rates over the last minute; takes a sample, so call it at every heartbeat."""
        now, totals = time.monotonic(), self.totals()
        while len(self._samples) > 1 and now - self._samples[1][0] >= WINDOW_S:
            self._samples.popleft()
        then, before = self._samples[0]
        self._samples.append((now, totals))
        passed = max(now - then, 0.001)
        return Rates(
            pages_per_s=round((totals.pages - before.pages) / passed, 3),
            tokens_per_s=round((totals.tokens - before.tokens) / passed, 1),
            busy=round(min(1.0, (totals.busy_s - before.busy_s) / passed), 3),
        )

    def facts(self) -> dict[str, float | int | str]:
        """Totals, rates and the fault since the last page that ended, for a heartbeat."""
        totals = self.totals()
        numbers = {**asdict(totals), "busy_s": round(totals.busy_s, 1), **asdict(self.rates())}
        return {**numbers, "fault": self._fault} if self._fault else numbers
