"""Celery's events leave a worker in a thread."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import Celery

from shared.broker.celery_app import make_app
from shared.broker.queues import MAINTENANCE
from tests.conftest import SettingsFactory
from tests.support.fleets.fleet import wait_until
from workers.process.background_events import BackgroundEvents


@pytest.fixture
def app(settings: SettingsFactory, redis_url: str) -> Iterator[Celery]:
    with make_app(settings(redis_url=redis_url), (MAINTENANCE,)) as app:
        yield app


@pytest.fixture
def received(app: Celery) -> Iterator[list[dict[str, Any]]]:
    """The events that a reader such as Flower gets."""
    events: list[dict[str, Any]] = []
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": events.append})
        thread = threading.Thread(target=receiver.capture, kwargs={"wakeup": False})
        thread.start()
        yield events
        receiver.should_stop = True
        thread.join(10)


@pytest.fixture
def events(app: Celery, received: list[dict[str, Any]]) -> Iterator[BackgroundEvents]:
    """The events of a worker, after the reader has subscribed."""
    with app.connection_for_write() as connection:
        events = BackgroundEvents(connection, hostname="worker@host", app=app)
        publish_until_received(events, received)
        yield events
        events.close()


def published(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url) as client:
        return int(client.info("commandstats").get("cmdstat_publish", {}).get("calls", 0))


def test_events_of_tasks_are_gathered_in_few_messages(
    events: BackgroundEvents, redis_url: str, received: list[dict[str, Any]]
) -> None:
    before = published(redis_url)

    for number in range(300):
        events.send("task-succeeded", uuid=str(number))
        time.sleep(0.003)  # the pace of a busy worker
    wait_until(lambda: len(tasks(received)) == 300, 20)

    assert [event["uuid"] for event in tasks(received)] == [str(n) for n in range(300)]
    assert published(redis_url) - before < 30


def test_the_last_event_of_a_worker_is_published_before_send_returns(
    events: BackgroundEvents, redis_url: str
) -> None:
    before = published(redis_url)

    events.send("worker-offline")

    assert published(redis_url) == before + 1


def publish_until_received(events: BackgroundEvents, received: list[dict[str, Any]]) -> None:
    """Publish heartbeats until the reader has subscribed."""

    def heard() -> bool:
        events.send("worker-heartbeat")
        return bool(received)

    wait_until(heard, 20)
    wait_until(events._idle.is_set, 10)


def tasks(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"].startswith("task-")]
