"""Dispatches pages again whose messages were lost between the broker and a worker.

A page that waits in a long queue is not lost. Its message is lost when pages that were
dispatched after it have started, or its queue is empty, and no worker holds it. Both must be
true at two looks some time apart.
"""

import time
from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.queues import page_queue
from shared.domain.lanes import Lane
from workers.maintenance.repairs.repair import SweepTimings


class LostMessages:
    """Remembers the pages whose messages it suspects to be lost."""

    kind: ClassVar[str | None] = "lost"

    def __init__(
        self, dispatch_state: DispatchState, dispatcher: Dispatcher, timings: SweepTimings
    ) -> None:
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher
        self._timings = timings
        #: Queue and page, and since when (monotonic clock) the message seems lost.
        self._suspected: dict[tuple[str, str], float] = {}

    def run(self) -> int:
        """Look at every queue of every pool; returns the number of pages sent again."""
        return sum(
            self._repair(pool, page_queue(pool, lane))
            for pool in self._dispatch_state.pools.ids()
            for lane in Lane
        )

    def _repair(self, pool: str, queue: str) -> int:
        lost = self._lost(queue, self._suspects(pool, queue))
        if not lost:
            return 0
        pages = self._dispatch_state.pages.requeue(pool, queue, lost)
        self._dispatcher.publish(pages)
        for page in lost:
            del self._suspected[queue, page]
        return len(pages)

    def _suspects(self, pool: str, queue: str) -> set[str]:
        """Pages that look as if their messages were lost, at this look."""
        slack = 2 + 2 * sum(worker.capacity for worker in self._dispatch_state.workers.live(pool))
        suspects = set(self._dispatch_state.pages.overdue(queue, slack))
        if self._dispatch_state.pages.queue_length(queue) == 0:
            suspects |= set(self._dispatch_state.pages.queued(queue))
        return suspects

    def _lost(self, queue: str, suspects: set[str]) -> list[str]:
        """Those of ``suspects`` that were suspected for long enough."""
        now = time.monotonic()
        for key in list(self._suspected):
            if key[0] == queue and key[1] not in suspects:
                del self._suspected[key]
        for page in suspects:
            self._suspected.setdefault((queue, page), now)
        limit_s = self._timings.lost_after_s
        return [page for page in suspects if now - self._suspected[queue, page] >= limit_s]
