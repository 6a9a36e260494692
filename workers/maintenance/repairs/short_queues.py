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
        return sum(
            self._dispatcher.top_up(pool, priority, force=True)
            for pool in self._dispatch_state.pools.ids()
            for priority in PRIORITIES
        )
