"""Purges ended jobs after their retention, if the clock can be trusted."""

import logging
import time
from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from workers.maintenance.repairs.repair import SweepTimings
from workers.maintenance.repairs.retention import Retention

log = logging.getLogger("pagefleet.sweep")


class ExpiredJobs:
    """Compares this machine's clock with the broker's before each look."""

    kind: ClassVar[str | None] = "purged"

    def __init__(
        self, retention: Retention, dispatch_state: DispatchState, timings: SweepTimings
    ) -> None:
        self._retention = retention
        self._dispatch_state = dispatch_state
        self._timings = timings

    def run(self) -> int:
        """Apply the retention; returns the number of purged jobs."""
        return self._retention.apply() if self._clocks_agree() else 0

    def _clocks_agree(self) -> bool:
        difference_s = abs(time.time() - self._dispatch_state.now())
        if difference_s < self._timings.clock_slack_s:
            return True
        log.error("nothing is purged: the clocks of this machine and the broker differ")
        return False
