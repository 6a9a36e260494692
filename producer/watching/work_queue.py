"""The bounded queue between triggers and the threads that ingest.

Top-level folders take turns, and none holds all threads. In a folder, keys from events come first.
Two threads never handle the same key at once.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from producer.watching.folder_turns import FolderTurns, may_take, top_folder
from producer.watching.places.place import Dropped, Inbox
from shared.domain.errors import ShardUnreachable, TransientError

#: Most scanned objects in the queue.
MAX_WAITING = 500
#: How often an object that keeps changing is looked up before it is left to a later scan.
STAT_ATTEMPTS = 10
#: Pause between these look-ups.
STAT_PAUSE_S = 0.1
#: How long a thread waits before it asks again whether a folder may start one more item.
ROOM_S = 0.1
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
    added_at: float = field(default_factory=time.monotonic)
    result: "Future[bool]" = field(default_factory=Future)

    @property
    def folder(self) -> str:
        """The folder whose turn it needs."""
        return top_folder(self.key)


class WorkQueue:
    """Thread-safe; each ingesting thread runs ``work``.

    ``ingest`` takes an object and the monotonic time at which it was seen. It returns False
    where the object must be looked up again. ``has_room`` tells whether a folder may start one
    more document, given how many it and all folders are starting. ``threads`` is the number of
    threads that call ``work``.
    """

    def __init__(
        self,
        inbox: Inbox,
        ingest: Callable[[Dropped, float], bool],
        stop: threading.Event,
        report: Callable[[Exception], None],
        *,
        has_room: Callable[[str, int, int], bool] = lambda *_: True,
        threads: int = 1,
    ) -> None:
        self._inbox = inbox
        self._ingest = ingest
        self._stop = stop
        self._report = report
        self._has_room = has_room
        self._threads = threads
        self._waiting = FolderTurns[_WorkItem]()
        #: Items that threads handle, by folder.
        self._running = Counter[str]()
        self._latest: dict[str, _WorkItem] = {}
        self._changed = threading.Condition()

    def add_scanned(self, dropped: Dropped, deadline: float) -> bool:
        """Add an object that a scan found, unless its key is queued.

        Waits while the share of its folder is full. False where that is so until ``deadline``, a
        time of the monotonic clock.
        """
        folder = top_folder(dropped.key)
        with self._changed:
            while not self._may_wait(folder) and not self._stop.is_set():
                if time.monotonic() >= deadline:
                    return False
                self._changed.wait(min(0.5, max(0.0, deadline - time.monotonic())))
            if dropped.key not in self._latest:
                item = _WorkItem(dropped.key, dropped, time.monotonic())
                self._enqueue(item, is_urgent=False)
        return True

    def add_event(self, key: str) -> "Future[bool]":
        """Add a key that may be new, relative to the inbox; never waits.

        The result is True once the job of the object is recorded or there is nothing to record,
        and False where the key must be added again. It raises the error of a key with which
        another attempt would fail, too.
        """
        with self._changed:
            latest = self._latest.get(key)
            if latest is not None and not latest.started:
                self._promote(latest)
                return latest.result
            item = _WorkItem(key, None, previous=latest)
            self._enqueue(item, is_urgent=True)
        return item.result

    def events_waiting(self) -> int:
        """How many events wait for a thread."""
        return self._waiting.urgent

    def scanned_waiting(self) -> int:
        """How many scanned objects wait for a thread."""
        return self._waiting.others

    def oldest_waiting_s(self) -> float:
        """Seconds since the oldest item that waits was added; 0 where none waits."""
        with self._changed:
            added = [item.added_at for item in self._latest.values() if not item.started]
        return max(0.0, time.monotonic() - min(added)) if added else 0.0

    def is_idle(self) -> bool:
        """Whether no item waits or is handled."""
        return not self._latest

    def work(self) -> None:
        """Handle one item after the other until the watcher stops."""
        while (item := self._next()) is not None:
            try:
                self._complete(item, self._handle(item))
            except TransientError as error:
                self._report(error)
                if not isinstance(error, ShardUnreachable):  # items of other shards go on
                    self._stop.wait(RETRY_S)
                self._complete(item, False)
            except Exception as error:  # outermost handler of a thread: report every error
                self._report(error)
                self._complete(item, error)

    def _may_wait(self, folder: str) -> bool:
        waiting = self._waiting
        return may_take(waiting.others_of(folder), waiting.others, MAX_WAITING)

    def _may_start(self, folder: str) -> bool:
        own, used = self._running[folder], self._running.total()
        return may_take(own, used, self._threads) and self._has_room(folder, own, used)

    def _enqueue(self, item: _WorkItem, *, is_urgent: bool) -> None:
        self._waiting.add(item.folder, item, is_urgent=is_urgent)
        self._latest[item.key] = item
        self._changed.notify_all()

    def _promote(self, item: _WorkItem) -> None:
        """Turn a waiting scanned item into an event, which is handled earlier."""
        if item.dropped is not None:
            self._waiting.promote(item.folder, item)
            item.dropped = None

    def _next(self) -> _WorkItem | None:
        with self._changed:
            while not self._stop.is_set():
                item = self._waiting.take(self._may_start)
                if item is not None:
                    item.started = True
                    self._running[item.folder] += 1
                    self._changed.notify_all()
                    return item
                is_waiting = self._waiting.urgent + self._waiting.others > 0
                self._changed.wait(ROOM_S if is_waiting else 0.5)
        return None

    def _complete(self, item: _WorkItem, handled: bool | Exception) -> None:
        with self._changed:
            self._running[item.folder] -= 1
            self._running += Counter()  # removes folders without items
            if self._latest.get(item.key) is item:
                del self._latest[item.key]
            self._changed.notify_all()
        if isinstance(handled, Exception):
            item.result.set_exception(handled)
        else:
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
