"""Runs the repairs, one round at a time in the whole fleet."""

import logging
import threading
from collections import Counter
from collections.abc import Sequence

from shared.broker.dispatch_state import DispatchState
from shared.domain.errors import DocumentError
from workers.maintenance.repairs import Repair

log = logging.getLogger("pagefleet.sweep")
LOCK = "sweeper"


class Sweeper:
    """A lock in the broker, held for ``lock_s`` seconds, keeps other sweepers out."""

    def __init__(
        self, name: str, dispatch_state: DispatchState, repairs: Sequence[Repair], *, lock_s: int
    ) -> None:
        self._name = name
        self._dispatch_state = dispatch_state
        self._repairs = repairs
        self._lock_s = lock_s
        #: A request for a round may come while the timer's round runs.
        self._running = threading.Lock()

    def sweep(self) -> Counter[str] | None:
        """One round: repairs by kind; None while another sweeper, or this one, runs a round."""
        if not self._running.acquire(blocking=False):
            return None
        try:
            has_lock = self._dispatch_state.sweeper.try_lock(LOCK, self._name, self._lock_s)
            return self._sweep() if has_lock else None
        finally:
            self._running.release()

    def _sweep(self) -> Counter[str]:
        counts = Counter[str]()
        for repair in self._repairs:
            try:
                count = repair.run()
            except DocumentError as error:  # a record of one job must not stop the other repairs
                log.error("a repair stopped at a record that can't be read: %s", error.message)
                continue
            if repair.kind is not None:
                counts[repair.kind] += count
        if counts.total():
            log.info("repaired %s", {kind: count for kind, count in counts.items() if count})
        return counts
