"""Publishes Celery's events, which Flower shows, in a thread.

Celery publishes them in its event loop: the heartbeat with retries without end (celery#5037), the
events of tasks one by one. While the broker is silent the loop would be stalled for minutes, and
a probe would have a healthy worker killed.
"""

import queue
import threading
from contextlib import suppress
from typing import Any

from celery.events.dispatcher import EventDispatcher
from celery.events.event import Event, group_from

#: Events that wait while the broker is away; the oldest are dropped, because Flower shows the
#: present.
WAITING = 1000
#: Seconds for which events are gathered, because a message for each event costs each page 1 ms.
GATHER_S = 0.1
#: Seconds that the end of a worker waits for its last event.
LAST_S = 1.0
_END = None


class BackgroundEvents(EventDispatcher):  # type: ignore[misc]  # celery has no types
    """Celery's dispatcher of events, except that ``send`` only hands them to a thread."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        # Written in C, and much faster than a queue with a limit of its own.
        self._waiting: queue.SimpleQueue[tuple[str, Any] | None] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._at_once = threading.Event()
        self._thread: threading.Thread | None = None
        super().__init__(*arguments, **options)

    def send(
        self,
        type: str,
        blind: bool = False,
        utcoffset: Any = None,
        retry: bool = False,
        retry_policy: Any = None,
        Event: Any = Event,
        **fields: Any,
    ) -> None:
        """Have the event published soon, once; never waits, except for the last event."""
        if not self.enabled or (self.groups and group_from(type) not in self.groups):
            return
        self._add((type, self._prepare_event(type, fields, blind=blind, Event=Event)))
        if type == "worker-offline":
            self._at_once.set()
            self._idle.wait(LAST_S)

    def flush(self, errors: bool = True, groups: bool = True) -> None:
        """Nothing is kept for a later moment."""

    def close(self) -> None:
        """End the thread after the events that wait."""
        if self._thread is not None:
            self._add(_END)
            self._at_once.set()
            self._thread = None  # an event after that starts another one

    def _add(self, item: tuple[str, Any] | None) -> None:
        self._idle.clear()
        if self._waiting.qsize() >= WAITING:
            with suppress(queue.Empty):
                self._waiting.get_nowait()
        self._waiting.put(item)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="events", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            waiting = [self._waiting.get()]
            self._at_once.wait(GATHER_S)
            self._at_once.clear()
            with suppress(queue.Empty):
                while True:
                    waiting.append(self._waiting.get_nowait())
            events = [item for item in waiting if item is not None]
            with suppress(Exception):  # an event that is lost harms nothing
                self._publish_all(events)
            if len(events) < len(waiting):
                return
            if self._waiting.empty():
                self._idle.set()

    def _publish_all(self, events: list[tuple[str, Any]]) -> None:
        """Publish the events of tasks as one message, as Celery does, and the others singly."""
        of_tasks = [event for type, event in events if group_from(type) == "task"]
        if of_tasks:
            self._put_out(of_tasks, "task.multi")
        for type, event in events:
            if group_from(type) != "task":
                self._put_out(event, type.replace("-", "."))

    def _put_out(self, event: Any, routing_key: str) -> None:
        if self.producer is not None:
            self.producer.publish(
                event,
                routing_key=routing_key,
                exchange=self.exchange.name,
                retry=False,
                declare=[self.exchange],
                serializer=self.serializer,
                headers=self.headers,
                delivery_mode=self.delivery_mode,
            )
