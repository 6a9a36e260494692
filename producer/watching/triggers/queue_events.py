"""The trigger for Amazon S3: notifications of the bucket, received from an SQS queue.

A message is deleted only after the jobs of all its records are recorded, and stays hidden from
other watchers until then. A message that can't be parsed, or has a key that can't be used, is left
in the queue, which moves it to its dead-letter queue after the number of deliveries in its redrive
policy.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from producer.watching.triggers.bucket_events import (
    NotABucketEvent,
    keys_below,
    read_bucket_events,
)
from producer.watching.triggers.trigger import TriggerContext
from shared.domain.errors import PagefleetError
from shared.storage.refusal import Refused
from shared.storage.sqs_client import EventQueue, Message
from shared.telemetry.watch_metrics import QUEUE_LAG

#: Most messages that are held at once; further ones stay in the queue.
MAX_HELD = 100
#: Pause between two rounds over the held messages, and between two tests for room.
TICK_S = 0.1
#: Pause after an error of the queue.
RETRY_S = 5.0
#: The service's status for the receipt of a message that was delivered again since.
EXPIRED_RECEIPT = 400


@dataclass
class _HeldMessage:
    message: Message
    #: Whether each key of the message was handled.
    results: "dict[str, Future[bool]]"
    extended_at: float


class QueueEvents:
    """A Trigger with two threads: one receives messages, one deletes or extends them."""

    def __init__(self, context: TriggerContext) -> None:
        self._queue = EventQueue(context.options["queue_url"], context.settings.s3_region)
        self._bucket, self._prefix = context.bucket_and_prefix
        self._work_queue = context.work_queue
        self._event_log = context.event_log
        self._stop = context.stop
        self._timings = context.timings
        self._held: list[_HeldMessage] = []
        self._lock = threading.Lock()

    def start(self) -> None:
        """Nothing to acquire: messages that are held at the end reappear in the queue."""

    def loops(self) -> Sequence[Callable[[], None]]:
        """One loop that receives, and one that deletes and extends."""
        return (self._receive, self._delete_handled)

    def stop(self) -> None:
        """Nothing to release."""

    def _receive(self) -> None:
        timings = self._timings
        while not self._stop.is_set():
            if self._is_full():
                self._stop.wait(TICK_S)
                continue
            try:
                # Messages that arrive after the stop are not deleted: they reappear.
                for message in self._queue.receive(timings.sqs_visibility_s, timings.sqs_wait_s):
                    self._hold(message)
            except PagefleetError as error:
                self._event_log.warning(error)
                self._stop.wait(RETRY_S)

    def _is_full(self) -> bool:
        with self._lock:
            return len(self._held) >= MAX_HELD

    def _hold(self, message: Message) -> None:
        if message.sent is not None:
            QUEUE_LAG.observe(max(0.0, time.time() - message.sent))
        try:
            events = read_bucket_events(message.body)
        except NotABucketEvent as error:
            self._event_log.warning(error)
            return
        keys = keys_below(events, self._bucket, self._prefix)
        results = {key: self._work_queue.add_event(key) for key in keys}
        with self._lock:
            self._held.append(_HeldMessage(message, results, time.monotonic()))

    def _delete_handled(self) -> None:
        while not self._stop.wait(TICK_S):
            with self._lock:
                held = list(self._held)
            for each in held:
                if self._finish_or_keep(each):
                    with self._lock:
                        self._held.remove(each)

    def _finish_or_keep(self, held: _HeldMessage) -> bool:
        """Delete or extend a message; returns whether it is finished."""
        try:
            return self._delete_or_extend(held)
        except Refused as refusal:
            # The message reappeared before it was extended. The watcher that received it since
            # deletes it, and finds the jobs recorded.
            self._event_log.warning(refusal)
            return refusal.status == EXPIRED_RECEIPT
        except PagefleetError as error:
            self._event_log.warning(error)
            return False

    def _delete_or_extend(self, held: _HeldMessage) -> bool:
        """Delete the message if all its keys are handled, else retry them and extend it.

        Returns whether it is finished, also where a key can't be handled: the message is then
        left to the redrive policy.
        """
        if all(result.done() for result in held.results.values()):
            if any(result.exception() for result in held.results.values()):
                return True  # the work queue has reported the error
            if not self._retry_unhandled(held):
                self._queue.delete(held.message)
                return True
        self._extend_if_due(held)
        return False

    def _retry_unhandled(self, held: _HeldMessage) -> bool:
        """Give the work queue the keys again that it did not handle; whether there are any."""
        unhandled = [key for key, result in held.results.items() if not result.result()]
        for key in unhandled:
            held.results[key] = self._work_queue.add_event(key)
        return bool(unhandled)

    def _extend_if_due(self, held: _HeldMessage) -> None:
        if time.monotonic() - held.extended_at > self._timings.sqs_extend_every_s:
            held.extended_at = time.monotonic()
            self._queue.extend(held.message, self._timings.sqs_visibility_s)
