"""Pings the broker every few seconds in a thread, so that nothing else waits for it."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.broker.scripts import Scripts
from shared.config.settings import Settings
from shared.domain.errors import BrokerUnreachable

log = logging.getLogger("pagefleet.broker")
#: Seconds between two pings; less where a worker waits less for an answer.
PERIOD_S = 5.0
Ping = Callable[[Scripts], object]


@contextmanager
def pinging_broker(
    settings: Settings,
    send: Ping,
    on_answer: Callable[[], object] = lambda: None,
    on_silence: Callable[[BrokerUnreachable], object] = lambda _error: None,
) -> Iterator[None]:
    """Call ``send`` every few seconds while the block runs.

    ``on_answer`` follows every answer, ``on_silence`` the first of several that did not come.
    """
    scripts, stopped = Scripts(settings, hasty=True), threading.Event()
    period_s = min(PERIOD_S, settings.broker_timeout_s / 4)

    def run() -> None:
        was_silent = False
        while True:
            try:
                send(scripts)
                on_answer()
                was_silent = False
            except BrokerUnreachable as error:
                if not was_silent:
                    on_silence(error)
                was_silent = True
            except Exception:  # the next ping may be answered
                log.exception("the broker was not pinged")
            if stopped.wait(period_s):
                return

    thread = threading.Thread(target=run, name="ping-broker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(PERIOD_S)
        scripts.close()


def ping(scripts: Scripts) -> None:
    """The ping of a process that has nothing to report."""
    scripts.call("ping")
