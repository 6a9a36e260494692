"""Looks at the fleet in the background, so that no caller waits for the broker."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.broker.fleet_view import Fleet, FleetView
from shared.domain.errors import BrokerUnreachable

log = logging.getLogger("pagefleet.metrics")
#: Seconds between two looks, and the longest wait for the first one.
PERIOD_S = 1.0
#: A picture older than this means that the broker does not answer.
FRESH_S = 5.0


@dataclass(frozen=True)
class Picture:
    """What the last look saw."""

    fleet: Fleet | None
    #: Seconds since the look began, and when it began, in seconds since the epoch by this clock.
    age_s: float
    taken: float
    #: Why the last look failed; "" if it did not.
    error: str

    @property
    def is_fresh(self) -> bool:
        """Whether the broker answers."""
        return self.fleet is not None and self.age_s <= FRESH_S


class FleetWatch:
    """The last picture of the fleet; thread-safe."""

    def __init__(self, view: FleetView, max_jobs: int = 1, period_s: float = PERIOD_S) -> None:
        self._view = view
        self._max_jobs = max_jobs
        self.period_s = period_s
        self._lock = threading.Lock()
        self._looked, self._stopped = threading.Event(), threading.Event()
        self._fleet: Fleet | None = None
        self._began, self._taken, self._error = time.monotonic(), time.time(), ""
        self._thread = threading.Thread(target=self._run, name="fleet-watch", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look that waits for the broker ends by itself."""
        self._stopped.set()

    def last(self) -> Picture:
        """The last picture, at once; only before the first one it waits, at most a second."""
        self._looked.wait(PERIOD_S)
        with self._lock:
            age_s = time.monotonic() - self._began
            return Picture(self._fleet, age_s, self._taken, self._error)

    def _run(self) -> None:
        while not self._stopped.is_set():
            began, taken = time.monotonic(), time.time()
            fleet, error = self._look()
            with self._lock:
                self._error = error
                if fleet is not None:
                    self._fleet, self._began, self._taken = fleet, began, taken
            self._looked.set()
            self._stopped.wait(self.period_s)

    def _look(self) -> tuple[Fleet | None, str]:
        try:
            return self._view.look(self._max_jobs), ""
        except BrokerUnreachable as error:
            if not self._error:
                log.warning("no figures of the fleet: %s", error.message)
            return None, error.message
        except Exception as error:  # the next look may succeed
            log.exception("no figures of the fleet")
            return None, f"{type(error).__name__}: {error}"


@contextmanager
def fleet_watch(
    view: FleetView, max_jobs: int = 1, period_s: float = PERIOD_S
) -> Iterator[FleetWatch]:
    """A watch that looks while the block runs."""
    watch = FleetWatch(view, max_jobs, period_s)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()
