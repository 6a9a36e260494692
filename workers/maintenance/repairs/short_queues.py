"""Fills queues that are short although pages wait to be dispatched."""

from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.domain.lanes import PRIORITIES


class ShortQueues:
    """Tops up queues whose workers died before they did it."""

    kind: ClassVar[str | None] = None

    def __init__(self, dispatch_state: DispatchState, dispatcher: Dispatcher) -> None:
        self._dispatch_state = dispatch_state
        self._dispatcher = dispatcher

    def run(self) -> int:
        """Top up every lane of every pool; returns the number of dispatched pages."""
        return sum(map(self._fill, self._dispatch_state.pools.ids()))

    def _fill(self, pool: str) -> int:
        # A count that is too high would keep pages of a tenant back.
        self._dispatch_state.pages.count_tenants(pool)
        return sum(self._dispatcher.top_up(pool, priority, force=True) for priority in PRIORITIES)
