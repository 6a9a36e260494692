"""Renews the visibility timeout of every message that this worker has not acknowledged.

Kombu delivers a message again when it was not acknowledged within the visibility timeout.
Messages are renewed by delivery tag and not by task id, because one worker may hold two copies
of one page's message.
"""

import logging
import time
from typing import Any

from celery import bootsteps
from celery.worker import state

log = logging.getLogger("pagefleet.visibility")


class VisibilityRenewal(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """A consumer step on Celery's event loop, so the pool must not block that loop (threads)."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, consumer: Any, **options: Any) -> None:
        super().__init__(consumer, **options)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:
        """Renew now and four times per visibility timeout."""
        interval = consumer.task_consumer.channel.visibility_timeout / 4
        renew(consumer)
        self._timer = consumer.timer.call_repeatedly(interval, renew, (consumer,))

    def stop(self, consumer: Any) -> None:
        """Renewal stops with the connection and starts again with the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def renew(consumer: Any) -> int:
    """Set the delivery time of every owned message to now; returns how many."""
    channel = consumer.task_consumer.channel
    tags = owned_tags()
    if not tags:
        return 0
    try:
        with channel.conn_or_acquire() as client:
            client.zadd(channel.unacked_index_key, dict.fromkeys(tags, time.time()), xx=True)
    except channel.connection_errors as error:
        log.warning("could not renew the visibility timeout of %d messages: %s", len(tags), error)
    return len(tags)


def owned_tags() -> list[str]:
    """Delivery tags of messages that are reserved or running and not acknowledged."""
    return [
        request._message.delivery_tag
        for request in list(state.requests.values())
        if request._message is not None and not request.acknowledged
    ]
