"""The queue between triggers and takers: bounded, events first, a key never twice at once."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from producer.watching.ingest import Ingester
from producer.watching.places.place import Dropped, Inbox
from shared.domain.errors import TransientError

#: Objects from looks that wait for a ingester.
MAX_WAITING = 500
#: Looks at an object that changes each time, before it is left to a later one.
STAT_ATTEMPTS = 10
#: Rest after something was unwell.
REST_S = 1.0


@dataclass(eq=False)
class _WorkItem:
    key: str
    found: Dropped | None
    seen_at: float = 0.0
    #: A item for the same key that a ingester has already.
    before: "_WorkItem | None" = None
    started: bool = False
    answer: "Future[bool]" = field(default_factory=Future)


class WorkQueue:
    """Thread-safe; ``serve`` is the work of each ingester's thread."""

    def __init__(
        self,
        inbox: Inbox,
        ingester: Ingester,
        stop: threading.Event,
        report: Callable[[Exception], None],
    ) -> None:
        self._inbox = inbox
        self._ingester = ingester
        self._stop = stop
        self._report = report
        self._events: deque[_WorkItem] = deque()
        self._scanned: deque[_WorkItem] = deque()
        self._latest: dict[str, _WorkItem] = {}
        self._changed = threading.Condition()

    def add_scanned(self, found: Dropped) -> None:
        """An object as a look found it; waits for room. One that is under way is passed over."""
        with self._changed:
            while len(self._scanned) >= MAX_WAITING and not self._stop.is_set():
                self._changed.wait(0.5)
            if found.key not in self._latest:
                self._enqueue(_WorkItem(found.key, found, time.monotonic()), self._scanned)

    def add_event(self, key: str) -> "Future[bool]":
        """Look at a key soon; True once its job is recorded or there is nothing to record."""
        with self._changed:
            latest = self._latest.get(key)
            if latest is not None and not latest.started:
                self._promote(latest)
                return latest.answer
            item = _WorkItem(key, None, before=latest)
            self._enqueue(item, self._events)
        return item.answer

    def events_waiting(self) -> int:
        """How many events wait for a ingester."""
        return len(self._events)

    def is_idle(self) -> bool:
        """Whether nothing waits or is under way."""
        return not self._latest

    def work(self) -> None:
        """Take one after the other until the watcher stops."""
        while (item := self._next()) is not None:
            try:
                answer = self._handle(item)
            except Exception as error:  # the edge of a thread: nothing may be lost in silence
                self._report(error)
                answer = False
                if isinstance(error, TransientError):
                    self._stop.wait(REST_S)
            self._complete(item, answer)

    def _enqueue(self, item: _WorkItem, queue: "deque[_WorkItem]") -> None:
        queue.append(item)
        self._latest[item.key] = item
        self._changed.notify_all()

    def _promote(self, item: _WorkItem) -> None:
        """Let a waiting item stand for an event too: look anew, and before other looks."""
        if item.found is not None:
            self._scanned.remove(item)
            self._events.append(item)
            item.found = None

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

    def _complete(self, item: _WorkItem, answer: bool) -> None:
        with self._changed:
            if self._latest.get(item.key) is item:
                del self._latest[item.key]
            self._changed.notify_all()
        item.answer.set_result(answer)

    def _handle(self, item: _WorkItem) -> bool:
        if item.found is not None:
            return self._ingester.ingest(item.found, item.seen_at)
        self._wait_for(item.before)
        for _ in range(STAT_ATTEMPTS):
            found = self._inbox.stat(item.key)
            if found is None:
                return True  # removed since, or no file
            if self._ingester.ingest(found, time.monotonic()):
                return True
            if self._stop.wait(0.1):
                break
        return False

    def _wait_for(self, before: _WorkItem | None) -> None:
        while before is not None and not before.answer.done() and not self._stop.is_set():
            self._stop.wait(0.02)
