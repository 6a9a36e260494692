"""Returns the pages of dead processes to their queues, in a thread that waits for the broker."""

import logging
import threading
from functools import partial

from shared.broker.dispatch_state import DispatchState
from shared.broker.dispatcher import Dispatcher
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable
from workers.process.background_calls import BackgroundCalls

log = logging.getLogger("pagefleet.supervisor")
PAUSE_S = 1.0


class Reclaimer:
    """The dead workers whose pages must still be returned."""

    def __init__(self, settings: Settings) -> None:
        self._dispatch_state = DispatchState(settings)
        self._dispatcher = Dispatcher(settings, self._dispatch_state)
        self._calls = BackgroundCalls("reclaim")
        self._pause = threading.Event()

    def add(self, pool: str, worker: str) -> None:
        """Return the pages of this dead worker soon; never waits."""
        self._calls.add(partial(self._return_pages, pool, worker))

    def finish(self, seconds: float) -> bool:
        """Wait until all pages are returned, but no longer than ``seconds``; False if not."""
        return self._calls.finish(seconds)

    def _return_pages(self, pool: str, worker: str) -> None:
        while True:
            try:
                self._dispatcher.publish(self._dispatch_state.pages.reclaim(pool, worker))
                return
            except BrokerUnreachable as error:
                log.warning("pages of dead processes are not reclaimed yet: %s", error.message)
                self._pause.wait(PAUSE_S)
