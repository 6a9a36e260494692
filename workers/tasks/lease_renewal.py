"""Background thread: renews page leases, aborts cancelled pages, sends heartbeats.

A renewal costs the broker a few commands for each page in flight, so there are few of them. Between
two it is asked only which jobs were cancelled, and whether it still knows a lease of this process.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.broker.page_state import job_of
from shared.domain.errors import BrokerUnreachable
from shared.domain.pools import Pool
from workers.inflight.cancellation import Reason
from workers.inflight.inflight_pages import InflightPages
from workers.observability import metrics

log = logging.getLogger("pagefleet.lease")
#: Seconds between two looks at the pages in flight.
TICK_S = 2.0
#: A heartbeat is sent with every fourth look.
HEARTBEAT_TICKS = 4
#: Renewals in the time of a lease. A jump of the broker's clock takes half a lease at most, so a
#: third remains for the two renewals around it.
RENEWALS = 6


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
        #: When the next renewal is due, by the monotonic clock.
        self._due = 0.0
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
                self.keep()
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

    def keep(self) -> None:
        """Renew the leases if that is due; else look for lost leases and cancelled jobs."""
        # A call that fails makes the next one renew.
        due, self._due = self._due, 0.0
        if time.monotonic() >= due or self._is_lost():
            self.renew()
            due = time.monotonic() + self._dispatch_state.pages.lease_s / RENEWALS
        self._due = due

    def _is_lost(self) -> bool:
        """Whether the broker has lost a lease of this process; aborts pages of cancelled jobs.

        It is asked for the oldest page: a broker that lost its data knows the newest ones.
        """
        pages = self._inflight_pages.claimed()
        if not pages:
            return False
        jobs = set(map(job_of, pages))
        held = self._dispatch_state.pages.check_held(self._pool.id, self._worker, pages[0], jobs)
        cancelled = [page for page in pages if job_of(page) in held.cancelled]
        self._inflight_pages.abort(cancelled, Reason.CANCELLED)
        return held.lost

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
