"""The trigger for Amazon S3: its notifications, received from an SQS queue.

A message is deleted only after the jobs of all its records are recorded, and stays hidden
from others until then. One that can't be read is left: the queue hands it on to its
dead-letter queue after as many deliveries as its redrive policy says.
"""

import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from producer.watching.event_log import EventLog
from producer.watching.triggers.bucket_events import NotABucketEvent, keys_below, read_bucket_events
from producer.watching.work_queue import WorkQueue
from shared.domain.errors import PagefleetError
from shared.storage.s3_client import Refused
from shared.storage.sqs_client import LONG_POLL_S, EventQueue, Message

#: A message that nobody looks after shows up again after so long.
VISIBLE_AFTER_S = 60
EXTEND_EVERY_S = 20.0
#: Messages under way at once; more stay in the queue.
MAX_HELD = 100
TICK_S = 0.1
REST_S = 5.0


@dataclass
class _HeldMessage:
    message: Message
    keys: "dict[str, Future[bool]]"
    extended: float


class QueueEvents:
    """One thread receives, another looks after what was received."""

    def __init__(
        self,
        queue: EventQueue,
        source: tuple[str, str],
        work_queue: WorkQueue,
        event_log: EventLog,
        stop: threading.Event,
    ) -> None:
        self._queue = queue
        self._bucket, self._prefix = source
        self._work_queue = work_queue
        self._event_log = event_log
        self._stop = stop
        self._held: list[_HeldMessage] = []
        self._lock = threading.Lock()

    def receive(self) -> None:
        """Bring messages in until the watcher stops."""
        while not self._stop.is_set():
            if len(self._held) >= MAX_HELD:
                self._stop.wait(TICK_S)
                continue
            try:
                # What comes after the end is not looked after: it shows up again for others.
                for message in self._queue.receive(VISIBLE_AFTER_S, LONG_POLL_S):
                    self._admit(message)
            except PagefleetError as error:
                self._event_log.warning(error)
                self._stop.wait(REST_S)

    def settle_held(self) -> None:
        """Delete what is recorded and extend the rest, until the watcher stops."""
        while not self._stop.wait(TICK_S):
            for held in list(self._held):
                if self._settle_with_retries(held):
                    with self._lock:
                        self._held.remove(held)

    def _settle_with_retries(self, held: _HeldMessage) -> bool:
        try:
            return self._settle_message(held)
        except Refused as refusal:
            # Shown to others meanwhile: they look after it, and find the work done.
            self._event_log.warning(refusal)
            return refusal.status == 400
        except PagefleetError as error:
            self._event_log.warning(error)
            return False

    def _admit(self, message: Message) -> None:
        try:
            bucket_events = read_bucket_events(message.body)
        except NotABucketEvent as error:
            self._event_log.warning(error)
            return
        wanted = keys_below(bucket_events, self._bucket, self._prefix)
        asked = {key: self._work_queue.add_event(key) for key in wanted}
        with self._lock:
            self._held.append(_HeldMessage(message, asked, time.monotonic()))

    def _settle_message(self, held: _HeldMessage) -> bool:
        if all(answer.done() for answer in held.keys.values()):
            late = [key for key, answer in held.keys.items() if not answer.result()]
            if not late:
                self._queue.delete(held.message)
                return True
            # Busy or unwell: asked again as long as it takes, the message stays ours.
            for key in late:
                held.keys[key] = self._work_queue.add_event(key)
        if time.monotonic() - held.extended > EXTEND_EVERY_S:
            held.extended = time.monotonic()
            self._queue.extend(held.message, VISIBLE_AFTER_S)
        return False
