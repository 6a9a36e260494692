"""Forgets pools of further models that have no worker, no declaration and no job any more."""

import logging
from typing import ClassVar

from shared.broker.dispatch_state import DispatchState

log = logging.getLogger("pagefleet.sweep")


class IdlePools:
    """Bounds the number of pools, which jobs of any model create."""

    kind: ClassVar[str | None] = None

    def __init__(self, dispatch_state: DispatchState) -> None:
        self._dispatch_state = dispatch_state

    def run(self) -> int:
        """Look at every pool; returns the number of forgotten ones."""
        removed = self._dispatch_state.pools.prune()
        if removed:
            log.info("forgot pools without workers and jobs: %s", ", ".join(removed))
        return len(removed)
