"""The trigger that works on every store and always runs: scans the inbox in periods.

Polling also finds what events missed, and has open claims of stopped watchers adopted.
"""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from producer.watching.places.place import Dropped, Inbox, Page
from producer.watching.work_queue import WorkQueue
from shared.domain.errors import PagefleetError

#: The longest pause after a failed scan.
RETRY_S = 5.0
#: How long one scan waits for folders whose share of the queue is full.
FULL_S = 10.0
#: The longest pause between the scans of a watch with ``--once``.
ONCE_PAUSE_S = 0.5


class ScanSteps(Protocol):
    """What polling needs from the steps of a watch; all raise PagefleetError."""

    def adopt_open_claims(self) -> None:
        """Resume work that another watcher, or an earlier process, left open."""
        ...

    def new_objects(self, page: Page) -> list[Dropped]:
        """The objects of a scanned page that need work."""
        ...

    def end_pass(self) -> None:
        """Called after a scan that reached the end of the inbox."""
        ...

    def has_open_claims(self) -> bool:
        """Whether this watcher has work that is not delivered."""
        ...


class Poller:
    """Scans in the thread that calls ``run``; ``scanned`` gets whether each scan succeeded."""

    def __init__(
        self,
        inbox: Inbox,
        steps: ScanSteps,
        work_queue: WorkQueue,
        period_s: float,
        stop: threading.Event,
        report: Callable[[Exception], None],
        scanned: Callable[[bool], None] = lambda _: None,
    ) -> None:
        self._inbox = inbox
        self._steps = steps
        self._work_queue = work_queue
        self._period_s = period_s
        self._stop = stop
        self._report = report
        self._scanned = scanned
        #: When the current scan stops waiting, and whether it left out objects.
        self._deadline = 0.0
        self._left_out = False

    def run(self, *, once: bool = False) -> None:
        """Scan each period until the stop; ``once``: until nothing is new and all is done."""
        while not self._stop.is_set():
            started = time.monotonic()
            new = self.scan()
            self._scanned(new is not None)
            if once and new == 0 and self._is_idle():
                return
            pause = min(ONCE_PAUSE_S, self._period_s) if once else self._period_s
            if new is None:
                pause = min(self._period_s, RETRY_S)
            elif self._left_out:
                pause = FULL_S
            self._stop.wait(max(0.0, started + pause - time.monotonic()))

    def scan(self) -> int | None:
        """The scan of one period: how many objects were new, or None after an error."""
        self._deadline, self._left_out = time.monotonic() + FULL_S, False
        try:
            self._steps.adopt_open_claims()
            new = sum(self._add_new(page) for page in self._inbox.scan())
            if self._inbox.pass_ended():
                self._steps.end_pass()
            return new
        except PagefleetError as error:  # the next period tries again
            self._report(error)
            return None

    def _add_new(self, page: Page) -> int:
        objects = self._steps.new_objects(page)
        for dropped in objects:
            if not self._work_queue.add_scanned(dropped, self._deadline):
                self._left_out = True
        if objects:
            self._inbox.mark_active(page)
        return len(objects)

    def _is_idle(self) -> bool:
        return self._work_queue.is_idle() and not self._steps.has_open_claims()
