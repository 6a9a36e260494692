"""Messages of pages are taken, recorded and acknowledged many at a time."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from kombu import Consumer

from shared.broker.celery_app import make_app
from shared.broker.page_state import Dispatch
from shared.broker.queues import declare
from shared.broker.sending.task_messages import page_message
from shared.broker.transport.kombu_batches import acknowledged_together
from tests.conftest import SettingsFactory
from tests.unit.shared.broker.test_kombu_guard import envelope

QUEUE, QUARANTINE = "pages.fake.normal", "pages.fake.quarantine"
JOB = "0123456789abcdef-01234567"


@pytest.fixture
def client(redis_url: str) -> Iterator["redis.Redis"]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as made:
        yield made


@pytest.fixture
def taken(settings: SettingsFactory, redis_url: str) -> Iterator[list[Any]]:
    """Calling ``drain`` of the first element fills the rest with messages; four at a time."""
    app = make_app(settings(redis_url=redis_url))
    messages: list[Any] = []
    with app.connection_for_read() as connection:
        channel = connection.channel()
        consumer = Consumer(channel, declare([QUEUE, QUARANTINE]), on_message=messages.append)
        consumer.qos(prefetch_count=4)
        consumer.consume()
        messages.append(lambda: connection.drain_events(timeout=5))
        yield messages
        channel.close()


def fill(client: "redis.Redis", queue: str, pages: int) -> None:
    for page in range(1, pages + 1):
        client.lpush(f"pagefleet:{queue}", page_message(Dispatch(JOB, page, page, queue), {}))


def tagged(tag: str) -> str:
    """An element with the delivery tag ``tag``."""
    return json.dumps(envelope(properties={**envelope()["properties"], "delivery_tag": tag}))


def unacknowledged(client: "redis.Redis") -> tuple[int, int]:
    return client.hlen("pagefleet:unacked"), client.zcard("pagefleet:unacked_index")


def test_one_answer_brings_as_many_pages_as_fit_and_all_are_recorded(
    client: "redis.Redis", taken: list[Any]
) -> None:
    fill(client, QUEUE, 40)

    taken[0]()

    pages = [message.payload[1]["message"]["page"] for message in taken[1:]]
    assert pages == [1, 2, 3, 4]
    assert unacknowledged(client) == (4, 4)
    assert client.llen(f"pagefleet:{QUEUE}") == 36


def test_batches_go_on_after_the_broker_forgot_the_scripts_and_closed_connections(
    client: "redis.Redis", taken: list[Any]
) -> None:
    fill(client, QUEUE, 80)
    taken[0]()
    with acknowledged_together():
        for message in taken[1:]:
            message.ack()
    channel = taken[1].channel
    client.script_flush()
    channel.script_calls[1]._connection._sock.shutdown(socket.SHUT_RDWR)

    taken[0]()

    pages = [message.payload[1]["message"]["page"] for message in taken[5:]]
    assert pages == [5, 6, 7, 8]
    assert unacknowledged(client) == (4, 4)
    channel.close()
    assert not hasattr(channel, "script_calls")


def test_acknowledgements_of_one_moment_are_removed_together(
    client: "redis.Redis", taken: list[Any]
) -> None:
    fill(client, QUEUE, 40)
    taken[0]()
    client.config_resetstat()

    with acknowledged_together():
        for message in taken[1:]:
            message.ack()
        assert unacknowledged(client) == (4, 4)

    assert unacknowledged(client) == (0, 0)
    assert client.info("commandstats")["cmdstat_hdel"]["calls"] == 1
    taken[0]()
    assert len(taken) == 9


def test_a_message_that_is_not_acknowledged_comes_back(
    client: "redis.Redis", taken: list[Any]
) -> None:
    fill(client, QUEUE, 40)
    taken[0]()
    lost = taken[2]

    lost.channel.qos.restore_by_tag(lost.delivery_tag)

    assert client.llen(f"pagefleet:{QUEUE}") == 37
    assert unacknowledged(client) == (3, 3)


@pytest.mark.parametrize(("queue", "pages"), [(QUARANTINE, 40), (QUEUE, 8)])
def test_pages_from_quarantine_and_of_a_small_job_are_taken_one_by_one(
    client: "redis.Redis", taken: list[Any], queue: str, pages: int
) -> None:
    fill(client, queue, pages)

    taken[0]()

    assert len(taken[1:]) == 1
    assert unacknowledged(client) == (1, 1)


@pytest.mark.parametrize("forged", ["garbage", tagged("\ud800")], ids=["no message", "a surrogate"])
def test_an_element_among_pages_that_is_no_message_is_delivered_as_text(
    client: "redis.Redis", taken: list[Any], forged: str
) -> None:
    fill(client, QUEUE, 1)
    client.lpush(f"pagefleet:{QUEUE}", forged)
    fill(client, QUEUE, 40)

    taken[0]()

    assert [message.body for message in taken[2:3]] == [forged.encode()]
    assert len(taken[1:]) == 4
    assert unacknowledged(client) == (4, 4)


def test_messages_with_the_same_tag_are_all_delivered_and_removed(
    client: "redis.Redis", taken: list[Any]
) -> None:
    client.lpush(f"pagefleet:{QUEUE}", tagged("twice"), tagged("twice"))
    fill(client, QUEUE, 40)
    taken[0]()

    with acknowledged_together():
        for message in taken[1:]:
            message.ack()
    taken[0]()

    assert len(taken[1:]) >= 7
    assert unacknowledged(client)[0] == len(taken[1:]) - 4
