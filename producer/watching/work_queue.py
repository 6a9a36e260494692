"""The bounded queue between triggers and the threads that ingest.

Keys from events come first. Two threads never handle the same key at once.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from producer.watching.places.place import Dropped, Inbox
from shared.domain.errors import TransientError

#: Most scanned objects in the queue.
MAX_WAITING = 500
#: How often an object that keeps changing is looked up before it is left to a later scan.
STAT_ATTEMPTS = 10
#: Pause between these look-ups.
STAT_PAUSE_S = 0.1
#: Pause after a TransientError.
RETRY_S = 1.0


@dataclass(eq=False)
class _WorkItem:
    key: str
    #: The object as a scan found it; None for an event.
    dropped: Dropped | None
    seen_at: float = 0.0
    #: An item of the same key that a thread already handles.
    previous: "_WorkItem | None" = None
    started: bool = False
    result: "Future[bool]" = field(default_factory=Future)


class WorkQueue:
    """Thread-safe; each ingesting thread runs ``work``.

    ``ingest`` takes an object and the monotonic time at which it was seen. It returns False
    where the object must be looked up again.
    """

    def __init__(
        self,
        inbox: Inbox,
        ingest: Callable[[Dropped, float], bool],
        stop: threading.Event,
        report: Callable[[Exception], None],
    ) -> None:
        self._inbox = inbox
        self._ingest = ingest
        self._stop = stop
        self._report = report
        self._events: deque[_WorkItem] = deque()
        self._scanned: deque[_WorkItem] = deque()
        self._latest: dict[str, _WorkItem] = {}
        self._changed = threading.Condition()

    def add_scanned(self, dropped: Dropped) -> None:
        """Add an object that a scan found, unless its key is queued; waits while full."""
        with self._changed:
            while len(self._scanned) >= MAX_WAITING and not self._stop.is_set():
                self._changed.wait(0.5)
            if dropped.key not in self._latest:
                item = _WorkItem(dropped.key, dropped, time.monotonic())
                self._enqueue(item, self._scanned)

    def add_event(self, key: str) -> "Future[bool]":
        """Add a key that may be new, relative to the inbox; never waits.

        The result is True once the job of the object is recorded or there is nothing to record,
        and False where the key must be added again.
        """
        with self._changed:
            latest = self._latest.get(key)
            if latest is not None and not latest.started:
                self._promote(latest)
                return latest.result
            item = _WorkItem(key, None, previous=latest)
            self._enqueue(item, self._events)
        return item.result

    def events_waiting(self) -> int:
        """How many events wait for a thread."""
        return len(self._events)

    def is_idle(self) -> bool:
        """Whether no item waits or is handled."""
        return not self._latest

    def work(self) -> None:
        """Handle one item after the other until the watcher stops."""
        while (item := self._next()) is not None:
            try:
                handled = self._handle(item)
            except Exception as error:  # outermost handler of a thread: report every error
                self._report(error)
                handled = False
                if isinstance(error, TransientError):
                    self._stop.wait(RETRY_S)
            self._complete(item, handled)

    def _enqueue(self, item: _WorkItem, queue: "deque[_WorkItem]") -> None:
        queue.append(item)
        self._latest[item.key] = item
        self._changed.notify_all()

    def _promote(self, item: _WorkItem) -> None:
        """Turn a waiting scanned item into an event, which is handled earlier."""
        if item.dropped is not None:
            self._scanned.remove(item)
            self._events.append(item)
            item.dropped = None

    def _next(self) -> _WorkItem | None:
        with self._changed:
            while not self._stop.is_set():
                for queue in (self._events, self._scanned):
                    if queue:
                        item = queue.popleft()
                        item.started = True
                        self._changed.notify_all()
                        return item
                self._changed.wait(0.5)
        return None

    def _complete(self, item: _WorkItem, handled: bool) -> None:
        with self._changed:
            if self._latest.get(item.key) is item:
                del self._latest[item.key]
            self._changed.notify_all()
        item.result.set_result(handled)

    def _handle(self, item: _WorkItem) -> bool:
        if item.dropped is not None:
            return self._ingest(item.dropped, item.seen_at)
        self._wait_for(item.previous)
        for _ in range(STAT_ATTEMPTS):
            dropped = self._inbox.stat(item.key)
            if dropped is None:
                return True  # removed since the event, or no file
            if self._ingest(dropped, time.monotonic()):
                return True
            if self._stop.wait(STAT_PAUSE_S):
                break
        return False

    def _wait_for(self, previous: _WorkItem | None) -> None:
        while previous is not None and not previous.result.done() and not self._stop.is_set():
            self._stop.wait(0.02)
