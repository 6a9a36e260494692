"""Lets many pages run at once, or one page from quarantine alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from workers.inflight.cancellation import Cancellation

POLL_S = 0.5


class Gate:
    """A page from quarantine waits until no other page runs, and the others wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._alone = False
        self._waiting_alone = 0

    def closed(self, *, alone: bool) -> bool:
        """Whether a page would have to wait now; ``alone``: it comes from quarantine."""
        with self._changed:
            return bool(self._alone or self._waiting_alone or (alone and self._inside))

    @contextmanager
    def entered(self, cancellation: Cancellation, *, alone: bool) -> Iterator[None]:
        """Run the block inside the gate; raises Aborted if the page is aborted while it waits."""
        if alone:
            self._enter_alone(cancellation)
        else:
            self._enter(cancellation)
        try:
            yield
        finally:
            self._leave(alone)

    def _enter(self, cancellation: Cancellation) -> None:
        with self._changed:
            while self._alone or self._waiting_alone:
                self._changed.wait(POLL_S)
                cancellation.check()
            self._inside += 1

    def _enter_alone(self, cancellation: Cancellation) -> None:
        with self._changed:
            self._waiting_alone += 1
            try:
                while self._alone or self._inside:
                    self._changed.wait(POLL_S)
                    cancellation.check()
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
