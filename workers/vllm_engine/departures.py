"""Lets pages depart for the engine in small groups.

Pages that arrive together go through the vision tower and the first step together, which
costs the device far less than one after the other between the steps of all other pages.
"""

import asyncio

#: Pages of a group: as many as one step of the engine takes up.
GROUP = 8
#: Seconds that the first page of a group waits for others.
PATIENCE_S = 0.4


class Departures:
    """All on one event loop."""

    def __init__(self, group: int = GROUP, patience_s: float = PATIENCE_S) -> None:
        self._group = max(1, group)
        self._patience_s = patience_s
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None

    async def depart(self) -> None:
        """Return when this page's group is full or has waited long enough."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) >= self._group:
            self._release()
        elif self._timer is None:
            self._timer = loop.call_later(self._patience_s, self._release)
        try:
            await turn
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        leaving, self._waiting = self._waiting, []
        for turn in leaving:
            if not turn.done():
                turn.set_result(None)
