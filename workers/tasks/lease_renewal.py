"""Background thread: renews page leases, aborts cancelled pages, sends heartbeats."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.errors import BrokerUnreachable
from shared.domain.pools import Pool
from workers.inflight.cancellation import Reason
from workers.inflight.inflight_pages import InflightPages
from workers.observability import metrics

log = logging.getLogger("pagefleet.lease")
#: Seconds between two rounds of renewal.
TICK_S = 2.0
#: A heartbeat is sent with every fourth renewal.
HEARTBEAT_TICKS = 4


class LeaseRenewal:
    """One thread per pages process; goes on through outages of the broker."""

    def __init__(
        self,
        dispatch_state: DispatchState,
        dispatcher: Dispatcher,
        inflight_pages: InflightPages,
        pool: Pool,
        worker: str,
        *,
        declares: bool = True,
    ) -> None:
        """``declares``: the heartbeats also declare the pool to the fleet."""
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher
        self._inflight_pages = inflight_pages
        self._pool = pool
        self._declares = declares
        self._worker = worker
        self._capacity = 0
        self._facts: Callable[[], dict[str, Any]] = dict
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease-renewal", daemon=True)

    def start(self, capacity: int, facts: Callable[[], dict[str, Any]]) -> None:
        """Start the thread; every heartbeat carries ``capacity`` and the result of ``facts``."""
        self._capacity = capacity
        self._facts = facts
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and remove the worker from the pool; safe before ``start``."""
        if self._thread.ident is None:
            return
        self._stopped.set()
        self._thread.join(10)
        with suppress(BrokerUnreachable):  # the heartbeat expires by itself
            self._dispatch_state.workers.leave(self._pool.id, self._worker)

    def _run(self) -> None:
        ticks = 0
        while True:
            try:
                if ticks % HEARTBEAT_TICKS == 0:
                    self._beat()
                self.renew()
            except BrokerUnreachable as error:
                metrics.LEASE_RENEWAL_FAILURES.labels(self._pool.engine).inc()
                log.warning("the leases of this process were not renewed: %s", error.message)
            except Exception:  # without this thread every page here would be read twice
                log.exception("the leases of this process were not renewed")
            ticks += 1
            if self._stopped.wait(TICK_S):
                return

    def _beat(self) -> None:
        facts = {**self._facts(), "in_flight": len(self._inflight_pages)}
        self._dispatch_state.workers.heartbeat(self._pool.id, self._worker, self._capacity, facts)
        if self._declares:
            self._dispatch_state.pools.declare([self._pool])

    def renew(self) -> None:
        """Renew the leases of all claimed pages; abort pages that were cancelled or taken."""
        pages = self._inflight_pages.claimed()
        if not pages:
            return
        renewed = self._dispatch_state.pages.renew(self._pool.id, self._worker, pages)
        metrics.LEASE_RENEWALS.labels(self._pool.engine).inc(len(pages))
        self._inflight_pages.abort(renewed.cancelled, Reason.CANCELLED)
        self._inflight_pages.abort(renewed.taken, Reason.TAKEN)
        # The renewal may have taken a lease on a page that was released in the meantime. A page
        # stops being claimed before its lease ends, so a second look finds those pages.
        stale = set(renewed.retaken) - set(self._inflight_pages.claimed())
        self._dispatcher.publish(
            self._dispatch_state.pages.release(self._pool.id, self._worker, stale)
        )
