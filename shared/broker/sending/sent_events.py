"""Publishes Celery's event "task-sent" of many pages as one message.

Flower shows from it in which queue a page waits, and since when. Celery publishes one for each
task.
"""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from shared.broker.connection import AWAY
from shared.broker.page_state import Dispatch, page_id
from shared.broker.queues import PAGE_TASK
from shared.broker.sending.task_messages import shown_page

log = logging.getLogger("pagefleet.broker")


class SentEvents:
    """Thread-safe; an event that is lost harms nothing, so this raises no error of the broker."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def publish(self, pages: Sequence[Dispatch]) -> None:
        """Say that the messages of ``pages`` are sent."""
        events = self._events
        sent = [events._prepare_event("task-sent", _fields(page)) for page in pages]
        try:
            with self._app.producer_or_acquire() as producer:
                producer.publish(
                    sent,
                    routing_key="task.multi",
                    exchange=events.exchange.name,
                    declare=[events.exchange],
                    serializer=events.serializer,
                    headers=events.headers,
                    delivery_mode=events.delivery_mode,
                    retry=False,
                )
        except (OperationalError, *AWAY) as error:
            log.info("events of %d sent pages are lost: %s", len(pages), error)

    @cached_property
    def _events(self) -> Any:
        # Not enabled: it never publishes by itself.
        return self._app.events.Dispatcher(enabled=False)


def _fields(page: Dispatch) -> dict[str, object]:
    identifier = page_id(page.job_id, page.page)
    return {
        "uuid": identifier,
        "root_id": identifier,
        "name": PAGE_TASK,
        "args": "()",
        "kwargs": shown_page(page),
        "retries": 0,
        "queue": page.queue,
        "exchange": page.queue,
        "routing_key": page.queue,
    }
