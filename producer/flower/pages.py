"""Pages of Flower that differ from its own: metrics with a login, and every queue of the fleet."""

import logging
from typing import Any

from flower.views.broker import BrokerView
from flower.views.monitor import Metrics
from tornado import web

from shared.broker.dispatch_state import DispatchState
from shared.broker.queues import page_queues
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable

log = logging.getLogger("pagefleet.flower")


class GuardedMetrics(Metrics):  # type: ignore[misc]  # flower has no types
    """Flower's metrics, with the login; plain Flower serves them without one."""

    @web.authenticated
    async def get(self) -> None:
        """See flower.views.monitor.Metrics."""
        await super().get()


class PageQueues:
    """The queues of all pools, read from the broker each time, because pools appear later."""

    def __init__(self, settings: Settings) -> None:
        self._dispatch_state = DispatchState(settings)
        self._names: frozenset[str] = frozenset()

    def check(self) -> None:
        """Read them for the first time; raises BrokerUnreachable."""
        pools = self._dispatch_state.pools.ids()
        self._names = frozenset(name for pool in pools for name in page_queues(pool))

    def names(self) -> frozenset[str]:
        """The names now, or those that were read last; waits for the broker."""
        try:
            self.check()
        except BrokerUnreachable as error:
            log.warning("the list of queues may be out of date: %s", error.message)
        return self._names


class AllQueues(BrokerView):  # type: ignore[misc]
    """The broker page with every queue of the fleet, also queues without a worker."""

    def initialize(self, page_queues: PageQueues) -> None:
        """Tornado passes the arguments of the route here."""
        self._page_queues = page_queues
        self._names: frozenset[str] = frozenset()

    @web.authenticated
    async def get(self) -> None:
        """See flower.views.broker.BrokerView; the broker is asked in another thread."""
        loop: Any = self.application.io_loop
        self._names = await loop.run_in_executor(None, self._page_queues.names)
        await super().get()

    def get_active_queue_names(self) -> list[str]:
        """Sorted names of the queues."""
        names = {queue.name for queue in self.capp.conf.task_queues} | self._names
        return sorted(names | set(super().get_active_queue_names()))
