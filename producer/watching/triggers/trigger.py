"""The interface between a trigger and its watcher."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from producer.watching.event_log import EventLog
from producer.watching.timings import WatchTimings
from producer.watching.work_queue import WorkQueue
from shared.config.settings import Settings
from shared.storage.s3_address import split_s3


@dataclass(frozen=True)
class TriggerContext:
    """What a watcher passes to each trigger."""

    #: Address of the inbox, with a final slash: ``s3://…/`` or ``file:///…/``.
    source: str
    #: Values of the trigger's own options, by name: ``--queue-url`` is ``queue_url``.
    options: Mapping[str, str]
    #: Takes the keys: ``add_event(key)``, with keys relative to the inbox.
    work_queue: WorkQueue
    #: Set when the watcher stops.
    stop: threading.Event
    #: ``warning(error)`` and ``info(line)`` write to the watcher's log.
    event_log: EventLog
    settings: Settings
    timings: WatchTimings

    @property
    def bucket_and_prefix(self) -> tuple[str, str]:
        """The inbox of a watched bucket; the prefix ends with a slash or is empty."""
        return split_s3(self.source)

    @property
    def folder(self) -> Path:
        """The inbox of a watched folder."""
        return Path(unquote(self.source.removeprefix("file://")))


class Trigger(Protocol):
    """Adds keys to the work queue until the watcher stops.

    A trigger is a class that takes one TriggerContext. Its constructor and ``start`` raise
    UsageError for options that can't work, before any thread runs. An exception that leaves a
    loop ends the whole watcher, so a loop handles the errors that it can survive.
    """

    def start(self) -> None:
        """Acquire what the trigger needs, such as a port."""
        ...

    def loops(self) -> Sequence[Callable[[], None]]:
        """Functions to run in a thread each; they return soon after ``stop`` is set."""
        ...

    def stop(self) -> None:
        """Release what ``start`` acquired; called after ``stop`` is set."""
        ...
