"""The queue between triggers and takers: bounded, events first, a key never twice at once."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

from producer.watching.ingest import Taker
from producer.watching.places.place import Dropped, Inbox
from shared.domain.errors import TransientError

#: Objects from looks that wait for a taker.
WAITING = 500
#: Looks at an object that changes each time, before it is left to a later one.
LOOKS = 10
#: Rest after something was unwell.
REST_S = 1.0


@dataclass(eq=False)
class _Wish:
    key: str
    found: Dropped | None
    looked_at: float = 0.0
    #: A wish for the same key that a taker has already.
    before: "_Wish | None" = None
    started: bool = False
    answer: "Future[bool]" = field(default_factory=Future)


class Reception:
    """Thread-safe; ``serve`` is the work of each taker's thread."""

    def __init__(
        self,
        inbox: Inbox,
        taker: Taker,
        stop: threading.Event,
        trouble: Callable[[Exception], None],
    ) -> None:
        self._inbox = inbox
        self._taker = taker
        self._stop = stop
        self._trouble = trouble
        self._events: deque[_Wish] = deque()
        self._looks: deque[_Wish] = deque()
        self._latest: dict[str, _Wish] = {}
        self._changed = threading.Condition()

    def offer(self, found: Dropped) -> None:
        """An object as a look found it; waits for room. One that is under way is passed over."""
        with self._changed:
            while len(self._looks) >= WAITING and not self._stop.is_set():
                self._changed.wait(0.5)
            if found.key not in self._latest:
                self._enter(_Wish(found.key, found, time.monotonic()), self._looks)

    def ask(self, key: str) -> "Future[bool]":
        """Look at a key soon; True once its job is recorded or there is nothing to record."""
        with self._changed:
            latest = self._latest.get(key)
            if latest is not None and not latest.started:
                self._hasten(latest)
                return latest.answer
            wish = _Wish(key, None, before=latest)
            self._enter(wish, self._events)
        return wish.answer

    def waiting(self) -> int:
        """How many events wait for a taker."""
        return len(self._events)

    def idle(self) -> bool:
        """Whether nothing waits or is under way."""
        return not self._latest

    def serve(self) -> None:
        """Take one after the other until the watcher stops."""
        while (wish := self._next()) is not None:
            try:
                answer = self._handle(wish)
            except Exception as error:  # the edge of a thread: nothing may be lost in silence
                self._trouble(error)
                answer = False
                if isinstance(error, TransientError):
                    self._stop.wait(REST_S)
            self._leave(wish, answer)

    def _enter(self, wish: _Wish, queue: "deque[_Wish]") -> None:
        queue.append(wish)
        self._latest[wish.key] = wish
        self._changed.notify_all()

    def _hasten(self, wish: _Wish) -> None:
        """Let a waiting wish stand for an event too: look anew, and before other looks."""
        if wish.found is not None:
            self._looks.remove(wish)
            self._events.append(wish)
            wish.found = None

    def _next(self) -> _Wish | None:
        with self._changed:
            while not self._stop.is_set():
                for queue in (self._events, self._looks):
                    if queue:
                        wish = queue.popleft()
                        wish.started = True
                        self._changed.notify_all()
                        return wish
                self._changed.wait(0.5)
        return None

    def _leave(self, wish: _Wish, answer: bool) -> None:
        with self._changed:
            if self._latest.get(wish.key) is wish:
                del self._latest[wish.key]
            self._changed.notify_all()
        wish.answer.set_result(answer)

    def _handle(self, wish: _Wish) -> bool:
        if wish.found is not None:
            return self._taker.take(wish.found, wish.looked_at)
        self._wait_for(wish.before)
        for _ in range(LOOKS):
            found = self._inbox.look(wish.key)
            if found is None:
                return True  # removed since, or no file
            if self._taker.take(found, time.monotonic()):
                return True
            if self._stop.wait(0.1):
                break
        return False

    def _wait_for(self, before: _Wish | None) -> None:
        while before is not None and not before.answer.done() and not self._stop.is_set():
            self._stop.wait(0.02)
