"""Reclaims pages whose lease has expired."""

from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher

#: Seconds after its expiry at which a lease is reclaimed.
GRACE_S = 2.0


class ExpiredLeases:
    """Returns pages of workers that died or lost their connection to their queues."""

    kind: ClassVar[str | None] = "expired"

    def __init__(self, dispatch_state: DispatchState, dispatcher: Dispatcher) -> None:
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher

    def run(self) -> int:
        """Reclaim and publish; returns the number of pages."""
        reclaimed = 0
        for pool in self._dispatch_state.pools.ids():
            pages = self._dispatch_state.pages.reclaim_expired(pool, grace_s=GRACE_S)
            self._dispatcher.publish(pages)
            reclaimed += len(pages)
        return reclaimed
