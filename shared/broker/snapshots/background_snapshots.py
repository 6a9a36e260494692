"""Takes snapshots of the fleet in a background thread, so that no caller waits for the broker."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.broker.snapshots.fleet_snapshot import FleetReader, FleetSnapshot
from shared.domain.errors import BrokerUnreachable

log = logging.getLogger("pagefleet.metrics")
#: Seconds between two snapshots, and the longest wait for the first one.
PERIOD_S = 1.0
#: A snapshot older than this means that the broker does not answer.
FRESH_S = 5.0


@dataclass(frozen=True)
class LastSnapshot:
    """The last snapshot, its age, and the error of a later try."""

    fleet: FleetSnapshot | None
    #: Seconds since it was begun, and when that was, in seconds since the epoch by this clock.
    age_s: float
    taken: float
    #: Why the last try failed; "" if it did not.
    error: str

    @property
    def is_fresh(self) -> bool:
        """Whether the broker answers."""
        return self.fleet is not None and self.age_s <= FRESH_S


class BackgroundSnapshots:
    """Keeps the last snapshot of the fleet; thread-safe."""

    def __init__(self, reader: FleetReader, max_jobs: int = 1, period_s: float = PERIOD_S) -> None:
        self._reader = reader
        self._max_jobs = max_jobs
        self.period_s = period_s
        self._lock = threading.Lock()
        self._tried, self._stopped = threading.Event(), threading.Event()
        self._fleet: FleetSnapshot | None = None
        self._began, self._taken, self._error = time.monotonic(), time.time(), ""
        self._thread = threading.Thread(target=self._run, name="fleet-snapshots", daemon=True)

    def start(self) -> None:
        """Take snapshots from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more; one that waits for the broker ends by itself."""
        self._stopped.set()

    def last(self) -> LastSnapshot:
        """The last snapshot, at once; waits only before the first one, at most a second."""
        self._tried.wait(PERIOD_S)
        with self._lock:
            age_s = time.monotonic() - self._began
            return LastSnapshot(self._fleet, age_s, self._taken, self._error)

    def _run(self) -> None:
        while not self._stopped.is_set():
            began, taken = time.monotonic(), time.time()
            fleet, error = self._try_once()
            with self._lock:
                self._error = error
                if fleet is not None:
                    self._fleet, self._began, self._taken = fleet, began, taken
            self._tried.set()
            self._stopped.wait(self.period_s)

    def _try_once(self) -> tuple[FleetSnapshot | None, str]:
        try:
            return self._reader.snapshot(self._max_jobs), ""
        except BrokerUnreachable as error:
            if not self._error:
                log.warning("the state of the fleet was not read: %s", error.message)
            return None, error.message
        except Exception as error:  # the next try may succeed
            log.exception("the state of the fleet was not read")
            return None, f"{type(error).__name__}: {error}"


@contextmanager
def background_snapshots(
    reader: FleetReader, max_jobs: int = 1, period_s: float = PERIOD_S
) -> Iterator[BackgroundSnapshots]:
    """Take snapshots while the block runs."""
    snapshots = BackgroundSnapshots(reader, max_jobs, period_s)
    snapshots.start()
    try:
        yield snapshots
    finally:
        snapshots.stop()
