"""Repeats the declaration of the pools that the setting ``pools`` names."""

from collections.abc import Sequence
from typing import ClassVar

from shared.broker.dispatch_state import DispatchState
from shared.domain.pools import Pool


class DeclaredPools:
    """A pool that leaves the setting is declared until its last declaration expires."""

    kind: ClassVar[str | None] = None

    def __init__(self, dispatch_state: DispatchState, pools: Sequence[Pool]) -> None:
        self._dispatch_state = dispatch_state
        self._pools = pools

    def run(self) -> int:
        """Declare them again; returns their number."""
        self._dispatch_state.pools.declare(self._pools)
        return len(self._pools)
