"""Lets many pages through at once, or one suspect page alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workers.inflight import InflightPage

POLL_S = 0.5


class Gate:
    """Pages enter together; a page from quarantine waits for all others and keeps them out."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._alone = False
        self._waiting_alone = 0

    def closed(self, *, alone: bool) -> bool:
        """Whether a page would have to wait now."""
        with self._changed:
            return bool(self._alone or self._waiting_alone or (alone and self._inside))

    @contextmanager
    def entered(self, flight: InflightPage, *, alone: bool) -> Iterator[None]:
        """Inside the gate; raises Aborted if the page is let go while it waits."""
        if alone:
            self._enter_alone(flight)
        else:
            self._enter(flight)
        try:
            yield
        finally:
            self._leave(alone)

    def _enter(self, flight: InflightPage) -> None:
        with self._changed:
            while self._alone or self._waiting_alone:
                self._changed.wait(POLL_S)
                flight.check()
            self._inside += 1

    def _enter_alone(self, flight: InflightPage) -> None:
        with self._changed:
            self._waiting_alone += 1
            try:
                while self._alone or self._inside:
                    self._changed.wait(POLL_S)
                    flight.check()
                self._alone = True
            finally:
                self._waiting_alone -= 1
                self._changed.notify_all()

    def _leave(self, alone: bool) -> None:
        with self._changed:
            if alone:
                self._alone = False
            else:
                self._inside -= 1
            self._changed.notify_all()
